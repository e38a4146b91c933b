"""The day on which a car reaches so many kilometres, with a range; and the kilometres of a day. Pure.

Nothing is moved to today: what was reached in the past stays on its day in the past, and what the car should have
reached by now although nobody has read the odometer since does so too.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from math import sqrt

from vehicles.limits import MAX_ODOMETER_KM
from vehicles.record.odometer import Curve, Point, Rate
from vehicles.record.season import Season

# Product decisions. Two readings are one slope, which says nothing of how much the car's pace changes: it may be off by
# three tenths, and by less the more readings there are. It may be off by more the further it is carried on beyond the
# time that was seen.
SPREAD_OF_ONE_SLOPE = 0.3
MAX_DAYS = 20_000  # decades away nothing is known
_LAST_DAY = date.max.toordinal()


class Basis(StrEnum):
    """What a day stands on."""

    OWN = "own"  # the car's own readings
    PRIOR = "prior"  # what cars of its class do


@dataclass(frozen=True, slots=True)
class Projected:
    """The day on which the kilometres are reached: `earliest` ≤ `on` ≤ `latest`."""

    on: date
    earliest: date
    latest: date
    basis: Basis = Basis.OWN


def project(curve: Curve, km: int, *, prior: Rate | None = None, season: Season | None = None) -> Projected | None:
    """When the car reaches `km`: between two believed readings by the straight line, beyond the last one at the car's
    own rate with the range of its own slopes, or at the `prior` of its class where it has no rate of its own.

    None where there is no reading to start from, no rate, a rate of nothing, or the day is decades away. `season`
    spreads the own rate over the year (`season.season_of`); a prior has none.
    """
    latest = curve.latest
    if latest is None:
        return None
    if km <= latest.km:
        return _passed(curve.believed, km)
    basis = Basis.PRIOR if curve.rate is None else Basis.OWN
    rate = curve.rate or prior
    if rate is None or rate.km_per_day <= 0:
        return None
    more = km - latest.km
    days = more / rate.km_per_day
    if days >= MAX_DAYS:
        return None
    off = 1.0 if basis == Basis.PRIOR else 1 + _spread(curve, days)
    soonest = more / (max(rate.high, rate.km_per_day) * off)
    slow = min(rate.low, rate.km_per_day)
    longest = min(more * off / slow, MAX_DAYS) if slow > 0 else MAX_DAYS
    if season is not None and basis == Basis.OWN:
        soonest, days, longest = (season.days(latest.on, plain) for plain in (soonest, days, longest))
    first, middle, last = (_after(latest.on, count) for count in (soonest, days, longest))
    return Projected(middle, first, last, basis)


def km_on(curve: Curve, day: date, *, prior: Rate | None = None) -> int | None:
    """What the odometer showed about a day: between two believed readings by the straight line, before and after them
    at the car's own rate or else at the `prior` of its class. None without a reading, or without a rate where it takes
    one."""
    known = curve.believed
    place = bisect_right(known, day, key=lambda point: point.on)
    if 0 < place < len(known):
        earlier, later = known[place - 1], known[place]
        share = (day - earlier.on) / (later.on - earlier.on)
        return earlier.km + round((later.km - earlier.km) * share)
    if not known:
        return None
    nearest, rate = known[place - 1 if place else 0], curve.rate or prior
    if nearest.on == day:
        return nearest.km
    if rate is None:
        return None
    return min(max(nearest.km + round(rate.km_per_day * (day - nearest.on).days), 0), MAX_ODOMETER_KM)


def _spread(curve: Curve, days: float) -> float:
    """By which part the own rate may be off, `days` beyond the last reading."""
    known = curve.believed
    seen = max((known[-1].on - known[0].on).days, 1)
    return SPREAD_OF_ONE_SLOPE / sqrt(max(len(known) - 1, 1)) * sqrt(1 + days / seen)


def _passed(believed: tuple[Point, ...], km: int) -> Projected:
    """The day between the reading before and the one that shows so much; the first reading's where it shows more."""
    place = bisect_left(believed, km, key=lambda point: point.km)
    later = believed[place]
    if place == 0 or later.km == km:
        return Projected(later.on, later.on, later.on)
    earlier = believed[place - 1]
    share = (km - earlier.km) / (later.km - earlier.km)
    on = earlier.on + timedelta(days=round((later.on - earlier.on).days * share))
    return Projected(on, earlier.on, later.on)


def _after(day: date, days: float) -> date:
    return date.fromordinal(min(day.toordinal() + round(days), _LAST_DAY))
