"""Many clients, one slot, real PostgreSQL: exactly one booking, and the proof that the constraint is what does it."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, connections

from bookings import actions
from bookings.actions import Holder
from bookings.engine import availability
from bookings.engine.jobs import Job
from bookings.errors import HoldExpiredError, SlotTakenError
from bookings.models import Booking
from tests.bookings.test_availability import local
from tests.factories.accounts import UserFactory
from tests.factories.jobs import CONTACT, NOW, STAFF, bookable_job

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

CLIENTS = 32
OVERLAPS = """
SELECT count(*) FROM bookings_allocation a JOIN bookings_allocation b
ON a.resource_id = b.resource_id AND a.id < b.id AND a.during && b.during
"""


def overlaps() -> int:
    with connection.cursor() as cursor:
        cursor.execute(OVERLAPS)
        return int(cursor.fetchone()[0])


def at_once(work: Callable[[int], str], clients: int = CLIENTS) -> Counter[str]:
    """Run `work` in `clients` threads, each with its own connection, starting together; count the answers."""
    ready = threading.Barrier(clients)

    def one(number: int) -> str:
        try:
            ready.wait(timeout=30)
            return work(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(clients) as pool:
        return Counter(pool.map(one, range(clients)))


def hold_one_pm(job: Job, number: int) -> str:
    try:
        actions.hold(job=job, starts_at=local(13), holder=Holder(None, f"client {number}"), at=NOW)
    except SlotTakenError:
        return "refused"
    return "held"


@pytest.fixture
def everybody_sees_it_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst moment: nobody writes before everybody has read that the slot is free."""
    seen = threading.Barrier(CLIENTS)
    read = availability.placement

    def wait_for_the_others(**question: object) -> availability.Placement:
        free = read(**question)  # type: ignore[arg-type]
        seen.wait(timeout=30)
        return free

    monkeypatch.setattr(availability, "placement", wait_for_the_others)


@pytest.fixture
def without_the_constraint() -> Iterator[None]:
    drop = "ALTER TABLE bookings_allocation DROP CONSTRAINT allocation_no_overlap"
    add = (
        "ALTER TABLE bookings_allocation ADD CONSTRAINT allocation_no_overlap"
        " EXCLUDE USING gist (resource_id WITH =, during WITH &&)"
    )
    with connection.cursor() as cursor:
        cursor.execute(drop)
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE bookings_allocation")
        cursor.execute(add)


@pytest.mark.usefixtures("everybody_sees_it_free")
def test_of_32_clients_exactly_one_gets_the_slot() -> None:
    job = bookable_job(bays=1, technicians=1)
    assert at_once(lambda number: hold_one_pm(job, number)) == {"held": 1, "refused": CLIENTS - 1}
    assert Booking.objects.count() == 1
    assert overlaps() == 0


@pytest.mark.usefixtures("everybody_sees_it_free", "without_the_constraint")
def test_without_the_constraint_the_same_race_overbooks() -> None:
    job = bookable_job(bays=1, technicians=1)
    assert at_once(lambda number: hold_one_pm(job, number)) == {"held": CLIENTS}
    assert overlaps() > 0


@pytest.mark.usefixtures("everybody_sees_it_free")
def test_a_shop_with_three_bays_and_two_technicians_takes_two() -> None:
    job = bookable_job(bays=3, technicians=2)
    assert at_once(lambda number: hold_one_pm(job, number))["held"] == 2
    assert overlaps() == 0


def test_moving_holding_and_cancelling_on_few_resources_leaves_no_overlap_and_no_orphan() -> None:
    job = bookable_job(bays=2, technicians=2, slot_step_minutes=30)
    visits = []
    for hour in (11, 12, 14, 15):
        user = UserFactory()
        holder = Holder(user)
        held = actions.hold(job=job, starts_at=local(hour), holder=holder, at=NOW)
        visits.append(actions.confirm(booking=held, by=user, holder=holder, contact=CONTACT, car=None, at=NOW))

    def work(number: int) -> str:
        start = local(11) + timedelta(minutes=30 * (number % 8))
        try:
            match number % 4:
                case 0:
                    actions.hold(job=job, starts_at=start, holder=Holder(None, f"client {number}"), at=NOW)
                case 1 | 2:
                    actions.reschedule(booking=visits[number % 4], starts_at=start, by=STAFF, at=NOW)
                case _:
                    actions.cancel(booking=visits[3], by=STAFF, at=NOW)
        except SlotTakenError:
            return "refused"
        return "done"

    answers = at_once(work)
    assert set(answers) <= {"done", "refused"}
    assert overlaps() == 0
    for visit in Booking.objects.all():
        expected = 0 if visit.status in {"cancelled", "expired"} else 2
        assert visit.allocations.count() == expected, visit.status
        assert {a.during.lower for a in visit.allocations.all()} <= {visit.starts_at}


@pytest.mark.parametrize("_again", range(5))
def test_a_hold_being_confirmed_while_it_lapses_is_won_by_one_side_only(_again: int) -> None:
    """Confirm and a rival's claim (which removes lapsed holds) meet at the very end of the hold."""
    job = bookable_job(bays=1, technicians=1)
    user = UserFactory()
    holder = Holder(user)
    held = actions.hold(job=job, starts_at=local(13), holder=holder, at=NOW)
    end = NOW + timedelta(minutes=job.shop.hold_minutes)

    def confirm_in_time() -> str:
        just_before = end - timedelta(microseconds=1)
        actions.confirm(booking=held, by=user, holder=holder, contact=CONTACT, car=None, at=just_before)
        return "confirmed"

    def hold_after_it() -> str:
        actions.hold(job=job, starts_at=local(13), holder=Holder(None, "rival"), at=end)
        return "held"

    def work(number: int) -> str:
        try:
            return confirm_in_time() if number == 0 else hold_after_it()
        except (SlotTakenError, HoldExpiredError):
            return "refused"

    assert at_once(work, clients=2) in ({"confirmed": 1, "refused": 1}, {"held": 1, "refused": 1})
    assert overlaps() == 0


def test_16_clients_for_two_pairs_wait_for_each_other_and_none_dies() -> None:
    """Everybody wants the same bays and technicians in changing pairs: ascending order means no deadlock, no 500."""
    job = bookable_job(bays=2, technicians=2)
    assert at_once(lambda number: hold_one_pm(job, number), clients=16) == {"held": 2, "refused": 14}
    assert overlaps() == 0
