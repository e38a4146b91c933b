"""Two visits that change places: what is offered, what is done, what is refused, by whom; and through the API."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from bookings.choices import EventKind, Status
from bookings.engine.jobs import Job
from bookings.models import Booking
from shops.choices import Role
from tests.bookings.test_availability import local
from tests.bookings.test_board import HTMX, address, signed_in
from tests.factories.board import member, visit
from tests.factories.jobs import NOW, bookable_job
from tests.factories.phased import phased_job

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    return bookable_job(bays=1, technicians=1)


@pytest.fixture
def pair(job: Job) -> tuple[Booking, Booking]:
    """Two visits that fit where the other one is."""
    return visit(job, starts_at=local(13)), visit(job, starts_at=local(16))


def shown(client: Client, booking: Booking) -> str:
    with time_machine.travel(NOW, tick=False):
        return client.get(address("swap", booking.shop, booking.public_id), headers=HTMX).content.decode()


def swap(client: Client, booking: Booking, other: str) -> object:
    with time_machine.travel(NOW, tick=False):
        return client.post(address("swap", booking.shop, booking.public_id), {"other": other}, headers=HTMX)


def starts(*visits: Booking) -> list[object]:
    return [Booking.objects.get(pk=one.pk).starts_at for one in visits]


def test_two_visits_change_places_and_both_tell_it(client: Client, pair: tuple[Booking, Booking]) -> None:
    one, two = pair
    staff = signed_in(client, one.shop)
    assert two.public_id in shown(staff, one)
    response = swap(staff, one, two.public_id)
    assert response.status_code == 200
    assert starts(one, two) == [local(16), local(13)]
    assert all(visit.events.filter(kind=EventKind.SWAPPED).exists() for visit in pair)
    assert "Changed places with another visit · 11-23 13:00 → 11-23 16:00" in response.content.decode()


def test_form_lists_only_confirmed_visits_of_the_day_at_other_times(client: Client) -> None:
    job = bookable_job(bays=9, technicians=9)
    one = visit(job, starts_at=local(13))
    same = visit(job, starts_at=local(13))
    working = visit(job, starts_at=local(14), status=Status.IN_SERVICE)
    tomorrow = visit(job, starts_at=local(13) + timedelta(days=1))
    page = shown(signed_in(client, job.shop), one)
    assert "No other confirmed visit of this day" in page
    assert not any(other.public_id in page for other in (same, working, tomorrow))


def test_form_says_what_seems_to_stand_in_the_way_and_puts_it_last(client: Client, job: Job) -> None:
    one = visit(job, starts_at=local(13))
    lengthened(one, ticks=12)
    fits, blocked, _next = (visit(job, starts_at=start) for start in (local(17), local(10), local(10, 40)))
    page = shown(signed_in(client, job.shop), one)
    assert page.index(fits.public_id) < page.index(blocked.public_id)
    assert "Every bay for this is taken" in page


def lengthened(booking: Booking, *, ticks: int) -> None:
    """Make the visit need more time than it has claimed."""
    (phase,) = booking.plan["phases"]
    phase["ticks"] = ticks
    for claim in phase["claims"]:
        claim[3] = ticks
    booking.save()


@pytest.mark.parametrize("visits", [1, 4])
def test_form_needs_the_same_queries_for_any_number_of_visits(
    client: Client, visits: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    job = bookable_job(bays=9, technicians=9)
    one = visit(job, starts_at=local(13))
    for n in range(visits):
        visit(job, starts_at=local(14 + n))
    staff = signed_in(client, one.shop)
    # Session, person, membership; the visit with claims and services; the others likewise; the facts of the day.
    with django_assert_num_queries(10):
        assert shown(staff, one).count('type="radio"') == visits


def test_swap_that_does_not_fit_is_refused_in_words_and_changes_nothing(client: Client, job: Job) -> None:
    one, two = visit(job, starts_at=local(13)), visit(job, starts_at=local(19, 20))
    lengthened(one, ticks=12)
    response = swap(signed_in(client, job.shop), one, two.public_id)
    page = response.content.decode()
    assert response.status_code in (400, 409)
    assert "The work does not fit before the shop closes" in page
    assert 'id="id_other_error"' in page
    assert starts(one, two) == [local(13), local(19, 20)]


@pytest.mark.parametrize("other", ["", "nonsense", "x" * 100_000, "a\x00b"])
def test_swap_with_what_is_no_visit_is_an_error_beside_the_field(
    client: Client, pair: tuple[Booking, Booking], other: str
) -> None:
    response = swap(signed_in(client, pair[0].shop), pair[0], other)
    assert response.status_code == 400
    assert 'id="id_other_error"' in response.content.decode()
    assert starts(*pair) == [local(13), local(16)]


def test_swap_with_a_foreign_visit_is_refused(client: Client, pair: tuple[Booking, Booking]) -> None:
    foreign = visit(bookable_job(), starts_at=local(16))
    assert swap(signed_in(client, pair[0].shop), pair[0], foreign.public_id).status_code == 400
    assert starts(foreign, *pair) == [local(16), local(13), local(16)]


@pytest.mark.parametrize("role", Role)
def test_swap_is_for_counter_roles(client: Client, pair: tuple[Booking, Booking], role: Role) -> None:
    may = role in (Role.OWNER, Role.MANAGER, Role.ADVISOR)
    response = swap(signed_in(client, pair[0].shop, role), pair[0], pair[1].public_id)
    assert response.status_code == (200 if may else 403)
    assert (starts(*pair) == [local(16), local(13)]) is may


def test_swap_of_a_foreign_visit_looks_missing(client: Client, pair: tuple[Booking, Booking]) -> None:
    stranger = signed_in(client, bookable_job().shop, Role.OWNER)
    assert swap(stranger, pair[0], pair[1].public_id).status_code == 404


def test_visit_whose_car_is_in_is_not_swapped(client: Client, job: Job, pair: tuple[Booking, Booking]) -> None:
    working = visit(job, starts_at=local(10), status=Status.IN_SERVICE)
    page = shown(signed_in(client, job.shop), working)
    assert "No other confirmed visit of this day" in page


# --- API --------------------------------------------------------------------------------------------


def order(booking: Booking, role: Role = Role.ADVISOR, **data: object) -> object:
    client = APIClient()
    client.force_authenticate(member(booking.shop, role))
    url = f"/api/v1/shops/{booking.shop.slug}/bookings/{booking.public_id}/swap/"
    with time_machine.travel(NOW, tick=False):
        return client.post(url, data, format="json")


def test_api_swaps_two_visits(pair: tuple[Booking, Booking]) -> None:
    one, two = pair
    answer = order(one, other=two.public_id)
    assert answer.status_code == 200
    assert starts(one, two) == [local(16), local(13)]


@pytest.mark.parametrize("other", [None, "", "nonsense", "x" * 17, "a\x00b", 5, []])
def test_api_swap_with_what_is_no_visit_is_a_field_error(pair: tuple[Booking, Booking], other: object) -> None:
    answer = order(pair[0], other=other)
    assert answer.status_code == 400
    assert "other" in answer.content.decode()


def test_api_swap_with_itself_or_a_foreign_visit_is_refused(pair: tuple[Booking, Booking]) -> None:
    foreign = visit(bookable_job(), starts_at=local(16))
    for other in (pair[0], foreign):
        assert order(pair[0], other=other.public_id).status_code == 400
    assert order(pair[0], Role.TECHNICIAN, other=pair[1].public_id).status_code == 403


def test_api_shows_every_claim_with_its_phase() -> None:
    job = phased_job(with_loaner=True)
    one, two = visit(job, starts_at=local(13)), visit(Job(job.shop, job.service, job.variant), starts_at=local(16))
    answer = order(one, other=two.public_id).json()
    assert [(row["resource"], row["phase"], row["part"], row["parts"]) for row in answer["claims"]] == [
        ("Advisor Ma", "write_up", 1, 3),
        ("Loaner 1", None, None, 3),
        ("Lift 1", "work", 2, 3),
        ("Wang Lei", "work", 2, 3),
        ("Rig 1", "alignment", 3, 3),
        ("Zhou Hai", "alignment", 3, 3),
    ]
    assert (answer["bay"], answer["technician"]) == ("Lift 1", "Wang Lei")
    assert answer["claims"][2]["starts_at"] == local(16, 15).astimezone(job.shop.zone).isoformat()
