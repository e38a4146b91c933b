"""Why a time is offered, or not: the page, what it says, to whom, and questions that cannot be asked."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from bookings.choices import AllocationKind
from bookings.engine.jobs import Job
from bookings.workshop import block
from catalog.models import Offer
from shops.choices import Role
from tests.bookings.test_availability import local
from tests.bookings.test_board import address, signed_in
from tests.factories.board import visit
from tests.factories.jobs import NOW, bookable_job, minor_service
from tests.factories.phased import phased_job
from tests.factories.shops import BayFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    return phased_job()


def asked(client: Client, job: Job, **query: object) -> object:
    question = {"service": job.service.key, "price_class": "economy", "date": "2026-11-23", "time": "15:30"} | query
    with time_machine.travel(NOW, tick=False):
        return client.get(address("explain", job.shop), {k: v for k, v in question.items() if v is not None})


def said(client: Client, job: Job, **query: object) -> str:
    response = asked(client, job, **query)
    assert response.status_code == 200
    return response.content.decode()


def test_free_start_is_offered_with_everybody_who_could_do_it(client: Client, job: Job) -> None:
    page = said(signed_in(client, job.shop), job)
    assert "Mon 23 Nov, 15:30 is offered." in page
    for name in ("Write-up", "Wheel alignment", "Advisor Ma", "Lift 2", "Rig 2", "Zhao Min", "15:45–16:25"):
        assert name in page
    assert 'aria-label="Not kept"' not in page
    assert "Nothing stands in the way of this work on that day" in page


def test_taken_start_names_the_visits_the_breaks_and_the_bottleneck(client: Client, job: Job) -> None:
    booking = visit(job, starts_at=local(15, 30))
    for name, start in (("Rig 1", local(16, 55)), ("Rig 2", local(16))):
        rig = job.shop.resources.get(name_en=name)
        block(
            resource=rig, starts_at=start, ends_at=local(20), kind=AllocationKind.BLOCK, reason="Yearly check", at=NOW
        )
    page = said(signed_in(client, job.shop), job)
    assert "15:30 is not offered: Every bay for this is taken." in page
    assert f"?q={booking.number}" in page
    assert "Yearly check" in page
    assert "What is missing most at that time: Bay: Alignment rig." in page
    assert "What stands most in the way of this work on the whole day: Bay: Alignment rig." in page


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"time": "15:10"}, "Visits do not start at that minute here"),
        ({"date": "2026-11-24", "time": "07:00"}, "Closed at that time"),
        ({"time": "19:30"}, "The work does not fit before the shop closes"),
        ({"time": "10:30"}, "Too soon: the shop needs notice"),
        ({"date": "2026-11-22"}, "That time has passed"),
        ({"date": "2027-01-15"}, "Further ahead than the shop takes bookings"),
    ],
)
def test_rule_that_is_not_kept_is_crossed(client: Client, job: Job, query: dict[str, str], words: str) -> None:
    page = said(signed_in(client, job.shop), job, **query)
    assert f"is not offered: {words}." in page
    assert 'aria-label="Not kept"' in page


def test_start_that_others_make_room_for_is_offered(client: Client) -> None:
    """The rig is taken by a visit that could stand on the lift as well, and is out of use for the rest of the day."""
    job = bookable_job(bays=1, technicians=2)
    rig = BayFactory(shop=job.shop, capabilities=["lift", "alignment"])
    standing = visit(job, starts_at=local(15, 30))
    standing.allocations.filter(resource__kind="bay").update(resource=rig)
    for start, end in ((local(8), local(15, 30)), (local(16, 10), local(20))):
        block(resource=rig, starts_at=start, ends_at=end, kind=AllocationKind.BLOCK, reason="", at=NOW)
    wanted = minor_service(key="alignment", bay="alignment")
    Offer.objects.create(shop=job.shop, service=wanted, scope="all", labour_fen=9_000, parts_fen=0, minutes=40)
    staff = signed_in(client, job.shop)
    page = said(staff, job, service="alignment")
    assert "15:30 is offered." in page
    assert "move to another bay for it" in page
    standing.allocations.update(is_pinned=True)
    assert "15:30 is not offered" in said(staff, job, service="alignment")


def test_question_by_instant_variant_and_several_services(client: Client) -> None:
    job = bookable_job()
    page = said(
        signed_in(client, job.shop),
        job,
        price_class=None,
        variant=job.variant.slug,
        date=None,
        time=None,
        starts_at=local(15, 30).isoformat(),
    )
    assert "Volkswagen Lavida 1.4T" in page
    assert "15:30 is offered" in page


def test_page_without_a_question_asks_for_one(client: Client, job: Job) -> None:
    with time_machine.travel(NOW, tick=False):
        page = signed_in(client, job.shop).get(address("explain", job.shop, date="2026-11-24")).content.decode()
    assert "Choose work and a start" in page
    assert 'value="2026-11-24"' in page


@pytest.mark.parametrize("role", Role)
def test_explanation_is_open_to_every_role(client: Client, job: Job, role: Role) -> None:
    assert asked(signed_in(client, job.shop, role), job).status_code == 200
    assert address("explain", job.shop) in client.get(address("day", job.shop)).content.decode()


def test_explanation_of_a_foreign_shop_looks_missing(client: Client, job: Job) -> None:
    assert asked(signed_in(client, bookable_job().shop), job).status_code == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"service": "nonsense"}, "service"),
        ({"service": ""}, "service"),
        ({"service": "a\x00b"}, "service"),
        ({"service": "x" * 5000}, "service"),
        ({"price_class": "nonsense"}, "price_class"),
        ({"date": "garbage"}, "date"),
        ({"date": ""}, "date"),
        ({"date": "9999-12-31"}, "date"),
        ({"date": "0001-01-01"}, "date"),
        ({"time": "25:00"}, "time"),
        ({"time": ""}, "time"),
    ],
)
def test_question_that_cannot_be_is_an_error_beside_its_field(
    client: Client, job: Job, query: dict[str, str], field: str
) -> None:
    response = asked(signed_in(client, job.shop), job, **query)
    assert response.status_code == 400
    if "\x00" not in query.get("service", ""):
        assert f'id="id_{field}_error"' in response.content.decode()


@pytest.mark.parametrize("variant", ["nonsense", "x" * 5000, "not a slug"])
def test_unknown_car_is_an_error(client: Client, job: Job, variant: str) -> None:
    assert asked(signed_in(client, job.shop), job, variant=variant).status_code == 400


@pytest.mark.parametrize("start", ["garbage", "9999-12-31T23:59:59+00:00", "0001-01-01T00:00:00+00:00"])
def test_instant_that_is_none_is_an_error(client: Client, job: Job, start: str) -> None:
    assert asked(signed_in(client, job.shop), job, date=None, time=None, starts_at=start).status_code == 400


def test_work_that_the_shop_has_no_price_for_says_so(client: Client, job: Job) -> None:
    minor_service(key="tyres")
    assert asked(signed_in(client, job.shop), job, service="tyres").status_code == 400
    response = asked(signed_in(client, job.shop), job, price_class="luxury")
    assert response.status_code == 400
    assert "does not offer this service for this car" in response.content.decode()


@pytest.mark.parametrize("visits", [0, 3])
def test_explanation_needs_the_same_queries_for_any_number_of_visits(
    client: Client, job: Job, visits: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(visits):
        visit(job, starts_at=local(10) + n * timedelta(hours=2))
    staff = signed_in(client, job.shop)
    # Session, person, membership; services; the car, phases, prices; facts, names, claims; the day's bottleneck.
    with django_assert_num_queries(11):
        said(staff, job)
