"""The health record in the API."""

from __future__ import annotations

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from tests.factories.accounts import UserFactory
from tests.factories.records import recorded_car
from tests.vehicles.sample_record import know_points, sample_record
from vehicles.models import Car, HealthEntry, RecordGrant, RecordLink
from vehicles.record import known_items, known_shops
from vehicles.record.known_items import KnownItem
from vehicles.record.known_shops import KnownShop

pytestmark = pytest.mark.django_db
SHOP = KnownShop(key="k3v9m2x7c4q8t5zb", slug="shenchi-xuhui", name_zh="申驰汽修", name_en="Shenchi Auto")


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    know_points(monkeypatch)
    monkeypatch.setattr(known_items, "_providers", [lambda: [KnownItem("minor_service", "小保养", "Oil service")]])
    monkeypatch.setattr(known_shops, "_finders", [lambda query: [SHOP] if SHOP.slug in query.slugs else []])


@pytest.fixture
def api() -> APIClient:
    return APIClient()


def at(name: str, car: Car, *more: str) -> str:
    return reverse(f"vehicles_api:{name}", args=[car.public_id, *more])


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("record", ()),
        ("record_entries", ()),
        ("record_export", ("json",)),
        ("record_grants", ()),
        ("record_links", ()),
    ],
)
def test_only_the_owner_reads(api, name, more):
    car = recorded_car()
    address = at(name, car, *more)
    assert api.get(address).status_code in {401, 403}
    api.force_authenticate(UserFactory())
    assert api.get(address).status_code == 404
    api.force_authenticate(car.owner)
    assert api.get(address).status_code == 200
    assert api.put(address).status_code == 405


def test_the_record_and_its_entries(api):
    car, entries = sample_record()
    api.force_authenticate(car.owner)
    record = api.get(at("record", car)).json()
    assert record["is_intact"] is True
    assert record["head_hash"] == entries[-1].hash
    assert record["odometer"]["questioned"] == [{"on": "2024-02-06", "km": 13_120, "doubt": "corrected"}]
    assert len(record["odometer"]["believed"]) == 7
    found = api.get(at("record_entries", car)).json()
    assert found["count"] == 7
    assert found["results"][0]["private"]["plate"] == "沪AD8K21"
    assert [row["is_corrected"] for row in found["results"]].count(True) == 1


def test_an_own_entry_is_added_once(api):
    car = recorded_car()
    api.force_authenticate(car.owner)
    body = {
        "key": "one",
        "occurred_on": "2024-02-06",
        "odometer_km": 31_200,
        "items": [{"service": "minor_service"}, {"name": "Horn"}],
        "total_fen": 29_000,
    }
    first = api.post(at("record_entries", car), body, format="json")
    assert first.status_code == 201
    assert api.post(at("record_entries", car), body, format="json").json()["id"] == first.json()["id"]
    assert HealthEntry.objects.filter(source="owner").count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"occurred_on": "2099-01-01"}, "occurred_on"),
        ({"occurred_on": 5}, "occurred_on"),
        ({"occurred_on": "0001-01-01"}, "occurred_on"),
        ({"odometer_km": -1}, "odometer_km"),
        ({"odometer_km": "a"}, "odometer_km"),
        ({"items": []}, "items"),
        ({"items": "all"}, "items"),
        ({"items": [{"service": "gift"}]}, "items"),
        ({"items": [{}]}, "items"),
        ({"note": "a\x00b"}, "note"),
        ({"note": "x" * 100_000}, "note"),
        ({"total_fen": -1}, "total_fen"),
    ],
)
def test_a_wrong_entry_is_refused_with_its_field(api, change, field):
    car = recorded_car()
    api.force_authenticate(car.owner)
    body = {"occurred_on": "2024-02-06", "items": [{"service": "minor_service"}]} | change
    response = api.post(at("record_entries", car), body, format="json")
    assert response.status_code == 400
    assert field in response.json()["errors"]
    assert not HealthEntry.objects.filter(source="owner").exists()


def test_a_shop_is_let_to_read_and_ended(api):
    car = recorded_car()
    api.force_authenticate(car.owner)
    body = {"shop": SHOP.slug, "parts": ["visits"], "days": 30}
    assert api.post(at("record_grants", car), body, format="json").status_code == 201
    assert api.get(at("record_grants", car)).json()[0]["parts"] == ["visits"]
    for change in ({"shop": "nobody"}, {"parts": []}, {"parts": ["all"]}, {"days": 0}):
        assert api.post(at("record_grants", car), body | change, format="json").status_code == 400
    assert api.delete(at("record_grant", car, SHOP.key)).status_code == 204
    assert api.delete(at("record_grant", car, SHOP.key)).status_code == 404
    assert RecordGrant.objects.get().revoked_at is not None


def test_a_link_is_told_once_and_closed(api):
    car = recorded_car()
    api.force_authenticate(car.owner)
    made = api.post(at("record_links", car), {"days": 7}, format="json")
    assert made.status_code == 201
    assert made["Cache-Control"] == "no-store"
    assert api.get(made.json()["address"]).status_code == 200
    assert "address" not in api.get(at("record_links", car)).json()[0]
    assert api.post(at("record_links", car), {"days": 900}, format="json").status_code == 400
    assert api.delete(at("record_link", car, made.json()["id"])).status_code == 204
    assert api.get(made.json()["address"]).status_code == 404
    assert RecordLink.objects.get().revoked_at is not None


def test_every_kind_of_export_and_no_other(api):
    car, _entries = sample_record()
    api.force_authenticate(car.owner)
    for kind in ("pdf", "json", "national-csv", "national-json", "national-xml"):
        response = api.get(at("record_export", car, kind))
        assert response.status_code == 200
        assert "attachment" in response["Content-Disposition"]
    assert api.get(at("record_export", car, "exe")).status_code == 404


def test_the_first_registration_is_part_of_a_car(api):
    car = recorded_car(model_year=2021)
    api.force_authenticate(car.owner)
    address = reverse("vehicles_api:car", args=[car.public_id])
    assert api.patch(address, {"delivered_on": "2020-12-20"}, format="json").json()["delivered_on"] == "2020-12-20"
    response = api.patch(address, {"delivered_on": "2019-12-20"}, format="json")
    assert response.status_code == 400
    assert "delivered_on" in response.json()["errors"]
    assert api.patch(address, {"nickname": "x"}, format="json").json()["delivered_on"] == "2020-12-20"
