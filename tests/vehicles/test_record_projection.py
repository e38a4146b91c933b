"""The day on which a car reaches so many kilometres: never moved to today, moved by no mistyped reading, by season only
where the car's own readings tell."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vehicles.choices import Powertrain, PriceClass, Segment
from vehicles.record.odometer import Curve, Point, Rate, curve
from vehicles.record.priors import prior_of
from vehicles.record.projection import Basis, Projected, km_on, project
from vehicles.record.season import DAYS_A_YEAR, Season, season_of

TODAY = date(2026, 11, 22)
START = date(2023, 1, 15)
PRIOR = Rate(35.0, 17.5, 60.0)


def read(*points: tuple[date, int]) -> Curve:
    return curve([Point(on, km) for on, km in points], today=TODAY)


def must(found: Projected | None) -> Projected:
    assert found is not None
    return found


@st.composite
def histories(draw: Any) -> list[tuple[date, int]]:
    """Readings that a car can have shown, a month or more apart."""
    on, km = START, draw(st.integers(0, 150_000))
    points = [(on, km)]
    for _ in range(draw(st.integers(0, 9))):
        days = draw(st.integers(30, 120))
        on, km = on + timedelta(days=days), km + days * draw(st.integers(5, 120))
        points.append((on, km))
    return points


SEASONS = st.lists(st.floats(0.5, 2.0), min_size=12, max_size=12).map(tuple)


def test_a_day_in_the_past_stays_in_the_past() -> None:
    known = read((date(2024, 1, 1), 10_000), (date(2024, 4, 10), 13_000))
    assert must(project(known, 14_500)).on == date(2024, 5, 30)
    assert must(project(known, 11_500)).on == date(2024, 2, 20)
    assert must(project(known, 11_500)).earliest == date(2024, 1, 1)
    assert must(project(known, 4_000)).on == date(2024, 1, 1)


def test_two_readings_leave_more_open_than_ten_and_far_days_more_than_near_ones() -> None:
    two = read((date(2024, 1, 1), 0), (date(2024, 12, 31), 14_600))
    ten = read(*((date(2024, 1, 1) + timedelta(days=40 * nth), 1_600 * nth) for nth in range(10)))
    assert _width(two, 3_650) > _width(ten, 3_650) > 0
    near, far = _width(ten, 2_000), _width(ten, 40_000)
    assert far > 20 * near


def _width(known: Curve, more: int) -> int:
    assert known.latest is not None
    found = must(project(known, known.latest.km + more))
    return (found.latest - found.earliest).days


def test_a_car_without_a_rate_goes_by_its_class_and_one_without_readings_by_its_delivery() -> None:
    read_once = read((TODAY, 20_000))
    assert project(read_once, 23_500) is None
    assert must(project(read_once, 23_500, prior=PRIOR)) == Projected(
        TODAY + timedelta(days=100), TODAY + timedelta(days=58), TODAY + timedelta(days=200), Basis.PRIOR
    )
    delivered = curve([Point(date(2026, 1, 1), 0, is_verified=True, sequence=0)], today=TODAY)
    assert must(project(delivered, 7_000, prior=PRIOR)).on == date(2026, 7, 20)
    assert project(read(), 7_000, prior=PRIOR) is None


def test_an_own_rate_is_never_replaced_by_that_of_the_class() -> None:
    standing = read((date(2025, 1, 1), 20_000), (date(2026, 1, 1), 20_000))
    assert project(standing, 21_000, prior=PRIOR) is None
    own = read((date(2025, 1, 1), 20_000), (date(2026, 1, 1), 23_650))
    assert must(project(own, 24_650, prior=PRIOR)).basis == Basis.OWN


@settings(max_examples=80, deadline=None)
@given(histories(), st.integers(0, 300_000), st.integers(0, 20_000), st.none() | SEASONS)
def test_further_is_never_sooner_and_the_day_lies_in_its_range(
    points: list[tuple[date, int]], km: int, more: int, factors: tuple[float, ...] | None
) -> None:
    season = Season(_mean_one(factors)) if factors else None
    known = read(*points)
    nearer, further = (project(known, goal, prior=PRIOR, season=season) for goal in (km, km + more))
    if nearer is None:
        assert further is None
        return
    assert nearer.earliest <= nearer.on <= nearer.latest
    if further is not None:
        assert nearer.on <= further.on
        assert nearer.earliest <= further.earliest
        assert nearer.latest <= further.latest


def _mean_one(factors: tuple[float, ...]) -> tuple[float, ...]:
    lengths = (31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    whole = sum(factor * length for factor, length in zip(factors, lengths, strict=True)) / DAYS_A_YEAR
    return tuple(factor / whole for factor in factors)


@settings(max_examples=80, deadline=None)
@given(SEASONS, st.dates(date(2020, 1, 1), date(2030, 12, 31)), st.integers(1, 9))
def test_over_whole_years_a_season_changes_nothing(factors: tuple[float, ...], start: date, years: int) -> None:
    season = Season(_mean_one(factors))
    assert season.days(start, years * DAYS_A_YEAR) == pytest.approx(years * DAYS_A_YEAR)
    assert season.days(start, years * DAYS_A_YEAR - 0.001) == pytest.approx(years * DAYS_A_YEAR, abs=0.01)


STEADY = [(date(2023, 1, 1) + timedelta(days=60 * nth), 190_000 + 1_500 * nth) for nth in range(7)]


@pytest.mark.parametrize(
    "wrong",
    [
        (date(2023, 9, 3), 1_961_250),  # a digit too many
        (date(2024, 2, 20), 1_999_105),  # the same behind all others
        (date(2023, 9, 3), 19_612),  # a digit too few
        (date(2023, 9, 3), 120_000),  # below those before it
        (date(2027, 9, 3), 250_000),  # from the future
    ],
)
def test_one_mistyped_reading_moves_nothing(wrong: tuple[date, int]) -> None:
    for goal in (193_333, 199_999, 205_000):
        assert must(project(read(*STEADY, wrong), goal)) == must(project(read(*STEADY), goal))


@settings(max_examples=60, deadline=None)
@given(st.integers(10, 100), st.integers(3, 8), st.integers(200, 8_000))
def test_one_more_reading_that_fits_narrows_the_range(pace: int, count: int, more: int) -> None:
    points = [(START + timedelta(days=60 * nth), pace * 60 * nth) for nth in range(count + 1)]
    before, after = read(*points[:-1]), read(*points)
    goal = points[-1][1] + more
    wide, narrow = must(project(before, goal)), must(project(after, goal))
    assert abs((wide.on - narrow.on).days) <= 1
    assert (narrow.latest - narrow.earliest).days <= (wide.latest - wide.earliest).days


# --- The season -----------------------------------------------------------------------------------


def monthly(months: int, *, summer: int, winter: int, first: date = date(2023, 1, 1)) -> Curve:
    """Read on every first; from April to September another pace than from October to March."""
    points, km = [], 0
    for nth in range(months + 1):
        year, month = divmod(first.month - 1 + nth, 12)
        day = date(first.year + year, month + 1, 1)
        if points:
            before = points[-1].on
            km += (day - before).days * (summer if 4 <= before.month <= 9 else winter)
        points.append(Point(day, km))
    return curve(points, today=TODAY)


def test_two_years_of_monthly_readings_tell_of_a_season_by_halves() -> None:
    found = season_of(monthly(36, summer=60, winter=20))
    assert found is not None
    july, january = found.factors[6], found.factors[0]
    assert 1 < july < 1.5  # 60 of a mean of 40 is 1.5; three years tell three fifths of it
    assert 0.5 < january < 1
    lengths = (31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
    assert sum(factor * days for factor, days in zip(found.factors, lengths, strict=True)) == pytest.approx(365.25)


def test_a_season_brings_a_summer_day_forward() -> None:
    known = monthly(39, summer=60, winter=20)  # read last on 1 April
    assert known.latest is not None
    goal = known.latest.km + 3_000
    assert must(project(known, goal, season=season_of(known))).on < must(project(known, goal)).on


@pytest.mark.parametrize(
    "known",
    [
        monthly(20, summer=60, winter=20),
        curve([Point(date(2023, 1, 1) + timedelta(days=120 * nth), 4_000 * nth) for nth in range(12)], today=TODAY),
        curve([Point(date(2023, 1, 1), 0)], today=TODAY),
        curve([], today=TODAY),
    ],
    ids=["less than two years", "four months apart", "one reading", "none"],
)
def test_without_two_years_of_every_month_there_is_no_season(known: Curve) -> None:
    assert season_of(known) is None


def test_a_car_that_stands_has_no_season() -> None:
    assert season_of(monthly(36, summer=0, winter=0)) is None


def test_an_even_pace_is_an_even_season() -> None:
    found = season_of(monthly(36, summer=30, winter=30))
    assert found is not None
    assert found.factors == pytest.approx([1.0] * 12)


# --- The kilometres of a day -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "km"),
    [
        (date(2025, 12, 22), 9_000),  # ten days before the first reading, at 100 km a day
        (date(2026, 1, 1), 10_000),
        (date(2026, 1, 21), 12_000),
        (date(2026, 4, 11), 20_000),
        (date(2026, 4, 21), 21_000),
        (date(2025, 1, 1), 0),  # it was not built yet, or stood for long
    ],
)
def test_the_odometer_of_a_day_follows_from_the_readings_around_it(day: date, km: int) -> None:
    assert km_on(read((date(2026, 1, 1), 10_000), (date(2026, 4, 11), 20_000)), day) == km


def test_the_odometer_of_a_day_beyond_one_reading_needs_the_rate_of_the_class() -> None:
    one, day = read((date(2026, 1, 1), 10_000)), date(2026, 1, 11)
    assert km_on(one, day) is None
    assert km_on(one, day, prior=Rate(30, 20, 40)) == 10_300
    assert km_on(read(), day, prior=Rate(30, 20, 40)) is None


# --- Of a class -----------------------------------------------------------------------------------


@pytest.mark.parametrize("powertrain", Powertrain.values)
@pytest.mark.parametrize("segment", Segment.values)
def test_every_class_has_a_prior_within_what_private_cars_drive(powertrain: str, segment: str) -> None:
    for price_class in PriceClass.values:
        prior = prior_of(powertrain=powertrain, segment=segment, price_class=price_class)
        assert 8_000 / 365 < prior.km_per_day < 20_000 / 365
        assert prior.low < prior.km_per_day < prior.high


def test_small_cars_drive_less_than_large_ones() -> None:
    small, large = (
        prior_of(powertrain="bev", segment=segment, price_class="economy") for segment in ("mini_hatch", "mpv")
    )
    assert small.km_per_day < large.km_per_day
