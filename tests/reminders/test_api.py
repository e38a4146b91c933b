"""What cars need over the API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from rest_framework.test import APIClient

from reminders.choices import ItemState
from reminders.models import DueItem, OwnerDate
from tests.catalogue import catalogue  # noqa: F401  (a fixture)
from tests.factories.accounts import UserFactory
from tests.factories.reminders import AT, due_item, owned_car
from tests.reminders.rich import rich_car
from vehicles.models import Car

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(AT, tick=False):
        yield


def api_of(user: Any) -> APIClient:
    api = APIClient(headers={"accept-language": "en"})
    api.force_authenticate(user)
    return api


def path(car: Car, rest: str) -> str:
    return f"/api/v1/cars/{car.public_id}/{rest}"


def test_due_items_have_numbers_words_and_source() -> None:
    car = owned_car()
    item = due_item(car, due_km=60_000)
    (row,) = api_of(car.owner).get(path(car, "due/")).json()
    assert row["id"] == item.public_id
    assert (row["standing"], row["state"], row["source"]) == ("soon", "open", "schedule")
    assert (row["due_on"], row["earliest_on"], row["latest_on"]) == ("2026-12-03", "2026-11-30", "2026-12-06")
    assert (row["due_km"], row["service"], row["is_likely"]) == (60_000, "minor_service", False)
    assert row["title"] == "Minor service"
    assert row["when"] == "about 3 Dec 2026"
    assert row["why"].startswith("Every 12 months")
    assert row["source_text"] == "general interval"
    assert (row["told"], row["deferred_until"], row["price"]) == ([], None, None)


@pytest.mark.parametrize(
    ("act", "body", "state"),
    [
        ("done", {"on": "2026-11-20", "odometer_km": 58_240}, ItemState.DONE),
        ("done", {"on": "2026-11-20"}, ItemState.DONE),
        ("defer", {"until": "2026-12-24"}, ItemState.DEFERRED),
        ("dismiss", {"reason": "not_wanted"}, ItemState.DISMISSED),
    ],
)
def test_owner_says_what_becomes_of_an_item(act: str, body: dict[str, Any], state: ItemState) -> None:
    item = due_item(cycle="2025-12-03")
    api = api_of(item.owner)
    answer = api.post(path(item.car, f"due/{item.public_id}/{act}/"), body, format="json")
    assert answer.status_code == 200
    assert (answer.json()["id"], answer.json()["state"]) == (item.public_id, state)
    if state in (ItemState.DEFERRED, ItemState.DISMISSED):
        answer = api.post(path(item.car, f"due/{item.public_id}/reopen/"))
        assert answer.json()["state"] == ItemState.OPEN


@pytest.mark.parametrize(
    ("act", "body", "field"),
    [
        ("done", {}, "on"),
        ("done", {"on": "2026-11-24"}, "on"),
        ("done", {"on": ["2026-11-20"]}, "on"),
        ("done", {"on": "2026-11-20", "odometer_km": 1_999_105}, "odometer_km"),
        ("done", {"on": "2026-11-20", "odometer_km": {"km": 1}}, "odometer_km"),
        ("defer", {"until": "2026-11-23"}, "until"),
        ("defer", {"until": "2027-11-25"}, "until"),
        ("dismiss", {"reason": "because"}, "reason"),
        ("dismiss", {"reason": "wrong", "note": "x" * 201}, "note"),
        ("dismiss", {"reason": "wrong", "note": "a\x00b"}, "note"),
    ],
)
def test_what_cannot_be_is_a_400_that_names_the_field(act: str, body: dict[str, Any], field: str) -> None:
    item = due_item(cycle="2025-12-03")
    answer = api_of(item.owner).post(path(item.car, f"due/{item.public_id}/{act}/"), body, format="json")
    assert answer.status_code == 400
    assert list(answer.json().get("errors", {field: ""})) == [field]
    assert DueItem.objects.get(pk=item.pk).state == ItemState.OPEN


def test_kilometres_that_the_readings_contradict_are_a_400_that_says_which() -> None:
    item = due_item(owned_car(odometer_km=58_000, odometer_at=AT - timedelta(days=30)), cycle="2025-12-03")
    body = {"on": "2026-11-20", "odometer_km": 20_000}
    answer = api_of(item.owner).post(path(item.car, f"due/{item.public_id}/done/"), body, format="json")
    assert answer.status_code == 400
    assert "58,000 km on 24 Oct 2026" in str(answer.json()["errors"]["odometer_km"])
    assert DueItem.objects.get(pk=item.pk).state == ItemState.OPEN


def test_what_is_settled_is_a_conflict() -> None:
    item = due_item()
    DueItem.objects.filter(pk=item.pk).update(state=ItemState.DONE, closed_at=AT, next_stage_on=None)
    answer = api_of(item.owner).post(
        path(item.car, f"due/{item.public_id}/defer/"), {"until": "2026-12-24"}, format="json"
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "item_closed")


def test_another_persons_car_and_item_are_not_found_before_the_body_is_read() -> None:
    item, other = due_item(), due_item(cycle="other")
    api = api_of(UserFactory())
    for rest in ("due/", "dates/", "health/"):
        assert api.get(path(item.car, rest)).status_code == 404
        assert APIClient().get(path(item.car, rest)).status_code in (401, 403)
    assert api.put(path(item.car, "dates/"), {"insurance": "nonsense"}, format="json").status_code == 404
    for act in ("done", "defer", "dismiss", "reopen"):
        assert api.post(path(item.car, f"due/{item.public_id}/{act}/"), {}, format="json").status_code == 404
        mixed = path(item.car, f"due/{other.public_id}/{act}/")
        assert api_of(item.owner).post(mixed, {}, format="json").status_code == 404


def test_days_are_put_and_taken_back() -> None:
    car = owned_car()
    api = api_of(car.owner)
    assert api.get(path(car, "dates/")).json() == {"insurance": None, "inspection": None}
    said = {"insurance": "2027-01-14", "inspection": "2027-12-31"}
    assert api.put(path(car, "dates/"), said, format="json").json() == said
    assert api.get(path(car, "dates/")).json() == said
    gone = {"insurance": None, "inspection": "2027-12-31"}
    assert api.put(path(car, "dates/"), gone, format="json").json() == gone


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"insurance": "2027-01-14"}, "inspection"),
        ({"insurance": "2027-01-14", "inspection": "2099-01-01"}, "inspection"),
        ({"insurance": 20270114, "inspection": None}, "insurance"),
    ],
)
def test_days_that_cannot_be_are_refused_and_none_is_kept(body: dict[str, Any], field: str) -> None:
    car = owned_car()
    answer = api_of(car.owner).put(path(car, "dates/"), body, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not OwnerDate.objects.exists()


@pytest.mark.usefixtures("catalogue")
def test_health_in_figures() -> None:
    car = rich_car()
    body = api_of(car.owner).get(path(car, "health/")).json()
    assert body["is_rate_by_prior"] is False
    assert 24 < body["rate"]["km_per_day"] < 26
    assert body["costs"]["years"][0] == {"year": 2022, "fen": 26_800, "priced": 1, "unpriced": 0}
    pads = next(part for part in body["wear"] if part["point"] == "pad_front_left_inner")
    assert (pads["limit"], pads["unit"], len(pads["values"])) == ("3", "mm", 4)
    end = {name: date.fromisoformat(day) for name, day in pads["end"].items()}
    assert end["earliest"] < end["on"] < end["latest"]
    assert end["on"] - AT.date() > timedelta(days=365)


def test_health_of_a_car_of_which_nothing_is_known() -> None:
    car = owned_car()
    body = api_of(car.owner).get(path(car, "health/")).json()
    assert (body["overdue"], body["soon"], body["rate"], body["wear"], body["costs"]) == (0, 0, None, [], None)
