"""Day closing: what is still open, what was taken, on screen and as CSV."""

import csv
import io
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from bookings.actions import Contact
from bookings.board import closing as board_closing
from bookings.choices import Status
from bookings.engine.jobs import Job
from shops.choices import Role
from tests.bookings.test_availability import local
from tests.bookings.test_board import address, signed_in
from tests.factories.board import visit
from tests.factories.jobs import bookable_job

pytestmark = pytest.mark.django_db

EVENING = local(19, 30)


@pytest.fixture
def job() -> Job:
    return bookable_job(bays=10, technicians=10)


def test_totals_are_exact_and_open_visits_are_named(job: Job) -> None:
    for _n in range(3):
        visit(job, starts_at=local(9), status=Status.COMPLETED)
    waiting = visit(job, starts_at=local(11), status=Status.READY)
    coming = visit(job, starts_at=local(12))
    visit(job, starts_at=local(12), status=Status.NO_SHOW)
    visit(job, starts_at=local(12), status=Status.CANCELLED)
    closing = board_closing.load(shop=job.shop, day=EVENING.date(), at=EVENING)
    assert closing.total_fen == 3 * 26_800
    assert [card.booking for card in closing.open] == [waiting, coming]
    assert dict(closing.by_state) == {"confirmed": 1, "ready": 1, "completed": 3, "cancelled": 1, "no_show": 1}
    assert sum(line.visits for line in closing.technicians) == 3
    assert sum(line.total_fen for line in closing.technicians) == closing.total_fen


def test_visits_of_other_days_do_not_count_but_cars_left_from_them_do(job: Job) -> None:
    visit(job, starts_at=local(9) - timedelta(days=1), status=Status.COMPLETED)
    left = visit(job, starts_at=local(9) - timedelta(days=1), status=Status.READY)
    closing = board_closing.load(shop=job.shop, day=EVENING.date(), at=EVENING)
    assert [card.booking for card in closing.cards] == [left]
    assert closing.total_fen == 0


@pytest.mark.parametrize("visits", [1, 10])
def test_closing_needs_the_same_queries_for_any_number_of_visits(
    client: Client, job: Job, visits: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _n in range(visits):
        visit(job, starts_at=local(9), status=Status.COMPLETED)
    staff = signed_in(client, job.shop)
    # Session, person, membership, visits, their claims, their services.
    with time_machine.travel(EVENING, tick=False), django_assert_num_queries(7):
        assert "¥268.00" in staff.get(address("closing", job.shop)).content.decode()


def test_csv_has_a_row_a_visit_and_no_formulas(client: Client, job: Job) -> None:
    evil = Contact(name='=HYPERLINK("http://evil")', plate="沪AD8K21")
    booking = visit(job, starts_at=local(9), status=Status.COMPLETED, contact=evil)
    with time_machine.travel(EVENING, tick=False):
        response = signed_in(client, job.shop, Role.CASHIER).get(address("closing_csv", job.shop))
    text = response.content.decode("utf-8-sig")
    header, row = csv.reader(io.StringIO(text))
    assert len(header) == len(row)
    assert row[0] == booking.number
    assert not any(cell.startswith("=") for cell in row)
    assert "268" in row
    assert response["Content-Disposition"].endswith('2026-11-23.csv"')


@pytest.mark.parametrize("name", ["closing", "closing_csv"])
@pytest.mark.parametrize("role", Role)
def test_closing_is_for_roles_that_close_the_day(client: Client, job: Job, name: str, role: Role) -> None:
    expected = 403 if role == Role.TECHNICIAN else 200
    assert signed_in(client, job.shop, role).get(address(name, job.shop)).status_code == expected


@pytest.mark.parametrize("name", ["closing", "closing_csv"])
def test_closing_of_a_foreign_shop_and_of_no_day_looks_missing(client: Client, job: Job, name: str) -> None:
    stranger = signed_in(client, bookable_job().shop)
    assert stranger.get(address(name, job.shop)).status_code == 404
    staff = signed_in(client, job.shop)
    assert staff.get(address(name, job.shop, date="garbage")).status_code == 404


def test_closing_offers_the_next_step_of_what_is_open(client: Client, job: Job) -> None:
    booking = visit(job, starts_at=local(11), status=Status.READY)
    with time_machine.travel(EVENING, tick=False):
        page = signed_in(client, job.shop).get(address("closing", job.shop)).content.decode()
    assert "Hand over" in page
    assert booking.public_id in page
