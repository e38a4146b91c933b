"""What a visit is made of: which stretches, in which order, on whom, and how long it may wait in between."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bookings import actions
from bookings.choices import Handover
from bookings.engine import availability, phases
from bookings.engine.jobs import Job, VisitPlace
from bookings.engine.phases import Claim, Phase, Plan
from bookings.models import Allocation
from catalog.choices import PhaseKind
from catalog.models import Offer, Service, ServicePhase
from core.errors import InvalidInput
from shops.choices import ResourceKind
from shops.models import Shift
from tests.bookings.test_actions import booked, owner_of
from tests.bookings.test_availability import MONDAY, local, starts, taken
from tests.factories.jobs import NOW, bookable_job, browser, minor_service
from tests.factories.shops import BayFactory, TechnicianResourceFactory

pytestmark = pytest.mark.django_db

WORK = {"kind": "work", "minutes": None, "bay": "lift", "skill": "maintenance"}
ALIGN = {"kind": "alignment", "minutes": 20, "bay": "alignment", "skill": "alignment"}
DRIVE = {"kind": "road_test", "minutes": 10, "bay": "none", "skill": "maintenance"}
WASH = {"kind": "wash", "minutes": 15, "bay": "wash", "skill": "wash"}


def service_of(key: str, *rows: dict, minutes: int = 60, **fields: object) -> Service:
    """A service of `minutes` with these phases."""
    service = minor_service(key=key, standard_minutes=minutes, **fields)
    for position, row in enumerate(rows):
        ServicePhase.objects.create(service=service, position=position, **row)
    return service


def offered(job: Job, *services: Service) -> Job:
    """The job with services that the shop offers, each in its standard time."""
    for service in services:
        Offer.objects.create(shop=job.shop, service=service, scope="all", labour_fen=10_000, parts_fen=5_000)
    return replace(job, service=services[0], also=services[1:])


def shape(plan: Plan) -> list[tuple[str, int]]:
    return [(str(phase.kind), phase.ticks * 5) for phase in plan.phases]


def claims_of(phase: Phase) -> set[tuple[str, tuple[str, ...], int, int]]:
    return {(str(c.kind), tuple(map(str, c.capabilities)), c.offset * 5, c.ticks * 5) for c in phase.claims}


# --- Composing --------------------------------------------------------------------------------------


def test_a_service_without_phases_is_one_stretch_on_its_bay_and_skill() -> None:
    plan = bookable_job().quoted().plan
    assert shape(plan) == [("work", 40)]
    assert claims_of(plan.phases[0]) == {
        ("technician", ("maintenance",), 0, 40),
        ("bay", ("lift",), 0, 40),
    }


def test_the_phase_without_minutes_takes_what_is_left() -> None:
    job = offered(bookable_job(), service_of("brakes", WORK, DRIVE, minutes=60))
    assert shape(job.quoted().plan) == [("work", 50), ("road_test", 10)]


def test_setup_and_turnaround_keep_the_bay_and_the_turnaround_the_technician() -> None:
    plan = bookable_job(setup_minutes=5, turnaround_minutes=15).quoted().plan
    assert claims_of(plan.phases[0]) == {
        ("technician", ("maintenance",), 0, 55),
        ("bay", ("lift",), -5, 60),
    }
    assert plan.minutes == 40


def test_time_kept_free_around_a_stretch_is_added_to_the_bay_alone() -> None:
    row = {**WORK, "before_minutes": 10, "after_minutes": 20}
    plan = offered(bookable_job(setup_minutes=5), service_of("hv", row)).quoted().plan
    assert claims_of(plan.phases[0]) == {
        ("technician", ("maintenance",), 0, 60),
        ("bay", ("lift",), -15, 95),
    }


def test_services_share_one_bay_one_road_test_one_wash_and_one_write_up() -> None:
    brakes = service_of("brakes", {**WORK, "shared_minutes": 10}, DRIVE, WASH, minutes=75)
    shocks = service_of("shocks", {**WORK, "shared_minutes": 10}, {**DRIVE, "minutes": 20}, WASH, minutes=95)
    job = offered(bookable_job(write_up_minutes=10), brakes, shocks)
    # 50 + 60 of work less ten shared; the longer of the road tests; one wash.
    assert shape(job.quoted().plan) == [("write_up", 10), ("work", 100), ("road_test", 20), ("wash", 15)]


def test_a_shared_stretch_never_vanishes() -> None:
    one = service_of("one", {**WORK, "shared_minutes": 10}, minutes=60)
    tiny = service_of("tiny", {**WORK, "shared_minutes": 10}, minutes=10)
    assert shape(offered(bookable_job(), one, tiny).quoted().plan) == [("work", 65)]


def test_work_comes_before_alignment_before_road_test_before_wash() -> None:
    washed = service_of("washed", WORK, WASH, minutes=40)
    aligned = service_of("aligned", WORK, ALIGN, DRIVE, minutes=60)
    plan = offered(bookable_job(), washed, aligned).quoted().plan
    assert [kind for kind, _ in shape(plan)] == ["work", "alignment", "road_test", "wash"]


def test_work_on_another_kind_of_bay_is_a_stretch_of_its_own_and_may_wait() -> None:
    lifted = service_of("lifted", WORK, minutes=40)
    tyres = service_of("tyres", {**WORK, "bay": "tyre", "skill": "tyre"}, minutes=30)
    plan = offered(bookable_job(), lifted, tyres).quoted().plan
    assert shape(plan) == [("work", 40), ("work", 30)]
    assert [phase.max_wait * 5 for phase in plan.phases] == [0, phases.WAIT_BETWEEN_SERVICES]


def test_work_on_any_bay_joins_the_one_that_is_needed_anyway() -> None:
    anywhere = service_of("anywhere", {**WORK, "bay": "any"}, minutes=20)
    lifted = service_of("lifted", WORK, minutes=40)
    plan = offered(bookable_job(), anywhere, lifted).quoted().plan
    assert shape(plan) == [("work", 60)]
    assert ("bay", ("lift",), 0, 60) in claims_of(plan.phases[0])


def test_two_people_work_one_after_the_other_on_one_stand() -> None:
    oil = service_of("oil", WORK, minutes=30)
    cool = service_of("cool", {**WORK, "skill": "ac"}, minutes=25)
    plan = offered(bookable_job(turnaround_minutes=10), oil, cool).quoted().plan
    assert claims_of(plan.phases[0]) == {
        ("technician", ("maintenance",), 0, 30),
        ("technician", ("ac",), 30, 35),
        ("bay", ("lift",), 0, 65),
    }


def test_an_on_site_team_does_everything_in_one_stand() -> None:
    job = bookable_job(kind="on_site", service_radius_km=10, turnaround_minutes=10)
    oil = service_of("oil", WORK, DRIVE, minutes=40)
    tyres = service_of("tyres", {**WORK, "bay": "tyre", "skill": "tyre"}, minutes=30)
    plan = offered(job, oil, tyres).quoted().plan
    assert shape(plan) == [("work", 70)]
    assert claims_of(plan.phases[0]) == {
        ("technician", ("maintenance", "tyre"), 0, 80),
        ("mobile_unit", ("lift", "tyre"), 0, 80),
    }
    assert plan.is_on_site


def with_driver(**fields: object) -> Job:
    job = bookable_job(technicians=1, pickup_radius_km=20, **fields)
    TechnicianResourceFactory(shop=job.shop, capabilities=["driver"])
    place = VisitPlace("天钥桥路 1 号", job.shop.latitude + 0.03, job.shop.longitude)
    return replace(job, handover=Handover.PICK_UP, place=place)


def test_a_driver_fetches_the_car_before_and_brings_it_back_after() -> None:
    plan = with_driver().quoted().plan
    there, work, back = plan.phases
    assert [str(phase.kind) for phase in plan.phases] == [PhaseKind.PICK_UP, PhaseKind.WORK, PhaseKind.RETURN]
    way = there.ticks * 5 - phases.DOOR_MINUTES
    assert way > 0
    # To the door before the visit begins, back with the car; then there again and back empty.
    assert claims_of(there) == {("technician", ("driver",), -way, way + 10 + way)}
    assert claims_of(back) == {("technician", ("driver",), 0, way + 10 + way)}
    assert back.ticks == there.ticks
    assert work.max_wait * 5 == phases.WAIT_AFTER_PICK_UP
    assert back.max_wait * 5 == phases.WAIT_FOR_RETURN


def test_the_driver_is_claimed_before_and_after_the_work() -> None:
    job = with_driver(lead_time_minutes=0)
    visit = booked(job, local(13))
    driver = job.shop.resources.get(kind="technician", capabilities=["driver"])
    legs = [row.during for row in visit.allocations.filter(resource=driver).order_by("during")]
    assert len(legs) == 2
    assert legs[0].lower < local(13) < legs[0].upper
    work = visit.allocations.get(resource__kind="bay").during
    assert legs[0].upper <= work.lower
    assert legs[1].lower >= work.upper
    assert legs[1].lower < visit.ends_at < legs[1].upper


def test_no_driver_no_pick_up() -> None:
    job = with_driver(lead_time_minutes=0)
    driver = job.shop.resources.get(capabilities=["driver"])
    taken(driver, local(12, 30), local(13))
    assert "13:00" not in starts(job)
    placed = availability.placement(shop=job.shop, plan=job.quoted().plan, starts_at=local(13), at=NOW)
    assert placed.reason == availability.Reason.DRIVERS_TAKEN


def test_a_loaner_car_is_out_until_the_car_must_be_ready_at_the_latest() -> None:
    aligned = service_of("aligned", WORK, {**ALIGN, "max_wait_minutes": 45}, minutes=60)
    job = replace(offered(bookable_job(), aligned), with_loaner=True)
    plan = job.quoted().plan
    assert ("loaner", (), 0, 60 + 45 + phases.LOANER_MINUTES_AFTER) in claims_of(plan.phases[0])


def test_a_loaner_car_is_lent_once_at_a_time() -> None:
    job = replace(bookable_job(bays=2, technicians=2, lead_time_minutes=0), with_loaner=True)
    assert (
        availability.placement(shop=job.shop, plan=job.quoted().plan, starts_at=local(13), at=NOW).reason
        == availability.Reason.NO_LOANER
    )
    BayFactory(shop=job.shop, kind=ResourceKind.LOANER, capabilities=[])
    booked(job, local(13))
    assert "13:00" not in starts(job)
    # 40 minutes of work and 30 after them.
    assert "14:00" not in starts(job)
    assert "14:30" in starts(job)
    assert "13:00" in starts(replace(job, with_loaner=False))


@pytest.mark.parametrize("count", [0, 7])
def test_six_services_at_most_each_once(count: int) -> None:
    job = bookable_job()
    many = [service_of(f"service_{n}", WORK) for n in range(count)]
    also = tuple(many) if many else (job.service,)
    with pytest.raises(InvalidInput) as refusal:
        replace(job, also=also).quoted()
    assert refusal.value.field == "services"


# --- Kept with the visit ------------------------------------------------------------------------------

_claims = st.builds(
    Claim,
    st.sampled_from([kind.value for kind in ResourceKind]),
    st.lists(st.sampled_from(["lift", "tyre", "maintenance"]), unique=True).map(tuple),
    st.integers(-20, 20),
    st.integers(1, 200),
)
_phases = st.builds(
    Phase,
    st.sampled_from([kind.value for kind in PhaseKind]),
    st.integers(1, 100),
    st.integers(0, 50),
    st.lists(_claims, max_size=4).map(tuple),
)
_places = st.none() | st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@settings(max_examples=50, deadline=None)
@given(st.builds(Plan, st.lists(_phases, min_size=1, max_size=5).map(tuple), _places))
def test_a_plan_comes_back_from_json_as_it_was(plan: Plan) -> None:
    assert Plan.from_json(plan.as_json()) == plan


def test_a_visit_is_moved_with_the_phases_that_were_agreed() -> None:
    brakes = service_of("brakes", WORK, DRIVE, minutes=60)
    visit = booked(offered(bookable_job(lead_time_minutes=0), brakes), local(13))
    ServicePhase.objects.all().delete()
    visit.shop.setup_minutes = 30
    visit.shop.save()
    moved = actions.reschedule(booking=visit, starts_at=local(15), by=owner_of(visit), at=NOW)
    assert moved.ends_at == local(16)
    assert shape(Plan.from_json(moved.plan)) == [("work", 50), ("road_test", 10)]
    assert moved.allocations.get(resource__kind="bay").during.upper == local(15, 50)
    assert moved.allocations.get(resource__kind="bay").during.lower == local(15)


# --- Waiting, people, write-up -------------------------------------------------------------------------


@pytest.fixture
def aligned() -> Job:
    """40 minutes on the lift, then at most 30 later 20 on the alignment rig; one bay and one person for each."""
    service = service_of("aligned", WORK, {**ALIGN, "max_wait_minutes": 30}, minutes=60)
    job = bookable_job(slot_step_minutes=15, lead_time_minutes=0)
    BayFactory(shop=job.shop, capabilities=["alignment"])
    TechnicianResourceFactory(shop=job.shop, capabilities=["alignment"])
    return offered(job, service)


def rig(job: Job):
    return job.shop.resources.get(kind="bay", capabilities=["alignment"])


def test_a_car_waits_for_its_next_stretch_as_long_as_it_may(aligned: Job) -> None:
    taken(rig(aligned), local(13, 40), local(14, 10))
    assert "13:00" in starts(aligned)
    visit = booked(aligned, local(13))
    assert visit.ends_at == local(14, 30)
    assert visit.allocations.get(resource=rig(aligned)).during.lower == local(14, 10)
    lift = visit.allocations.get(resource__capabilities=["lift"])
    assert lift.during.upper == local(13, 40)


def test_a_car_does_not_wait_longer_than_it_may(aligned: Job) -> None:
    taken(rig(aligned), local(13, 40), local(14, 15))
    assert "13:00" not in starts(aligned)
    assert "13:15" in starts(aligned)


def test_a_car_does_not_wait_where_nothing_says_that_it_may(aligned: Job) -> None:
    ServicePhase.objects.update(max_wait_minutes=0)
    taken(rig(aligned), local(13, 40), local(13, 45))
    assert "13:00" not in starts(aligned)


def test_the_lift_is_free_for_another_car_while_this_one_is_aligned(aligned: Job) -> None:
    booked(aligned, local(13))
    lift = replace(aligned, service=minor_service())
    assert "13:45" in starts(lift)


def test_the_same_person_stays_with_the_car_where_they_can(aligned: Job) -> None:
    TechnicianResourceFactory(shop=aligned.shop, capabilities=["alignment", "maintenance"])
    aligned.shop.resources.filter(kind="technician", capabilities=["maintenance"]).update(is_active=False)
    visit = booked(aligned, local(13))
    assert visit.allocations.filter(resource__kind="technician").count() == 1
    person = visit.allocations.get(resource__kind="technician")
    assert (person.during.lower, person.during.upper) == (local(13), local(14))


def test_the_write_up_ties_up_an_advisor_and_no_bay() -> None:
    job = bookable_job(bays=2, technicians=2, write_up_minutes=15, lead_time_minutes=0, slot_step_minutes=15)
    placed = availability.placement(shop=job.shop, plan=job.quoted().plan, starts_at=local(13), at=NOW)
    assert placed.reason == availability.Reason.NO_ADVISOR
    advisor = BayFactory(shop=job.shop, kind=ResourceKind.ADVISOR, capabilities=[])
    visit = booked(job, local(13))
    assert visit.allocations.get(resource=advisor).during.upper == local(13, 15)
    assert visit.allocations.get(resource__kind="bay").during.lower == local(13, 15)
    assert visit.ends_at == local(13, 55)
    assert "13:00" not in starts(job)
    assert "13:15" in starts(job)


def test_people_work_in_their_shifts_and_take_their_breaks() -> None:
    job = bookable_job(slot_step_minutes=30, lead_time_minutes=0)
    person = job.shop.resources.get(kind="technician")
    for begin, end in ((local(10), local(13)), (local(13, 30), local(16))):
        Shift.objects.create(resource=person, day=MONDAY.isoweekday(), starts_at=begin.time(), ends_at=end.time())
    # 40 minutes of work: the last before the break at 12:00, then from 13:30, the last at 15:00.
    afternoon = ["13:30", "14:00", "14:30", "15:00"]
    assert starts(job) == ["10:00", "10:30", "11:00", "11:30", "12:00", *afternoon]
    assert starts(job, MONDAY + timedelta(days=1)) == []


def test_a_shift_does_not_open_the_shop() -> None:
    job = bookable_job(slot_step_minutes=60, lead_time_minutes=0)
    person = job.shop.resources.get(kind="technician")
    Shift.objects.create(resource=person, day=MONDAY.isoweekday(), starts_at=local(6).time(), ends_at=local(23).time())
    assert starts(job)[-1] == "19:00"


def test_setup_before_the_visit_needs_a_free_bay() -> None:
    job = bookable_job(slot_step_minutes=30, lead_time_minutes=0, setup_minutes=10)
    taken(job.shop.resources.get(kind="bay"), local(12), local(13))
    assert "13:00" not in starts(job)
    assert "13:30" in starts(job)
    held = actions.hold(job=job, starts_at=local(13, 30), holder=browser(), at=NOW)
    assert Allocation.objects.get(booking=held, resource__kind="bay").during.lower == local(13, 20)
