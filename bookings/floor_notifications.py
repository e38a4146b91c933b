"""Telling the owner what happens to their car in the shop, with a link that opens the visit without signing in.

What is no longer true is not told, and what a later event tells again is told by that one. A walk-in without an account
is told what needs an answer, by SMS to the number that was left, and so is what they may want to keep: the handover,
and what was written down for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings import message_kinds as kinds
from bookings import notifications
from bookings.actions import locked
from bookings.choices import IN_SHOP, ActorRole, Decision, DecisionWay, EventKind, LineState, Status
from bookings.errors import WrongStatusError
from bookings.floor import handing_over, lines, links, warranty
from bookings.models import Booking, BookingEvent, CheckIn, LineDecision, VisitMessage
from bookings.notifications import Facts
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
    kinds.CHECKED_IN,
    kinds.PROPOSED,
    kinds.PROMISE,
    kinds.READY,
    kinds.COMPLETED,
    kinds.PHONE,
    kinds.MESSAGE,
    kinds.LINK,
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
    if _reader(booking, kinds.LINK) is None:
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
        _tell(booking, kinds.CHECKED_IN, event.pk, lambda: {"km": km})


def tell_inspected(event: OutboxEvent) -> None:
    """An inspection is finished. Where something was proposed meanwhile, that message says more."""
    booking = _visit(event, IN_SHOP)
    if booking and not booking.lines.pending().exists():
        _tell(booking, kinds.INSPECTED, event.pk)


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
        kinds.PROPOSED,
        event.pk,
        lambda: {
            "count": str(totals.pending),
            "pending": format_fen(totals.pending_fen),
            "total": format_fen(totals.if_all_fen),
            "ready_then": _clock(ready, booking),
        },
    )


def tell_promise(event: OutboxEvent) -> None:
    """The shop promises another time. What the owner moved themselves by approving work they know."""
    booking = _visit(event, (Status.CHECKED_IN, Status.IN_SERVICE))
    if booking is None or _is_told_again(event):
        return
    said = _last(booking, EventKind.PROMISE)
    if said is not None and said.actor_role != ActorRole.OWNER:
        _tell(booking, kinds.PROMISE, event.pk, lambda: _promised(booking, said))


def _promised(booking: Booking, said: BookingEvent) -> dict[str, str]:
    before = datetime.fromisoformat(said.data["before"])
    return {"ready": _clock(booking.ends_at, booking), "before": _clock(before, booking), "reason": said.reason}


def tell_not_needed(event: OutboxEvent) -> None:
    """Something that was approved turned out not to be needed and is not charged."""
    booking = _visit(event, IN_SHOP)
    said = _last(booking, EventKind.NOT_NEEDED) if booking else None
    if booking and said is not None and not _is_told_again(event):
        facts = {"line": said.data.get("title", ""), "reason": said.reason}
        _tell(booking, kinds.NOT_NEEDED, event.pk, lambda: facts)


def tell_ready(event: OutboxEvent) -> None:
    """The car can be fetched, with the final price."""
    booking = _visit(event, (Status.READY,))
    if booking:
        _tell(booking, kinds.READY, event.pk)


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
        _tell_said(said)


def tell_last_message(event: OutboxEvent) -> None:
    """A burst may be over. What was said since is told by its own event."""
    said = _unread(event)
    if said is None:
        return
    since = VisitMessage.objects.filter(booking=said.booking, is_from_owner=False, pk__gt=said.pk)
    if not since.exists():
        _tell_said(said)


def _tell_said(said: VisitMessage) -> None:
    _tell(said.booking, kinds.MESSAGE, said.pk, lambda: {"text": said.text[:60]})


def tell_phone_answer(event: OutboxEvent) -> None:
    """What was written down for the owner from a telephone call: they get a copy, and can put it right. Of what the
    owner answered themselves nothing is said, nor of a line that was answered again since."""
    booking = _visit(event, (*IN_SHOP, Status.COMPLETED))
    said = _decided(event, booking) if booking else None
    if booking is None or said is None or said.data.get("way") != DecisionWay.PHONE:
        return
    since = booking.events.filter(kind=EventKind.DECIDED, pk__gt=said.pk)
    again = {one["line"] for later in since for one in later.data["lines"]}
    valid = [one for one in said.data["lines"] if one["line"] not in again]
    if valid:
        words = LineDecision.objects.filter(line__booking=booking, way=DecisionWay.PHONE, at=said.at)
        spoke_with = words.values_list("spoke_with", flat=True).first() or ""
        by = said.actor.display_name if said.actor else ""
        _tell(
            booking,
            kinds.PHONE,
            event.pk,
            lambda: {"answers": _answers(booking, valid), "by": by, "spoke_with": spoke_with},
        )


def tell_completed(event: OutboxEvent) -> None:
    """The car was handed over: the bill, the warranty, and a link by which the handover can be confirmed for as long as
    that is possible."""
    booking = _visit(event, (Status.COMPLETED,))
    now = timezone.now()
    if booking is None or booking.completed_at is None or now > booking.completed_at + handing_over.CONFIRM_WITHIN:
        return
    done = booking.lines.filter(state=LineState.DONE, warranty_until__isnull=False).with_versions()
    confirm = "yes" if handing_over.can_confirm(booking, at=now) else ""
    _tell(
        booking,
        kinds.COMPLETED,
        event.pk,
        lambda: {"covered": "\n".join(warranty.in_words(line) for line in done), "confirm": confirm},
        life=handing_over.CONFIRM_WITHIN,
    )


def tell_link(event: OutboxEvent) -> None:
    """Somebody of the shop sends the owner a new link."""
    booking = _visit(event, (*IN_SHOP, Status.COMPLETED))
    if booking and not _is_told_again(event):
        _tell(booking, kinds.LINK, event.pk)


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


def _tell(booking: Booking, kind: str, once: object, more: Facts = dict, *, life: timedelta = links.LIFE) -> None:
    """Tell whoever reads it, with a fresh link; one link for all their channels."""
    reader = _reader(booking, kind)
    if reader is not None:
        notifications.tell(booking, reader, kind, once=once, more=lambda: {**_link(booking, life), **more()})


def _link(booking: Booking, life: timedelta) -> Mapping[str, str]:
    address = links.address(links.make(booking=booking, at=timezone.now(), life=life))
    return {"visit_url": address, "action_url": address}


def _reader(booking: Booking, kind: str) -> User | Reach | None:
    """Who is told. A number that was left with an account's visit serves for a link that is asked for, where nothing
    else reaches them."""
    owner = booking.owner
    if owner is not None and (kind != kinds.LINK or channels_for(owner)):
        return owner
    may_call = owner is not None or kind in _FOR_WALK_INS
    return Reach(Channel.SMS, booking.contact_phone) if may_call and booking.contact_phone else None


def _clock(at: datetime, booking: Booking) -> str:
    """A time on the shop's clock, with its day where that is another than today's."""
    return day_words.near_day_time(at, now=timezone.now(), zone=booking.zone)
