"""Telling the owner what happens to their car in the shop, with a link that opens the visit without signing in.

Handlers run at least once for each event. What is no longer true when the message would leave is not sent, and what a
later event tells again is told by that one. A walk-in without an account is told what needs an answer, by SMS to the
number that was left, and so is what they may want to keep: the handover, and what was written down for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings import notifications
from bookings.actions import locked
from bookings.choices import IN_SHOP, ActorRole, Decision, DecisionWay, EventKind, LineState, Status
from bookings.errors import WrongStatusError
from bookings.floor import handing_over, lines, links, warranty
from bookings.models import Booking, BookingEvent, CheckIn, LineDecision, VisitMessage
from core import day_words, outbox
from core.errors import Conflict
from core.models import OutboxEvent
from core.money import format_fen
from notifications.choices import Channel
from notifications.preferences import Reach, channels_for

# Messages that come one after the other within this time are told with the first and the last (product decision).
QUIET = timedelta(minutes=2)
# A link that somebody asks for goes out once within this time (product decision).
LINK_EVERY = timedelta(minutes=1)
# Without an account nobody asked for news: these need an answer, are said to them, or are worth keeping.
_FOR_WALK_INS = (
    EventKind.CHECKED_IN,
    EventKind.PROPOSED,
    EventKind.PROMISE,
    EventKind.READY,
    EventKind.COMPLETED,
    "phone",
    "message",
    "link",
)


class NobodyToReachError(Conflict):
    """The visit has neither an account that can be written to nor a number."""

    code = "nobody_to_reach"
    message = _("There is no number and no e-mail address to send a link to. Show the owner this visit on your device.")


class LinkJustSentError(Conflict):
    code = "link_just_sent"
    message = _("A link went out less than a minute ago. Wait a moment before you send another.")


def connect() -> None:
    """Subscribe to what happens in the shop; called once when the app is ready."""
    outbox.subscribe(f"booking.{EventKind.CHECKED_IN}")(tell_checked_in)
    outbox.subscribe(f"booking.{EventKind.INSPECTED}")(tell_inspected)
    outbox.subscribe(f"booking.{EventKind.PROPOSED}")(tell_proposed)
    outbox.subscribe(f"booking.{EventKind.PROMISE}")(tell_promise)
    outbox.subscribe(f"booking.{EventKind.NOT_NEEDED}")(tell_not_needed)
    outbox.subscribe(f"booking.{EventKind.READY}")(tell_ready)
    outbox.subscribe(f"booking.{EventKind.DECIDED}")(tell_phone_answer)
    outbox.subscribe(f"booking.{EventKind.COMPLETED}")(tell_completed)
    outbox.subscribe("visit.message")(tell_message)
    outbox.subscribe("visit.message.quiet")(tell_last_message)
    outbox.subscribe("visit.link")(tell_link)


@transaction.atomic
def send_link(*, booking: Booking, at: datetime) -> None:
    """Send the owner a fresh link to their visit; the older ones live to their end.

    Raises WrongStatusError before the car has come, NobodyToReachError, LinkJustSentError within `LINK_EVERY` of the
    last one that was asked for. Side effects: outbox `visit.link`.
    """
    booking = locked(booking)
    if booking.status not in (*IN_SHOP, Status.COMPLETED):
        raise WrongStatusError
    if not _reaches(booking, "link"):
        raise NobodyToReachError
    asked_for = OutboxEvent.objects.filter(topic="visit.link", key=booking.public_id)
    if any(datetime.fromisoformat(one.payload["at"]) > at - LINK_EVERY for one in asked_for):
        raise LinkJustSentError
    outbox.emit(topic="visit.link", key=booking.public_id, at=at, payload={"at": at.isoformat()})


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
    """The shop has said something that the owner has not read. The first of a burst is told at once, the last one when
    nothing more was said for `QUIET`."""
    said = _unread(event)
    if said is None:
        return
    shops = VisitMessage.objects.filter(booking=said.booking, is_from_owner=False)
    if shops.filter(at__gte=said.at - QUIET, pk__lt=said.pk).exists():
        outbox.schedule(topic="visit.message.quiet", key=event.key, due_at=said.at + QUIET, payload=event.payload)
    else:
        _tell(said.booking, "message", text=said.text[:60])


def tell_last_message(event: OutboxEvent) -> None:
    """A burst may be over. What was said since is told by its own event."""
    said = _unread(event)
    if said is None:
        return
    since = VisitMessage.objects.filter(booking=said.booking, is_from_owner=False, pk__gt=said.pk)
    if not since.exists():
        _tell(said.booking, "message", text=said.text[:60])


def tell_phone_answer(event: OutboxEvent) -> None:
    """What was written down for the owner from a telephone call: they get a copy, and can put it right. Of what the
    owner answered themselves nothing is said, nor of a line that was answered again since."""
    booking = _visit(event, (*IN_SHOP, Status.COMPLETED))
    said = _decided(event, booking) if booking else None
    if booking is None or said is None or said.data.get("way") != DecisionWay.PHONE:
        return
    since = booking.events.filter(kind=EventKind.DECIDED, pk__gt=said.pk)
    again = {one["line"] for later in since for one in later.data["lines"]}
    with translation.override(_language(booking)):
        answers = _answers(booking, [one for one in said.data["lines"] if one["line"] not in again])
    if answers:
        by = said.actor.display_name if said.actor else ""
        words = LineDecision.objects.filter(line__booking=booking, way=DecisionWay.PHONE, at=said.at)
        spoke_with = words.values_list("spoke_with", flat=True).first() or ""
        _tell(booking, "phone", answers=answers, by=by, spoke_with=spoke_with)


def tell_completed(event: OutboxEvent) -> None:
    """The car was handed over: the bill, the warranty, and a link by which the handover can be confirmed for as long as
    that is possible."""
    booking = _visit(event, (Status.COMPLETED,))
    now = timezone.now()
    if booking is None or booking.completed_at is None or now > booking.completed_at + handing_over.CONFIRM_WITHIN:
        return
    done = booking.lines.filter(state=LineState.DONE, warranty_until__isnull=False).with_versions()
    with translation.override(_language(booking)):
        covered = "\n".join(warranty.in_words(line) for line in done)
    confirm = "yes" if handing_over.can_confirm(booking, at=now) else ""
    _tell(booking, EventKind.COMPLETED, life=handing_over.CONFIRM_WITHIN, covered=covered, confirm=confirm)


def tell_link(event: OutboxEvent) -> None:
    """Somebody of the shop sends the owner a new link."""
    booking = _visit(event, (*IN_SHOP, Status.COMPLETED))
    if booking and not _is_told_again(event):
        _tell(booking, "link")


# --- Parts ------------------------------------------------------------------------------------------


def _visit(event: OutboxEvent, statuses: Sequence[str]) -> Booking | None:
    """The visit of an event while it is in one of `statuses`."""
    rows = Booking.objects.for_card().select_related("owner")
    return rows.filter(public_id=event.key, status__in=statuses).first()


def _unread(event: OutboxEvent) -> VisitMessage | None:
    """What the shop has said, with its visit at hand; None once the owner has read it."""
    said = VisitMessage.objects.filter(pk=event.payload.get("message"), is_from_owner=False).first()
    booking = _visit(event, (*IN_SHOP, Status.COMPLETED)) if said else None
    if said is None or booking is None or (booking.owner_read_at and booking.owner_read_at >= said.at):
        return None
    said.booking = booking
    return said


def _is_told_again(event: OutboxEvent) -> bool:
    """Whether a later event of this kind will tell how things stand then."""
    return OutboxEvent.objects.filter(topic=event.topic, key=event.key, pk__gt=event.pk).exists()


def _last(booking: Booking, kind: EventKind) -> BookingEvent | None:
    return booking.events.filter(kind=kind).order_by("at", "pk").last()


def _decided(event: OutboxEvent, booking: Booking) -> BookingEvent | None:
    """The decision that `event` tells of: as many came after the one as after the other, both are written together."""
    later = OutboxEvent.objects.filter(topic=event.topic, key=event.key, pk__gt=event.pk).count()
    rows = booking.events.filter(kind=EventKind.DECIDED).select_related("actor").order_by("-pk")
    return next(iter(rows[later : later + 1]), None)


def _answers(booking: Booking, said: Iterable[dict[str, Any]]) -> str:
    """What was said about each line, a sentence and a row for each, in the active language."""
    names = {
        (line.public_id, version.number): version.name
        for line in booking.lines.with_versions()
        for version in line.versions.all()
    }
    return "\n".join(
        gettext("%(line)s, %(price)s: %(answer)s.")
        % {
            "line": names.get((one["line"], one["version"]), one["title"]),
            "price": format_fen(one["total_fen"]),
            "answer": Decision(one["decision"]).label,
        }
        for one in said
    )


def _tell(booking: Booking, kind: str, *, life: timedelta = links.LIFE, **more: str) -> None:
    reaches = _reaches(booking, kind)
    if not reaches:
        return
    token = links.make(booking=booking, at=timezone.now(), life=life)
    notifications.send(booking, reaches, _language(booking), kind, {**more, "visit_url": links.address(token)})


def _language(booking: Booking) -> str:
    return (booking.owner.language if booking.owner else "") or settings.LANGUAGE_CODE


def _reaches(booking: Booking, kind: str) -> list[Reach]:
    """Where the owner reads it. A number that was left with an account's visit serves for a link that is asked for."""
    known = channels_for(booking.owner) if booking.owner is not None else []
    may_call = kind == "link" if booking.owner is not None else kind in _FOR_WALK_INS
    if known or not may_call or not booking.contact_phone:
        return known
    return [Reach(Channel.SMS, booking.contact_phone)]


def _clock(at: datetime, booking: Booking) -> str:
    """A time on the shop's clock in the owner's language, with its day where that is another than today's."""
    with translation.override(_language(booking)):
        return day_words.near_day_time(at, now=timezone.now(), zone=booking.zone)
