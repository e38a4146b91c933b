"""What has changed between the due items that are written down and those that follow from the facts. Pure: it changes
no row, it says what is to be written.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any

from reminders import stages
from reminders.choices import STANDING, ItemAct, ItemState, Source
from reminders.computing.endings import REMOVED, Ending, ending
from reminders.computing.shape import Computed, Known, Row
from reminders.models import DueItem
from vehicles.models import Car

# A day that moves by less is the same day to whoever plans by it (product decision).
MOVES_AFTER = timedelta(days=3)
_FIELDS = ("source", "service", "title", "is_likely", "by", "due_km", "is_by_prior", "facts")
_DAYS = ("due_on", "earliest_on", "latest_on")
_read = attrgetter(*_FIELDS, *_DAYS)
# What the record shows as done may turn out not to be: then it is due again. Elsewhere it is the owner's word.
_FROM_RECORD = (Source.SCHEDULE, Source.MEASURED, Source.TEST)


@dataclass(slots=True)
class Change:
    """What is to be written of a row, if it stands as it did when it was read. `act` None: nothing worth telling.
    `has_new_stages`: the day of the next reminder is to be found again."""

    item: Row
    values: dict[str, Any]
    act: ItemAct | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    has_new_stages: bool = False


def changes(
    standing: Iterable[Row], closed: Mapping[tuple[str, str], Row], computed: Sequence[Computed], known: Known
) -> Iterator[Change]:
    """What becomes of the rows of a car: those that stand, and those that are closed and computed again."""
    by_key = {one.key: one for one in computed}
    for item in standing:
        one = by_key.get(item.key)
        if one is not None:
            change = _again(item, one, known.today)
            if change is not None:
                yield change
        elif (ended := ending(item, known, computed)) is not None:
            yield closing(item, ended)
        elif (back := _coming_back(item, known.today)) is not None:
            yield back
    for key, item in closed.items():
        if key in by_key and _opens_again(item):
            yield _reopened(item, by_key[key])


def of_removed(standing: Iterable[Row]) -> Iterator[Change]:
    """A car that is in no garage owes nothing."""
    return (closing(item, REMOVED) for item in standing)


def closing(item: Row, ended: Ending) -> Change:
    state = ItemState.DONE if ended.act == ItemAct.DONE else ItemState.ENDED
    return Change(item, {"state": state}, ended.act, ended.data)


def new(car: Car, computed: Iterable[Computed], known_keys: set[tuple[str, str]], at: datetime) -> Iterator[DueItem]:
    """Rows for what no row says yet."""
    for one in computed:
        if one.key not in known_keys:
            item = DueItem(car=car, owner_id=car.owner_id, subject=one.subject, cycle=one.cycle, opened_at=at)
            for name, value in _values(one).items():
                setattr(item, name, value)
            item.next_stage_on = stages.next_on(item, ())
            yield item


def _values(one: Computed) -> dict[str, Any]:
    return {name: getattr(one, name) for name in (*_FIELDS, *_DAYS)}


def _again(item: Row, one: Computed, today: date) -> Change | None:
    """A standing row with what is computed now: a word of it only where the day or the kilometres have moved."""
    values = _changed(item, one)
    back = _coming_back(item, today)
    if back is not None:
        back.values |= values
        back.has_new_stages = True
        return back
    if not values:
        return None
    act = ItemAct.MOVED if _has_moved(item, values) else None
    has_new_stages = not values.keys().isdisjoint({"due_on", "source", "is_likely"})
    return Change(item, values, act, _move(item, values) if act else {}, has_new_stages)


def _changed(item: Row, one: Computed) -> dict[str, Any]:
    if _read(one) == _read(item):
        return {}
    names: tuple[str, ...] = (*_FIELDS, *_DAYS)
    if one.holds_day and item.due_on is not None and one.due_on is not None and item.due_on < one.due_on:
        names = _FIELDS
    return {name: value for name in names if (value := getattr(one, name)) != getattr(item, name)}


def _has_moved(item: Row, values: Mapping[str, Any]) -> bool:
    if "due_km" in values:
        return True
    if "due_on" not in values:
        return False
    before, now = item.due_on, values["due_on"]
    return before is None or now is None or abs(now - before) > MOVES_AFTER


def _move(item: Row, values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "from_on": item.due_on,
        "to_on": values.get("due_on", item.due_on),
        "from_km": item.due_km,
        "to_km": values.get("due_km", item.due_km),
    }


def _coming_back(item: Row, today: date) -> Change | None:
    """Put off until a day that has come."""
    if item.state != ItemState.DEFERRED or item.deferred_until is None or item.deferred_until > today:
        return None
    return Change(item, {"state": ItemState.OPEN}, ItemAct.CAME_BACK, {"until": item.deferred_until})


def _opens_again(item: Row) -> bool:
    """What was ended because a fact was wrong, or done by an entry that was wrong. A dismissed one stays so."""
    if item.state in STANDING or item.state == ItemState.DISMISSED:
        return False
    return item.state == ItemState.ENDED or item.source in _FROM_RECORD


def _reopened(item: Row, one: Computed) -> Change:
    values = _changed(item, one) | {"state": ItemState.OPEN}
    return Change(item, values, ItemAct.REOPENED, {}, has_new_stages=True)
