"""On-site teams: the drives between stops are claimed, follow the stops, and decide what fits."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from psycopg2.extras import DateTimeTZRange

from bookings import actions
from bookings.choices import AllocationKind
from bookings.engine import availability, claims
from bookings.engine.availability import Reason
from bookings.engine.jobs import Job, VisitPlace
from bookings.errors import SlotUnavailableError
from bookings.models import Allocation, Booking
from shops import routing
from tests.bookings.test_actions import booked, owner_of
from tests.bookings.test_availability import MONDAY, local
from tests.factories.jobs import NOW, STAFF, bookable_job, browser

pytestmark = pytest.mark.django_db


@pytest.fixture
def team() -> Job:
    """One team with one van, open 8 to 20, starts every 15 minutes; 40 minutes of work."""
    job = bookable_job(kind="on_site", service_radius_km=30, slot_step_minutes=15, lead_time_minutes=0)
    job.shop.resources.filter(kind="bay").update(kind="mobile_unit")
    return job


def at_km(job: Job, km: float) -> Job:
    """The job at a place so many kilometres north of the shop."""
    return replace(job, place=VisitPlace(f"{km} km", job.shop.latitude + km / 111.19, job.shop.longitude))


def minutes_between(one: Job, other: Job | None = None) -> int:
    """The drive in whole ticks, as it is claimed."""
    assert one.place
    there = (one.place.latitude, one.place.longitude)
    here = (one.shop.latitude, one.shop.longitude)
    if other is not None:
        assert other.place
        here = (other.place.latitude, other.place.longitude)
    return -(-routing.minutes(here, there) // 5) * 5


def drives(booking: Booking) -> set[tuple[datetime, datetime]]:
    rows = booking.allocations.filter(kind=AllocationKind.TRAVEL)
    return {(row.during.lower, row.during.upper) for row in rows}  # type: ignore[misc]


def drive_of(minutes: int, until: datetime) -> set[tuple[datetime, datetime]]:
    return {(until - timedelta(minutes=minutes), until)}


def offered(job: Job) -> set[datetime]:
    days = availability.day_slots(shop=job.shop, plan=job.quoted().plan, first=MONDAY, days=1, at=NOW)
    return {slot.starts_at for slot in days[0].slots}


def overlapping(job: Job) -> bool:
    rows = list(Allocation.objects.filter(resource__shop=job.shop).order_by("resource_id", "during"))
    pairs = pairwise(rows)
    return any(a.resource_id == b.resource_id and a.during.upper > b.during.lower for a, b in pairs)


def test_the_way_to_the_first_customer_is_claimed_for_van_and_technician(team: Job) -> None:
    far = at_km(team, 10)
    visit = booked(far, local(13))
    assert drives(visit) == drive_of(minutes_between(far), local(13))
    assert visit.allocations.filter(kind=AllocationKind.TRAVEL).count() == 2


def test_a_stop_between_two_others_remakes_the_drive_to_the_next(team: Job) -> None:
    near, far = at_km(team, 1), at_km(team, 20)
    last = booked(far, local(16))
    assert drives(last) == drive_of(minutes_between(far), local(16))
    # Beside the last customer: the team comes there first and hardly drives afterwards.
    beside = at_km(team, 19)
    between = booked(beside, local(14, 45))
    assert drives(last) == drive_of(minutes_between(far, beside), local(16))
    assert drives(between) == drive_of(minutes_between(beside), local(14, 45))
    first = booked(near, local(12))
    assert drives(first) == drive_of(minutes_between(near), local(12))
    assert drives(between) == drive_of(minutes_between(beside, near), local(14, 45))
    assert not overlapping(team)


def test_work_can_take_the_time_of_a_drive_that_it_makes_shorter(team: Job) -> None:
    far = at_km(team, 20)
    last = booked(far, local(16))
    beside = at_km(team, 19)
    # 40 minutes from 15:00 lie inside the old drive, which takes over an hour.
    assert local(15) > local(16) - timedelta(minutes=minutes_between(far))
    assert local(15) in offered(beside)
    between = booked(beside, local(15))
    assert between.starts_at == local(15)
    assert drives(last) == drive_of(minutes_between(far, beside), local(16))
    assert not overlapping(team)


def test_the_drive_of_a_hold_on_a_later_day_is_claimed_at_once(team: Job) -> None:
    """Its hold ends before that day begins: it counts all the same."""
    far = at_km(team, 10)
    tomorrow = local(13, day=MONDAY + timedelta(days=1))
    held = actions.hold(job=far, starts_at=tomorrow, holder=browser(), at=NOW)
    assert drives(held) == drive_of(minutes_between(far), tomorrow)


def test_cancelling_a_stop_makes_the_drive_to_the_next_anew(team: Job) -> None:
    far, beside = at_km(team, 20), at_km(team, 19)
    last, between = booked(far, local(16)), booked(beside, local(14, 45))
    actions.cancel(booking=between, by=owner_of(between), at=NOW)
    assert drives(last) == drive_of(minutes_between(far), local(16))
    assert Allocation.objects.filter(booking=between).count() == 0


def test_a_lapsed_hold_gives_the_drive_to_the_next_stop_back(team: Job) -> None:
    far, beside = at_km(team, 20), at_km(team, 19)
    last = booked(far, local(16))
    actions.hold(job=beside, starts_at=local(14, 45), holder=browser(), at=NOW)
    assert drives(last) == drive_of(minutes_between(far, beside), local(16))
    assert claims.remove_lapsed(shop=team.shop, at=NOW + timedelta(minutes=10)) == 1
    assert drives(last) == drive_of(minutes_between(far), local(16))


def test_moving_a_stop_remakes_the_drives_where_it_was_and_where_it_goes(team: Job) -> None:
    far, beside = at_km(team, 20), at_km(team, 19)
    last, moving = booked(far, local(16)), booked(beside, local(14, 45))
    actions.reschedule(booking=moving, starts_at=local(18), by=STAFF, at=NOW)
    moving.refresh_from_db()
    assert drives(last) == drive_of(minutes_between(far), local(16))
    assert drives(moving) == drive_of(minutes_between(beside, far), local(18))
    assert not overlapping(team)


def test_a_customer_too_far_from_the_stops_around_is_refused_for_that(team: Job) -> None:
    booked(at_km(team, 20), local(13))
    booked(at_km(team, 20), local(15))
    elsewhere = at_km(team, -20)
    placed = availability.placement(shop=team.shop, plan=elsewhere.quoted().plan, starts_at=local(14), at=NOW)
    assert placed.reason == Reason.TOO_FAR
    with pytest.raises(SlotUnavailableError) as refusal:
        actions.hold(job=elsewhere, starts_at=local(14), holder=browser(), at=NOW)
    assert refusal.value.status == 409
    assert local(14) in offered(at_km(team, 20))


def test_the_team_sets_out_no_earlier_than_the_shop_opens(team: Job) -> None:
    far = at_km(team, 10)
    tomorrow = MONDAY + timedelta(days=1)
    days = availability.day_slots(shop=team.shop, plan=far.quoted().plan, first=tomorrow, days=1, at=NOW)
    earliest = local(8, day=tomorrow) + timedelta(minutes=minutes_between(far))
    first = days[0].slots[0].starts_at
    assert earliest <= first < earliest + timedelta(minutes=15)


def test_every_offered_stop_can_be_held_and_no_other(team: Job) -> None:
    booked(at_km(team, 12), local(12))
    booked(at_km(team, -9), local(16, 30))
    van = team.shop.resources.get(kind="mobile_unit")
    Allocation.objects.create(resource=van, kind="break", during=DateTimeTZRange(local(14), local(14, 30)))
    asked = at_km(team, 7)
    fits = offered(asked)
    assert fits
    start = local(10)
    while start < local(20):
        try:
            held = actions.hold(job=asked, starts_at=start, holder=browser(), at=NOW)
        except SlotUnavailableError:
            assert start not in fits, start
        else:
            assert start in fits, start
            assert not overlapping(team)
            actions.cancel(booking=held, by=STAFF, at=NOW)
        start += timedelta(minutes=15)


def test_a_confirmed_stop_keeps_its_drive_for_good(team: Job) -> None:
    visit = booked(at_km(team, 10), local(13))
    assert set(visit.allocations.values_list("held_until", flat=True)) == {None}
    booked(at_km(team, 11), local(15))
    assert set(visit.allocations.values_list("held_until", flat=True)) == {None}


def test_a_day_offers_the_same_starts_whatever_days_are_asked_with_it(team: Job) -> None:
    tuesday = MONDAY + timedelta(days=1)
    booked(at_km(team, 10), local(13, day=tuesday))
    plan = at_km(team, 3).quoted().plan
    alone = availability.day_slots(shop=team.shop, plan=plan, first=tuesday, days=1, at=NOW)[0]
    in_a_week = availability.day_slots(shop=team.shop, plan=plan, first=MONDAY, days=7, at=NOW)[1]
    assert in_a_week.slots == alone.slots
