"""Telling the people who lead a shop what others did to its bookings: asked for one, booked, moved or cancelled it.
What somebody of the shop did is not told.
"""

from __future__ import annotations

from functools import partial

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from bookings.choices import ActorRole, EventKind, Status
from bookings.message_kinds import SHOP_BOOKED, SHOP_CANCELLED, SHOP_MOVED, SHOP_REQUESTED
from bookings.models import Booking
from bookings.notifications import was_requested
from core import day_words, outbox
from core.models import OutboxEvent
from core.money import format_fen
from notifications import keys, telling
from notifications.telling import Word
from shops.access import people_who_may
from shops.choices import Permission

# What is told of an event, and the state in which that is still true.
_TOLD = {
    EventKind.REQUESTED: (SHOP_REQUESTED, Status.REQUESTED),
    EventKind.CONFIRMED: (SHOP_BOOKED, Status.CONFIRMED),
    EventKind.RESCHEDULED: (SHOP_MOVED, Status.CONFIRMED),
    EventKind.CANCELLED: (SHOP_CANCELLED, Status.CANCELLED),
}


def connect() -> None:
    """Subscribe to the events of visits; called once when the app is ready."""
    for event in _TOLD:
        outbox.subscribe(f"booking.{event}")(tell_shop)


def tell_shop(event: OutboxEvent) -> None:
    """Tell those who lead the shop of `event` (`booking.<kind>`) while it is true; nothing of a hold that was given up,
    and nothing of what the shop or the platform did."""
    name = EventKind(event.topic.removeprefix("booking."))
    kind, status = _TOLD[name]
    booking = Booking.objects.for_card().filter(public_id=event.key, status=status).first()
    if booking is None or (booking.confirmed_at is None and not was_requested(booking)):
        return
    said = booking.events.filter(kind=name).order_by("at", "pk").last()
    if said is None or said.actor_role in (ActorRole.STAFF, ActorRole.PLATFORM):
        return
    path = reverse("board:visit", args=[booking.shop.slug, booking.public_id])
    until = booking.hold_expires_at if kind == SHOP_REQUESTED else booking.starts_at
    words = [
        Word(
            kind=kind,
            key=keys.make(kind, booking.public_id, event.pk, person.pk),
            to=person,
            context=partial(_facts, booking, path),
            path=path,
            until=until,
        )
        for person in people_who_may(booking.shop, Permission.STAFF)
    ]
    telling.tell_all(words, at=timezone.now())


def _facts(booking: Booking, path: str) -> dict[str, str]:
    zone = booking.zone
    return {
        "number": booking.number,
        "service": booking.title,
        "shop_name": booking.shop.name,
        "starts": day_words.day_time(booking.starts_at, zone=zone),
        "price": format_fen(booking.total_fen),
        "fee": format_fen(booking.fee_fen) if booking.fee_fen else "",
        "until": day_words.day_time(booking.hold_expires_at, zone=zone) if booking.hold_expires_at else "",
        "visit_url": settings.SITE_URL.rstrip("/") + path,
        "action_words": _("Open the visit"),
    }
