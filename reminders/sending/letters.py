"""Writes one letter to one owner: what is due on all their cars, and when it can be had."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.urls import reverse

from catalog.models import Service
from catalog.needs.rows import MEASURED_IN
from core import faults
from notifications import telling
from reminders import stages
from reminders.choices import LetterKind, Source, StageOutcome
from reminders.models import DueItem, Letter, LetterSlot, OwnerTurn, Reminder
from reminders.sending import choosing, content, reading, slots
from reminders.sending.choosing import Pick
from reminders.sending.reading import Draft
from reminders.sending.slots import Offer

KIND = "reminders/due"
# As many services as one visit takes well (product decision); the rest is on the car's page.
_TOGETHER = 4


def key_of(letter: Letter) -> str:
    """The key under which a letter is told, once."""
    return f"letter:{letter.public_id}"


def path_of(letter: Letter) -> str:
    """Where a letter leads: the owner's car."""
    return reverse("go:letter", args=[letter.public_id])


def offers_for(draft: Draft, *, at: datetime) -> list[Offer]:
    """The best times for what can be booked on the most urgent car; empty where nothing can, or nobody near has time.

    What is sure is booked together; where everything is only likely, the measuring. Reads only: no lock is held.
    """
    for car, chosen in choosing.by_car(draft.picks).items():
        services = _bookable(chosen)
        if not services:
            continue
        by_law = [pick.item.due_on for pick in chosen if pick.item.source == Source.STATUTE and pick.item.due_on]
        until = min((day for day in by_law if day >= draft.today), default=None)
        together = slots.best(car, services, at=at, until=until)
        return together or (slots.best(car, services[:1], at=at, until=until) if len(services) > 1 else [])
    return []


@transaction.atomic
def write(*, owner: int, offers: Sequence[Offer], at: datetime) -> Letter | None:
    """Make the letter to an owner (id) that is due now, in one transaction with everything that says so; None if there
    is none any more, or somebody else is just writing it.

    Everything is read again under the lock of the owner's turn. `at` is UTC. Raises MissingVariableError where a
    template has a hole; then nothing is written. Side effects: the letter, its slots, the stages that are over, the
    days of the next ones, a notice with its messages.
    """
    turn = OwnerTurn.objects.select_for_update(no_key=True, skip_locked=True).filter(owner=owner).first()
    found = reading.drafts([owner], at=at, lock=True) if turn else []
    if turn is None or not found:
        return None
    draft = found[0]
    letter = Letter.objects.create(owner=draft.owner, kind=LetterKind.REMINDER, sent_at=at)
    rows = add_slots(letter, _still_meant(offers, draft.picks))
    _over(draft.picks, letter, at)
    turn.last_letter_at = at
    turn.save(update_fields=["last_letter_at"])
    faults.point("reminders.letter_written")
    tell(letter, KIND, partial(content.of_letter, draft, rows), at=at)
    faults.point("reminders.letter_told")
    return letter


def tell(letter: Letter, kind: str, context: Callable[[], dict[str, Any]], *, at: datetime) -> None:
    """Put the letter in its owner's inbox and on its way. Raises MissingVariableError."""
    letter.notice = telling.tell(
        kind=kind, key=key_of(letter), to=letter.owner, context=context, at=at, path=path_of(letter)
    )
    letter.save(update_fields=["notice"])


def add_slots(letter: Letter, offers: Sequence[Offer]) -> list[LetterSlot]:
    """Write down what a letter offers, numbered from 1."""
    rows = [
        LetterSlot(
            letter=letter,
            number=number,
            car=offer.car,
            shop=offer.shop,
            services=offer.keys,
            starts_at=offer.slot.starts_at,
            price_fen=offer.price_fen,
            discount_percent=offer.slot.discount_percent,
        )
        for number, offer in enumerate(offers, start=1)
    ]
    return LetterSlot.objects.bulk_create(rows)


def _over(picks: Sequence[Pick], letter: Letter, at: datetime) -> None:
    """The stages that this letter tells are over, and those it goes past."""
    rows = []
    for pick in picks:
        item = pick.item
        rows += [
            Reminder(item=item, round=item.round, stage=stage, outcome=StageOutcome.SKIPPED, at=at)
            for stage in pick.skipped
        ]
        rows.append(
            Reminder(item=item, round=item.round, stage=pick.stage, outcome=StageOutcome.SENT, letter=letter, at=at)
        )
        item.next_stage_on = stages.next_on(item, pick.over)
    Reminder.objects.bulk_create(rows)
    DueItem.objects.bulk_update([pick.item for pick in picks], ["next_stage_on"])


def _bookable(picks: Sequence[Pick]) -> list[Service]:
    """The services to book on a car, the most urgent first."""
    car = picks[0].item.car
    wanted = [pick.item.service for pick in picks if pick.item.service and not pick.item.is_likely]
    likely = [pick.item.service for pick in picks if pick.item.service and pick.item.is_likely]
    listed = {
        service.key: service for service in Service.objects.listed().filter(key__in=[*wanted, *likely, MEASURED_IN])
    }

    def fitting(keys: Sequence[str]) -> list[Service]:
        rows = [listed[key] for key in dict.fromkeys(keys) if key in listed]
        return [service for service in rows if service.suits(car.variant)][:_TOGETHER]

    if not wanted and likely:
        return fitting([MEASURED_IN]) or fitting(likely)
    return fitting(wanted)


def _still_meant(offers: Sequence[Offer], picks: Sequence[Pick]) -> Sequence[Offer]:
    """The offers, unless what they are for is not in the letter any more."""
    meant = {(pick.item.car_id, pick.item.service) for pick in picks}
    if all((offer.car.pk, key) in meant or key == MEASURED_IN for offer in offers for key in offer.keys):
        return offers
    return []
