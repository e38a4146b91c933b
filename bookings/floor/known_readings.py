"""What other visits recorded of a car's odometer, by its record: a reading at check-in is compared with it.

A shop without a grant learns no more of the record than that its reading does not fit: no figure, no day, no place.
"""

from __future__ import annotations

from datetime import date

from django.db.models import Q

from bookings.models import Booking
from vehicles.models import HealthRecord
from vehicles.record import reading
from vehicles.record.odometer import Point


def of_other_visits(booking: Booking, *, on: date) -> Point | None:
    """The last believed reading that a shop entered into the record of the visit's car, or of the VIN that was read,
    up to the local day `on`; None where there is none. Three queries at most."""
    named = Q(vin=booking.vin) if booking.vin else Q()
    if booking.car is not None and booking.car.record_id is not None:
        named |= Q(pk=booking.car.record_id)
    if not named:
        return None
    records = list(HealthRecord.objects.filter(named).order_by("pk"))
    found = [
        point
        for history in reading.histories(records, viewer=None, today=on).values()
        for point in history.curve.believed
        if point.is_verified and point.sequence is not None
    ]
    return max(found, key=lambda point: (point.on, point.km), default=None)
