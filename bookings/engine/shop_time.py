"""What is known of shops' time for some days: who and what they have, when they are open, what is claimed.

One query for any number of shops, days and bookings. Times become ticks of five minutes counted from a common `base`
some hours before the first day, so that a claim can begin before its visit.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from bookings.engine import slots
from bookings.engine.slots import TICK_SECONDS
from bookings.models import MAX_CLAIM
from shops import calendar
from shops.choices import Day
from shops.models import Shop

# Claims that begin before a visit (preparing the bay, a driver's way to the customer) need ticks before midnight.
PAD_TICKS = 60
TICKS_A_DAY = 86_400 // TICK_SECONDS


class Stop(NamedTuple):
    """Where an on-site team is, from tick to tick; without a place it is a break."""

    first: int
    last: int
    place: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Unit:
    """A resource with the ticks at which it is free. `stops` only for on-site teams, whose way from one customer to
    the next is not in `free` but worked out (`bookings.engine.routes`)."""

    pk: int
    kind: str
    capabilities: frozenset[str]
    free: int
    stops: tuple[Stop, ...] = ()


@dataclass(slots=True)
class ShopTime:
    """One shop's facts for local days from `first` up to, not including, `last`."""

    shop: Shop
    base: int
    first: date
    last: date
    units: list[Unit] = field(default_factory=list)
    hours: tuple[calendar.Hours, ...] = ()
    closures: tuple[calendar.ClosedDays, ...] = ()
    off_peak: tuple[tuple[int, time, time, int], ...] = ()
    _open: dict[date, int] = field(default_factory=dict)

    def facts(self, day: date) -> calendar.Facts:
        return {
            "hours": self.hours,
            "closures": self.closures,
            "policy": self.shop.holiday_policy,
            "works_makeup_days": self.shop.works_makeup_days,
            "country": self.shop.city.country,
            "date": day,
        }

    def midnight(self, day: date) -> int:
        """The tick with which a local day begins."""
        return (_midnight(self.shop.city.timezone, day) - self.base) // TICK_SECONDS

    def open_ticks(self, day: date) -> int:
        """The ticks of a local day at which the shop is open."""
        if day not in self._open:
            intervals = calendar.utc_intervals(**self.facts(day), zone=self.shop.zone)
            seconds = [(int(start.timestamp()), int(end.timestamp())) for start, end in intervals]
            self._open[day] = slots.inside(seconds, self.base)
        return self._open[day]

    def tick(self, moment: datetime) -> tuple[int, int]:
        """The tick of a moment, and the seconds by which it is past it."""
        return divmod(int(moment.timestamp()) - self.base, TICK_SECONDS)

    def moment(self, tick: int) -> datetime:
        return datetime.fromtimestamp(self.base + tick * TICK_SECONDS, UTC)


@lru_cache(maxsize=8192)
def _midnight(timezone: str, day: date) -> int:
    """Epoch seconds of the start of a local day."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(timezone)).timestamp())


# One row for each shop, everything of it as one JSON text: the cheapest way to bring many small numbers into Python.
# Claims are read from the index of starts alone: none is longer than MAX_CLAIM, so none that matters starts earlier.
_FACTS = """
SELECT shop.id, json_build_array(
    (SELECT json_agg(json_build_array(r.id, r.kind, r.capabilities, {claims}, {shifts}, {stops}) ORDER BY r.id)
     FROM shops_resource r WHERE r.shop_id = shop.id AND r.is_active),
    (SELECT json_agg(json_build_array(h.day, h.opens_at, h.closes_at) ORDER BY h.day, h.opens_at)
     FROM shops_openinghours h WHERE h.shop_id = shop.id),
    (SELECT json_agg(json_build_array(c.first_date, c.last_date, c.reason) ORDER BY c.first_date)
     FROM shops_closure c
     WHERE c.shop_id = shop.id AND c.last_date >= %(first)s AND c.first_date <= %(last)s),
    (SELECT json_agg(json_build_array(o.day, o.starts_at, o.ends_at, o.percent) ORDER BY o.day, o.starts_at)
     FROM shops_offpeak o WHERE o.shop_id = shop.id)
)::text
FROM unnest(%(shops)s) AS shop(id)
"""
_CLAIMED = """a.resource_id = r.id AND lower(a.during) > %(earliest)s AND lower(a.during) < %(end)s
    AND upper(a.during) > %(start)s AND (a.held_until IS NULL OR a.held_until > %(at)s)
    AND (a.booking_id IS NULL OR a.booking_id <> ALL(%(ignore)s))"""
# First tick and tick after the last, as one number: floor and ceiling of the distance from `base`.
_CLAIM_TICKS = """(SELECT array_agg(
        greatest((extract(epoch FROM lower(a.during))::bigint - %(base)s) / 300, 0) * 1048576
        + (extract(epoch FROM upper(a.during))::bigint - %(base)s + 299) / 300)
     FROM bookings_allocation a WHERE {claimed})"""
_SHIFTS = """(SELECT json_agg(json_build_array(s.day, s.starts_at, s.ends_at) ORDER BY s.day, s.starts_at)
     FROM shops_shift s WHERE s.resource_id = r.id)"""
_STOPS = """(SELECT json_agg(json_build_array(
        extract(epoch FROM lower(a.during))::bigint, extract(epoch FROM upper(a.during))::bigint,
        b.visit_latitude, b.visit_longitude) ORDER BY lower(a.during))
     FROM bookings_allocation a LEFT JOIN bookings_booking b ON b.id = a.booking_id
     WHERE a.kind <> 'travel' AND {claimed})"""
_OF_SHOPS = _FACTS.format(claims=_CLAIM_TICKS.format(claimed=_CLAIMED), shifts=_SHIFTS, stops="NULL")
# On-site teams: the ways between stops are claims too, but the next visit may change them, so they do not count here.
_BUT_TRAVEL = _CLAIM_TICKS.format(claimed="a.kind <> 'travel' AND " + _CLAIMED)
_OF_TEAMS = _FACTS.format(claims=_BUT_TRAVEL, shifts=_SHIFTS, stops=_STOPS.format(claimed=_CLAIMED))


def fetch(
    shops: Sequence[Shop], first: date, last: date, *, at: datetime, ignore: Sequence[int] = ()
) -> dict[int, ShopTime]:
    """The facts of many shops, by shop id, for local days from `first` up to, not including, `last`.

    `ignore` leaves out the claims of some visits (their ids): those that are being moved. One query, two where some of
    the shops are on-site teams.
    """
    base = min(_midnight(shop.city.timezone, first) for shop in shops) - PAD_TICKS * TICK_SECONDS
    # A day more: work that starts late may claim time after midnight, and cars may wait.
    end = max(_midnight(shop.city.timezone, last) for shop in shops) + 86_400
    found = {shop.pk: ShopTime(shop, base, first, last) for shop in shops}
    start = datetime.fromtimestamp(base, UTC)
    params: dict[str, Any] = {
        "base": base,
        "start": start,
        "earliest": start - MAX_CLAIM - timedelta(seconds=1),
        "end": datetime.fromtimestamp(end, UTC),
        "at": at,
        "first": first,
        "last": last,
        "ignore": list(ignore) or [-1],
    }
    whole = slots.span(0, (end - base) // TICK_SECONDS)
    for sql, is_on_site in ((_OF_SHOPS, False), (_OF_TEAMS, True)):
        ids = [shop.pk for shop in shops if shop.is_on_site is is_on_site]
        if ids:
            with connection.cursor() as cursor:
                cursor.execute(sql, params | {"shops": ids})
                for pk, text in cursor.fetchall():
                    _fill(found[pk], json.loads(text), whole)
    return found


def _fill(found: ShopTime, facts: list[Any], whole: int) -> None:
    units, hours, closures, off_peak = facts
    found.hours = tuple((day, _time(opens), _time(closes)) for day, opens, closes in hours or ())
    found.closures = tuple(
        calendar.ClosedDays(date.fromisoformat(first), date.fromisoformat(last), reason)
        for first, last, reason in closures or ()
    )
    found.off_peak = tuple((day, _time(start), _time(end), percent) for day, start, end, percent in off_peak or ())
    for pk, kind, capabilities, claims, shifts, stops in units or ():
        free = whole & ~_taken(claims or ())
        if shifts:
            free &= _on_shift(found, tuple((day, _time(start), _time(end)) for day, start, end in shifts))
        of_team = _stops(stops, found.base) if stops else ()
        found.units.append(Unit(pk, kind, frozenset(capabilities), free, of_team))
    # The least capable first, so that rare equipment stays free.
    found.units.sort(key=lambda unit: (len(unit.capabilities), unit.pk))


def _taken(claims: Sequence[int]) -> int:
    ticks = 0
    for packed in claims:
        # `slots.span`, written out: a search comes through here for every claim of fifty shops.
        first, last = packed >> 20, packed & 0xFFFFF
        if last > first:
            ticks |= ((1 << (last - first)) - 1) << first
    return ticks


def _on_shift(found: ShopTime, shifts: tuple[calendar.Hours, ...]) -> int:
    """The ticks at which somebody with these shifts works, on all days of the facts and the day after."""
    ticks, day = 0, found.first
    while day <= found.last:
        facts = found.facts(day)
        facts["hours"] = shifts
        intervals = calendar.utc_intervals(**facts, zone=found.shop.zone)
        ticks |= slots.inside([(int(a.timestamp()), int(b.timestamp())) for a, b in intervals], found.base)
        day += timedelta(days=1)
    return ticks


def _stops(rows: Sequence[Any], base: int) -> tuple[Stop, ...]:
    return tuple(
        Stop(
            (start - base) // TICK_SECONDS,
            -((base - end) // TICK_SECONDS),
            None if latitude is None else (latitude, longitude),
        )
        for start, end, latitude, longitude in rows
    )


@lru_cache(maxsize=512)
def _time(text: str) -> time:
    return time.fromisoformat(text)


def day_of_rules(found: ShopTime, day: date) -> int:
    """The `Day` whose rules bind on a local date: the weekday, or Day.HOLIDAY on a public holiday."""
    kind = calendar.day_kind(day, found.shop.city.country)
    return Day.HOLIDAY if kind.is_holiday else Day(day.isoweekday())
