"""Combustion kilometres of plug-ins: entered beside the odometer, refused where no display can show them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from core.errors import InvalidInput
from core.models import OutboxEvent
from tests.factories.vehicles import BatteryVariantFactory, CarFactory, VariantFactory
from vehicles import actions
from vehicles.actions import EngineDecreasedError, NotAPlugInError
from vehicles.choices import OdometerSource
from vehicles.models import Car, EngineReading, OdometerReading
from vehicles.record.combustion import Reading, percent, percents

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)


def plug_in(km: int | None = None, **fields: Any) -> Car:
    """A BYD-like plug-in hybrid, read at `km` just now."""
    variant = VariantFactory(slug="qin-plus-dm-i", code="DM-i", powertrain="phev")
    car = CarFactory(variant=variant, **fields)
    if km is not None:
        read(car, km)
    return car


def read(car: Car, km: int, at: datetime = NOW) -> None:
    actions.record_odometer(car=car, km=km, by=car.owner, source=OdometerSource.OWNER, at=at)


def engine(car: Car, km: int, at: datetime = NOW, **more: Any) -> EngineReading:
    return actions.record_engine_km(car=car, km=km, by=car.owner, at=at, **more)


@pytest.mark.parametrize(
    ("readings", "share"),
    [
        ([], None),
        ([Reading(3_800, 10_000)], 38),
        ([Reading(300, 900)], None),
        ([Reading(10_000, 10_000)], 100),
        ([Reading(0, 10_000)], 20),
        ([Reading(5_000, 10_000), Reading(5_600, 12_000)], 30),
        ([Reading(5_000, 10_000), Reading(5_500, 10_500)], 52),
        ([Reading(9_000, 10_000), Reading(4_000, 12_000, is_correction=True)], 33),
    ],
)
def test_the_share_goes_by_the_last_two_readings_or_since_new(readings: list[Reading], share: int | None) -> None:
    assert percent(readings) == share


@pytest.mark.django_db
def test_a_reading_is_kept_beside_the_odometer_and_told_of() -> None:
    car = plug_in(10_000)
    OutboxEvent.objects.all().delete()
    reading = engine(car, 3_800)
    assert (reading.km, reading.odometer_km, reading.by) == (3_800, 10_000, car.owner)
    assert [event.key for event in OutboxEvent.objects.filter(topic="car.changed")] == [car.public_id]
    assert percents([car, CarFactory()]) == {car.pk: 38}


@pytest.mark.django_db
def test_what_no_display_can_show_is_refused_and_not_stored() -> None:
    car = plug_in(10_000)
    for km in (10_001, -1):
        with pytest.raises(InvalidInput) as caught:
            engine(car, km)
        assert caught.value.field == "engine_km"
    engine(car, 3_800)
    read(car, 10_400, NOW + timedelta(days=9))
    for km in (3_799, 4_201):
        with pytest.raises(EngineDecreasedError):
            engine(car, km, NOW + timedelta(days=9))
    assert engine(car, 4_200, NOW + timedelta(days=9)).odometer_km == 10_400
    assert engine(car, 3_000, NOW + timedelta(days=9, hours=1), is_correction=True).is_correction
    assert EngineReading.objects.count() == 3


@pytest.mark.django_db
@pytest.mark.parametrize("days", [None, 2])
def test_both_are_read_together(days: int | None) -> None:
    car = plug_in()
    if days:
        read(car, 10_000, NOW - timedelta(days=days))
    with pytest.raises(InvalidInput, match=r"both are read together|同时"):
        engine(car, 3_800)


@pytest.mark.django_db
@pytest.mark.parametrize("variant", [VariantFactory, BatteryVariantFactory])
def test_other_cars_have_none(variant: Any) -> None:
    car = CarFactory(variant=variant())
    read(car, 10_000)
    with pytest.raises(NotAPlugInError):
        engine(car, 3_800)
    assert not EngineReading.objects.exists()


@pytest.mark.django_db
def test_the_database_refuses_changes_and_more_than_the_odometer() -> None:
    reading = engine(plug_in(10_000), 3_800)
    with pytest.raises(DatabaseError), transaction.atomic():
        EngineReading.objects.filter(pk=reading.pk).update(km=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        EngineReading.objects.create(car=reading.car, km=10_001, odometer_km=10_000, read_at=NOW)


@pytest.mark.django_db
def test_the_next_owner_starts_without() -> None:
    car = plug_in(10_000)
    engine(car, 3_800)
    assert percents([plug_in(10_000, plate="沪A00001")]) == {}


# --- On the page and over the API -----------------------------------------------------------------


@pytest.fixture
def owner(client: Client) -> Client:
    client.cookies["django_language"] = "en"
    return client


@pytest.mark.django_db
def test_the_owner_of_a_plug_in_enters_both_at_once(owner: Client) -> None:
    car = plug_in()
    owner.force_login(car.owner)
    page = reverse("vehicles:car_detail", args=[car.public_id])
    assert "Driven by the engine" in owner.get(page).content.decode()
    typed = {"odometer_km": "10,000 km", "engine_km": "3,800"}
    assert owner.post(reverse("vehicles:odometer", args=[car.public_id]), typed).status_code == 302
    assert (OdometerReading.objects.get().km, EngineReading.objects.get().km) == (10_000, 3_800)
    assert "Driven by the engine: 3,800 of 10,000 km" in owner.get(page).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("engine_km", "said"),
    [
        ("12,000", "The engine cannot have driven more than the 10,000 km that the odometer shows."),
        ("36 miles", "Enter kilometres. 36 miles are about 58 km."),
        ("-3", "An odometer never shows less than 0 km."),
    ],
)
def test_a_wrong_figure_stores_neither(owner: Client, engine_km: str, said: str) -> None:
    car = plug_in()
    owner.force_login(car.owner)
    typed = {"odometer_km": "10,000", "engine_km": engine_km}
    answer = owner.post(reverse("vehicles:odometer", args=[car.public_id]), typed)
    assert answer.status_code == 422
    assert answer.context["form"].errors["engine_km"] == [said]
    assert f'value="{engine_km}"' in answer.content.decode()
    assert not OdometerReading.objects.exists()
    assert not EngineReading.objects.exists()


@pytest.mark.django_db
def test_other_owners_are_not_asked(owner: Client) -> None:
    car = CarFactory()
    owner.force_login(car.owner)
    assert "engine_km" not in owner.get(reverse("vehicles:car_detail", args=[car.public_id])).content.decode()
    typed = {"odometer_km": "10,000", "engine_km": "3,800"}
    assert owner.post(reverse("vehicles:odometer", args=[car.public_id]), typed).status_code == 302
    assert not EngineReading.objects.exists()


@pytest.mark.django_db
def test_the_same_over_the_api() -> None:
    car, other = plug_in(), CarFactory()
    api = APIClient()
    api.force_login(car.owner)
    path = f"/api/v1/cars/{car.public_id}/odometer/"
    assert api.post(path, {"odometer_km": 10_000, "engine_km": 3_800}, format="json").status_code == 201
    assert EngineReading.objects.get().odometer_km == 10_000
    answer = api.post(path, {"odometer_km": 10_100, "engine_km": 4_000}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "engine_km_decreased")
    assert OdometerReading.objects.count() == 1
    api.force_login(other.owner)
    answer = api.post(
        f"/api/v1/cars/{other.public_id}/odometer/", {"odometer_km": 10_000, "engine_km": 1}, format="json"
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "not_a_plug_in")
    assert api.post(path, {"odometer_km": 10_200}, format="json").status_code == 404
