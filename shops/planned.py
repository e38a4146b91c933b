"""Visits that stand in the way of a change at a shop: a closure, new hours, a bay out of use, a skill or shift taken.

Bookings are a room above this one: `bookings` registers how to find them (`register`), this room only asks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shops.calendar import UtcInterval
from shops.models import Resource, Shop


@dataclass(frozen=True)
class PlannedVisit:
    """A visit that is booked and not over. Times UTC; `title` is for the shop's staff.

    Of the resource that was asked about: `needs` are the capabilities which the visit needs of it, `spans` the times at
    which the visit claims it. When the whole shop was asked about, nothing is needed of it but to be open: `spans` is
    the time from the visit's start to its promised end.
    """

    number: str
    starts_at: datetime
    title: str
    url: str
    needs: frozenset[str] = frozenset()
    spans: tuple[UtcInterval, ...] = ()


# finder(shop, start, end, resource): visits of the shop that begin in [start, end), on that resource if one is given.
Finder = Callable[[Shop, datetime, datetime | None, Resource | None], list[PlannedVisit]]
_finders: list[Finder] = []


def register(finder: Finder) -> None:
    """Ask `finder` from now on. Registering it again changes nothing."""
    if finder not in _finders:
        _finders.append(finder)


def visits(
    shop: Shop, *, start: datetime, end: datetime | None = None, resource: Resource | None = None
) -> list[PlannedVisit]:
    """The planned visits that begin from `start` until before `end` (None: ever), earliest first."""
    found = [visit for finder in _finders for visit in finder(shop, start, end, resource)]
    return sorted(found, key=lambda visit: (visit.starts_at, visit.number))
