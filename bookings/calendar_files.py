"""A visit as a calendar file (iCalendar, RFC 5545), which a phone adds to its calendar and updates later."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Alarm, Calendar, Event, vGeo

from bookings.choices import Status
from bookings.models import Booking
from core.money import format_fen

REMIND_BEFORE = timedelta(hours=2)


def calendar_file(booking: Booking, *, url: str, at: datetime) -> bytes:
    """The visit as one event. `url` is its page. UID stays the same for life, SEQUENCE grows with each change; a visit
    that will not happen is METHOD:CANCEL, which takes it out of the calendar."""
    off = booking.status in (Status.CANCELLED, Status.NO_SHOW, Status.EXPIRED)
    calendar = Calendar()
    calendar.add("prodid", "-//CarKeeper//Visits//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if off else "PUBLISH")
    calendar.add_component(_event(booking, url=url, at=at, off=off))
    data: bytes = calendar.to_ical()
    return data


def _event(booking: Booking, *, url: str, at: datetime, off: bool) -> Event:
    shop = booking.shop
    event = Event()
    event.add("uid", f"{booking.public_id}@{urlsplit(settings.SITE_URL).hostname}")
    event.add("sequence", booking.revision)
    event.add("dtstamp", at)
    event.add("dtstart", booking.starts_at)
    event.add("dtend", booking.ends_at)
    summary = _("%(service)s at %(shop)s") % {"service": booking.service.name, "shop": shop.name}
    event.add("summary", summary)
    event.add("location", booking.visit_address or f"{shop.name}, {shop.district} {shop.address}")
    if not shop.is_on_site:
        event["geo"] = vGeo((shop.latitude, shop.longitude))
    event.add("description", _description(booking, url))
    event.add("url", url)
    event.add("status", "CANCELLED" if off else "CONFIRMED")
    event.add("transp", "TRANSPARENT" if off else "OPAQUE")
    if not off:
        event.add_component(_alarm(summary))
    return event


def _alarm(summary: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", -REMIND_BEFORE)
    return alarm


def _description(booking: Booking, url: str) -> str:
    lines = [
        _("Number %(number)s") % {"number": booking.number},
        _("%(price)s all in, paid at the shop") % {"price": format_fen(booking.total_fen)},
        booking.shop.phone,
        url,
    ]
    return "\n".join(line for line in lines if line)
