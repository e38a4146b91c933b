"""A week drawn as a grid of half hours: when the shop is open and when it is cheaper. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import NamedTuple

from shops.calendar import Hours

_HALF_HOUR = 30
_HEAD_ROWS = 1
_HEAD_COLUMNS = 1


class Discount(NamedTuple):
    """An off-peak price: a `shops.choices.Day`, from and until (local wall time), percent off the labour."""

    day: int
    starts_at: time
    ends_at: time
    percent: int


@dataclass(frozen=True)
class Block:
    """A stretch of a day on the grid: CSS grid lines, which count from 1. `percent` is 0 for plain opening."""

    column: int
    row: int
    row_end: int
    percent: int = 0


@dataclass(frozen=True)
class WeekGrid:
    """Whole hours from the first to the last that matters, and what lies on them."""

    hours: list[tuple[int, int]]
    """Hours of the day with their grid row."""
    blocks: list[Block]


def week_grid(hours: Sequence[Hours], discounts: Sequence[Discount]) -> WeekGrid | None:
    """The grid for opening hours and discounts; None when there is neither. Half hours touched in part count whole."""
    stretches = [*hours, *(row[:3] for row in discounts)]
    if not stretches:
        return None
    first = min(starts.hour for _day, starts, _ends in stretches)
    last = max(_minutes(ends) + 59 for _day, _starts, ends in stretches) // 60
    blocks = [_block(row, first) for row in hours]
    blocks += [_block(row[:3], first, row.percent) for row in discounts]
    shown = [(hour, _line(hour * 60, first)) for hour in range(first, last)]
    return WeekGrid(hours=shown, blocks=blocks)


def _block(row: Hours, first: int, percent: int = 0) -> Block:
    day, starts, ends = row
    return Block(day + _HEAD_COLUMNS, _line(_minutes(starts), first), _line(_minutes(ends) + 29, first), percent)


def _line(minutes: int, first: int) -> int:
    return (minutes - first * 60) // _HALF_HOUR + 1 + _HEAD_ROWS


def _minutes(wall: time) -> int:
    return wall.hour * 60 + wall.minute
