"""What payments mean for a visit: a deposit books it. Handlers run at least once for each event."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from bookings import actions
from bookings.actions import SYSTEM, Actor
from bookings.choices import ENDED, ActorRole, Status
from bookings.errors import WrongStatusError
from bookings.floor import progress
from bookings.models import Booking
from bookings.money import visit_orders
from core import outbox
from core.models import OutboxEvent
from payments.models import Order, Refund


def connect() -> None:
    """Subscribe to what happens to money and to holds that lapse; called once when the app is ready."""
    outbox.subscribe("payment.paid")(_paid)
    outbox.subscribe("coupon.used")(_paid)
    outbox.subscribe("refund.requested")(_refunded)
    outbox.subscribe("refund.done")(_refunded)
    outbox.subscribe("booking.expired")(_lapsed)


@transaction.atomic
def open_order(*, booking: Booking, by: User, at: datetime) -> Order:
    """The order of the owner's visit, to pay it; opened if this is the first time. Raises WrongStatusError for a visit
    that has ended without one: nothing would ever close it, and what was paid would stay held."""
    booking = actions.locked(booking)
    if booking.status in ENDED and not visit_orders.has_order(booking):
        raise WrongStatusError
    order = visit_orders.ensure(booking, at=at)
    if order.payer_id is None:
        order.payer = by
        order.save(update_fields=["payer"])
    return order


@transaction.atomic
def take_paid(*, booking: Booking, at: datetime) -> Booking:
    """Money has come for a visit. A hold whose deposit is there is booked, or asked of a shop that answers by hand.

    A hold that has lapsed is booked all the same while its claims stand; one that has not, or that would begin in the
    past, is off and its money goes back. Twice is once. Side effects: those of `actions.confirm`, or of an order's
    cancelling; the visit's revision, for the pages that show it.
    """
    booking = actions.locked(booking)
    if booking.status == Status.HELD and booking.starts_at <= at:
        return actions.cancel(booking=booking, by=SYSTEM, at=at, reason="paid after its start")
    if booking.status == Status.HELD and booking.owner is not None and visit_orders.has_deposit(booking):
        return actions.say_yes(booking=booking, by=Actor(ActorRole.OWNER, booking.owner), at=at)
    if booking.status in (Status.EXPIRED, Status.CANCELLED, Status.NO_SHOW):
        visit_orders.call_off(booking, at=at)
    progress.touch(booking)
    return booking


@transaction.atomic
def let_lapse(*, booking: Booking, at: datetime) -> None:
    """A hold or a request has lapsed: its order is off, and what was paid goes back. Twice is once."""
    booking = actions.locked(booking)
    if booking.status == Status.EXPIRED:
        visit_orders.call_off(booking, at=at)


def _paid(event: OutboxEvent) -> None:
    booking = Booking.objects.filter(public_id=event.key).select_related("shop").first()
    if booking is not None:
        take_paid(booking=booking, at=event.due_at)


def _lapsed(event: OutboxEvent) -> None:
    if Order.objects.filter(reference=event.key).exists():
        let_lapse(booking=Booking.objects.select_related("shop").get(public_id=event.key), at=event.due_at)


def _refunded(event: OutboxEvent) -> None:
    """Pages that show the visit look again."""
    reference = Refund.objects.filter(public_id=event.key).values_list("order__reference", flat=True).first()
    with transaction.atomic():
        booking = Booking.objects.filter(public_id=reference).select_for_update(of=("self",), no_key=True).first()
        if booking is not None:
            progress.touch(booking)
