"""The platform's advice on what is proposed in a visit: the car, its record and what was measured today, judged by
`catalog.advice`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from bookings.choices import IN_SHOP
from bookings.floor.drafts import Draft
from bookings.models import Booking, InspectionItem, LineVersion
from catalog.advice import loading
from catalog.advice.belief import believe
from catalog.advice.facts import CarFacts, Measurement, RecordFacts
from catalog.advice.loading import Adviser
from catalog.advice.verdict import Advice
from catalog.advice.words import Names, Words, words
from catalog.models import CheckPoint, Service


def advise(*, booking: Booking, draft: Draft, at: datetime) -> Advice:
    """The advice on a draft on the shop's local day of `at`. The number of queries does not grow with the record."""
    return adviser(booking=booking, at=at).on(
        service=draft.service.key if draft.service else "",
        measure=draft.measure.key if draft.measure else "",
        symptoms=frozenset(draft.symptoms),
        fault_codes=frozenset(draft.fault_codes),
    )


def adviser(*, booking: Booking, at: datetime) -> Adviser:
    """Who gives advice in a visit, any number of times: with the car's record where there is one, and with what was
    measured in the visit. A walk-in without a car on the platform is judged by its powertrain and odometer alone."""
    today = at.astimezone(booking.zone).date()
    measured = measurements(booking)
    if booking.car is not None and _is_open_to_shop(booking):
        return loading.for_car(booking.car, today=today, measurements=measured)
    car = CarFacts(powertrain=booking.variant.powertrain, odometer_km=booking.odometer_km, odometer_on=today)
    return Adviser(loading.facts_for(booking.variant), believe(car, RecordFacts(), measured, today))


def _is_open_to_shop(booking: Booking) -> bool:
    """Whether advice may stand on the car's record: while the visit is under way and the record is its owner's. What
    was sold since, or is over, is nothing that the shop may ask about."""
    record = booking.car.record if booking.car else None
    is_sold = record is not None and record.owner_id != booking.owner_id
    return booking.status in IN_SHOP and not is_sold


def measurements(booking: Booking) -> list[Measurement]:
    """What was measured in the visit's inspections. One query."""
    rows = InspectionItem.objects.filter(inspection__booking=booking, value__isnull=False)
    return [
        Measurement(row.point, row.value, row.at.astimezone(booking.zone).date(), booking.odometer_km)
        for row in rows.order_by("pk")
        if row.value is not None
    ]


def evidence_of(booking: Booking, draft: Draft) -> list[dict[str, Any]]:
    """The readings that speak for or against a draft, as a line keeps them: those of its service's check points."""
    rows = InspectionItem.objects.filter(inspection__booking=booking).order_by("pk")
    points = {point.key for point in draft.service.check_points.all()} if draft.service else set()
    return [
        {
            "point": row.point,
            "value": None if row.value is None else format(row.value.normalize(), "f"),
            "tone": row.tone,
            "codes": row.codes,
        }
        for row in rows
        if row.point in points or set(row.codes) & set(draft.fault_codes)
    ]


def names() -> Names:
    """What services and check points are called, for the advice of any number of lines. Two queries."""
    return Names(Service.objects.in_bulk(field_name="key"), CheckPoint.objects.in_bulk(field_name="key"))


def words_on(version: LineVersion, known: Names) -> Words | None:
    """The advice that a version of a line keeps, in the active language; None where none was given (what was agreed
    when booking). No query."""
    if not version.advice:
        return None
    listed = {version.measure.key: version.measure} if version.measure else {}
    return words(Advice.from_json(version.advice), replace(known, rules=listed))
