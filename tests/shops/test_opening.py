from datetime import UTC, date, datetime, time

import pytest

from shops.opening import Opening, hours_problems, last_start, weekly
from tests.factories.shops import ClosureFactory, OpeningHoursFactory, ShopFactory

pytestmark = pytest.mark.django_db

SATURDAY = date(2026, 11, 21)


@pytest.fixture
def opening():
    """Open Saturdays 9–12 and 13–18, Mondays 9–18; else closed."""
    shop = ShopFactory(holiday_policy="closed")
    OpeningHoursFactory(shop=shop, day=6, opens_at=time(13), closes_at=time(18))
    OpeningHoursFactory(shop=shop, day=6, opens_at=time(9), closes_at=time(12))
    OpeningHoursFactory(shop=shop, day=1)
    return Opening.of(shop)


def at(hour, minute=0, day=21):
    """A moment by Shanghai's clock in November 2026."""
    return datetime(2026, 11, day, hour - 8, minute, tzinfo=UTC)


def test_state_open(opening):
    state = opening.state(at=at(10))
    assert (state.is_open, state.closes_at, state.opens_at) == (True, at(12), None)


@pytest.mark.parametrize(("moment", "opens"), [(at(8), at(9)), (at(12), at(13)), (at(18), at(9, day=23))])
def test_state_closed_names_the_next_opening(opening, moment, opens):
    state = opening.state(at=moment)
    assert (state.is_open, state.opens_at) == (False, opens)


def test_state_without_hours_never_opens():
    state = Opening.of(ShopFactory()).state(at=at(10))
    assert (state.is_open, state.opens_at, state.today.closed.code) == (False, None, "weekly")


def test_days_know_today_and_reasons(opening):
    first, second = opening.days(first=SATURDAY, count=2)
    assert (first.is_today, first.intervals) == (True, [(time(9), time(12)), (time(13), time(18))])
    assert (second.is_today, second.closed.code, second.differs) == (False, "weekly", False)


def test_special_days_are_feasts_makeup_days_and_closures(opening):
    ClosureFactory(shop=opening.shop, first_date="2026-12-05", last_date="2026-12-05")
    found = Opening.of(opening.shop).special_days(after=SATURDAY, days=45)
    assert [day.date for day in found] == [date(2026, 12, 5), date(2027, 1, 1)]


@pytest.mark.parametrize(("minutes", "expected"), [(60, time(17)), (40, time(17)), (400, None), (300, time(13))])
def test_last_start_on_the_grid(opening, minutes, expected):
    assert last_start(opening.state(at=at(10)), shop=opening.shop, minutes=minutes) == expected


def test_weekly_has_every_day_in_order(opening):
    week = weekly(opening.hours)
    assert [int(day) for day, _ in week] == list(range(1, 9))
    assert week[5][1] == [(time(9), time(12)), (time(13), time(18))]
    assert week[6][1] == []


def test_hours_problems_by_index():
    hours = [(1, time(9), time(12)), (1, time(11), time(13)), (2, time(9), time(12)), (3, time(9), time(9))]
    assert hours_problems(hours) == [(3, "ends_early"), (1, "overlaps")]
