"""Telling the owner what happens to their car in the shop, with a link that opens the visit without signing in.

Handlers run at least once for each event. What is no longer true when the message would leave is not sent, and what a
later event tells again is told by that one. A walk-in without an account is told what needs an answer, by SMS to the
number that was left.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from bookings import notifications
from bookings.choices import IN_SHOP, ActorRole, EventKind, Status
from bookings.floor import lines, links
from bookings.models import Booking, BookingEvent, CheckIn, VisitMessage
from core import day_words, outbox
from core.models import OutboxEvent
from core.money import format_fen
from notifications.choices import Channel
from notifications.preferences import Reach, channels_for

# Messages that come one after the other within this time are told once (product decision).
QUIET = timedelta(minutes=2)
# Without an account nobody asked for news; these need an answer, or the car can be fetched.
_FOR_WALK_INS = (EventKind.PROPOSED, EventKind.PROMISE, EventKind.READY)


def connect() -> None:
    """Subscribe to what happens in the shop; called once when the app is ready."""
    outbox.subscribe(f"booking.{EventKind.CHECKED_IN}")(tell_checked_in)
    outbox.subscribe(f"booking.{EventKind.INSPECTED}")(tell_inspected)
    outbox.subscribe(f"booking.{EventKind.PROPOSED}")(tell_proposed)
    outbox.subscribe(f"booking.{EventKind.PROMISE}")(tell_promise)
    outbox.subscribe(f"booking.{EventKind.NOT_NEEDED}")(tell_not_needed)
    outbox.subscribe(f"booking.{EventKind.READY}")(tell_ready)
    outbox.subscribe("visit.message")(tell_message)


def tell_checked_in(event: OutboxEvent) -> None:
    """The car was received: its state is to be confirmed."""
    booking = _visit(event, IN_SHOP)
    if booking and CheckIn.objects.filter(booking=booking, confirmed_at=None).exists():
        km = "" if booking.odometer_km is None else f"{booking.odometer_km:,}"
        _tell(booking, EventKind.CHECKED_IN, km=km)


def tell_inspected(event: OutboxEvent) -> None:
    """An inspection is finished. Where something was proposed meanwhile, that message says more."""
    booking = _visit(event, IN_SHOP)
    if booking and not booking.lines.pending().exists():
        _tell(booking, EventKind.INSPECTED)


def tell_proposed(event: OutboxEvent) -> None:
    """Work is proposed and waits for an answer, with what it costs and when the car would be ready."""
    booking = _visit(event, IN_SHOP)
    if booking is None or _is_told_again(event):
        return
    totals = lines.totals(booking.lines.shown_to_owner().with_versions())
    if not totals.pending:
        return
    ready = booking.ends_at + timedelta(minutes=totals.pending_minutes)
    _tell(
        booking,
        EventKind.PROPOSED,
        count=str(totals.pending),
        pending=format_fen(totals.pending_fen),
        total=format_fen(totals.if_all_fen),
        ready_then=_clock(ready, booking),
    )


def tell_promise(event: OutboxEvent) -> None:
    """The shop promises another time. What the owner moved themselves by approving work they know."""
    booking = _visit(event, (Status.CHECKED_IN, Status.IN_SERVICE))
    if booking is None or _is_told_again(event):
        return
    said = _last(booking, EventKind.PROMISE)
    if said is not None and said.actor_role != ActorRole.OWNER:
        before = datetime.fromisoformat(said.data["before"])
        now = _clock(booking.ends_at, booking)
        _tell(booking, EventKind.PROMISE, ready=now, before=_clock(before, booking), reason=said.reason)


def tell_not_needed(event: OutboxEvent) -> None:
    """Something that was approved turned out not to be needed and is not charged."""
    booking = _visit(event, IN_SHOP)
    said = _last(booking, EventKind.NOT_NEEDED) if booking else None
    if booking and said is not None and not _is_told_again(event):
        _tell(booking, EventKind.NOT_NEEDED, line=said.data.get("title", ""), reason=said.reason)


def tell_ready(event: OutboxEvent) -> None:
    """The car can be fetched, with the final price."""
    booking = _visit(event, (Status.READY,))
    if booking:
        _tell(booking, EventKind.READY)


def tell_message(event: OutboxEvent) -> None:
    """The shop has said something that the owner has not read. A burst is told once."""
    said = VisitMessage.objects.filter(pk=event.payload.get("message")).first()
    if said is None or said.is_from_owner:
        return
    booking = _visit(event, (Status.CONFIRMED, *IN_SHOP, Status.COMPLETED))
    if booking is None or (booking.owner_read_at and booking.owner_read_at >= said.at):
        return
    earlier = booking.messages.filter(is_from_owner=False, at__gte=said.at - QUIET, pk__lt=said.pk)
    if not earlier.exists():
        _tell(booking, "message", text=said.text[:60])


# --- Parts ------------------------------------------------------------------------------------------


def _visit(event: OutboxEvent, statuses: Sequence[str]) -> Booking | None:
    """The visit of an event while it is in one of `statuses`."""
    rows = Booking.objects.for_card().select_related("owner")
    return rows.filter(public_id=event.key, status__in=statuses).first()


def _is_told_again(event: OutboxEvent) -> bool:
    """Whether a later event of this kind will tell how things stand then."""
    return OutboxEvent.objects.filter(topic=event.topic, key=event.key, pk__gt=event.pk).exists()


def _last(booking: Booking, kind: EventKind) -> BookingEvent | None:
    return booking.events.filter(kind=kind).order_by("at", "pk").last()


def _tell(booking: Booking, kind: str, **more: str) -> None:
    reaches = _reaches(booking, kind)
    if not reaches:
        return
    language = (booking.owner.language if booking.owner else "") or settings.LANGUAGE_CODE
    token = links.make(booking=booking, at=timezone.now())
    notifications.send(booking, reaches, language, kind, {**more, "visit_url": links.address(token)})


def _reaches(booking: Booking, kind: str) -> list[Reach]:
    if booking.owner is not None:
        return channels_for(booking.owner)
    if kind not in _FOR_WALK_INS or not booking.contact_phone:
        return []
    return [Reach(Channel.SMS, booking.contact_phone)]


def _clock(at: datetime, booking: Booking) -> str:
    """A time on the shop's clock, with its day where that is another than today's."""
    return day_words.near_day_time(at, now=timezone.now(), zone=booking.zone)
