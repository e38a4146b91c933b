"""The booking endpoints: the owner's way from search to a moved and cancelled visit, and the shop's moves."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from accounts.models import User
from bookings.choices import Status
from bookings.engine.jobs import Job
from bookings.models import Booking
from catalog.models import Offer
from core.models import IdempotencyRecord
from tests.bookings.test_availability import local
from tests.factories.accounts import UserFactory
from tests.factories.floor import ALL_IN_ORDER
from tests.factories.jobs import NOW, bookable_job
from tests.factories.shops import ShopMemberFactory
from vehicles.models import Car

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _monday_ten_o_clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def job() -> Job:
    return bookable_job(slot_step_minutes=60)


@pytest.fixture
def owner() -> User:
    return UserFactory()


def api(user: User | None = None) -> APIClient:
    client = APIClient()
    if user is not None:
        client.force_authenticate(user)
    return client


def asked(job: Job, **more: Any) -> dict[str, Any]:
    return {"service": job.service.key, "variant": job.variant.slug, **more}


def hold(client: APIClient, job: Job, start: datetime | None = None, **headers: str) -> Any:
    order = asked(job, shop=job.shop.slug, starts_at=(start or local(13)).isoformat())
    return client.post("/api/v1/holds/", order, format="json", headers=headers)


def booked(owner: User, job: Job, start: datetime | None = None) -> Booking:
    held = hold(api(owner), job, start).json()
    answer = api(owner).post("/api/v1/bookings/", {"hold": held["id"]}, format="json")
    assert answer.status_code == 201, answer.json()
    return Booking.objects.get(public_id=answer.json()["id"])


# --- Finding --------------------------------------------------------------------------------------


def test_search_gives_price_distance_and_real_slots_to_anybody(job: Job) -> None:
    answer = api().get("/api/v1/shops/", asked(job))
    (row,) = answer.json()["results"]
    assert (row["shop"], row["total_fen"], row["mark"]) == (job.shop.slug, 26_800, None)
    assert answer.json()["fair_price"] is None  # one price is too few to say what is usual
    assert row["next_slots"][0]["starts_at"] == "2026-11-23T11:00:00+08:00"


def test_slots_by_day_say_why_a_day_is_empty(job: Job) -> None:
    job.shop.opening_hours.filter(day=2).delete()
    monday, tuesday = api().get(f"/api/v1/shops/{job.shop.slug}/slots/", asked(job, days=2)).json()
    assert len(monday["slots"]) == 9
    assert (tuesday["slots"], tuesday["reason"]) == ([], "closed")


@pytest.mark.parametrize("shops", [1, 3])
def test_search_costs_the_same_queries_for_more_shops(
    shops: int, job: Job, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(shops - 1):
        bookable_job()
    with django_assert_num_queries(7):
        assert len(api().get("/api/v1/shops/", asked(job)).json()["results"]) == shops


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"service": "nonsense"}, "service"),
        ({"variant": "de-lorean"}, "variant"),
        ({"latitude": "91", "longitude": "0"}, "latitude"),
        ({"latitude": "31"}, "latitude"),
        ({"sort": "paid"}, "sort"),
        ({"limit": "1000000"}, "limit"),
        ({"service": "x" * 100_000}, "service"),
    ],
)
def test_a_wrong_question_names_the_field(wrong: dict[str, str], field: str, job: Job) -> None:
    answer = api().get("/api/v1/shops/", {**asked(job), **wrong})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert field in answer.json()["errors"]


# --- Booking --------------------------------------------------------------------------------------


def test_hold_then_book(job: Job, owner: User) -> None:
    held = hold(api(owner), job)
    assert (held.status_code, held.json()["status"], held.json()["total_fen"]) == (201, "held", 26_800)
    car = Car.objects.create(owner=owner, variant=job.variant, plate="沪AD8K21")
    order = {"hold": held.json()["id"], "car": car.public_id, "contact_name": "林女士"}
    answer = api(owner).post("/api/v1/bookings/", order, format="json").json()
    assert (answer["status"], answer["plate"], answer["car"]) == ("confirmed", "沪AD8K21", car.public_id)
    assert api(owner).get(f"/api/v1/bookings/{answer['id']}/").json()["number"] == answer["number"]
    kinds = [event["kind"] for event in api(owner).get(f"/api/v1/bookings/{answer['id']}/events/").json()["results"]]
    assert kinds == ["held", "confirmed"]


def test_holding_needs_sign_in(job: Job) -> None:
    assert hold(api(), job).status_code == 401


def test_a_taken_slot_is_409_with_the_nearest_ones(job: Job, owner: User) -> None:
    hold(api(UserFactory()), job)
    answer = hold(api(owner), job)
    assert (answer.status_code, answer.json()["code"]) == (409, "slot_unavailable")
    assert answer.json()["alternatives"][0]["starts_at"] == local(11).astimezone(NOW.tzinfo).isoformat()


@pytest.mark.parametrize(
    ("wrong", "status", "field"),
    [
        ({"starts_at": "2026-11-23T05:00:00+08:00"}, 400, "starts_at"),
        ({"starts_at": "2036-11-23T13:00:00+08:00"}, 400, "starts_at"),
        ({"starts_at": "2026-11-23T22:00:00+08:00"}, 400, "starts_at"),
        ({"starts_at": "tomorrow"}, 400, "starts_at"),
        ({"starts_at": 5}, 400, "starts_at"),
        ({"shop": "nowhere"}, 400, "shop"),
        ({"shop": "a\x00b"}, 400, "shop"),
        ({"variant": None}, 400, "variant"),
        ({"service": ["minor_service"]}, 400, "service"),
        ({"visit_address": "龙漕路"}, 400, "visit_address"),
    ],
)
def test_a_wrong_order_changes_nothing(wrong: dict[str, Any], status: int, field: str, job: Job, owner: User) -> None:
    order = {**asked(job, shop=job.shop.slug, starts_at=local(13).isoformat()), **wrong}
    answer = api(owner).post("/api/v1/holds/", order, format="json")
    assert answer.status_code == status, answer.json()
    assert field in answer.json()["errors"]
    assert Booking.objects.count() == 0


def test_someone_elses_hold_looks_like_a_missing_one(job: Job, owner: User) -> None:
    foreign = hold(api(UserFactory()), job).json()["id"]
    assert api(owner).post("/api/v1/bookings/", {"hold": foreign}, format="json").status_code == 404
    assert api(owner).get(f"/api/v1/bookings/{foreign}/").status_code == 404
    assert api(owner).post(f"/api/v1/bookings/{foreign}/cancel/", {}, format="json").status_code == 404


def test_an_expired_hold_cannot_be_booked(job: Job, owner: User) -> None:
    held = hold(api(owner), job).json()["id"]
    with time_machine.travel(NOW + timedelta(minutes=11)):
        answer = api(owner).post("/api/v1/bookings/", {"hold": held}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "hold_expired")


def test_reschedule_and_cancel(job: Job, owner: User) -> None:
    visit = booked(owner, job)
    moved = api(owner).post(
        f"/api/v1/bookings/{visit.public_id}/reschedule/", {"starts_at": local(15).isoformat()}, format="json"
    )
    assert moved.json()["starts_at"] == "2026-11-23T15:00:00+08:00"
    gone = api(owner).post(f"/api/v1/bookings/{visit.public_id}/cancel/", {"reason": "plans_changed"}, format="json")
    assert gone.json()["status"] == "cancelled"


@pytest.mark.parametrize("visits", [1, 3])
def test_my_bookings_cost_the_same_queries_for_more(
    visits: int, job: Job, owner: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for hour in range(visits):
        booked(owner, job, local(12 + hour))
    with django_assert_num_queries(4):
        assert len(api(owner).get("/api/v1/bookings/").json()["results"]) == visits


# --- Idempotency-Key ------------------------------------------------------------------------------


def test_the_same_key_and_body_replays_the_first_answer(job: Job, owner: User) -> None:
    first, second = (hold(api(owner), job, **{"Idempotency-Key": "one"}) for _ in range(2))
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert Booking.objects.count() == 1


def test_the_same_key_with_another_body_is_422_and_does_nothing(job: Job, owner: User) -> None:
    hold(api(owner), job, **{"Idempotency-Key": "one"})
    answer = hold(api(owner), job, local(14), **{"Idempotency-Key": "one"})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert Booking.objects.count() == 1


def test_another_person_may_use_the_same_key(job: Job, owner: User) -> None:
    hold(api(owner), job, **{"Idempotency-Key": "one"})
    assert hold(api(UserFactory()), job, local(14), **{"Idempotency-Key": "one"}).status_code == 201


def test_a_refused_order_is_tried_anew(job: Job, owner: User) -> None:
    Offer.objects.update(is_active=False)
    assert hold(api(owner), job, **{"Idempotency-Key": "one"}).status_code == 400
    assert not IdempotencyRecord.objects.exists()
    Offer.objects.update(is_active=True)
    assert hold(api(owner), job, **{"Idempotency-Key": "one"}).status_code == 201


# --- The shop -------------------------------------------------------------------------------------


def staff(job: Job, role: str = "advisor") -> APIClient:
    return api(ShopMemberFactory(shop=job.shop, role=role).user)


def move(client: APIClient, visit: Booking, name: str, **order: Any) -> Any:
    return client.post(f"/api/v1/shops/{visit.shop.slug}/bookings/{visit.public_id}/{name}/", order, format="json")


def test_the_shop_takes_a_visit_to_handover(job: Job, owner: User) -> None:
    visit, advisor = booked(owner, job), staff(job)
    with time_machine.travel(local(13)):
        statuses = [
            move(advisor, visit, "check-in", odometer_km=58_263).json()["status"],
            move(advisor, visit, "start").json()["status"],
            move(advisor, visit, "submit").json()["status"],
            move(staff(job, "technician"), visit, "quality-check", checklist=ALL_IN_ORDER).json()["status"],
            move(advisor, visit, "hand-over").json()["status"],
        ]
    assert statuses == ["checked_in", "in_service", "in_service", "ready", "completed"]


@pytest.mark.parametrize("km", [-1, 1_000_000, "many", None, 1e30])
def test_an_absurd_odometer_is_refused_beside_the_field(km: Any, job: Job, owner: User) -> None:
    visit = booked(owner, job)
    answer = move(staff(job), visit, "check-in", odometer_km=km)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["odometer_km"])
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED


def test_a_move_out_of_order_is_409(job: Job, owner: User) -> None:
    visit = booked(owner, job)
    answer = move(staff(job), visit, "hand-over")
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_status")


def test_a_technician_may_not_move_visits_and_a_stranger_finds_nothing(job: Job, owner: User) -> None:
    visit = booked(owner, job)
    start = local(15).isoformat()
    assert move(staff(job, "technician"), visit, "move", starts_at=start).status_code == 403
    assert move(api(owner), visit, "move", starts_at=start).status_code == 404
    assert move(api(), visit, "move", starts_at=start).status_code == 401
    assert move(staff(bookable_job()), visit, "move", starts_at=start).status_code == 404


def test_a_foreign_shops_bay_is_no_bay_here(job: Job, owner: User) -> None:
    visit = booked(owner, job)
    foreign = bookable_job().shop.resources.get(kind="bay")
    answer = move(staff(job), visit, "move", starts_at=local(15).isoformat(), bay=foreign.public_id)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["bay"])


def test_a_walk_in_is_confirmed_at_once_and_shows_in_the_day(job: Job) -> None:
    advisor = staff(job)
    answer = advisor.post(f"/api/v1/shops/{job.shop.slug}/walk-ins/", asked(job, plate="沪A·D8K21"), format="json")
    assert (answer.status_code, answer.json()["status"], answer.json()["plate"]) == (201, "confirmed", "沪AD8K21")
    day = advisor.get(f"/api/v1/shops/{job.shop.slug}/bookings/").json()["results"]
    assert [visit["id"] for visit in day] == [answer.json()["id"]]
