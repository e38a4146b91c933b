"""Whether it was put right: only the owner says so, asked twice at most."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from bookings.choices import EventKind
from core import outbox
from core.models import OutboxEvent
from payments.choices import RefundStatus
from payments.models import Refund
from reviews.choices import FOLLOW_UP_OPEN, FollowUpStatus, FollowUpStep, OfferKind, OfferStatus, Side
from reviews.follow_ups import steps
from reviews.follow_ups.contact import checked
from reviews.follow_ups.errors import NothingToJudgeError
from reviews.limits import ASK_AFTER, ASK_AFTER_DONE, LAPSES_AFTER
from reviews.models import FollowUp, FollowUpOffer

MAX_ASKED = 2


def connect() -> None:
    """Subscribe to what carries an accepted offer out; called once when the app is ready."""
    outbox.subscribe(f"booking.{EventKind.COMPLETED}")(hear_handover)
    outbox.subscribe("refund.done")(hear_refund)


@transaction.atomic
def say(*, follow_up: FollowUp, by: User, put_right: bool, text: str, at: datetime) -> FollowUp:
    """The owner says whether it was put right, and the case is closed. Said again the same, it is said once.

    Raises NothingToJudgeError before the shop made contact, unless its time for that is over; FollowUpClosedError;
    InvalidInput. Side effects, in order: offers that wait end, the shop's public figure, the event, outbox
    `follow_up.answered`.
    """
    text = checked(text, needed=False)
    follow_up = steps.locked(follow_up)
    status = FollowUpStatus.PUT_RIGHT if put_right else FollowUpStatus.NOT_PUT_RIGHT
    if follow_up.status == status:
        return follow_up
    steps.ask_open(follow_up)
    if not can_say(follow_up, at=at):
        raise NothingToJudgeError
    steps.close(follow_up, status, at=at)
    step = FollowUpStep.PUT_RIGHT if put_right else FollowUpStep.NOT_PUT_RIGHT
    steps.write(follow_up, step, at=at, by=by, side=Side.AUTHOR, text=text)
    outbox.emit(topic="follow_up.answered", key=follow_up.public_id, at=at, payload={"put_right": put_right})
    return follow_up


def can_say(follow_up: FollowUp, *, at: datetime) -> bool:
    """Whether the owner can say now if it was put right."""
    is_time = follow_up.contacted_at is not None or at >= follow_up.contact_due_at
    return is_time and follow_up.status in FOLLOW_UP_OPEN


def ask(follow_up: FollowUp, *, at: datetime) -> None:
    """Ask the owner of a locked, open case; the last time it lapses `LAPSES_AFTER` later.

    Side effects: the event, outbox `follow_up.asked` (the owner is written to).
    """
    follow_up.asked_times += 1
    follow_up.asked_at = at
    follow_up.next_at = at + (LAPSES_AFTER if follow_up.asked_times == MAX_ASKED else ASK_AFTER)
    steps.stand(follow_up)
    times = {"times": follow_up.asked_times}
    steps.write(follow_up, FollowUpStep.ASKED, at=at, data=times)
    outbox.emit(topic="follow_up.asked", key=follow_up.public_id, at=at, payload=times)


def is_done(follow_up: FollowUp, offer: FollowUpOffer, *, at: datetime) -> None:
    """Write down that an accepted offer was carried out; the follow-up is locked. If the owner has not been asked yet,
    they are `ASK_AFTER_DONE` later, unless another offer is still to be carried out or answered."""
    data = {"offer": offer.public_id, "kind": str(offer.kind)}
    steps.write(follow_up, FollowUpStep.CARRIED_OUT, at=at, data=data)
    if follow_up.status not in FOLLOW_UP_OPEN or follow_up.asked_times:
        return
    pending = follow_up.offers.filter(status__in=[OfferStatus.OPEN, OfferStatus.ACCEPTED], done_at=None)
    if not pending.exclude(pk=offer.pk).exists():
        follow_up.next_at = at + ASK_AFTER_DONE
        follow_up.save(update_fields=["next_at"])


def hear_handover(event: OutboxEvent) -> None:
    """A visit was handed over: it may be the comeback of an accepted offer."""
    for offer in FollowUpOffer.objects.filter(comeback__public_id=event.key, done_at=None):
        _carried_out(offer, at=timezone.now())


def hear_refund(event: OutboxEvent) -> None:
    """Money has arrived: with the last part of a line's, the offer that gave it back is carried out."""
    refund = Refund.objects.filter(public_id=event.key, line__isnull=False).first()
    if refund is None:
        return
    if Refund.objects.filter(line=refund.line_id).exclude(status=RefundStatus.DONE).exists():
        return
    accepted = FollowUpOffer.objects.filter(kind=OfferKind.REFUND, status=OfferStatus.ACCEPTED, done_at=None)
    for offer in accepted.filter(order_line=refund.line_id):
        _carried_out(offer, at=timezone.now())


@transaction.atomic
def _carried_out(offer: FollowUpOffer, *, at: datetime) -> None:
    follow_up = steps.locked(offer.follow_up)
    if FollowUpOffer.objects.filter(pk=offer.pk, done_at=None).update(done_at=at):
        is_done(follow_up, offer, at=at)
