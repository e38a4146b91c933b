"""A visit in several parts on the board: where each stands, how it is labelled, and how it moves."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import translation
from psycopg2.extras import DateTimeTZRange
from pytest_django import DjangoAssertNumQueries

from bookings.board import reading as board
from bookings.choices import AllocationKind, Status
from bookings.engine.jobs import Job
from bookings.models import Allocation, Booking
from bookings.visit_parts import parts_of
from catalog.models import Offer
from shops.models import Resource
from tests.bookings.test_availability import local
from tests.bookings.test_board import HTMX, address, signed_in
from tests.factories.board import visit
from tests.factories.jobs import NOW, bookable_job, minor_service
from tests.factories.phased import phased_job
from vehicles.actions import refresh_search_text

pytestmark = pytest.mark.django_db

START = local(13)


@pytest.fixture
def job() -> Job:
    job = phased_job(with_loaner=True)
    refresh_search_text()
    return job


def fresh(booking: Booking) -> Booking:
    return Booking.objects.for_card().get(pk=booking.pk)


def told(booking: Booking) -> list[tuple[str, str, str, str]]:
    """Time, label, position and resource of each part."""
    zone = booking.zone
    with translation.override("en"):
        return [
            (f"{part.starts_at.astimezone(zone):%H:%M}", part.label, part.position, part.resource.name)
            for part in parts_of(fresh(booking))
        ]


def piece(page: str, booking: Booking, lane: Resource) -> str:
    """The link of a visit on a lane."""
    start = page.index(f'id="b-{lane.public_id}-{booking.public_id}')
    return page[start : page.index("</a>", start)]


# --- What the parts are -----------------------------------------------------------------------------


def test_every_claim_is_told_by_its_phase_and_its_place_in_the_visit(client: Client, job: Job) -> None:
    client.cookies["django_language"] = "en"
    booking = visit(job, starts_at=START)
    with time_machine.travel(NOW, tick=False):
        page = signed_in(client, job.shop).get(address("visit", job.shop, booking.public_id)).content.decode()
    assert [row[0] for row in told(booking)] == ["13:00", "13:00", "13:15", "13:15", "13:55", "13:55"]
    for text in (
        "Write-up",
        "step 1 of 3",
        "Wheel alignment",
        "step 3 of 3",
        "Rig 1",
        "Loaner 1",
        "Parts of the visit",
    ):
        assert text in page


def test_part_that_had_to_wait_is_still_the_third(job: Job) -> None:
    booking = visit(job, starts_at=START)
    rig = booking.allocations.get(resource__capabilities=["alignment"], resource__kind="bay")
    rig.during = DateTimeTZRange(local(14, 25), local(14, 55))
    rig.save()
    mine = next(part for part in parts_of(fresh(booking)) if part.resource == rig.resource)
    assert (mine.number, mine.kind, mine.count) == (3, "alignment", 3)


def test_parts_that_one_person_does_in_one_go_are_one_claim_of_two_parts(job: Job) -> None:
    for person in job.shop.resources.filter(kind="technician"):
        person.capabilities = ["maintenance", "alignment"]
        person.save()
    booking = visit(job, starts_at=START)
    person = next(part for part in parts_of(fresh(booking)) if part.resource.kind == "technician")
    assert [number for number, _kind in person.phases] == [2, 3]
    assert person.ends_at - person.starts_at == timedelta(minutes=70)


def test_visit_from_before_plans_were_kept_has_claims_without_phases(job: Job) -> None:
    booking = visit(job, starts_at=START)
    Booking.objects.update(plan={})
    assert {part.number for part in parts_of(fresh(booking))} == {None}
    assert not board.load(shop=job.shop, day=NOW.date(), at=NOW).cards[0].has_parts


def test_visit_of_one_phase_has_no_position() -> None:
    booking = visit(bookable_job(), starts_at=START)
    assert {part.position for part in parts_of(fresh(booking))} == {""}


# --- Where they stand -------------------------------------------------------------------------------


def test_each_part_lies_on_its_lane_at_its_own_time(job: Job) -> None:
    booking = visit(job, starts_at=START)
    day = board.load(shop=job.shop, day=NOW.date(), at=NOW)
    placed = {
        lane.resource.name: [(b.start, b.end, b.offset) for b in lane.blocks if b.card]
        for lane in (*day.bays, *day.technicians)
        if lane.resource and any(b.card for b in lane.blocks)
    }
    # The window opens at 8:00: 13:00 is column 61. The loaner car is out until it is sure to be back.
    assert placed["Advisor Ma"] == [(61, 64, 0)]
    assert placed["Lift 1"] == placed["Wang Lei"] == [(64, 72, 3)]
    assert placed["Rig 1"] == placed["Zhou Hai"] == [(72, 78, 11)]
    assert placed["Loaner 1"][0][0] == 61
    assert [card.booking for card in day.cards] == [booking]


def test_lanes_of_other_kinds_follow_in_groups(job: Job) -> None:
    day = board.load(shop=job.shop, day=NOW.date(), at=NOW)
    assert [lane.kind for lane in day.bays] == ["bay"] * 4 + ["loaner"]
    assert [lane.kind for lane in day.technicians] == ["technician"] * 4 + ["advisor"] * 2
    assert [lane.begins_group for lane in day.technicians] == [False] * 4 + [True, False]


@pytest.mark.parametrize("view", ["bays", "technicians", "list"])
def test_every_view_shows_the_parts(client: Client, job: Job, view: str) -> None:
    booking = visit(job, starts_at=START)
    with time_machine.travel(NOW, tick=False):
        page = signed_in(client, job.shop).get(address("day", job.shop, view=view)).content.decode()
    if view == "list":
        assert "Rig 1" in page
        assert "Wheel alignment" in page
        return
    last = job.shop.resources.get(name_en="Rig 1" if view == "bays" else "Zhou Hai")
    shown = piece(page, booking, last)
    for text in ("3/3", "Wheel alignment", "step 3 of 3"):
        assert text in shown
    assert 'href="' in shown
    assert "13:55–14:25" in shown


@pytest.mark.parametrize("visits", [1, 3])
def test_parts_cost_no_query_more(
    client: Client, visits: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    job = phased_job(lifts=3)
    for n in range(visits):
        visit(job, starts_at=START + n * timedelta(hours=1))
    staff = signed_in(client, job.shop)
    with time_machine.travel(NOW, tick=False), django_assert_num_queries(12):
        assert staff.get(address("day", job.shop)).status_code == 200


def test_loaner_car_neither_widens_the_board_nor_counts_as_bay_in_use(job: Job) -> None:
    booking = visit(job, starts_at=local(18))
    Allocation.objects.filter(booking=booking, resource__kind="loaner").update(
        during=DateTimeTZRange(local(18), local(18) + timedelta(hours=20))
    )
    day = board.load(shop=job.shop, day=NOW.date(), at=NOW)
    assert day.window.hours[-1][1] == "19:00"
    assert day.use.percent == round(100 * 70 / (12 * 60 * 4))


def test_person_is_busy_only_with_the_part_that_runs(job: Job) -> None:
    visit(job, starts_at=START, status=Status.IN_SERVICE)
    for at, busy in ((local(13, 30), "Wang Lei"), (local(14, 10), "Zhou Hai")):
        people = board.load(shop=job.shop, day=NOW.date(), at=at).people
        assert [person.resource.name for person in people if person.card] == [busy]


def test_next_visit_on_a_lift_that_was_left_in_time_waits_for_nobody(job: Job) -> None:
    working = visit(job, starts_at=START, status=Status.IN_SERVICE)
    lift = working.allocations.get(resource__capabilities=["lift"]).resource
    following = visit(phased_again(job), starts_at=local(14, 15))
    following.allocations.filter(resource__capabilities=["lift"]).update(resource=lift)
    at = local(14, 35)
    cards = {card.booking: card for card in board.load(shop=job.shop, day=NOW.date(), at=at).cards}
    assert cards[working].is_late
    assert not cards[working].next_waits
    assert not board.card(booking=fresh(working), at=at).next_waits


def test_way_of_a_team_looks_like_a_way_and_is_no_break(client: Client, job: Job) -> None:
    booking = visit(job, starts_at=START)
    lift = job.shop.resources.get(name_en="Lift 2")
    way = Allocation.objects.create(
        resource=lift, booking=booking, kind=AllocationKind.TRAVEL, during=DateTimeTZRange(local(12, 30), local(13))
    )
    staff = signed_in(client, job.shop)
    with time_machine.travel(NOW, tick=False):
        shown = piece(staff.get(address("day", job.shop, view="bays")).content.decode(), booking, lift)
    assert "claim-way" in shown
    assert "On the way" in shown
    assert staff.get(address("pause", job.shop, way.pk)).status_code == 404
    assert staff.post(address("unblock", job.shop, way.pk)).status_code == 404


# --- Moving -----------------------------------------------------------------------------------------


def move(client: Client, booking: Booking, **data: str) -> object:
    typed = {"date": "2026-11-23", "time": "15:00"} | data
    with time_machine.travel(NOW, tick=False):
        return client.post(address("move", booking.shop, booking.public_id), typed, headers=HTMX)


def test_whole_visit_moves_with_all_of_its_parts(client: Client, job: Job) -> None:
    booking = visit(job, starts_at=START)
    assert move(signed_in(client, job.shop), booking).status_code == 200
    assert [row[0] for row in told(booking)] == ["15:00", "15:00", "15:15", "15:15", "15:55", "15:55"]


def test_part_that_is_dropped_on_another_lane_goes_there_at_the_same_time(client: Client, job: Job) -> None:
    booking = visit(job, starts_at=START)
    staff = signed_in(client, job.shop)
    rig, advisor = (job.shop.resources.get(name_en=name) for name in ("Rig 2", "Advisor Xu"))
    assert move(staff, booking, time="13:00", bay=rig.public_id).status_code == 200
    assert move(staff, booking, time="13:00", bay=rig.public_id, advisor=advisor.public_id).status_code == 200
    assert booking.allocations.get(resource=rig).during.lower == local(13, 55)
    assert booking.allocations.filter(resource=advisor).exists()
    booking.refresh_from_db()
    assert booking.starts_at == START


def test_part_does_not_go_where_it_is_taken_and_says_so(client: Client, job: Job) -> None:
    one, two = job.shop.resources.filter(kind="advisor").order_by("pk")
    booking, other = visit(job, starts_at=START), visit(phased_again(job), starts_at=START)
    taken = other.allocations.get(resource__kind="advisor").resource
    assert taken in (one, two)
    before = told(booking)
    response = move(signed_in(client, job.shop), booking, time="13:00", advisor=taken.public_id)
    assert response.status_code == 409
    assert "That service advisor is busy then." in response.content.decode()
    assert told(booking) == before


def phased_again(job: Job) -> Job:
    """The same job without a loaner car, of which there is only one."""
    return Job(job.shop, job.service, job.variant)


def test_car_in_the_shop_gets_another_rig_and_keeps_everything_else(client: Client, job: Job) -> None:
    booking = visit(job, starts_at=START, status=Status.IN_SERVICE)
    before = told(booking)
    rig = job.shop.resources.get(name_en="Rig 2")
    assert move(signed_in(client, job.shop), booking, bay=rig.public_id).status_code == 200
    assert told(booking) == [(*row[:3], "Rig 2" if row[3] == "Rig 1" else row[3]) for row in before]


def test_move_form_asks_for_an_advisor_only_where_the_visit_has_one(client: Client, job: Job) -> None:
    plain = bookable_job()
    for one, is_there in ((job, True), (plain, False)):
        booking = visit(one, starts_at=START)
        page = signed_in(client, one.shop).get(address("move", one.shop, booking.public_id)).content.decode()
        assert ('name="advisor"' in page) is is_there
        assert ("The whole visit moves" in page) is is_there


# --- Walk-in with several services ------------------------------------------------------------------


def test_walk_in_takes_several_services_a_loaner_car_and_a_chosen_bay(client: Client, job: Job) -> None:
    wash = minor_service(key="car_wash", name_en="Wash", bay="any", skill="")
    Offer.objects.create(shop=job.shop, service=wash, scope="all", labour_fen=3000, parts_fen=0, minutes=20)
    rig = job.shop.resources.get(name_en="Rig 2")
    typed = {
        "service": "chassis_check",
        "also": ["car_wash", "chassis_check"],
        "car": "朗逸 1.4T",
        "variant": job.variant.slug,
        "with_loaner": "on",
        "bay": rig.public_id,
    }
    staff = signed_in(client, job.shop)
    with time_machine.travel(NOW, tick=False):
        shown = staff.get(address("walk_in", job.shop), typed, headers=HTMX).content.decode()
        response = staff.post(address("walk_in", job.shop), typed, headers=HTMX)
    assert "¥230" in shown
    booking = Booking.objects.get()
    assert response.status_code == 200
    assert [line.service.key for line in booking.booked_services.all()] == ["chassis_check", "car_wash"]
    assert (booking.with_loaner, booking.total_fen) == (True, 23_000)
    assert booking.allocations.get(resource=rig).is_pinned
    assert booking.allocations.filter(resource__kind="loaner").exists()


@pytest.mark.parametrize("also", [["nonsense"], ["x" * 100_000], ["a\x00b"]])
def test_walk_in_with_an_unknown_service_opens_nothing(client: Client, job: Job, also: list[str]) -> None:
    typed = {"service": "chassis_check", "also": also, "car": "朗逸 1.4T", "variant": job.variant.slug}
    with time_machine.travel(NOW, tick=False):
        response = signed_in(client, job.shop).post(address("walk_in", job.shop), typed, headers=HTMX)
    assert response.status_code == 400
    assert "field-error" in response.content.decode()
    assert not Booking.objects.exists()
