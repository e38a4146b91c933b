"""From a held time to a booking: visitors prove a contact on the way, and nothing typed is lost."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import User
from bookings.choices import EventKind, Status
from bookings.models import Booking
from notifications.models import Message
from tests.bookings.owner_pages import ONE_PM, booked, held, page, post_hold, text
from tests.factories.accounts import UserFactory
from tests.factories.jobs import NOW, bookable_job
from tests.factories.vehicles import CarFactory
from vehicles.models import Car

pytestmark = pytest.mark.django_db
PLATE = "沪A·D8K21"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _english(client: Client) -> None:
    client.cookies["django_language"] = "en"


@pytest.fixture(autouse=True)
def _codes_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notifications.delivery.MASK", r"\g<0>")


def the_code() -> str:
    match = re.search(r"\d{6}", Message.objects.filter(kind="code").latest("pk").body)
    assert match
    return match[0]


def sign_in_with_code(client: Client, code_page: str) -> str:
    """Type the code; the address it leads to."""
    return client.post(code_page, {"code": the_code()})["Location"]


def test_a_visitor_books_with_one_contact_and_a_code(client: Client) -> None:
    """The whole journey: hold, contact and plate, code, booked. No other page asks for anything."""
    booking = held(client, bookable_job())
    typed = {"login": "138 1642 0957", "plate": PLATE, "name": "林女士", "note": "轻轻的响声", "remember_car": "on"}
    sent = client.post(page("confirm", booking), typed)
    assert sent["Location"].startswith(reverse("accounts:code"))
    finish = sign_in_with_code(client, sent["Location"])
    done = client.get(finish)
    assert done["Location"] == page("detail", booking)
    booking.refresh_from_db()
    owner = User.objects.get(phone="+8613816420957")
    assert (booking.status, booking.owner, booking.plate) == (Status.CONFIRMED, owner, "沪AD8K21")
    assert (booking.contact_name, booking.contact_phone) == ("林女士", "+8613816420957")
    assert booking.owner_note == "轻轻的响声"
    assert booking.car == Car.objects.get(owner=owner)
    assert booking.number in text(client.get(page("detail", booking)))


def test_what_was_typed_survives_a_wrong_contact_and_going_away(client: Client) -> None:
    booking = held(client, bookable_job())
    wrong = client.post(page("confirm", booking), {"login": "12345", "plate": PLATE, "note": "a rattle"})
    assert wrong.status_code == 400
    assert "a rattle" in text(wrong)
    assert PLATE in text(wrong)
    again = text(client.get(page("confirm", booking)))
    assert "a rattle" in again
    assert PLATE in again


def test_finish_without_a_wish_of_this_browser_books_nothing(client: Client) -> None:
    booking = held(client, bookable_job())
    user = UserFactory()
    client.force_login(user)
    assert client.get(page("finish", booking))["Location"] == page("confirm", booking)
    booking.refresh_from_db()
    assert booking.status == Status.HELD


def test_a_code_typed_after_the_hold_ended_loses_nothing(client: Client, clock: time_machine.Traveller) -> None:
    booking = held(client, bookable_job())
    sent = client.post(page("confirm", booking), {"login": "138 1642 0957", "plate": PLATE, "note": "a rattle"})
    finish = sign_in_with_code(client, sent["Location"])
    clock.shift(timedelta(minutes=11))
    over = client.get(finish, follow=True)
    assert "The hold has ended" in text(over)
    assert 'value="2026-11-23T13:00:00+08:00"' in text(over)  # nobody else took it
    post_hold(client, bookable_job_of(booking))
    new = Booking.objects.filter(status=Status.HELD).latest("pk")
    assert "a rattle" in text(client.get(page("confirm", new)))


def bookable_job_of(booking: Booking):  # type: ignore[no-untyped-def]
    from bookings.engine.jobs import Job

    return Job(shop=booking.shop, service=booking.service, variant=booking.variant)


def test_a_signed_in_owner_chooses_among_their_cars_of_this_kind(client: Client) -> None:
    job, owner = bookable_job(), UserFactory(phone="+8613816420957")
    car = CarFactory(owner=owner, variant=job.variant, plate="沪AD8K21")
    client.force_login(owner)
    booking = held(client, job)
    html = text(client.get(page("confirm", booking)))
    assert "Lavida 1.4T 沪A·D8K21" in html
    assert 'name="login"' not in html
    response = client.post(page("confirm", booking), {"car": car.public_id, "name": "林", "phone": "13816420957"})
    assert response["Location"] == page("detail", booking)
    booking.refresh_from_db()
    assert (booking.car, booking.plate, booking.contact_phone) == (car, "沪AD8K21", "+8613816420957")


def test_somebody_elses_car_cannot_be_brought(client: Client) -> None:
    job, owner = bookable_job(), UserFactory()
    CarFactory(owner=owner, variant=job.variant)
    other = CarFactory(variant=job.variant)
    client.force_login(owner)
    booking = held(client, job)
    assert client.post(page("confirm", booking), {"car": other.public_id}).status_code == 400
    booking.refresh_from_db()
    assert booking.status == Status.HELD


def test_confirming_twice_is_one_booking(client: Client) -> None:
    booking = booked(client, bookable_job(), UserFactory())
    again = client.post(page("confirm", booking), {"plate": ""})
    assert again["Location"] == page("detail", booking)
    assert booking.events.filter(kind=EventKind.CONFIRMED).count() == 1


def test_an_expired_hold_is_said_with_the_nearest_times(client: Client, clock: time_machine.Traveller) -> None:
    owner = UserFactory()
    client.force_login(owner)
    booking = held(client, bookable_job())
    clock.shift(timedelta(minutes=10))
    response = client.post(page("confirm", booking), {"note": "a rattle"})
    assert response.status_code == 409
    assert "The hold has ended" in text(response)
    booking.refresh_from_db()
    assert booking.status == Status.HELD  # the next claim or the sweep tidies it up
    assert client.get(page("confirm", booking)).status_code == 200


def test_somebody_elses_hold_is_not_found(client: Client) -> None:
    booking = held(Client(), bookable_job())
    client.force_login(UserFactory())
    for name in ("confirm", "finish"):
        assert client.get(page(name, booking)).status_code == 404
    for name in ("confirm", "release"):
        assert client.post(page(name, booking)).status_code == 404
    booking.refresh_from_db()
    assert booking.status == Status.HELD


def test_giving_the_time_back_frees_it(client: Client) -> None:
    job = bookable_job()
    booking = held(client, job)
    assert client.post(page("release", booking))["Location"].startswith("/book/")
    assert post_hold(Client(), job, ONE_PM).status_code == 302


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("plate", "ABC"),
        ("plate", "\x00"),
        ("note", "x" * 100_000),
        ("note", "a\x00b"),
        ("name", "x" * 200),
        ("login", "a" * 100_000),
        ("login", "\x00"),
    ],
)
def test_bad_input_is_said_beside_the_field(client: Client, field: str, value: str) -> None:
    booking = held(client, bookable_job())
    response = client.post(page("confirm", booking), {"login": "138 1642 0957", field: value})
    assert response.status_code == 400
    assert 'class="field-error"' in text(response)
    assert "autofocus" in text(response)
    booking.refresh_from_db()
    assert booking.status == Status.HELD
