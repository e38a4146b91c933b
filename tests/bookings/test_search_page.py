"""The search page: what was asked, where, and why there is nothing."""

from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from bookings import origins
from tests.bookings.owner_pages import text
from tests.factories.jobs import NOW, bookable_job
from tests.factories.shops import CityFactory, PlaceFactory
from tests.factories.vehicles import BatteryVariantFactory, CarFactory, VariantFactory

pytestmark = pytest.mark.django_db
SEARCH = reverse("bookings:search")


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(autouse=True)
def _english(client: Client) -> None:
    client.cookies["django_language"] = "en"


def ask(client: Client, **query: str) -> str:
    response = client.get(SEARCH, query)
    assert response.status_code == 200
    return text(response)


def test_results_show_price_slots_and_a_button_that_holds(client: Client) -> None:
    job = bookable_job()
    html = ask(client, service="minor_service", variant=job.variant.slug)
    assert "¥268" in html
    assert "1 shop near you" in html
    assert f'action="/book/{job.shop.slug}/minor_service/hold/"' in html
    assert html.count('name="starts_at"') == 3


@pytest.mark.parametrize("count", [1, 3])
def test_results_ask_the_same_queries_for_any_number_of_shops(
    client: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        job = bookable_job()
    query = {"service": "minor_service", "variant": job.variant.slug}
    client.get(SEARCH, query)  # remembers the car: the session is written once
    with django_assert_num_queries(8):  # session, variant, city, services, 3 of the search, places
        assert text(client.get(SEARCH, query)).count('class="card shop-card"') == count


def test_a_service_that_does_not_suit_the_car_says_why(client: Client) -> None:
    bookable_job()
    car = BatteryVariantFactory()
    assert "A battery car has no engine" in ask(client, service="minor_service", variant=car.slug)


def test_without_a_car_it_asks_for_one_and_comes_back(client: Client) -> None:
    bookable_job()
    html = ask(client, service="minor_service")
    assert "Which car is it for?" in html
    assert "/cars/find/?next=%2Fsearch%2F%3Fservice%3Dminor_service" in html


def test_a_typed_car_that_can_only_be_one_is_taken(client: Client) -> None:
    variant = VariantFactory()
    response = client.get(SEARCH, {"q": "lavida 1.4", "service": "minor_service"})
    assert response["Location"] == f"{SEARCH}?service=minor_service&variant={variant.slug}"


def test_a_typed_car_that_could_be_several_goes_to_the_finder(client: Client) -> None:
    VariantFactory()
    VariantFactory(slug="volkswagen-lavida-1-5l", code="1.5L")
    response = client.get(SEARCH, {"q": "lavida"})
    assert response["Location"].startswith(reverse("vehicles:find") + "?q=lavida&next=%2Fsearch%2F")


@pytest.mark.parametrize("typed", ["Xuhui", "xuhui", "徐汇", "31.1881, 121.4365", "31.1881，121.4365"])
def test_a_place_in_either_language_or_coordinates_is_remembered(client: Client, typed: str) -> None:
    PlaceFactory()
    job = bookable_job(latitude=31.1881, longitude=121.4365)
    query = {"service": "minor_service", "variant": job.variant.slug}
    assert "10 m" in ask(client, near=typed, **query)
    assert "10 m" in ask(client, **query)


def test_the_browsers_position_wins(client: Client) -> None:
    job = bookable_job(latitude=31.3, longitude=121.5)
    html = ask(client, service="minor_service", variant=job.variant.slug, near="Xuhui", lat="31.3", lng="121.5")
    assert "10 m" in html


@pytest.mark.parametrize(
    "query",
    [{"near": "Atlantis"}, {"lat": "91", "lng": "0"}, {"lat": "x", "lng": ""}, {"near": "a" * 100_000}],
    ids=["unknown place", "off the earth", "no number", "100 KB"],
)
def test_a_place_nobody_knows_is_said_beside_the_field(client: Client, query: dict[str, str]) -> None:
    job = bookable_job()
    html = ask(client, service="minor_service", variant=job.variant.slug, **query)
    assert 'id="where-error"' in html
    assert "Shown from Shanghai instead" in html


def test_far_from_every_city_it_offers_the_city(client: Client) -> None:
    job = bookable_job()
    html = ask(client, service="minor_service", variant=job.variant.slug, lat="39.9", lng="116.4")
    assert "We are in Shanghai so far" in html


def test_filters_that_nobody_meets_offer_to_drop_them(client: Client) -> None:
    job = bookable_job()
    html = ask(client, service="minor_service", variant=job.variant.slug, kind="4s", sort="price")
    assert "No shop here is all of that" in html
    assert "sort=price" in html


def test_the_map_lists_the_same_shops_with_pins(client: Client) -> None:
    job = bookable_job()
    html = ask(client, service="minor_service", variant=job.variant.slug, view="map")
    assert 'data-map="results-map"' in html
    assert f'"url": "#shop-{job.shop.public_id}"' in html


@pytest.mark.parametrize("query", [{"sort": "bribe"}, {"kind": "x" * 5000}, {"more": "-1"}, {"more": "9" * 400}])
def test_words_that_are_no_choice_count_as_not_said(client: Client, query: dict[str, str]) -> None:
    job = bookable_job()
    assert "1 shop near you" in ask(client, service="minor_service", variant=job.variant.slug, **query)


def test_unknown_service_or_car_is_not_found(client: Client) -> None:
    CityFactory()
    assert client.get(SEARCH, {"service": "rustproofing"}).status_code == 404
    assert client.get(SEARCH, {"variant": "trabant-601"}).status_code == 404


def test_somebody_elses_car_is_not_found(client: Client) -> None:
    assert client.get(SEARCH, {"car": CarFactory().public_id}).status_code == 404


def test_nul_is_refused(client: Client) -> None:
    assert client.get(SEARCH, {"near": "\x00"}).status_code == 400


def test_more_than_a_page_of_shops_is_offered(client: Client) -> None:
    for _ in range(13):
        job = bookable_job()
    html = ask(client, service="minor_service", variant=job.variant.slug)
    assert html.count('class="card shop-card"') == 12
    assert "Show 1 more" in html
    more = ask(client, service="minor_service", variant=job.variant.slug, more="24")
    assert more.count('class="card shop-card"') == 13


def test_an_exact_place_goes_before_a_longer_one() -> None:
    PlaceFactory(name_en="Xuhui Riverside", name_zh="徐汇滨江")
    exact = PlaceFactory()
    assert origins.find_place("xuhui") == exact
