"""The home page, the pages about the platform, and what machines ask for."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from o2o_platform import views
from tests.bookings.owner_pages import booked, text
from tests.factories.accounts import UserFactory
from tests.factories.catalog import MakerScheduleFactory, ServiceFactory
from tests.factories.jobs import NOW, bookable_job
from tests.factories.vehicles import BatteryVariantFactory, CarFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def _english(client: Client) -> None:
    client.cookies["django_language"] = "en"


def test_home_of_an_empty_platform_works(client: Client) -> None:
    assert client.get("/").status_code == 200


def test_home_shows_a_visitor_services_and_shops_with_their_lowest_price(client: Client) -> None:
    bookable_job()
    html = text(client.get("/"))
    assert "from ¥268" in html
    assert html.count('class="slot"') == 3
    assert 'name="starts_at"' not in html  # a time is held for a car, and no car is known


def test_home_shows_an_owner_their_car(client: Client) -> None:
    job = bookable_job()
    car = CarFactory(variant=job.variant, plate="沪AD8K21")
    client.force_login(car.owner)
    html = text(client.get("/"))
    assert "沪A·D8K21" in html
    assert "What makes sense for this car" in html
    assert f'name="car" value="{car.public_id}"' in html


def test_home_gives_the_reason_for_what_comes_round_on_the_car(client: Client) -> None:
    job = bookable_job()
    ServiceFactory(key="tyre_replace", name_en="New tyre", trigger="measure", interval_km=None, interval_months=None)
    MakerScheduleFactory(make=job.variant.model.make, service=job.service, interval_km=7500, interval_months=6)
    client.force_login(CarFactory(variant=job.variant).owner)
    panel = text(client.get("/")).split('class="card-body car-needs"')[1].split("</section>")[0]
    assert "Every 7,500 km or 6 months, whichever comes first" in panel
    assert "New tyre" not in panel  # measured, not due by kilometres


def test_home_shows_the_visits_to_come(client: Client) -> None:
    owner = UserFactory()
    booking = booked(client, bookable_job(), owner)
    assert reverse("bookings:detail", args=[booking.public_id]) in text(client.get("/"))
    client.force_login(UserFactory())
    assert booking.public_id not in text(client.get("/"))


def test_home_leaves_out_what_does_not_suit_the_car(client: Client) -> None:
    bookable_job()
    car = CarFactory(variant=BatteryVariantFactory())
    client.force_login(car.owner)
    assert "Minor service" not in text(client.get("/"))


@pytest.mark.parametrize("count", [1, 3])
def test_home_asks_the_same_queries_for_any_number_of_shops_and_cars(
    client: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    owner = UserFactory()
    for _ in range(count):
        job = bookable_job()
        CarFactory(owner=owner, variant=job.variant)
    client.force_login(owner)
    client.get("/")
    # session, person, car, city, services, schedule, 4 of the search, garage, places, visits, visit to review, what
    # the car needs; nothing here is regular
    with django_assert_num_queries(21):
        client.get("/")


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("name", ["about", "help"])
def test_about_and_help_are_there_in_both_languages(client: Client, name: str, language: str) -> None:
    client.cookies["django_language"] = language
    assert client.get(reverse(name)).status_code == 200


def test_robots_keep_machines_out_of_what_is_private(client: Client) -> None:
    response = client.get("/robots.txt")
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    for line in ("Disallow: /bookings/", "Disallow: /admin/", "Sitemap: http://127.0.0.1:8000/sitemap.xml"):
        assert line in text(response)


def test_sitemap_lists_listed_shops_only(client: Client) -> None:
    shown, hidden = bookable_job().shop, bookable_job(is_listed=False).shop
    xml = text(client.get("/sitemap.xml"))
    assert f"/shops/{shown.slug}/" in xml
    assert f"/shops/{hidden.slug}/" not in xml
    assert "/services/minor_service/" in xml


def test_health_says_what_answers(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/healthz").json() == {"status": "ok", "database": "ok", "cache": "ok"}

    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(views.cache, "set", broken)
    response = client.get("/healthz")
    assert response.status_code == 200
    assert response.json() == {"status": "degraded", "database": "ok", "cache": "failing"}
    monkeypatch.setattr(views, "_ask_database", broken)
    response = client.get("/healthz")
    assert response.status_code == 503
    assert response.json() == {"status": "failing", "database": "failing", "cache": "failing"}
