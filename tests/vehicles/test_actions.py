"""The garage and its odometer readings."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, transaction
from django.utils import translation

from core.errors import InvalidInput
from tests.factories.accounts import UserFactory
from tests.factories.vehicles import BatteryVariantFactory, CarFactory, VariantFactory, WmiFactory
from vehicles import actions, garage
from vehicles.actions import CarDetails
from vehicles.choices import OdometerSource
from vehicles.models import MAX_ODOMETER_KM, Car, OdometerReading
from vehicles.plates import PlateError
from vehicles.vin import VinError, check_digit

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)


def good_vin(text: str) -> str:
    return text[:8] + check_digit(text) + text[9:]


def read(car: Car, km: int, *, at: datetime = NOW, **more) -> OdometerReading:
    return actions.record_odometer(car=car, km=km, by=car.owner, source=OdometerSource.OWNER, at=at, **more)


def test_added_car_is_stored_normalised_with_its_first_reading():
    owner, variant = UserFactory(), VariantFactory()
    details = CarDetails(
        plate="沪a·d8k21", vin=good_vin("LSVAM4180C2184847").lower(), model_year=2021, nickname=" 小白 "
    )
    car = actions.add_car(owner=owner, variant=variant, details=details, odometer_km=58_240, at=NOW)
    car.refresh_from_db()
    assert (car.plate, car.model_year, car.nickname) == ("沪AD8K21", 2021, "小白")
    assert car.vin == good_vin("LSVAM4180C2184847")
    assert (car.odometer_km, car.odometer_at) == (58_240, NOW)
    assert [reading.km for reading in car.readings.all()] == [58_240]


@pytest.mark.parametrize(
    ("details", "error", "field"),
    [
        (CarDetails(plate="沪AI8K21"), PlateError, "plate"),
        (CarDetails(vin="LSV"), VinError, "vin"),
        (CarDetails(model_year=1979), InvalidInput, "model_year"),
        (CarDetails(model_year=2028), InvalidInput, "model_year"),
    ],
)
def test_car_with_impossible_details_is_refused_and_not_stored(details, error, field):
    with pytest.raises(error) as caught:
        actions.add_car(owner=UserFactory(), variant=VariantFactory(), details=details, at=NOW)
    assert caught.value.field == field
    assert not Car.objects.exists()


def test_car_with_a_refused_reading_is_not_stored():
    with pytest.raises(InvalidInput):
        actions.add_car(
            owner=UserFactory(), variant=VariantFactory(), details=CarDetails(), odometer_km=1_000_000, at=NOW
        )
    assert not Car.objects.exists()


def test_vin_of_another_make_is_refused():
    WmiFactory(code="LSV")
    with pytest.raises(VinError, match="上汽大众"):
        actions.add_car(
            owner=UserFactory(),
            variant=BatteryVariantFactory(),
            details=CarDetails(vin=good_vin("LSVAM4180C2184847")),
            at=NOW,
        )


def test_same_plate_twice_in_a_garage_is_refused_and_free_after_removal():
    car = CarFactory(plate="沪AD8K21")
    details = CarDetails(plate="沪A·D8K21")
    with pytest.raises(actions.PlateTakenError):
        actions.add_car(owner=car.owner, variant=car.variant, details=details, at=NOW)
    actions.add_car(owner=UserFactory(), variant=car.variant, details=details, at=NOW)
    actions.remove_car(car=car, at=NOW)
    actions.add_car(owner=car.owner, variant=car.variant, details=details, at=NOW)
    assert Car.objects.visible_to(car.owner).count() == 1


def test_garage_has_a_limit(monkeypatch):
    monkeypatch.setattr(garage, "MAX_CARS", 1)
    car = CarFactory()
    with pytest.raises(garage.GarageFullError):
        actions.add_car(owner=car.owner, variant=car.variant, details=CarDetails(), at=NOW)


def test_edited_car_keeps_its_plate_without_a_clash_with_itself():
    car = CarFactory(plate="沪AD8K21")
    battery = BatteryVariantFactory()
    actions.edit_car(car=car, variant=battery, details=CarDetails(plate="沪AD8K21", model_year=2022), at=NOW)
    car.refresh_from_db()
    assert (car.variant, car.model_year) == (battery, 2022)


def test_removed_car_keeps_its_row_and_its_first_removal_time():
    car = CarFactory()
    actions.remove_car(car=car, at=NOW)
    actions.remove_car(car=car, at=NOW + timedelta(days=1))
    car.refresh_from_db()
    assert car.removed_at == NOW


def test_reading_updates_the_car_and_is_kept():
    car = CarFactory()
    read(car, 10_000, at=NOW - timedelta(days=30))
    read(car, 11_000)
    car.refresh_from_db()
    assert (car.odometer_km, car.odometer_at) == (11_000, NOW)
    assert [reading.km for reading in car.readings.all()] == [11_000, 10_000]


@pytest.mark.parametrize("km", [-1, MAX_ODOMETER_KM + 1, 10**12])
def test_impossible_reading_is_refused(km):
    car = CarFactory()
    with pytest.raises(InvalidInput) as caught:
        read(car, km)
    assert caught.value.field == "odometer_km"
    assert not OdometerReading.objects.exists()


def test_decreasing_reading_is_refused_and_changes_nothing():
    car = CarFactory()
    read(car, 58_240, at=NOW - timedelta(days=30))
    with pytest.raises(actions.OdometerDecreasedError, match="58,240"):
        read(car, 58_239)
    car.refresh_from_db()
    assert car.odometer_km == 58_240
    assert car.readings.count() == 1


@pytest.mark.parametrize(
    ("days", "km", "is_fine"), [(0, 1_000, True), (0, 1_001, False), (9, 10_000, True), (9, 10_001, False)]
)
def test_reading_further_than_anybody_drives_is_refused(days, km, is_fine):
    car = CarFactory()
    read(car, 50_000, at=NOW - timedelta(days=days))
    if is_fine:
        read(car, 50_000 + km)
    else:
        with pytest.raises(actions.OdometerImplausibleError):
            read(car, 50_000 + km)


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(hours=2), "900,000 km more than earlier on the same day."),
        (timedelta(hours=20), "900,000 km more than 1 day ago."),
        (timedelta(days=3), "900,000 km more than 3 days ago."),
    ],
)
def test_reading_far_from_the_last_one_says_how_long_ago_that_was(ago, words):
    car = CarFactory()
    read(car, 58_264, at=NOW - ago)
    with translation.override("en"), pytest.raises(actions.OdometerImplausibleError, match=words):
        read(car, 958_264)


def test_correction_may_go_down_and_says_what_it_corrects():
    car = CarFactory()
    read(car, 582_400, at=NOW - timedelta(days=1))
    reading = read(car, 58_240, is_correction=True)
    car.refresh_from_db()
    assert car.odometer_km == 58_240
    assert "582,400" in reading.note


def test_readings_cannot_be_rewritten_or_deleted():
    car = CarFactory()
    reading = read(car, 58_240)
    with pytest.raises(DatabaseError), transaction.atomic():
        OdometerReading.objects.filter(pk=reading.pk).update(km=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        OdometerReading.objects.filter(pk=reading.pk).delete()
