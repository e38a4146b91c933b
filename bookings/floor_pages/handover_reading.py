"""The final list of a visit: what was done, for how much, under which warranty; and what was not done. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from bookings.choices import LineState
from bookings.floor import warranty
from bookings.models import Booking, Line, LineVersion, QualityCheck
from shops.choices import Amenity


@dataclass(frozen=True)
class BilledLine:
    """A done line with its warranty: until which day and which odometer reading it runs; None where only the days
    count."""

    line: Line
    version: LineVersion
    until: date
    until_km: int | None


@dataclass(frozen=True)
class Bill:
    """What a visit costs in the end. `left` are lines that were not done, which cost nothing."""

    done: list[BilledLine]
    left: list[Line]
    total_fen: int
    agreed_fen: int
    check: QualityCheck | None
    gives_old_parts_back: bool
    is_reading_questioned: bool
    is_handed_over: bool

    @property
    def has_parts(self) -> bool:
        return any(one.version.parts for one in self.done)


def bill(booking: Booking, *, at: datetime) -> Bill:
    """The bill of a visit that is ready or handed over. Warranty ends are those written down at handover; before it,
    those of a handover at `at`. So is whether the reading was questioned: confirmed later it adds no kilometres."""
    rows = list(Line.objects.with_versions().filter(booking=booking))
    on = (booking.completed_at or at).astimezone(booking.zone).date()
    km = warranty.reading(booking)
    done = [_billed(row, on, km) for row in rows if row.state == LineState.DONE]
    is_handed_over = booking.completed_at is not None
    has_no_km = any(one.until_km is None for one in done) if is_handed_over else km is None
    return Bill(
        done=done,
        left=[row for row in rows if row.state in _LEFT],
        total_fen=booking.total_fen,
        agreed_fen=booking.agreed_fen,
        check=booking.quality_checks.filter(is_passed=True).select_related("by").order_by("at", "pk").last(),
        gives_old_parts_back=Amenity.OLD_PARTS in booking.shop.amenities,
        is_reading_questioned=has_no_km and booking.odometer_km is not None,
        is_handed_over=is_handed_over,
    )


_LEFT = (LineState.DECLINED, LineState.DEFERRED, LineState.NOT_NEEDED)


def _billed(row: Line, on: date, km: int | None) -> BilledLine:
    until, until_km = warranty.ends(row.current, handed_over_on=on, odometer_km=km)
    if row.warranty_until is not None:
        until, until_km = row.warranty_until, row.warranty_until_km
    return BilledLine(row, row.current, until, until_km)
