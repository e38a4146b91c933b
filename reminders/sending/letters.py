"""Writes letters, one to each owner: what is due on all their cars, and when it can be had."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.urls import reverse

from catalog.needs.rows import MEASURED_IN
from core import faults
from notifications import telling
from notifications.telling import Word
from reminders import stages
from reminders.choices import LetterKind, Source, StageOutcome
from reminders.models import DueItem, Letter, LetterSlot, OwnerTurn, Reminder
from reminders.sending import bookable, choosing, content, reading
from reminders.sending.facts import Facts
from reminders.sending.reading import Draft
from reminders.sending.slots import Offer

KIND = "reminders/due"


def key_of(letter: Letter) -> str:
    """The key under which a letter is told, once."""
    return f"letter:{letter.public_id}"


def path_of(letter: Letter) -> str:
    """Where a letter leads: the owner's car."""
    return reverse("go:letter", args=[letter.public_id])


def offers_for(draft: Draft, facts: Facts) -> list[Offer]:
    """The best times for what can be booked (`bookable`) on the most urgent car; empty where nothing can, or nobody
    near has time. Reads only: no lock is held."""
    for car, chosen in choosing.by_car(draft.picks).items():
        services = bookable.services_for([pick.item for pick in chosen], facts)
        if not services:
            continue
        by_law = [pick.item.due_on for pick in chosen if pick.item.source == Source.STATUTE and pick.item.due_on]
        until = min((day for day in by_law if day >= draft.today), default=None)
        together = facts.board.best(car, services, until=until)
        return together or (facts.board.best(car, services[:1], until=until) if len(services) > 1 else [])
    return []


@transaction.atomic
def write(*, offers: Mapping[int, Sequence[Offer]], facts: Facts) -> list[Letter]:
    """Make the letters to some owners (ids, with the times to offer them) that are due at the moment of `facts`, all of
    them in one transaction with everything that says so. None to whom nothing is due any more, or for whom somebody
    else is just writing one.

    Everything is read again under the lock of the owners' turns. Raises MissingVariableError where a template has a
    hole; then nothing is written. Side effects: letters, their slots, the stages that are over, the days of the next
    ones, notices with their messages. The number of queries does not grow with owners.
    """
    turns = OwnerTurn.objects.select_for_update(no_key=True, skip_locked=True).filter(owner__in=offers)
    owners = list(turns.order_by("pk").values_list("pk", flat=True))
    drafts = reading.drafts(owners, at=facts.at, lock=True) if owners else []
    if not drafts:
        return []
    at = facts.at
    letters = [Letter(owner=draft.owner, kind=LetterKind.REMINDER, sent_at=at) for draft in drafts]
    Letter.objects.bulk_create(letters)
    written = list(zip(letters, drafts, strict=True))
    slots = [slot for letter, draft in written for slot in _slots(letter, _still_meant(offers, draft))]
    LetterSlot.objects.bulk_create(slots)
    _over(written, at)
    OwnerTurn.objects.filter(pk__in=[draft.owner.pk for draft in drafts]).update(last_letter_at=at)
    faults.point("reminders.letter_written")
    _tell(written, slots, facts)
    faults.point("reminders.letter_told")
    return letters


def add_slots(letter: Letter, offers: Sequence[Offer]) -> list[LetterSlot]:
    """Write down what a letter offers, numbered from 1."""
    return LetterSlot.objects.bulk_create(_slots(letter, offers))


def tell(letter: Letter, kind: str, context: Callable[[], dict[str, Any]], *, at: datetime) -> None:
    """Put one letter in its owner's inbox and on its way. Raises MissingVariableError."""
    letter.notice = telling.tell(
        kind=kind, key=key_of(letter), to=letter.owner, context=context, at=at, path=path_of(letter)
    )
    letter.save(update_fields=["notice"])


def _slots(letter: Letter, offers: Sequence[Offer]) -> list[LetterSlot]:
    return [
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


def _over(written: Iterable[tuple[Letter, Draft]], at: datetime) -> None:
    """The stages that these letters tell are over, and those they go past."""
    rows, items = [], []
    for letter, draft in written:
        for pick in draft.picks:
            item = pick.item
            rows += [
                Reminder(item=item, round=item.round, stage=stage, outcome=StageOutcome.SKIPPED, at=at)
                for stage in pick.skipped
            ]
            rows.append(
                Reminder(item=item, round=item.round, stage=pick.stage, outcome=StageOutcome.SENT, letter=letter, at=at)
            )
            item.next_stage_on = stages.next_on(item, pick.over)
            items.append(item)
    Reminder.objects.bulk_create(rows)
    DueItem.objects.bulk_update(items, ["next_stage_on"])


def _tell(written: Iterable[tuple[Letter, Draft]], slots: Iterable[LetterSlot], facts: Facts) -> None:
    """Put letters in their owners' inboxes and on their way."""
    of_letter: dict[Letter, list[LetterSlot]] = defaultdict(list)
    for slot in slots:
        of_letter[slot.letter].append(slot)
    letters = {key_of(letter): letter for letter, _draft in written}
    words = [
        Word(
            kind=KIND,
            key=key_of(letter),
            to=letter.owner,
            context=partial(content.of_letter, draft, of_letter[letter], facts),
            path=path_of(letter),
        )
        for letter, draft in written
    ]
    for notice in telling.tell_all(words, at=facts.at):
        letters[notice.key].notice = notice
    Letter.objects.bulk_update(letters.values(), ["notice"])


def _still_meant(offers: Mapping[int, Sequence[Offer]], draft: Draft) -> Sequence[Offer]:
    """The offers to an owner, unless what they are for is not in the letter any more."""
    meant = {(pick.item.car_id, pick.item.service) for pick in draft.picks}
    found = offers[draft.owner.pk]
    if all((offer.car.pk, key) in meant or key == MEASURED_IN for offer in found for key in offer.keys):
        return found
    return []
