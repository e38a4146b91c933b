"""Health records for tests: a car with a record, and entries through the real actions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.factories.vehicles import CarFactory
from vehicles.choices import EntrySource
from vehicles.models import Car, HealthEntry
from vehicles.record import actions

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
SHOP = {
    "slug": "shenchi-xuhui",
    "name_zh": "申驰汽修 · 徐汇店",
    "name_en": "Shenchi Auto, Xuhui",
    "city_zh": "上海",
    "city_en": "Shanghai",
}
OIL_SERVICE = {
    "service": "minor_service",
    "measure": "",
    "name_zh": "小保养",
    "name_en": "Oil service",
    "outcome": "done",
    "labour_minutes": 48,
    "parts": [{"name": "机油 5W-40", "code": "G 052 502", "quantity": "4"}],
    "warranty": {"km": 2000, "days": 10},
    "advice": "due_now",
}


def facts(**changed: Any) -> dict[str, Any]:
    """The facts of a visit for an oil service on 21 November 2026 at 58,263 km."""
    return {
        "v": 1,
        "kind": "visit",
        "date": "2026-11-21",
        "odometer_km": 58_263,
        "vin": "",
        "shop": SHOP,
        "number": "SC-20261121-07",
        "checked_in_on": "2026-11-21",
        "settled_on": "2026-11-21",
        "items": [OIL_SERVICE],
        "measurements": [{"point": "pad_front_left_inner", "value": "2.8", "unit": "mm", "tone": "red"}],
        "fault_codes": [],
        "photos": [],
        "corrects": None,
    } | changed


def private(**changed: Any) -> dict[str, Any]:
    """What belongs to the owner of the time: plate, words, names, prices."""
    return {
        "plate": "沪AD8K21",
        "fault": "The brakes squeal",
        "note": "",
        "technicians": ["王磊"],
        "items": [{"labour_fen": 8_000, "parts_fen": 18_800}],
        "total_fen": 26_800,
    } | changed


def enter(car: Car, *, reference: str = "", at: datetime = NOW, **changed: Any) -> HealthEntry:
    """A verified visit in the car's record."""
    return actions.append(
        record=actions.record_of(car),
        facts=facts(**changed),
        private=private(),
        source=EntrySource.VISIT,
        holder=car.owner,
        at=at,
        reference=reference,
    )


def recorded_car(*, entries: int = 1, **fields: Any) -> Car:
    """A car with that many visits, a thousand kilometres and a month apart."""
    car = CarFactory(**fields)
    for number in range(entries):
        year, month = divmod(number, 12)
        enter(car, date=f"{2020 + year}-{month + 1:02}-10", odometer_km=1_000 * (number + 1))
    return car
