"""What staff do to a visit on the board, through HTTP: every step, by every role, twice, too late, with bad input."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from bookings.choices import EventKind, Status
from bookings.engine.jobs import Job
from bookings.models import Allocation, Booking, BookingEvent
from shops.choices import Role
from tests.bookings.test_availability import local
from tests.bookings.test_board import HTMX, address, signed_in
from tests.factories.accounts import UserFactory
from tests.factories.board import visit
from tests.factories.jobs import bookable_job
from tests.factories.shops import BayFactory
from tests.factories.vehicles import CarFactory

pytestmark = pytest.mark.django_db

START = local(13)
# Within the visit of 13:00 to 13:40, and late enough for a no-show.
NOW = local(13, 20)

TECHNICIAN, CASHIER = Role.TECHNICIAN, Role.CASHIER
COUNTER = {Role.OWNER, Role.MANAGER, Role.ADVISOR}

# Step, state it begins in, state it leads to, what is sent, and who may.
STEPS: list[tuple[str, Status, Status, dict[str, str], set[Role]]] = [
    (
        "check_in",
        Status.CONFIRMED,
        Status.CHECKED_IN,
        {"odometer_km": "58,263", "plate": "沪A·D8K21"},
        COUNTER | {TECHNICIAN},
    ),
    ("start", Status.CHECKED_IN, Status.IN_SERVICE, {}, COUNTER | {TECHNICIAN}),
    ("submit", Status.IN_SERVICE, Status.IN_SERVICE, {}, COUNTER | {TECHNICIAN}),
    ("reopen", Status.READY, Status.IN_SERVICE, {}, COUNTER | {TECHNICIAN}),
    ("hand_over", Status.READY, Status.COMPLETED, {}, COUNTER | {CASHIER}),
    ("no_show", Status.CONFIRMED, Status.NO_SHOW, {}, COUNTER),
    ("cancel", Status.CONFIRMED, Status.CANCELLED, {"reason": "The part did not come"}, COUNTER),
]
NAMES = [step[0] for step in STEPS]
EVERY = [(step, role) for step in STEPS for role in Role]


@pytest.fixture
def job() -> Job:
    return bookable_job(bays=2, technicians=2)


def post(client: Client, booking: Booking, name: str, data: dict[str, str] | None = None, **headers: str) -> object:
    with time_machine.travel(NOW, tick=False):
        return client.post(address(name, booking.shop, booking.public_id), data or {}, headers=headers)


# --- Every step, every role -------------------------------------------------------------------------


@pytest.mark.parametrize(("step", "role"), EVERY)
def test_step_is_taken_by_those_who_may(client: Client, job: Job, step: tuple, role: Role) -> None:
    name, begins, ends, data, allowed = step
    booking = visit(job, starts_at=START, status=begins)
    response = post(signed_in(client, job.shop, role), booking, name, data)
    booking.refresh_from_db()
    if role in allowed:
        assert response.status_code == 302
        assert response["Location"].startswith(reverse("board:day", args=[job.shop.slug]))
        assert booking.status == ends
    else:
        assert response.status_code == 403
        assert booking.status == begins


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_step_on_a_foreign_visit_looks_missing(client: Client, job: Job, step: tuple) -> None:
    name, begins, _ends, data, _allowed = step
    booking = visit(job, starts_at=START, status=begins)
    own_shop = bookable_job().shop
    stranger = signed_in(client, own_shop, Role.OWNER)
    assert post(stranger, booking, name, data).status_code == 404
    # Nor through the address of one's own shop.
    assert stranger.post(address(name, own_shop, booking.public_id), data).status_code == 404
    booking.refresh_from_db()
    assert booking.status == begins


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_step_asks_an_anonymous_visitor_to_sign_in(client: Client, job: Job, step: tuple) -> None:
    name, begins, _ends, data, _allowed = step
    booking = visit(job, starts_at=START, status=begins)
    assert post(client, booking, name, data)["Location"].startswith(reverse("account_login"))
    booking.refresh_from_db()
    assert booking.status == begins


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_tapping_twice_does_it_once(client: Client, job: Job, step: tuple) -> None:
    name, begins, ends, data, _allowed = step
    booking = visit(job, starts_at=START, status=begins)
    staff = signed_in(client, job.shop)
    assert post(staff, booking, name, data).status_code == 302
    events = BookingEvent.objects.filter(booking=booking).count()
    again = post(staff, booking, name, data, **HTMX)
    booking.refresh_from_db()
    assert (again.status_code, booking.status) == (200, ends)
    assert BookingEvent.objects.filter(booking=booking).count() == events


@pytest.mark.parametrize("step", STEPS, ids=NAMES)
def test_step_that_does_not_follow_is_a_409_with_the_visit_as_it_is(client: Client, job: Job, step: tuple) -> None:
    name, begins, ends, data, _allowed = step
    wrong = next(s for s in (Status.NO_SHOW, Status.COMPLETED) if s not in (begins, ends))
    booking = visit(job, starts_at=START, status=wrong)
    response = post(signed_in(client, job.shop), booking, name, data, **HTMX)
    page = response.content.decode()
    assert response.status_code == 409
    assert response["HX-Retarget"] == "#visit-panel"
    assert "The visit has moved on in the meantime" in page
    assert booking.number in page
    booking.refresh_from_db()
    assert booking.status == wrong


def test_stale_start_button_does_not_reopen_a_finished_visit(client: Client, job: Job) -> None:
    booking = visit(job, starts_at=START, status=Status.READY)
    assert post(signed_in(client, job.shop), booking, "start").status_code == 409
    booking.refresh_from_db()
    assert booking.status == Status.READY


@pytest.mark.parametrize("name", ["accept", "start", "submit", "reopen", "hand_over"])
def test_step_by_get_is_not_allowed(client: Client, job: Job, name: str) -> None:
    booking = visit(job, starts_at=START)
    assert signed_in(client, job.shop).get(address(name, job.shop, booking.public_id)).status_code == 405


def test_step_without_csrf_token_is_refused(job: Job) -> None:
    client = signed_in(Client(enforce_csrf_checks=True), job.shop)
    booking = visit(job, starts_at=START, status=Status.CHECKED_IN)
    assert post(client, booking, "start").status_code == 403
    booking.refresh_from_db()
    assert booking.status == Status.CHECKED_IN


def test_htmx_step_answers_the_fresh_panel_and_refreshes_the_board(client: Client, job: Job) -> None:
    booking = visit(job, starts_at=START, status=Status.CHECKED_IN)
    response = post(signed_in(client, job.shop), booking, "start", **HTMX)
    assert response.status_code == 200
    assert "board:changed" in response["HX-Trigger"]
    assert "Work started." in response["HX-Trigger"]
    assert "Work done" in response.content.decode()


def test_one_tap_in_the_agenda_opens_no_panel(client: Client, job: Job) -> None:
    booking = visit(job, starts_at=START, status=Status.CHECKED_IN)
    response = post(signed_in(client, job.shop), booking, "start", {"from": "list"}, **HTMX)
    assert (response.status_code, response.content) == (204, b"")
    assert "board:changed" in response["HX-Trigger"]


def test_no_show_before_a_quarter_of_an_hour_is_refused(client: Client, job: Job) -> None:
    booking = visit(job, starts_at=NOW - timedelta(minutes=10))
    response = post(signed_in(client, job.shop), booking, "no_show", **HTMX)
    assert response.status_code == 400
    assert "Wait 15 minutes" in response.content.decode()
    booking.refresh_from_db()
    assert booking.status == Status.CONFIRMED


def test_no_show_and_cancel_free_the_bay_and_keep_the_reason(client: Client, job: Job) -> None:
    staff = signed_in(client, job.shop)
    first, second = visit(job, starts_at=START), visit(job, starts_at=START)
    post(staff, first, "no_show")
    post(staff, second, "cancel", {"reason": "The part did not come"})
    assert not Allocation.objects.filter(booking__in=[first, second]).exists()
    assert second.events.get(kind=EventKind.CANCELLED).reason == "The part did not come"


# --- The panel --------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_panel_offers_only_what_the_role_may(client: Client, job: Job, role: Role) -> None:
    booking = visit(job, starts_at=START)
    with time_machine.travel(NOW, tick=False):
        url = address("visit", job.shop, booking.public_id)
        page = signed_in(client, job.shop, role).get(url, headers=HTMX).content.decode()
    links = {
        name: address(name, job.shop, booking.public_id) in page for name in ("check_in", "move", "cancel", "no_show")
    }
    counter = role in COUNTER
    assert links == {"check_in": counter or role == TECHNICIAN, "move": counter, "cancel": counter, "no_show": counter}


def test_panel_is_a_whole_page_without_htmx(client: Client, job: Job) -> None:
    booking = visit(job, starts_at=START)
    page = signed_in(client, job.shop).get(address("visit", job.shop, booking.public_id)).content.decode()
    assert "<html" in page
    assert booking.number in page


def test_panel_tells_the_history_with_who_and_when(client: Client, job: Job) -> None:
    booking = visit(job, starts_at=START, status=Status.COMPLETED, by=UserFactory(name="Master Chen"))
    page = signed_in(client, job.shop).get(address("visit", job.shop, booking.public_id)).content.decode()
    for text in ("Booked", "Car checked in 58,263 km", "Work started", "Handed over", "Master Chen", "13:05"):
        assert text in page


# --- Check-in ---------------------------------------------------------------------------------------


@pytest.fixture
def known_car(job: Job) -> Booking:
    """A visit of a car that showed 58,000 km a month ago."""
    owner = UserFactory()
    car = CarFactory(
        owner=owner, variant=job.variant, plate="沪AD8K21", odometer_km=58_000, odometer_at=START - timedelta(days=30)
    )
    booking = visit(job, starts_at=START)
    Booking.objects.filter(pk=booking.pk).update(owner=owner, car=car)
    booking.refresh_from_db()
    return booking


@pytest.mark.parametrize(
    "text", ["", "-1", "1000000", "1e9", "1000000000", "many", "58.5", "9" * 100_000, "5\x008", "٣٤" * 4]
)
def test_odometer_that_cannot_be_is_refused_and_kept(client: Client, job: Job, text: str) -> None:
    booking = visit(job, starts_at=START)
    data = {"odometer_km": text, "plate": "沪A·D8K21"}
    response = post(signed_in(client, job.shop), booking, "check_in", data, **HTMX)
    page = response.content.decode()
    assert response.status_code == 400
    said = {"1000000": "at most 999,999 km", "1000000000": "at most 999,999 km", "58.5": "Enter whole kilometres"}
    assert said.get(text, "between 0 and 999,999 km") in page
    assert "沪A·D8K21" in page
    booking.refresh_from_db()
    assert (booking.status, booking.odometer_km) == (Status.CONFIRMED, None)


@pytest.mark.parametrize(("km", "words"), [("57999", "last reading was 58,000"), ("400000", "km more than")])
def test_unlikely_reading_asks_for_a_reason_beside_the_field(
    client: Client, known_car: Booking, km: str, words: str
) -> None:
    staff = signed_in(client, known_car.shop)
    response = post(staff, known_car, "check_in", {"odometer_km": km}, **HTMX)
    page = response.content.decode()
    assert response.status_code in (400, 409)
    assert words in page
    assert 'name="odometer_note"' in page
    known_car.refresh_from_db()
    assert known_car.status == Status.CONFIRMED
    told = {"odometer_km": km, "odometer_note": "New instrument cluster"}
    assert post(staff, known_car, "check_in", told, **HTMX).status_code == 200
    known_car.refresh_from_db()
    assert (known_car.status, known_car.odometer_km) == (Status.CHECKED_IN, int(km))
    assert known_car.events.get(kind=EventKind.CHECKED_IN).reason == "New instrument cluster"
    # It waits for somebody else's eyes (test_check_in.py) before it joins the car's record.
    assert known_car.car.odometer_km == 58_000
    assert known_car.check_in.is_odometer_questioned


def test_plausible_reading_joins_the_cars_record(client: Client, known_car: Booking) -> None:
    post(signed_in(client, known_car.shop), known_car, "check_in", {"odometer_km": "58 263"})
    known_car.car.refresh_from_db()
    assert (known_car.car.odometer_km, known_car.car.readings.get().km) == (58_263, 58_263)


@pytest.mark.parametrize("plate", ["沪", "ABC", "沪A\x00D8K2", "沪" * 100_000, "沪AD8KI1"])
def test_plate_that_cannot_be_is_refused(client: Client, job: Job, plate: str) -> None:
    booking = visit(job, starts_at=START)
    response = post(signed_in(client, job.shop), booking, "check_in", {"odometer_km": "58263", "plate": plate}, **HTMX)
    assert response.status_code == 400
    assert 'id="id_plate_error"' in response.content.decode()
    booking.refresh_from_db()
    assert booking.status == Status.CONFIRMED


def test_plate_seen_at_the_car_is_kept(client: Client, job: Job) -> None:
    booking = visit(job, starts_at=START)
    post(signed_in(client, job.shop), booking, "check_in", {"odometer_km": "58263", "plate": "沪b·55q07"})
    booking.refresh_from_db()
    assert booking.plate == "沪B55Q07"


def test_check_in_page_works_without_htmx(client: Client, job: Job) -> None:
    booking = visit(job, starts_at=START)
    page = signed_in(client, job.shop).get(address("check_in", job.shop, booking.public_id)).content.decode()
    assert 'inputmode="numeric"' in page
    assert "hx-post" not in page.split("<main")[1].split("</main>")[0]


# --- Correcting the reading -------------------------------------------------------------------------


def test_reading_is_corrected_with_a_reason(client: Client, job: Job) -> None:
    booking = visit(job, starts_at=START, status=Status.CHECKED_IN)
    data = {"odometer_km": "58236", "odometer_note": "Two digits swapped"}
    assert post(signed_in(client, job.shop), booking, "odometer", data).status_code == 302
    booking.refresh_from_db()
    event = booking.events.get(kind=EventKind.ODOMETER)
    assert (booking.odometer_km, event.reason) == (58_236, "Two digits swapped")
    assert event.data == {"before_km": 58_263, "odometer_km": 58_236}


@pytest.mark.parametrize("data", [{"odometer_km": "58236"}, {"odometer_km": "-5", "odometer_note": "x"}, {}])
def test_correction_needs_a_reading_and_a_reason(client: Client, job: Job, data: dict[str, str]) -> None:
    booking = visit(job, starts_at=START, status=Status.CHECKED_IN)
    assert post(signed_in(client, job.shop), booking, "odometer", data).status_code == 400
    booking.refresh_from_db()
    assert booking.odometer_km == 58_263


def test_reading_of_a_visit_that_was_handed_over_stays(client: Client, job: Job) -> None:
    booking = visit(job, starts_at=START, status=Status.COMPLETED)
    data = {"odometer_km": "58236", "odometer_note": "Two digits swapped"}
    assert post(signed_in(client, job.shop), booking, "odometer", data).status_code == 409


# --- Moving -----------------------------------------------------------------------------------------


def state_of(booking: Booking) -> tuple[object, ...]:
    booking.refresh_from_db()
    claims = booking.allocations.order_by("resource_id").values_list("resource_id", "during")
    return booking.status, booking.starts_at, booking.ends_at, booking.revision, list(claims)


@pytest.fixture
def moved(client: Client, job: Job) -> Callable[..., object]:
    """Send the move form of a visit as the shop's advisor."""
    staff = signed_in(client, job.shop)

    def send(booking: Booking, **data: str) -> object:
        return post(staff, booking, "move", {"date": "2026-11-23", "time": "15:00"} | data, **HTMX)

    return send


def test_visit_moves_to_another_time_and_bay(job: Job, moved: Callable[..., object]) -> None:
    booking = visit(job, starts_at=local(14))
    free = job.shop.resources.filter(kind="bay").exclude(allocations__booking=booking).get()
    assert moved(booking, bay=free.public_id).status_code == 200
    booking.refresh_from_db()
    assert booking.starts_at == local(15)
    assert booking.allocations.filter(resource=free).exists()


def test_visit_does_not_move_onto_a_taken_bay(job: Job, moved: Callable[..., object]) -> None:
    other = visit(job, starts_at=local(15))
    booking = visit(job, starts_at=local(14))
    before = state_of(booking)
    taken = other.allocations.get(resource__kind="bay").resource
    response = moved(booking, bay=taken.public_id)
    assert response.status_code == 409
    page = response.content.decode()
    assert "That bay is taken then" in page
    assert "Nearest free times" in page
    assert 'value="15:00"' in page
    assert state_of(booking) == before


def test_nearest_time_that_is_tapped_is_taken(job: Job, moved: Callable[..., object]) -> None:
    booking = visit(job, starts_at=local(14))
    bay = visit(job, starts_at=local(16)).allocations.get(resource__kind="bay").resource
    assert moved(booking, time="07:00", bay=bay.public_id, pick=local(16).isoformat()).status_code == 200
    booking.refresh_from_db()
    assert booking.starts_at == local(16)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"time": "07:00"}, 400),
        ({"time": "19:50"}, 400),
        ({"time": "10:00"}, 400),
        ({"time": "15:03"}, 400),
        ({"time": "25:00"}, 400),
        ({"date": "garbage"}, 400),
        ({"date": "9999-12-31"}, 400),
        ({"date": "0001-01-01"}, 400),
        ({"bay": "nonsense"}, 400),
        ({"technician": "\x00"}, 400),
        ({"bay": "x" * 100_000}, 400),
        ({"pick": "x" * 100_000, "time": ""}, 400),
    ],
)
def test_move_that_cannot_be_changes_nothing(
    job: Job, moved: Callable[..., object], data: dict[str, str], status: int
) -> None:
    booking = visit(job, starts_at=local(14))
    before = state_of(booking)
    assert moved(booking, **data).status_code == status
    assert state_of(booking) == before


def test_move_to_a_foreign_shops_bay_is_refused(job: Job, moved: Callable[..., object]) -> None:
    foreign = BayFactory()
    booking = visit(job, starts_at=local(14))
    before = state_of(booking)
    assert moved(booking, bay=foreign.public_id).status_code == 400
    assert state_of(booking) == before


def test_dragging_along_a_bay_lets_the_technician_change(job: Job, moved: Callable[..., object]) -> None:
    other = visit(job, starts_at=local(15))
    booking = visit(job, starts_at=local(14))
    person = other.allocations.get(resource__kind="technician").resource
    bay = job.shop.resources.filter(kind="bay").exclude(allocations__booking=other).get()
    data = {"bay": bay.public_id, "technician": person.public_id}
    assert moved(booking, **data).status_code == 409
    assert moved(booking, **data, flexible="technician").status_code == 200
    booking.refresh_from_db()
    assert booking.starts_at == local(15)


def test_car_in_the_shop_gets_another_technician_and_keeps_its_time(job: Job, moved: Callable[..., object]) -> None:
    booking = visit(job, starts_at=START, status=Status.IN_SERVICE)
    now = booking.allocations.get(resource__kind="technician").resource
    other = job.shop.resources.filter(kind="technician").exclude(pk=now.pk).get()
    assert moved(booking, technician=other.public_id).status_code == 200
    booking.refresh_from_db()
    assert booking.allocations.get(resource__kind="technician").resource == other
    assert booking.starts_at == START


def test_car_in_the_shop_does_not_get_a_busy_technician(job: Job, moved: Callable[..., object]) -> None:
    booking = visit(job, starts_at=START, status=Status.IN_SERVICE)
    other = visit(job, starts_at=START, status=Status.IN_SERVICE)
    before = state_of(booking)
    busy = other.allocations.get(resource__kind="technician").resource
    assert moved(booking, technician=busy.public_id).status_code == 409
    assert state_of(booking) == before


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.CASHIER])
def test_move_is_forbidden_to_roles_that_only_look(client: Client, job: Job, role: Role) -> None:
    booking = visit(job, starts_at=local(14))
    staff = signed_in(client, job.shop, role)
    assert post(staff, booking, "move", {"date": "2026-11-23", "time": "15:00"}).status_code == 403


def test_finished_visit_does_not_move(job: Job, moved: Callable[..., object]) -> None:
    booking = visit(job, starts_at=START, status=Status.COMPLETED)
    assert moved(booking).status_code == 409
