"""The platform's advice on what is proposed in a visit: the car, its record and what was measured today, judged by
`catalog.advice`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bookings.floor.drafts import Draft
from bookings.models import Booking, InspectionItem
from catalog.advice.facts import Measurement
from catalog.advice.verdict import Advice


def advise(*, booking: Booking, draft: Draft, at: datetime) -> Advice:
    """The advice on a draft on the shop's local day of `at`."""
    from catalog.advice import loading  # type: ignore[attr-defined]

    return loading.advise(  # type: ignore[no-any-return]
        variant=booking.variant,
        car=booking.car,
        service=draft.service,
        measure=draft.measure,
        symptoms=frozenset(draft.symptoms),
        fault_codes=frozenset(draft.fault_codes),
        measurements=measurements(booking),
        odometer_km=booking.odometer_km,
        today=at.astimezone(booking.zone).date(),
    )


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
