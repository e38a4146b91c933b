"""What other rooms hear of cars: that something changed on which a due date depends. One outbox topic, in the
transaction of the change; the key is the car's public id, the payload is empty, for who hears it reads the car again.
"""

from __future__ import annotations

from datetime import datetime

from core import outbox
from vehicles.models import Car, HealthRecord

CHANGED = "car.changed"


def car_changed(car: Car, *, at: datetime) -> None:
    """The car was added, edited, removed or handed over, or its odometer was read. One query."""
    outbox.emit(topic=CHANGED, key=car.public_id, at=at)


def record_changed(record: HealthRecord, *, at: datetime) -> None:
    """The record says something else now. Nothing is told of a record whose car is in no garage. Two queries."""
    for car in Car.objects.filter(record=record.pk, removed_at__isnull=True):
        car_changed(car, at=at)
