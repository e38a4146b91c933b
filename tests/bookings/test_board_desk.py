"""At the counter: walk-ins, and bays or people taken out of use."""

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from bookings.choices import AllocationKind, Source, Status
from bookings.engine.jobs import Job
from bookings.models import Allocation, Booking
from catalog.models import Offer
from shops.choices import Role
from tests.bookings.test_availability import local
from tests.bookings.test_board import HTMX, address, signed_in
from tests.factories.board import visit
from tests.factories.jobs import NOW, bookable_job, minor_service
from tests.factories.shops import BayFactory
from vehicles.actions import refresh_search_text

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    job = bookable_job()
    refresh_search_text()
    return job


@pytest.fixture
def staff(client: Client, job: Job) -> Client:
    return signed_in(client, job.shop)


def walk_in(staff: Client, job: Job, **data: str) -> object:
    typed = {"service": "minor_service", "car": "朗逸 1.4T", "variant": job.variant.slug} | data
    with time_machine.travel(NOW.replace(minute=2), tick=False):
        return staff.post(address("walk_in", job.shop), typed, headers=HTMX)


# --- Walk-in ----------------------------------------------------------------------------------------


def test_walk_in_now_opens_a_visit_with_the_shops_price(staff: Client, job: Job) -> None:
    response = walk_in(staff, job, plate="沪A·D8K21", name="林女士", phone="138 1642 0957")
    booking = Booking.objects.get()
    assert response.status_code == 200
    assert "board:changed" in response["HX-Trigger"]
    assert (booking.status, booking.source, booking.total_fen) == (Status.CONFIRMED, Source.WALK_IN, 26_800)
    # Two minutes past ten is the tick that began at ten.
    assert booking.starts_at == NOW
    assert (booking.plate, booking.contact_name, booking.contact_phone) == ("沪AD8K21", "林女士", "+8613816420957")


def test_walk_in_needs_no_name_plate_or_telephone(staff: Client, job: Job) -> None:
    assert walk_in(staff, job).status_code == 200
    assert Booking.objects.get().contact_name == ""


def test_walk_in_at_a_chosen_time_on_a_chosen_bay(staff: Client, job: Job) -> None:
    bay = BayFactory(shop=job.shop)
    walk_in(staff, job, when="later", date="2026-11-23", time="15:05", bay=bay.public_id)
    booking = Booking.objects.get()
    assert booking.starts_at == local(15, 5)
    assert booking.allocations.filter(resource=bay).exists()


def test_typing_finds_the_car_and_shows_price_and_end(staff: Client, job: Job) -> None:
    with time_machine.travel(NOW, tick=False):
        page = staff.get(address("walk_in", job.shop, car="朗逸"), headers=HTMX).content.decode()
    assert "Volkswagen Lavida 1.4T" in page
    assert "¥268" in page
    assert "10:40" in page


def test_plate_of_a_car_that_was_here_is_enough(staff: Client, job: Job) -> None:
    visit(job, starts_at=local(9))
    response = walk_in(staff, job, car="沪A·D8K21", variant="")
    booking = Booking.objects.order_by("-pk")[0]
    assert response.status_code == 200
    assert (booking.plate, booking.contact_name, booking.variant) == ("沪AD8K21", "林女士", job.variant)


def test_plate_of_a_foreign_shops_visit_is_not_known(staff: Client, job: Job) -> None:
    visit(bookable_job(), starts_at=local(9))
    page = staff.get(address("walk_in", job.shop, car="沪A·D8K21"), headers=HTMX).content.decode()
    assert "林女士" not in page


def test_refused_start_says_why_offers_the_nearest_and_keeps_the_input(staff: Client, job: Job) -> None:
    visit(job, starts_at=NOW)
    response = walk_in(staff, job, plate="沪A·D8K21", name="林女士", phone="138 1642 0957")
    page = response.content.decode()
    assert response.status_code == 409
    assert "Every bay for this is taken" in page
    assert "Nearest free times" in page
    for kept in ("沪A·D8K21", "林女士", "138 1642 0957", "朗逸 1.4T"):
        assert kept in page
    assert Booking.objects.count() == 1


@pytest.mark.parametrize(
    "data",
    [
        {"service": "nonsense"},
        {"car": "", "variant": ""},
        {"car": "Nonsense 9000", "variant": ""},
        {"variant": "no-such-car", "car": ""},
        {"variant": "x" * 100_000, "car": ""},
        {"car": "x" * 100_000, "variant": ""},
        {"name": "x" * 100_000},
        {"name": "a\x00b"},
        {"car": "a\x00b", "variant": ""},
        {"plate": "nonsense"},
        {"phone": "12"},
        {"when": "later"},
        {"when": "later", "date": "garbage", "time": "garbage"},
        {"when": "later", "date": "2026-11-23", "time": "06:00"},
        {"when": "later", "date": "2026-11-22", "time": "15:00"},
        {"when": "later", "date": "9999-12-31", "time": "15:00"},
        {"when": "nonsense"},
        {"bay": "nonsense"},
        {"technician": "x" * 100_000},
    ],
)
def test_walk_in_that_cannot_be_opens_nothing(staff: Client, job: Job, data: dict[str, str]) -> None:
    response = walk_in(staff, job, **data)
    assert response.status_code == 400
    assert 'role="alert"' in response.content.decode() or "field-error" in response.content.decode()
    assert not Booking.objects.exists()


def test_walk_in_on_a_foreign_shops_bay_is_refused(staff: Client, job: Job) -> None:
    assert walk_in(staff, job, bay=BayFactory().public_id).status_code == 400
    assert not Booking.objects.exists()


def test_walk_in_for_what_the_shop_does_not_offer_is_refused(staff: Client, job: Job) -> None:
    minor_service(key="tyres")
    assert walk_in(staff, job, service="tyres").status_code == 400
    Offer.objects.update(scope="price_class", price_class="luxury")
    page = walk_in(staff, job)
    assert page.status_code == 400
    assert "does not offer this service for this car" in page.content.decode()


@pytest.mark.parametrize(
    "query", ["date=garbage&time=99:99&when=later", "bay=nonsense", "service=x&variant=y", "car=" + "x" * 5000]
)
def test_half_typed_walk_in_is_shown_without_fault(staff: Client, job: Job, query: str) -> None:
    assert staff.get(address("walk_in", job.shop) + "?" + query).status_code == 200


@pytest.mark.parametrize(
    ("role", "status"), [(Role.OWNER, 200), (Role.ADVISOR, 200), (Role.TECHNICIAN, 403), (Role.CASHIER, 403)]
)
@pytest.mark.parametrize("name", ["walk_in", "block"])
def test_counter_is_for_counter_roles(client: Client, job: Job, name: str, role: Role, status: int) -> None:
    assert signed_in(client, job.shop, role).get(address(name, job.shop)).status_code == status


@pytest.mark.parametrize("name", ["walk_in", "block"])
def test_counter_of_a_foreign_shop_looks_missing(client: Client, job: Job, name: str) -> None:
    assert signed_in(client, bookable_job().shop).post(address(name, job.shop)).status_code == 404


# --- Out of use -------------------------------------------------------------------------------------


def take_out(staff: Client, job: Job, **data: str) -> object:
    bay = job.shop.resources.get(kind="bay")
    typed = {"resource": bay.public_id, "kind": "block", "date": "2026-11-23", "time": "15:00", "until": "16:30"}
    with time_machine.travel(NOW, tick=False):
        return staff.post(address("block", job.shop), typed | {"reason": "Yearly check"} | data, headers=HTMX)


def test_bay_is_taken_out_of_use_and_put_back(staff: Client, job: Job) -> None:
    assert take_out(staff, job).status_code == 204
    pause = Allocation.objects.get()
    assert (pause.kind, pause.reason) == (AllocationKind.BLOCK, "Yearly check")
    assert (pause.during.lower, pause.during.upper) == (local(15), local(16, 30))
    shown = staff.get(address("pause", job.shop, pause.pk), headers=HTMX).content.decode()
    assert "Yearly check" in shown
    assert staff.post(address("unblock", job.shop, pause.pk)).status_code == 302
    assert not Allocation.objects.exists()
    assert staff.post(address("unblock", job.shop, pause.pk)).status_code == 404


def test_block_over_visits_is_refused_and_names_them(staff: Client, job: Job) -> None:
    booking = visit(job, starts_at=local(16))
    response = take_out(staff, job)
    assert response.status_code == 409
    assert booking.public_id in response.content.decode()
    assert "沪A·D8K21" in response.content.decode()
    assert not Allocation.objects.exclude(kind=AllocationKind.WORK).exists()


@pytest.mark.parametrize(
    "data",
    [
        {"until": "15:00"},
        {"until": "14:00"},
        {"until": "garbage"},
        {"date": "garbage"},
        {"date": "9999-12-31"},
        {"until_date": "9999-12-31"},
        {"until_date": "2026-11-22"},
        {"kind": "work"},
        {"resource": "nonsense"},
        {"resource": ""},
        {"reason": "x" * 100_000},
        {"reason": "a\x00b"},
    ],
)
def test_block_that_cannot_be_changes_nothing(staff: Client, job: Job, data: dict[str, str]) -> None:
    assert take_out(staff, job, **data).status_code == 400
    assert not Allocation.objects.exists()


def test_block_of_a_foreign_shops_bay_is_refused(staff: Client, job: Job) -> None:
    assert take_out(staff, job, resource=BayFactory().public_id).status_code == 400
    assert not Allocation.objects.exists()


def test_foreign_and_visit_claims_cannot_be_put_back(staff: Client, job: Job) -> None:
    claim = visit(job, starts_at=local(16)).allocations.all()[0]
    other = bookable_job()
    foreign = Allocation.objects.create(
        resource=other.shop.resources.get(kind="bay"), kind=AllocationKind.BREAK, during=(local(15), local(16))
    )
    for row in (claim, foreign):
        assert staff.post(address("unblock", job.shop, row.pk)).status_code == 404
        assert staff.get(address("pause", job.shop, row.pk)).status_code == 404
    assert Allocation.objects.count() == 3


def test_putting_back_is_for_counter_roles(client: Client, job: Job) -> None:
    pause = Allocation.objects.create(
        resource=job.shop.resources.get(kind="bay"), kind=AllocationKind.BREAK, during=(local(15), local(16))
    )
    technician = signed_in(client, job.shop, Role.TECHNICIAN)
    assert technician.post(reverse("board:unblock", args=[job.shop.slug, pause.pk])).status_code == 403
    assert Allocation.objects.exists()
