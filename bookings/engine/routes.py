"""The way of an on-site team from one customer to the next: which stops fit in between, and when each drive begins.

A team leaves the shop's own place when the shop opens and drives from stop to stop. Whoever is on the way is tied up:
each resource of a stop claims the drive to it. A stop put in between or taken away changes the drive to the next one,
so these claims are made anew (`claims.claim_ways`). A break is taken wherever the team is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from bookings.engine import slots
from bookings.engine.shop_time import TICKS_A_DAY, ShopTime, Stop, Unit
from bookings.engine.slots import ticks_for
from shops import routing
from shops.models import Shop
from shops.routing import Place


def starts(found: ShopTime, unit: Unit, place: Place | None, ticks: int, day: date) -> int:
    """The ticks of a local day at which the unit can begin a stop of `ticks` at `place`, drives included.

    A place that is not known yet is taken to be as far away as the team goes.
    """
    result = 0
    for leave, until, origin, ahead in _gaps(found, unit, day):
        begin = leave + drive_ticks(found.shop, origin, place)
        end = until if ahead is None else min(until, _be_gone_by(found.shop, place, until, ahead))
        result |= slots.span(begin, end - ticks + 1)
    # The time after the last stop reaches past midnight; a start there is the next day's, with that day's stops.
    midnight = found.midnight(day)
    return result & slots.fitting_starts(unit.free, ticks) & slots.span(midnight, midnight + TICKS_A_DAY)


def _be_gone_by(shop: Shop, place: Place | None, until: int, ahead: Sequence[Stop]) -> int:
    """The tick by which a stop at `place` must end for the drive to the next stop. With breaks in between, the drive
    comes after them: it fits there or it does not."""
    *breaks, following = ahead
    drive = drive_ticks(shop, place, following.place)
    if not breaks:
        return following.first - drive
    return until if breaks[-1].last + drive <= following.first else -1


def drives(found: ShopTime, unit: Unit, day: date) -> list[tuple[int, int]]:
    """The ticks of the drives to the unit's stops of a local day, as they are fetched: from, until.

    A drive that has become longer than the time there is (a stop before it was called off) begins when it can.
    """
    result, origin, free_from = [], _home(found.shop), 0
    for stop in _stops_of(found, unit, day):
        if stop.place is not None:
            first = stop.first - drive_ticks(found.shop, origin, stop.place)
            result.append((max(first, free_from), stop.first))
            origin = stop.place
        free_from = max(free_from, stop.last)
    return result


def drive_ticks(shop: Shop, start: Place | None, end: Place | None) -> int:
    """Ticks of a drive; for an unknown place, to the edge of the area (`service_radius_km`)."""
    known = start is not None and end is not None
    minutes = routing.minutes(start, end) if known else routing.minutes_for_km(shop.service_radius_km or 0)  # type: ignore[arg-type]
    return ticks_for(minutes) if minutes else 0


def _gaps(found: ShopTime, unit: Unit, day: date) -> Iterator[tuple[int, int, Place, Sequence[Stop] | None]]:
    """The times between stops and breaks: can leave from, until, coming from, and what lies ahead (`_ahead`)."""
    stops = _stops_of(found, unit, day)
    busy = 0
    for stop in stops:
        busy |= slots.span(stop.first, stop.last)
    working = found.open_ticks(day) & (unit.free | busy)
    if not working:
        return
    leave, origin = (working & -working).bit_length() - 1, _home(found.shop)
    for n, stop in enumerate(stops):
        yield leave, stop.first, origin, _ahead(stops[n:])
        leave, origin = max(leave, stop.last), stop.place or origin
    yield leave, found.midnight(day) + 2 * TICKS_A_DAY, origin, None


def _ahead(stops: Sequence[Stop]) -> Sequence[Stop] | None:
    """The breaks up to the next stop with a place, and that stop; None if there is no such stop."""
    number = next((n for n, stop in enumerate(stops) if stop.place is not None), None)
    return None if number is None else stops[: number + 1]


def _stops_of(found: ShopTime, unit: Unit, day: date) -> list[Stop]:
    start, end = found.midnight(day), found.midnight(day) + TICKS_A_DAY
    return [stop for stop in unit.stops if stop.last > start and stop.first < end]


def _home(shop: Shop) -> Place:
    return shop.latitude, shop.longitude
