"""Visits as calendar data (iCalendar, RFC 5545 and 5546): the file of one visit, and what feeds are made of.

All times are written in UTC, so that no calendar needs to know a zone's rules.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Alarm, Calendar, Event, vCalAddress, vGeo, vText

from bookings.choices import Status
from bookings.models import Booking
from core.money import format_fen

REMIND_BEFORE = timedelta(hours=2)
# How often a calendar should ask for a feed (product decision); it asks when it likes.
REFRESH = timedelta(hours=1)

OFF = (Status.CANCELLED, Status.NO_SHOW, Status.EXPIRED)
TENTATIVE = (Status.HELD, Status.REQUESTED)


@dataclass(frozen=True, slots=True)
class Entry:
    """One event of a calendar. Times UTC; `uid` stays the same for life, `sequence` grows with each change.

    `changed_at` is None where nobody wrote down when it was made. `position` is latitude and longitude (WGS-84).
    `day`: it stands on that whole day, on whatever wall, and takes up no time of it; the times say nothing then.
    """

    uid: str
    sequence: int
    starts_at: datetime
    ends_at: datetime
    summary: str
    status: str
    changed_at: datetime | None = None
    description: str = ""
    location: str = ""
    position: tuple[float, float] | None = None
    url: str = ""
    organizer: str = ""
    reminds: bool = False
    day: date | None = None
    categories: tuple[str, ...] = ()


def calendar_file(booking: Booking, *, url: str, at: datetime) -> bytes:
    """The visit as one event; a visit that will not happen is METHOD:CANCEL, which takes it out of the calendar.

    `url` is the visit's page, `at` the present. One query besides what `for_card()` has at hand.
    """
    changed_at = booking.events.order_by("-at", "-pk").values_list("at", flat=True).first()
    method = "CANCEL" if booking.status in OFF else "PUBLISH"
    return render([visit_entry(booking, url=url, changed_at=changed_at)], method=method, stamp=at)


def visit_entry(booking: Booking, *, url: str, changed_at: datetime | None) -> Entry:
    """A visit as its owner's calendar shows it, in the active language. Needs shop, city and services at hand."""
    shop = booking.shop
    is_off = booking.status in OFF
    return Entry(
        uid=uid_of(booking.public_id),
        sequence=booking.revision,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        summary=_("%(service)s at %(shop)s") % {"service": booking.title, "shop": shop.name},
        status=status_of(booking),
        changed_at=changed_at or booking.created_at,
        description=_description(booking, url),
        location=booking.visit_address or f"{shop.name}, {shop.district} {shop.address}",
        position=None if booking.visit_address or shop.is_on_site else (shop.latitude, shop.longitude),
        url=url,
        organizer=shop.name,
        reminds=not is_off,
    )


def uid_of(name: str) -> str:
    """A name of ours as an identifier for the whole world."""
    return f"{name}@{urlsplit(settings.SITE_URL).hostname}"


def status_of(booking: Booking) -> str:
    """TENTATIVE until the shop has said yes, CANCELLED once it will not happen."""
    if booking.status in OFF:
        return "CANCELLED"
    return "TENTATIVE" if booking.status in TENTATIVE else "CONFIRMED"


def render(
    entries: Iterable[Entry], *, method: str = "", name: str = "", zone: str = "", stamp: datetime | None = None
) -> bytes:
    """A calendar of `entries`. With a `method` it is a message about them, stamped with the time it was made; without
    one it is a feed called `name`, in which each entry is stamped with its own last change.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//CarKeeper//Visits//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    if method:
        calendar.add("method", method)
    else:
        calendar.add("name", name)
        calendar.add("x-wr-calname", name)
        calendar.add("x-wr-timezone", zone)
        calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", "PT1H")
    for entry in entries:
        calendar.add_component(_event(entry, stamp))
    data: bytes = calendar.to_ical()
    return data


def _event(entry: Entry, stamp: datetime | None) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", stamp or entry.changed_at or entry.starts_at)
    # A date without a time is that day for whoever looks; it ends when the next one begins.
    event.add("dtstart", entry.day or entry.starts_at)
    event.add("dtend", entry.day + timedelta(days=1) if entry.day else entry.ends_at)
    event.add("summary", entry.summary)
    event.add("status", entry.status)
    event.add("transp", "TRANSPARENT" if entry.status == "CANCELLED" or entry.day else "OPAQUE")
    if entry.changed_at:
        event.add("last-modified", entry.changed_at)
    for field in ("location", "description", "url"):
        if text := getattr(entry, field):
            event.add(field, text)
    if entry.categories:
        event.add("categories", list(entry.categories))
    if entry.position:
        event["geo"] = vGeo(entry.position)
    if entry.organizer:
        event["organizer"] = _organizer(entry.organizer)
    if entry.reminds:
        event.add_component(_alarm(entry.summary))
    return event


def _organizer(name: str) -> vCalAddress:
    # RFC 5546 wants one in every published event. Shops have no mailbox of their own here.
    address = vCalAddress(f"mailto:{parseaddr(settings.DEFAULT_FROM_EMAIL)[1]}")
    address.params["cn"] = vText(name.replace('"', "'"))
    return address


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
