"""What an owner says about something that is due, on its pages and in its place: nothing is lost when it is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from reminders.choices import DismissReason, ItemState, Source
from reminders.models import DueEvent, DueItem
from tests.factories.accounts import UserFactory
from tests.factories.reminders import AT, TODAY, due_item, owned_car
from vehicles.models import Car, HealthEntry

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture(autouse=True)
def _english(client: Client) -> None:
    client.cookies["django_language"] = "en"


@pytest.fixture
def car(client: Client) -> Car:
    made = owned_car(delivered_on=date(2021, 12, 20), odometer_km=58_000, odometer_at=AT - timedelta(days=30))
    client.force_login(made.owner)
    return made


@pytest.fixture
def item(car: Car) -> DueItem:
    return due_item(car, cycle="2025-12-03")


def address(item: DueItem, act: str) -> str:
    return reverse(f"reminders:{act}", args=[item.car.public_id, item.public_id])


def health(item: DueItem) -> str:
    return reverse("reminders:health", args=[item.car.public_id])


def post(client: Client, item: DueItem, act: str, **said: Any) -> HttpResponse:
    return client.post(address(item, act), said)  # type: ignore[return-value]


def state(item: DueItem) -> str:
    return DueItem.objects.get(pk=item.pk).state


@pytest.mark.parametrize(
    ("act", "said", "becomes"),
    [
        ("done", {"on": "2026-11-20", "odometer_km": "58,240"}, ItemState.DONE),
        ("done", {"on": "2026-11-20", "odometer_km": ""}, ItemState.DONE),
        ("defer", {"until": "2026-12-24"}, ItemState.DEFERRED),
        ("dismiss", {"reason": DismissReason.NOT_WANTED, "note": "sold in spring"}, ItemState.DISMISSED),
    ],
)
def test_owner_says_what_becomes_of_it(
    client: Client, item: DueItem, act: str, said: dict[str, str], becomes: ItemState
) -> None:
    form = client.get(address(item, act))
    assert form.status_code == 200
    assert "<!DOCTYPE html>" in form.text
    response = post(client, item, act, **said)
    assert (response.status_code, response.headers["Location"]) == (302, f"{health(item)}#due")
    assert state(item) == becomes
    assert DueEvent.objects.filter(item=item, by=item.owner).count() == 1


def test_what_was_done_stands_in_the_record(client: Client, item: DueItem) -> None:
    post(client, item, "done", on="2026-11-20", odometer_km="58240")
    entry = HealthEntry.objects.get()
    assert (entry.occurred_on, entry.odometer_km) == (date(2026, 11, 20), 58_240)
    assert entry.facts["items"][0]["service"] == item.service


@pytest.mark.parametrize(
    ("act", "said", "field", "words"),
    [
        ("done", {"on": "2026-11-24"}, "on", "has not come"),
        ("done", {"on": "2021-01-01"}, "on", ""),
        ("done", {"on": ""}, "on", "required"),
        ("done", {"on": "2026-11-31"}, "on", "valid date"),
        ("done", {"on": "2026-11-20", "odometer_km": "1999105"}, "odometer_km", ""),
        ("done", {"on": "2026-11-20", "odometer_km": "many"}, "odometer_km", ""),
        ("done", {"on": "2026-11-20", "odometer_km": "20,000"}, "odometer_km", "58,000 km on 24 Oct 2026"),
        ("defer", {"until": "2026-11-23"}, "until", "after today"),
        ("defer", {"until": "2027-11-25"}, "until", "within a year"),
        ("defer", {"until": "9" * 5_000}, "until", "valid date"),
        ("dismiss", {"note": "never mind"}, "reason", "Choose a reason"),
        ("dismiss", {"reason": "because", "note": "never mind"}, "reason", "valid choice"),
        ("dismiss", {"reason": "wrong", "note": "x" * 201}, "note", "200"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(
    client: Client, item: DueItem, act: str, said: dict[str, str], field: str, words: str
) -> None:
    for headers in ({}, HTMX):
        response = client.post(address(item, act), said, headers=headers)
        assert response.status_code == 422
        form = response.context["form"]
        assert list(form.errors) == [field]
        assert words in str(form.errors[field])
        assert all(typed in response.text for name, typed in said.items() if name != "reason")
        assert ("<!DOCTYPE html>" in response.text) is (not headers)
    assert state(item) == ItemState.OPEN
    assert not HealthEntry.objects.exists()


def test_in_its_place_the_list_follows(client: Client, item: DueItem) -> None:
    form = client.get(address(item, "defer"), headers=HTMX)
    assert form.text.strip().startswith("<form")
    assert 'value="2026-12-23"' in form.text  # a month is proposed
    response = client.post(address(item, "defer"), {"until": "2026-12-24"}, headers=HTMX)
    assert response.status_code == 200
    assert (response.headers["HX-Retarget"], response.headers["HX-Reswap"]) == ("#due", "outerHTML")
    assert response.text.strip().startswith('<section class="card" id="due"')
    assert "You put it off until 24 Dec 2026." in response.text
    assert "Take it up again" in response.text
    assert '<dd id="count-overdue" hx-swap-oob="true">0</dd>' in response.text  # the counts above the list follow, too
    assert '<dd id="count-soon" hx-swap-oob="true">0</dd>' in response.text


@pytest.mark.parametrize("act", ["done", "defer", "dismiss"])
def test_a_form_on_a_page_of_its_own_is_sent_as_a_page(client: Client, item: DueItem, act: str) -> None:
    """There is no list in whose place an answer could be put."""
    assert "hx-post" in client.get(address(item, act), headers=HTMX).text
    page = client.get(address(item, act)).text
    assert "hx-post" not in page
    assert f'action="{address(item, act)}"' in page


def test_what_was_dismissed_is_taken_up_again(client: Client, item: DueItem) -> None:
    post(client, item, "dismiss", reason=DismissReason.WRONG)
    page = client.get(health(item)).text
    assert "Dismissed: The day is wrong" in page
    assert address(item, "reopen") in page
    assert client.get(address(item, "reopen")).status_code == 405
    assert post(client, item, "reopen").status_code == 302
    assert state(item) == ItemState.OPEN


def test_what_was_settled_meanwhile_says_so_and_stays(client: Client, item: DueItem) -> None:
    DueItem.objects.filter(pk=item.pk).update(state=ItemState.DONE, closed_at=AT, next_stage_on=None)
    response = client.post(address(item, "defer"), {"until": "2026-12-24"}, headers=HTMX)
    assert "settled meanwhile" in response.text
    assert response.headers["HX-Retarget"] == "#due"
    assert post(client, item, "dismiss", reason=DismissReason.WRONG).status_code == 302
    assert "settled meanwhile" in client.get(health(item)).text
    assert state(item) == ItemState.DONE
    assert post(client, item, "reopen").status_code == 302
    assert state(item) == ItemState.DONE


def test_an_insurance_is_renewed_without_an_odometer(client: Client, car: Car) -> None:
    fields = {"source": Source.INSURANCE, "subject": "owner:insurance", "service": "", "facts": {"kind": "insurance"}}
    item = due_item(car, **fields)
    assert "odometer_km" not in client.get(address(item, "done")).context["form"].fields
    assert post(client, item, "done", on="2026-11-20").status_code == 302
    assert state(item) == ItemState.DONE
    assert not HealthEntry.objects.exists()


@pytest.mark.parametrize("act", ["done", "defer", "dismiss", "reopen"])
def test_anothers_item_is_not_found(client: Client, item: DueItem, act: str) -> None:
    said = {"on": "2026-11-20", "until": "2026-12-24", "reason": "wrong"}
    other = due_item(cycle="other")
    mixed = reverse(f"reminders:{act}", args=[item.car.public_id, other.public_id])
    assert client.post(mixed, said).status_code == 404
    assert client.post(address(other, act), said).status_code == 404
    client.force_login(UserFactory())
    assert client.post(address(item, act), said).status_code == 404
    Client().post(address(item, act), said)
    assert set(DueItem.objects.values_list("state", flat=True)) == {ItemState.OPEN}


def test_the_forms_propose_days(client: Client, item: DueItem) -> None:
    assert f'value="{TODAY.isoformat()}"' in client.get(address(item, "done")).text
