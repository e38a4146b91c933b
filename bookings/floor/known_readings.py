"""What a reading at check-in is compared with, and whether a second person has to look at it. Reads only.

A reading that does not follow the last one of the owner's car is asked about beside the field, with its figure. A
health record is silent: it never refuses a reading, says no figure, day or place, and its doubt is written down with
the reading. It is compared at all only for who may know of it: the shop that the car's owner chose, or one that the
owner lets read the visits. A VIN that was merely typed opens nothing but the shop's own visits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.errors import OdometerError
from bookings.models import Booking, CheckIn
from vehicles import actions as vehicle_actions
from vehicles.choices import RecordPart
from vehicles.models import MAX_ODOMETER_KM, HealthRecord
from vehicles.record import reading, sharing
from vehicles.record.odometer import Point


@dataclass(frozen=True, slots=True)
class Doubt:
    """What speaks against a reading. `reason` is what the sheet keeps, empty where nothing does; `by_record`: a health
    record or an earlier visit here does, and every further reading of the visit is doubtful too."""

    reason: str = ""
    by_record: bool = False

    @property
    def told(self) -> dict[str, bool]:
        """What the event of the reading keeps of it."""
        return {_MARK: True} if self.by_record else {}


_MARK = "doubted_by_record"


def question(booking: Booking, km: int, note: str, at: datetime) -> Doubt:
    """Whether a reading is doubtful. Raises OdometerError for an impossible one, and for one that does not follow the
    car's last one where `note` does not say why it is right. Ten queries at most."""
    if not 0 <= km <= MAX_ODOMETER_KM:
        raise OdometerError(_("Enter what the odometer shows, between 0 and 999,999 km."), field="odometer_km")
    by_car = _doubt_by_car(booking, km, at)
    if by_car and not note.strip():
        raise OdometerError(by_car, field="odometer_km")
    by_record = is_doubted_by_record(booking, km, at)
    if not by_car and not by_record:
        return Doubt()
    return Doubt(note.strip() or CheckIn.UNEXPLAINED, by_record)


def is_doubted_by_record(booking: Booking, km: int, at: datetime) -> bool:
    """Whether a reading does not follow what the record may say, or another reading of this visit did not: then no
    later one is compared, so that corrections tell nothing of the record."""
    if booking.checked_in_at is not None and booking.events.filter(**{f"data__{_MARK}": True}).exists():
        return True
    today = at.astimezone(booking.zone).date()
    known = max([*_of_records(booking, today, at), *_of_this_shop(booking)], key=_order, default=None)
    return known is not None and not vehicle_actions.is_plausible(km, last_km=known.km, since=today - known.on)


def _doubt_by_car(booking: Booking, km: int, at: datetime) -> str:
    """Why a reading does not follow the car's last one; empty where it does."""
    known = _known_of_car(booking)
    if known is None or vehicle_actions.is_plausible(km, last_km=known[0], since=at - known[1]):
        return ""
    if km < known[0]:
        said = gettext("The last reading was %(known)s km. If this one is right, say why it is lower.")
        return said % {"known": f"{known[0]:,}"}
    said = gettext("That is %(more)s km more than last time. If it is right, say why.")
    return said % {"more": f"{km - known[0]:,}"}


def _known_of_car(booking: Booking) -> tuple[int, datetime] | None:
    """What was known of the car before this visit read its odometer: km, and when."""
    car = booking.car
    if car is None or car.odometer_km is None or car.odometer_at is None:
        return None
    if booking.checked_in_at is None:
        return car.odometer_km, car.odometer_at
    before = car.readings.filter(read_at__lt=booking.checked_in_at).order_by("-read_at", "-pk")
    return before.values_list("km", "read_at").first()


def _of_records(booking: Booking, today: date, at: datetime) -> list[Point]:
    """What shops entered into the records that this visit may be compared with, as far as it is believed."""
    records = {record.pk: record for record in [*_own_record(booking), *_granted_records(booking, at)]}
    return [
        point
        for history in reading.histories(list(records.values()), viewer=None, today=today).values()
        for point in history.curve.believed
        if point.is_verified and point.sequence is not None
    ]


def _own_record(booking: Booking) -> list[HealthRecord]:
    """The record of the visit's car, if the owner of the visit has both the car and the record still."""
    car = booking.car
    if car is None or car.record_id is None or car.removed_at is not None:
        return []
    if booking.owner_id is None or car.owner_id != booking.owner_id:
        return []
    return list(HealthRecord.objects.filter(pk=car.record_id, owner=booking.owner_id))


def _granted_records(booking: Booking, at: datetime) -> list[HealthRecord]:
    """The record of the VIN that was read, if its owner lets this shop read its visits."""
    found = HealthRecord.objects.filter(vin=booking.vin, owner__isnull=False) if booking.vin else ()
    return [record for record in found if sharing.may_read(record, booking.shop.public_id, RecordPart.VISITS, at)]


def _of_this_shop(booking: Booking) -> list[Point]:
    """The last reading of the VIN that this shop took itself in another visit, if nothing was doubtful about it."""
    if not booking.vin:
        return []
    others = Booking.objects.filter(shop=booking.shop_id, vin=booking.vin, odometer_km__isnull=False)
    sound = others.filter(check_in__odometer_reason="") | others.filter(check_in__odometer_second_by__isnull=False)
    last = sound.exclude(pk=booking.pk).exclude(checked_in_at=None).order_by("-checked_in_at").first()
    if last is None or last.checked_in_at is None or last.odometer_km is None:
        return []
    return [Point(last.checked_in_at.astimezone(last.zone).date(), last.odometer_km)]


def _order(point: Point) -> tuple[date, int]:
    return point.on, point.km
