"""Where due items stand for their owner today."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from django.db.models import Count as CountRows
from django.db.models import Q

from reminders.choices import ItemState
from reminders.models import DueItem

# As early as the first notice of anything (`reminders.stages`): what one was reminded of is never called "later".
SOON = timedelta(days=60)


class Standing(StrEnum):
    """OVERDUE: its day is over. SOON: its day is near; what only a test will tell is never more than that. LATER: its
    day is far, or nobody can name it. PUT_OFF: the owner said when. SETTLED: nothing more is to be done."""

    OVERDUE = "overdue"
    SOON = "soon"
    LATER = "later"
    PUT_OFF = "put_off"
    SETTLED = "settled"


def standing_of(item: DueItem, today: date) -> Standing:
    """The group in which the item is shown."""
    if item.state == ItemState.DEFERRED:
        return Standing.PUT_OFF
    if item.state != ItemState.OPEN:
        return Standing.SETTLED
    if item.due_on is None or item.due_on > today + SOON:
        return Standing.LATER
    return Standing.SOON if item.is_likely or item.due_on >= today else Standing.OVERDUE


@dataclass(frozen=True, slots=True)
class Count:
    """How many things a car needs: `soon` beside those that are `overdue`."""

    overdue: int = 0
    soon: int = 0


def counts(cars: Collection[int], *, today: date) -> dict[int, Count]:
    """How much each of the cars (primary keys) needs, by `standing_of`; cars that need nothing now are left out. One
    query for any number of cars."""
    if not cars:
        return {}
    is_overdue = Q(due_on__lt=today, is_likely=False)
    rows = DueItem.objects.open().filter(car__in=cars, due_on__lte=today + SOON).order_by().values_list("car")
    found = rows.annotate(overdue=CountRows("pk", filter=is_overdue), soon=CountRows("pk", filter=~is_overdue))
    return {car: Count(overdue, soon) for car, overdue, soon in found}
