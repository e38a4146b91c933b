"""Cars that are still in work keep their place as long as nothing else stands there."""

from datetime import timedelta

import pytest

from bookings import tasks, workshop
from bookings.actions import Wanted
from bookings.choices import Status
from bookings.engine.jobs import Job
from bookings.models import Allocation, Booking
from tests.bookings.test_availability import local
from tests.factories.board import visit
from tests.factories.jobs import bookable_job

pytestmark = pytest.mark.django_db

# 13:00 to 13:40.
START, END = local(13), local(13, 40)


@pytest.fixture
def job() -> Job:
    return bookable_job(bays=2, technicians=2)


def ends(booking: Booking) -> set[object]:
    return {claim.during.upper for claim in Allocation.objects.filter(booking=booking)}


@pytest.mark.parametrize("status", [Status.CHECKED_IN, Status.IN_SERVICE])
def test_work_about_to_run_over_keeps_bay_and_technician(job: Job, status: Status) -> None:
    booking = visit(job, starts_at=START, status=status)
    assert workshop.extend_overruns(at=END - timedelta(minutes=4)) == 1
    assert ends(booking) == {END + timedelta(minutes=15)}
    booking.refresh_from_db()
    assert booking.ends_at == END  # the promise to the owner stands


def test_second_run_at_the_same_minute_changes_nothing(job: Job) -> None:
    booking = visit(job, starts_at=START, status=Status.IN_SERVICE)
    assert workshop.extend_overruns(at=END) == 1
    assert workshop.extend_overruns(at=END) == 0
    assert ends(booking) == {END + timedelta(minutes=15)}


@pytest.mark.parametrize("status", [Status.CONFIRMED, Status.READY, Status.COMPLETED])
def test_visits_that_are_not_in_work_are_left_alone(job: Job, status: Status) -> None:
    booking = visit(job, starts_at=START, status=status)
    before = ends(booking)
    assert workshop.extend_overruns(at=END) == 0
    assert ends(booking) == before


def test_work_with_time_left_is_left_alone(job: Job) -> None:
    booking = visit(job, starts_at=START, status=Status.IN_SERVICE)
    assert workshop.extend_overruns(at=END - timedelta(minutes=6)) == 0
    assert ends(booking) == {END}


@pytest.mark.parametrize("kind", ["bay", "technician"])
def test_where_the_next_visit_stands_nothing_is_changed(job: Job, kind: str) -> None:
    booking = visit(job, starts_at=START, status=Status.IN_SERVICE)
    taken = booking.allocations.get(resource__kind=kind).resource_id
    following = visit(job, starts_at=END, wanted=Wanted(**{kind: taken}))
    free = visit(job, starts_at=START + timedelta(minutes=5), status=Status.IN_SERVICE)
    Allocation.objects.filter(booking=free, resource=taken).delete()
    at = END - timedelta(minutes=1)
    workshop.extend_overruns(at=at)
    # Neither half of the claim moved, and the next visit kept its place.
    assert ends(booking) == {END}
    assert following.allocations.get(resource=taken).during.lower == END


def test_conflict_of_one_visit_does_not_stop_the_others(job: Job) -> None:
    stuck = visit(job, starts_at=START, status=Status.IN_SERVICE)
    visit(job, starts_at=END, wanted=Wanted(bay=stuck.allocations.get(resource__kind="bay").resource_id))
    other = visit(job, starts_at=START, status=Status.IN_SERVICE)
    assert workshop.extend_overruns(at=END - timedelta(minutes=1)) == 1
    assert ends(other) == {END + timedelta(minutes=15)}


def test_gap_after_an_outage_is_closed(job: Job) -> None:
    booking = visit(job, starts_at=START, status=Status.IN_SERVICE)
    at = END + timedelta(hours=1)
    assert workshop.extend_overruns(at=at) == 1
    assert ends(booking) == {at + timedelta(minutes=15)}


def test_forgotten_visit_does_not_keep_its_bay_for_days(job: Job) -> None:
    visit(job, starts_at=START, status=Status.IN_SERVICE)
    assert workshop.extend_overruns(at=END + timedelta(hours=13)) == 0


def test_task_runs_every_minute(settings: object) -> None:
    entry = settings.CELERY_BEAT_SCHEDULE["bookings-extend-overruns"]
    assert entry["task"] == tasks.extend_overruns.name
    assert entry["schedule"].run_every == timedelta(minutes=1)
    assert tasks.extend_overruns() == 0
