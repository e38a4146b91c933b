"""POST /api/v1/advice/: anybody may ask, what is sent is checked, and the answer is that of the pure function."""

from datetime import date
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from catalog.advice import loading
from catalog.advice.belief import believe
from catalog.advice.facts import CarFacts, RecordFacts
from catalog.advice.loading import Adviser
from catalog.choices import AdviceRule, AdviceVerdict
from catalog.models import OverMaintenanceRule
from tests.catalogue import catalogue  # noqa: F401
from tests.factories.accounts import UserFactory
from tests.factories.vehicles import CarFactory
from vehicles.models import Variant

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("catalogue")]

URL = "/api/v1/advice/"
CAR = {
    "variant": "volkswagen-lavida-1-4t",
    "delivered_on": "2021-03-10",
    "odometer_km": 58240,
    "odometer_on": "2026-11-22",
}
TODAY = "2026-11-22"


def ask(*proposals: dict[str, Any], language: str = "en", **order: Any) -> Any:
    body = {"car": CAR, "proposals": list(proposals), "today": TODAY, **order}
    return Client().post(URL, body, content_type="application/json", headers={"Accept-Language": language})


def one(proposal: dict[str, Any], **order: Any) -> dict[str, Any]:
    response = ask(proposal, **order)
    assert response.status_code == 200, response.json()
    advice: dict[str, Any] = response.json()["advice"][0]
    return advice


def test_the_maker_schedule_decides_and_says_so_in_words() -> None:
    record = [{"service": "minor_service", "on": "2026-05-22", "km": 49000}]
    advice = one({"service": "minor_service"}, record=record)
    assert (advice["verdict"], advice["rule"]) == ("can_wait", "maker_schedule")
    assert advice["numbers"]["used"] == "231/250"
    assert (advice["numbers"]["due_km"], advice["numbers"]["due_on"]) == (59000, "2027-05-22")
    assert advice["words"] == {
        "verdict": "Can wait",
        "reason": "Last done on 22 May 2026. Of the maker's interval (10,000 km or 12 months), 92 % is used.",
        "change": ["Due at 59,000 km", "Due on 22 May 2027"],
        "payer": "",
    }
    assert advice["source"]
    assert advice["confidence"] == "likely"


@pytest.mark.parametrize(
    ("on", "km", "words"),
    [
        ("2026-05-22", 48_000, "102 % is used. It was due at 58,000 km."),
        ("2026-05-22", 48_500, "97 % is used. It is due at 58,500 km."),
        ("2025-11-01", 57_000, "is used. It was due on 1 Nov 2026."),
        ("2025-11-26", 57_000, "98 % is used. It is due on 26 Nov 2026."),
    ],
)
def test_what_is_due_names_the_kilometres_or_the_day_that_made_it_due(on: str, km: int, words: str) -> None:
    advice = one({"service": "minor_service"}, record=[{"service": "minor_service", "on": on, "km": km}])
    assert advice["verdict"] == "due_now"
    assert words in advice["words"]["reason"]


@pytest.mark.parametrize("measure", ["engine_flush", "engine_bay_wash"])
def test_what_is_rarely_needed_says_why_of_this_very_measure(measure: str) -> None:
    rule = OverMaintenanceRule.objects.get(key=measure)
    advice = one({"measure": measure})
    assert advice["verdict"] == "mostly_unnecessary"
    assert rule.why_en
    assert advice["words"]["reason"].endswith(f" {rule.why_en}")


def test_many_proposals_are_answered_in_order() -> None:
    found = ask(
        {"service": "brake_pads_front"},
        {"measure": "engine_bay_wash"},
        {"text": "涡轮深度养护套餐"},
        {"service": "ev_battery_check"},
        {"service": "car_wash"},
    ).json()["advice"]
    assert [(entry["verdict"], entry["rule"]) for entry in found] == [
        ("unknown", "not_measured"),
        ("mostly_unnecessary", "harmful"),
        ("unknown", "free_text"),
        ("not_needed", "not_on_this_car"),
        ("not_needed", "wish"),
    ]
    assert found[1]["is_harmful"] is True
    assert found[0]["words"]["change"] == ["Measure: Front brake pads"]


def test_measurements_and_their_limit_justify() -> None:
    readings = [{"point": "pad_front_left_inner", "value": "3.0"}]
    advice = one({"service": "brake_pads_front"}, measurements=readings)
    assert (advice["verdict"], advice["numbers"]["value"], advice["numbers"]["limit"]) == ("justified", "3", "3")
    assert advice["words"]["reason"] == "Brake pad front left, inner: 3 mm on 22 Nov 2026. The limit is 3 mm."


def test_symptoms_and_codes_are_evidence() -> None:
    assert one({"service": "wheel_alignment"})["verdict"] == "mostly_unnecessary"
    assert one({"service": "wheel_alignment"}, symptoms=["pulls"])["verdict"] == "justified"
    assert one({"measure": "fuel_line_cleaning"}, fault_codes=["p0302"])["verdict"] == "justified"


@pytest.mark.parametrize("outcome", ["declined", "deferred", "not_needed"])
def test_what_was_not_done_is_not_done(outcome: str) -> None:
    record = [{"service": "cabin_filter", "on": "2026-11-01", "km": 58000, "outcome": outcome}]
    assert one({"service": "cabin_filter"}, record=record)["rule"] == "no_entry"


def test_the_shop_pays_within_its_warranty() -> None:
    record = [{"service": "battery_12v", "on": "2026-11-15", "km": 58000, "shop": "shenchi"}]
    advice = one({"service": "battery_12v"}, record=record, measurements=[{"point": "battery_cca", "value": "40"}])
    assert (advice["verdict"], advice["who_pays"]) == ("justified", "shop")
    assert advice["words"]["payer"] == (
        "The shop has to put right a defect of the last work until 25 Nov 2026 or 60,000 km."
    )


def test_every_service_of_every_variant_gets_an_answer() -> None:
    """Whatever the fixture says of a car, there is a verdict with words, and nothing raises."""
    today = date(2026, 11, 22)
    for variant in Variant.objects.with_names():
        book = loading.facts_for(variant)
        car = CarFacts(variant.powertrain, delivered_on=date(2023, 1, 1), odometer_km=61_000)
        adviser = Adviser(book, believe(car, RecordFacts(), (), today))
        asked = [*({"service": key} for key in book.items), *({"measure": key} for key in book.measures)]
        for proposal in asked:
            advice = adviser.on(**proposal)
            words = adviser.words(advice)
            assert words.verdict
            assert words.reason.strip()
            assert "None" not in words.reason
            assert AdviceVerdict(advice.verdict)
            assert AdviceRule(advice.rule)


def test_the_words_are_in_the_language_of_the_request() -> None:
    response = ask({"service": "brake_pads_front"}, language="zh-Hans").json()["advice"][0]
    assert response["words"]["change"][0].endswith("前刹车片厚度")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"measurements": [{"point": "pad_front_left_inner", "value": "-1"}]}, "measurements"),
        ({"measurements": [{"point": "pad_front_left_inner", "value": "26"}]}, "measurements"),
        ({"measurements": [{"point": "pad_front_left_inner", "value": "NaN"}]}, "measurements"),
        ({"measurements": [{"point": "magic", "value": "1"}]}, "measurements"),
        ({"measurements": [{"point": "pad_front_left_inner", "value": "1"}] * 301}, "measurements"),
        ({"record": [{"service": "cabin_filter", "on": TODAY}] * 10_000}, "record"),
        ({"record": [{"service": "magic", "on": TODAY}]}, "record"),
        ({"record": [{"service": "cabin_filter", "on": "yesterday"}]}, "record"),
        ({"record": [{"service": "cabin_filter", "on": TODAY, "km": -1}]}, "record"),
        ({"record": [{"service": "cabin_filter", "on": TODAY, "shop": "a\x00b"}]}, "record"),
        ({"record": [{"service": "cabin_filter", "on": TODAY, "price": 3}]}, "record"),
        ({"record": "all of it"}, "record"),
        ({"symptoms": ["magic"]}, "symptoms"),
        ({"fault_codes": ["P03"]}, "fault_codes"),
        ({"proposals": []}, "proposals"),
        ({"proposals": [{}]}, "proposals"),
        ({"proposals": [{"service": "magic"}]}, "proposals"),
        ({"proposals": [{"measure": "cabin_filter"}]}, "proposals"),
        ({"proposals": [{"service": "cabin_filter", "measure": "engine_flush"}]}, "proposals"),
        ({"proposals": [{"text": "x" * 100_000}]}, "proposals"),
        ({"proposals": [{"service": "cabin_filter"}] * 101}, "proposals"),
        ({"car": {"variant": "magic"}}, "car"),
        ({"car": {}}, "car"),
        ({"car": {**CAR, "odometer_km": 10_000_000}}, "car"),
        ({"car": {**CAR, "odometer_km": "NaN"}}, "car"),
        ({"car": {**CAR, "id": "abc"}}, "car"),
        ({"car": None}, "car"),
        ({"today": "2150-01-01"}, "today"),
        ({"mood": "good"}, "mood"),
    ],
)
def test_what_cannot_be_right_is_refused_with_its_field(change: dict[str, Any], field: str) -> None:
    body = {"car": CAR, "proposals": [{"service": "cabin_filter"}], **change}
    response = Client().post(URL, body, content_type="application/json")
    assert response.status_code == 400, response.content[:300]
    assert field in response.json()["errors"]


def test_an_own_car_brings_its_own_facts() -> None:
    owner = UserFactory()
    car = CarFactory(owner=owner, variant=Variant.objects.get(slug=CAR["variant"]), odometer_km=None)
    client = APIClient()
    body = {"car": {"id": car.public_id}, "proposals": [{"service": "cabin_filter"}]}
    assert client.post(URL, body, format="json").status_code == 401
    client.force_authenticate(UserFactory())
    assert client.post(URL, body, format="json").status_code == 404
    client.force_authenticate(owner)
    assert client.post(URL, body, format="json").json()["advice"][0]["verdict"] == "unknown"
    refused = client.post(URL, {**body, "record": [{"service": "cabin_filter", "on": TODAY}]}, format="json")
    assert (refused.status_code, list(refused.json()["errors"])) == (400, ["record"])


def test_only_post_is_answered() -> None:
    assert Client().get(URL).status_code == 405
