"""Due items as rows, without computing them: for tests of who is reminded of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from reminders import stages
from reminders.choices import By, Source
from reminders.models import CarState, DueItem
from tests.factories.jobs import lavida, minor_service
from tests.factories.vehicles import CarFactory
from vehicles.models import Car

# Noon in Shanghai, a Monday; nobody is in quiet hours.
AT = datetime(2026, 11, 23, 4, tzinfo=UTC)
TODAY = date(2026, 11, 23)


def owned_car(**fields: Any) -> Car:
    """A car of somebody who reads English, computed today."""
    fields.setdefault("owner__language", "en")
    car: Car = CarFactory(variant=lavida(), **fields)
    CarState.objects.create(car=car, computed_on=TODAY)
    return car


def due_item(car: Car | None = None, *, days: int = 10, **fields: Any) -> DueItem:
    """An open item that is due `days` from today, by default the oil service: its first notice is due now."""
    car = car or owned_car()
    due_on = TODAY + timedelta(days=days)
    key = fields.pop("service", minor_service().key)
    named = {"name_zh": "小保养", "name_en": key.replace("_", " ").capitalize()} if key else {}
    values = {
        "facts": {"kind": "interval", "interval_months": 12, "last_on": str(due_on - timedelta(days=365)), **named},
        "source": Source.SCHEDULE,
        "subject": f"service:{key}",
        "cycle": "new",
        "service": key,
        "by": By.DATE,
        "due_on": due_on,
        "earliest_on": due_on - timedelta(days=3),
        "latest_on": due_on + timedelta(days=3),
        "opened_at": AT - timedelta(days=60),
    }
    item = DueItem(car=car, owner=car.owner, **{**values, **fields})
    item.next_stage_on = stages.next_on(item, ())
    item.save()
    return item
