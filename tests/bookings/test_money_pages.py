"""Money on the pages of a visit: confirming, the visit itself, cancelling, handing over; and over the API."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from accounts.models import User
from bookings import workshop
from bookings.choices import Status
from bookings.models import Booking
from bookings.money import paying
from payments.choices import ShopMethod
from payments.models import Order, Payment
from shops.choices import Role
from shops.models import Shop
from tests.bookings.owner_pages import ONE_PM, booked, held, page, text
from tests.factories import handovers
from tests.factories.accounts import UserFactory
from tests.factories.board import member
from tests.factories.jobs import NOW, bookable_job
from tests.factories.payments import follow_up, pay_online

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_ten")]


@pytest.fixture
def at_ten() -> Any:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def online(settings: Any) -> None:
    settings.PAYMENT_PROVIDERS = {"sandbox": {"url": "http://127.0.0.1:9"}}


@pytest.fixture
def owner(db: None) -> User:
    return UserFactory(language="en")  # type: ignore[return-value]


@pytest.fixture
def client(owner: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(owner)
    return client


def deposit_job() -> Any:
    return bookable_job(deposit_percent=30, late_cancel_fee_percent=30)


# --- Confirming ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("online")
def test_confirming_with_a_deposit_leads_to_its_payment(client: Client) -> None:
    booking = held(client, deposit_job())
    words = text(client.get(page("confirm", booking)))
    assert "The deposit of ¥80.40 now, the rest after the work" in words
    assert "Nothing is charged now" not in words
    assert "nothing is paid online" not in words
    response = client.post(page("confirm", booking), {"plate": "", "pay": "deposit"})
    order = Order.objects.get(reference=booking.public_id)
    assert response["Location"] == reverse("paying:order", args=[order.public_id]) + "?amount=deposit"
    booking.refresh_from_db()
    assert booking.status == Status.HELD
    again = text(client.get(page("confirm", booking)))
    assert reverse("paying:order", args=[order.public_id]) in again


@pytest.mark.usefixtures("online")
def test_everything_can_be_paid_when_booking_without_a_deposit(client: Client) -> None:
    booking = held(client, bookable_job())
    response = client.post(page("confirm", booking), {"plate": "", "pay": "all"})
    booking.refresh_from_db()
    order = Order.objects.get(reference=booking.public_id)
    assert booking.status == Status.CONFIRMED
    assert response["Location"] == reverse("paying:order", args=[order.public_id]) + "?amount=all"


@pytest.mark.usefixtures("online")
def test_unknown_way_of_paying_is_said_beside_the_field(client: Client) -> None:
    booking = held(client, deposit_job())
    response = client.post(page("confirm", booking), {"plate": "", "pay": "never"})
    assert response.status_code == 400
    assert not Order.objects.exists()


def test_without_a_provider_nobody_is_asked_how_to_pay(client: Client) -> None:
    booking = held(client, deposit_job())
    words = text(client.get(page("confirm", booking)))
    assert 'name="pay"' not in words
    assert "Nothing is charged now" in words


# --- The visit ----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("online")
def test_visit_can_be_paid_later_from_its_page(client: Client) -> None:
    booking = held(client, bookable_job())
    client.post(page("confirm", booking), {"plate": "", "pay": "later"})
    assert page("pay", booking) in text(client.get(page("detail", booking)))
    response = client.post(page("pay", booking))
    order = Order.objects.get(reference=booking.public_id)
    assert response["Location"] == reverse("paying:order", args=[order.public_id])
    pay_online(order, 26800, at=NOW)
    follow_up("payment.paid", at=NOW)
    words = text(client.get(page("detail", booking)))
    assert "Paid by Test payment" in words
    assert f'href="{reverse("paying:order", args=[order.public_id])}"' not in words


@pytest.mark.usefixtures("online")
def test_cancelling_says_what_comes_back(client: Client, owner: User) -> None:
    booking = held(client, deposit_job())
    client.post(page("confirm", booking), {"plate": "", "pay": "deposit"})
    order = Order.objects.get(reference=booking.public_id)
    pay_online(order, 8040, at=NOW)
    follow_up("payment.paid", at=NOW)
    with time_machine.travel(ONE_PM - timedelta(minutes=5), tick=False):
        words = text(client.get(page("cancel", booking)))
        assert "It is taken from what you have paid." in words
        assert "You get ¥55.20 back." in words
        # Who gets what, by the code that does it: the owner back, the shop its fee a week later.
        table = words.partition('<table class="table')[2].partition("</table>")[0]
        assert "Back the way it was paid" in table
        amounts = re.findall(r"[−]?¥[0-9.]+", table)
        assert (amounts[0], amounts[-1]) == ("¥55.20", "¥25.20"), table
        client.post(page("cancel", booking), {"fee_fen": "2520"})
        words = text(client.get(page("detail", booking)))
    assert "The fee of ¥25.20 for the late cancellation is paid." in words
    assert "On its way back" in words
    assert reverse("paying:receipt", args=[order.public_id]) in words


@pytest.mark.parametrize("name", ["pay", "cancel", "detail"])
def test_somebody_elses_visit_looks_like_a_missing_one(client: Client, owner: User, name: str) -> None:
    booking = booked(client, bookable_job(), owner)
    client.force_login(UserFactory())
    ask = client.post if name == "pay" else client.get
    assert ask(page(name, booking)).status_code == 404


def test_without_a_provider_the_visit_has_nothing_to_pay_here(client: Client, owner: User) -> None:
    booking = booked(client, bookable_job(), owner)
    assert 'id="money"' not in text(client.get(page("detail", booking)))
    client.post(page("pay", booking))
    assert not Order.objects.exists()


# --- The counter --------------------------------------------------------------------------------------


def counter(booking: Booking, role: Role) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(member(booking.shop, role))
    return client


def address(name: str, shop: Shop, booking: Booking) -> str:
    return reverse(f"floor:{name}", args=[shop.slug, booking.public_id])


def ready_visit() -> Booking:
    booking = handovers.ready(handovers.in_work())
    booking.refresh_from_db()
    return booking


def test_handover_asks_how_the_rest_was_paid() -> None:
    booking = ready_visit()
    client = counter(booking, Role.CASHIER)
    url = address("handover", booking.shop, booking)
    assert "¥268.00 is still to be paid" in text(client.get(url))
    refused = client.post(url, {"shop_method": "barter"})
    assert refused.status_code == 400
    assert "Choose one of these ways to pay." in text(refused)
    assert client.post(url, {"shop_method": "wechat"}).status_code == 302
    assert Payment.objects.get().shop_method == ShopMethod.WECHAT


def test_handover_of_a_paid_visit_asks_nothing() -> None:
    booking = ready_visit()
    assert booking.owner
    order = paying.open_order(booking=booking, by=booking.owner, at=NOW)
    pay_online(order, 26800, at=NOW)
    words = text(counter(booking, Role.CASHIER).get(address("handover", booking.shop, booking)))
    assert 'name="shop_method"' not in words
    assert "Everything is paid." in words


def test_cashier_takes_a_part_once() -> None:
    booking = ready_visit()
    client, url = counter(booking, Role.CASHIER), address("take_money", booking.shop, booking)
    taken = {"amount": "100", "method": "cash", "due_fen": "26800"}
    assert client.post(url, taken).status_code == 302
    again = client.post(url, taken)
    assert again.status_code == 409
    assert "Something else is due by now." in text(again)
    assert Payment.objects.get().amount_fen == 10000
    workshop.hand_over(booking=booking, by=UserFactory(), at=booking.ends_at)
    assert Order.objects.get().paid_fen == 26800


@pytest.mark.parametrize(
    "fields", [{"amount": "300"}, {"amount": "-1"}, {"amount": "1e3"}, {"amount": ""}, {"method": "x"}]
)
def test_wrong_amount_at_the_counter_is_said_beside_the_field(fields: dict[str, str]) -> None:
    booking = ready_visit()
    url = address("take_money", booking.shop, booking)
    given = {"amount": "1", "method": "cash", "due_fen": "26800", **fields}
    response = counter(booking, Role.CASHIER).post(url, given)
    assert response.status_code == 400
    assert "field-error" in text(response)
    assert not Payment.objects.exists()


def test_technician_takes_no_money() -> None:
    booking = ready_visit()
    client = counter(booking, Role.TECHNICIAN)
    assert client.post(address("take_money", booking.shop, booking), {"amount": "1"}).status_code in (403, 404)
    assert not Payment.objects.exists()


# --- API ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("online")
def test_booking_in_one_step_says_what_books_it(client: Client) -> None:
    job = deposit_job()
    wish = {
        "shop": job.shop.slug,
        "service": job.service.key,
        "variant": job.variant.slug,
        "starts_at": ONE_PM.isoformat(),
        "contact_phone": "13816420957",
    }
    answer = client.post("/api/v1/bookings/", wish, content_type="application/json")
    assert answer.status_code == 201, answer.content
    body = answer.json()
    order = Order.objects.get()
    assert (body["status"], body["to_pay"]["order"], body["to_pay"]["deposit_fen"]) == ("held", order.public_id, 8040)
    assert body["to_pay"]["payments"] == reverse("paying_api:payments", args=[order.public_id])
    pay_online(order, 8040, at=NOW)
    follow_up("payment.paid", at=NOW)
    shown = client.get(f"/api/v1/bookings/{body['id']}/").json()
    assert (shown["status"], shown["to_pay"]) == ("confirmed", None)
