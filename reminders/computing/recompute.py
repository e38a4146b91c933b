"""Computes what cars need and writes down what has changed.

A car's `CarState` row is the lock: whoever computes a car holds it, so that two sweeps never compute one car at once.
Facts are read after it is held, and whatever changes them later marks the row stale once it is free. The items are read
without a lock; those that are to be written are locked and looked at again, for their owners may have spoken meanwhile.
"""

from __future__ import annotations

import gc
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from catalog.needs.loading import BookShelf
from reminders import stages
from reminders.choices import STANDING, ItemAct
from reminders.computing import differences, loading
from reminders.computing.differences import Change
from reminders.computing.items import items
from reminders.computing.shape import Computed, Known, Row
from reminders.models import CarState, DueEvent, DueItem, Reminder
from vehicles.models import Car

logger = logging.getLogger(__name__)

BATCH = 500
# A car of which nothing changes is looked at once a week: what is not told by any event (a change of the catalogue, a
# warranty that ends, a winter that comes) shows within that time.
OLD_AFTER = timedelta(days=7)
_MAX_ERROR = 300


def sweep(*, at: datetime, limit: int, books: BookShelf | None = None) -> int:
    """Compute `limit` cars at most: first those of which something has changed, then those about which somebody is to
    be reminded today, then those that were not computed for a week. Returns how many; two sweeps at once share them.

    Each batch is a transaction of its own. A car that cannot be computed says so and holds up no other. `books`: what
    the catalogue knows, for several sweeps of one turn.
    """
    today, books, count = timezone.localdate(at), books or BookShelf(), 0
    for waiting in (_stale, _spoken_of, _old):
        while count < limit:
            with _uncollected(), transaction.atomic():
                states = _claimed(waiting(today), min(BATCH, limit - count))
                _compute_held(states, today=today, at=at, books=books)
            if not states:
                break
            count += len(states)
    return count


@transaction.atomic
def recompute_cars(cars: Iterable[Car], *, today: date, at: datetime) -> int:
    """Compute these cars now, a page's worth of them at most; those that somebody else is just computing are left to
    them. Returns how many were computed."""
    wanted = [car.pk for car in cars]
    CarState.objects.bulk_create([CarState(car_id=pk) for pk in sorted(wanted)], ignore_conflicts=True)
    states = _claimed(CarState.objects.filter(car__in=wanted).order_by("car_id"), len(wanted))
    _compute_held(states, today=today, at=at, books=BookShelf())
    return len(states)


# --- Whose turn it is --------------------------------------------------------------------------------


def _stale(_today: date) -> QuerySet[CarState]:
    return CarState.objects.filter(stale_since__isnull=False).order_by("stale_since", "car_id")


def _spoken_of(today: date) -> QuerySet[CarState]:
    """Cars with something that is to be told today, and that were not computed today."""
    due = DueItem.objects.standing().filter(next_stage_on__lte=today, car__removed_at=None)
    return CarState.objects.filter(computed_on__lt=today, car__in=due.values("car")).order_by("car_id")


def _old(today: date) -> QuerySet[CarState]:
    # A day that has not come was written under a clock that was wrong.
    is_old = Q(computed_on=None) | Q(computed_on__lte=today - OLD_AFTER) | Q(computed_on__gt=today)
    old = CarState.objects.filter(is_old, car__removed_at=None)
    return old.order_by(F("computed_on").asc(nulls_first=True), "car_id")


def _claimed(rows: QuerySet[CarState], count: int) -> list[CarState]:
    return list(rows.select_for_update(skip_locked=True, no_key=True, of=("self",))[:count])


@contextmanager
def _uncollected() -> Iterator[None]:
    """One batch without the cyclic collector. All that a batch makes is freed by counting, while the collector would go
    through the whole process again and again, for a sixth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


# --- One batch ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Outcome:
    """What is to be written of a batch, and which cars could not be computed."""

    new: list[DueItem] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    errors: dict[int, str] = field(default_factory=dict)


def _compute_held(states: list[CarState], *, today: date, at: datetime, books: BookShelf) -> None:
    """Compute the cars whose states this transaction holds."""
    if not states:
        return
    cars = list(Car.objects.filter(pk__in=[state.car_id for state in states]).order_by("pk"))
    here = [car for car in cars if car.removed_at is None]
    found = _found(cars, here, today=today, at=at, books=books)
    disturbed = _write(found, at=at)
    mine = CarState.objects.filter(car__in=[state.car_id for state in states])
    mine.update(computed_on=today, stale_since=None, last_error="")
    if disturbed:
        mine.filter(car__in=disturbed).update(stale_since=at)
    for car, error in found.errors.items():
        mine.filter(car=car).update(last_error=error)


def _found(cars: list[Car], here: list[Car], *, today: date, at: datetime, books: BookShelf) -> _Outcome:
    found = _Outcome()
    computed = _computed(here, found, lambda some: loading.known(some, today=today, books=books))
    standing = loading.standing(cars)
    missing = {car: _missing(ones, standing[car]) for car, (_known, ones) in computed.items()}
    closed = loading.closed({car: ones for car, ones in missing.items() if ones})
    for car in cars:
        rows = standing[car.pk]
        if car.removed_at is not None:
            found.changes += differences.of_removed(rows)
        elif car.pk in computed:
            known, ones = computed[car.pk]
            found.changes += differences.changes(rows, closed.get(car.pk, {}), ones, known)
            found.new += differences.new(car, missing[car.pk], set(closed.get(car.pk, {})), at)
    return found


def _missing(computed: Iterable[Computed], rows: Iterable[Row]) -> list[Computed]:
    keys = {row.key for row in rows}
    return [one for one in computed if one.key not in keys]


_Items = dict[int, tuple[Known, list[Computed]]]


def _computed(cars: list[Car], found: _Outcome, load: Callable[[Collection[Car]], dict[int, Known]]) -> _Items:
    """The items of each car. Where a batch fails its cars are computed one by one, and those that fail are named."""
    try:
        with transaction.atomic():
            return {car: (known, items(known)) for car, known in load(cars).items()}
    except (DatabaseError, SoftTimeLimitExceeded):  # no car is at fault
        raise
    except Exception as error:
        if len(cars) == 1:
            logger.exception("the due items of car %s cannot be computed", cars[0].pk)
            found.errors[cars[0].pk] = f"{type(error).__name__}: {error}"[:_MAX_ERROR]
            return {}
    return {pk: one for car in cars for pk, one in _computed([car], found, load).items()}


# --- Writing -----------------------------------------------------------------------------------------


def _write(found: _Outcome, *, at: datetime) -> set[int]:
    """Write what was found. Returns the cars of which an item was changed by somebody else since it was read."""
    DueItem.objects.bulk_create(found.new, batch_size=BATCH)
    events = [DueEvent(item=item, act=ItemAct.OPENED, at=at) for item in found.new]
    changed, disturbed = _undisturbed(found.changes)
    over = _over([item for change, item in changed if change.has_new_stages])
    for change, item in changed:
        _apply(change, item, over, at)
        if change.act is not None:
            events.append(DueEvent(item=item, act=change.act, at=at, data=change.data))
    DueItem.objects.bulk_update([item for _change, item in changed], _WRITTEN, batch_size=BATCH)
    DueEvent.objects.bulk_create(events, batch_size=2 * BATCH)
    return disturbed


def _undisturbed(changes: list[Change]) -> tuple[list[tuple[Change, DueItem]], set[int]]:
    """Those of rows that are still as they were read, with the rows, which stay so until the transaction ends; and the
    cars of the others."""
    pks = [change.item.pk for change in changes]
    if not pks:
        return [], set()
    rows = DueItem.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk")
    items = {item.pk: item for item in rows}
    kept, disturbed = [], set()
    for change in changes:
        read, item = change.item, items.get(change.item.pk)
        if item is not None and (item.state, item.round) == (read.state, read.round):
            kept.append((change, item))
        else:
            disturbed.add(read.car_id)
    return kept, disturbed


def _over(changed: Collection[DueItem]) -> dict[int, set[str]]:
    """The stages of their present round that are over, by item."""
    rounds = {item.pk: item.round for item in changed}
    over: dict[int, set[str]] = defaultdict(set)
    if rounds:
        rows = Reminder.objects.filter(item__in=rounds).values_list("item_id", "round", "stage")
        for item, turn, stage in rows:
            if rounds[item] == turn:
                over[item].add(stage)
    return over


def _apply(change: Change, item: DueItem, over: dict[int, set[str]], at: datetime) -> None:
    for name, value in change.values.items():
        setattr(item, name, value)
    if item.state in STANDING:
        item.closed_at = None
    else:
        item.closed_at, item.next_stage_on, item.deferred_until = at, None, None
    if change.has_new_stages:
        item.next_stage_on = stages.next_on(item, over.get(item.pk, ()))


_WRITTEN = (
    *("source", "service", "title", "is_likely", "by", "due_km", "is_by_prior", "facts"),
    *("due_on", "earliest_on", "latest_on", "state", "deferred_until", "closed_at", "next_stage_on"),
)
