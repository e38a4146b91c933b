"""Cars with a history, and their due items as they are computed. Needs the catalogue (`tests.catalogue`)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any

from reminders.computing import recompute
from reminders.models import DueItem
from tests.factories.records import SHOP
from tests.factories.vehicles import CarFactory, OdometerReadingFactory
from vehicles.choices import EntrySource
from vehicles.models import Car, HealthEntry, Variant
from vehicles.record import actions

LAVIDA = "volkswagen-lavida-1-4t"
TODAY = date(2026, 11, 22)


def noon(day: date) -> datetime:
    """Midday of a local day, in UTC."""
    return datetime.combine(day, time(4), tzinfo=UTC)


def a_car(slug: str = LAVIDA, **fields: Any) -> Car:
    """A car delivered on 10 March 2021 that came here on that day (`created_at`), without any history."""
    here_since = fields.pop("created_at", None)
    values = {"variant": Variant.objects.get(slug=slug), "delivered_on": date(2021, 3, 10)}
    car: Car = CarFactory(**{**values, **fields})
    car.created_at = here_since or noon(car.delivered_on or date(2021, 3, 10))
    car.save(update_fields=["created_at"])
    return car


def read(car: Car, *readings: tuple[str, int]) -> Car:
    """The owner's own odometer readings, by day."""
    for day, km in readings:
        OdometerReadingFactory(car=car, km=km, read_at=noon(date.fromisoformat(day)))
    return car


def work(service: str, outcome: str = "done", **fields: Any) -> dict[str, Any]:
    """A line of a visit."""
    row = {"service": service, "measure": "", "name_zh": service, "name_en": service, "outcome": outcome}
    return {**row, "labour_minutes": 30, "parts": [], "warranty": None, "advice": "", **fields}


def value(point: str, text: str, unit: str = "mm") -> dict[str, Any]:
    """A measured value."""
    return {"point": point, "value": text, "unit": unit, "tone": ""}


def visit(car: Car, day: str, km: int | None, *lines: Any, measured: tuple[Any, ...] = ()) -> HealthEntry:
    """A visit in the car's record; lines by the service's key, or as `work`."""
    items = [work(line) if isinstance(line, str) else line for line in lines]
    facts = {
        **{"v": 1, "kind": "visit", "date": day, "odometer_km": km, "vin": "", "shop": SHOP, "number": ""},
        **{"checked_in_on": day, "settled_on": day, "items": items, "measurements": list(measured)},
        **{"fault_codes": [], "photos": [], "corrects": None},
    }
    at = noon(date.fromisoformat(day))
    record = actions.record_of(car)
    return actions.append(record=record, facts=facts, private=None, source=EntrySource.VISIT, holder=None, at=at)


def driven(slug: str = LAVIDA, **fields: Any) -> Car:
    """A car that goes 36 or 37 km a day (1,120 a month), read every half-year; its oil was changed on 3 March 2026 at
    52,000 km."""
    car = a_car(slug, **fields)
    read(car, ("2025-03-03", 38_600), ("2025-09-03", 45_300), ("2026-09-03", 58_700))
    visit(car, "2026-03-03", 52_000, "minor_service", "cabin_filter")
    return car


def compute(*cars: Car, today: date = TODAY) -> None:
    """Compute the cars as the worker does."""
    fresh = Car.objects.filter(pk__in=[car.pk for car in cars])
    assert recompute.recompute_cars(fresh, today=today, at=noon(today)) == len(cars)


def due(car: Car, subject: str, *, today: date = TODAY) -> DueItem:
    """The one item of a subject that stands once the car is computed; a service by its key."""
    compute(car, today=today)
    return standing(car, subject)


def standing(car: Car, subject: str) -> DueItem:
    named = subject if ":" in subject else f"service:{subject}"
    return DueItem.objects.standing().get(car=car, subject=named)
