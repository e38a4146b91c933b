"""An owner's visits: the list, the live page, moving, cancelling, the calendar file."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from icalendar import Calendar
from pytest_django import DjangoAssertNumQueries

from bookings import workshop
from bookings.choices import EventKind, Status
from tests.bookings.owner_pages import ONE_PM, booked, held, page, text
from tests.bookings.test_availability import local
from tests.factories import floor
from tests.factories.accounts import UserFactory
from tests.factories.jobs import NOW, bookable_job

pytestmark = pytest.mark.django_db
LIST = reverse("bookings:list")
PAGES = ("detail", "status", "ics", "reschedule", "cancel")


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def _english(client: Client) -> None:
    client.cookies["django_language"] = "en"


# --- Who may see it -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_a_visit_is_its_owners_alone(client: Client, name: str) -> None:
    booking = booked(client, bookable_job(), UserFactory())
    assert client.get(page(name, booking)).status_code == 200
    client.force_login(UserFactory())
    assert client.get(page(name, booking)).status_code == 404
    anonymous = Client().get(page(name, booking))
    assert anonymous.status_code == 302
    assert anonymous["Location"].startswith(reverse("account_login"))


@pytest.mark.parametrize("name", ["reschedule", "cancel"])
def test_nobody_else_changes_a_visit(client: Client, name: str) -> None:
    booking = booked(client, bookable_job(), UserFactory())
    client.force_login(UserFactory())
    assert client.post(page(name, booking), {"starts_at": local(15).isoformat()}).status_code == 404
    booking.refresh_from_db()
    assert (booking.status, booking.starts_at) == (Status.CONFIRMED, ONE_PM)


@pytest.mark.parametrize("technicians", [1, 2])
def test_moving_to_the_time_one_has_changes_nothing(client: Client, technicians: int) -> None:
    booking = booked(client, bookable_job(bays=2, technicians=technicians), UserFactory())
    events = booking.events.count()
    response = client.post(page("reschedule", booking), {"starts_at": ONE_PM.isoformat()}, follow=True)
    assert "That is the time you have. Nothing has changed." in text(response)
    assert booking.events.count() == events


# --- The list -------------------------------------------------------------------------------------


def test_list_signed_out_asks_to_sign_in(client: Client) -> None:
    assert client.get(LIST)["Location"] == f"{reverse('account_login')}?next={LIST}"


def test_an_empty_list_says_what_to_do(client: Client) -> None:
    client.force_login(UserFactory())
    assert "No visits yet" in text(client.get(LIST))


@pytest.mark.parametrize("count", [1, 3])
def test_list_asks_the_same_queries_for_any_number_of_visits(
    client: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    owner = UserFactory()
    for _ in range(count):
        booked(client, bookable_job(), owner)
        done = booked(client, bookable_job(), owner)
        client.post(page("cancel", done))
    client.get(LIST)
    # session, person; current with claims and services; waiting list; count, page with claims and services
    with django_assert_num_queries(10):
        html = text(client.get(LIST))
    assert html.count("card-link") == count
    assert html.count('href="/bookings/') >= 2 * count


def test_list_tells_held_upcoming_present_and_past_apart(client: Client, clock: time_machine.Traveller) -> None:
    owner, staff = UserFactory(), UserFactory()
    gone = booked(client, bookable_job(), owner)
    client.post(page("cancel", gone))
    inside = booked(client, bookable_job(), owner)
    workshop.check_in(booking=inside, odometer_km=58_263, by=staff, at=NOW)
    booked(client, bookable_job(), owner)
    held(client, bookable_job())
    html = text(client.get(LIST))
    for words in ("Held until 10:10", "In the shop now", "Coming up", "History"):
        assert words in html
    clock.shift(timedelta(minutes=11))
    assert "Held until" not in text(client.get(LIST))


def test_history_has_pages(client: Client) -> None:
    owner = UserFactory()
    for _ in range(11):
        client.post(page("cancel", booked(client, bookable_job(), owner)))
    assert "Page 1 of 2" in text(client.get(LIST))
    assert "Page 2 of 2" in text(client.get(LIST, {"page": "2"}))
    assert client.get(LIST, {"page": "x" * 1000}).status_code == 200


# --- One visit ------------------------------------------------------------------------------------


def test_detail_shows_number_time_price_and_what_can_be_done(client: Client) -> None:
    booking = booked(client, bookable_job(), UserFactory())
    html = text(client.get(page("detail", booking)))
    for words in (booking.number, "Today, 13:00", "Ready about 13:40", "¥268.00", page("ics", booking)):
        assert words in html
    assert "Cancelling is free until today, 12:00" in html


def test_detail_follows_the_visit(client: Client) -> None:
    booking, staff = booked(client, bookable_job(), UserFactory()), UserFactory()
    workshop.check_in(booking=booking, odometer_km=58_263, by=staff, at=NOW)
    assert "58,263 km" in text(client.get(page("detail", booking)))
    workshop.start(booking=booking, by=staff, at=NOW)
    floor.make_ready(booking, by=staff, at=NOW + timedelta(minutes=30))
    html = text(client.get(page("detail", booking)))
    assert "Your car is ready" in html
    assert page("cancel", booking) not in html
    workshop.hand_over(booking=booking, by=staff, at=NOW + timedelta(minutes=40))
    assert "Book this again" in text(client.get(page("detail", booking)))


def test_status_answers_only_when_something_changed(client: Client) -> None:
    booking = booked(client, bookable_job(), UserFactory())
    first = client.get(page("status", booking))
    assert first["ETag"]
    assert client.get(page("status", booking), headers={"If-None-Match": first["ETag"]}).status_code == 304
    seen = {"seen": str(booking.revision)}
    assert client.get(page("status", booking), seen).status_code == 204
    client.post(page("reschedule", booking), {"starts_at": local(15).isoformat()})
    assert client.get(page("status", booking), headers={"If-None-Match": first["ETag"]}).status_code == 200
    changed = client.get(page("status", booking), seen)
    assert changed.status_code == 200
    assert "Moved to another time" in text(changed)


def test_the_status_of_a_car_that_has_come_asks_for_its_own_page(client: Client) -> None:
    booking = booked(client, bookable_job(), UserFactory())
    workshop.check_in(booking=booking, odometer_km=58_263, by=UserFactory(), at=NOW)
    answer = client.get(page("status", booking), {"seen": "0"})
    assert (answer.status_code, answer["HX-Refresh"], answer.content) == (200, "true", b"")
    assert "Car checked in" in text(client.get(page("detail", booking)))


# --- Moving ---------------------------------------------------------------------------------------


def test_moving_takes_the_new_time_and_frees_the_old(client: Client) -> None:
    job = bookable_job()
    booking = booked(client, job, UserFactory())
    response = client.post(page("reschedule", booking), {"starts_at": local(15).isoformat()})
    assert response["Location"] == page("detail", booking)
    booking.refresh_from_db()
    assert booking.starts_at == local(15)
    assert "Moved to another time" in text(client.get(page("detail", booking)))
    assert held(Client(), job).starts_at == ONE_PM


def test_moving_to_a_taken_time_keeps_the_old_one_and_offers_others(client: Client) -> None:
    job = bookable_job()
    booking = booked(client, job, UserFactory())
    held(Client(), job, local(15))
    response = client.post(page("reschedule", booking), {"starts_at": local(15).isoformat()})
    assert response.status_code == 409
    assert "15:00 has just gone" in text(response)
    assert 'value="2026-11-23T16:00:00+08:00"' in text(response)
    booking.refresh_from_db()
    assert booking.starts_at == ONE_PM


@pytest.mark.parametrize("start", ["", "soon", "\x00", "2026-11-23T03:00:00+08:00", "2027-12-01T13:00:00+08:00"])
def test_moving_to_no_time_is_refused(client: Client, start: str) -> None:
    booking = booked(client, bookable_job(), UserFactory())
    response = client.post(page("reschedule", booking), {"starts_at": start})
    assert response.status_code == 400
    booking.refresh_from_db()
    assert booking.starts_at == ONE_PM


def test_the_strip_for_moving_comes_alone_for_htmx(client: Client) -> None:
    booking = booked(client, bookable_job(), UserFactory())
    html = text(client.get(page("reschedule", booking), {"date": "2026-11-25"}, headers={"HX-Request": "true"}))
    assert html.lstrip().startswith('<div id="slot-strip">')
    assert f"{page('reschedule', booking)}?date=2026-11-26" in html


@pytest.mark.parametrize("name", ["reschedule", "cancel"])
def test_a_visit_that_has_begun_is_not_changed(client: Client, name: str, clock: time_machine.Traveller) -> None:
    booking = booked(client, bookable_job(), UserFactory())
    clock.move_to(ONE_PM)
    for response in (client.get(page(name, booking)), client.post(page(name, booking), {"starts_at": "x"})):
        assert response["Location"] == page("detail", booking)
    booking.refresh_from_db()
    assert booking.status == Status.CONFIRMED
    assert "call the shop" in text(client.get(page("detail", booking)))


# --- Cancelling -----------------------------------------------------------------------------------


def test_cancelling_names_its_effect_first(client: Client, clock: time_machine.Traveller) -> None:
    booking = booked(client, bookable_job(), UserFactory())
    assert "Cancelling now is free: ¥0" in text(client.get(page("cancel", booking)))
    clock.move_to(local(12, 30))
    assert "This is a late cancellation" in text(client.get(page("cancel", booking)))


def test_cancelling_twice_is_one_cancellation(client: Client) -> None:
    booking = booked(client, bookable_job(), UserFactory())
    for _ in range(2):
        assert client.post(page("cancel", booking), {"reason": "plans_changed"})["Location"] == page("detail", booking)
    booking.refresh_from_db()
    assert booking.status == Status.CANCELLED
    event = booking.events.get(kind=EventKind.CANCELLED)
    assert (event.reason, event.data["late"]) == ("plans_changed", False)
    assert "This visit will not take place" in text(client.get(page("detail", booking)))


def test_a_reason_nobody_offered_is_refused(client: Client) -> None:
    booking = booked(client, bookable_job(), UserFactory())
    assert client.post(page("cancel", booking), {"reason": "shop_cannot"}).status_code == 400
    booking.refresh_from_db()
    assert booking.status == Status.CONFIRMED


# --- Calendar file --------------------------------------------------------------------------------


def test_calendar_file_updates_and_cancels_the_same_event(client: Client) -> None:
    booking = booked(client, bookable_job(), UserFactory())

    def read() -> Calendar:
        response = client.get(page("ics", booking))
        assert response["Content-Type"] == "text/calendar; charset=utf-8"
        return Calendar.from_ical(response.content)

    first = read()
    (event,) = first.walk("VEVENT")
    assert first["METHOD"] == "PUBLISH"
    assert event["DTSTART"].dt == ONE_PM
    assert event["DTEND"].dt == ONE_PM + timedelta(minutes=40)
    client.post(page("reschedule", booking), {"starts_at": local(15).isoformat()})
    (moved,) = read().walk("VEVENT")
    assert moved["UID"] == event["UID"]
    assert moved["SEQUENCE"] > event["SEQUENCE"]
    assert moved["DTSTART"].dt == local(15)
    client.post(page("cancel", booking))
    last = read()
    (gone,) = last.walk("VEVENT")
    assert (last["METHOD"], gone["STATUS"], gone["UID"]) == ("CANCEL", "CANCELLED", event["UID"])
