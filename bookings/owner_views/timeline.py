"""What happened in a visit, newest first, in words for its owner, each event with the photos that belong to it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.choices import ActorRole, Decision, DecisionWay, EventKind, PhotoKind, Stage, Urgency
from bookings.models import Booking, BookingEvent, Inspection, Line, VisitPhoto
from bookings.templatetags import visits as words
from core import day_words
from core.photos import GridPhoto

# What an owner is told of: not the hold before the booking, not who works on which bay, and no second time what
# another event has said (a stage follows from proposals, answers and the check).
WITHHELD = (
    EventKind.HELD,
    EventKind.REASSIGNED,
    EventKind.REPACKED,
    EventKind.ODOMETER,
    EventKind.ODOMETER_CONFIRMED,
)
SHOWN = [kind for kind in EventKind if kind not in WITHHELD]
_SHOWN_STAGES = {
    Stage.INSPECTING: ("search-check", "brand"),
    Stage.WORKING: ("wrench", "brand"),
    Stage.WAITING_PARTS: ("package-search", "part"),
    Stage.CHECKING: ("shield-check", "qc"),
}
_LOOKS: dict[str, tuple[str, str]] = {
    EventKind.CHECKED_IN: ("car-front", "brand"),
    EventKind.CAR_STATE_CONFIRMED: ("clipboard-check", "ok"),
    EventKind.INSPECTED: ("search-check", "brand"),
    EventKind.PROPOSED: ("hand", "warn"),
    EventKind.DECIDED: ("check", "brand"),
    EventKind.WITHDRAWN: ("undo-2", "mute"),
    EventKind.LINE_DONE: ("circle-check-big", "ok"),
    EventKind.NOT_NEEDED: ("check-check", "mute"),
    EventKind.PARTS: ("package-search", "part"),
    EventKind.PROMISE: ("alarm-clock", "warn"),
    EventKind.PHOTOS: ("camera", "brand"),
    EventKind.CHECK_FAILED: ("rotate-ccw", "qc"),
    EventKind.CHECK_PASSED: ("shield-check", "ok"),
    EventKind.HANDOVER_CONFIRMED: ("badge-check", "ok"),
    EventKind.COMEBACK: ("rotate-ccw", "warn"),
}
_SHEET_PHOTOS = (PhotoKind.CONDITION, PhotoKind.DASHBOARD)


@dataclass(frozen=True, slots=True)
class Entry:
    """One event for the page."""

    at: datetime
    title: str
    text: str
    icon: str
    tone: str
    photos: Sequence[GridPhoto] = ()


def entries(
    booking: Booking,
    events: Sequence[BookingEvent],
    inspections: Sequence[Inspection],
    photos: Mapping[VisitPhoto, GridPhoto],
    lines: Sequence[Line],
) -> list[Entry]:
    """The entries of `events`, newest first; `photos` are those of the visit in order with how they are shown, `lines`
    its lines with versions and decisions at hand: their names in the reader's language (events keep them in that of
    whoever acted), and whom the shop spoke with (events do not keep it)."""
    names = {line.public_id: line.current.name for line in lines}
    shown = [event for event in events if is_shown(event)]
    of_event = _spread(shown, inspections, photos)
    return [
        Entry(
            event.at,
            _title(event, names),
            _text(event, booking, inspections, lines),
            *_look(event),
            photos=of_event.get(event.pk, ()),
        )
        for event in sorted(shown, key=lambda one: (one.at, one.pk), reverse=True)
    ]


def is_shown(event: BookingEvent) -> bool:
    if event.kind == EventKind.STAGE:
        return event.data.get("after") in _SHOWN_STAGES
    return event.kind not in WITHHELD


def _spread(
    events: Iterable[BookingEvent], inspections: Iterable[Inspection], photos: Mapping[VisitPhoto, GridPhoto]
) -> dict[int, list[GridPhoto]]:
    """Which photos belong to which event: those of the sheet to the check-in, those of check points to the end of
    their inspection, any other to what had last happened when they were taken. Photos of lines and messages stand
    there."""
    rows = sorted(events, key=lambda one: (one.at, one.pk))
    found: dict[int, list[GridPhoto]] = defaultdict(list)
    came = next((event for event in rows if event.kind == EventKind.CHECKED_IN), None)
    ended = {
        item.pk: event
        for inspection in inspections
        for event in rows
        if event.kind == EventKind.INSPECTED and event.at == inspection.finished_at
        for item in inspection.items.all()
    }
    for photo, drawn in photos.items():
        if photo.line_id or photo.message_id:
            continue
        event = came if photo.kind in _SHEET_PHOTOS else ended.get(photo.item_id or 0)
        event = event or next((one for one in reversed(rows) if one.at <= photo.uploaded_at), None)
        if event is not None:
            found[event.pk].append(drawn)
    return found


def _look(event: BookingEvent) -> tuple[str, str]:
    if event.kind == EventKind.STAGE:
        return _SHOWN_STAGES[event.data["after"]]
    return _LOOKS.get(event.kind) or (words.event_icon(event.kind), words.event_tone(event.kind))


def _title(event: BookingEvent, names: Mapping[str, str]) -> str:
    data = event.data
    if event.kind == EventKind.STAGE:
        return str(Stage(data["after"]).label)
    if event.kind == EventKind.PROPOSED:
        count = len(data.get("lines", ()))
        return ngettext("%(n)d piece of work proposed", "%(n)d pieces of work proposed", count) % {"n": count}
    if event.kind in (EventKind.LINE_DONE, EventKind.NOT_NEEDED, EventKind.WITHDRAWN, EventKind.PARTS):
        label = str(EventKind(event.kind).label)
        if event.kind == EventKind.PARTS and not data.get("waits"):
            label = _("Parts have arrived")
        line = names.get(data.get("line", ""), data.get("title", ""))
        return _("%(what)s: %(line)s") % {"what": label, "line": line} if line else label
    if event.kind == EventKind.DECIDED:
        return _decided(event, names)
    return words.event_title(event)


def _decided(event: BookingEvent, names: Mapping[str, str]) -> str:
    lines = event.data.get("lines", ())
    if len(lines) == 1:
        label = {
            Decision.APPROVE: _("Approved: %(line)s"),
            Decision.DECLINE: _("Declined: %(line)s"),
            Decision.DEFER: _("Put off: %(line)s"),
        }[Decision(lines[0]["decision"])]
        return label % {"line": names.get(lines[0]["line"], lines[0]["title"])}
    return ngettext("%(n)d line answered", "%(n)d lines answered", len(lines)) % {"n": len(lines)}


def _text(event: BookingEvent, booking: Booking, inspections: Iterable[Inspection], lines: Iterable[Line]) -> str:
    if event.kind == EventKind.PROMISE:
        return _promise(event, booking)
    if event.kind == EventKind.INSPECTED:
        return _counts(event, inspections)
    if event.kind == EventKind.PROPOSED:
        return _("No work on it starts before you approve")
    if event.kind == EventKind.DECIDED and event.data.get("way") == DecisionWay.PHONE:
        return _("By phone, noted by the shop: spoke with %(name)s") % {"name": _spoke_with(event, lines)}
    if event.kind == EventKind.CHECK_PASSED and event.data.get("alone"):
        return _("Checked by the person who did the work: nobody else in the shop could")
    if event.kind == EventKind.PARTS and event.data.get("expected_on"):
        expected_on = date.fromisoformat(event.data["expected_on"])
        return _("Expected on %(day)s") % {"day": day_words.weekday_day_month(expected_on)}
    if event.actor_role == ActorRole.STAFF and event.reason and event.kind != EventKind.CANCELLED:
        return event.reason
    # A stage that the owner's answer led to: the answer stands below.
    is_consequence = event.kind == EventKind.STAGE and event.actor_role == ActorRole.OWNER
    return "" if is_consequence else words.event_words(event, booking)


def _spoke_with(event: BookingEvent, lines: Iterable[Line]) -> str:
    """Whom the shop spoke with, by the decisions of the event's moment."""
    said = (one for line in lines for one in line.decisions.all() if one.at == event.at)
    return next((one.spoke_with for one in said if one.way == DecisionWay.PHONE), "")


def promise_reason(event: BookingEvent) -> str:
    """Why the promise moved; what the owner moved by an answer is said in the reader's language."""
    return _("Approved work") if event.actor_role == ActorRole.OWNER else event.reason


def _promise(event: BookingEvent, booking: Booking) -> str:
    after = datetime.fromisoformat(event.data["after"]).astimezone(booking.zone)
    before = datetime.fromisoformat(event.data["before"]).astimezone(booking.zone)
    is_same_day = after.date() == before.date()
    pattern = "%H:%M" if is_same_day else "%m-%d %H:%M"
    values = {"before": before.strftime(pattern), "after": after.strftime(pattern), "reason": promise_reason(event)}
    return _("%(after)s instead of %(before)s: %(reason)s") % values


def _counts(event: BookingEvent, inspections: Iterable[Inspection]) -> str:
    counts = event.data.get("counts") or _counted(event, inspections)
    green, yellow, red = (int(counts.get(tone, 0)) for tone in (Urgency.GREEN, Urgency.YELLOW, Urgency.RED))
    return _("%(green)d in order · %(yellow)d to watch · %(red)d need work") % {
        "green": green,
        "yellow": yellow,
        "red": red,
    }


def _counted(event: BookingEvent, inspections: Iterable[Inspection]) -> Counter[str]:
    ended = [one for one in inspections if one.finished_at == event.at]
    return Counter(item.tone for one in ended for item in one.items.all())
