"""Writing a new visit: its row, its services and what happened, in as few statements as a booking can do with.

By hand, because every booking goes through here: the same rows through the ORM cost several times their work in the
database.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

from django.db import connection, models

from bookings.models import BookedService, Booking, BookingEvent

_VISIT = """
WITH visit AS (INSERT INTO bookings_booking ({columns}) VALUES ({values}) RETURNING id),
services AS (
    INSERT INTO bookings_bookedservice
        (booking_id, service_id, position, labour_fen, parts_fen, parts_note, minutes)
    SELECT visit.id, line.* FROM visit, (VALUES {lines}) AS line
)
SELECT id FROM visit
"""
_LINE = "(%s::bigint, %s::int, %s::int, %s::int, %s::text, %s::int)"


def insert(booking: Booking, services: Sequence[BookedService], *, at: datetime) -> None:
    """Insert a visit that has no id yet with its services, and give it its id. One statement.

    The services are at hand afterwards (`booking.booked_services.all()`) without a query; they carry no ids.
    """
    booking.created_at = at
    fields = _fields(Booking)
    values = [field.get_db_prep_save(getattr(booking, field.attname), connection) for field in fields]
    for line in services:
        values += [
            line.service_id,
            line.position,
            line.labour_fen,
            line.parts_fen,
            line.parts_note,
            line.minutes,
        ]
    with connection.cursor() as cursor:
        cursor.execute(_visit_sql(len(services)), values)
        booking.pk = cursor.fetchone()[0]
    booking._state.adding = False
    booking._state.db = connection.alias
    booking._prefetched_objects_cache = {"booked_services": list(services)}  # type: ignore[attr-defined]


def insert_event(event: BookingEvent) -> None:
    """Insert an event of a visit. One statement."""
    fields = _fields(BookingEvent)
    values = [field.get_db_prep_save(getattr(event, field.attname), connection) for field in fields]
    with connection.cursor() as cursor:
        cursor.execute(_event_sql(), values)


@cache
def _fields(model: type[models.Model]) -> tuple[models.Field[Any, Any], ...]:
    return tuple(field for field in model._meta.concrete_fields if not field.primary_key)


@cache
def _visit_sql(lines: int) -> str:
    columns = [field.column for field in _fields(Booking)]
    return _VISIT.format(
        columns=", ".join(columns), values=", ".join(["%s"] * len(columns)), lines=", ".join([_LINE] * lines)
    )


@cache
def _event_sql() -> str:
    columns = [field.column for field in _fields(BookingEvent)]
    return _EVENT.format(columns=", ".join(columns), values=", ".join(["%s"] * len(columns)))


_EVENT = "INSERT INTO bookings_bookingevent ({columns}) VALUES ({values})"
