"""Work that is booked or being done: nobody is reminded of it.

An item waits while its service stands in a visit of its car that is asked for, booked or in the shop, or in one that
was handed over since the car's items were computed. Nothing is written down for that: when the visit is over and has
done the work, the item is closed; when it has not, the latest stage whose day has come is told with the next letter,
and what came before it is skipped.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, time

from django.db.models import F, Q
from django.utils import timezone

from bookings.choices import IN_SHOP, UPCOMING, LineState, Status
from bookings.models import BookedService, Booking, LineVersion

# Lines of a visit that are done or may still be.
_AGREED = (LineState.PROPOSED, LineState.APPROVED, LineState.DONE)


def services(computed_on: Mapping[int, date]) -> dict[int, set[str]]:
    """The keys of services that are under way, by car (ids). `computed_on`: by car, the day (in the platform's zone) on
    which its items were computed. One query, three if there are such visits."""
    found: dict[int, set[str]] = defaultdict(set)
    visits = _visits(computed_on) if computed_on else {}
    if visits:
        booked = BookedService.objects.filter(booking__in=visits)
        for visit, key in booked.order_by().values_list("booking", "service__key"):
            found[visits[visit]].add(key)
        agreed = LineVersion.objects.filter(
            line__booking__in=visits, line__state__in=_AGREED, number=F("line__version"), service__isnull=False
        )
        for visit, key in agreed.order_by().values_list("line__booking", "service__key"):
            found[visits[visit]].add(str(key))
    return found


def _visits(computed_on: Mapping[int, date]) -> dict[int, int]:
    """Visits that may be doing it, with their cars (ids)."""
    zone = timezone.get_default_timezone()
    since = datetime.combine(min(computed_on.values()), time(), zone)
    standing, handed_over = Q(status__in=[*UPCOMING, *IN_SHOP]), Q(status=Status.COMPLETED, completed_at__gte=since)
    rows = Booking.objects.filter(standing | handed_over, car__in=computed_on.keys()).order_by()
    return {
        pk: car
        for pk, car, over_at in rows.values_list("pk", "car_id", "completed_at")
        if car is not None and (over_at is None or over_at.astimezone(zone).date() >= computed_on[car])
    }
