"""The owner's API while the car is in the shop: lines, decisions, messages, confirmations."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from bookings.choices import DecisionWay
from bookings.floor import lines, messages
from bookings.floor.lines import Author
from bookings.floor.messages import Speaker
from bookings.models import LineDecision
from shops.choices import Role
from tests.factories import floor
from tests.factories.accounts import UserFactory
from tests.factories.board import member
from tests.factories.floor import Asked
from tests.factories.jobs import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Iterator[None]:
    with time_machine.travel(NOW + timedelta(minutes=20), tick=False):
        yield


@pytest.fixture
def asked() -> Asked:
    return floor.asked(at=NOW, owner=UserFactory())


@pytest.fixture
def api(asked: Asked) -> APIClient:
    client = APIClient()
    client.force_authenticate(asked.owner)
    return client


def url(name: str, asked: Asked) -> str:
    return reverse(f"bookings_api:{name}", args=[asked.booking.public_id])


def decision(asked: Asked, word: str = "approve", **fields: Any) -> dict[str, Any]:
    return {"decisions": [{"line": asked.line.public_id, "version": 1, "decision": word, **fields}]}


def test_lines_come_with_price_advice_measurements_and_sums(api: APIClient, asked: Asked) -> None:
    body = api.get(url("lines", asked)).json()
    assert (body["approved_fen"], body["pending_fen"], body["if_all_fen"]) == (26_800, 42_000, 68_800)
    assert (body["stage"], body["final_fen"]) == ("waiting_owner", None)
    booked, proposed = body["lines"]
    assert (booked["origin"], booked["state"], booked["said"]["way"]) == ("booked", "approved", "booking")
    assert (proposed["id"], proposed["total_fen"], proposed["said"]) == (asked.line.public_id, 42_000, None)
    assert proposed["advice_verdict"] == "justified"
    assert proposed["measurements"][0]["value"] == "2.8"
    assert proposed["parts"] == [{"name": "TRW 前片一套", "code": "GDB3337", "quantity": "1", "unit_fen": 30_000}]


@pytest.mark.parametrize("count", [1, 3])
def test_lines_cost_the_same_queries_for_any_number(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    asked = floor.asked(at=NOW, owner=UserFactory(), drafts=[floor.pads_draft() for _ in range(count)])
    client = APIClient()
    client.force_authenticate(asked.owner)
    # visit with claims and services; visit afresh; lines, versions, decisions, photos
    with django_assert_num_queries(8):
        assert len(client.get(url("lines", asked)).json()["lines"]) == count + 1


def test_a_decision_is_taken_once_and_replayed(api: APIClient, asked: Asked) -> None:
    for _ in range(2):
        response = api.post(
            url("decisions", asked), decision(asked), format="json", headers={"Idempotency-Key": "tap-1"}
        )
        assert response.status_code == 200
        assert response.json()["approved_fen"] == 68_800
    said = LineDecision.objects.get(line=asked.line)
    assert (said.way, said.decision) == (DecisionWay.ACCOUNT, "approve")
    other = api.post(
        url("decisions", asked), decision(asked, "decline"), format="json", headers={"Idempotency-Key": "tap-1"}
    )
    assert other.status_code == 422


def test_a_changed_line_is_a_conflict_that_names_the_new_version(api: APIClient, asked: Asked) -> None:
    author = Author(asked.advisor, Role.ADVISOR)
    lines.change(line=asked.line, draft=floor.pads_draft(labour_fen=18_000), version=1, by=author, at=NOW)
    response = api.post(url("decisions", asked), decision(asked), format="json")
    assert response.status_code == 409
    body = response.json()
    assert (body["code"], body["line"], body["version"]) == ("line_changed", asked.line.public_id, 2)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"decisions": []},
        {"decisions": "approve"},
        {"decisions": [{"line": "a", "version": 0, "decision": "approve"}]},
        {"decisions": [{"line": "a", "version": 10**12, "decision": "approve"}]},
        {"decisions": [{"line": "\x00", "version": 1, "decision": "approve"}]},
        {"decisions": [{"line": "a", "version": 1, "decision": "sell"}]},
        {"decisions": [{"line": "a", "version": 1, "decision": "approve"}] * 2},
        {"decisions": [{"line": "a", "version": 1, "decision": "defer", "defer_until": "9999-99-99"}]},
        [],
    ],
)
def test_decisions_that_cannot_be_are_refused_with_their_field(api: APIClient, asked: Asked, body: Any) -> None:
    response = api.post(url("decisions", asked), body, format="json")
    assert response.status_code == 400
    assert response.json()["errors"]
    assert not LineDecision.objects.filter(line=asked.line).exists()


def test_a_reminder_in_the_past_names_its_field(api: APIClient, asked: Asked) -> None:
    response = api.post(url("decisions", asked), decision(asked, "defer", defer_until="2026-01-01"), format="json")
    assert response.status_code == 400
    assert list(response.json()["errors"]) == ["defer_until"]


def test_a_line_of_another_visit_is_missing(api: APIClient, asked: Asked) -> None:
    other = floor.asked(at=NOW, owner=UserFactory())
    assert api.post(url("decisions", asked), decision(other), format="json").status_code == 404


@pytest.mark.parametrize("name", ["lines", "messages", "own_check_in"])
def test_what_is_read_is_the_owners_alone(api: APIClient, asked: Asked, name: str) -> None:
    assert api.get(url(name, asked)).status_code == 200
    api.force_authenticate(UserFactory())
    assert api.get(url(name, asked)).status_code == 404
    assert APIClient().get(url(name, asked)).status_code == 401


@pytest.mark.parametrize("name", ["decisions", "messages", "own_check_in", "own_handover"])
def test_what_is_said_is_the_owners_alone(api: APIClient, asked: Asked, name: str) -> None:
    sent = {**decision(asked), "text": "x", "seen": "x"}
    api.force_authenticate(UserFactory())
    assert api.post(url(name, asked), sent, format="json").status_code == 404
    assert APIClient().post(url(name, asked), sent, format="json").status_code == 401
    assert api.delete(url(name, asked)).status_code == 405


def test_messages_are_said_and_read(api: APIClient, asked: Asked) -> None:
    response = api.post(url("messages", asked), {"text": "Is it done?"}, format="json")
    assert response.status_code == 201
    (said,) = api.get(url("messages", asked)).json()
    assert (said["text"], said["is_from_owner"], said["photos"]) == ("Is it done?", True, [])
    for bad in ("", "x" * 1001, "\x00", None, ["x"]):
        assert api.post(url("messages", asked), {"text": bad}, format="json").status_code == 400


def test_photos_of_messages_have_addresses_that_their_reader_can_open(api: APIClient, asked: Asked) -> None:
    photo = floor.clean_photo()
    messages.say(booking=asked.booking, text="", by=Speaker(True, asked.owner), at=NOW, cleaned=[photo])
    advisor, staff = member(asked.booking.shop, Role.ADVISOR), APIClient()
    staff.force_authenticate(advisor)
    shops_url = reverse("bookings_api:shop_messages", args=[asked.booking.shop.slug, asked.booking.public_id])
    for reader, said_at, person in ((api, url("messages", asked), asked.owner), (staff, shops_url, advisor)):
        (said,) = reader.get(said_at).json()
        (address,) = said["photos"]
        browser = Client()
        browser.force_login(person)
        assert browser.get(address).status_code == 200


def test_the_sheet_is_confirmed_in_the_version_that_was_read(api: APIClient, asked: Asked) -> None:
    sheet = api.get(url("own_check_in", asked)).json()
    assert (sheet["odometer_km"], sheet["fuel_percent"], sheet["confirmed_at"]) == (58_263, 40, None)
    assert api.post(url("own_check_in", asked), {"seen": "another"}, format="json").status_code == 409
    assert api.post(url("own_check_in", asked), {}, format="json").status_code == 400
    confirmed = api.post(url("own_check_in", asked), {"seen": sheet["version"]}, format="json").json()
    assert confirmed["confirmed_at"] is not None


def test_the_handover_is_confirmed_once_it_is_time(api: APIClient, asked: Asked) -> None:
    assert api.post(url("own_handover", asked)).status_code == 409
    api.post(url("decisions", asked), decision(asked, "decline"), format="json")
    floor.make_ready(asked.booking, by=asked.advisor, at=NOW)
    body = api.post(url("own_handover", asked)).json()
    assert body["handover_confirmed_at"] is not None
    assert body["final_fen"] == 26_800
