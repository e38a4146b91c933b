"""What an owner is told before and after: terms, requests that the shop answers by hand, fees."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from bookings import workshop
from bookings.choices import EventKind, Status
from bookings.engine import claims
from bookings.engine.jobs import Job
from bookings.models import Booking
from catalog.models import ServicePhase
from shops.choices import Confirmation, ResourceKind
from tests.bookings.owner_pages import ONE_PM, booked, held, page, text
from tests.bookings.test_availability import local
from tests.factories.accounts import UserFactory
from tests.factories.jobs import NOW, bookable_job
from tests.factories.shops import BayFactory

pytestmark = pytest.mark.django_db
FEES = {"late_cancel_fee_percent": 20, "no_show_fee_percent": 50}
LIST = reverse("bookings:list")


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _english(client: Client) -> None:
    client.cookies["django_language"] = "en"


def by_hand(**fields: object) -> Job:
    return bookable_job(confirmation=Confirmation.BY_HAND, answer_minutes=60, **fields)


# --- Before confirming ----------------------------------------------------------------------------


def test_confirmation_says_the_terms_with_times_and_amounts(client: Client) -> None:
    job = bookable_job(deposit_percent=20, **FEES)
    html = text(client.get(page("confirm", held(client, job))))
    for words in (
        "Cancelling is free until today, 12:00. After that it costs ¥16.80.",
        "If nobody comes with the car: ¥42.",
        "Deposit ¥53.60: paid to the shop when you bring the car. It counts towards the price; nothing is paid online.",
    ):
        assert words in html


def test_confirmation_of_a_shop_without_fees_says_so(client: Client) -> None:
    html = text(client.get(page("confirm", held(client, bookable_job()))))
    assert "Cancelling costs nothing." in html
    assert "If nobody comes with the car, you pay nothing." in html
    assert "Deposit" not in html


def test_the_countdown_is_announced_by_its_script(client: Client) -> None:
    """The names under which static/js/hold.js finds its sentences."""
    html = text(client.get(page("confirm", held(client, bookable_job()))))
    for name in ("data-say-soon", "data-say-last", "data-say-over", 'data-total-seconds="600"'):
        assert name in html


# --- Requests -------------------------------------------------------------------------------------


def test_a_shop_that_answers_by_hand_is_asked_not_booked(client: Client) -> None:
    job, owner = by_hand(), UserFactory()
    client.force_login(owner)
    hold = held(client, job)
    html = text(client.get(page("confirm", hold)))
    assert "Ask now and it answers by today, 11:00." in html
    assert "Ask the shop, ¥268" in html
    assert "Confirm booking" not in html
    response = client.post(page("confirm", hold), {"plate": ""}, follow=True)
    html = text(response)
    assert "The shop has your request." in html
    assert "it is not booked yet. The shop answers by today, 11:00" in html
    assert "Your visit is booked" not in html
    hold.refresh_from_db()
    assert hold.status == Status.REQUESTED


def test_a_request_stands_on_the_list_and_at_home(client: Client) -> None:
    owner = UserFactory()
    booked(client, by_hand(), owner)
    assert "Waiting for the shop's answer" in text(client.get(LIST))
    assert "answer by today, 11:00" in text(client.get("/"))


def test_a_request_is_withdrawn_free_of_charge(client: Client) -> None:
    booking = booked(client, by_hand(**FEES), UserFactory())
    assert "Withdrawing is free: ¥0" in text(client.get(page("cancel", booking)))
    response = client.post(page("cancel", booking), {"fee_fen": "0"}, follow=True)
    assert "Your request is withdrawn." in text(response)
    booking.refresh_from_db()
    assert (booking.status, booking.fee_fen) == (Status.CANCELLED, 0)
    assert page("detail", booking) in text(client.get(LIST)).split("History")[1]


def test_a_request_cannot_be_moved(client: Client) -> None:
    booking = booked(client, by_hand(), UserFactory())
    assert page("reschedule", booking) not in text(client.get(page("detail", booking)))
    assert client.get(page("reschedule", booking))["Location"] == page("detail", booking)


def test_the_answer_of_the_shop_is_shown(client: Client) -> None:
    owner = UserFactory()
    first, second = booked(client, by_hand(), owner), booked(client, by_hand(), owner)
    workshop.accept(booking=first, by=UserFactory(), at=NOW)
    workshop.decline(booking=second, by=UserFactory(), at=NOW, reason="The lift is being repaired")
    assert "Cancelling is free until" in text(client.get(page("detail", first)))
    html = text(client.get(page("detail", second)))
    assert "The shop could not take this visit. There is nothing to pay." in html
    assert "The lift is being repaired" in html


def test_a_request_without_an_answer_says_that_nothing_is_booked(client: Client, clock: time_machine.Traveller) -> None:
    booking = booked(client, by_hand(), UserFactory())
    clock.shift(timedelta(hours=2))
    claims.remove_lapsed(shop=booking.shop, at=NOW + timedelta(hours=2))
    html = text(client.get(page("detail", booking)))
    assert "The shop did not answer in time. Nothing is booked, and there is nothing to pay." in html
    assert page("detail", booking) in text(client.get(LIST))


# --- Fees -----------------------------------------------------------------------------------------


def test_a_late_cancellation_names_its_fee_and_costs_it(client: Client, clock: time_machine.Traveller) -> None:
    booking = booked(client, bookable_job(**FEES), UserFactory())
    assert "Cancelling is free until today, 12:00, after that ¥16.80." in text(client.get(page("detail", booking)))
    clock.move_to(local(12, 30))
    html = text(client.get(page("cancel", booking)))
    assert "Cancelling now costs ¥16.80" in html
    assert 'name="fee_fen" value="1680"' in html
    client.post(page("cancel", booking), {"fee_fen": "1680"})
    booking.refresh_from_db()
    assert (booking.status, booking.fee_fen) == (Status.CANCELLED, 1680)
    assert "You owe the shop ¥16.80 for the late cancellation" in text(client.get(page("detail", booking)))
    assert "Fee ¥16.80" in text(client.get(LIST))


@pytest.mark.parametrize("fee", ["0", ""])
def test_a_fee_that_was_not_shown_is_asked_again(client: Client, clock: time_machine.Traveller, fee: str) -> None:
    booking = booked(client, bookable_job(**FEES), UserFactory())
    clock.move_to(local(12, 30))
    response = client.post(page("cancel", booking), {"fee_fen": fee})
    assert response.status_code == 409
    assert "Cancelling costs ¥16.80 by now" in text(response)
    assert 'name="fee_fen" value="1680"' in text(response)
    booking.refresh_from_db()
    assert (booking.status, booking.fee_fen) == (Status.CONFIRMED, 0)


@pytest.mark.parametrize("fee", ["x", "-1", "9" * 5000, "1e3"])
def test_a_fee_that_is_no_amount_is_refused(client: Client, fee: str) -> None:
    booking = booked(client, bookable_job(**FEES), UserFactory())
    response = client.post(page("cancel", booking), {"fee_fen": fee})
    assert response.status_code == 400
    assert "The fee in this form cannot be read." in text(response)
    booking.refresh_from_db()
    assert booking.status == Status.CONFIRMED


def test_a_no_show_says_what_is_owed(client: Client) -> None:
    booking = booked(client, bookable_job(**FEES), UserFactory())
    workshop.mark_no_show(booking=booking, by=UserFactory(), at=ONE_PM + timedelta(minutes=20))
    assert "Nobody came with the car. You owe the shop ¥42" in text(client.get(page("detail", booking)))


def test_moving_after_the_free_time_says_that_the_fee_stays(client: Client, clock: time_machine.Traveller) -> None:
    booking = booked(client, bookable_job(**FEES), UserFactory())
    assert "the fee of" not in text(client.get(page("reschedule", booking)))
    clock.move_to(local(12, 30))
    assert "the fee of ¥16.80 is still owed" in text(client.get(page("reschedule", booking)))


# --- What is predicted ----------------------------------------------------------------------------


def test_detail_tells_the_stretches_and_the_end(client: Client) -> None:
    job = bookable_job(minutes=40, write_up_minutes=10)
    BayFactory(shop=job.shop, kind=ResourceKind.ADVISOR, capabilities=[])
    ServicePhase.objects.create(
        service=job.service, position=0, kind="work", bay="lift", skill="maintenance", minutes=None
    )
    ServicePhase.objects.create(service=job.service, position=1, kind="road_test", bay="none", skill="", minutes=10)
    html = text(client.get(page("detail", booked(client, job, UserFactory()))))
    stretches = html.split('class="phase-line')[1].split("</ol>")[0]
    for words in ("Write-up 10 min", "On the lift 30 min", "Road test 10 min"):
        assert words in stretches
    assert "Ready about 13:50" in html


def test_two_visits_that_changed_places_are_a_move_for_their_owner(client: Client) -> None:
    booking = booked(client, bookable_job(), UserFactory())
    Booking.objects.get(pk=booking.pk).events.create(
        at=NOW, kind=EventKind.SWAPPED, actor_role="staff", to_status=Status.CONFIRMED, data={}
    )
    html = text(client.get(page("detail", booking)))
    assert "Moved to another time" in html
    assert "Changed places" not in html
