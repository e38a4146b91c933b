"""Who works on a visit and where, of all that it claims."""

from __future__ import annotations

from dataclasses import dataclass

from bookings.choices import AllocationKind
from bookings.models import Booking
from shops.choices import PLACES, ResourceKind, Skill
from shops.models import Resource


@dataclass(frozen=True, slots=True)
class Crew:
    """The first bay and the first technician that work on the car, and the loaner car; None where there is none."""

    bay: Resource | None = None
    technician: Resource | None = None
    loaner: Resource | None = None


def of_booking(booking: Booking) -> Crew:
    """Who and where. Needs the claims at hand (`for_card()`). A driver who only fetches the car does not work on it."""
    claims = [claim for claim in booking.allocations.all() if claim.kind == AllocationKind.WORK]
    claims.sort(key=lambda claim: (claim.during.lower, claim.pk))
    used = [claim.resource for claim in claims]
    people = [one for one in used if one.kind == ResourceKind.TECHNICIAN and one.capabilities != [Skill.DRIVER]]
    return Crew(
        bay=next((one for one in used if one.kind in PLACES), None),
        technician=people[0] if people else None,
        loaner=next((one for one in used if one.kind == ResourceKind.LOANER), None),
    )
