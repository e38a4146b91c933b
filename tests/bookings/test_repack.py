"""Making room: automatic visits get another bay or technician, nobody gets another time, and nothing pinned moves."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from bookings import actions, workshop
from bookings.actions import Wanted
from bookings.choices import ActorRole, EventKind, Status
from bookings.engine import availability, repack
from bookings.engine.availability import Reason
from bookings.engine.jobs import Job
from bookings.errors import SlotUnavailableError
from bookings.models import Allocation, Booking
from core.models import OutboxEvent
from shops.models import Resource
from tests.bookings.test_actions import booked
from tests.bookings.test_availability import MONDAY, local, refused, taken
from tests.factories.accounts import UserFactory
from tests.factories.jobs import CONTACT, NOW, STAFF, bookable_job, browser, minor_service
from tests.factories.shops import BayFactory

pytestmark = pytest.mark.django_db


def lanes(job: Job, *able: list[str]) -> list[Resource]:
    """The shop's bays replaced by these, and as many technicians as can be needed."""
    job.shop.resources.filter(kind="bay").update(is_active=False)
    return [BayFactory(shop=job.shop, capabilities=capabilities) for capabilities in able]


def put(job: Job, bay: Resource, hour: int, *, by_hand: bool = False, minute: int = 0) -> Booking:
    """A visit on a certain bay; as if it had got it automatically, unless by hand."""
    visit = workshop.walk_in(
        job=job, starts_at=local(hour, minute), wanted=Wanted(bay=bay.pk), contact=CONTACT, by=UserFactory(), at=NOW
    )
    if not by_hand:
        visit.allocations.update(is_pinned=False)
    return visit


def bay_of(visit: Booking) -> int:
    return visit.allocations.get(resource__kind="bay").resource_id


@pytest.fixture
def job() -> Job:
    """Work of 40 minutes on a lift."""
    return bookable_job(technicians=4, slot_step_minutes=30, lead_time_minutes=0)


@pytest.fixture
def rare(job: Job) -> Job:
    """Work that only a bay with an alignment rig can take."""
    service = minor_service(key="alignment", bay="alignment")
    job.shop.offers.create(service=service, scope="all", labour_fen=100, parts_fen=0)
    return replace(job, service=service)


def test_a_refused_start_becomes_possible_when_a_visit_moves_aside(job: Job, rare: Job) -> None:
    both, lift = lanes(job, ["lift", "alignment"], ["lift"])
    standing = put(job, both, 13)
    assert refused(rare, local(13)) == Reason.BAYS_TAKEN
    held = actions.hold(job=rare, starts_at=local(13), holder=browser(), at=NOW)
    assert (bay_of(held), bay_of(standing)) == (both.pk, lift.pk)
    fresh = Booking.objects.get(pk=standing.pk)
    assert (fresh.starts_at, fresh.ends_at) == (standing.starts_at, standing.ends_at)
    assert fresh.revision == standing.revision + 1
    event = standing.events.get(kind=EventKind.REPACKED)
    assert (event.actor_role, event.to_status) == (ActorRole.SYSTEM, Status.CONFIRMED)
    assert event.data == {"before": {"resources": [both.pk]}, "after": {"resources": [lift.pk]}}
    assert OutboxEvent.objects.filter(topic="booking.repacked", key=standing.public_id).count() == 1


def test_what_was_chosen_by_hand_is_never_moved(job: Job, rare: Job) -> None:
    both, _lift = lanes(job, ["lift", "alignment"], ["lift"])
    standing = put(job, both, 13, by_hand=True)
    with pytest.raises(SlotUnavailableError) as refusal:
        actions.hold(job=rare, starts_at=local(13), holder=browser(), at=NOW)
    assert refusal.value.reason == Reason.BAYS_TAKEN
    assert bay_of(standing) == both.pk
    assert not standing.events.filter(kind=EventKind.REPACKED).exists()


def test_a_break_is_never_moved(job: Job, rare: Job) -> None:
    both, _lift = lanes(job, ["lift", "alignment"], ["lift"])
    taken(both, local(13), local(14))
    with pytest.raises(SlotUnavailableError):
        actions.hold(job=rare, starts_at=local(13), holder=browser(), at=NOW)


def test_a_car_that_has_come_stays_where_it_is(job: Job, rare: Job) -> None:
    both, _lift = lanes(job, ["lift", "alignment"], ["lift"])
    standing = put(job, both, 13)
    workshop.check_in(booking=standing, odometer_km=10, by=UserFactory(), at=NOW)
    with pytest.raises(SlotUnavailableError):
        actions.hold(job=rare, starts_at=local(13), holder=browser(), at=NOW)
    assert bay_of(standing) == both.pk


def test_a_car_that_comes_while_room_is_being_made_stays_where_it_is(
    job: Job, rare: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, _lift = lanes(job, ["lift", "alignment"], ["lift"])
    standing = put(job, both, 13)
    make = repack._make

    def late(moves: object, at: object) -> bool:
        workshop.check_in(booking=standing, odometer_km=10, by=UserFactory(), at=NOW)
        return make(moves, at)  # type: ignore[arg-type]

    monkeypatch.setattr(repack, "_make", late)
    with pytest.raises(SlotUnavailableError):
        actions.hold(job=rare, starts_at=local(13), holder=browser(), at=NOW)
    assert bay_of(standing) == both.pk


def test_a_visit_moves_only_to_what_can_do_its_work(job: Job, rare: Job) -> None:
    both, _wash = lanes(job, ["lift", "alignment"], ["wash"])
    standing = put(job, both, 13)
    with pytest.raises(SlotUnavailableError):
        actions.hold(job=rare, starts_at=local(13), holder=browser(), at=NOW)
    assert bay_of(standing) == both.pk


def test_a_visit_moves_only_where_nothing_stands(job: Job, rare: Job) -> None:
    both, lift = lanes(job, ["lift", "alignment"], ["lift"])
    standing = put(job, both, 13)
    taken(lift, local(13, 35), local(14))
    with pytest.raises(SlotUnavailableError):
        actions.hold(job=rare, starts_at=local(13), holder=browser(), at=NOW)
    assert bay_of(standing) == both.pk


def test_two_visits_move_one_after_the_other(job: Job, rare: Job) -> None:
    """The rig's visit can only go to the high-voltage bay, whose visit goes to the plain lift."""
    hv = minor_service(key="hv", bay="ev")
    job.shop.offers.create(service=hv, scope="all", labour_fen=100, parts_fen=0)
    rig, ev, lift = lanes(job, ["alignment", "ev"], ["ev", "lift"], ["lift"])
    first, second = put(replace(job, service=hv), rig, 13), put(job, ev, 13)
    held = actions.hold(job=rare, starts_at=local(13), holder=browser(), at=NOW)
    assert [bay_of(visit) for visit in (held, first, second)] == [rig.pk, ev.pk, lift.pk]
    assert all(v.events.filter(kind=EventKind.REPACKED).count() == 1 for v in (first, second))


def test_two_visits_on_one_bay_both_move_aside(job: Job, rare: Job) -> None:
    rare.shop.offers.filter(service=rare.service).update(minutes=120)
    both, lift = lanes(job, ["lift", "alignment"], ["lift"])
    standing = [put(job, both, 13), put(job, both, 14)]
    held = actions.hold(job=rare, starts_at=local(13), holder=browser(), at=NOW)
    assert bay_of(held) == both.pk
    assert {bay_of(visit) for visit in standing} == {lift.pk}


def test_if_one_of_two_cannot_move_neither_does(job: Job, rare: Job) -> None:
    rare.shop.offers.filter(service=rare.service).update(minutes=120)
    both, lift = lanes(job, ["lift", "alignment"], ["lift"])
    standing = [put(job, both, 13), put(job, both, 14)]
    taken(lift, local(14), local(15))
    with pytest.raises(SlotUnavailableError):
        actions.hold(job=rare, starts_at=local(13), holder=browser(), at=NOW)
    assert {bay_of(visit) for visit in standing} == {both.pk}
    assert not Allocation.objects.filter(resource=lift, kind="work").exists()


def test_room_that_was_made_for_nothing_is_given_back(job: Job, rare: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newcomer loses its claim at the last moment: whoever was moved aside for it stands where it stood."""
    both, _lift = lanes(job, ["lift", "alignment"], ["lift"])
    standing = put(job, both, 13)

    def lose(**_: object) -> None:
        raise actions.SlotTakenError

    monkeypatch.setattr(actions.claims, "claim", lose)
    with pytest.raises(actions.SlotTakenError):
        actions.hold(job=rare, starts_at=local(13), holder=browser(), at=NOW)
    assert bay_of(standing) == both.pk
    assert not standing.events.filter(kind=EventKind.REPACKED).exists()


def test_moving_a_visit_makes_room_for_it_too(job: Job, rare: Job) -> None:
    both, lift = lanes(job, ["lift", "alignment"], ["lift"])
    moving, standing = booked(rare, local(10)), put(job, both, 13)
    actions.reschedule(booking=moving, starts_at=local(13), by=STAFF, at=NOW)
    assert (bay_of(moving), bay_of(standing)) == (both.pk, lift.pk)


def test_a_technician_can_be_changed_to_make_room(job: Job, rare: Job) -> None:
    lanes(job, ["lift", "alignment"], ["lift"])
    people = list(job.shop.resources.filter(kind="technician").order_by("pk"))
    job.shop.resources.filter(pk__in=[person.pk for person in people[2:]]).update(is_active=False)
    job.shop.resources.filter(pk=people[0].pk).update(capabilities=["maintenance", "alignment"])
    rare.service.skill = "alignment"
    rare.service.save()
    lift = job.shop.resources.get(kind="bay", capabilities=["lift"], is_active=True)
    wanted = Wanted(bay=lift.pk, technician=people[0].pk)
    standing = workshop.walk_in(job=job, starts_at=local(13), wanted=wanted, contact=CONTACT, by=UserFactory(), at=NOW)
    standing.allocations.update(is_pinned=False)
    held = actions.hold(job=rare, starts_at=local(13), holder=browser(), at=NOW)
    assert people[0].pk in actions.resource_ids(held)
    assert people[1].pk in actions.resource_ids(standing)


# --- Whole days -------------------------------------------------------------------------------------------------


def day(job: Job) -> availability.DaySlots:
    return availability.day_slots(shop=job.shop, plan=job.quoted().plan, first=MONDAY, days=1, at=NOW)[0]


def test_a_full_day_is_reopened_with_the_starts_that_room_can_be_made_for(job: Job, rare: Job) -> None:
    both, _lift = lanes(job, ["lift", "alignment"], ["lift"])
    taken(both, local(8), local(13))
    taken(both, local(14), local(20))
    put(job, both, 13)
    full = day(rare)
    assert full.reason == Reason.FULL
    (reopened,) = repack.reopened([full], shop=rare.shop, plan=rare.quoted().plan, at=NOW)
    assert [slot.starts_at for slot in reopened.slots] == [local(13)]
    for slot in reopened.slots:
        assert actions.hold(job=rare, starts_at=slot.starts_at, holder=browser(), at=NOW)


def test_a_full_day_without_a_way_stays_full(job: Job, rare: Job) -> None:
    both, _lift = lanes(job, ["lift", "alignment"], ["lift"])
    taken(both, local(8), local(13))
    taken(both, local(14), local(20))
    put(job, both, 13, by_hand=True)
    full = day(rare)
    assert repack.reopened([full], shop=rare.shop, plan=rare.quoted().plan, at=NOW) == [full]


def test_days_with_slots_ask_nothing(job: Job, django_assert_num_queries: object) -> None:
    today = day(job)
    plan = job.quoted().plan
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert repack.reopened([today], shop=job.shop, plan=plan, at=NOW) == [today]


def test_every_reopened_start_can_be_held(job: Job, rare: Job) -> None:
    both, lift = lanes(job, ["lift", "alignment"], ["lift"])
    taken(both, local(8), local(12))
    taken(both, local(17), local(20))
    for hour, minute in ((12, 0), (12, 40), (13, 20), (14, 0), (14, 40), (15, 20), (16, 0)):
        put(job, both, hour, minute=minute)
    taken(both, local(16, 40), local(17))
    taken(lift, local(14), local(15))
    (reopened,) = repack.reopened([day(rare)], shop=rare.shop, plan=rare.quoted().plan, at=NOW)
    won = {slot.starts_at for slot in reopened.slots}
    every = [local(11) + timedelta(minutes=30 * n) for n in range(16)]
    assert won == {start for start in every if can_be_held(rare, start)}
    assert 0 < len(won) < len(every)


def can_be_held(job: Job, start: datetime) -> bool:
    """Tried out and undone."""
    try:
        with transaction.atomic():
            actions.hold(job=job, starts_at=start, holder=browser(), at=NOW)
            transaction.set_rollback(True)
    except SlotUnavailableError:
        return False
    return True
