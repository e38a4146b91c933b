"""Tells the plan of a car what its owner put off, and when to bring it up again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from bookings.choices import Decision, LineState
from bookings.models import LineVersion
from catalog.needs import deferrals
from catalog.needs.shape import Deferred, Quoted
from shops.models import Shop
from vehicles.models import Car


def connect() -> None:
    """Register with `catalog.needs.deferrals`; called once when the app is ready."""
    deferrals.register(deferred)


def deferred(cars: Collection[Car]) -> Mapping[int, Sequence[Deferred]]:
    """Lines that are put off still, by car; those that are no service of the catalogue with what the shop called them
    and quoted, in the active language, unless the same was done on the car since. One query for any number of cars."""
    rows = LineVersion.objects.filter(
        number=F("line__version"),
        line__state=LineState.DEFERRED,
        line__booking__car__in=[car.pk for car in cars],
        line__decisions__decision=Decision.DEFER,
        line__decisions__version=F("line__version"),
    ).select_related("service", "measure", "line__booking__shop")
    decided = rows.annotate(
        decided_at=F("line__decisions__at"),
        until_on=F("line__decisions__defer_until"),
        until_km=F("line__decisions__defer_km"),
    )
    found: dict[int, dict[int, Deferred]] = defaultdict(dict)
    standing = decided.exclude(Exists(_done_since()))
    for row in standing.order_by("line__decisions__at", "line__decisions__pk"):
        booking = row.line.booking
        on = row.decided_at.astimezone(booking.zone).date()
        key = row.service.key if row.service else ""
        quoted = None if row.service else _quoted(row, booking.shop)
        # Of one line the last word counts.
        found[booking.car_id][row.line_id] = Deferred(key, on, row.until_on, row.until_km, quoted)  # type: ignore[index]
    return {car: list(of_car.values()) for car, of_car in found.items()}


def _quoted(row: LineVersion, shop: Shop) -> Quoted:
    names = (row.title, row.title) if row.title or not row.measure else (row.measure.name_zh, row.measure.name_en)
    return Quoted(row.name, shop.name, row.total_fen, names, row.pk)


def _done_since() -> QuerySet[LineVersion]:
    """Lines of the same car, done after a decision, that are the same work but no service: whether a service was done
    since is told by the record, in which the shops' own words have no key."""
    in_the_same_words = Q(title__iexact=OuterRef("title"), service=None, measure=None)
    return LineVersion.objects.filter(
        in_the_same_words | Q(measure=OuterRef("measure")),
        number=F("line__version"),
        line__state=LineState.DONE,
        line__done_at__gt=OuterRef("decided_at"),
        line__booking__car=OuterRef("line__booking__car"),
    )
