"""A car with a record to draw: work with prices, measurements that get worse, a mistyped reading."""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.factories.records import NOW, OIL_SERVICE, SHOP, enter
from tests.factories.vehicles import CarFactory
from vehicles.models import Car
from vehicles.record import actions
from vehicles.record.actions import OwnEntry
from vehicles.record.known_items import KnownItem

TODAY = date(2026, 11, 21)


def work(service: str, **changed: Any) -> dict[str, Any]:
    return OIL_SERVICE | {"service": service, "name_en": service, "warranty": None, "parts": []} | changed


def measured(**values: str) -> list[dict[str, str]]:
    units = {"brake_fluid_water": "%", "battery_rest": "V"}
    return [
        {"point": point, "value": value, "unit": units.get(point, "mm"), "tone": "green"}
        for point, value in values.items()
    ]


def rich_car(**fields: Any) -> Car:
    """Delivered on 20 December 2021, 40,000 km by September 2026: its oil ends soon, its pads wear a millimetre in
    8,000 km."""
    car = CarFactory(**{"delivered_on": date(2021, 12, 20), "model_year": 2022} | fields)
    days = [
        ("2022-12-01", 8_000, "10.0"),
        ("2023-12-01", 16_000, "9.0"),
        ("2024-12-01", 24_000, "8.0"),
        ("2025-12-01", 32_000, "7.0"),
    ]
    for place, (day, km, pads) in enumerate(days):
        enter(
            car,
            reference=f"visit-{place}",
            date=day,
            checked_in_on=day,
            settled_on=day,
            odometer_km=km,
            shop=SHOP,
            items=[work("minor_service")],
            measurements=measured(pad_front_left_inner=pads, brake_fluid_water=f"{0.5 + place / 2:.1f}"),
        )
    wash = OwnEntry(
        occurred_on=date(2026, 9, 1), odometer_km=40_000, items=(KnownItem("car_wash", "洗车", "Car wash"),)
    )
    actions.add_own_entry(car=car, own=wash, by=car.owner, at=NOW)
    return Car.objects.with_names().select_related("record").get(pk=car.pk)


def mistype(car: Car) -> None:
    """A digit too many, in the owner's own entry."""
    own = OwnEntry(
        occurred_on=date(2026, 10, 1), odometer_km=401_000, items=(KnownItem("car_wash", "洗车", "Car wash"),)
    )
    actions.add_own_entry(car=car, own=own, by=car.owner, at=NOW)
