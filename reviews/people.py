"""Who of the shop worked on a visit: the technicians who did its lines or were claimed for it, and its advisors."""

from __future__ import annotations

from bookings.choices import AllocationKind, LineState
from bookings.models import Booking
from reviews.choices import PersonRole
from reviews.models import Review, ReviewPerson
from shops.choices import ResourceKind
from shops.models import Resource


def who_worked(booking: Booking) -> dict[Resource, PersonRole]:
    """The people of a visit in the order of their part: first who did its lines, then who was claimed, then advisors.
    Two queries."""
    done = booking.lines.filter(state=LineState.DONE, technician__isnull=False).order_by("position", "pk")
    technicians = [line.technician for line in done.select_related("technician") if line.technician]
    claims = booking.allocations.filter(kind=AllocationKind.WORK).select_related("resource").order_by("pk")
    people = [claim.resource for claim in claims]
    if not technicians:
        technicians = [person for person in people if person.kind == ResourceKind.TECHNICIAN]
    advisors = [person for person in people if person.kind == ResourceKind.ADVISOR]
    roles = dict.fromkeys(advisors, PersonRole.ADVISOR)
    return {**dict.fromkeys(technicians, PersonRole.TECHNICIAN), **roles}


def name(review: Review, booking: Booking) -> list[ReviewPerson]:
    """Write down whom a new review names."""
    rows = [ReviewPerson(review=review, person=person, role=role) for person, role in who_worked(booking).items()]
    return ReviewPerson.objects.bulk_create(rows)
