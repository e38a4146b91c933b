"""The bitset arithmetic against obvious loops over ticks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.engine import slots

TICKS = 60
tick_sets = st.integers(min_value=0, max_value=2**TICKS - 1)
intervals = st.lists(st.tuples(st.integers(0, TICKS * 300), st.integers(0, TICKS * 300)), max_size=5)


def members(ticks: int) -> set[int]:
    return {n for n in range(3 * TICKS) if ticks >> n & 1}


@given(tick_sets, st.integers(1, 30))
def test_fitting_starts_are_those_with_free_time_to_the_end(free: int, length: int) -> None:
    expected = {n for n in range(TICKS) if all(free >> m & 1 for m in range(n, n + length))}
    assert members(slots.fitting_starts(free, length)) == expected


@given(intervals)
def test_taken_time_is_every_tick_an_interval_touches(raw: list[tuple[int, int]]) -> None:
    spans = [(a, b) for a, b in raw if a < b]
    expected = {n for n in range(TICKS) for a, b in spans if a < (n + 1) * 300 and n * 300 < b}
    assert members(slots.touching(spans, base=0)) == expected


@given(intervals)
def test_usable_time_is_every_tick_inside_one_interval(raw: list[tuple[int, int]]) -> None:
    spans = [(a, b) for a, b in raw if a < b]
    expected = {n for n in range(TICKS) for a, b in spans if a <= n * 300 and (n + 1) * 300 <= b}
    assert members(slots.inside(spans, base=0)) == expected


@given(st.integers(0, 20), st.integers(1, 12), st.integers(0, 20))
def test_grid_has_a_tick_at_every_step(first: int, step: int, count: int) -> None:
    assert list(slots.ticks_of(slots.grid(first, step, count))) == [first + step * n for n in range(count)]


def test_span_before_the_base_is_cut_off() -> None:
    assert slots.span(-3, 2) == 0b11
    assert slots.span(4, 4) == 0


@pytest.mark.parametrize(("minutes", "ticks"), [(1, 1), (5, 1), (6, 2), (40, 8)])
def test_ticks_for_a_job_round_up(minutes: int, ticks: int) -> None:
    assert slots.ticks_for(minutes) == ticks


@pytest.mark.parametrize("minutes", [0, -5])
def test_a_job_without_length_is_an_error(minutes: int) -> None:
    with pytest.raises(ValueError, match="takes time"):
        slots.ticks_for(minutes)
