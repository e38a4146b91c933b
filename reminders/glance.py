"""What each of somebody's cars needs, at a glance: what is next, and how much is overdue or near.

It is read from the due items, so that what their owner said of them counts; for a car that is waiting to be computed,
what is next is said by the plan, from which they follow.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from catalog.needs import loading
from catalog.needs.rows import NextDue
from catalog.needs.rows import next_due as next_by_plan
from catalog.needs.visits import NEAR
from core import day_words
from reminders import words
from reminders.choices import Source
from reminders.models import CarState, DueItem
from reminders.standing import Standing, standing_of
from vehicles.models import Car


@dataclass(frozen=True, slots=True)
class Glance:
    """What is next, how much is `overdue`, and how much is due `soon` beside that."""

    next: NextDue
    overdue: int
    soon: int


def glances(cars: Iterable[Car], *, today: date, with_next: bool = True) -> dict[int, Glance]:
    """By car (primary key). Two queries for any number of cars with names and record at hand; eight more where some
    are waiting to be computed, unless nobody asks what is next."""
    cars = list(cars)
    if not cars:
        return {}
    items: dict[int, list[DueItem]] = {car.pk: [] for car in cars}
    for item in DueItem.objects.standing().filter(car__in=items).order_by("due_on", "pk"):
        items[item.car_id].append(item)
    computed = set(
        CarState.objects.filter(car__in=items, stale_since=None, computed_on__isnull=False).values_list(
            "car", flat=True
        )
    )
    waiting = [car for car in cars if car.pk not in computed] if with_next else []
    planned = next_by_plan(loading.for_cars(waiting, today=today))
    return {car: _glance(rows, planned.get(car), today) for car, rows in items.items()}


def _glance(items: Sequence[DueItem], planned: NextDue | None, today: date) -> Glance:
    standing = [standing_of(item, today) for item in items]
    return Glance(
        next=planned or _next(items, today),
        overdue=standing.count(Standing.OVERDUE),
        soon=standing.count(Standing.SOON),
    )


def _next(items: Sequence[DueItem], today: date) -> NextDue:
    """What is done in one visit from the first day on, as the plan proposes visits: what is due, or where nothing is
    more than likely, that."""
    dated = sorted(
        ((max(day, today), item.pk, item) for item in items if (day := _day(item)) is not None), key=lambda row: row[:2]
    )
    if not dated:
        return NextDue([], "", "", is_now=False)
    first_on = dated[0][0]
    together = [item for on, _pk, item in dated if on <= first_on + NEAR]
    chosen = [item for item in together if not item.is_likely] or together
    is_now = any(standing_of(item, today) == Standing.OVERDUE for item in chosen)
    return NextDue(
        names=list(dict.fromkeys(words.title(item) for item in chosen)),
        when=_("Now") if is_now else day_words.month_year(first_on),
        why=words.short(chosen[0]),
        is_now=is_now,
    )


def _day(item: DueItem) -> date | None:
    """When it comes up; the end of a warranty is no work."""
    return None if item.source == Source.WARRANTY else item.deferred_until or item.due_on
