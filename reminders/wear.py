"""How the measured parts of a car wear: their readings, their limit, and when they get there. Pure.

When one gets there is the plan's own trend, with its range (`catalog.needs.trends`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from catalog.advice import measured
from catalog.advice.belief import Story
from catalog.advice.facts import Item
from catalog.advice.loading import Adviser
from catalog.choices import Direction, PointKind
from catalog.models import CheckPoint
from catalog.needs.shape import Span, Trend
from catalog.needs.trends import span as trend_span
from catalog.needs.trends import trends
from catalog.points import Point, badness, made_on

DAYS_A_YEAR = Decimal("365.25")


@dataclass(frozen=True, slots=True)
class Taken:
    """A value on a day: measured, or the years of a part that ages."""

    on: date
    value: Decimal


@dataclass(frozen=True, slots=True)
class Wear:
    """A part that is in the car now. `taken`: its values, the oldest first. `end`: when it reaches its limit, with its
    range; days in the past stay there; None: the values do not say (yet)."""

    point: CheckPoint
    service: str
    taken: tuple[Taken, ...]
    limit: Decimal
    unit: str
    is_low_bad: bool
    end: Span | None
    is_age: bool = False

    @property
    def newest(self) -> Taken:
        return self.taken[-1]

    @property
    def is_at_limit(self) -> bool:
        """Whether the newest value has reached it."""
        return self.newest.value <= self.limit if self.is_low_bad else self.newest.value >= self.limit


def parts(adviser: Adviser) -> list[Wear]:
    """Of each group of points the part that ends first, what ends first in front; nothing of points without a limit."""
    worst: dict[str, Wear] = {}
    for one in _all(adviser):
        group = one.point.group or one.point.key
        if group not in worst or _order(one) < _order(worst[group]):
            worst[group] = one
    return sorted(worst.values(), key=_order)


def _order(one: Wear) -> tuple[bool, date, Decimal, str]:
    """At its limit, then by the day of its end, then by how far the limit still is."""
    far = badness_of(one, one.limit) - badness_of(one, one.newest.value)
    return not one.is_at_limit, one.end.on if one.end else date.max, far, one.point.key


def badness_of(one: Wear, value: Decimal) -> Decimal:
    return -value if one.is_low_bad else value


def _all(adviser: Adviser) -> Iterator[Wear]:
    book, story = adviser.book, adviser.story
    for key, item in book.items.items():
        if not book.services[key].is_listed:
            continue
        found = {trend.point: trend for trend in trends(item, story)} if item.points else {}
        for point in item.points:
            if (one := _wear(book.points[point.key], point, item, story, found.get(point.key))) is not None:
                yield one


def _wear(row: CheckPoint, point: Point, item: Item, story: Story, trend: Trend | None) -> Wear | None:
    readings, limit = measured.of_this_part(point, item, story)
    if not readings or limit is None:
        return None
    if point.kind == PointKind.DATE:
        return _ageing(row, point, item, story, readings[-1].value)
    if point.kind != PointKind.MEASURE:
        return None
    taken = _one_a_day(point, [Taken(reading.on, reading.value) for reading in readings])
    is_low_bad = point.direction == Direction.LOW_IS_BAD
    end = trend_span(trend, story) if trend else None
    return Wear(row, item.key, taken, limit, point.unit, is_low_bad, end)


def _ageing(row: CheckPoint, point: Point, item: Item, story: Story, value: Decimal) -> Wear | None:
    """A part whose years are counted from the day it was made: there is nothing to guess."""
    made = made_on(value)
    limit = point.red_at
    if made is None or limit is None or made > story.today:
        return None
    too_old_on = made + timedelta(days=int(limit * DAYS_A_YEAR))
    years = Decimal((story.today - made).days) / DAYS_A_YEAR
    taken = (Taken(made, Decimal(0)), Taken(story.today, years.quantize(Decimal("0.1"))))
    end = Span(too_old_on, too_old_on, too_old_on)
    return Wear(row, item.key, taken, limit, "", is_low_bad=False, end=end, is_age=True)


def _one_a_day(point: Point, taken: Iterable[Taken]) -> tuple[Taken, ...]:
    """Of two values of one day the worse one, as the advice takes it."""
    by_day: dict[date, Taken] = {}
    for one in taken:
        known = by_day.get(one.on)
        if known is None or badness(point, one.value) > badness(point, known.value):
            by_day[one.on] = one
    return tuple(by_day[day] for day in sorted(by_day))
