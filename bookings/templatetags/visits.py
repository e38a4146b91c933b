"""Words and looks of slots and visits on the owner's pages."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from bookings import strips
from bookings.availability import DaySlots
from bookings.choices import ActorRole, EventKind, Status
from bookings.models import Booking, BookingEvent
from core import day_words
from core.templatetags.ui import badge

register = template.Library()

# Tone and icon of each state, as LANGUAGE.md gives them.
_LOOKS = {
    Status.HELD: ("warn", "timer"),
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
_EVENT_TONES = {EventKind.CANCELLED: "mute", EventKind.NO_SHOW: "bad", EventKind.READY: "ok", EventKind.COMPLETED: "ok"}


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
def minutes_seconds(seconds: int) -> str:
    """8:42, as the countdown of a hold begins."""
    return f"{seconds // 60}:{seconds % 60:02d}"


@register.filter
def share(part: int, whole: int) -> float:
    """A part as a fraction of the whole, for rings."""
    return part / whole if whole else 0.0


@register.filter
def event_words(event: BookingEvent, booking: Booking) -> str:
    """What stands under an event: where a visit was moved to, what the odometer showed, who did it."""
    if event.kind == EventKind.RESCHEDULED and (moved := event.data.get("after", {}).get("starts_at")):
        return day_words.day_time(datetime.fromisoformat(moved), zone=booking.zone)
    if event.kind == EventKind.CHECKED_IN and booking.odometer_km is not None:
        return f"{booking.odometer_km:,} km"
    if event.kind == EventKind.CANCELLED and event.data.get("late"):
        return gettext("After the free time")
    return {ActorRole.OWNER: gettext("By you"), ActorRole.PLATFORM: gettext("By the platform")}.get(
        ActorRole(event.actor_role), gettext("By the shop")
    )
