"""The owner's word that they have the car back, with the list of what was done."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from bookings.actions import Actor, locked, record
from bookings.choices import ActorRole, DecisionWay, EventKind, Status
from bookings.errors import WrongStatusError
from bookings.models import Booking
from core.errors import NotAllowed

# How long after the handover an owner can still say that they have the car (product decision).
CONFIRM_WITHIN = timedelta(days=7)
WAYS = (DecisionWay.ACCOUNT, DecisionWay.LINK, DecisionWay.DEVICE)


def can_confirm(booking: Booking, *, at: datetime) -> bool:
    """Whether the owner can confirm the handover now: the car is ready or was handed over in the last 7 days."""
    if booking.handover_confirmed_at is not None:
        return False
    if booking.status == Status.COMPLETED:
        return booking.completed_at is not None and at <= booking.completed_at + CONFIRM_WITHIN
    return booking.status == Status.READY


@transaction.atomic
def confirm(*, booking: Booking, way: DecisionWay, by: User | None, at: datetime) -> Booking:
    """The owner confirms that they got the car and the list of what was done. Confirmed twice is confirmed once.

    `by` is the owner (ACCOUNT), nobody (LINK), or the member of staff on whose device the owner confirmed (DEVICE).
    It hands nothing over: the shop does (`workshop.hand_over`). Raises NotAllowed for another way or person,
    WrongStatusError before the car is ready and more than `CONFIRM_WITHIN` after the handover.
    Side effects: event and outbox `booking.handover_confirmed`.
    """
    actor = _actor(booking, way, by)
    booking = locked(booking)
    if booking.handover_confirmed_at is not None:
        return booking
    if not can_confirm(booking, at=at):
        raise WrongStatusError
    booking.handover_confirmed_at, booking.handover_confirmed_way = at, way
    booking.revision += 1
    booking.save(update_fields=["handover_confirmed_at", "handover_confirmed_way", "revision"])
    record(booking=booking, kind=EventKind.HANDOVER_CONFIRMED, by=actor, at=at, data={"way": way})
    return booking


def _actor(booking: Booking, way: DecisionWay, by: User | None) -> Actor:
    if way == DecisionWay.LINK:
        return Actor(ActorRole.OWNER)
    if by is None or way not in WAYS or (way == DecisionWay.ACCOUNT and by.pk != booking.owner_id):
        raise NotAllowed
    return Actor(ActorRole.STAFF if way == DecisionWay.DEVICE else ActorRole.OWNER, by)
