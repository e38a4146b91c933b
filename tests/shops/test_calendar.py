from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from shops.calendar import ClosedDays, DayType, day_kind, open_intervals, utc_intervals, why_closed
from shops.choices import Day, HolidayPolicy

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
MORNING = (time(9), time(12))
AFTERNOON = (time(13), time(18))
SHORT = (time(10), time(15))
WEEK = [(day, *stretch) for day in range(1, 6) for stretch in (AFTERNOON, MORNING)]
HOURS = [*WEEK, (Day.SATURDAY, *SHORT), (Day.HOLIDAY, time(10), time(16))]
SATURDAY = date(2026, 11, 21)
SUNDAY = date(2026, 11, 22)
MONDAY = date(2026, 11, 23)
NATIONAL_DAY = date(2026, 10, 1)
MAKEUP_SUNDAY = date(2026, 9, 20)
MAKEUP_SATURDAY = date(2026, 10, 10)


def facts(**changes):
    given = {"hours": HOURS, "closures": [], "policy": HolidayPolicy.HOLIDAY_HOURS, "works_makeup_days": True}
    return {**given, "country": "CN", **changes}


def opened(on, **changes):
    return open_intervals(date=on, **facts(**changes))


def reason(on, **changes):
    return why_closed(date=on, **facts(**changes))


def opened_utc(on, zone, *stretches):
    hours = [(on.isoweekday(), *stretch) for stretch in stretches]
    return utc_intervals(date=on, zone=zone, **facts(hours=hours, policy=HolidayPolicy.AS_USUAL))


# --- The holiday calendar -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "name_zh", "name_en"),
    [
        (date(2026, 2, 17), "春节", "Chinese New Year (Spring Festival)"),
        (NATIONAL_DAY, "国庆节", "National Day"),
        (date(2026, 10, 5), "国庆节", "National Day"),  # observed, without saying so
        (date(2026, 10, 6), "国庆节", "National Day"),  # off in exchange for a Sunday
        (date(2026, 10, 4), "国庆节", "National Day"),  # the Sunday inside the break
        (date(2026, 2, 22), "春节", "Chinese New Year (Spring Festival)"),
    ],
)
def test_day_kind_holiday(on, name_zh, name_en):
    kind = day_kind(on, "CN")
    assert (kind.kind, kind.name_zh, kind.name_en, kind.provisional) == (DayType.HOLIDAY, name_zh, name_en, False)


@pytest.mark.parametrize("on", [MAKEUP_SUNDAY, MAKEUP_SATURDAY, date(2026, 2, 14), date(2011, 12, 31)])
def test_day_kind_makeup(on):
    assert day_kind(on, "CN").kind is DayType.MAKEUP


@pytest.mark.parametrize("on", [SATURDAY, MONDAY, date(2026, 10, 8), date(2026, 10, 11)])
def test_day_kind_workday(on):
    assert day_kind(on, "CN").kind is DayType.WORKDAY


def test_day_kind_year_without_published_exchange_is_provisional():
    assert day_kind(date(2027, 2, 8), "CN").provisional
    assert day_kind(date(2027, 3, 1), "CN").provisional
    assert not day_kind(date(2026, 12, 31), "CN").provisional


def test_day_kind_name_follows_language():
    kind = day_kind(NATIONAL_DAY, "CN")
    with translation.override("zh-hans"):
        assert kind.name == "国庆节"
    with translation.override("en"):
        assert kind.name == "National Day"


def test_day_kind_other_country():
    assert day_kind(date(2026, 7, 14), "FR").is_holiday
    assert not day_kind(date(2026, 7, 14), "CN").is_holiday
    assert not day_kind(date(2026, 7, 14), "FR").provisional


def test_day_kind_country_without_calendar_has_no_holidays():
    assert day_kind(NATIONAL_DAY, "XX").kind is DayType.WORKDAY


# --- Opening in local time -------------------------------------------------------------------------


def test_open_intervals_weekday_in_order():
    assert opened(MONDAY) == [MORNING, AFTERNOON]


def test_open_intervals_weekday_off():
    assert opened(SUNDAY) == []


def test_open_intervals_closure_covers_first_and_last_day():
    closures = [ClosedDays(MONDAY, MONDAY + timedelta(days=1), "Stocktaking")]
    assert opened(MONDAY, closures=closures) == []
    assert opened(MONDAY + timedelta(days=1), closures=closures) == []
    assert opened(MONDAY + timedelta(days=2), closures=closures) == [MORNING, AFTERNOON]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (HolidayPolicy.CLOSED, []),
        (HolidayPolicy.HOLIDAY_HOURS, [(time(10), time(16))]),
        (HolidayPolicy.AS_USUAL, [MORNING, AFTERNOON]),
    ],
)
def test_open_intervals_holiday_follows_policy(policy, expected):
    assert opened(NATIONAL_DAY, policy=policy) == expected


def test_open_intervals_holiday_without_holiday_hours_is_closed():
    assert opened(NATIONAL_DAY, hours=WEEK) == []


def test_open_intervals_makeup_day_has_own_hours_first():
    assert opened(MAKEUP_SATURDAY) == [SHORT]


def test_open_intervals_makeup_day_else_has_mondays():
    assert opened(MAKEUP_SUNDAY) == [MORNING, AFTERNOON]
    assert opened(MAKEUP_SUNDAY, works_makeup_days=False) == []


# --- Why closed ---------------------------------------------------------------------------------------


@translation.override("en")
def test_why_closed_names_the_reason():
    assert reason(SUNDAY).code == "weekly"
    holiday = reason(NATIONAL_DAY, policy=HolidayPolicy.CLOSED)
    assert (holiday.code, holiday.text) == ("holiday", "National Day")
    closure = reason(NATIONAL_DAY, closures=[ClosedDays(NATIONAL_DAY, NATIONAL_DAY, "Refit")])
    assert (closure.code, closure.text) == ("closure", "Refit")
    assert reason(MONDAY, closures=[ClosedDays(MONDAY, MONDAY)]).text == "Closed by the shop"


def test_why_closed_provisional_holiday_says_so():
    assert reason(date(2027, 10, 1), policy=HolidayPolicy.CLOSED).provisional


# --- Opening in UTC ------------------------------------------------------------------------------------


def test_utc_intervals_plain_zone():
    assert utc_intervals(date=MONDAY, zone=SHANGHAI, **facts()) == [
        (datetime(2026, 11, 23, 1, tzinfo=UTC), datetime(2026, 11, 23, 4, tzinfo=UTC)),
        (datetime(2026, 11, 23, 5, tzinfo=UTC), datetime(2026, 11, 23, 10, tzinfo=UTC)),
    ]


def test_utc_intervals_spring_forward_shortens_the_night():
    night = opened_utc(date(2026, 3, 8), NEW_YORK, (time(1), time(4)))
    assert night == [(datetime(2026, 3, 8, 6, tzinfo=UTC), datetime(2026, 3, 8, 8, tzinfo=UTC))]


def test_utc_intervals_nonexistent_times_become_the_change():
    jump = datetime(2026, 3, 8, 7, tzinfo=UTC)
    assert opened_utc(date(2026, 3, 8), NEW_YORK, (time(2, 30), time(3, 10))) == [(jump, jump + timedelta(minutes=10))]
    assert opened_utc(date(2026, 3, 8), NEW_YORK, (time(2, 5), time(2, 55))) == []


def test_utc_intervals_fall_back_lasts_through_both_hours():
    night = opened_utc(date(2026, 11, 1), NEW_YORK, (time(0), time(1, 30)))
    assert night == [(datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC))]


def test_utc_intervals_fall_back_merges_stretches_that_meet():
    night = opened_utc(date(2026, 11, 1), NEW_YORK, (time(0), time(1, 15)), (time(1, 30), time(3)))
    assert night == [(datetime(2026, 11, 1, 4, tzinfo=UTC), datetime(2026, 11, 1, 8, tzinfo=UTC))]


ZONES = st.sampled_from(sorted(z for z in available_timezones() if "/" in z and not z.startswith(("posix", "right"))))
DATES = st.dates(date(1990, 1, 1), date(2037, 12, 31))
MINUTES = st.integers(0, 24 * 60 - 1).map(lambda m: time(m // 60, m % 60))


@given(zone=ZONES.map(ZoneInfo), on=DATES, marks=st.lists(MINUTES, min_size=4, max_size=4, unique=True).map(sorted))
@settings(max_examples=300, deadline=None)
def test_utc_intervals_hold_in_every_zone(zone, on, marks):
    stretches = [(marks[0], marks[1]), (marks[2], marks[3])]
    spans = opened_utc(on, zone, *stretches)
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(set(edges))
    moment = datetime.combine(on, time(0), tzinfo=UTC) - timedelta(hours=15)
    for _ in range(54 * 4):  # every quarter of an hour that can belong to the date in any zone
        local = moment.astimezone(zone)
        wall_open = local.date() == on and any(opens <= local.time() < closes for opens, closes in stretches)
        if wall_open:
            assert any(start <= moment < end for start, end in spans)
        moment += timedelta(minutes=15)


@given(zone=ZONES.map(ZoneInfo), on=DATES, opens=MINUTES, closes=MINUTES)
@settings(max_examples=200, deadline=None)
def test_utc_intervals_end_on_the_wall_clock(zone, on, opens, closes):
    for start, end in opened_utc(on, zone, (opens, closes)) if opens < closes else ():
        assert start.astimezone(zone).time() >= opens
        assert (end - timedelta(seconds=1)).astimezone(zone).time() < closes
        assert end - start <= timedelta(hours=27)
