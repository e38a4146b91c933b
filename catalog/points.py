"""A check point as a rule: what its value means. Pure; `catalog.models.CheckPoint` is the row it is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from catalog.choices import Direction, PointKind, Tone

MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Point:
    """A check point's threshold. A limit that is not known is None and gives no red (no yellow).

    `is_red_at_limit`: whether the limit itself is red (pads at 3 mm) or only what lies beyond (battery under 60 %).
    `limit_from`: the point that holds the limit of this very part (MIN TH on a brake disc); `yellow_at` is then the
    distance from it. `valid_months` and `valid_km`: how long a reading speaks for the car. `only_gets_worse`: a
    reading at its limit counts until the part is replaced, however old.
    """

    key: str
    kind: str = PointKind.MEASURE
    unit: str = ""
    direction: str = Direction.LOW_IS_BAD
    red_at: Decimal | None = None
    yellow_at: Decimal | None = None
    is_red_at_limit: bool = True
    lowest: Decimal = Decimal(0)
    highest: Decimal = Decimal(9999)
    limit_from: str = ""
    only_gets_worse: bool = False
    is_tested_before_winter: bool = False
    valid_months: int = 12
    valid_km: int = 10_000
    source: str = ""
    confidence: str = ""

    def is_sane(self, value: Decimal, *, on: date) -> bool:
        """Whether the value can be what an instrument showed on that day."""
        if not value.is_finite() or not self.lowest <= value <= self.highest:
            return False
        return self.kind != PointKind.DATE or age_months(value, on=on) is not None


def tone_of(point: Point, value: Decimal, *, on: date, limits: Mapping[str, Decimal] | None = None) -> Tone | None:
    """Red, yellow or green by the point's thresholds; None where it has none or the value cannot be right.

    `on` is the day for which a date of make is judged; `limits` are the values of points that hold others' limits.
    The yellow limit itself is yellow; whether the red limit itself is red is the point's `is_red_at_limit`.
    """
    if not point.is_sane(value, on=on):
        return None
    red, yellow = _limits(point, limits or {})
    if red is None and yellow is None:
        return None
    judged = Decimal(_age(value, on)) if point.kind == PointKind.DATE else value
    sign = 1 if point.direction == Direction.HIGH_IS_BAD else -1
    if red is not None and (sign * judged > sign * red or (judged == red and point.is_red_at_limit)):
        return Tone.RED
    if yellow is not None and sign * judged >= sign * yellow:
        return Tone.YELLOW
    # Between a red limit that is not red itself and no yellow one there is nothing to watch.
    return Tone.GREEN


def _limits(point: Point, limits: Mapping[str, Decimal]) -> tuple[Decimal | None, Decimal | None]:
    if point.limit_from:
        red = limits.get(point.limit_from)
        if red is None or point.yellow_at is None:
            return red, None
        distance = -point.yellow_at if point.direction == Direction.HIGH_IS_BAD else point.yellow_at
        return red, red + distance
    if point.kind == PointKind.DATE:
        return tuple(None if years is None else years * MONTHS_A_YEAR for years in (point.red_at, point.yellow_at))  # type: ignore[return-value]
    return point.red_at, point.yellow_at


def made_on(value: Decimal) -> date | None:
    """The Monday of the week that a tyre's date stands for: 2319 is week 23 of 2019. None if there is no such week.

    Four digits are used since 2000, so the year is one of this century.
    """
    if value != value.to_integral_value() or not 0 < value <= 9999:
        return None
    week, year = divmod(int(value), 100)
    try:
        return date.fromisocalendar(2000 + year, week, 1)
    except ValueError:
        return None


def age_months(value: Decimal, *, on: date) -> int | None:
    """Whole calendar months since a tyre was made; None for a date that does not exist or lies ahead."""
    made = made_on(value)
    if made is None or made > on:
        return None
    return (on.year - made.year) * MONTHS_A_YEAR + on.month - made.month - (on.day < made.day)


def badness(point: Point, value: Decimal) -> Decimal:
    """A number that is the greater the worse the value is: to compare readings of one point."""
    if point.kind == PointKind.DATE:
        made = made_on(value)
        return Decimal(-made.toordinal() if made else 0)
    return value if point.direction == Direction.HIGH_IS_BAD else -value


def _age(value: Decimal, on: date) -> int:
    return age_months(value, on=on) or 0
