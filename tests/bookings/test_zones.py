"""Local time in every zone of the world, above all on the days on which its clocks change (2024 to 2030).

What is expected is worked out here by trying instants one after the other, without the code under test.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookings import actions
from bookings.actions import Actor
from bookings.choices import ActorRole
from bookings.engine import availability, shop_time, slots
from bookings.engine.availability import Slot
from bookings.engine.phases import Claim, Phase, Plan
from bookings.engine.shop_time import ShopTime, Unit
from shops import calendar
from shops.choices import Day, HolidayPolicy, ResourceKind
from shops.models import City, Shop
from tests.factories.accounts import UserFactory
from tests.factories.jobs import bookable_job, browser
from tests.factories.shops import CityFactory

FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
# Quarter hours, half-hour summer time, summer time in winter around Ramadan, two hours at once, changes at midnight.
ODD = [
    *("Asia/Kathmandu", "Australia/Lord_Howe", "Africa/El_Aaiun", "Antarctica/Troll", "America/Santiago"),
    *("Africa/Cairo", "Pacific/Chatham", "America/Nuuk", "America/St_Johns", "Europe/Dublin", "Asia/Shanghai"),
]
ALWAYS = [(Day(day), time(0), time(23, 55)) for day in range(1, 8)]
MINUTE, QUARTER, HOUR, TICK = (timedelta(minutes=n) for n in (1, 15, 60, slots.TICK_MINUTES))


class Change(NamedTuple):
    """A moment at which the clocks of a zone change, and by how much they go forward (back where negative)."""

    zone: str
    at: datetime
    before: timedelta
    after: timedelta

    @property
    def step(self) -> timedelta:
        return self.after - self.before

    @property
    def day(self) -> date:
        """The local date that is shorter or longer for it."""
        return naive(self.at, ZoneInfo(self.zone)).date() if self.step < timedelta(0) else self.skipped_from.date()

    @property
    def skipped_from(self) -> datetime:
        """The first wall time that does not exist (for a change forward)."""
        return (self.at + self.before).replace(tzinfo=None)


def naive(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows."""
    return moment.astimezone(zone).replace(tzinfo=None)


@cache
def changes_of(name: str) -> tuple[Change, ...]:
    """Every change of a zone's clocks from `FIRST` to `LAST`, to the second."""
    zone, week = ZoneInfo(name), timedelta(days=7)
    weeks = [FIRST + n * week for n in range((LAST - FIRST) // week + 1)]
    found = []
    for one, other in pairwise(weeks):
        low, high = one, other
        before, after = low.astimezone(zone).utcoffset(), high.astimezone(zone).utcoffset()
        if before == after:
            continue
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) // 2
            low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
        assert before is not None
        assert after is not None
        found.append(Change(name, high.replace(microsecond=0), before, after))
    return tuple(found)


@cache
def all_changes() -> tuple[Change, ...]:
    return tuple(change for name in sorted(available_timezones()) for change in changes_of(name))


@cache
def different_changes() -> tuple[Change, ...]:
    """One zone for each way of changing clocks."""
    return tuple({(c.at, c.before, c.after): c for c in all_changes()}.values())


ZONES = sorted(available_timezones())


@st.composite
def zones_and_days(draw: st.DrawFn) -> tuple[ZoneInfo, date]:
    """Any zone; mostly a day on which its clocks change, or the one before or after."""
    name = draw(st.sampled_from(ODD) | st.sampled_from(ZONES))
    near = [change.day for change in changes_of(name)]
    if near and draw(st.integers(0, 4)):
        return ZoneInfo(name), draw(st.sampled_from(near)) + timedelta(days=draw(st.sampled_from([0, 0, 0, -1, 1])))
    return ZoneInfo(name), draw(st.dates(FIRST.date(), LAST.date()))


def walls(step: int) -> st.SearchStrategy[time]:
    """Times of day in steps of `step` minutes; often in the hours in which clocks change."""
    count = 24 * 60 // step
    return (st.integers(0, 4 * 60 // step) | st.integers(0, count - 1)).map(
        lambda n: time(n * step // 60, n * step % 60)
    )


# --- What is to be expected ---------------------------------------------------------------------------


def instants(wall: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """Every minute that could show the wall time, in order: no clock is changed by more than two hours."""
    offset = wall.replace(tzinfo=zone).utcoffset()
    assert offset is not None
    guess = (wall - offset).replace(tzinfo=UTC)
    return (guess + n * MINUTE for n in range(-150, 151))


def first_at(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which the clock shows the wall time, or has passed it."""
    return next(moment for moment in instants(wall, zone) if naive(moment, zone) >= wall)


def last_at(wall: datetime, zone: ZoneInfo) -> datetime:
    """The last instant at which the clock shows the wall time, or jumps over it."""
    shown = [(moment, naive(moment, zone)) for moment in instants(wall, zone)]
    exact = [moment for moment, local in shown if local == wall]
    return exact[-1] if exact else max(moment for moment, local in shown if local < wall) + MINUTE


def opened(zone: ZoneInfo, day: date, *stretches: tuple[time, time]) -> list[calendar.UtcInterval]:
    return calendar.utc_intervals(
        hours=[(day.isoweekday(), *stretch) for stretch in stretches],
        closures=[],
        policy=HolidayPolicy.AS_USUAL,
        works_makeup_days=False,
        country="XX",
        zone=zone,
        date=day,
    )


# --- The changes themselves ---------------------------------------------------------------------------


def test_the_changes_of_the_world_are_found():
    """If this fails, the tests below are looking at nothing."""
    assert {name: len(changes_of(name)) for name in ODD if name not in ("Africa/El_Aaiun", "Africa/Cairo")} == {
        "Asia/Kathmandu": 0,
        "Asia/Shanghai": 0,
        "America/Nuuk": 14,
        **dict.fromkeys(["Australia/Lord_Howe", "Antarctica/Troll", "America/Santiago"], 14),
        **dict.fromkeys(["Pacific/Chatham", "America/St_Johns", "Europe/Dublin"], 14),
    }
    assert {abs(change.step) for change in changes_of("Australia/Lord_Howe")} == {timedelta(minutes=30)}
    assert {abs(change.step) for change in changes_of("Antarctica/Troll")} == {timedelta(hours=2)}
    assert len(changes_of("Africa/El_Aaiun")) >= 12
    assert datetime(2026, 3, 8, 7, tzinfo=UTC) in {change.at for change in changes_of("America/New_York")}
    assert len(different_changes()) > 200
    assert all(change.at.second == 0 and not change.at.minute % 15 for change in all_changes())


# --- Opening hours ------------------------------------------------------------------------------------


@given(zones_and_days(), st.lists(walls(1), min_size=4, max_size=4, unique=True).map(sorted))
@settings(max_examples=250, deadline=None)
def test_openings_are_the_true_stretches_of_time(where, marks):
    zone, day = where
    stretches = [(marks[0], marks[1]), (marks[2], marks[3])]
    spans = opened(zone, day, *stretches)
    edges = [edge for span in spans for edge in span]
    assert edges == sorted(set(edges))
    assert all(edge.tzinfo is UTC for edge in edges)
    expected: list[tuple[datetime, datetime]] = []
    for opens, closes in stretches:
        start, end = first_at(datetime.combine(day, opens), zone), last_at(datetime.combine(day, closes), zone)
        if expected and start <= expected[-1][1]:
            expected[-1] = expected[-1][0], max(end, expected[-1][1])
        elif start < end:
            expected.append((start, end))
    assert spans == expected


@given(zones_and_days(), walls(1), walls(1))
@settings(max_examples=200, deadline=None)
def test_wall_time_comes_back_from_utc_where_it_exists(where, opens, closes):
    zone, day = where
    if opens >= closes:
        opens, closes = time(0), time(23, 59)
    for start, end in opened(zone, day, (opens, closes)):
        for edge, wall in ((start, opens), (end, closes)):
            shown, meant = naive(edge, zone), datetime.combine(day, wall)
            exists = naive(meant.replace(tzinfo=zone).astimezone(UTC), zone) == meant
            jumps = {change.at for change in changes_of(zone.key) if change.step > timedelta(0)}
            assert (shown == meant) if exists else (edge in jumps)


@given(zones_and_days().filter(lambda where: where[1] not in {c.day for c in changes_of(where[0].key)}), walls(5))
@settings(max_examples=100, deadline=None)
def test_on_ordinary_days_an_opening_is_as_long_as_the_wall_says(where, opens):
    zone, day = where
    closes = time(23, 58)
    ((start, end),) = opened(zone, day, (opens, closes))
    assert end - start == datetime.combine(day, closes) - datetime.combine(day, opens)


def test_time_that_does_not_exist_is_moved_to_the_jump_in_every_zone():
    for change in all_changes():
        wall = change.skipped_from + change.step / 2
        if change.step < timedelta(0) or wall.date() != change.day:
            continue
        zone = ZoneInfo(change.zone)
        # In Greenland the last hour of the day is skipped: nothing is left to open for.
        is_left = change.skipped_from + change.step < datetime.combine(change.day, time(23, 59))
        spans = opened(zone, change.day, (wall.time(), time(23, 59)))
        assert [start for start, _end in spans] == [change.at] * is_left, change
        if wall.time() > time(0, 30):
            ((_start, end),) = opened(zone, change.day, (time(0), wall.time()))
            assert end == change.at, change
        inside = (wall - change.step / 4).time(), (wall + change.step / 4).time()
        assert opened(zone, change.day, inside) == [], change


def test_ambiguous_closing_is_the_later_and_opening_the_earlier_in_every_zone():
    for change in all_changes():
        wall = (change.at + change.after - change.step / 2).replace(tzinfo=None)
        if change.step > timedelta(0) or wall.date() != change.day:
            continue
        zone = ZoneInfo(change.zone)
        early, late = (change.at - abs(change.step) / 2, change.at + abs(change.step) / 2)
        assert naive(early, zone) == naive(late, zone) == wall, change
        if wall.time() > time(0, 30):
            ((_start, end),) = opened(zone, change.day, (time(0), wall.time()))
            assert end == late, change
        if wall.time() < time(23, 30):
            ((start, _end),) = opened(zone, change.day, (wall.time(), time(23, 59)))
            assert start == early, change


# --- Ticks and slots ----------------------------------------------------------------------------------


def time_of_shop(
    zone: str, first: date, days: int, hours: list[calendar.Hours], *, step: int = 15, wait: int = 0
) -> ShopTime:
    """The facts of a shop in the zone with a bay and a technician who are always free, without a database."""
    shop = Shop(
        city=City(timezone=zone, country="XX"),
        holiday_policy=HolidayPolicy.AS_USUAL,
        slot_step_minutes=step,
        lead_time_minutes=wait,
        booking_window_days=90,
    )
    base = shop_time._midnight(zone, first) - shop_time.PAD_TICKS * slots.TICK_SECONDS
    found = ShopTime(shop, base, first, first + timedelta(days=days), hours=tuple(hours))
    always = slots.span(0, (days + 3) * 300)
    found.units = [
        Unit(1, ResourceKind.BAY, frozenset({"lift"}), always),
        Unit(2, ResourceKind.TECHNICIAN, frozenset({"maintenance"}), always),
    ]
    return found


def plan_of(ticks: int) -> Plan:
    claims = (
        Claim(ResourceKind.BAY, ("lift",), 0, ticks),
        Claim(ResourceKind.TECHNICIAN, ("maintenance",), 0, ticks),
    )
    return Plan((Phase("work", ticks, 0, claims),))


def test_days_have_as_many_ticks_as_they_have_time_in_every_zone():
    lengths = set()
    for change in all_changes():
        found = time_of_shop(change.zone, change.day, 2, ALWAYS)
        length = timedelta(hours=24) - change.step
        lengths.add(length / HOUR)
        following = change.day + timedelta(days=1)
        assert found.midnight(following) - found.midnight(change.day) == length / TICK, change
        # Open until 23:55; in Greenland the last hour of the day is skipped.
        is_skipped = (
            change.skipped_from <= datetime.combine(change.day, time(23, 55)) < change.skipped_from + change.step
        )
        assert found.open_ticks(change.day).bit_count() == length / TICK - (not is_skipped), change
        assert found.open_ticks(change.day) & found.open_ticks(following) == 0, change
    assert lengths == {22, 23, 23.5, 24.5, 25, 26}


@pytest.mark.parametrize("name", ODD)
def test_ordinary_days_have_288_ticks(name):
    found = time_of_shop(name, date(2026, 7, 1), 1, ALWAYS)
    assert found.midnight(date(2026, 7, 2)) - found.midnight(date(2026, 7, 1)) == 288
    assert found.open_ticks(date(2026, 7, 1)).bit_count() == 287


@given(
    zones_and_days(),
    st.lists(walls(15), min_size=2, max_size=4, unique=True).map(sorted),
    st.sampled_from([15, 30, 60]),
    st.integers(1, 30),
)
@settings(max_examples=150, deadline=None)
def test_slots_are_every_start_that_fits_into_the_true_hours(where, marks, step, ticks):
    zone, day = where
    stretches = list(zip(marks[::2], marks[1::2], strict=False))
    hours = [(Day(on), *stretch) for on in range(1, 8) for stretch in stretches]
    found = time_of_shop(zone.key, day, 1, hours, step=step)
    midnight = first_at(datetime.combine(day, time(0)), zone)
    (answer,) = availability.read_days(found, plan_of(ticks), at=midnight - timedelta(hours=30))
    spans = opened(zone, day, *stretches)
    expected = []
    moment = midnight
    while naive(moment, zone).date() <= day:
        if any(start <= moment and moment + ticks * TICK <= end for start, end in spans):
            expected.append(Slot(moment, moment + ticks * TICK))
        moment += timedelta(minutes=step)
    assert list(answer.slots) == expected
    assert answer.date == day
    assert all(naive(slot.starts_at, zone).date() == day for slot in answer.slots)


@given(zones_and_days(), st.integers(0, 3 * 24 * 12), st.sampled_from([0, 60, 24 * 60]))
@settings(max_examples=80, deadline=None)
def test_lead_time_is_counted_in_true_time(where, ticks, wait):
    zone, day = where
    found = time_of_shop(zone.key, day, 3, ALWAYS, wait=wait)
    at = first_at(datetime.combine(day, time(0)), zone) + ticks * TICK
    days = availability.read_days(found, plan_of(1), at=at)
    starts = [slot.starts_at for one in days for slot in one.slots]
    everything = [
        slot.starts_at for one in days for slot in availability.possible_starts(found, plan_of(1), one.date, at=at)
    ]
    assert all(start >= at + timedelta(minutes=wait) for start in starts)
    assert starts == everything == sorted(set(starts))


@given(zones_and_days(), walls(15))
@settings(max_examples=80, deadline=None)
def test_off_peak_hours_are_those_of_the_wall(where, begin):
    zone, day = where
    found = time_of_shop(zone.key, day, 1, ALWAYS)
    found.off_peak = tuple((on, begin, time(23, 59), 20) for on in range(1, 8))
    midnight = first_at(datetime.combine(day, time(0)), zone)
    (answer,) = availability.read_days(found, plan_of(1), at=midnight - HOUR)
    for slot in answer.slots:
        assert slot.discount_percent == (20 if naive(slot.starts_at, zone).time() >= begin else 0)


# --- What is kept on a visit --------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("name", [*ODD, "America/New_York"])
def test_visit_keeps_the_wall_time_of_its_instant(name):
    """Held and moved around each change of 2026: what stands on the visit is what the clock on the wall shows."""
    city = CityFactory(key="elsewhere", timezone=name, country="XX")
    fields = {"opens": time(0), "closes": time(23, 55), "slot_step_minutes": 15, "lead_time_minutes": 0}
    zone = ZoneInfo(name)
    moments = [change.at for change in changes_of(name) if change.at.year == 2026] or [datetime(2026, 7, 1, tzinfo=UTC)]
    for number, moment in enumerate(moments):
        job = bookable_job(city=city, **fields)
        at = moment - timedelta(days=2)
        plan = job.quoted().plan
        day = naive(moment, zone).date() - timedelta(days=1)
        offered = [
            slot.starts_at
            for one in availability.day_slots(shop=job.shop, plan=plan, first=day, days=3, at=at)
            for slot in one.slots
        ]
        before = max(start for start in offered if start <= moment - HOUR)
        after = min(start for start in offered if start >= moment)
        booking = actions.hold(job=job, starts_at=before, holder=browser(f"{number}"), at=at)
        _check(booking, before, zone)
        contact = actions.Contact(name="Lin")
        holder = browser(f"{number}")
        booking = actions.confirm(booking=booking, by=UserFactory(), holder=holder, contact=contact, car=None, at=at)
        actions.reschedule(booking=booking, starts_at=after, by=Actor(ActorRole.STAFF), at=at)
        booking.refresh_from_db()
        _check(booking, after, zone)
        assert booking.ends_at - booking.starts_at == timedelta(minutes=40)


def _check(booking, moment, zone) -> None:
    assert booking.starts_at == moment
    assert booking.timezone == zone.key
    assert datetime.combine(booking.local_date, booking.local_time) == naive(moment, zone)
    assert booking.local_start.replace(tzinfo=None) == naive(moment, zone)
