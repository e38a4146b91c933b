"""Which starts a shop can keep, with the reasons for those it cannot."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from psycopg2.extras import DateTimeTZRange
from pytest_django import DjangoAssertNumQueries

from bookings import actions
from bookings.engine import availability
from bookings.engine.availability import Reason
from bookings.engine.jobs import Job
from bookings.models import Allocation
from shops.models import Closure, OpeningHours, Resource
from tests.factories.jobs import NOW, bookable_job, browser

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY = date(2026, 11, 23)

pytestmark = pytest.mark.django_db


def local(hour: int, minute: int = 0, day: date = MONDAY) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=SHANGHAI)


def day_of(job: Job, day: date = MONDAY, at: datetime = NOW) -> availability.DaySlots:
    return availability.day_slots(shop=job.shop, plan=job.quoted().plan, first=day, days=1, at=at)[0]


def starts(job: Job, day: date = MONDAY, at: datetime = NOW) -> list[str]:
    return [f"{slot.starts_at.astimezone(SHANGHAI):%H:%M}" for slot in day_of(job, day, at).slots]


def taken(resource: Resource, start: datetime, end: datetime) -> None:
    Allocation.objects.create(resource=resource, kind="block", during=DateTimeTZRange(start, end))


def refused(job: Job, start: datetime, at: datetime = NOW) -> Reason | None:
    return availability.placement(shop=job.shop, plan=job.quoted().plan, starts_at=start, at=at).reason


def test_slots_begin_after_the_lead_time_and_end_with_the_last_job_that_fits() -> None:
    job = bookable_job(slot_step_minutes=60, lead_time_minutes=60)
    # 10:00 now, an hour's notice; 40 minutes of work must end by 20:00.
    assert starts(job) == [f"{hour}:00" for hour in range(11, 20)]


def test_a_job_does_not_run_over_the_lunch_break() -> None:
    job = bookable_job(slot_step_minutes=30)
    OpeningHours.objects.filter(shop=job.shop).delete()
    OpeningHours.objects.create(shop=job.shop, day=1, opens_at=time(10), closes_at=time(12))
    OpeningHours.objects.create(shop=job.shop, day=1, opens_at=time(13), closes_at=time(14))
    assert starts(job) == ["11:00", "13:00"]


def test_a_taken_bay_takes_away_every_start_whose_work_would_touch_it() -> None:
    job = bookable_job(slot_step_minutes=30)
    taken(job.shop.resources.get(kind="bay"), local(13), local(14))
    assert "12:00" in starts(job)
    assert not {"12:30", "13:00", "13:30"} & set(starts(job))
    assert "14:00" in starts(job)


def test_a_busy_technician_takes_away_the_slot_though_a_bay_is_free() -> None:
    job = bookable_job(bays=2, technicians=1, slot_step_minutes=60)
    taken(job.shop.resources.get(kind="technician"), local(13), local(14))
    assert "13:00" not in starts(job)


def test_one_of_two_bays_is_enough() -> None:
    job = bookable_job(bays=2, slot_step_minutes=60)
    taken(job.shop.resources.filter(kind="bay").first(), local(13), local(14))
    assert "13:00" in starts(job)


def test_turnaround_keeps_the_bay_after_the_work() -> None:
    job = bookable_job(slot_step_minutes=30, turnaround_minutes=30)
    taken(job.shop.resources.get(kind="bay"), local(13), local(14))
    # 40 minutes of work and 30 of turnaround from 12:00 reach 13:10.
    assert "12:00" not in starts(job)
    assert "11:30" in starts(job)


def test_a_lapsed_hold_does_not_hide_its_slot() -> None:
    job = bookable_job(slot_step_minutes=60)
    actions.hold(job=job, starts_at=local(13), holder=browser(), at=NOW)
    assert "13:00" not in starts(job)
    later = NOW + timedelta(minutes=job.shop.hold_minutes)
    assert "13:00" in starts(job, at=later)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda job: Closure.objects.create(shop=job.shop, first_date=MONDAY, last_date=MONDAY), Reason.CLOSED),
        (lambda job: OpeningHours.objects.filter(shop=job.shop).delete(), Reason.CLOSED),
        (lambda job: job.shop.resources.filter(kind="bay").update(capabilities=["wash"]), Reason.NO_BAY),
        (lambda job: job.shop.resources.filter(kind="bay").update(is_active=False), Reason.NO_BAY),
        (lambda job: job.shop.resources.filter(kind="technician").update(capabilities=["ac"]), Reason.NO_TECHNICIAN),
        (lambda job: job.shop.offers.update(minutes=600) and job.shop.opening_hours.update(opens_at=time(15)),
         Reason.TOO_LONG),
        (lambda job: taken(job.shop.resources.get(kind="bay"), local(0), local(23, 55)), Reason.FULL),
        (lambda job: setattr(job.shop, "lead_time_minutes", 24 * 60), Reason.LEAD_TIME),
    ],
)  # fmt: skip
def test_a_day_without_slots_says_why(change: object, reason: Reason) -> None:
    job = bookable_job()
    change(job)  # type: ignore[operator]
    assert day_of(job).slots == ()
    assert day_of(job).reason == reason


def test_a_public_holiday_is_named() -> None:
    job = bookable_job(holiday_policy="closed", booking_window_days=90)
    day = day_of(job, date(2026, 10, 1), at=datetime(2026, 9, 20, tzinfo=SHANGHAI))
    assert day.reason == Reason.CLOSED
    assert day.detail  # the holiday's name


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (local(9), Reason.PAST),
        (local(10, 30), Reason.LEAD_TIME),
        (local(11, 10), Reason.OFF_GRID),
        (local(12, 0) + timedelta(seconds=7), Reason.OFF_GRID),
        (local(21), Reason.CLOSED),
        (local(7, day=date(2026, 11, 24)), Reason.CLOSED),
        (local(19, 30), Reason.TOO_LONG),
        (local(12, day=date(2026, 12, 24)), Reason.BEYOND_WINDOW),
        (local(12, day=date(2226, 12, 24)), Reason.BEYOND_WINDOW),
    ],
)
def test_a_start_that_cannot_be_had_says_why(start: datetime, reason: Reason) -> None:
    assert refused(bookable_job(), start) == reason


def test_the_bottleneck_is_named() -> None:
    job = bookable_job()
    taken(job.shop.resources.get(kind="technician"), local(13), local(14))
    assert refused(job, local(13)) == Reason.TECHNICIANS_TAKEN
    taken(job.shop.resources.get(kind="bay"), local(13), local(14))
    assert refused(job, local(13)) == Reason.BAYS_TAKEN


def test_the_offered_slots_are_exactly_the_starts_that_can_be_held() -> None:
    job = bookable_job(bays=2, technicians=2, slot_step_minutes=30, turnaround_minutes=10)
    bays = list(job.shop.resources.filter(kind="bay"))
    taken(bays[0], local(11), local(15))
    taken(bays[1], local(14, 20), local(16))
    taken(job.shop.resources.filter(kind="technician").first(), local(17), local(19))
    offered = {slot.starts_at for slot in day_of(job).slots}
    every = [local(8) + timedelta(minutes=5 * n) for n in range(12 * 14)]
    assert offered == {start for start in every if refused(job, start) is None}


@pytest.mark.parametrize("days", [1, 14])
def test_queries_do_not_grow_with_days_or_bookings(
    days: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    job = bookable_job(bays=3, technicians=3)
    plan = job.quoted().plan
    for hour in range(11, 11 + days // 2):
        taken(job.shop.resources.filter(kind="bay").first(), local(hour), local(hour, 30))
    with django_assert_num_queries(1):
        availability.day_slots(shop=job.shop, plan=plan, first=MONDAY, days=days, at=NOW)


@pytest.mark.parametrize("shops", [1, 6])
def test_next_slots_of_many_shops_cost_as_many_queries_as_of_one(
    shops: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    jobs = [bookable_job(lead_time_minutes=0) for _ in range(shops)]
    plans = {job.shop: job.quoted().plan for job in jobs}
    with django_assert_num_queries(1):
        found = availability.next_slots(plans=plans, at=NOW)
    assert {len(of_shop) for of_shop in found.values()} == {3}
    assert [slot.starts_at for slot in found[jobs[0].shop.pk]] == [local(10), local(10, 30), local(11)]


def test_next_slots_look_beyond_the_first_days() -> None:
    job = bookable_job()
    Closure.objects.create(shop=job.shop, first_date=MONDAY, last_date=MONDAY + timedelta(days=7))
    found = availability.next_slots(plans={job.shop: job.quoted().plan}, at=NOW)[job.shop.pk]
    assert found[0].starts_at == local(8, day=MONDAY + timedelta(days=8))
    assert len(found) == 3
