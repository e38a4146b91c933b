"""The page of a car's health: whose it is, what it says, what it costs in queries."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import translation

from bookings.choices import Status
from bookings.models import Booking
from reminders import actions, glance
from reminders.choices import DismissReason, ItemState, LetterKind, OwnerDateKind, Source, Stage, StageOutcome
from reminders.computing import recompute
from reminders.models import CarState, DueItem, Letter, OwnerDate, Reminder
from tests.catalogue import catalogue  # noqa: F401  (a fixture)
from tests.factories.accounts import UserFactory
from tests.factories.reminders import AT, TODAY, due_item, owned_car
from tests.factories.shops import ShopFactory
from tests.factories.visits import visit
from tests.reminders.rich import mistype, rich_car
from vehicles.models import Car, OdometerReading

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture(autouse=True)
def _english(client: Client) -> None:
    client.cookies["django_language"] = "en"


def address(car: Car, part: str = "") -> str:
    return reverse("reminders:health", args=[car.public_id]) + part


def page(client: Client, car: Car) -> str:
    client.force_login(car.owner)
    response = client.get(address(car))
    assert response.status_code == 200
    return response.content.decode()


def test_a_stranger_finds_no_such_car_and_a_visitor_signs_in(client: Client) -> None:
    car = owned_car()
    for part in ("", "dates/", "odometer/"):
        method = client.post if part else client.get
        assert reverse("account_login") in method(address(car, part)).url  # type: ignore[attr-defined]
    client.force_login(UserFactory())
    assert client.get(address(car)).status_code == 404
    assert client.post(address(car, "dates/")).status_code == 404
    assert client.post(address(car, "odometer/")).status_code == 404


def test_a_car_that_was_removed_is_gone(client: Client) -> None:
    car = owned_car(removed_at=AT)
    client.force_login(car.owner)
    assert client.get(address(car)).status_code == 404


@pytest.mark.usefixtures("catalogue")
def test_a_rich_record_is_drawn_with_its_figures_in_words(client: Client) -> None:
    car = rich_car(owner__language="en")
    mistype(car)
    found = page(client, car)
    assert "Health of your Volkswagen Lavida" in found
    assert "Soon" in found
    assert "Every 10,000 km or 12 months" in found
    assert f"/search/?car={car.public_id}&amp;service=minor_service" in found
    assert "401,000 km, questioned" in found
    assert "It looks like a digit too many or too few." in found
    assert "record-mark" in found  # the forecast crosses what is due
    assert "Brake fluid" in found
    assert "7\N{NO-BREAK SPACE}mm on 1 Dec 2025" in found
    assert "What each year has cost. The table below has the figures." in found
    assert "2 entries have no price and are not in any sum." in found
    assert "style=" not in found
    assert CarState.objects.get(car=car).computed_on == TODAY


@pytest.mark.usefixtures("catalogue")
def test_a_car_of_which_nothing_is_known_says_what_would_tell(client: Client) -> None:
    car = owned_car()
    found = page(client, car)
    assert "We know little of this car yet" in found
    assert "Enter what the odometer shows" in found
    assert 'id="due"' not in found
    assert '<svg class="chart' not in found


def test_rows_stand_under_what_they_are(client: Client) -> None:
    car = owned_car()
    due_item(car, days=-3, facts={"kind": "interval", "name_en": "Overdue thing"})
    due_item(car, days=-3, cycle="test", is_likely=True, facts={"kind": "test", "name_en": "Only likely"})
    due_item(car, days=60, cycle="soon", facts={"kind": "interval", "name_en": "Soon thing"})
    due_item(car, days=61, cycle="later", facts={"kind": "interval", "name_en": "Later thing"})
    late = due_item(car, days=5, cycle="off", facts={"kind": "interval", "name_en": "Put off thing"})
    DueItem.objects.filter(pk=late.pk).update(state=ItemState.DEFERRED, deferred_until=TODAY + timedelta(days=40))
    found = page(client, car)
    places = [
        found.index(words)
        for words in (
            "Overdue, or at its limit",
            "Overdue thing",
            "Only likely",
            "Soon thing",
            "Later thing",
            "Put off thing",
        )
    ]
    assert places == sorted(places)
    assert "Measure first" in found
    assert "You put it off until 2 Jan 2027." in found
    figures = found[found.index("health-figures") : found.index("</dl>")]
    assert [figures.count(f">{number}</dd>") for number in (1, 2)] == [1, 1]


def test_a_row_says_what_was_told_and_what_is_booked(client: Client) -> None:
    car = owned_car()
    item = due_item(car)
    letter = Letter.objects.create(owner=car.owner, kind=LetterKind.REMINDER, sent_at=AT)
    sent = {"outcome": StageOutcome.SENT, "letter": letter, "at": AT - timedelta(days=3)}
    Reminder.objects.create(item=item, round=1, stage=Stage.FIRST, **sent)
    found = page(client, car)
    assert "First notice on Fri 20 Nov" in found
    assert f"service={item.service}" in found
    booked = visit(ShopFactory(), owner=car.owner, car=car, starts_at=AT + timedelta(days=4), status=Status.CONFIRMED)
    assert booked.service.key == item.service
    found = page(client, car)
    assert "Booked for Fri 27 Nov" in found
    assert reverse("bookings:detail", args=[booked.public_id]) in found
    assert f"service={item.service}" not in found
    Booking.objects.filter(pk=booked.pk).update(status=Status.CHECKED_IN)
    found = page(client, car)
    assert "In the shop now" in found
    assert "Booked for" not in found


def test_what_no_shop_does_cannot_be_booked(client: Client) -> None:
    car = owned_car()
    fields = {"source": Source.INSURANCE, "subject": "owner:insurance", "service": "", "facts": {"kind": "insurance"}}
    due_item(car, **fields)
    found = page(client, car)
    assert "Compulsory insurance" in found
    assert "/search/?car=" + car.public_id + "&amp;" not in found


@pytest.mark.parametrize("count", [1, 3])
def test_the_page_asks_the_same_queries_for_any_number_of_rows(
    client: Client, count: int, django_assert_num_queries: Any
) -> None:
    car = owned_car()
    for place in range(count):
        due_item(car, days=place, cycle=f"c{place}")
    page(client, car)  # makes the record
    with django_assert_num_queries(21):
        client.get(address(car))


# --- What the owner enters ----------------------------------------------------------------------


def test_the_odometer_is_entered_and_everything_is_computed_anew(client: Client) -> None:
    car = owned_car()
    client.force_login(car.owner)
    response = client.post(address(car, "odometer/"), {"odometer_km": "58,240"})
    assert response.headers["Location"] == address(car, "#odometer")
    assert Car.objects.get(pk=car.pk).odometer_km == 58_240
    assert "58,240 km on" in client.get(address(car)).text


@pytest.mark.parametrize(
    ("typed", "said", "may_be_right"),
    [
        ("1999105", "digit", False),
        ("57000", "cannot go down", True),
        ("", "required", False),
        ("a\u202eb", "a number of kilometres", False),
    ],
)
def test_a_reading_that_cannot_be_is_refused_beside_the_field(
    client: Client, typed: str, said: str, may_be_right: bool
) -> None:
    car = owned_car(odometer_km=58_000, odometer_at=AT - timedelta(days=10))
    client.force_login(car.owner)
    response = client.post(address(car, "odometer/"), {"odometer_km": typed})
    assert response.status_code == 422
    form = response.context["odometer_form"]
    assert said in str(form.errors["odometer_km"])
    assert f'value="{typed}"' in response.text or not typed
    assert ("is_correction" in response.text) == may_be_right
    assert not OdometerReading.objects.exists()


def test_days_are_entered_and_taken_back(client: Client) -> None:
    car = owned_car()
    client.force_login(car.owner)
    response = client.post(address(car, "dates/"), {"insurance": "2027-01-14", "inspection": ""})
    assert response.headers["Location"] == address(car, "#dates")
    assert OwnerDate.objects.get(car=car).kind == OwnerDateKind.INSURANCE
    assert 'value="2027-01-14"' in client.get(address(car)).text
    client.post(address(car, "dates/"), {"insurance": "", "inspection": ""})
    assert 'value="2027-01-14"' not in client.get(address(car)).text
    assert OwnerDate.objects.filter(car=car).count() == 2


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("2099-01-01", "too far away"),
        ("2015-01-01", "long ago"),
        ("2019-06-01", "first registered"),
        ("2026-02-30", "valid date"),
        ("x" * 5_000, "valid date"),
    ],
)
def test_a_day_that_cannot_be_is_refused_beside_its_field_and_nothing_is_kept(
    client: Client, typed: str, said: str
) -> None:
    car = owned_car(delivered_on=date(2020, 1, 1) if said == "first registered" else None)
    client.force_login(car.owner)
    response = client.post(address(car, "dates/"), {"insurance": "2027-01-14", "inspection": typed})
    assert response.status_code == 422
    assert said in str(response.context["dates_form"].errors["inspection"])
    assert 'value="2027-01-14"' in response.text
    assert not OwnerDate.objects.exists()


# --- Many cars ----------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_the_garage_says_what_each_car_needs(client: Client, count: int, django_assert_num_queries: Any) -> None:
    car = owned_car()
    for _ in range(count - 1):
        due_item(owned_car(owner=car.owner), days=-1)
    due_item(car, days=-1)
    due_item(car, days=1, cycle="soon", facts={"kind": "interval", "name_en": "Cabin filter"})
    due_item(car, days=45, cycle="later", facts={"kind": "interval", "name_en": "Brake fluid"})
    client.force_login(car.owner)
    with django_assert_num_queries(5):  # session, person, cars, their items, whether these are fresh
        found = client.get(reverse("vehicles:garage")).text
    assert "1 overdue, 2 soon" in found
    assert found.count(">1 overdue<") == count - 1
    assert "Next: Minor service, Cabin filter" in found
    assert ">Now · 12 months<" in found
    assert address(car) in found
    assert "1 overdue, 2 soon" in client.get(reverse("vehicles:car_detail", args=[car.public_id])).text


def test_what_the_owner_put_off_or_dismissed_is_not_next(client: Client) -> None:
    car = owned_car()
    off = due_item(car, days=-1)
    due_item(car, days=20, cycle="soon", facts={"kind": "interval", "name_en": "Cabin filter"})
    client.force_login(car.owner)
    assert "Next: Minor service, Cabin filter" in client.get(reverse("vehicles:garage")).text
    actions.dismiss(item=off, by=car.owner, at=AT, reason=DismissReason.NOT_WANTED)
    found = client.get(reverse("vehicles:garage")).text
    assert "Next: Cabin filter" in found
    assert "1 due soon" in found
    assert "Dec 2026 · " in found


@pytest.mark.usefixtures("catalogue")
def test_the_items_say_what_the_plan_says() -> None:
    car = rich_car(owner__language="en")
    with translation.override("en"):
        by_plan = glance.glances([car], today=TODAY)[car.pk].next
        recompute.recompute_cars([car], today=TODAY, at=AT)
        by_items = glance.glances([car], today=TODAY)[car.pk].next
    assert by_plan.names
    assert (by_items.names, by_items.when, by_items.is_now) == (by_plan.names, by_plan.when, by_plan.is_now)


def test_a_car_that_is_waiting_to_be_computed_is_told_by_its_plan(client: Client) -> None:
    car = owned_car()
    CarState.objects.update(stale_since=AT)
    due_item(car, days=-1)
    client.force_login(car.owner)
    found = client.get(reverse("vehicles:garage")).text
    assert "Nothing can be planned yet" in found
    assert "1 overdue" in found
