"""Telling the owner what became of their visit: one message for each event, over the channels they chose. What happens
while the car is in the shop is `bookings.floor_notifications`.

Handlers run at least once for each event. A message that the visit has outrun in the meantime is not sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from accounts.models import User
from bookings.choices import EventKind, Status, WaitingStatus
from bookings.models import Booking, WaitingEntry
from core import day_words, outbox
from core.models import OutboxEvent
from core.money import format_fen
from notifications.delivery import send_template
from notifications.preferences import Reach, channels_for
from payments.models import Order

# The state in which each message is still true.
_TRUE_WHILE = {
    EventKind.REQUESTED: (Status.REQUESTED,),
    EventKind.CONFIRMED: (Status.CONFIRMED,),
    EventKind.RESCHEDULED: (Status.CONFIRMED,),
    EventKind.SWAPPED: (Status.CONFIRMED,),
    EventKind.EXPIRED: (Status.EXPIRED,),
    EventKind.CANCELLED: (Status.CANCELLED,),
}


def connect() -> None:
    """Subscribe to the events of visits; called once when the app is ready."""
    for kind in _TRUE_WHILE:
        outbox.subscribe(f"booking.{kind}")(tell_owner)
    outbox.subscribe("waiting.offered")(tell_waiting)


def tell_owner(event: OutboxEvent) -> None:
    """Send the message of `event` (`booking.<kind>`) to the visit's owner, in their language.

    Nothing is sent for a hold that was given up or has lapsed, for a walk-in without an account, or when it is no
    longer true.
    """
    kind = EventKind(event.topic.removeprefix("booking."))
    booking = Booking.objects.for_card().select_related("owner").filter(public_id=event.key).first()
    if booking is None or booking.owner is None or booking.status not in _TRUE_WHILE[kind]:
        return
    if booking.confirmed_at is None and not _was_requested(booking):
        return
    _tell(booking, booking.owner, kind)


def tell_waiting(event: OutboxEvent) -> None:
    """Send word of an offer (`waiting.offered`) to who waits, while it still stands."""
    offers = WaitingEntry.objects.filter(public_id=event.key, status=WaitingStatus.OFFERED)
    held = Booking.objects.for_card().select_related("owner").filter(status=Status.HELD)
    booking = held.filter(pk__in=offers.values("offered")).first()
    if booking is not None and booking.owner is not None:
        _tell(booking, booking.owner, "offered")


def _was_requested(booking: Booking) -> bool:
    return booking.events.filter(kind=EventKind.REQUESTED).exists()


def _tell(booking: Booking, owner: User, kind: str, **more: str) -> None:
    send(booking, channels_for(owner), owner.language or settings.LANGUAGE_CODE, kind, more)


def send(booking: Booking, reaches: Sequence[Reach], language: str, kind: str, more: Mapping[str, str]) -> None:
    """Send the message `kind` about a visit to each of `reaches`; `more` joins what every template knows of a visit."""
    with translation.override(language):
        context = {**_context(booking), **more}
    for reach in reaches:
        send_template(
            channel=reach.channel,
            kind=f"bookings/{kind}",
            recipient=reach.recipient,
            context=context,
            language=language,
        )


def _context(booking: Booking) -> dict[str, Any]:
    root = settings.SITE_URL.rstrip("/")
    # Booked or accepted after that time: there is nothing to say of it.
    is_free_yet = booking.confirmed_at is None or booking.confirmed_at < booking.free_cancel_until
    order = Order.objects.filter(reference=booking.public_id).first()
    return {
        "number": booking.number,
        "service": booking.title,
        "shop_name": booking.shop.name,
        "place": booking.visit_address or f"{booking.shop.district} {booking.shop.address}",
        "starts": day_words.day_time(booking.starts_at, zone=booking.zone),
        "ready": f"{booking.local_end:%H:%M}",
        "free_until": day_words.day_time(booking.free_cancel_until, zone=booking.zone) if is_free_yet else "",
        "price": format_fen(booking.total_fen),
        "paid": format_fen(order.kept_fen) if order and order.kept_fen else "",
        "due": format_fen(order.due_fen if order else booking.total_fen),
        "fee": format_fen(booking.fee_fen) if booking.fee_fen else "",
        "late_fee": format_fen(booking.late_cancel_fee_fen) if booking.late_cancel_fee_fen else "",
        "deposit": format_fen(booking.deposit_fen) if booking.deposit_fen else "",
        "until": day_words.day_time(booking.hold_expires_at, zone=booking.zone) if booking.hold_expires_at else "",
        "confirm_url": root + reverse("bookings:confirm", args=[booking.public_id]),
        "visit_url": root + reverse("bookings:detail", args=[booking.public_id]),
    }
