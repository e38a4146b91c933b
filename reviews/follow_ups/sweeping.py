"""What happens to follow-ups by the clock: late contact, offers that end, asking the owner, lapsing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import connection, transaction

from bookings.choices import ENDED
from core import outbox
from reviews.choices import FollowUpStatus, FollowUpStep, OfferStatus
from reviews.follow_ups import answers, figures, leaving, steps
from reviews.limits import ASK_AFTER
from reviews.models import FollowUp, FollowUpOffer

BATCH = 200


def sweep(*, at: datetime, limit: int = BATCH) -> int:
    """Do what is due of up to `limit` offers and as many cases, each in a transaction of its own; then take what is too
    old out of the public figures. Returns how many were touched. Two sweeps at once do everything once."""
    ended = FollowUpOffer.objects.filter(status=OfferStatus.OPEN, stands_until__lte=at).order_by("stands_until", "pk")
    cases = list(dict.fromkeys(ended.values_list("follow_up", flat=True)[:limit]))
    touched = sum(_do(end_offers, pk, at) for pk in cases)
    due = FollowUp.objects.open().filter(next_at__lte=at).order_by("next_at", "pk")
    touched += sum(_do(look_at, pk, at) for pk in list(due.values_list("pk", flat=True)[:limit]))
    return touched + figures.forget(at=at)


def end_offers(follow_up: FollowUp, *, at: datetime) -> None:
    """End the offers of a locked, open case that stood their time. Side effects: an event for each."""
    over = FollowUpOffer.objects.filter(follow_up=follow_up, status=OfferStatus.OPEN, stands_until__lte=at)
    for offer in over.order_by("pk"):
        offer.status, offer.answered_at = OfferStatus.ENDED, at
        offer.save(update_fields=["status", "answered_at"])
        data = {"offer": offer.public_id, "kind": str(offer.kind)}
        steps.write(follow_up, FollowUpStep.OFFER_ENDED, at=at, data=data)
    steps.stand(follow_up)


def look_at(follow_up: FollowUp, *, at: datetime) -> None:
    """Do the next thing with a locked, open case whose time has come: say that contact is late, wait for a comeback,
    ask the owner, ask again, let it lapse. One that was opened while its owner left ends."""
    if not follow_up.owner.is_active:
        leaving.close(follow_up, at=at)
    elif follow_up.contacted_at is None and not follow_up.events.filter(step=FollowUpStep.LATE).exists():
        _late(follow_up, at)
    elif (until := _waits_until(follow_up, at)) is not None:
        steps.stand(follow_up, look_at=until)
    elif follow_up.asked_times < answers.MAX_ASKED:
        answers.ask(follow_up, at=at)
    else:
        _lapse(follow_up, at)


def _do(act: Callable[..., None], follow_up_id: int, at: datetime) -> int:
    """One case, if nobody else is at it: under an advisory lock, so that no sweep waits for another."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"reviews.follow_up {follow_up_id}"]
        )
        if not cursor.fetchone()[0]:
            return 0
        follow_up = steps.locked(FollowUp(pk=follow_up_id))
        if follow_up.closed_at is not None:
            return 0
        if act is look_at and (follow_up.next_at is None or follow_up.next_at > at):
            return 0
        act(follow_up, at=at)
    return 1


def _late(follow_up: FollowUp, at: datetime) -> None:
    """The shop and the platform see it; outbox `follow_up.late`, once."""
    steps.write(follow_up, FollowUpStep.LATE, at=at)
    steps.stand(follow_up, look_at=at + ASK_AFTER)
    outbox.emit(topic="follow_up.late", key=follow_up.public_id, at=at)


def _lapse(follow_up: FollowUp, at: datetime) -> None:
    steps.close(follow_up, FollowUpStatus.LAPSED, at=at)
    steps.write(follow_up, FollowUpStep.LAPSED, at=at)
    outbox.emit(topic="follow_up.lapsed", key=follow_up.public_id, at=at)


def _waits_until(follow_up: FollowUp, at: datetime) -> datetime | None:
    """Until when a comeback that was accepted may still put it right, None if none is ahead."""
    ahead = follow_up.offers.filter(comeback__isnull=False).exclude(comeback__status__in=ENDED)
    comeback = ahead.select_related("comeback").order_by("-pk").first()
    if comeback is None or comeback.comeback is None:
        return None
    return max(at, comeback.comeback.ends_at) + ASK_AFTER
