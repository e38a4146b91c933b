"""The board of a day: what it shows, to whom, with how many queries, and when it answers that nothing has changed."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from bookings import actions
from bookings.actions import Holder
from bookings.board import reading as board
from bookings.board.day import Group
from bookings.choices import AllocationKind, Status
from bookings.engine.jobs import Job
from bookings.models import Booking
from bookings.workshop import block
from shops.choices import Role
from shops.models import Shop
from tests.bookings.test_availability import local
from tests.factories.accounts import UserFactory
from tests.factories.board import busy_day, member, visit
from tests.factories.jobs import NOW, bookable_job
from tests.factories.shops import ClosureFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def job() -> Job:
    return bookable_job(bays=10, technicians=10)


@pytest.fixture
def staff(client: Client, job: Job) -> Client:
    """A client signed in as the shop's advisor, reading English."""
    return signed_in(client, job.shop)


def signed_in(client: Client, shop: Shop, role: Role = Role.ADVISOR) -> Client:
    client.force_login(member(shop, role))
    client.cookies["django_language"] = "en"
    return client


def address(name: str, shop: Shop, *args: object, **query: str) -> str:
    return reverse(f"board:{name}", args=[shop.slug, *args], query=query or None)


# --- Who sees it ------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_board_is_open_to_every_role_of_the_shop(client: Client, job: Job, role: Role) -> None:
    with time_machine.travel(NOW, tick=False):
        assert signed_in(client, job.shop, role).get(address("day", job.shop)).status_code == 200


@pytest.mark.parametrize("name", ["day", "live"])
def test_board_of_a_foreign_shop_looks_missing(client: Client, job: Job, name: str) -> None:
    foreign = bookable_job().shop
    assert signed_in(client, foreign).get(address(name, job.shop)).status_code == 404


def test_board_asks_an_anonymous_visitor_to_sign_in(client: Client, job: Job) -> None:
    response = client.get(address("day", job.shop))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


def test_walk_in_button_is_not_shown_to_a_technician(client: Client, job: Job) -> None:
    page = signed_in(client, job.shop, Role.TECHNICIAN).get(address("day", job.shop)).content.decode()
    assert address("walk_in", job.shop) not in page


# --- What it shows ----------------------------------------------------------------------------------


def test_board_shows_visits_breaks_people_and_counters_of_a_busy_day(client: Client) -> None:
    now = datetime(2026, 11, 23, 6, 49, tzinfo=UTC)
    busy = busy_day(now)
    with time_machine.travel(now, tick=False):
        page = signed_in(client, busy.shop).get(address("day", busy.shop)).content.decode()
    day = board.load(shop=busy.shop, day=now.date(), at=now)
    assert day.counts == {
        "to_arrive": 5,
        "in_work": 5,
        "waiting_owner": 0,
        "waiting_parts": 0,
        "ready": 3,
        "late": 1,
        "handed_over": 4,
    }
    assert day.use.percent == 48
    assert [person.text for person in day.people][-1] == "空闲" or day.people[-1].tone == "ok"
    assert len(day.bays) == 6
    for text in ("沪A·D8K21", "午休", "设备年检", "14:49", "Checked in", "Over time", "Late"):
        assert (text in page) == (text != "Over time")


def test_block_lies_on_the_columns_of_its_claim(job: Job) -> None:
    visit(job, starts_at=local(13, 10))
    day = board.load(shop=job.shop, day=NOW.date(), at=NOW)
    # The window opens at 8:00; 13:10 is 62 ticks later, and 40 minutes are 8 ticks.
    assert [(b.start, b.end) for lane in day.bays for b in lane.blocks if b.card] == [(63, 71)]
    assert day.window.hours[0] == (1, "08:00")


def test_window_grows_for_a_visit_outside_the_hours(job: Job) -> None:
    booking = visit(job, starts_at=local(13))
    booking.allocations.update(during=(local(13), local(22, 20)))
    day = board.load(shop=job.shop, day=NOW.date(), at=NOW)
    assert (day.window.hours[-1][1], day.window.ticks) == ("22:00", 15 * 12)
    closed = [b for b in day.bays[0].blocks if b.card is None]
    assert [(b.start, b.end) for b in closed] == [(145, 181)]


def test_closed_day_says_why(staff: Client, job: Job) -> None:
    ClosureFactory(shop=job.shop, first_date=NOW.date(), last_date=NOW.date(), reason="Stocktaking")
    with time_machine.travel(NOW, tick=False):
        assert "Stocktaking" in staff.get(address("day", job.shop)).content.decode()


def test_car_from_days_before_stays_on_todays_board(job: Job) -> None:
    old = visit(job, starts_at=local(13) - timedelta(days=2), status=Status.CHECKED_IN)
    day = board.load(shop=job.shop, day=NOW.date(), at=NOW)
    assert [card.booking for card in day.cards] == [old]


def test_lapsed_hold_is_not_shown_and_a_living_one_is(job: Job) -> None:
    hold = actions.hold(job=job, starts_at=local(15), holder=Holder(user=UserFactory()), at=NOW)
    assert [c.booking for c in board.load(shop=job.shop, day=NOW.date(), at=NOW).cards] == [hold]
    later = NOW + timedelta(minutes=11)
    assert board.load(shop=job.shop, day=NOW.date(), at=later).cards == []


def test_visit_over_its_time_says_that_the_next_one_waits(job: Job) -> None:
    working = visit(job, starts_at=local(13), status=Status.IN_SERVICE)
    waiting = visit(job, starts_at=local(13, 45))
    bay = working.allocations.order_by("pk")[0].resource
    waiting.allocations.filter(resource__kind="bay").update(resource=bay)
    at = local(13, 50)
    cards = {c.booking: c for c in board.load(shop=job.shop, day=NOW.date(), at=at).cards}
    assert cards[working].next_waits
    assert Group.LATE in cards[working].groups
    assert not cards[waiting].next_waits
    assert board.card(booking=Booking.objects.for_card().get(pk=working.pk), at=at).next_waits


@pytest.mark.parametrize("text", ["D8K21", "沪A·D8", "林女士", "0957", "1381642"])
def test_search_finds_a_visit_by_plate_name_and_telephone(staff: Client, job: Job, text: str) -> None:
    booking = visit(job, starts_at=local(13))
    page = staff.get(address("day", job.shop, q=text)).content.decode()
    assert booking.number in page


def test_search_finds_a_visit_by_its_number(job: Job) -> None:
    booking = visit(job, starts_at=local(13))
    assert list(board.found(shop=job.shop, text=booking.number[-4:].lower())) == [booking]


def test_search_finds_nothing_at_another_shop(job: Job) -> None:
    visit(job, starts_at=local(13))
    assert not board.found(shop=bookable_job().shop, text="D8K21").exists()


def test_group_filters_the_list(staff: Client, job: Job) -> None:
    visit(job, starts_at=local(13))
    with time_machine.travel(NOW, tick=False):
        shown = staff.get(address("day", job.shop, view="list", group="to_arrive")).content.decode()
        hidden = staff.get(address("day", job.shop, view="list", group="ready")).content.decode()
    assert "沪A·D8K21" in shown
    assert "沪A·D8K21" not in hidden


# --- How many queries -------------------------------------------------------------------------------

# Session, person, membership; marker; bays and people, hours, closures; visits and requests, their claims, their
# services; breaks.
DAY_QUERIES = 12
# Session, person, membership, marker.
UNCHANGED_QUERIES = 4


@pytest.mark.parametrize("visits", [1, 10])
@pytest.mark.parametrize("view", ["", "bays", "technicians", "list"])
def test_board_needs_the_same_queries_for_any_number_of_visits(
    staff: Client, job: Job, visits: int, view: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _n in range(visits):
        visit(job, starts_at=local(13), status=Status.IN_SERVICE)
    with time_machine.travel(local(13, 20), tick=False), django_assert_num_queries(DAY_QUERIES):
        page = staff.get(address("day", job.shop, view=view)).content.decode()
    assert page.count("data-visit=") >= visits


@pytest.mark.parametrize("bays", [1, 10])
def test_board_needs_the_same_queries_for_any_number_of_bays(
    client: Client, bays: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    job = bookable_job(bays=bays, technicians=bays)
    visit(job, starts_at=local(13))
    staff = signed_in(client, job.shop)
    with time_machine.travel(NOW, tick=False), django_assert_num_queries(DAY_QUERIES):
        assert staff.get(address("day", job.shop)).content.decode().count("data-lane=") == bays


# --- Live -------------------------------------------------------------------------------------------


def test_unchanged_board_answers_304_and_204_for_htmx_with_one_query_of_its_own(
    staff: Client, job: Job, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    visit(job, starts_at=local(13))
    with time_machine.travel(NOW, tick=False):
        first = staff.get(address("live", job.shop))
        assert first.status_code == 200
        with django_assert_num_queries(UNCHANGED_QUERIES):
            again = staff.get(address("live", job.shop), headers={"If-None-Match": first["ETag"]})
        quiet = staff.get(address("live", job.shop), headers={"If-None-Match": first["ETag"], **HTMX})
    assert (again.status_code, again.content) == (304, b"")
    assert (quiet.status_code, quiet.content) == (204, b"")


def test_etag_changes_with_visits_claims_breaks_minutes_view_and_language(staff: Client, job: Job) -> None:
    booking = visit(job, starts_at=local(13))

    def etag(at: datetime = NOW, **query: str) -> str:
        with time_machine.travel(at, tick=False):
            return staff.get(address("live", job.shop, **query))["ETag"]

    before = etag()
    assert etag() == before
    assert etag(NOW + timedelta(minutes=1)) != before
    assert etag(view="list") != before
    booking.allocations.filter(resource__kind="technician").delete()
    without_person = etag()
    assert without_person != before
    bay = booking.allocations.get().resource
    block(resource=bay, starts_at=local(16), ends_at=local(17), kind=AllocationKind.BREAK, reason="", at=NOW)
    with_break = etag()
    assert with_break != without_person
    actions.cancel(booking=booking, by=actions.SYSTEM, at=NOW)
    cancelled = etag()
    assert cancelled != with_break
    staff.cookies["django_language"] = "zh-hans"
    assert etag() != cancelled


def test_live_part_is_no_whole_page(staff: Client, job: Job) -> None:
    page = staff.get(address("live", job.shop)).content.decode()
    assert page.lstrip().startswith('<div id="board-live"')


# --- Bad input --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["garbage", "2026-13-01", "9999-12-31", "0001-01-01", "x" * 100_000, "2026-11-23T10:00"]
)
@pytest.mark.parametrize("name", ["day", "live"])
def test_day_that_is_none_is_not_found(staff: Client, job: Job, name: str, text: str) -> None:
    with time_machine.travel(NOW, tick=False):
        assert staff.get(address(name, job.shop, date=text)).status_code == 404


def test_nul_byte_in_the_address_is_refused(staff: Client, job: Job) -> None:
    assert staff.get(address("day", job.shop) + "?q=%00").status_code == 400


def test_unknown_view_and_group_are_ignored(staff: Client, job: Job) -> None:
    assert staff.get(address("day", job.shop, view="nonsense", group="nonsense")).status_code == 200


def test_open_panel_of_a_foreign_visit_looks_missing(staff: Client, job: Job) -> None:
    foreign = visit(bookable_job(), starts_at=local(13))
    assert staff.get(address("day", job.shop, visit=foreign.public_id)).status_code == 404


def test_very_long_search_finds_nothing(staff: Client, job: Job) -> None:
    assert staff.get(address("day", job.shop, q="沪" * 100_000)).status_code == 200
