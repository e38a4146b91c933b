"""Every write to a person's cars."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from vehicles.choices import OdometerSource
from vehicles.models import Car, OdometerReading


@transaction.atomic
def record_odometer(
    *, car: Car, km: int, read_at: datetime, source: OdometerSource, by: User | None, note: str = ""
) -> OdometerReading:
    """Add a reading (UTC) to the car's record; the car shows it if it is the newest. Plausibility is the caller's."""
    car = Car.objects.select_for_update().get(pk=car.pk)
    reading = OdometerReading.objects.create(car=car, km=km, read_at=read_at, source=source, by=by, note=note)
    if car.odometer_at is None or read_at >= car.odometer_at:
        car.odometer_km, car.odometer_at = km, read_at
        car.save(update_fields=["odometer_km", "odometer_at"])
    return reading
