"""Which cars are to be computed again: something has happened on which a due day depends."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from bookings.choices import EventKind
from bookings.models import Booking
from core import outbox
from core.models import OutboxEvent
from reminders.models import CarState
from vehicles.events import CHANGED
from vehicles.models import Car

# What changes the lines that an owner put off. What was done enters the record, which says so itself (`car.changed`).
_OF_LINES = (
    *(EventKind.DECIDED, EventKind.PROPOSED, EventKind.WITHDRAWN, EventKind.NOT_NEEDED, EventKind.LINE_DONE),
    *(EventKind.REOPENED, EventKind.COMPLETED),
)


def connect() -> None:
    """Hear of what changes; called once when the app is ready."""
    outbox.subscribe(CHANGED)(hear_car)
    for kind in _OF_LINES:
        outbox.subscribe(f"booking.{kind}")(hear_visit)


def hear_car(event: OutboxEvent) -> None:
    """A car or its record has changed."""
    for car in Car.objects.filter(public_id=event.key).values_list("pk", flat=True):
        mark(car, at=event.due_at)


def hear_visit(event: OutboxEvent) -> None:
    """The owner's word on a line of a visit has changed, or a line."""
    for car in Booking.objects.filter(public_id=event.key, car__isnull=False).values_list("car_id", flat=True):
        mark(int(car or 0), at=event.due_at)


# Of several changes the first one counts: cars are computed in the order in which they began to wait.
_MARK = """
INSERT INTO reminders_carstate (car_id, stale_since, last_error) VALUES (%s, %s, '')
ON CONFLICT (car_id) DO UPDATE SET stale_since = LEAST(reminders_carstate.stale_since, EXCLUDED.stale_since)
"""


def mark(car: int, *, at: datetime) -> None:
    """The car (its primary key) is to be computed again. Waits for whoever is just computing it; what they read may be
    from before the change."""
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [car, at])


_NEW = """
INSERT INTO reminders_carstate (car_id, stale_since, last_error)
SELECT car.id, %(at)s, '' FROM vehicles_car AS car
WHERE car.removed_at IS NULL AND NOT EXISTS (SELECT FROM reminders_carstate AS known WHERE known.car_id = car.id)
ON CONFLICT DO NOTHING
"""


def find_new(*, at: datetime) -> int:
    """Take up cars that nobody told of: those from before there were reminders, and rows made by hand. Returns how
    many."""
    with connection.cursor() as cursor:
        cursor.execute(_NEW, {"at": at})
        return int(cursor.rowcount)


def mark_all(*, at: datetime) -> int:
    """Every car in a garage is to be computed again, because the catalogue says something else. Returns how many."""
    find_new(at=at)
    return CarState.objects.filter(car__removed_at=None, stale_since=None).update(stale_since=at)
