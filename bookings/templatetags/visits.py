"""Words and looks of slots and visits on the owner's pages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from bookings import strips
from bookings.choices import ActorRole, EventKind, Status
from bookings.engine.availability import DaySlots, Slot
from bookings.engine.jobs import Price, discount_of
from bookings.engine.search import Result
from bookings.models import Booking, BookingEvent
from core import day_words
from core.money import format_fen
from core.templatetags.ui import badge

register = template.Library()

# Tone and icon of each state, as LANGUAGE.md gives them.
_LOOKS = {
    Status.HELD: ("warn", "timer"),
    Status.REQUESTED: ("warn", "hourglass"),
    Status.CONFIRMED: ("info", "calendar-check"),
    Status.CHECKED_IN: ("brand", "clipboard-check"),
    Status.IN_SERVICE: ("brand", "wrench"),
    Status.READY: ("ok", "circle-check"),
    Status.COMPLETED: ("mute", "check"),
    Status.EXPIRED: ("mute", "timer-off"),
    Status.CANCELLED: ("mute", "x"),
    Status.NO_SHOW: ("bad", "user-x"),
}
_EVENT_ICONS = {
    EventKind.REQUESTED: "send",
    EventKind.EXPIRED: "timer-off",
    EventKind.SWAPPED: "calendar-clock",
    EventKind.CONFIRMED: "calendar-check",
    EventKind.RESCHEDULED: "calendar-clock",
    EventKind.REASSIGNED: "arrow-left-right",
    EventKind.CANCELLED: "x",
    EventKind.CHECKED_IN: "clipboard-check",
    EventKind.STARTED: "wrench",
    EventKind.READY: "circle-check",
    EventKind.REOPENED: "wrench",
    EventKind.COMPLETED: "check",
    EventKind.NO_SHOW: "user-x",
}
_EVENT_TONES = {
    EventKind.REQUESTED: "warn",
    EventKind.EXPIRED: "mute",
    EventKind.CANCELLED: "mute",
    EventKind.NO_SHOW: "bad",
    EventKind.READY: "ok",
    EventKind.COMPLETED: "ok",
}


@register.simple_tag
def visit_badge(booking: Booking, css: str = "") -> SafeString:
    """The state of a visit in words and colour."""
    tone, icon = _LOOKS[Status(booking.status)]
    return badge(booking.get_status_display(), tone, icon, css)


@register.filter
def event_icon(kind: str) -> str:
    return _EVENT_ICONS.get(EventKind(kind), "circle-dot")


@register.filter
def event_tone(kind: str) -> str:
    return _EVENT_TONES.get(EventKind(kind), "brand")


@register.filter
def day_note(day: DaySlots) -> str:
    """The line under a day of the strip."""
    return strips.note(day)


@register.filter
def strip_day(day: date, zone: ZoneInfo) -> str:
    """The line over a day of the strip: Today, else Sun."""
    today = timezone.now().astimezone(zone).date()
    return day_words.near_day(day, today=today) if day == today else day_words.weekday(day)


@register.filter
def local_date(at: datetime, zone: ZoneInfo) -> str:
    """The shop's day of a moment as addresses write it: 2026-11-21."""
    return f"{at.astimezone(zone):%Y-%m-%d}"


@register.filter
def table_day(at: datetime, zone: ZoneInfo) -> str:
    """11-21, the shop's day of a moment where there is little room."""
    return f"{at.astimezone(zone):%m-%d}"


@register.filter
def before_midnight(at: datetime) -> datetime:
    """A moment earlier: the last day of a time that ends at midnight."""
    return at - timedelta(seconds=1)


@register.filter
def minutes_seconds(seconds: int) -> str:
    """8:42, as the countdown of a hold begins."""
    return f"{seconds // 60}:{seconds % 60:02d}"


@register.filter
def share(part: int, whole: int) -> float:
    """A part as a fraction of the whole, for rings."""
    return part / whole if whole else 0.0


@register.filter
def duration(minutes: int) -> str:
    """A length of time as people say it: 40 min, 1 h, 1 h 40 min."""
    hours, rest = divmod(int(minutes), 60)
    if not hours:
        return gettext("%(n)d min") % {"n": rest}
    if not rest:
        return gettext("%(n)d h") % {"n": hours}
    return gettext("%(hours)d h %(minutes)d min") % {"hours": hours, "minutes": rest}


@register.filter
def at_discount(price: Price, percent: int) -> int:
    """What a visit costs (fen) with a discount of `percent` on its labour."""
    return price.total_fen - discount_of(price.labour_fen, percent)


@dataclass(frozen=True, slots=True)
class Cheaper:
    """A slot that costs less than the list price, and what it costs (fen)."""

    slot: Slot
    total_fen: int


@register.filter
def cheapest(row: Result) -> Cheaper | None:
    """The cheapest of a search result's slots if an off-peak discount makes it cheaper than the others."""
    slot = max(row.slots, key=lambda slot: slot.discount_percent, default=None)
    if slot is None or row.quote is None or not slot.discount_percent:
        return None
    return Cheaper(slot, row.quote.total_fen - discount_of(row.quote.labour_fen, slot.discount_percent))


@register.filter
def event_title(event: BookingEvent) -> str:
    """What happened, as the owner sees it: two visits that changed places are a visit that moved."""
    if event.kind == EventKind.SWAPPED:
        return str(EventKind.RESCHEDULED.label)
    if event.kind == EventKind.EXPIRED and event.from_status == Status.REQUESTED:
        return gettext("The shop did not answer in time")
    return event.get_kind_display()


@register.filter
def event_words(event: BookingEvent, booking: Booking) -> str:
    """What stands under an event: where a visit was moved to, what the odometer showed, who did it."""
    moved = event.data.get("after")  # of a stage it is a word
    if event.kind in (EventKind.RESCHEDULED, EventKind.SWAPPED) and moved:
        return day_words.day_time(datetime.fromisoformat(moved["starts_at"]), zone=booking.zone)
    if event.kind == EventKind.CHECKED_IN and booking.odometer_km is not None:
        return f"{booking.odometer_km:,} km"
    if event.kind == EventKind.EXPIRED:
        return gettext("Nothing was booked")
    if event.data.get("declined"):
        return f"{gettext('By the shop')}: {event.reason}"
    if event.kind == EventKind.CANCELLED and event.data.get("fee_fen"):
        return gettext("After the free time, fee %(fee)s") % {"fee": format_fen(event.data["fee_fen"])}
    if event.kind == EventKind.CANCELLED and event.actor_role == ActorRole.OWNER and event.data.get("late"):
        return gettext("After the free time")
    return {ActorRole.OWNER: gettext("By you"), ActorRole.PLATFORM: gettext("By the platform")}.get(
        ActorRole(event.actor_role), gettext("By the shop")
    )
