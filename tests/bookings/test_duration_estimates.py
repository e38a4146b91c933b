"""From actual times to an expected one: the arithmetic by itself."""

from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bookings.engine.duration_estimates import believable, estimate, round_to_step

STANDARDS = st.integers(min_value=5, max_value=600)
TIMES = st.lists(st.floats(min_value=0.02, max_value=100_000), max_size=60)


@pytest.mark.parametrize(
    ("actual", "minutes"),
    [
        ([60.0], 45),  # (5 × 40 + 1 × 60) / 6 = 43.3
        ([60.0] * 5, 50),  # half way
        ([60.0] * 50, 60),  # (200 + 3000) / 55 = 58.2
        ([20.0], 35),  # 36.7
        ([40.0], 40),
        ([42.4] * 50, 40),  # 42.2
        ([42.6] * 500, 45),
        ([10.0, 60.0, 300.0], 45),  # the forgotten buttons do not count
        ([30.0, 50.0], 40),  # the middle of an even number
    ],
)
def test_estimate_is_shrunk_towards_the_standard(actual, minutes):
    found = estimate(actual, standard=40)
    assert found is not None
    assert found.minutes == minutes


def test_estimate_says_what_it_stands_on():
    found = estimate([10.0, 60.4, 70.0, 300.0], standard=40)
    assert found is not None
    assert (found.visits, found.actual_minutes) == (2, 65)


def test_estimate_keeps_within_half_and_double():
    assert estimate([115.0] * 50, standard=40).minutes == 80
    assert estimate([14.0] * 50, standard=40).minutes == 20
    assert estimate([130.0] * 50, standard=45).minutes == 90
    assert estimate([16.0] * 50, standard=45).minutes == 25  # half is 22.5
    assert estimate([1500.0] * 50, standard=600).minutes == 600


@pytest.mark.parametrize("actual", [[], [13.0], [121.0], [0.1, 5000.0]])
def test_estimate_of_nothing_believable_is_none(actual):
    assert estimate(actual, standard=40) is None


def test_believable_includes_its_ends():
    assert believable([10.0, 90.0, 9.9, 90.1], standard=30) == [10.0, 90.0]


@given(TIMES, STANDARDS)
def test_estimate_is_always_sane(actual, standard):
    found = estimate(actual, standard=standard)
    times = believable(actual, standard=standard)
    assert (found is None) == (not times)
    if found is None:
        return
    assert found.visits == len(times)
    assert found.minutes % 5 == 0
    assert 5 <= found.minutes <= 600
    assert standard / 2 <= found.minutes <= standard * 2
    low, high = (min(max(end, standard / 2), standard * 2, 600) for end in sorted((standard, median(times))))
    assert low - 5 < found.minutes < high + 5


@given(STANDARDS, st.floats(min_value=0.4, max_value=2.9), st.integers(min_value=1, max_value=49))
def test_more_visits_never_lead_away_from_what_they_show(standard, factor, visits):
    actual = standard * factor
    few, more = (estimate([actual] * n, standard=standard) for n in (visits, visits + 1))
    assert few is not None
    assert more is not None
    assert (more.minutes >= few.minutes) if actual >= standard else (more.minutes <= few.minutes)


@given(TIMES, STANDARDS, st.randoms())
def test_order_and_outliers_do_not_matter(actual, standard, random):
    shuffled = [*actual, standard / 4, standard * 4]
    random.shuffle(shuffled)
    assert estimate(shuffled, standard=standard) == estimate(actual, standard=standard)


@given(st.floats(min_value=0, max_value=10_000))
def test_rounding_goes_to_the_nearest_step(minutes):
    rounded = round_to_step(minutes)
    assert rounded % 5 == 0
    assert abs(rounded - minutes) <= 2.5
