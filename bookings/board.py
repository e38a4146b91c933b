"""What the shop's board shows of one day, read from the database. Reads only.

The number of queries depends neither on the number of visits nor of bays. `board_day` has the nouns, `board_layout`
puts them where they stand. Instants are UTC; a day is a day of the shop.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q, QuerySet

from bookings import board_layout as layout
from bookings.board_day import Card, Day
from bookings.board_looks import LOOKS
from bookings.choices import IN_SHOP, AllocationKind, Status
from bookings.models import Allocation, Booking, BookingEvent
from bookings.querysets import BookingQuerySet
from bookings.rules import is_overdue
from shops.choices import ResourceKind
from shops.models import Shop
from shops.opening import Opening


@dataclass(frozen=True)
class Happening:
    """An event of a visit in words: when, what, who, why, and the tone of what followed."""

    at: datetime
    when: str
    text: str
    who: str
    note: str
    tone: str


def load(*, shop: Shop, day: date, at: datetime) -> Day:
    """The board of a local day as it is at `at`. Six queries."""
    resources = list(shop.resources.in_use().order_by("position", "pk"))
    opening = Opening.of(shop).on(day, today=at.astimezone(shop.zone).date())
    start, end = bounds(shop, day)
    cards = [Card(booking, at) for booking in visits(shop=shop, day=day, at=at).for_card()]
    pauses = list(_pauses(shop, start, end))
    opens = layout.open_stretches(opening, shop.zone)
    window = layout.window_of(opens, cards, pauses, start, end, shop.zone)
    layout.mark_waiting(cards, at)
    places = [resource for resource in resources if resource.kind != ResourceKind.TECHNICIAN]
    people = [resource for resource in resources if resource.kind == ResourceKind.TECHNICIAN]
    closed = layout.closed_blocks(opens, window, opening)
    return Day(
        shop=shop,
        date=day,
        at=at,
        opening=opening,
        window=window,
        cards=cards,
        bays=layout.lanes_of(places, cards, pauses, window, closed) + layout.without_bay(cards, window),
        technicians=layout.lanes_of(people, cards, pauses, window, closed),
        people=[layout.doing(resource, cards, pauses, at) for resource in people],
        use=layout.use_of(places, cards, opens, at),
    )


def card(*, booking: Booking, at: datetime) -> Card:
    """One visit by itself, fetched with `for_card()`. One query more than that: whether the next visit waits."""
    alone = Card(booking, at)
    if is_overdue(booking, at=at):
        ids = [claim.resource_id for claim in alone.claims]
        _, ends = alone.occupies
        following = Allocation.objects.filter(resource__in=ids, during__startswith__gte=ends)
        alone.next_waits = following.filter(during__startswith__lte=at).exclude(booking=booking).exists()
    return alone


def history(booking: Booking) -> list[Happening]:
    """What happened to a visit, in order. One query."""
    return [_happening(event, booking) for event in booking.events.select_related("actor")]


def _happening(event: BookingEvent, booking: Booking) -> Happening:
    local = event.at.astimezone(booking.zone)
    same_day = local.date() == booking.local_start.date()
    text = event.get_kind_display()
    if isinstance(km := event.data.get("odometer_km"), int):
        text = f"{text} {km:,} km"
    who = event.actor.display_name if event.actor else event.get_actor_role_display()
    look = LOOKS.get(event.to_status)
    return Happening(
        event.at,
        f"{local:%H:%M}" if same_day else f"{local:%m-%d}",
        text,
        who,
        event.reason,
        look.tone if look else "mute",
    )


def visits(*, shop: Shop, day: date, at: datetime) -> BookingQuerySet:
    """The visits of a local day, in order of time: those that touch it, and today also every car still in the shop."""
    start, end = bounds(shop, day)
    wanted = Q(starts_at__lt=end, ends_at__gt=start)
    if start <= at < end:
        wanted |= Q(status__in=IN_SHOP)
    live_hold = Q(status=Status.HELD, hold_expires_at__gt=at)
    rows = Booking.objects.at_shop(shop).filter(wanted)
    return rows.filter(~Q(status__in=[Status.HELD, Status.EXPIRED]) | live_hold).order_by("starts_at", "pk")


def found(*, shop: Shop, text: str) -> BookingQuerySet:
    """Visits of the shop whose plate, number, name or telephone contains what was typed, the latest first."""
    text = text.strip()[:40].replace("\x00", "")
    bare = text.replace("·", "").replace(" ", "")
    wanted = Q(plate__icontains=bare) | Q(number__icontains=bare) | Q(contact_name__icontains=text)
    if sum(character.isdigit() for character in bare) >= 4:
        wanted |= Q(contact_phone__contains=bare.lstrip("+"))
    known = Booking.objects.at_shop(shop).exclude(status__in=[Status.HELD, Status.EXPIRED])
    return known.filter(wanted).order_by("-starts_at", "-pk") if bare else known.none()


def bounds(shop: Shop, day: date) -> tuple[datetime, datetime]:
    """From the local day's midnight to the next one."""
    return _midnight(shop.zone, day), _midnight(shop.zone, day + timedelta(days=1))


_MARKER = """
SELECT concat_ws('|',
  (SELECT string_agg(concat_ws(':', b.id, b.status, b.revision), ',' ORDER BY b.id)
     FROM bookings_booking b
    WHERE b.shop_id = %(shop)s
      AND ((b.starts_at < %(end)s AND b.ends_at > %(start)s) OR b.status = ANY(%(in_shop)s))),
  (SELECT string_agg(concat_ws(':', a.id, a.resource_id, a.during), ',' ORDER BY a.id)
     FROM bookings_allocation a JOIN shops_resource r ON r.id = a.resource_id
    WHERE r.shop_id = %(shop)s AND a.during && tstzrange(%(start)s, %(end)s)
      AND (a.held_until IS NULL OR a.held_until > %(at)s)))
"""


def marker(*, shop: Shop, day: date, at: datetime, reader: str = "") -> str:
    """An ETag that changes whenever the board of the day would look different to this `reader`. One query.

    The minute belongs to it because the now-line and lateness move; changes of hours and bays follow within it.
    """
    start, end = bounds(shop, day)
    with connection.cursor() as cursor:
        params: dict[str, Any] = {"shop": shop.pk, "start": start, "end": end, "at": at, "in_shop": list(IN_SHOP)}
        cursor.execute(_MARKER, params)
        (state,) = cursor.fetchone()
    facts = f"{day}|{at:%Y%m%d%H%M}|{reader}|{state}"
    return f'"{hashlib.sha256(facts.encode()).hexdigest()[:32]}"'


def _midnight(zone: ZoneInfo, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _pauses(shop: Shop, start: datetime, end: datetime) -> QuerySet[Allocation]:
    rows = Allocation.objects.filter(resource__shop=shop, during__overlap=(start, end)).order_by("during", "pk")
    return rows.exclude(kind=AllocationKind.WORK).select_related("resource")
