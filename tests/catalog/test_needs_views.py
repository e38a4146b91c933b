"""The plan of a car on its pages and over the API: whose it is, what it says, what it costs in queries."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from rest_framework.test import APIClient

from bookings.choices import Decision
from bookings.floor import deciding, lines
from bookings.floor import deferred as put_off
from bookings.floor.deciding import Choice
from bookings.models import Booking
from catalog.needs import deferrals, loading, rows
from catalog.needs import words as needs_words
from catalog.needs.shape import Deferred, Kind
from tests.bookings.floor_cards import NOW as FLOOR_NOW
from tests.bookings.floor_cards import approved, here, on_the_phone, sent, staff
from tests.catalogue import catalogue  # noqa: F401  (a fixture)
from tests.factories.accounts import UserFactory
from tests.factories.catalog import PriceGuideFactory
from tests.factories.jobs import bookable_job
from tests.factories.records import OIL_SERVICE, enter
from tests.factories.vehicles import BatteryVariantFactory, CarFactory
from vehicles.models import Car

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]


@pytest.fixture(autouse=True)
def _english(client: Client) -> None:
    client.cookies["django_language"] = "en"


def ago(days: int) -> date:
    return timezone.localdate() - timedelta(days=days)


def item(service: str, outcome: str = "done", **changed: Any) -> dict[str, Any]:
    return OIL_SERVICE | {"service": service, "outcome": outcome, "name_en": service, "warranty": None} | changed


def visit(car: Car, days_ago: int, km: int, *items: dict[str, Any], **changed: Any) -> None:
    day = ago(days_ago).isoformat()
    values = {"date": day, "checked_in_on": day, "settled_on": day, "odometer_km": km, "measurements": []} | changed
    enter(car, reference=f"{car.pk}-{days_ago}", items=list(items), **values)


def a_car(**changed: Any) -> Car:
    """Driven 20 km a day, oil 13 months old, delivered five years ago."""
    car = CarFactory(**{"delivered_on": ago(5 * 365 + 10)} | changed)
    visit(car, 400, 50_000, item("minor_service"))
    visit(car, 20, 57_600, item("car_wash"))
    return Car.objects.with_names().select_related("record").get(pk=car.pk)


def page(client: Client, car: Car) -> str:
    client.force_login(car.owner)
    response = client.get(reverse("plans:needs", args=[car.public_id]))
    assert response.status_code == 200
    return response.content.decode()


def planned(car: Car) -> rows.Shown:
    with translation.override("en"):
        return rows.shown(loading.for_car(car, today=timezone.localdate()))


def test_the_owner_sees_what_is_due_why_and_from_where(client: Client) -> None:
    car = a_car()
    found = page(client, car)
    for words in ("What your car needs", "Next 24 months", "Now", "Oil service", "Not needed, because", "Engine flush"):
        assert words in found, words
    assert f"/search/?car={car.public_id}&amp;service=minor_service" in found
    assert "Volkswagen schedule" in found
    assert "example price" in found
    assert "about 600 km a month" in found or "about 610 km a month" in found
    assert "style=" not in found
    assert "The chart as a table" in found


def test_a_stranger_finds_no_such_car_and_a_visitor_signs_in(client: Client) -> None:
    address = reverse("plans:needs", args=[a_car().public_id])
    assert client.get(address).status_code == 302
    assert reverse("account_login") in client.get(address).url  # type: ignore[attr-defined]
    client.force_login(UserFactory())
    assert client.get(address).status_code == 404
    assert client.post(address).status_code == 405


def test_a_car_of_which_nothing_is_known_says_what_would_tell(client: Client) -> None:
    found = page(client, CarFactory(delivered_on=None, model_year=None))
    assert "Nothing can be planned yet" in found
    assert "Without the odometer the plan goes by date only." in found
    assert "With the day of delivery" in found
    assert "Not known yet" in found


def test_without_two_readings_it_goes_by_date(client: Client) -> None:
    car = CarFactory(delivered_on=None)
    visit(car, 200, 50_000, item("minor_service"))
    found = page(client, car)
    assert "goes by date only" in found
    assert "km a month" not in found
    assert "Oil service" in found


def test_a_battery_car_gets_no_oil_service(client: Client) -> None:
    car = CarFactory(variant=BatteryVariantFactory(), delivered_on=ago(400))
    visit(car, 20, 12_000, item("cabin_filter"))
    found = page(client, car)
    shown = planned(Car.objects.with_names().select_related("record").get(pk=car.pk))
    assert "minor_service" not in {line.key for line in shown.needs.lines}
    assert "This car does not have it." in found


def test_an_absurd_reading_puts_nothing_past_due(client: Client) -> None:
    car = CarFactory(delivered_on=ago(900))
    visit(car, 300, 20_000, item("minor_service"), item("cabin_filter"))
    visit(car, 60, 245_000, item("car_wash"))
    visit(car, 20, 25_000, item("car_wash"))
    page(client, car)
    shown = planned(Car.objects.with_names().select_related("record").get(pk=car.pk))
    assert not shown.needs.now
    assert shown.needs.km == 25_000


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_speaks_both_languages(client: Client, language: str) -> None:
    client.cookies["django_language"] = language
    found = page(client, a_car())
    assert ("Oil service" if language == "en" else "小保养") in found


def test_money_not_spent_is_what_the_record_shows(client: Client) -> None:
    car = CarFactory()
    visit(car, 300, 20_000, item("throttle_clean", "declined", advice="mostly_unnecessary"))
    visit(car, 100, 24_000, item("brake_fluid", "declined", advice="not_needed"))
    assert "¥536 not spent since" in page(client, car)
    visit(car, 20, 25_000, item("brake_fluid"))
    found = page(client, car)
    assert "¥268 not spent since" in found
    assert "1 proposal was found unnecessary" in found


def test_a_price_is_the_usual_one_or_an_example_or_unknown() -> None:
    car = a_car()
    (line,) = (row for row in planned(car).visits[0].lines if row.line.key == "minor_service")
    assert line.is_example
    assert line.price == "¥180–650"
    services = [service for service in planned(car).planned.book.services.values() if service.key == "minor_service"]
    services[0].price_guides.all().delete()
    (line,) = (row for row in planned(car).visits[0].lines if row.line.key == "minor_service")
    assert line.price == ""
    assert line.line.price is None
    PriceGuideFactory(service=services[0], price_class="luxury")
    assert not loading.prices(services, car.variant)


def test_what_the_owner_put_off_is_brought_up(monkeypatch: pytest.MonkeyPatch) -> None:
    car = a_car()
    until = timezone.localdate() + timedelta(days=200)
    finder = {car.pk: [Deferred("minor_service", ago(2), until_on=until)]}
    monkeypatch.setattr(deferrals, "_finders", [lambda _cars: finder])
    lines = [row for shown in planned(car).visits for row in shown.lines if row.line.deferred]
    assert [(row.line.key, row.line.on) for row in lines] == [("minor_service", until)]
    assert lines[0].why.startswith("you put it off")


def deferred_in_own_words(car: Car, **until: Any) -> None:
    """Brake pads for ¥420, a shop's own words, put off by the car's owner."""
    booking = here(bookable_job())
    Booking.objects.filter(pk=booking.pk).update(car=car, owner=car.owner)
    line = sent(Booking.objects.get(pk=booking.pk), "Rear silent blocks")
    fresh = Booking.objects.get(pk=booking.pk)
    choice = Choice(line.public_id, 1, Decision.DEFER, **until)
    deciding.decide(booking=fresh, choices=[choice], voice=on_the_phone(fresh), at=FLOOR_NOW)


def test_what_was_put_off_in_a_shops_own_words_comes_up_with_the_shops_price(client: Client) -> None:
    car = a_car()
    with time_machine.travel(FLOOR_NOW, tick=False):
        day = timezone.localdate() + timedelta(days=3)
        deferred_in_own_words(car, defer_until=day)
        html = page(client, car)
        [row] = planned(car).remembered
    for words in ("Rear silent blocks", "¥420 quoted by Shenchi Auto", "Put off, in a shop"):
        assert words in html
    assert row.why.startswith("you put it off on 23 Nov 2026")
    with time_machine.travel(FLOOR_NOW + timedelta(days=4), tick=False):
        [row] = planned(car).remembered
    assert (row.when, row.is_now) == ("Now", True)
    with time_machine.travel(FLOOR_NOW + timedelta(days=370), tick=False):
        assert planned(car).remembered == []


@pytest.mark.parametrize(("title", "left"), [("REAR silent blocks", 0), ("Front silent blocks", 1)])
def test_own_words_done_later_are_not_put_off_any_more(title: str, left: int) -> None:
    car = a_car()
    with time_machine.travel(FLOOR_NOW, tick=False):
        deferred_in_own_words(car, defer_until=timezone.localdate() + timedelta(days=3))
        booking = here(bookable_job())
        Booking.objects.filter(pk=booking.pk).update(car=car, owner=car.owner)
        line = approved(Booking.objects.get(pk=booking.pk), title)
        assert len(planned(car).remembered) == 1  # approved is not done yet
        lines.mark_done(line=line, by=staff(booking.shop), at=FLOOR_NOW + timedelta(minutes=5))
        assert len(planned(car).remembered) == left


def test_own_words_done_on_another_car_are_still_put_off() -> None:
    car = a_car()
    with time_machine.travel(FLOOR_NOW, tick=False):
        deferred_in_own_words(car, defer_until=timezone.localdate() + timedelta(days=3))
        line = approved(here(bookable_job()), "Rear silent blocks")
        lines.mark_done(line=line, by=staff(line.booking.shop), at=FLOOR_NOW + timedelta(minutes=5))
        assert len(planned(car).remembered) == 1


def test_kilometres_of_work_in_own_words_become_a_day() -> None:
    story_car = a_car()
    with time_machine.travel(FLOOR_NOW, tick=False):
        deferred_in_own_words(story_car, defer_km=60_000)
        needs = loading.for_car(story_car, today=timezone.localdate()).needs
    [row] = needs.remembered
    assert row.on is not None
    assert timezone.localdate() < row.on < needs.until


def test_nobody_put_anything_off(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        assert not put_off.deferred([CarFactory.build(pk=1), CarFactory.build(pk=2)])


@pytest.mark.parametrize("entries", [1, 3, 60])
def test_a_plan_costs_the_same_whatever_the_record(django_assert_num_queries: Any, entries: int) -> None:
    car = CarFactory()
    for number in range(entries):
        visit(car, 700 - 10 * number, 10_000 + 100 * number, item("minor_service"))
    loaded = Car.objects.with_names().select_related("record").get(pk=car.pk)
    with django_assert_num_queries(10):
        rows.shown(loading.for_car(loaded, today=timezone.localdate()))


@pytest.mark.parametrize("count", [1, 3])
def test_the_next_visits_of_many_cars_take_the_queries_of_one(django_assert_num_queries: Any, count: int) -> None:
    for number in range(count):
        a_car(variant=BatteryVariantFactory()) if number == 1 else a_car()
    cars = list(Car.objects.with_names().select_related("record"))
    with django_assert_num_queries(8):
        due = rows.next_due(loading.for_cars(cars, today=timezone.localdate()))
    assert len(due) == count
    assert all(one.names for one in due.values())


def test_the_garage_and_the_car_say_what_is_next(client: Client) -> None:
    car = a_car()
    client.force_login(car.owner)
    garage = client.get(reverse("vehicles:garage")).content.decode()
    assert "Next: " in garage
    assert reverse("plans:needs", args=[car.public_id]) in garage
    detail = client.get(reverse("vehicles:car_detail", args=[car.public_id])).content.decode()
    assert "Next 24 months" in detail
    assert "Book what is due" in detail


def test_the_search_takes_along_the_other_services(client: Client) -> None:
    car = a_car()
    client.force_login(car.owner)
    address = rows.book_url(car, ["minor_service", "cabin_filter"])
    assert address.endswith("service=minor_service&also=cabin_filter")
    assert client.get(address).status_code == 200
    assert client.get(address + ",nonsense,minor_service").status_code == 200


def test_the_api_gives_the_plan_to_its_owner_only() -> None:
    car = a_car()
    address = f"/api/v1/cars/{car.public_id}/needs/"
    api = APIClient(headers={"accept-language": "en"})
    assert api.get(address).status_code in (401, 403)
    api.force_authenticate(UserFactory())
    assert api.get(address).status_code == 404
    api.force_authenticate(car.owner)
    answer = api.get(address).json()
    assert answer["odometer_km"] == 57_600
    assert answer["km_a_month"] == 610
    first = answer["visits"][0]
    assert first["is_now"]
    oil = next(job for job in first["jobs"] if job["service"] == "minor_service")
    assert oil["kind"] == Kind.NOW
    assert oil["price"] == {"low_fen": 180_00, "high_fen": 650_00, "n": 0, "is_example": True}
    assert oil["based_on"]
    assert sum(visit["total"]["high_fen"] for visit in answer["visits"]) == answer["total"]["high_fen"]
    assert answer["not_needed"]


# --- On the health record ---------------------------------------------------------------------------------


def pad(value: str, tone: str = "yellow") -> list[dict[str, str]]:
    return [{"point": "pad_front_left_inner", "value": value, "unit": "mm", "tone": tone}]


def worn(*readings: tuple[int, int, str], tone: str = "yellow") -> Car:
    """A car whose front pads were measured: days ago, kilometres, millimetres. The tone is that of the last reading."""
    car = CarFactory(delivered_on=ago(5 * 365 + 10))
    for days_ago, km, value in readings:
        visit(car, days_ago, km, item("car_wash"), measurements=pad(value, tone))
    return Car.objects.with_names().select_related("record").get(pk=car.pk)


def record_page(client: Client, car: Car) -> str:
    client.force_login(car.owner)
    response = client.get(reverse("vehicles:record", args=[car.public_id]))
    assert response.status_code == 200
    return response.content.decode()


def test_the_record_says_when_a_part_reaches_its_limit_at_its_own_pace(client: Client) -> None:
    """1.2 mm in 7,600 km, at 20 km a day: the last 1.4 mm take some 440 days."""
    car = worn((400, 50_000, "5.6"), (20, 57_600, "4.4"))
    shown = record_page(client, car)
    reached = planned(car).planned
    with translation.override("en"):
        expected = needs_words.wear(reached)["pad_front_left_inner"]
    assert expected.startswith("3 mm about ")
    assert expected in shown
    assert "limit 3 mm" not in shown


def test_a_limit_that_is_passed_at_this_pace_says_so(client: Client) -> None:
    assert "at this pace 3 mm by now" in record_page(client, worn((400, 50_000, "4.4"), (200, 54_000, "3.1")))


@pytest.mark.parametrize(
    ("readings", "tone"),
    [
        ([(20, 57_600, "4.4")], "yellow"),  # one reading says nothing of the pace
        ([(400, 50_000, "4.4"), (20, 57_600, "4.4")], "yellow"),  # nothing wears
        ([(400, 50_000, "4.4"), (20, 57_600, "2.9")], "red"),  # it is there
    ],
)
def test_without_a_trend_the_record_names_the_limit(
    client: Client, readings: list[tuple[int, int, str]], tone: str
) -> None:
    shown = record_page(client, worn(*readings, tone=tone))
    assert "limit 3 mm" in shown
    assert "3 mm about" not in shown
    assert "3 mm by now" not in shown
