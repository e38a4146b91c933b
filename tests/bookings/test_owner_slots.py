"""Choosing and holding a time through the pages: what is shown, what is refused, what is kept."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from bookings.choices import Status
from bookings.models import Booking
from shops.choices import ShopKind
from tests.bookings.owner_pages import ONE_PM, held, hold_url, page, post_hold, slots_url, text
from tests.bookings.test_availability import local
from tests.factories.jobs import NOW, bookable_job
from tests.factories.shops import ClosureFactory
from tests.factories.vehicles import BatteryVariantFactory, CarFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def _english(client: Client) -> None:
    client.cookies["django_language"] = "en"


def test_slots_show_14_days_with_counts_and_buttons(client: Client) -> None:
    html = text(client.get(slots_url(bookable_job())))
    assert html.count('class="day"') == 14
    assert "17 free" in html  # from 11:00 to 19:00 for 40 minutes until 20:00, every half hour
    assert 'value="2026-11-23T11:00:00+08:00"' in html
    assert "¥268" in html


def test_slots_ask_the_same_queries_on_any_day(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    job = bookable_job()
    client.get(slots_url(job))
    for day in ("2026-11-23", "2026-12-20"):
        # session, shop, service, variant; services and prices here; phases, quotation, usual range, loaners; the slots
        with django_assert_num_queries(11):
            client.get(slots_url(job, date=day))


def test_slots_for_htmx_are_only_the_strip(client: Client) -> None:
    response = client.get(slots_url(bookable_job(), date="2026-11-24"), headers={"HX-Request": "true"})
    html = text(response)
    assert html.lstrip().startswith('<div id="slot-strip">')
    assert "<html" not in html
    assert "HX-Request" in response["Vary"]


def test_a_closed_day_names_the_reason_and_the_next_free_day(client: Client) -> None:
    job = bookable_job()
    day = NOW.date() + timedelta(days=1)
    ClosureFactory(shop=job.shop, first_date=day, last_date=day, reason="Stocktaking")
    html = text(client.get(slots_url(job, date="2026-11-24")))
    assert "Stocktaking" in html
    assert "The next free day is Mon 23 Nov." in html


@pytest.mark.parametrize("day", ["tomorrow", "2026-02-31", "9" * 5000, "-1"])
def test_a_garbage_date_is_refused_and_days_are_offered(client: Client, day: str) -> None:
    response = client.get(slots_url(bookable_job(), date=day))
    assert response.status_code == 400
    assert "This is not a date" in text(response)
    assert 'name="starts_at"' in text(response)


@pytest.mark.parametrize("day", ["1999-01-01", "2199-01-01"])
def test_a_day_outside_the_window_shows_the_nearest_inside(client: Client, day: str) -> None:
    assert client.get(slots_url(bookable_job(), date=day)).status_code == 200


def test_without_a_car_it_asks_for_one(client: Client) -> None:
    job = bookable_job()
    html = text(client.get(reverse("bookings:slots", args=[job.shop.slug, job.service.key])))
    assert "Which car is it for?" in html
    assert 'name="starts_at"' not in html


def test_a_car_the_service_does_not_suit_is_told_why(client: Client) -> None:
    job = bookable_job()
    url = reverse("bookings:slots", args=[job.shop.slug, job.service.key])
    response = client.get(url, {"variant": BatteryVariantFactory().slug})
    assert response.status_code == 404
    assert "A battery car has no engine" in text(response)


def test_unknown_shop_service_or_variant_is_not_found(client: Client) -> None:
    job = bookable_job()
    assert client.get(reverse("bookings:slots", args=["nowhere", job.service.key])).status_code == 404
    assert client.get(reverse("bookings:slots", args=[job.shop.slug, "rustproofing"])).status_code == 404
    assert post_hold(client, job, variant="trabant-601").status_code == 404
    assert post_hold(client, job, car=CarFactory().public_id).status_code == 404
    assert not Booking.objects.exists()


def test_an_unlisted_shop_is_not_found(client: Client) -> None:
    assert client.get(slots_url(bookable_job(is_listed=False))).status_code == 404


def test_hold_leads_to_the_confirm_page_and_belongs_to_this_browser(client: Client) -> None:
    booking = held(client, bookable_job())
    assert booking.status == Status.HELD
    assert booking.visitor_key == client.session["visitor_key"]
    assert len(booking.visitor_key) >= 32
    assert client.get(page("confirm", booking)).status_code == 200
    assert Client().get(page("confirm", booking)).status_code == 404


def test_a_lost_slot_offers_the_nearest_ones(client: Client) -> None:
    job = bookable_job()
    held(Client(), job)
    response = post_hold(client, job)
    html = text(response)
    assert response.status_code == 409
    assert "13:00 has just gone" in html
    assert 'value="2026-11-23T14:00:00+08:00"' in html
    assert Booking.objects.count() == 1


def test_a_lost_slot_of_an_on_site_team_keeps_the_address(client: Client) -> None:
    job = bookable_job(kind=ShopKind.ON_SITE, service_radius_km=15)
    job.shop.resources.filter(kind="bay").update(kind="mobile_unit")
    where = {"visit_address": "漕溪北路 45 号", "lat": "31.18", "lng": "121.44"}
    assert post_hold(Client(), job, **where).status_code == 302
    response = post_hold(client, job, **where)
    assert response.status_code == 409
    assert "漕溪北路 45 号" in text(response)


def test_an_on_site_team_needs_an_address_inside_its_radius(client: Client) -> None:
    job = bookable_job(kind=ShopKind.ON_SITE, service_radius_km=15)
    job.shop.resources.filter(kind="bay").update(kind="mobile_unit")
    missing = post_hold(client, job, lat="31.18", lng="121.44")
    assert missing.status_code == 400
    assert "Say where the team should come" in text(missing)
    far = post_hold(client, job, visit_address="苏州 观前街", lat="31.31", lng="120.62")
    assert far.status_code == 400
    assert "The team does not come that far." in text(far)
    assert "苏州 观前街" in text(far)
    assert not Booking.objects.exists()


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (NOW - timedelta(days=1), "That time has passed"),
        (local(10, 30), "Too soon"),
        (local(13, 7), "Visits do not start at that minute here"),
        (local(23), "Closed at that time"),
        (local(19, 30), "The work does not fit before the shop closes"),
        (NOW + timedelta(days=60), "Further ahead than the shop takes bookings"),
    ],
    ids=["past", "lead time", "off the grid", "outside hours", "too long", "beyond the window"],
)
def test_a_start_that_cannot_be_had_is_refused_with_its_reason(client: Client, start: object, words: str) -> None:
    response = post_hold(client, bookable_job(), start)  # type: ignore[arg-type]
    assert response.status_code == 400
    assert words in text(response)
    assert not Booking.objects.exists()


def test_a_holiday_is_refused(client: Client) -> None:
    job = bookable_job(holiday_policy="closed", booking_window_days=90)
    response = post_hold(client, job, local(13, day=NOW.date().replace(year=2027, month=1, day=1)))
    assert response.status_code == 400
    assert "Closed at that time" in text(response)


@pytest.mark.parametrize(
    "start",
    [
        "",
        "soon",
        "2026-11-23",
        "2026-11-23T13:00:00",
        "0001-01-01T00:00:00+14:00",
        "9" * 100_000,
        "\x00",
        "2026-13-45T99:00Z",
    ],
    ids=["empty", "a word", "no time", "no zone", "year one", "100 KB", "NUL", "no such day"],
)
def test_a_start_that_is_no_time_is_refused(client: Client, start: str) -> None:
    job = bookable_job()
    response = client.post(hold_url(job), {"variant": job.variant.slug, "starts_at": start})
    assert response.status_code == 400
    assert 'role="alert"' in text(response)
    assert not Booking.objects.exists()


@pytest.mark.parametrize("name", ["car", "variant"])
def test_nul_in_the_car_is_refused(client: Client, name: str) -> None:
    assert post_hold(client, bookable_job(), **{name: "a\x00b"}).status_code == 404


def test_hold_needs_post(client: Client) -> None:
    assert client.get(hold_url(bookable_job())).status_code == 405


def test_many_holds_from_one_address_are_refused_for_a_while(client: Client) -> None:
    job = bookable_job()
    for _ in range(20):
        assert post_hold(client, job).status_code == 302
    response = post_hold(client, job)
    assert response.status_code == 429
    assert "Many times were held from here" in text(response)


def test_holding_another_time_gives_up_the_first(client: Client) -> None:
    job = bookable_job()
    first = held(client, job)
    held(client, job, ONE_PM + timedelta(hours=2))
    first.refresh_from_db()
    assert first.status == Status.CANCELLED
    html = text(client.get(page("confirm", first)))
    assert "This time was given back" in html
