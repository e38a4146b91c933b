"""Geometry of bars, one for each week: what is sure below, what is likely above. Pure; a template draws it.

Across, numbers are percents, so that words keep their size on a phone; down, they are pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

_TOP, _BASE, HEIGHT = 20, 132, 156
_SHARE = 0.62  # of its column that a bar takes


class Counted(Protocol):
    """A week and what is due in it."""

    @property
    def start(self) -> date: ...
    @property
    def sure(self) -> int: ...
    @property
    def likely(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Bar:
    week: Counted
    total: int
    centre: str
    x: str
    width: str
    sure_y: int
    sure_height: int
    likely_y: int
    likely_height: int
    words_y: int


@dataclass(frozen=True, slots=True)
class WeekChart:
    bars: list[Bar]
    height: int = HEIGHT
    base: int = _BASE
    label_y: int = _BASE + 16

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is due: there is nothing to draw."""
        return not any(bar.total for bar in self.bars)


def week_chart(weeks: Sequence[Counted]) -> WeekChart:
    """A bar for each week; the highest fills the drawing."""
    highest = max((week.sure + week.likely for week in weeks), default=0) or 1
    return WeekChart([_bar(week, place, len(weeks), highest) for place, week in enumerate(weeks)])


def _bar(week: Counted, place: int, count: int, highest: int) -> Bar:
    step = 100 / count
    sure = round(week.sure / highest * (_BASE - _TOP))
    likely = round(week.likely / highest * (_BASE - _TOP))
    return Bar(
        week=week,
        total=week.sure + week.likely,
        centre=f"{(place + 0.5) * step:.2f}%",
        x=f"{(place + (1 - _SHARE) / 2) * step:.2f}%",
        width=f"{_SHARE * step:.2f}%",
        sure_y=_BASE - sure,
        sure_height=sure,
        likely_y=_BASE - sure - likely,
        likely_height=max(likely - (3 if sure and likely > 3 else 0), 0),
        words_y=_BASE - sure - likely - 6,
    )
