"""The arithmetic of free time: sets of 5-minute ticks as integers, so that a month of a shop is a few machine words.

Pure: no database, no clock, no time zone. Bit `n` of a set is the tick that starts `n` × 5 minutes after the base.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

TICK_SECONDS = 300
TICK_MINUTES = TICK_SECONDS // 60


def ticks_for(minutes: int) -> int:
    """How many ticks a job of `minutes` takes, rounded up.

    Raises ValueError for a job that takes no time.
    """
    if minutes <= 0:
        raise ValueError("a job takes time")
    return -(-minutes // TICK_MINUTES)


def span(start: int, end: int) -> int:
    """The ticks from `start` up to, not including, `end`; negative ticks are cut off."""
    start = max(start, 0)
    return ((1 << (end - start)) - 1) << start if end > start else 0


def inside(intervals: Iterable[tuple[int, int]], base: int) -> int:
    """The ticks that lie wholly inside one of the intervals (epoch seconds): time that can be used."""
    ticks = 0
    for start, end in intervals:
        ticks |= span(-((base - start) // TICK_SECONDS), (end - base) // TICK_SECONDS)
    return ticks


def touching(intervals: Iterable[tuple[int, int]], base: int) -> int:
    """The ticks that any of the intervals (epoch seconds) touches: time that is taken."""
    ticks = 0
    for start, end in intervals:
        # `span`, written out: a search comes through here for every claim of fifty shops.
        first, last = max((start - base) // TICK_SECONDS, 0), -((base - end) // TICK_SECONDS)
        if last > first:
            ticks |= ((1 << (last - first)) - 1) << first
    return ticks


def fitting_starts(free: int, length: int) -> int:
    """The ticks at which a job of `length` ticks can start and lie in free time to its end.

    Shift-AND by doubling: about log2(length) steps, however long the calendar is.
    """
    starts, covered = free, 1
    while covered < length:
        step = min(covered, length - covered)
        starts &= starts >> step
        covered += step
    return starts


def within(ticks: int, wait: int) -> int:
    """The ticks from which one of `ticks` is reached by waiting at most `wait` ticks."""
    reached, covered = ticks, 0
    while covered < wait:
        step = min(covered + 1, wait - covered)
        reached |= reached >> step
        covered += step
    return reached


def grid(first: int, step: int, count: int) -> int:
    """`count` ticks, `step` apart, beginning at `first`: the times at which a visit may start."""
    if count <= 0:
        return 0
    # (2^(step·count) − 1) / (2^step − 1) has a one at every step-th bit.
    return (((1 << (step * count)) - 1) // ((1 << step) - 1)) << first


def ticks_of(ticks: int) -> Iterator[int]:
    """The ticks of a set in ascending order."""
    while ticks:
        low = ticks & -ticks
        yield low.bit_length() - 1
        ticks ^= low
