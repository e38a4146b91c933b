"""How a car's kilometres are spread over the year, where its own readings tell. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from vehicles.record.odometer import Curve, Point

# The rule (product decision): the believed readings span two years at least, and every month of the year has lain, in
# two different years, between readings no further apart than two months, with twenty days of it or more each time.
MIN_SPAN_DAYS = 730
MAX_STRETCH_DAYS = 62
MIN_DAYS_A_MONTH = 20
MIN_YEARS = 2
# Two years tell half of the truth about a month, four years two thirds.
SHRINK = 2
LOWEST, HIGHEST = 0.5, 2.0
# February has 28 and a quarter days, so that four years are as long as four years.
_LENGTHS = (31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
DAYS_A_YEAR = sum(_LENGTHS)


@dataclass(frozen=True, slots=True)
class Season:
    """For each month, January first, how many kilometres of a plain day one of its days brings; 1 over a whole year."""

    factors: tuple[float, ...]

    def days(self, start: date, plain: float) -> float:
        """How many days from `start` on bring what `plain` days at the plain rate would. Never decreasing in `plain`;
        whole years are whole years."""
        years, rest = divmod(plain, DAYS_A_YEAR)
        whole, day = years * DAYS_A_YEAR, start
        while True:
            factor = self.factors[day.month - 1]
            length = _days_left(day)
            if rest <= length * factor:
                return whole + rest / factor
            rest -= length * factor
            whole += length
            day = _first_of_next(day)


def _days_left(day: date) -> float:
    """Of the month, this day included; every February is as long as the mean one, or a leap year would be none."""
    return _LENGTHS[day.month - 1] - (day.day - 1)


def _first_of_next(day: date) -> date:
    return date(day.year, day.month + 1, 1) if day.month < 12 else date(day.year + 1, 1, 1)


def season_of(curve: Curve) -> Season | None:
    """The factors of the months by the car's own believed readings, shrunk towards 1; None where they do not tell."""
    believed = curve.believed
    if len(believed) < 2 or (believed[-1].on - believed[0].on).days < MIN_SPAN_DAYS:
        return None
    months = _by_month(believed)
    years = [sum(1 for year_days, _ in month.values() if year_days >= MIN_DAYS_A_MONTH) for month in months]
    if min(years) < MIN_YEARS:
        return None
    days = [sum(one for one, _ in month.values()) for month in months]
    paces = [sum(km for _, km in month.values()) / count for month, count in zip(months, days, strict=True)]
    mean = sum(pace * length for pace, length in zip(paces, _LENGTHS, strict=True)) / DAYS_A_YEAR
    if mean <= 0:
        return None
    shrunk = [
        min(max(1 + (pace / mean - 1) * count / (count + SHRINK), LOWEST), HIGHEST)
        for pace, count in zip(paces, years, strict=True)
    ]
    whole = sum(factor * length for factor, length in zip(shrunk, _LENGTHS, strict=True)) / DAYS_A_YEAR
    return Season(tuple(factor / whole for factor in shrunk))


def _by_month(believed: Sequence[Point]) -> list[dict[int, tuple[int, float]]]:
    """For each month its days and kilometres in each year, those between two readings spread evenly."""
    months: list[dict[int, tuple[int, float]]] = [{} for _ in _LENGTHS]
    for earlier, later in pairwise(believed):
        length = (later.on - earlier.on).days
        if not 0 < length <= MAX_STRETCH_DAYS:
            continue
        pace, day = (later.km - earlier.km) / length, earlier.on
        while day < later.on:
            until = min(_first_of_next(day), later.on)
            known_days, known_km = months[day.month - 1].get(day.year, (0, 0.0))
            count = (until - day).days
            months[day.month - 1][day.year] = (known_days + count, known_km + count * pace)
            day = until
    return months
