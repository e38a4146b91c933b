"""What cars need, in their owner's calendar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from bookings import feeds
from reminders import actions
from reminders.choices import DismissReason
from reminders.models import DueItem
from tests.factories.reminders import AT, TODAY, due_item, owned_car
from vehicles.models import Car

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(AT, tick=False):
        yield


def events(car: Car) -> list[Any]:
    response = Client().get(reverse("bookings:feed", args=[feeds.switch_on(user=car.owner).token]))
    assert response.status_code == 200
    found = Calendar.from_ical(response.content).walk("VEVENT")
    assert not any(event.errors for event in found)
    return list(found)


def test_what_is_due_stands_on_its_day_and_takes_up_no_time() -> None:
    car = owned_car(nickname="Blue")
    item = due_item(car, facts={"kind": "interval", "name_en": "Engine oil", "interval_months": 12})
    (event,) = events(car)
    assert event["SUMMARY"] == "Engine oil due, Blue"
    assert (event["DTSTART"].dt, event["DTEND"].dt) == (item.due_on, item.due_on + timedelta(days=1))  # type: ignore[operator]
    assert (event["TRANSP"], event["STATUS"]) == ("TRANSPARENT", "CONFIRMED")
    assert event["CATEGORIES"].to_ical() == b"Car upkeep"
    health = f"http://127.0.0.1:8000/cars/{car.public_id}/health/"
    assert event["URL"].startswith(health)
    assert event["DESCRIPTION"].startswith("Every 12 months")
    assert event.walk("VALARM") == []


def test_it_follows_what_the_owner_says() -> None:
    car = owned_car()
    item = due_item(car)
    (before,) = events(car)
    actions.defer(item=item, by=car.owner, at=AT, until=TODAY + timedelta(days=40))
    (event,) = events(car)
    assert event["DTSTART"].dt == date(2027, 1, 2)
    assert event["UID"] == before["UID"]
    assert event["SEQUENCE"] > before["SEQUENCE"]
    actions.dismiss(item=item, by=car.owner, at=AT, reason=DismissReason.WRONG)
    assert events(car) == []


def test_what_only_a_test_will_tell_says_measure() -> None:
    car = owned_car()
    due_item(car, is_likely=True, facts={"kind": "test", "name_en": "Battery"})
    (event,) = events(car)
    assert event["SUMMARY"].startswith("Measure: Battery")


def test_nothing_of_other_people_of_removed_cars_and_of_kilometres_without_a_day() -> None:
    car = owned_car()
    due_item()
    due_item(owned_car(owner=car.owner, removed_at=AT))
    nowhere = due_item(car)
    DueItem.objects.filter(pk=nowhere.pk).update(due_on=None, earliest_on=None, latest_on=None, due_km=60_000)
    assert events(car) == []


@pytest.mark.parametrize("count", [1, 3])
def test_the_feed_asks_the_same_queries_for_any_number_of_items(count: int, django_assert_num_queries: Any) -> None:
    car = owned_car()
    for place in range(count):
        due_item(car if place else owned_car(owner=car.owner), days=place, cycle=f"c{place}", facts={"name_en": "Oil"})
    token = feeds.switch_on(user=car.owner).token
    with django_assert_num_queries(3):  # the feed, visits, items
        found = feeds.read(token=token, at=AT)
    assert found is not None
    assert len(found.entries) == count
