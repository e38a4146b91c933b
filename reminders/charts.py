"""Geometry of the health page: how a part wears until its limit, and what each year has cost. Pure; templates draw it.

A part is drawn in a fixed frame that the page scales little, so that its words keep a readable size. Of the years,
numbers across are percents and numbers down pixels.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from core import day_words
from reminders.costs import Year
from reminders.wear import Wear

# --- Parts --------------------------------------------------------------------------------------

WIDTH, HEIGHT = 300, 148
_LEFT, _RIGHT, _TOP, _BASE = 8, 292, 20, 124
_MOST_AHEAD = timedelta(days=4 * 365)  # a limit beyond is out of the picture; the words name it
_LEAST_AHEAD = timedelta(days=120)
_BETWEEN_LABELS, _EDGE_LABEL = 40, 80  # nearer to each other two years, or a year and a month, would touch


@dataclass(frozen=True, slots=True)
class Spot:
    x: str
    y: str


@dataclass(frozen=True, slots=True)
class Label:
    x: str
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True)
class WearChart:
    """The life line of a part. `zone_*`: beyond its limit. `range_area`: where the trend may go. `end`: where it meets
    the limit; empty where that is not known or far away."""

    wear: Wear
    spots: list[Spot]
    path: str
    trend: str
    range_area: str
    limit_y: str
    zone_y: str
    zone_height: str
    today_x: str
    end: Spot | None
    first_x: str
    last_x: str
    labels: list[Label]
    value_y: str
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = _RIGHT
    base: int = _BASE

    @property
    def newest(self) -> Spot:
        return self.spots[-1]


def wear_chart(wear: Wear, *, today: date) -> WearChart:
    """A part from its first value until its limit, four years ahead at most."""
    across, down = _Days(wear, today), _Values(wear)
    spots = [Spot(across.x(taken.on), down.y(taken.value)) for taken in wear.taken]
    limit_y, is_low_bad = down.y(wear.limit), wear.is_low_bad
    end = wear.end if wear.end and wear.newest.on < wear.end.on and not wear.is_at_limit else None
    newest = spots[-1]
    has_range = end is not None and end.earliest < end.latest
    return WearChart(
        wear=wear,
        spots=spots,
        path="M" + " L".join(f"{spot.x} {spot.y}" for spot in spots) if len(spots) > 1 else "",
        trend=_line(newest, across, down, wear, end.on) if end else "",
        range_area=(
            f"M{newest.x} {newest.y} L{across.x(end.earliest)} {limit_y} L{across.x(end.latest)} {limit_y} Z"
            if end is not None and has_range
            else ""
        ),
        limit_y=limit_y,
        zone_y=limit_y if is_low_bad else str(_TOP - 8),
        zone_height=f"{(_BASE - float(limit_y)) if is_low_bad else (float(limit_y) - _TOP + 8):.1f}",
        today_x=across.x(today),
        end=Spot(across.x(end.on), limit_y) if end and end.on <= across.end else None,
        first_x=across.x(end.earliest) if end is not None and has_range else "",
        last_x=across.x(end.latest) if end is not None and has_range else "",
        labels=across.labels(wear.taken[0].on),
        value_y=f"{max(float(newest.y) - 9, 11):.1f}",
    )


def _line(newest: Spot, across: _Days, down: _Values, wear: Wear, on: date) -> str:
    """From the newest value to the limit, cut off where the picture ends."""
    if on <= across.end:
        return f"M{newest.x} {newest.y} L{across.x(on)} {down.y(wear.limit)}"
    share = Decimal((across.end - wear.newest.on).days) / Decimal((on - wear.newest.on).days)
    value = wear.newest.value + (wear.limit - wear.newest.value) * share
    return f"M{newest.x} {newest.y} L{across.x(across.end)} {down.y(value)}"


class _Days:
    def __init__(self, wear: Wear, today: date) -> None:
        first, ahead = wear.taken[0].on, today + _LEAST_AHEAD
        if wear.end is not None:
            ahead = max(ahead, min(wear.end.latest, wear.end.on + _LEAST_AHEAD * 2) + _LEAST_AHEAD / 4)
        self.today = today
        self.end = max(min(ahead, today + _MOST_AHEAD), wear.newest.on)
        self.start = first - max((self.end - first) // 30, timedelta(days=5))

    def x(self, day: date) -> str:
        share = (day - self.start).days / max((self.end - self.start).days, 1)
        return f"{_LEFT + min(max(share, 0.0), 1.0) * (_RIGHT - _LEFT):.1f}"

    def labels(self, first: date) -> list[Label]:
        """The month of the first value and of the end of the picture, and the years between that have room."""
        edges = [Label(f"{_LEFT}", day_words.month_year(first), "start")]
        edges.append(Label(f"{_RIGHT}", day_words.month_year(self.end), "end"))
        years = [date(year, 1, 1) for year in range(self.start.year + 1, self.end.year + 1)]
        found: list[Label] = []
        for day in years:
            x = float(self.x(day))
            has_room = _LEFT + _EDGE_LABEL <= x <= _RIGHT - _EDGE_LABEL
            if has_room and (not found or x - float(found[-1].x) >= _BETWEEN_LABELS):
                found.append(Label(self.x(day), str(day.year)))
        return [edges[0], *found, edges[1]]


class _Values:
    """Values to y: low values below, whatever is bad."""

    def __init__(self, wear: Wear) -> None:
        values = [*(taken.value for taken in wear.taken), wear.limit]
        new = wear.point.new_value
        if new is not None and not wear.is_age and abs(new - wear.limit) <= 3 * (max(values) - min(values)):
            values.append(new)
        spread = (max(values) - min(values)) or abs(wear.limit) or Decimal(1)
        self.low, self.high = min(values) - spread / 5, max(values) + spread / 8

    def y(self, value: Decimal) -> str:
        share = (value - self.low) / (self.high - self.low)
        return f"{_BASE - min(max(share, Decimal(0)), Decimal(1)) * (_BASE - _TOP):.1f}"


# --- Years --------------------------------------------------------------------------------------

YEARS_SHOWN = 8  # on a phone more would touch; the table has all
COST_HEIGHT, COST_BASE, _COST_TOP = 150, 126, 20
_SHARE = 0.62  # of its column that a bar takes


@dataclass(frozen=True, slots=True)
class YearBar:
    """A year with its place across, in percent, and down. A year without a price has no height."""

    year: Year
    centre: str
    x: str
    width: str
    y: int
    height: int
    words_y: int


@dataclass(frozen=True, slots=True)
class CostChart:
    bars: list[YearBar]
    height: int = COST_HEIGHT
    base: int = COST_BASE
    label_y: int = COST_BASE + 17


def cost_chart(years: Sequence[Year]) -> CostChart:
    """A bar for each of the last years; the highest fills the drawing."""
    shown = years[-YEARS_SHOWN:]
    highest = max((year.fen for year in shown), default=0) or 1
    return CostChart([_bar(year, place, len(shown), highest) for place, year in enumerate(shown)])


def _bar(year: Year, place: int, count: int, highest: int) -> YearBar:
    step = 100 / max(count, 3)  # a single year is no wall
    height = round(year.fen / highest * (COST_BASE - _COST_TOP))
    return YearBar(
        year=year,
        centre=f"{(place + 0.5) * step:.2f}%",
        x=f"{(place + (1 - _SHARE) / 2) * step:.2f}%",
        width=f"{_SHARE * step:.2f}%",
        y=COST_BASE - height,
        height=height,
        words_y=COST_BASE - height - 6,
    )


def wear_charts(parts: Iterable[Wear], *, today: date) -> list[WearChart]:
    return [wear_chart(wear, today=today) for wear in parts]
