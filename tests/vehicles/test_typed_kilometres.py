"""Kilometres as people type them: what is understood, what is refused with the reading that was probably meant, over
every way in."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from core.errors import InvalidInput
from tests.factories.accounts import UserFactory
from tests.factories.vehicles import CarFactory
from vehicles import actions
from vehicles.choices import OdometerSource
from vehicles.models import Car, HealthEntry, OdometerReading
from vehicles.record.typed import Fault, TypedKmError, kilometres, without_a_digit


@pytest.mark.parametrize(
    ("typed", "km"),
    [
        ("58240", 58_240),
        ("58,240 km", 58_240),
        ("58 240", 58_240),
        ("５８，２４０公里", 58_240),
        (" 58\u00a0240 KM ", 58_240),
        ("0", 0),
        ("-0", 0),
        ("000058240", 58_240),
        ("+7", 7),
        ("999,999", 999_999),
    ],
)
def test_what_people_write_is_understood(typed: str, km: int) -> None:
    assert kilometres(typed) == km


@pytest.mark.parametrize(
    ("typed", "fault", "likely"),
    [
        ("12000 mi", Fault.MILES, 19_312),
        ("36 miles", Fault.MILES, 58),
        ("36１英里", Fault.MILES, 581),
        ("900,000 mi", Fault.MILES, None),
        ("58240.5", Fault.DECIMALS, 58_240),
        ("58.240", Fault.DECIMALS, 58_240),
        ("-12", Fault.NEGATIVE, None),
        ("1,999,105", Fault.TOO_MANY_DIGITS, 199_105),
        ("5824000", Fault.TOO_MANY_DIGITS, 582_400),
        ("5824017", Fault.TOO_MANY_DIGITS, 582_401),
        ("58240000", Fault.TOO_MANY_DIGITS, None),
        ("58,24", Fault.NO_NUMBER, None),
        ("a lot", Fault.NO_NUMBER, None),
        ("", Fault.NO_NUMBER, None),
        ("9" * 5_000, Fault.NO_NUMBER, None),
        ("58\x00240", Fault.NO_NUMBER, None),
        ("٥٨٢٤٠", Fault.NO_NUMBER, None),
    ],
)
def test_what_is_no_reading_is_refused_with_what_was_meant(typed: str, fault: Fault, likely: int | None) -> None:
    with pytest.raises(TypedKmError) as caught:
        kilometres(typed)
    assert (caught.value.fault, caught.value.likely) == (fault, likely)


@given(st.text(max_size=60))
def test_any_text_is_a_reading_or_refused(typed: str) -> None:
    with contextlib.suppress(TypedKmError):
        assert 0 <= kilometres(typed) <= 999_999


def test_the_last_reading_tells_which_digit_is_too_many() -> None:
    assert without_a_digit(5_824_017, last_km=58_000) == 524_017
    assert without_a_digit(1_999_105, last_km=198_000) == 199_105
    assert without_a_digit(1_582_401, last_km=990_000) is None


# --- Over every way in ----------------------------------------------------------------------------

REFUSED = [
    ("12000 mi", "Enter kilometres. 12,000 miles are about 19,312 km."),
    ("1,999,105", "An odometer shows at most 999,999 km. Is there a digit too many? Perhaps you mean 199,105."),
    ("58240.5", "Enter whole kilometres, for example 58,240."),
    ("-5", "An odometer never shows less than 0 km."),
    ("5,824", "The last reading was 198,000 km. A reading cannot go down unless the last one was wrong."),
    ("420,000", "Is there a digit too many?"),
]


@pytest.fixture
def car() -> Car:
    return CarFactory(odometer_km=198_000, odometer_at=timezone.now() - timedelta(days=9))


@pytest.mark.django_db
@pytest.mark.parametrize(("typed", "said"), REFUSED)
def test_the_owner_is_told_beside_the_field_and_nothing_is_stored(
    client: Client, car: Car, typed: str, said: str
) -> None:
    client.force_login(car.owner)
    client.cookies["django_language"] = "en"
    answer = client.post(reverse("vehicles:odometer", args=[car.public_id]), {"odometer_km": typed})
    assert answer.status_code == 422
    form = answer.context["form"]
    assert any(said in error for error in form.errors["odometer_km"])
    assert said in answer.content.decode()
    assert f'value="{typed}"' in answer.content.decode()
    assert not OdometerReading.objects.exists()
    car.refresh_from_db()
    assert car.odometer_km == 198_000


@pytest.mark.django_db
@pytest.mark.parametrize(("typed", "said"), REFUSED)
def test_a_program_is_told_the_same(car: Car, typed: str, said: str) -> None:
    api = APIClient(headers={"Accept-Language": "en"})
    api.force_login(car.owner)
    answer = api.post(f"/api/v1/cars/{car.public_id}/odometer/", {"odometer_km": typed}, format="json")
    assert answer.status_code in (400, 409)
    assert said in answer.content.decode()
    assert "odometer_km" in answer.content.decode()
    assert not OdometerReading.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("value", [True, None, [], {}, 58_240.5, 10**30, 1_999_105, "x" * 100_000, "5\x008"])
def test_a_program_that_sends_nonsense_is_refused(car: Car, value: Any) -> None:
    api = APIClient()
    api.force_login(car.owner)
    answer = api.post(f"/api/v1/cars/{car.public_id}/odometer/", {"odometer_km": value}, format="json")
    assert answer.status_code == 400
    assert not OdometerReading.objects.exists()


@pytest.mark.django_db
def test_full_width_digits_are_understood(client: Client, car: Car) -> None:
    client.force_login(car.owner)
    address = reverse("vehicles:odometer", args=[car.public_id])
    assert client.post(address, {"odometer_km": "１９８，２００公里"}).status_code == 302
    assert OdometerReading.objects.get().km == 198_200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"odometer_km": "36 miles"}, "odometer_km", "36 miles are about 58 km"),
        ({"odometer_km": "1,999,105"}, "odometer_km", "Perhaps you mean 199,105"),
        ({"occurred_on": "2999-01-01"}, "occurred_on", "This day has not come yet."),
        ({"occurred_on": "2018-01-01"}, "occurred_on", "The car was first registered on 2021-03-10"),
    ],
)
def test_an_own_entry_says_what_is_wrong_beside_the_field(
    client: Client, changed: dict[str, str], field: str, said: str
) -> None:
    car = CarFactory(delivered_on="2021-03-10")
    client.force_login(car.owner)
    client.cookies["django_language"] = "en"
    typed = {"occurred_on": "2025-05-01", "odometer_km": "40,000", "other": "New wipers"} | changed
    answer = client.post(reverse("vehicles:record_add", args=[car.public_id]), typed)
    assert answer.status_code == 422
    assert any(said in error for error in answer.context["form"].errors[field])
    assert not HealthEntry.objects.exists()


@pytest.mark.django_db
def test_no_car_is_read_before_it_was_delivered() -> None:
    now = timezone.now()
    car = CarFactory(delivered_on=timezone.localdate(now))
    with pytest.raises(InvalidInput) as caught:
        actions.record_odometer(
            car=car, km=5, by=UserFactory(), source=OdometerSource.OWNER, at=now - timedelta(days=3)
        )
    assert caught.value.field == "odometer_km"
    assert not OdometerReading.objects.exists()
