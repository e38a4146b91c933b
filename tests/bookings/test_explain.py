"""Why a start is offered or not: every rule with its answer, every phase with who is free and what keeps the others."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import translation

from bookings.engine.availability import Reason
from bookings.engine.explain import Explanation, day_bottleneck, explain
from bookings.engine.jobs import Job
from catalog.models import ServicePhase
from shops.models import Shift
from tests.bookings.test_actions import booked
from tests.bookings.test_availability import MONDAY, local, refused, taken
from tests.factories.jobs import NOW, bookable_job, minor_service
from tests.factories.shops import BayFactory, TechnicianResourceFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _english() -> None:
    translation.activate("en")


@pytest.fixture
def job() -> Job:
    return bookable_job(bays=2, technicians=2)


def asked(job: Job, start=local(13), at=NOW) -> Explanation:  # noqa: B008  (an instant does not change)
    return explain(shop=job.shop, plan=job.quoted().plan, starts_at=start, at=at)


def broken(answer: Explanation) -> set[Reason]:
    return {check.reason for check in answer.checks if not check.ok}


def test_an_offered_start_keeps_every_rule_and_has_somebody_for_every_part(job: Job) -> None:
    answer = asked(job)
    assert (answer.is_offered, answer.reason, answer.bottleneck) == (True, None, "")
    assert broken(answer) == set()
    (phase,) = answer.phases
    assert (phase.name, phase.starts_at, phase.ends_at) == ("Work", local(13), local(13, 40))
    assert {part.needs for part in phase.parts} == {"Technician: Maintenance", "Bay: Lift"}
    assert all(len(part.able) == 2 and part.is_met for part in phase.parts)


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (local(9), Reason.PAST),
        (local(10, 30), Reason.LEAD_TIME),
        (local(12, day=MONDAY + timedelta(days=40)), Reason.BEYOND_WINDOW),
        (local(11, 10), Reason.OFF_GRID),
        (local(19, 30), Reason.TOO_LONG),
        (local(22), Reason.CLOSED),
    ],
)
def test_a_broken_rule_is_named_and_is_the_one_that_owners_are_told(job: Job, start, reason: Reason) -> None:
    answer = asked(job, start)
    assert answer.reason == reason == refused(job, start)
    assert reason in broken(answer)


def test_the_last_start_is_a_rule_of_its_own() -> None:
    job = bookable_job(last_start_minutes=120)
    answer = asked(job, local(18, 30))
    assert answer.reason == Reason.LAST_START
    assert broken(answer) == {Reason.LAST_START}


def test_what_the_shop_does_not_have_is_said(job: Job) -> None:
    job.shop.resources.filter(kind="technician").update(capabilities=["ac"])
    answer = asked(job)
    assert answer.reason == Reason.NO_TECHNICIAN
    assert Reason.NO_TECHNICIAN in broken(answer)
    unmet = [part for part in answer.phases[0].parts if not part.is_met]
    assert [(part.needs, part.able) for part in unmet] == [("Technician: Maintenance", ())]


def test_it_names_who_is_busy_with_what(job: Job) -> None:
    visit = booked(job, local(13))
    bay = job.shop.resources.exclude(allocations__booking=visit).get(kind="bay")
    bay.allocations.create(kind="block", during=(local(12), local(15)), reason="Lift inspection")
    answer = asked(job)
    assert answer.reason == Reason.BAYS_TAKEN
    assert answer.bottleneck == "Bay: Lift"
    assert broken(answer) == set()
    (bays,) = (part for part in answer.phases[0].parts if part.needs == "Bay: Lift")
    said = {who.name: [(o.text, o.visit) for o in who.occupations] for who in bays.able}
    assert said[bay.name] == [("Lift inspection", "")]
    assert [(visit.number, visit.number)] in said.values()


def test_it_names_who_is_not_on_shift(job: Job) -> None:
    for person in job.shop.resources.filter(kind="technician"):
        Shift.objects.create(resource=person, day=1, starts_at=local(8).time(), ends_at=local(12).time())
    answer = asked(job)
    assert answer.reason == Reason.TECHNICIANS_TAKEN
    (people,) = (part for part in answer.phases[0].parts if part.needs.startswith("Technician"))
    assert {o.text for who in people.able for o in who.occupations} == {"Not on shift"}


def test_a_lapsed_hold_keeps_nobody_busy(job: Job) -> None:
    from bookings import actions
    from tests.factories.jobs import browser

    actions.hold(job=job, starts_at=local(13), holder=browser(), at=NOW)
    busy = [who for part in asked(job).phases[0].parts for who in part.able if not who.is_free]
    assert len(busy) == 2
    later = asked(job, at=NOW + timedelta(minutes=10))
    assert all(who.is_free for part in later.phases[0].parts for who in part.able)


def test_every_phase_is_answered(job: Job) -> None:
    service = minor_service(key="aligned", standard_minutes=60)
    for n, (kind, minutes, bay, skill) in enumerate(
        [("work", None, "lift", "maintenance"), ("alignment", 20, "alignment", "alignment")]
    ):
        ServicePhase.objects.create(service=service, position=n, kind=kind, minutes=minutes, bay=bay, skill=skill)
    job.shop.offers.create(service=service, scope="all", labour_fen=100, parts_fen=0)
    rig = BayFactory(shop=job.shop, capabilities=["alignment"])
    TechnicianResourceFactory(shop=job.shop, capabilities=["alignment"])
    taken(rig, local(13, 40), local(14))
    answer = asked(replace(job, service=service))
    assert [(phase.name, phase.starts_at) for phase in answer.phases] == [
        ("Work", local(13)),
        ("Wheel alignment", local(13, 40)),
    ]
    assert answer.bottleneck == "Bay: Alignment rig"
    assert [part.is_met for phase in answer.phases for part in phase.parts] == [True, True, True, False]


@pytest.mark.parametrize("visits", [0, 4])
def test_an_explanation_costs_as_many_queries_on_a_busy_day(job: Job, visits: int, django_assert_num_queries) -> None:
    for n in range(visits):
        booked(job, local(13 + n))
    plan = job.quoted().plan
    with django_assert_num_queries(3):
        explain(shop=job.shop, plan=plan, starts_at=local(13), at=NOW)


def test_the_bottleneck_of_a_day_is_what_stands_most_in_the_way(job: Job) -> None:
    plan = job.quoted().plan
    assert day_bottleneck(shop=job.shop, plan=plan, day=MONDAY, at=NOW) == ""
    for person in job.shop.resources.filter(kind="technician"):
        taken(person, local(8), local(20))
    assert day_bottleneck(shop=job.shop, plan=plan, day=MONDAY, at=NOW) == "Technician: Maintenance"
