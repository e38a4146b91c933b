"""Telling the owner what became of their visit: one message for each event. What happens while the car is in the shop
is `bookings.floor_notifications`.

A message that the visit has outrun in the meantime is not told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from bookings import message_kinds as kinds
from bookings.choices import EventKind, Status, WaitingStatus
from bookings.models import Booking, WaitingEntry
from core import day_words, outbox
from core.models import OutboxEvent
from core.money import format_fen
from notifications import keys, telling
from notifications.preferences import Reach
from notifications.telling import Word
from payments.models import Order

Facts = Callable[[], Mapping[str, str]]

# What is told of an event, and the state in which that is still true.
_TOLD = {
    EventKind.REQUESTED: (kinds.REQUESTED, Status.REQUESTED),
    EventKind.CONFIRMED: (kinds.CONFIRMED, Status.CONFIRMED),
    EventKind.RESCHEDULED: (kinds.RESCHEDULED, Status.CONFIRMED),
    EventKind.SWAPPED: (kinds.SWAPPED, Status.CONFIRMED),
    EventKind.EXPIRED: (kinds.EXPIRED, Status.EXPIRED),
    EventKind.CANCELLED: (kinds.CANCELLED, Status.CANCELLED),
}


def connect() -> None:
    """Subscribe to the events of visits; called once when the app is ready."""
    for event in _TOLD:
        outbox.subscribe(f"booking.{event}")(tell_owner)
    outbox.subscribe("waiting.offered")(tell_waiting)


def tell_owner(event: OutboxEvent) -> None:
    """Tell the visit's owner of `event` (`booking.<kind>`).

    Nothing is told of a hold that was given up or has lapsed, of a walk-in without an account, or when it is no longer
    true.
    """
    kind, status = _TOLD[EventKind(event.topic.removeprefix("booking."))]
    booking = Booking.objects.for_card().select_related("owner").filter(public_id=event.key).first()
    if booking is None or booking.owner is None or booking.status != status:
        return
    if booking.confirmed_at is not None or was_requested(booking):
        tell(booking, booking.owner, kind, once=event.pk)


def tell_waiting(event: OutboxEvent) -> None:
    """Tell who waits of an offer (`waiting.offered`) while it still stands."""
    offers = WaitingEntry.objects.filter(public_id=event.key, status=WaitingStatus.OFFERED)
    held = Booking.objects.for_card().select_related("owner").filter(status=Status.HELD)
    booking = held.filter(pk__in=offers.values("offered")).first()
    if booking is not None and booking.owner is not None:
        tell(booking, booking.owner, kinds.OFFERED, once=event.pk, until=booking.hold_expires_at)


def was_requested(booking: Booking) -> bool:
    """Whether the shop was asked for the visit."""
    return booking.events.filter(kind=EventKind.REQUESTED).exists()


def tell(
    booking: Booking, to: User | Reach, kind: str, *, once: object, more: Facts = dict, until: datetime | None = None
) -> None:
    """Tell the message `kind` of a visit to its owner or to a number; see `word_of`."""
    telling.tell_all([word_of(booking, to, kind, once=once, more=more, until=until)], at=timezone.now())


def word_of(
    booking: Booking, to: User | Reach, kind: str, *, once: object, more: Facts = dict, until: datetime | None = None
) -> Word:
    """The message `kind` of a visit (`for_card`, with its owner).

    `once`: what makes it one, with the visit. `more` joins what every template knows of a visit; it is called in the
    reader's language. `until`: not sent after.
    """
    return Word(
        kind=kind,
        key=keys.make(kind, booking.public_id, once),
        to=to,
        language=booking.owner.language if booking.owner else "",
        context=lambda: {**_facts(booking), "action_words": _words(kind), **more()},
        path=reverse(_PAGES.get(kind, "bookings:detail"), args=[booking.public_id]),
        until=until,
    )


_PAGES = {kinds.OFFERED: "bookings:confirm"}


def _words(kind: str) -> str:
    """What is on the button to the visit."""
    match kind:
        case kinds.OFFERED:
            return _("Book it")
        case kinds.PROPOSED:
            return _("Answer")
        case kinds.CHECKED_IN:
            return _("Look and confirm")
        case _:
            return _("Open the visit")


def _facts(booking: Booking) -> dict[str, Any]:
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
