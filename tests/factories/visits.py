"""Visits as rows, without going through the engine: for tests of what is done with visits that there are."""

from datetime import datetime, timedelta
from typing import Any

from psycopg2.extras import DateTimeTZRange

from bookings.choices import Status
from bookings.models import Allocation, BookedService, Booking
from catalog.models import Service
from shops.models import Resource, Shop
from tests.factories.jobs import NOW, lavida, minor_service

_numbers = iter(range(1, 10**6))


def visit(shop: Shop, *, starts_at: datetime = NOW, services: tuple[Service, ...] = (), **fields: Any) -> Booking:
    """A confirmed visit of 40 minutes for the oil service, or for the `services` given; no claims."""
    services = services or (minor_service(),)
    local = starts_at.astimezone(shop.zone)
    values = {
        "number": f"{local:%y%m%d}-T{next(_numbers):05}",
        "variant": lavida(),
        "status": Status.CONFIRMED,
        "ends_at": starts_at + timedelta(minutes=40),
        "timezone": shop.city.timezone,
        "local_date": local.date(),
        "local_time": local.time(),
        "labour_fen": 8400,
        "parts_fen": 18400,
        "free_cancel_until": starts_at - timedelta(hours=1),
        "confirmed_at": starts_at - timedelta(days=1),
    }
    booking = Booking.objects.create(shop=shop, service=services[0], starts_at=starts_at, **{**values, **fields})
    for position, service in enumerate(services):
        BookedService.objects.create(
            booking=booking, service=service, position=position, labour_fen=8400, parts_fen=18400, minutes=40
        )
    return booking


def completed_visit(shop: Shop, minutes: float, *, starts_at: datetime = NOW, **fields: Any) -> Booking:
    """A visit that is over and whose work took `minutes`."""
    ready_at = starts_at + timedelta(minutes=minutes)
    times = {"started_at": starts_at, "ready_at": ready_at, "completed_at": ready_at}
    return visit(shop, starts_at=starts_at, status=Status.COMPLETED, **{**times, **fields})


def claim(resource: Resource, booking: Booking | None = None, **fields: Any) -> Allocation:
    """A claim on a resource for the time of a visit, or for `during`."""
    if booking is not None:
        fields.setdefault("during", DateTimeTZRange(booking.starts_at, booking.ends_at))
    return Allocation.objects.create(resource=resource, booking=booking, **fields)
