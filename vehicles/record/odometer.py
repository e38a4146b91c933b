"""The odometer curve of a car: which readings are believed, how far the car goes in a day, and where it will be. Pure.

A reading is questioned, never dropped and never overwritten: one mistyped figure must not move anything that is due.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from vehicles.limits import MAX_ODOMETER_KM

# Product decisions. Nobody drives more than 1,000 km day after day; a private car does not average more than 200 a day,
# so above that a figure that fits once its last digit is struck was typed with a digit too many.
MAX_KM_PER_DAY = 1_000
SUSPICIOUS_KM_PER_DAY = 200
# What the car did lately says more than what it did years ago; readings of a few days say little.
WINDOW = timedelta(days=730)
MIN_SPAN = timedelta(days=30)
MAX_FITTED = 120  # pairs grow with the square


class Doubt(StrEnum):
    """Why a reading is not believed."""

    FUTURE = "future"  # dated after today
    ROLLBACK = "rollback"  # below an earlier reading
    FACTOR_TEN = "factor_ten"  # a digit too many or too few
    JUMP = "jump"  # further than anybody drives in that time
    CORRECTED = "corrected"  # somebody looked again and said what is right


class Point(NamedTuple):
    """What an odometer showed on a day. `is_verified`: read by a shop. `is_corrected`: replaced by a later reading.
    A named tuple, for very many are made."""

    on: date
    km: int
    is_verified: bool = False
    is_corrected: bool = False
    sequence: int | None = None  # of the entry it comes from


@dataclass(frozen=True)
class Questioned:
    """A point that is not believed, and why."""

    point: Point
    doubt: Doubt


@dataclass(frozen=True)
class Rate:
    """Kilometres a day: the middle of what pairs of readings say, and the range of the middle half of them."""

    km_per_day: float
    low: float
    high: float


@dataclass(frozen=True)
class Projection:
    """Where the odometer will be on a day, with its range."""

    on: date
    km: int
    low_km: int
    high_km: int


@dataclass(frozen=True)
class Curve:
    """Believed points in order of time, questioned ones, and the car's own rate (None: not known yet)."""

    believed: tuple[Point, ...]
    questioned: tuple[Questioned, ...]
    rate: Rate | None

    @property
    def latest(self) -> Point | None:
        """The newest reading that is believed."""
        return self.believed[-1] if self.believed else None

    @cached_property
    def shown(self) -> frozenset[tuple[date, int]]:
        """Day and figure of every believed reading."""
        return frozenset((point.on, point.km) for point in self.believed)

    def at(self, day: date) -> Projection | None:
        """The odometer on a day at or after the newest reading; None if it or the rate is not known."""
        if self.latest is None or self.rate is None:
            return None
        days = max((day - self.latest.on).days, 0)
        low, middle, high = (
            min(self.latest.km + round(rate * days), MAX_ODOMETER_KM)
            for rate in (self.rate.low, self.rate.km_per_day, self.rate.high)
        )
        return Projection(on=day, km=middle, low_km=low, high_km=high)

    def day_of(self, km: int, per_day: float | None = None) -> date | None:
        """The day on which the car will have gone that far, at its own rate or at another one; None if it is not known
        or decades away."""
        pace = self.rate.km_per_day if per_day is None and self.rate is not None else per_day
        if self.latest is None or pace is None or pace <= 0:
            return None
        days = (km - self.latest.km) / pace
        return self.latest.on + timedelta(days=max(round(days), 0)) if days < 20_000 else None


def curve(points: Iterable[Point], *, today: date) -> Curve:
    """Sort readings into believed and questioned ones and fit the car's own rate."""
    candidates, questioned = [], []
    for point in sorted(set(points), key=lambda point: (point.on, point.km, point.sequence or 0)):
        if point.is_corrected:
            questioned.append(Questioned(point, Doubt.CORRECTED))
        elif point.on > today:
            questioned.append(Questioned(point, Doubt.FUTURE))
        else:
            candidates.append(point)
    believed = _longest_plausible(candidates)
    kept = {id(point) for point in believed}
    questioned += [Questioned(point, _doubt(point, believed)) for point in candidates if id(point) not in kept]
    questioned.sort(key=lambda row: (row.point.on, row.point.km))
    return Curve(tuple(believed), tuple(questioned), _rate(believed))


def contradicted(believed: Sequence[Point], point: Point) -> Point | None:
    """The believed reading next to `point`, before or after it, that cannot be right if `point` is; None if it fits."""
    place = bisect_right(believed, (point.on, point.km), key=lambda other: (other.on, other.km))
    if place and not _can_follow(believed[place - 1], point):
        return believed[place - 1]
    if place < len(believed) and not _can_follow(point, believed[place]):
        return believed[place]
    return None


def _longest_plausible(points: Sequence[Point]) -> list[Point]:
    """The heaviest sequence of readings that a car can have shown one after the other; a shop's weighs double.

    Of equally heavy ones it keeps the one with the lower end: a digit too many is typed more often than one too few.
    """
    if all(_can_follow(earlier, later) for earlier, later in pairwise(points)):
        return list(points)  # nothing is heavier than all of them
    best: list[int] = []
    peaks: list[int] = []  # the best up to there: where it is no better, looking further back is in vain
    before: list[int | None] = []
    for index, point in enumerate(points):
        weight, source = 0, None
        for earlier in range(index - 1, -1, -1):
            if peaks[earlier] <= weight:
                break
            if best[earlier] > weight and _can_follow(points[earlier], point):
                weight, source = best[earlier], earlier
        best.append(weight + (2 if point.is_verified else 1))
        peaks.append(max(peaks[-1], best[-1]) if peaks else best[-1])
        before.append(source)
    end: int | None = max(range(len(points)), key=lambda index: (best[index], -points[index].km, points[index].on))
    chosen = []
    while end is not None:
        chosen.append(points[end])
        end = before[end]
    return chosen[::-1]


def _can_follow(earlier: Point, later: Point) -> bool:
    more, days = later.km - earlier.km, (later.on - earlier.on).days
    if more < 0 or more > MAX_KM_PER_DAY * (days + 1):
        return False
    is_digit_too_many = later.km // 10 >= earlier.km and more > SUSPICIOUS_KM_PER_DAY * (days + 1)
    return not (is_digit_too_many and earlier.km > 0)


def _doubt(point: Point, believed: Sequence[Point]) -> Doubt:
    """Why a reading does not fit between those that are believed."""
    earlier = next((other for other in reversed(believed) if other.on <= point.on), None)
    later = next((other for other in believed if other.on >= point.on), None)
    for other_km in (point.km // 10, point.km * 10):
        if _fits(Point(point.on, other_km), earlier, later) and (earlier or later):
            return Doubt.FACTOR_TEN
    return Doubt.ROLLBACK if earlier is not None and point.km < earlier.km else Doubt.JUMP


def _fits(point: Point, earlier: Point | None, later: Point | None) -> bool:
    """Whether a reading would fit; where the last digit is not known, ten kilometres either way do."""
    slack = Point(point.on, point.km + 9)
    return (earlier is None or _can_follow(earlier, slack)) and (later is None or _can_follow(point, later))


def _rate(believed: Sequence[Point]) -> Rate | None:
    """The median of the slopes between all pairs of readings of the last two years (Theil and Sen), with quartiles.

    One odd reading moves it little. Older readings join where the last two years have too few.
    """
    if not believed:
        return None
    recent = [point for point in believed if point.on >= believed[-1].on - WINDOW]
    slopes = _slopes(recent) or _slopes(believed)
    if not slopes:
        return None
    slopes.sort()
    quarter = len(slopes) // 4
    return Rate(km_per_day=median(slopes), low=slopes[quarter], high=slopes[-1 - quarter])


def _slopes(points: Sequence[Point]) -> list[float]:
    fitted = [(point.on.toordinal(), point.km) for point in points[-MAX_FITTED:]]
    shortest = MIN_SPAN.days
    return [
        (later_km - km) / days
        for index, (day, km) in enumerate(fitted)
        for later_day, later_km in fitted[index + 1 :]
        if (days := later_day - day) >= shortest
    ]
