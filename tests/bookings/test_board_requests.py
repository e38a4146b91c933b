"""Requests on the board: the inbox, saying yes and no, too late, by whom; and through the API."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from bookings import actions
from bookings.actions import Holder
from bookings.choices import EventKind, Status
from bookings.engine.jobs import Job
from bookings.models import Booking
from shops.choices import Role
from tests.bookings.test_availability import local
from tests.bookings.test_board import HTMX, address, signed_in
from tests.factories.accounts import UserFactory
from tests.factories.board import member
from tests.factories.jobs import CONTACT, NOW, bookable_job

pytestmark = pytest.mark.django_db

COUNTER = {Role.OWNER, Role.MANAGER, Role.ADVISOR}
LAPSED = NOW + timedelta(minutes=121)


@pytest.fixture
def job() -> Job:
    return bookable_job(bays=3, technicians=3, confirmation="by_hand", answer_minutes=120)


def asked(job: Job, start: datetime | None = None, *, at: datetime = NOW) -> Booking:
    """A request of an owner, made at `at`."""
    owner = UserFactory()
    held = actions.hold(job=job, starts_at=start or local(15), holder=Holder(owner), at=at)
    return actions.confirm(booking=held, by=owner, holder=Holder(owner), contact=CONTACT, car=None, at=at)


def send(client: Client, booking: Booking, name: str, *, at: datetime = NOW, **data: str) -> object:
    with time_machine.travel(at, tick=False):
        return client.post(address(name, booking.shop, booking.public_id), data, headers=HTMX)


def board_of(client: Client, job: Job, *, at: datetime = NOW, **query: str) -> str:
    with time_machine.travel(at, tick=False):
        return client.get(address("day", job.shop, **query)).content.decode()


# --- The inbox --------------------------------------------------------------------------------------


def test_inbox_shows_requests_of_every_day_the_oldest_first_with_the_time_to_answer(client: Client, job: Job) -> None:
    later = asked(job, local(15) + timedelta(days=3))
    soon = asked(job, local(16), at=NOW + timedelta(minutes=30))
    Booking.objects.filter(pk=later.pk).update(created_at=NOW)
    Booking.objects.filter(pk=soon.pk).update(created_at=NOW + timedelta(minutes=30))
    page = board_of(signed_in(client, job.shop), job, at=NOW + timedelta(minutes=60))
    inbox = page[page.index("board-inbox") : page.index("</section>", page.index("board-inbox"))]
    assert '<span class="badge badge-warn">2</span>' in inbox
    assert inbox.index(later.public_id) < inbox.index(soon.public_id)
    assert "60 min left" in inbox
    assert "90 min left" in inbox
    assert reverse("board:decline", args=[job.shop.slug, soon.public_id]) in inbox


def test_request_is_dashed_on_its_lane_and_in_the_agenda(client: Client, job: Job) -> None:
    asked(job)
    page = board_of(signed_in(client, job.shop), job)
    assert page.count("is-tentative") == 2
    assert "Asks" in page


def test_request_that_lapsed_is_gone_from_the_board(client: Client, job: Job) -> None:
    booking = asked(job)
    page = board_of(signed_in(client, job.shop), job, at=LAPSED)
    assert booking.public_id not in page


def test_board_without_requests_has_no_inbox(client: Client, job: Job) -> None:
    assert "board-inbox" not in board_of(signed_in(client, job.shop), job)


def test_who_only_looks_sees_requests_without_answers(client: Client, job: Job) -> None:
    booking = asked(job)
    page = board_of(signed_in(client, job.shop, Role.TECHNICIAN), job)
    assert booking.public_id in page
    assert reverse("board:decline", args=[job.shop.slug, booking.public_id]) not in page
    assert reverse("board:accept", args=[job.shop.slug, booking.public_id]) not in page


def test_requests_of_another_shop_are_not_shown(client: Client, job: Job) -> None:
    foreign = asked(bookable_job(confirmation="by_hand"))
    assert foreign.public_id not in board_of(signed_in(client, job.shop), job)


@pytest.mark.parametrize("requests", [1, 3])
def test_inbox_costs_no_query_more(
    client: Client, job: Job, requests: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for n in range(requests):
        asked(job, local(15) + timedelta(days=n))
    staff = signed_in(client, job.shop)
    with django_assert_num_queries(12):
        assert "board-inbox" in board_of(staff, job)


def test_new_request_changes_the_etag_of_another_days_board(client: Client, job: Job) -> None:
    staff = signed_in(client, job.shop)
    with time_machine.travel(NOW, tick=False):
        before = staff.get(address("live", job.shop))["ETag"]
        asked(job, local(15) + timedelta(days=3))
        assert staff.get(address("live", job.shop))["ETag"] != before


# --- Yes and no -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_request_is_accepted_by_those_who_may(client: Client, job: Job, role: Role) -> None:
    booking = asked(job)
    response = send(signed_in(client, job.shop, role), booking, "accept")
    booking.refresh_from_db()
    assert response.status_code == (200 if role in COUNTER else 403)
    assert booking.status == (Status.CONFIRMED if role in COUNTER else Status.REQUESTED)


@pytest.mark.parametrize("role", Role)
def test_request_is_declined_with_a_reason_by_those_who_may(client: Client, job: Job, role: Role) -> None:
    booking = asked(job)
    response = send(signed_in(client, job.shop, role), booking, "decline", reason="No lift is free")
    booking.refresh_from_db()
    if role not in COUNTER:
        assert (response.status_code, booking.status) == (403, Status.REQUESTED)
        return
    assert (response.status_code, booking.status, booking.fee_fen) == (200, Status.CANCELLED, 0)
    assert booking.events.get(kind=EventKind.CANCELLED).reason == "No lift is free"
    assert not booking.allocations.exists()
    page = response.content.decode()
    assert "Request declined" in page
    assert "No lift is free" in page


@pytest.mark.parametrize("reason", ["", "   ", "x" * 100_000, "a\x00b"])
def test_decline_needs_a_reason_beside_its_field(client: Client, job: Job, reason: str) -> None:
    booking = asked(job)
    response = send(signed_in(client, job.shop), booking, "decline", reason=reason)
    booking.refresh_from_db()
    assert (response.status_code, booking.status) == (400, Status.REQUESTED)
    assert 'id="id_reason_error"' in response.content.decode()


@pytest.mark.parametrize("name", ["accept", "decline"])
@pytest.mark.parametrize("is_swept", [True, False])
def test_answer_that_comes_too_late_says_so(client: Client, job: Job, name: str, is_swept: bool) -> None:
    booking = asked(job)
    if is_swept:
        actions.expire_holds(at=LAPSED)
    response = send(signed_in(client, job.shop), booking, name, at=LAPSED, reason="No lift")
    assert response.status_code == 409
    assert "The time to answer this request is over" in response.content.decode()
    booking.refresh_from_db()
    assert booking.status == (Status.EXPIRED if is_swept else Status.REQUESTED)


@pytest.mark.parametrize(("name", "status"), [("accept", Status.CONFIRMED), ("decline", Status.CANCELLED)])
def test_answering_twice_is_answering_once(client: Client, job: Job, name: str, status: Status) -> None:
    booking = asked(job)
    staff = signed_in(client, job.shop)
    for _ in range(2):
        assert send(staff, booking, name, reason="No lift").status_code == 200
    booking.refresh_from_db()
    assert booking.status == status
    assert booking.events.filter(to_status=status).count() == 1


@pytest.mark.parametrize("name", ["accept", "decline"])
def test_foreign_request_looks_missing(client: Client, job: Job, name: str) -> None:
    booking = asked(job)
    own = bookable_job().shop
    stranger = signed_in(client, own, Role.OWNER)
    assert send(stranger, booking, name, reason="x").status_code == 404
    assert stranger.post(address(name, own, booking.public_id), {"reason": "x"}).status_code == 404


def test_accepted_visit_is_not_declined_any_more(client: Client, job: Job) -> None:
    booking = asked(job)
    staff = signed_in(client, job.shop)
    send(staff, booking, "accept")
    response = send(staff, booking, "decline", reason="No lift")
    assert response.status_code == 409
    assert "The visit has moved on" in response.content.decode()


def test_panel_of_a_request_offers_both_answers_and_the_time(client: Client, job: Job) -> None:
    booking = asked(job)
    with time_machine.travel(NOW, tick=False):
        page = signed_in(client, job.shop).get(address("visit", job.shop, booking.public_id)).content.decode()
    for text in ("Answer by", "Accept", "Decline", "about 2 h left", "Asked the shop"):
        assert text in page


# --- API --------------------------------------------------------------------------------------------


def api(job: Job, role: Role = Role.ADVISOR) -> APIClient:
    client = APIClient()
    client.force_authenticate(member(job.shop, role))
    return client


def order(client: APIClient, booking: Booking, name: str, **data: object) -> object:
    url = f"/api/v1/shops/{booking.shop.slug}/bookings/{booking.public_id}/{name}/"
    with time_machine.travel(NOW, tick=False):
        return client.post(url, data, format="json")


def test_api_lists_and_answers_requests(job: Job) -> None:
    first, second = asked(job), asked(job, local(16))
    client = api(job)
    with time_machine.travel(NOW, tick=False):
        rows = client.get(f"/api/v1/shops/{job.shop.slug}/requests/").json()["results"]
    assert [row["id"] for row in rows] == [first.public_id, second.public_id]
    assert order(client, first, "accept").json()["status"] == "confirmed"
    assert order(client, second, "decline", reason="No lift").json()["status"] == "cancelled"
    with time_machine.travel(NOW, tick=False):
        assert client.get(f"/api/v1/shops/{job.shop.slug}/requests/").json()["results"] == []


@pytest.mark.parametrize("data", [{}, {"reason": ""}, {"reason": "x" * 201}, {"reason": "a\x00b"}, {"reason": []}])
def test_api_decline_without_a_reason_is_a_field_error(job: Job, data: dict[str, object]) -> None:
    booking = asked(job)
    response = order(api(job), booking, "decline", **data)
    assert response.status_code == 400
    assert "reason" in response.content.decode()
    booking.refresh_from_db()
    assert booking.status == Status.REQUESTED


@pytest.mark.parametrize("name", ["accept", "decline"])
def test_api_answers_are_for_counter_roles_of_this_shop(job: Job, name: str) -> None:
    booking = asked(job)
    assert order(api(job, Role.CASHIER), booking, name, reason="x").status_code == 403
    assert order(api(bookable_job()), booking, name, reason="x").status_code == 404
