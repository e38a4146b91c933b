"""Geometry of the plan's bars: what each quarter is likely to cost. Pure; a template draws it.

Across, numbers are percents, so that words keep their size on a phone; down, they are pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from catalog.needs.shape import Kind, Needs

HEIGHT = 158
_TOP, _BASE = 20, 122
_GAP = 3  # between the two parts of a bar
_SHARE = 0.62  # of its column that a bar takes
_MONTHS = 3


@dataclass(frozen=True)
class Quarter:
    """A column: what is due by schedule or evidence, and above it what is likely. Fen, the middle of each range."""

    year: int
    number: int
    due_fen: int
    likely_fen: int
    unpriced: int

    @property
    def total_fen(self) -> int:
        return self.due_fen + self.likely_fen

    @property
    def label(self) -> str:
        return f"Q{self.number}"

    @property
    def rounded_fen(self) -> int:
        """In tens of yuan: an estimate is no bill."""
        return round(self.total_fen, -3)


@dataclass(frozen=True)
class Bar:
    """A column with its place. `y` of the parts and of the words; a part that is nothing has no height."""

    quarter: Quarter
    centre: str
    x: str
    width: str
    due_y: int
    due_height: int
    likely_y: int
    likely_height: int
    words_y: int
    has_year: bool


@dataclass(frozen=True)
class CostChart:
    bars: list[Bar]
    height: int = HEIGHT
    base: int = _BASE
    label_y: int = _BASE + 16
    year_y: int = _BASE + 32


def quarters(needs: Needs) -> list[Quarter]:
    """Every quarter that the plan touches, by the days of its visits."""
    costs: dict[tuple[int, int], list[int]] = {key: [0, 0, 0] for key in _span(needs.today, needs.until)}
    for visit in needs.visits:
        sums = costs[_quarter(visit.on)]
        for line in visit.lines:
            if line.price is None:
                sums[2] += 1
            else:
                sums[line.kind == Kind.LIKELY] += line.price.middle_fen
    return [Quarter(year, number, *sums) for (year, number), sums in costs.items()]


def cost_chart(needs: Needs) -> CostChart:
    columns = quarters(needs)
    highest = max((column.total_fen for column in columns), default=0) or 1
    return CostChart(
        [_bar(column, place, len(columns), highest, is_first=place == 0) for place, column in enumerate(columns)]
    )


def _bar(column: Quarter, place: int, count: int, highest: int, *, is_first: bool) -> Bar:
    step = 100 / count
    due = round(column.due_fen / highest * (_BASE - _TOP))
    likely = round(column.likely_fen / highest * (_BASE - _TOP))
    gap = _GAP if due and likely > _GAP else 0
    return Bar(
        quarter=column,
        centre=f"{(place + 0.5) * step:.2f}%",
        x=f"{(place + (1 - _SHARE) / 2) * step:.2f}%",
        width=f"{_SHARE * step:.2f}%",
        due_y=_BASE - due,
        due_height=due,
        likely_y=_BASE - due - likely,
        likely_height=likely - gap,
        words_y=_BASE - due - likely - 6,
        has_year=column.number == 1 or (is_first and column.number < 4),  # two years side by side would touch
    )


def _span(first: date, last: date) -> Iterator[tuple[int, int]]:
    year, number = _quarter(first)
    while (year, number) <= _quarter(last):
        yield year, number
        year, number = (year, number + 1) if number * _MONTHS < 12 else (year + 1, 1)


def _quarter(day: date) -> tuple[int, int]:
    return day.year, (day.month - 1) // _MONTHS + 1
