"""The least warranty that a repair has by law, and what a shop gives on top (`docs/rules/warranty.md`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from bookings.choices import LineState, WarrantyScope
from bookings.models import Booking, CheckIn, Line, LineVersion
from catalog.choices import ServiceCategory
from catalog.models import Service
from core import day_words
from core.errors import InvalidInput
from shops.models import Shop


@dataclass(frozen=True, slots=True)
class Terms:
    """A warranty: for `days` from handover or `km` from its odometer reading, whichever ends first."""

    scope: WarrantyScope
    days: int
    km: int


# 机动车维修管理规定 (Regulations on motor vehicle maintenance), article 37 as numbered in 2016: from handover,
# kilometres or days, whichever comes first. `docs/rules/warranty.md` says what was compared with which text.
STATUTORY = {
    WarrantyScope.MINOR: Terms(WarrantyScope.MINOR, days=10, km=2_000),
    WarrantyScope.SECOND_LEVEL: Terms(WarrantyScope.SECOND_LEVEL, days=30, km=5_000),
    WarrantyScope.ASSEMBLY: Terms(WarrantyScope.ASSEMBLY, days=100, km=20_000),
}
# A shop states its warranty in months; a month of warranty is 30 days and, by this product's rule, 1,000 km.
DAYS_PER_MONTH = 30
KM_PER_MONTH = 1_000


def scope_of(service: Service | None) -> WarrantyScope:
    """What the regulation calls a service: the major service is second-level maintenance, the rest is minor or special
    repair until whoever proposes it says that an assembly is repaired."""
    return WarrantyScope.SECOND_LEVEL if service and service.key == "major_service" else WarrantyScope.MINOR


def terms(service: Service | None, shop: Shop) -> Terms:
    """What the shop gives on a service: its own months where it gives more than the law."""
    least = STATUTORY[scope_of(service)]
    if service and service.category in (ServiceCategory.LOGISTICS, ServiceCategory.AGENCY):
        return least
    return Terms(
        least.scope,
        days=max(least.days, shop.warranty_months * DAYS_PER_MONTH),
        km=max(least.km, shop.warranty_months * KM_PER_MONTH),
    )


def check(given: Terms) -> None:
    """Raises InvalidInput (field `warranty_days` or `warranty_km`) where a warranty is below the law."""
    least = STATUTORY[given.scope]
    if given.days < least.days:
        raise InvalidInput(_("The law asks for %(days)d days at least.") % {"days": least.days}, field="warranty_days")
    if given.km < least.km:
        raise InvalidInput(_("The law asks for %(km)d km at least.") % {"km": least.km}, field="warranty_km")


def begin(booking: Booking, *, at: datetime) -> None:
    """Let the warranty of what was done in a visit run from its handover at `at`. Inside the caller's transaction.

    Kilometres count from the reading at check-in; while that is questioned only the days do.
    """
    lines = list(booking.lines.filter(state=LineState.DONE).with_versions())
    km = reading(booking)
    handed_over_on = at.astimezone(booking.zone).date()
    for line in lines:
        line.warranty_until, line.warranty_until_km = ends(line.current, handed_over_on=handed_over_on, odometer_km=km)
    Line.objects.bulk_update(lines, ["warranty_until", "warranty_until_km"])


def reading(booking: Booking) -> int | None:
    """The odometer from which a visit's warranty counts, km; None where it was not read or is questioned. One query."""
    sheet = CheckIn.objects.filter(booking=booking).first()
    return None if sheet and sheet.is_odometer_questioned else booking.odometer_km


def ends(version: LineVersion, *, handed_over_on: date, odometer_km: int | None) -> tuple[date, int | None]:
    """Until which local date (inclusive) and which odometer reading a line is under warranty; no reading where none
    was taken."""
    until_km = None if odometer_km is None else odometer_km + version.warranty_km
    return handed_over_on + timedelta(days=version.warranty_days), until_km


def covers(*, until: date | None, until_km: int | None, today: date, odometer_km: int | None) -> bool:
    """Whether a warranty still runs: not past its last day, and not past its kilometres where both are known."""
    if until is None or today > until:
        return False
    return until_km is None or odometer_km is None or odometer_km <= until_km


def in_words(line: Line) -> str:
    """A line with the end of its warranty, in the active language. Needs the line's versions at hand."""
    until = day_words.full_day(line.warranty_until) if line.warranty_until else ""
    said = {"what": line.current.name, "day": until}
    if line.warranty_until_km is None:
        return gettext("%(what)s, warranty until %(day)s") % said
    return gettext("%(what)s, warranty until %(day)s or %(km)s km") % {**said, "km": f"{line.warranty_until_km:,}"}
