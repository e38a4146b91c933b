"""Tells the plan of a car what its owner put off, and when to bring it up again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from zoneinfo import ZoneInfo

from django.db.models import F

from bookings.choices import Decision, LineState
from bookings.models import LineVersion
from catalog.needs import deferrals
from catalog.needs.shape import Deferred
from vehicles.models import Car


def connect() -> None:
    """Register with `catalog.needs.deferrals`; called once when the app is ready."""
    deferrals.register(deferred)


def deferred(cars: Collection[Car]) -> Mapping[int, Sequence[Deferred]]:
    """Lines of the catalogue's services that are put off still, by car. One query for any number of cars."""
    rows = LineVersion.objects.filter(
        service__isnull=False,
        number=F("line__version"),
        line__state=LineState.DEFERRED,
        line__booking__car__in=[car.pk for car in cars],
        line__decisions__decision=Decision.DEFER,
        line__decisions__version=F("line__version"),
    ).order_by("line__decisions__at", "line__decisions__pk")
    found: dict[int, list[Deferred]] = defaultdict(list)
    for car, zone, service, at, until_on, until_km in rows.values_list(
        "line__booking__car",
        "line__booking__timezone",
        "service__key",
        "line__decisions__at",
        "line__decisions__defer_until",
        "line__decisions__defer_km",
    ):
        found[car].append(Deferred(service, at.astimezone(ZoneInfo(zone)).date(), until_on, until_km))
    return found
