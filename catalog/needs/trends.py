"""Measurements of a part carried on until its limit. Pure.

Two readings are needed, far enough apart to say more than the instrument's error. Wear (mm) goes by kilometres where
those of the readings are believed and the car's rate is known, everything else by days.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from math import sqrt
from statistics import median

from catalog.advice import measured
from catalog.advice.belief import Story
from catalog.advice.dates import MONTHS_A_YEAR, add_days, add_months
from catalog.advice.facts import Item, Measurement
from catalog.choices import Direction, PointKind
from catalog.needs.shape import Span, Trend
from catalog.points import Point, made_on
from vehicles.record.odometer import Projection
from vehicles.record.projection import SPREAD_OF_ONE_SLOPE

# Product decisions: over less than this two readings differ by the hand that held the gauge.
MIN_SPAN_KM = 1_000
MIN_SPAN_DAYS = 30
MAX_DAYS = 20_000  # beyond half a century a line through two readings says nothing


def trends(item: Item, story: Story) -> list[Trend]:
    """Each of the item's points that will reach its limit, the soonest first; never a day that is over."""
    known = [point for point in item.points if point.key in story.readings]
    found = [trend for point in known if (trend := _trend(point, item, story)) is not None]
    return sorted(found, key=lambda trend: (trend.on, trend.point))


def span(trend: Trend, story: Story) -> Span:
    """The trend's own day with its range, in the past too. The slope of a few readings may be off by as much as a rate
    of a few (`vehicles.record.projection`); where it goes by kilometres the range of the car's own rate comes on top.
    Years are counted and have no range."""
    on, start = trend.true_on, trend.measured_on
    if trend.readings == 1:
        return Span(on, on, on)
    off = 1 + SPREAD_OF_ONE_SLOPE / sqrt(trend.readings - 1)
    reached = story.reached(trend.km) if trend.by_km and trend.km is not None else None
    soonest, latest = (reached.earliest, reached.latest) if reached else (on, on)
    first = start + timedelta(days=max(int((soonest - start).days / off), 0))
    return Span(on, min(first, on), max(add_days(start, int((latest - start).days * off)), on))


def km_on(story: Story, day: date) -> int | None:
    """The odometer on a day at the car's own rate; None where that is not known."""
    projection: Projection | None = story.curve.at(day) if story.km is not None else None
    return projection.km if projection else None


def _trend(point: Point, item: Item, story: Story) -> Trend | None:
    readings, limit = measured.of_this_part(point, item, story)
    if not readings or limit is None:
        return None
    if point.kind == PointKind.DATE:
        return _by_age(point, readings[-1], limit, story)
    if point.kind != PointKind.MEASURE:
        return None
    return _by_km(point, readings, limit, story) or _by_days(point, readings, limit, story)


def _by_age(point: Point, taken: Measurement, limit: Decimal, story: Story) -> Trend | None:
    """A tyre's years are counted, not measured."""
    made = made_on(taken.value)
    if made is None:
        return None
    too_old_on = add_months(made, int(limit) * MONTHS_A_YEAR)
    on = max(story.today, too_old_on)
    km = km_on(story, on)
    return Trend(point.key, taken.value, "", limit, taken.on, on, km, by_km=False, readings=1, true_on=too_old_on)


def _by_km(point: Point, readings: list[Measurement], limit: Decimal, story: Story) -> Trend | None:
    if point.unit != "mm" or story.curve.rate is None or story.km is None:
        return None
    known = [taken for taken in readings if (taken.on, taken.km) in story.curve.shown]
    steps = _steps_to(point, [(taken.km or 0, taken.value) for taken in known], limit, MIN_SPAN_KM)
    if steps is None:
        return None
    km = (known[-1].km or 0) + steps
    reached = story.reached(km)
    if reached is None:
        return None
    on = story.today if km <= story.km else max(story.today, reached.on)
    last = known[-1]
    return Trend(
        point.key, last.value, point.unit, limit, last.on, on, km, by_km=True, readings=len(known), true_on=reached.on
    )


def _by_days(point: Point, readings: list[Measurement], limit: Decimal, story: Story) -> Trend | None:
    steps = _steps_to(point, [(taken.on.toordinal(), taken.value) for taken in readings], limit, MIN_SPAN_DAYS)
    if steps is None:
        return None
    last = readings[-1]
    reached_on = add_days(last.on, steps)
    on = max(story.today, reached_on)
    return Trend(
        point=point.key,
        value=last.value,
        unit=point.unit,
        limit=limit,
        measured_on=last.on,
        on=on,
        km=km_on(story, on),
        by_km=False,
        readings=len(readings),
        true_on=reached_on,
    )


def _steps_to(point: Point, series: list[tuple[int, Decimal]], limit: Decimal, min_span: int) -> int | None:
    """Kilometres or days from the last reading to the limit, along the median slope between the readings; None where
    they are too near to each other or do not get worse."""
    sign = 1 if point.direction == Direction.HIGH_IS_BAD else -1
    slopes = [
        sign * (later - earlier) / (at - before)
        for index, (before, earlier) in enumerate(series)
        for at, later in series[index + 1 :]
        if at - before >= min_span
    ]
    if not slopes or (slope := median(slopes)) <= 0:
        return None
    steps = sign * (limit - series[-1][1]) / slope
    return max(int(steps), 0) if steps < MAX_DAYS * 100 else None
