"""The staff's lists: who sees them, what stands where, one tap, how many queries, and when nothing has changed."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from bookings import workshop
from bookings.choices import AllocationKind, LineState, Stage, Status
from bookings.engine.jobs import Job as Wanted
from bookings.floor import links, messages
from bookings.floor.messages import Speaker
from bookings.floor_lists import my_day, parts, pipeline
from bookings.floor_lists.looks import Place
from bookings.models import Booking, Line
from shops.choices import ResourceKind, Role
from shops.models import Resource, Shop, Technician
from tests.bookings.test_availability import local
from tests.factories import floor_day
from tests.factories.board import busy_day, member, visit
from tests.factories.jobs import NOW, bookable_job

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
LISTS = ["my_day", "pipeline", "parts"]
AT = local(14, 50)
BUSY = datetime(2026, 11, 23, 6, 49, tzinfo=UTC)


@pytest.fixture
def job() -> Wanted:
    return bookable_job(bays=15, technicians=15)


@pytest.fixture
def advisor(job: Wanted) -> User:
    return member(job.shop)


def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def stranger() -> User:
    """Somebody who works at another shop."""
    return member(bookable_job().shop, Role.OWNER)


@pytest.fixture
def staff(client: Client, advisor: User) -> Client:
    """A client signed in as the shop's advisor, reading English."""
    return signed_in(client, advisor)


def address(name: str, shop: Shop, *args: object, **query: str) -> str:
    return reverse(f"floor_lists:{name}", args=[shop.slug, *args], query=query or None)


def page_of(client: Client, name: str, shop: Shop, at: datetime = AT, **query: str) -> str:
    with time_machine.travel(at, tick=False):
        response = client.get(address(name, shop, **query))
    assert response.status_code == 200
    return response.content.decode()


def make_technician(shop: Shop, user: User, booking: Booking | None = None) -> Resource:
    """Let the person be a technician of the shop: the one whose time the visit claims."""
    people = shop.resources.filter(kind=ResourceKind.TECHNICIAN).order_by("pk")
    person = people.filter(allocations__booking=booking)[0] if booking else people[0]
    Technician.objects.update_or_create(resource=person, defaults={"user": user})
    return person


# --- Who sees them ----------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("name", [*LISTS, "my_day_live", "pipeline_live", "parts_live"])
def test_lists_are_open_to_every_role_of_the_shop(client: Client, job: Wanted, role: Role, name: str) -> None:
    assert signed_in(client, member(job.shop, role)).get(address(name, job.shop)).status_code == 200


@pytest.mark.parametrize("name", [*LISTS, "my_day_live", "pipeline_live", "parts_live"])
def test_lists_of_a_foreign_shop_look_missing(client: Client, job: Wanted, name: str) -> None:
    assert signed_in(client, stranger()).get(address(name, job.shop)).status_code == 404


@pytest.mark.parametrize("name", LISTS)
def test_lists_ask_an_anonymous_visitor_to_sign_in(client: Client, job: Wanted, name: str) -> None:
    response = client.get(address(name, job.shop))
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", [*LISTS, "my_day_live", "pipeline_live", "parts_live"])
def test_lists_refuse_another_method(staff: Client, job: Wanted, name: str) -> None:
    assert staff.post(address(name, job.shop)).status_code == 405


@pytest.mark.parametrize(
    ("role", "first"),
    [
        (Role.TECHNICIAN, ["my_day", "board:day", "parts"]),
        (Role.ADVISOR, ["board:day", "pipeline", "board:closing", "money:counter_refunds", "shop_reviews:list"]),
        (Role.CASHIER, ["board:day", "pipeline", "board:closing", "money:counter_refunds"]),
    ],
)
def test_navigation_shows_each_role_its_lists(client: Client, job: Wanted, role: Role, first: list[str]) -> None:
    client = signed_in(client, member(job.shop, role))
    entries = client.get(address("pipeline", job.shop)).context["shop_nav"]
    names = [name if ":" in name else f"floor_lists:{name}" for name in first]
    assert [entry["url"] for entry in entries] == [reverse(name, args=[job.shop.slug]) for name in names]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.ADVISOR])
def test_navigation_marks_one_entry(client: Client, job: Wanted, role: Role, name: str) -> None:
    client = signed_in(client, member(job.shop, role))
    entries = client.get(address(name, job.shop)).context["shop_nav"]
    assert sum(entry["current"] for entry in entries) == 1


def test_technician_lands_on_the_own_day(client: Client, job: Wanted) -> None:
    client = signed_in(client, member(job.shop, Role.TECHNICIAN))
    assert address("my_day", job.shop) in client.get(reverse("shops:my_shops"), follow=True).content.decode()


@pytest.mark.parametrize("name", LISTS)
def test_lists_show_nothing_of_another_shop(staff: Client, job: Wanted, advisor: User, name: str) -> None:
    other = bookable_job(bays=3, technicians=3)
    theirs = visit(other, starts_at=local(14), by=advisor)
    floor_day.begin(theirs, by=advisor, at=local(14))
    floor_day.await_parts(theirs, by=advisor, at=local(14, 10), on=None)
    text = page_of(staff, name, job.shop)
    assert theirs.public_id not in text
    assert "沪A·D8K21" not in text


# --- The pipeline -----------------------------------------------------------------------------------


def cars(shop: Shop, at: datetime = AT, person: Resource | None = None) -> dict[str, list[str]]:
    """The public ids of the cars in each column that has any."""
    found = pipeline.load(shop=shop, at=at, person=person)
    return {c.place.value: [job.booking.public_id for job in c.jobs] for c in found.columns if c.jobs}


def test_pipeline_has_each_car_in_the_column_of_its_stage(job: Wanted, advisor: User) -> None:
    def new(clock: tuple[int, int] = (14, 30)) -> Booking:
        return visit(job, starts_at=local(*clock), by=advisor)

    at = local(14, 30)
    expected = {"to_arrive": new((17, 0))}
    expected["received"] = floor_day.arrive(new(), by=advisor, at=at)
    expected["inspecting"] = floor_day.arrive(new(), by=advisor, at=at)
    floor_day.stand(expected["inspecting"], Stage.INSPECTING, by=advisor, at=at)
    expected["waiting_owner"] = floor_day.begin(new(), by=advisor, at=at)
    floor_day.ask(expected["waiting_owner"], by=advisor, at=at)
    expected["waiting_parts"] = floor_day.begin(new(), by=advisor, at=at)
    floor_day.await_parts(expected["waiting_parts"], by=advisor, at=at, on=None)
    expected["working"] = floor_day.begin(new(), by=advisor, at=at)
    expected["checking"] = floor_day.begin(new(), by=advisor, at=at)
    floor_day.finish(expected["checking"], by=advisor, at=at)
    expected["ready"] = visit(job, starts_at=local(9), by=advisor, status=Status.READY)
    visit(job, starts_at=local(8), by=advisor, status=Status.COMPLETED)
    visit(job, starts_at=local(11), by=advisor, status=Status.NO_SHOW)
    assert cars(job.shop) == {place: [booking.public_id] for place, booking in expected.items()}


def test_pipeline_shows_who_comes_on_the_shops_own_day_only(job: Wanted) -> None:
    city = job.shop.city
    city.timezone = "America/Los_Angeles"
    city.save(update_fields=["timezone"])
    # 17:00 UTC is 9:00 of the same day there: its 17:00 is tomorrow's in UTC.
    at = datetime(2026, 11, 23, 17, tzinfo=UTC)
    today = visit(job, starts_at=datetime(2026, 11, 24, 1, tzinfo=UTC))
    visit(job, starts_at=datetime(2026, 11, 24, 17, tzinfo=UTC))
    assert cars(job.shop, at) == {"to_arrive": [today.public_id]}


def test_car_from_days_before_is_still_in_the_pipeline(job: Wanted) -> None:
    old = visit(job, starts_at=local(13) - timedelta(days=3), status=Status.CHECKED_IN)
    assert cars(job.shop) == {"received": [old.public_id]}


def test_overdue_cars_come_first_the_longest_overdue_before_the_others(job: Wanted, advisor: User) -> None:
    in_time, late, later = (
        visit(job, starts_at=local(*clock), by=advisor, status=Status.IN_SERVICE)
        for clock in [(14, 40), (13, 20), (12, 0)]
    )
    assert cars(job.shop)["working"] == [later.public_id, late.public_id, in_time.public_id]
    [column] = [c for c in pipeline.load(shop=job.shop, at=AT).columns if c.jobs]
    assert [one.late_minutes > 0 for one in column.jobs] == [True, True, False]


def test_lateness_is_said_in_words(staff: Client, job: Wanted, advisor: User) -> None:
    visit(job, starts_at=local(13), by=advisor, status=Status.IN_SERVICE)
    visit(job, starts_at=local(14, 30), by=advisor)
    text = page_of(staff, "pipeline", job.shop)
    assert "70 min past the promised time" in text
    assert "20 min late" in text


def test_car_that_waits_for_its_owner_says_since_when_for_how_much_and_what_the_owner_saw(
    staff: Client, job: Wanted, advisor: User
) -> None:
    booking = floor_day.begin(visit(job, starts_at=local(14, 30), by=advisor), by=advisor, at=local(14, 30))
    floor_day.ask(booking, by=advisor, at=local(14, 35))
    assert "No link sent yet" in page_of(staff, "pipeline", job.shop)
    token = links.make(booking=booking, at=local(14, 36))
    assert "Link sent 14:36, not opened" in page_of(staff, "pipeline", job.shop)
    links.make(booking=booking, at=local(14, 40))
    assert "2 links sent, the last 14:40, not opened" in page_of(staff, "pipeline", job.shop)
    messages.say(booking=booking, text="How much?", by=Speaker(is_owner=True), at=local(14, 41))
    text = page_of(staff, "pipeline", job.shop)
    for said in ("1 line, ¥420, asked 14:35", "here since 14:35", "1 unread message", "¥268"):
        assert said in text
    links.note_use(link=links.find(token, at=AT), at=local(14, 45))
    messages.mark_read(booking=booking, by=Speaker(is_owner=False), at=local(14, 46))
    assert "unread message" not in page_of(staff, "pipeline", job.shop)


def test_ready_car_says_since_when_and_its_bill(staff: Client, job: Wanted, advisor: User) -> None:
    booking = visit(job, starts_at=local(9), by=advisor, status=Status.READY)
    assert booking.final_fen == 26_800
    text = page_of(staff, "pipeline", job.shop)
    assert "since 09:40" in text
    assert reverse("floor:handover", args=[job.shop.slug, booking.public_id]) in text


def test_pipeline_filters_by_person_and_stage(staff: Client, job: Wanted, advisor: User) -> None:
    mine, other = (visit(job, starts_at=local(16), by=advisor) for _n in range(2))
    person = mine.allocations.get(resource__kind=ResourceKind.TECHNICIAN).resource
    text = page_of(staff, "pipeline", job.shop, person=person.public_id)
    assert mine.public_id in text
    assert other.public_id not in text
    assert mine.public_id not in page_of(staff, "pipeline", job.shop, stage="working")
    assert mine.public_id in page_of(staff, "pipeline", job.shop, stage="to_arrive")
    assert mine.public_id in page_of(staff, "pipeline", job.shop, stage="nonsense")


def test_person_of_another_shop_looks_missing(staff: Client, job: Wanted) -> None:
    foreign = bookable_job().shop.resources.get(kind=ResourceKind.TECHNICIAN)
    assert staff.get(address("pipeline", job.shop, person=foreign.public_id)).status_code == 404
    assert staff.get(address("my_day", job.shop, who=foreign.public_id)).status_code == 404
    assert staff.get(address("my_day", job.shop, who="x" * 100_000)).status_code == 404


def test_requests_to_answer_stand_over_the_pipeline(staff: Client, job: Wanted) -> None:
    booking = visit(job, starts_at=local(17))
    Booking.objects.filter(pk=booking.pk).update(status=Status.REQUESTED, hold_expires_at=AT + timedelta(hours=1))
    text = page_of(staff, "pipeline", job.shop)
    assert reverse("board:accept", args=[job.shop.slug, booking.public_id]) in text
    assert reverse("board:decline", args=[job.shop.slug, booking.public_id]) in text
    lapsed = pipeline.load(shop=job.shop, at=AT + timedelta(hours=1))
    assert lapsed.requests == []


# --- A technician's day -----------------------------------------------------------------------------


def test_technician_sees_the_own_claims_and_breaks_in_order(client: Client, job: Wanted, advisor: User) -> None:
    second, first, foreign = (visit(job, starts_at=local(*clock), by=advisor) for clock in [(17, 0), (10, 0), (11, 0)])
    tech = member(job.shop, Role.TECHNICIAN)
    person = make_technician(job.shop, tech, second)
    first.allocations.filter(resource__kind=ResourceKind.TECHNICIAN).update(resource=person)
    technicians = job.shop.resources.filter(kind=ResourceKind.TECHNICIAN)
    foreign.allocations.filter(resource=person).update(resource=technicians.exclude(pk=person.pk)[0])
    pause = AllocationKind.BREAK
    workshop.block(resource=person, starts_at=local(12), ends_at=local(13), kind=pause, reason="Lunch", at=NOW)
    found = my_day.load(shop=job.shop, day=NOW.date(), at=AT, person=person, user=tech, may_read_again=True)
    assert [entry.job.booking if entry.job else entry.pause and entry.pause.reason for entry in found.entries] == [
        first,
        "Lunch",
        second,
    ]
    text = page_of(signed_in(client, tech), "my_day", job.shop)
    assert "Lunch" in text
    assert first.public_id in text
    assert foreign.public_id not in text


def test_work_that_runs_is_now_before_cars_that_come(job: Wanted, advisor: User) -> None:
    coming = visit(job, starts_at=local(16), by=advisor)
    person = make_technician(job.shop, advisor, coming)

    def now() -> Booking | None:
        found = my_day.load(shop=job.shop, day=NOW.date(), at=AT, person=person, user=advisor, may_read_again=True).now
        return found.booking if found else None

    assert now() == coming
    received = floor_day.arrive(visit(job, starts_at=local(14), by=advisor), by=advisor, at=local(14))
    working = floor_day.begin(visit(job, starts_at=local(12), by=advisor), by=advisor, at=local(12))
    for booking in (received, working):
        booking.allocations.filter(resource__kind=ResourceKind.TECHNICIAN).update(resource=person)
    assert now() == working
    floor_day.finish(working, by=advisor, at=AT)
    assert now() == received


def test_line_that_is_agreed_and_not_done_waits_for_the_technician(client: Client, job: Wanted, advisor: User) -> None:
    booking = floor_day.begin(visit(job, starts_at=local(14, 30), by=advisor), by=advisor, at=local(14, 30))
    floor_day.agree(
        floor_day.ask(booking, by=advisor, at=local(14, 32), title="Rear pads"), by=advisor, at=local(14, 33)
    )
    tech = member(job.shop, Role.TECHNICIAN)
    person = make_technician(job.shop, tech, booking)
    found = my_day.load(shop=job.shop, day=NOW.date(), at=AT, person=person, user=tech, may_read_again=True)
    assert found.lines_to_do == 2
    assert "Rear pads" in page_of(signed_in(client, tech), "my_day", job.shop)
    floor_day.finish(Booking.objects.get(pk=booking.pk), by=tech, at=AT)
    assert (
        my_day.load(shop=job.shop, day=NOW.date(), at=AT, person=person, user=tech, may_read_again=True).lines_to_do
        == 0
    )


def test_failed_check_waits_for_the_technician_until_the_work_is_handed_in_again(job: Wanted, advisor: User) -> None:
    booking = floor_day.begin(visit(job, starts_at=local(14, 30), by=advisor), by=advisor, at=local(14, 30))
    tech = member(job.shop, Role.TECHNICIAN)
    person = make_technician(job.shop, tech, booking)

    def to_redo() -> list[str]:
        found = my_day.load(shop=job.shop, day=NOW.date(), at=AT, person=person, user=tech, may_read_again=True)
        return [one.failed_note for one in found.to_redo]

    floor_day.finish(booking, by=tech, at=local(14, 40))
    assert to_redo() == []
    floor_day.fail_check(booking, by=advisor, at=local(14, 41), note="Wheel nut loose")
    assert to_redo() == ["Wheel nut loose"]
    floor_day.finish(booking, by=tech, at=local(14, 45))
    assert to_redo() == []


def test_doubtful_odometer_is_for_everybody_but_who_read_it(client: Client, job: Wanted, advisor: User) -> None:
    booking = floor_day.arrive(visit(job, starts_at=local(14), by=advisor), by=advisor, at=local(14))
    other = member(job.shop, Role.TECHNICIAN)
    page = page_of(signed_in(client, other), "my_day", job.shop)
    assert "Check the odometer again" not in page
    booking.check_in.odometer_reason = "New cluster"
    booking.check_in.save(update_fields=["odometer_reason"])
    page = page_of(client, "my_day", job.shop)
    assert "Check for others" in page
    assert "Check the odometer again: 58,263 km?" in page
    assert reverse("board:check_in", args=[job.shop.slug, booking.public_id]) in page
    assert "Check the odometer again" not in page_of(signed_in(client, advisor), "my_day", job.shop)
    workshop.confirm_odometer(booking=booking, by=other, at=AT)
    assert "Check the odometer again" not in page_of(signed_in(client, other), "my_day", job.shop)


@pytest.mark.parametrize(("role", "listed"), [(Role.TECHNICIAN, 1), (Role.CASHIER, 0)])
def test_doubtful_odometer_is_listed_for_those_who_may_look(
    job: Wanted, advisor: User, role: Role, listed: int
) -> None:
    booking = floor_day.arrive(visit(job, starts_at=local(14), by=advisor), by=advisor, at=local(14))
    booking.check_in.odometer_reason = "New cluster"
    booking.check_in.save(update_fields=["odometer_reason"])
    client = signed_in(Client(), member(job.shop, role))
    with time_machine.travel(AT, tick=False):
        answer = client.get(f"/api/v1/shops/{job.shop.slug}/my-day/?technician=all").json()
    assert len(answer["to_read_again"]) == listed
    assert ("Check the odometer again" in page_of(client, "my_day", job.shop)) is bool(listed)


def test_finished_work_is_to_check_for_everybody_but_who_did_it(job: Wanted, advisor: User) -> None:
    booking = floor_day.begin(visit(job, starts_at=local(14, 30), by=advisor), by=advisor, at=local(14, 30))
    doer, other = (member(job.shop, Role.TECHNICIAN) for _n in range(2))
    floor_day.finish(booking, by=doer, at=local(14, 40))

    def to_check(user: User, day: date = date(2026, 11, 23)) -> list[Booking]:
        found = my_day.load(shop=job.shop, day=day, at=AT, person=None, user=user, may_read_again=True)
        return [one.booking for one in found.to_check]

    assert to_check(doer) == []
    assert to_check(other) == [booking]
    assert to_check(other, NOW.date() + timedelta(days=1)) == []


def test_member_who_is_no_technician_sees_everybody_and_may_choose(staff: Client, job: Wanted, advisor: User) -> None:
    one, two = (visit(job, starts_at=local(16), by=advisor) for _n in range(2))
    text = page_of(staff, "my_day", job.shop)
    assert one.public_id in text
    assert two.public_id in text
    person = one.allocations.get(resource__kind=ResourceKind.TECHNICIAN).resource
    text = page_of(staff, "my_day", job.shop, who=person.public_id)
    assert one.public_id in text
    assert two.public_id not in text


def test_technician_account_of_another_shop_is_none_here(client: Client, job: Wanted, advisor: User) -> None:
    booking = visit(job, starts_at=local(16), by=advisor)
    tech = member(job.shop, Role.TECHNICIAN)
    make_technician(bookable_job().shop, tech)
    text = page_of(signed_in(client, tech), "my_day", job.shop)
    assert booking.public_id in text
    assert my_day.own_resource(job.shop, tech) is None


def test_visit_that_came_to_nothing_is_no_job(job: Wanted, advisor: User) -> None:
    visit(job, starts_at=local(10), by=advisor, status=Status.NO_SHOW)
    visit(job, starts_at=local(11), by=advisor, status=Status.CANCELLED)
    assert (
        my_day.load(shop=job.shop, day=NOW.date(), at=AT, person=None, user=advisor, may_read_again=True).entries == []
    )


def test_another_day_has_its_own_jobs(staff: Client, job: Wanted, advisor: User) -> None:
    tomorrow = visit(job, starts_at=local(10) + timedelta(days=1), by=advisor)
    assert tomorrow.public_id not in page_of(staff, "my_day", job.shop)
    assert tomorrow.public_id in page_of(staff, "my_day", job.shop, date="2026-11-24")


@pytest.mark.parametrize("text", ["garbage", "9999-12-31", "2026-13-01", "x" * 100_000])
@pytest.mark.parametrize("name", ["my_day", "my_day_live", "pipeline", "parts"])
def test_day_that_is_none_is_not_found(staff: Client, job: Wanted, name: str, text: str) -> None:
    with time_machine.travel(NOW, tick=False):
        assert staff.get(address(name, job.shop, date=text)).status_code == 404


# --- What waits for parts ---------------------------------------------------------------------------


@pytest.fixture
def in_work(job: Wanted, advisor: User) -> Booking:
    return floor_day.begin(visit(job, starts_at=local(14, 30), by=advisor), by=advisor, at=local(14, 30))


@pytest.fixture
def waiting(in_work: Booking, advisor: User) -> Line:
    return floor_day.await_parts(in_work, by=advisor, at=local(14, 40), on=date(2026, 11, 24))


def test_parts_are_grouped_by_day_the_late_first_and_those_without_a_day_last(job: Wanted, advisor: User) -> None:
    days = [None, date(2026, 11, 25), date(2026, 11, 23), date(2026, 11, 25)]
    for day in days:
        booking = floor_day.begin(visit(job, starts_at=local(14, 30), by=advisor), by=advisor, at=local(14, 30))
        floor_day.await_parts(booking, by=advisor, at=local(14, 40), on=day)
    found = parts.load(shop=job.shop, at=AT + timedelta(days=1))
    assert [(delivery.day, len(delivery.waits), delivery.late_days) for delivery in found.deliveries] == [
        (date(2026, 11, 23), 1, 1),
        (date(2026, 11, 25), 2, 0),
        (None, 1, 0),
    ]
    assert (found.late, found.cars) == (1, 4)


def test_parts_name_car_part_code_day_and_broken_promise(staff: Client, job: Wanted, waiting: Line) -> None:
    text = page_of(staff, "parts", job.shop)
    for said in (
        "沪A·D8K21",
        "前刹车片",
        "刹车片 前",
        "5QD 698 151",
        "Tomorrow",
        "waiting since 14:40",
        "before the parts come",
    ):
        assert said in text
    assert "2 days late" in page_of(staff, "parts", job.shop, at=AT + timedelta(days=3))


def test_waiting_begins_with_the_first_word_and_not_with_a_changed_day(
    job: Wanted, waiting: Line, staff: Client
) -> None:
    with time_machine.travel(local(14, 45), tick=False):
        staff.post(address("expected", job.shop, waiting.public_id), {"parts_expected_on": "2026-11-26"})
    [wait] = parts.load(shop=job.shop, at=AT).waits
    assert (wait.expected_on, wait.since) == (date(2026, 11, 26), local(14, 40))


@pytest.mark.parametrize("times", [1, 2])
def test_one_tap_says_that_parts_have_come_and_the_car_goes_on(
    staff: Client, job: Wanted, waiting: Line, times: int
) -> None:
    with time_machine.travel(AT, tick=False):
        for _n in range(times):
            response = staff.post(address("arrived", job.shop, waiting.public_id))
            assert (response.status_code, response["Location"]) == (302, address("parts", job.shop))
    waiting.refresh_from_db()
    assert (waiting.waits_for_parts, waiting.state) == (False, LineState.APPROVED)
    assert Booking.objects.get(pk=waiting.booking_id).stage == Stage.WORKING
    assert waiting.booking.events.filter(kind="parts").count() == 2


def test_car_waits_on_while_another_line_of_it_waits(
    staff: Client, job: Wanted, in_work: Booking, waiting: Line, advisor: User
) -> None:
    more = floor_day.await_parts(in_work, by=advisor, at=local(14, 45), on=None, title="Rear pads")
    staff.post(address("arrived", job.shop, waiting.public_id))
    assert Booking.objects.get(pk=in_work.pk).stage == Stage.WAITING_PARTS
    staff.post(address("arrived", job.shop, more.public_id))
    assert Booking.objects.get(pk=in_work.pk).stage == Stage.WORKING


def test_car_that_nobody_looked_at_yet_goes_back_to_received(staff: Client, job: Wanted, advisor: User) -> None:
    booking = floor_day.arrive(visit(job, starts_at=local(14, 30), by=advisor), by=advisor, at=local(14, 30))
    line = floor_day.await_parts(booking, by=advisor, at=local(14, 40), on=None)
    staff.post(address("arrived", job.shop, line.public_id))
    assert Booking.objects.get(pk=booking.pk).stage == Stage.RECEIVED


def test_tap_answers_htmx_with_a_word_and_a_refresh(staff: Client, job: Wanted, waiting: Line) -> None:
    response = staff.post(address("arrived", job.shop, waiting.public_id), headers=HTMX)
    assert response.status_code == 204
    assert "board:changed" in response["HX-Trigger"]


def test_parts_of_a_car_that_has_left_are_refused_with_the_visit_as_it_is(
    staff: Client, job: Wanted, waiting: Line
) -> None:
    Booking.objects.filter(pk=waiting.booking_id).update(status=Status.CANCELLED, stage="")
    assert staff.post(address("arrived", job.shop, waiting.public_id)).status_code == 409
    day = {"parts_expected_on": "2026-11-26"}
    with time_machine.travel(AT, tick=False):
        assert staff.post(address("expected", job.shop, waiting.public_id), day).status_code == 409
    assert parts.load(shop=job.shop, at=AT).waits == []


@pytest.mark.parametrize("day", ["2026-11-22", "9999-12-31", "soon", "2026-02-30", "x" * 100_000, "\x00"])
def test_day_that_cannot_be_is_refused_beside_its_field(staff: Client, job: Wanted, waiting: Line, day: str) -> None:
    with time_machine.travel(AT, tick=False):
        response = staff.post(address("expected", job.shop, waiting.public_id), {"parts_expected_on": day})
    assert response.status_code == 400
    waiting.refresh_from_db()
    assert waiting.parts_expected_on == date(2026, 11, 24)


def test_day_may_be_unknown(staff: Client, job: Wanted, waiting: Line) -> None:
    staff.post(address("expected", job.shop, waiting.public_id), {"parts_expected_on": ""})
    waiting.refresh_from_db()
    assert (waiting.waits_for_parts, waiting.parts_expected_on) == (True, None)


def test_form_for_the_day_shows_the_present_one(staff: Client, job: Wanted, waiting: Line) -> None:
    response = staff.get(address("expected", job.shop, waiting.public_id), headers=HTMX)
    assert 'value="2026-11-24"' in response.content.decode()
    assert b"<html" not in response.content


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.OWNER, 302),
        (Role.MANAGER, 302),
        (Role.ADVISOR, 302),
        (Role.TECHNICIAN, 302),
        (Role.CASHIER, 403),
        (None, 404),
    ],
)
@pytest.mark.parametrize("name", ["arrived", "expected"])
def test_each_role_may_or_may_not_say_that_parts_come(
    client: Client, job: Wanted, waiting: Line, role: Role | None, status: int, name: str
) -> None:
    user = member(job.shop, role) if role else stranger()
    with time_machine.travel(AT, tick=False):
        response = signed_in(client, user).post(address(name, job.shop, waiting.public_id), {"parts_expected_on": ""})
    assert response.status_code == status


def test_cashier_sees_no_button_for_parts(client: Client, job: Wanted, waiting: Line) -> None:
    text = page_of(signed_in(client, member(job.shop, Role.CASHIER)), "parts", job.shop)
    assert "前刹车片" in text
    assert address("arrived", job.shop, waiting.public_id) not in text


@pytest.mark.parametrize("name", ["arrived", "expected"])
def test_line_of_another_shop_looks_missing(client: Client, waiting: Line, name: str) -> None:
    other = bookable_job().shop
    assert signed_in(client, member(other)).post(address(name, other, waiting.public_id)).status_code == 404


def test_arrival_by_get_is_refused(staff: Client, job: Wanted, waiting: Line) -> None:
    assert staff.get(address("arrived", job.shop, waiting.public_id)).status_code == 405


# --- A car that is worked on while it waits ----------------------------------------------------------


def step_names(client: Client, shop: Shop) -> list[str]:
    """The step offered for each car in work, in the pipeline and in everybody's day."""
    with time_machine.travel(AT, tick=False):
        columns = client.get(address("pipeline", shop)).context["columns"]
        day = client.get(address("my_day", shop, who="all")).context
    steps = [step for _column, rows in columns for job, step in rows if job.place == Place.WORKING]
    steps += [step for _entry, _is_running, step in day["entries"]] + [day["now_step"]]
    return [str(step.label) if step else "" for step in steps]


@pytest.mark.parametrize(
    ("role", "label"), [(Role.ADVISOR, "Record the answer"), (Role.TECHNICIAN, "Job card"), (Role.CASHIER, "")]
)
def test_car_in_work_whose_owner_is_asked_offers_the_answer_not_the_end_of_work(
    client: Client, job: Wanted, in_work: Booking, advisor: User, role: Role, label: str
) -> None:
    floor_day.ask(in_work, by=advisor, at=local(14, 40))
    floor_day.stand(in_work, Stage.WORKING, by=advisor, at=local(14, 41))
    assert step_names(signed_in(client, member(job.shop, role)), job.shop) == [label] * 3


@pytest.mark.parametrize("role", [Role.ADVISOR, Role.TECHNICIAN])
def test_car_in_work_that_lacks_parts_offers_the_parts_not_the_end_of_work(
    client: Client, job: Wanted, waiting: Line, advisor: User, role: Role
) -> None:
    floor_day.stand(waiting.booking, Stage.WORKING, by=advisor, at=local(14, 41))
    client = signed_in(client, member(job.shop, role))
    assert step_names(client, job.shop) == ["See the parts"] * 3
    client.post(address("arrived", job.shop, waiting.public_id))
    assert step_names(client, job.shop) == ["Work done"] * 3


# --- How many queries -------------------------------------------------------------------------------

QUERIES = {
    # Session, person, membership; marker; people; visits, their claims, services, lines, versions, what stands beside.
    "pipeline": 11,
    # The same and the breaks.
    "my_day": 12,
    # Session, person, membership; marker; lines, their versions, since when.
    "parts": 7,
}
# Session, person, membership, marker.
UNCHANGED_QUERIES = 4


@pytest.mark.parametrize("visits", [1, 3, 12])
@pytest.mark.parametrize("name", LISTS)
def test_lists_need_the_same_queries_for_any_number_of_visits(
    staff: Client,
    job: Wanted,
    advisor: User,
    visits: int,
    name: str,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _n in range(visits):
        booking = floor_day.begin(visit(job, starts_at=local(14, 30), by=advisor), by=advisor, at=local(14, 30))
        floor_day.await_parts(booking, by=advisor, at=local(14, 35), on=None)
        links.make(booking=booking, at=local(14, 36))
        messages.say(booking=booking, text="Hello", by=Speaker(is_owner=True), at=local(14, 37))
    with time_machine.travel(AT, tick=False), django_assert_num_queries(QUERIES[name]):
        text = staff.get(address(name, job.shop)).content.decode()
    assert text.count("data-visit=") >= visits


# --- Live -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LISTS)
def test_unchanged_list_answers_304_and_204_for_htmx_with_one_query_of_its_own(
    staff: Client, job: Wanted, waiting: Line, name: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    live = address(f"{name}_live", job.shop)
    with time_machine.travel(AT, tick=False):
        first = staff.get(live)
        assert (first.status_code, b"<html" in first.content) == (200, False)
        with django_assert_num_queries(UNCHANGED_QUERIES):
            again = staff.get(live, headers={"If-None-Match": first["ETag"]})
        quiet = staff.get(live, headers={"If-None-Match": first["ETag"], **HTMX})
        assert (again.status_code, quiet.status_code) == (304, 204)
        staff.post(address("arrived", job.shop, waiting.public_id))
        assert staff.get(live, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_etag_of_a_list_knows_list_person_filter_language_and_minute(client: Client, job: Wanted) -> None:
    user = member(job.shop)

    def etag(name: str = "pipeline_live", at: datetime = AT, **query: str) -> str:
        with time_machine.travel(at, tick=False):
            return client.get(address(name, job.shop, **query))["ETag"]

    signed_in(client, user)
    seen = [etag(), etag("parts_live"), etag("my_day_live"), etag(stage="ready"), etag(at=AT + timedelta(minutes=1))]
    client.cookies["django_language"] = "zh-hans"
    seen.append(etag())
    signed_in(client, member(job.shop))
    seen.append(etag())
    assert len(set(seen)) == len(seen)
    assert etag() == seen[-1]


# --- A whole day ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_lists_of_a_busy_day_can_be_shown_to_all(client: Client, name: str, language: str) -> None:
    busy = busy_day(BUSY)
    for role in Role:
        client.force_login(busy.staff[role])
        client.cookies["django_language"] = language
        with time_machine.travel(BUSY, tick=False):
            assert client.get(address(name, busy.shop)).status_code == 200


# --- API --------------------------------------------------------------------------------------------


def api(name: str, shop: Shop, **query: str) -> str:
    return reverse(f"bookings_api:{name}", args=[shop.slug], query=query or None)


def test_api_tells_the_pipeline(staff: Client, job: Wanted, waiting: Line) -> None:
    with time_machine.travel(AT, tick=False):
        answer = staff.get(api("pipeline", job.shop)).json()
    columns = {column["place"]: column["visits"] for column in answer["columns"]}
    assert list(columns) == [place.value for place in Place if place != Place.GONE]
    [one] = columns["waiting_parts"]
    assert (one["id"], one["agreed_fen"], one["lines_waiting_for_parts"]) == (
        waiting.booking.public_id,
        26_800 + 42_000,
        1,
    )


def test_api_tells_the_own_day_everybodys_or_anothers(client: Client, job: Wanted, advisor: User) -> None:
    mine, other = (visit(job, starts_at=local(16), by=advisor) for _n in range(2))
    tech = member(job.shop, Role.TECHNICIAN)
    person = make_technician(job.shop, tech, mine)
    signed_in(client, tech)

    def ids(**query: str) -> list[str]:
        with time_machine.travel(AT, tick=False):
            return [entry["visit"]["id"] for entry in client.get(api("my_day", job.shop, **query)).json()["entries"]]

    assert ids() == ids(technician=person.public_id) == [mine.public_id]
    assert sorted(ids(technician="all")) == sorted([mine.public_id, other.public_id])
    assert ids(date="2026-11-24") == []


def test_api_tells_what_waits_for_parts(staff: Client, job: Wanted, waiting: Line) -> None:
    with time_machine.travel(AT, tick=False):
        [one] = staff.get(api("parts", job.shop)).json()
    assert (one["line"], one["expected_on"], one["late_days"], one["breaks_promise"]) == (
        waiting.public_id,
        "2026-11-24",
        0,
        True,
    )
    assert one["parts"] == [{"name": "刹车片 前", "code": "5QD 698 151", "quantity": "1"}]


@pytest.mark.parametrize("name", LISTS)
def test_api_of_the_lists_is_for_members(client: Client, job: Wanted, name: str) -> None:
    assert client.get(api(name, job.shop)).status_code == 401
    assert signed_in(client, stranger()).get(api(name, job.shop)).status_code == 404
    assert client.post(api(name, job.shop)).status_code in (403, 405)


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("my_day", {"date": "soon"}),
        ("my_day", {"technician": "nobody"}),
        ("my_day", {"technician": "x" * 1_000}),
        ("pipeline", {"person": "nobody"}),
    ],
)
def test_api_refuses_what_is_no_day_or_person(staff: Client, job: Wanted, name: str, query: dict[str, str]) -> None:
    assert staff.get(api(name, job.shop, **query)).status_code == 400


def test_schema_knows_the_lists() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")
