"""Which readings are believed, and what the rest says."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vehicles.record.odometer import Curve, Doubt, Point, contradicted, curve

TODAY = date(2026, 11, 21)


def points(*rows: tuple[str, int]) -> list[Point]:
    return [Point(date.fromisoformat(day), km) for day, km in rows]


def doubts(found: Curve) -> list[tuple[int, Doubt]]:
    return [(row.point.km, row.doubt) for row in found.questioned]


STEADY = (("2021-12-08", 8_000), ("2022-12-08", 16_400), ("2023-12-08", 24_800), ("2024-12-08", 33_200))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((), []),
        ((("2026-01-01", 0),), []),
        (STEADY, []),
        ((*STEADY, ("2024-06-01", 13_120)), [(13_120, Doubt.ROLLBACK)]),
        ((*STEADY, ("2024-06-01", 289_000)), [(289_000, Doubt.FACTOR_TEN)]),
        ((*STEADY, ("2024-06-01", 2_890)), [(2_890, Doubt.FACTOR_TEN)]),
        ((*STEADY, ("2025-06-01", 374_000)), [(374_000, Doubt.FACTOR_TEN)]),
        ((*STEADY, ("2024-12-09", 45_000)), [(45_000, Doubt.JUMP)]),
        ((*STEADY, ("2026-11-22", 50_000)), [(50_000, Doubt.FUTURE)]),
        ((("2026-01-01", 582_630), ("2026-06-01", 58_900)), [(582_630, Doubt.FACTOR_TEN)]),
        ((("2020-01-01", 5_000), ("2026-06-01", 62_000)), []),
        ((("2026-01-01", 10), ("2026-02-01", 900)), []),
        ((("2026-01-01", 0), ("2026-01-02", 500)), []),
    ],
)
def test_a_reading_is_questioned_for_the_right_reason(rows, expected):
    found = curve(points(*rows), today=TODAY)
    assert doubts(found) == expected
    assert len(found.believed) == len(rows) - len(expected)


def test_a_corrected_reading_stays_visible_and_is_not_believed():
    old = Point(date(2024, 2, 6), 13_120, is_corrected=True)
    found = curve([*points(*STEADY), old], today=TODAY)
    assert doubts(found) == [(13_120, Doubt.CORRECTED)]


def test_a_shops_reading_weighs_more_than_the_owners():
    shop = Point(date(2026, 1, 1), 30_000, is_verified=True)
    owner = Point(date(2025, 12, 1), 45_000)
    assert curve([shop, owner], today=TODAY).believed == (shop,)


def test_the_rate_is_the_cars_own_and_one_odd_reading_moves_it_little():
    steady = curve(points(*STEADY), today=TODAY)
    assert steady.rate is not None
    assert steady.rate.km_per_day == pytest.approx(8_400 / 365.25, rel=0.01)
    odd = curve(points(*STEADY, ("2024-06-01", 24_900)), today=TODAY)
    assert odd.rate is not None
    assert odd.rate.km_per_day == pytest.approx(steady.rate.km_per_day, rel=0.35)


def test_what_comes_is_projected_from_the_newest_reading_with_its_range():
    found = curve(points(*STEADY), today=TODAY)
    ahead = found.at(date(2025, 12, 8))
    assert ahead is not None
    assert ahead.km == pytest.approx(41_600, abs=60)
    assert ahead.low_km <= ahead.km <= ahead.high_km
    day = found.day_of(41_600)
    assert day is not None
    assert abs(day - date(2025, 12, 8)) <= timedelta(days=2)


def test_without_two_readings_a_month_apart_nothing_is_projected():
    found = curve(points(("2026-10-01", 100), ("2026-10-20", 900)), today=TODAY)
    assert found.rate is None
    assert found.at(TODAY) is None
    assert found.day_of(1_000) is None


def test_a_parked_car_never_reaches_a_distance():
    found = curve(points(("2025-10-01", 100), ("2026-10-20", 100)), today=TODAY)
    assert found.day_of(1_000) is None


@given(st.lists(st.tuples(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(0, 999_999)), max_size=40))
def test_believed_readings_never_fall_and_nothing_is_lost(rows):
    given_points = [Point(*row) for row in rows]
    found = curve(given_points, today=TODAY)
    assert {*found.believed, *(row.point for row in found.questioned)} == set(given_points)
    kms = [point.km for point in found.believed]
    assert kms == sorted(kms)
    assert all(point.on <= TODAY for point in found.believed)
    if found.rate:
        assert 0 <= found.rate.low <= found.rate.km_per_day <= found.rate.high


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        (("2026-02-01", 51_000), None),
        (("2026-03-01", 52_000), None),
        (("2026-03-01", 53_000), None),  # the same day, later
        (("2026-02-01", 49_999), ("2026-01-01", 50_000)),
        (("2026-02-01", 52_001), ("2026-03-01", 52_000)),
        (("2026-04-01", 20_000), ("2026-03-01", 52_000)),
        (("2026-04-01", 520_000), ("2026-03-01", 52_000)),
        (("2026-03-01", 53_001), ("2026-03-01", 52_000)),
        (("2025-12-31", 40_000), ("2026-01-01", 50_000)),  # 10,000 km in a day
    ],
)
def test_the_reading_that_another_one_contradicts_is_named(
    said: tuple[str, int], wrong: tuple[str, int] | None
) -> None:
    believed = points(("2026-01-01", 50_000), ("2026-03-01", 52_000))
    assert contradicted(believed, points(said)[0]) == (points(wrong)[0] if wrong else None)
    assert contradicted([], points(said)[0]) is None
