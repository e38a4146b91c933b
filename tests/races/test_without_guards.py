"""Each guard of the engine shown to be needed: the same race with it keeps every promise, without it does not."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from bookings import actions, waiting, workshop
from bookings.actions import Holder, Wanted
from bookings.choices import EventKind, Status
from bookings.engine import availability, claims, repack
from bookings.engine.jobs import Job, VisitPlace
from bookings.errors import SlotTakenError
from bookings.models import Allocation, Booking
from core import outbox
from core.errors import Refusal
from tests.bookings.test_actions import booked
from tests.bookings.test_availability import local, taken
from tests.factories.accounts import UserFactory
from tests.factories.jobs import CONTACT, NOW, STAFF, bookable_job, browser, minor_service
from tests.factories.shops import BayFactory
from tests.races import checker
from tests.races.test_one_slot import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: Patch) -> None:
    monkeypatch.setattr(outbox, "_wake", lambda _event: None)


@pytest.fixture
def without_the_constraint() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE bookings_allocation DROP CONSTRAINT allocation_no_overlap")
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE bookings_allocation")
        cursor.execute(
            "ALTER TABLE bookings_allocation ADD CONSTRAINT allocation_no_overlap"
            " EXCLUDE USING gist (resource_id WITH =, during WITH &&)"
        )


def meeting(monkeypatch: Patch, module: Any, name: str, parties: int = 2) -> None:
    """Whoever has done `name` waits until all have, if all can: a guard that lets one in at a time makes them miss
    each other, and then nobody waits longer than a moment."""
    done, barrier = getattr(module, name), threading.Barrier(parties)

    def wait_for_the_others(*args: Any, **kwargs: Any) -> Any:
        result = done(*args, **kwargs)
        with suppress(threading.BrokenBarrierError):
            barrier.wait(timeout=0.7)
        return result

    monkeypatch.setattr(module, name, wait_for_the_others)


def outcome(work: Callable[[], object]) -> str:
    try:
        work()
    except Refusal as refusal:
        return refusal.code
    return "done"


def nothing(*_args: Any, **_kwargs: Any) -> None:
    """A guard that does not guard."""


# --- The constraint and how it is asked ----------------------------------------------------------------------


def hold(job: Job, number: int, hour: int = 13) -> str:
    holder = Holder(None, f"client {number}")
    return outcome(lambda: actions.hold(job=job, starts_at=local(hour), holder=holder, at=NOW))


def test_with_the_constraint_one_of_eight_wins(monkeypatch: Patch) -> None:
    meeting(monkeypatch, availability, "placement", 8)
    job = bookable_job()
    assert at_once(lambda number: hold(job, number), 8) == {"done": 1, "slot_taken": 7}
    assert checker.faults() == {}


@pytest.mark.usefixtures("without_the_constraint")
def test_without_the_constraint_claims_overlap(monkeypatch: Patch) -> None:
    meeting(monkeypatch, availability, "placement", 8)
    job = bookable_job()
    at_once(lambda number: hold(job, number), 8)
    assert set(checker.faults()) == {"two claims on one resource overlap"}


@pytest.mark.usefixtures("without_the_constraint")
def test_a_check_before_the_insert_does_not_replace_the_constraint(monkeypatch: Patch) -> None:
    insert = claims._insert

    def look_first(rows: list[list[Any]]) -> bool:
        with connection.cursor() as cursor:
            for resource, _booking, _kind, start, end, *_ in rows:
                cursor.execute(
                    "SELECT FROM bookings_allocation WHERE resource_id = %s"
                    " AND during && tstzrange(to_timestamp(%s), to_timestamp(%s))",
                    [resource, start, end],
                )
                if cursor.fetchone() is not None:
                    return False
        return True

    monkeypatch.setattr(claims, "look_first", look_first, raising=False)
    meeting(monkeypatch, claims, "look_first", 4)
    monkeypatch.setattr(claims, "_insert", lambda rows: claims.look_first(rows) and insert(rows))
    job = bookable_job()
    at_once(lambda number: hold(job, number), 4)
    assert "two claims on one resource overlap" in checker.faults()


# --- Lapsed holds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("guarded", [True, False])
def test_without_removing_lapsed_holds_what_is_offered_cannot_be_had(monkeypatch: Patch, guarded: bool) -> None:
    job = bookable_job()
    first = actions.hold(job=job, starts_at=local(13), holder=browser(), at=NOW)
    later = NOW + timedelta(minutes=10)
    if not guarded:
        monkeypatch.setattr(claims, "remove_lapsed", nothing)
    assert availability.placement(shop=job.shop, plan=job.quoted().plan, starts_at=local(13), at=later).reason is None
    said = outcome(lambda: actions.hold(job=job, starts_at=local(13), holder=browser("next"), at=later))
    assert (said, first.allocations.count()) == (("done", 0) if guarded else ("slot_taken", 2))


# --- Locks ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("guarded", [True, False])
def test_without_the_row_lock_a_visit_is_confirmed_and_cancelled(monkeypatch: Patch, guarded: bool) -> None:
    user = UserFactory()
    held = actions.hold(job=bookable_job(), starts_at=local(13), holder=Holder(user), at=NOW)
    if not guarded:
        monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_: rows)
    meeting(monkeypatch, actions, "locked")

    def work(number: int) -> str:
        if number == 0:
            return outcome(lambda: actions.cancel(booking=held, by=STAFF, at=NOW))
        parts = {"booking": held, "by": user, "holder": Holder(user), "contact": CONTACT, "car": None, "at": NOW}
        return outcome(lambda: actions.confirm(**parts))

    answers = at_once(work, 2)
    if guarded:
        assert checker.faults() == {}
    else:
        assert answers == {"done": 2}
        assert "an event does not follow from the one before" in checker.faults()


@pytest.mark.parametrize("guarded", [True, False])
def test_without_the_lock_on_the_person_two_holds_stay(monkeypatch: Patch, guarded: bool) -> None:
    job, user = bookable_job(bays=2, technicians=2), UserFactory()
    if not guarded:
        monkeypatch.setattr(actions, "_one_at_a_time", nothing)
    meeting(monkeypatch, actions, "_give_up_other_holds")

    def work(number: int) -> str:
        start = local(13 + number)
        return outcome(lambda: actions.hold(job=job, starts_at=start, holder=Holder(user), at=NOW))

    assert at_once(work, 2) == {"done": 2}
    assert set(checker.faults()) == (set() if guarded else {"somebody holds two times at one shop"})


@pytest.mark.parametrize("guarded", [True, False])
def test_without_the_lock_on_the_team_it_cannot_be_at_both_stops(monkeypatch: Patch, guarded: bool) -> None:
    """Two customers on opposite sides, an hour apart: each could be served alone."""
    team = bookable_job(kind="on_site", service_radius_km=20, lead_time_minutes=0)
    team.shop.resources.filter(kind="bay").update(kind="mobile_unit")
    if not guarded:
        monkeypatch.setattr(claims, "lock_team", nothing)
    meeting(monkeypatch, availability, "placement")
    shop = team.shop

    def work(number: int) -> str:
        place = VisitPlace("somewhere", shop.latitude + (0.05, -0.05)[number], shop.longitude)
        job, start = replace(team, place=place), local(13 + number)
        return outcome(lambda: actions.hold(job=job, starts_at=start, holder=browser(f"{number}"), at=NOW))

    answers = at_once(work, 2)
    if guarded:
        assert answers == {"done": 1, "slot_unavailable": 1}
        assert checker.faults() == {}
    else:
        assert answers == {"done": 2}
        assert "a team cannot be at its next stop in time" in checker.faults()


def two_teams() -> tuple[list[Job], Callable[[Job], Job]]:
    jobs = [bookable_job(kind="on_site", service_radius_km=20) for _ in range(2)]
    for job in jobs:
        job.shop.resources.filter(kind="bay").update(kind="mobile_unit")
    place = VisitPlace("天钥桥路 1 号", jobs[0].shop.latitude + 0.02, jobs[0].shop.longitude)
    return jobs, lambda job: replace(job, place=place)


@pytest.mark.parametrize("guarded", [True, False])
def test_two_who_give_up_holds_at_each_others_teams_do_not_wait_for_each_other(
    monkeypatch: Patch, guarded: bool
) -> None:
    """Each holds at three shops, the oldest with the team that the other asks now, and it must be given up."""
    teams, at_place = two_teams()
    users = [UserFactory(), UserFactory()]
    for user, oldest in zip(users, reversed(teams), strict=True):
        for job in (at_place(oldest), bookable_job(), bookable_job()):
            actions.hold(job=job, starts_at=local(15), holder=Holder(user), at=NOW)
    lock_team = claims.lock_team
    if not guarded:
        monkeypatch.setattr(claims, "lock_team", lambda *shops: lock_team(*shops[:1]))
    meeting(monkeypatch, claims, "remove_lapsed")
    surprises: list[str] = []

    def work(number: int) -> str:
        job, holder = at_place(teams[number]), Holder(users[number])
        try:
            return outcome(lambda: actions.hold(job=job, starts_at=local(13), holder=holder, at=NOW))
        except Exception as surprise:
            surprises.append(str(surprise))
            return "died"

    answers = at_once(work, 2)
    assert answers == ({"done": 2} if guarded else {"done": 1, "died": 1})
    assert all("deadlock" in words for words in surprises)


@pytest.mark.parametrize("guarded", [True, False])
def test_without_the_lock_on_the_line_the_second_overtakes_the_first(monkeypatch: Patch, guarded: bool) -> None:
    job = bookable_job(slot_step_minutes=60)
    bay = job.shop.resources.get(kind="bay")
    taken(bay, local(8), local(13))
    taken(bay, local(14), local(20))
    window = {"not_before": local(10), "not_after": local(20), "at": NOW}
    first, second = (waiting.join(job=job, owner=UserFactory(), car=None, **window) for _ in range(2))
    if not guarded:
        monkeypatch.setattr(waiting, "_lock", nothing)
    offer, other_done = waiting._offer, threading.Event()

    def hesitate(entry: Any, *args: Any) -> bool:
        if entry.pk == first.pk:
            other_done.wait(timeout=0.7 if guarded else 20)  # with the lock the other one can only come later
        made = offer(entry, *args)
        if entry.pk == second.pk:
            other_done.set()
        return made

    monkeypatch.setattr(waiting, "_offer", hesitate)
    at_once(lambda _number: str(waiting.serve(shop=job.shop, at=NOW)), 2)
    first.refresh_from_db()
    second.refresh_from_db()
    assert [first.status, second.status] == (["offered", "waiting"] if guarded else ["waiting", "offered"])


# --- Making room -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("guarded", [True, False])
def test_without_asking_for_its_status_a_car_in_the_shop_would_be_moved(monkeypatch: Patch, guarded: bool) -> None:
    job = bookable_job(technicians=3)
    both = BayFactory(shop=job.shop, capabilities=["lift", "alignment"])
    rare = minor_service(key="alignment", bay="alignment")
    job.shop.offers.create(service=rare, scope="all", labour_fen=100, parts_fen=0)
    standing = workshop.walk_in(
        job=job, starts_at=local(13), wanted=Wanted(bay=both.pk), contact=CONTACT, by=UserFactory(), at=NOW
    )
    Allocation.objects.update(is_pinned=False)
    make = repack._make

    def late(moves: list[Any], at: Any) -> bool:
        workshop.check_in(booking=standing, odometer_km=10, by=UserFactory(), at=NOW)
        if not guarded:
            now = Booking.objects.get(pk=standing.pk).status
            moves = [replace(move, claim=replace(move.claim, status=now)) for move in moves]
        return make(moves, at)

    monkeypatch.setattr(repack, "_make", late)
    said = outcome(lambda: actions.hold(job=replace(job, service=rare), starts_at=local(13), holder=browser(), at=NOW))
    moved = standing.events.filter(kind=EventKind.REPACKED).exists()
    assert (said, moved) == (("slot_unavailable", False) if guarded else ("done", True))


def test_two_who_move_into_each_others_place_lose_politely() -> None:
    """Two cars in the shop exchange their bays at the same moment, again and again: nobody dies of a deadlock."""
    job = bookable_job(bays=2, technicians=2)
    visits = [booked(job, local(13)) for _ in range(2)]
    for visit in visits:
        workshop.check_in(booking=visit, odometer_km=10, by=UserFactory(), at=local(13))
    bays = list(job.shop.resources.filter(kind="bay").values_list("pk", flat=True))
    by = UserFactory()

    def work(number: int) -> str:
        visit, bay = visits[number % 2], bays[(number // 2) % 2]
        return outcome(lambda: workshop.reassign(booking=visit, wanted=Wanted(bay=bay), by=by, at=local(13)))

    assert set(at_once(work, 16)) <= {"done", "slot_taken"}
    assert checker.faults() == {}
    assert Booking.objects.filter(status=Status.CHECKED_IN).count() == 2


def test_a_deadlock_over_claims_is_a_lost_race() -> None:
    """Two claim the same two bays in opposite orders; PostgreSQL ends one of the waits."""
    job = bookable_job(bays=2)
    bays = list(job.shop.resources.filter(kind="bay"))
    half = threading.Barrier(2)

    def work(number: int) -> str:
        def claim_both() -> None:
            with claims.losing_politely():
                for bay in bays[:: 1 if number else -1]:
                    Allocation.objects.create(resource=bay, kind="block", during=(local(13), local(14)))
                    if bay == bays[0 if number else -1]:
                        half.wait(timeout=30)

        return outcome(claim_both)

    assert at_once(work, 2) == {"done": 1, SlotTakenError.code: 1}
    assert Allocation.objects.count() == 2
