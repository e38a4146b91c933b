"""Who works on a visit and where, of all that it claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bookings.choices import AllocationKind
from bookings.models import Booking
from shops.choices import PLACES, ResourceKind
from shops.models import Resource


@dataclass(frozen=True, slots=True)
class Crew:
    """The first bay and the first technician that work on the car, and the loaner car; None where there is none."""

    bay: Resource | None = None
    technician: Resource | None = None
    loaner: Resource | None = None


def of_booking(booking: Booking) -> Crew:
    """Who and where. Needs the claims at hand (`for_card()`). Whoever is busy with the visit while the car stands on no
    bay is its driver, not who works on it."""
    claims = [claim for claim in booking.allocations.all() if claim.kind == AllocationKind.WORK]
    claims.sort(key=lambda claim: (claim.during.lower, claim.pk))
    used = [claim.resource for claim in claims]
    places = [claim.during for claim in claims if claim.resource.kind in PLACES]
    people = [
        claim.resource
        for claim in claims
        if claim.resource.kind == ResourceKind.TECHNICIAN
        and (not places or any(_overlap(claim.during, there) for there in places))
    ]
    return Crew(
        bay=next((one for one in used if one.kind in PLACES), None),
        technician=people[0] if people else None,
        loaner=next((one for one in used if one.kind == ResourceKind.LOANER), None),
    )


def _overlap(one: Any, other: Any) -> bool:
    return bool(one.lower < other.upper and other.lower < one.upper)
