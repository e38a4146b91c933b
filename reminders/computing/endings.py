"""Why a due item that stands does not follow from the facts any more: it was done, a fact was corrected, or nothing can
be said of it now. Pure.

That its time has passed is no reason. Where nothing can be said, and where only the calendar has moved on, it stays.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from catalog.advice.dates import add_months
from catalog.needs.planning import FORGOTTEN_AFTER
from reminders.choices import ItemAct, OwnerDateKind, Source
from reminders.computing import by_law, services
from reminders.computing.shape import (
    INSPECTION,
    INSURANCE,
    LIMIT,
    OWN,
    PUT_OFF,
    READ,
    Computed,
    Known,
    Row,
    mark_of,
    start_of,
)

# A day that lies so much later is that of the renewed insurance, not the same one spelt right (product decision).
RENEWED_AFTER = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Ending:
    """DONE or ENDED, with what is kept of why."""

    act: ItemAct
    data: Mapping[str, Any] = field(default_factory=dict)


REMOVED = Ending(ItemAct.ENDED, {"why": "removed"})
_CORRECTED = Ending(ItemAct.ENDED, {"why": "corrected"})


def ending(item: Row, known: Known, computed: Collection[Computed]) -> Ending | None:
    """What became of a standing item that is not among the computed ones; None: it stays as it is."""
    if item.source == Source.WARRANTY:
        return Ending(ItemAct.ENDED, {"why": "over"})
    if item.subject == INSURANCE:
        return _insurance(item, known)
    if item.subject == INSPECTION:
        return _inspection(item, known, computed)
    if item.subject.startswith(f"{OWN}:"):
        return _own_work(item, known)
    return _service(item, known, computed)


def _service(row: Row, known: Known, computed: Collection[Computed]) -> Ending | None:
    adviser = known.firsts.adviser
    item = adviser.book.items.get(row.service)
    if item is None or adviser.story.car.powertrain not in item.powertrains:
        return _CORRECTED
    last, began = adviser.story.last(item.key, *item.also_done_with), start_of(row.cycle)
    if last is not None and (began is None or last.on > began):
        return Ending(ItemAct.DONE, {"on": last.on.isoformat(), "km": last.km})
    mark, newest = mark_of(row.cycle), services.newest_reading(item, adviser.story)
    if mark.startswith(READ) and newest is not None and newest[1].on.isoformat() > mark[len(READ) :]:
        return Ending(ItemAct.DONE, {"measured_on": newest[1].on.isoformat()})
    marks = {mark_of(one.cycle)[:1] for one in computed if one.subject == row.subject}
    for other, why in ((PUT_OFF, "put_off"), (LIMIT, "measured"), (READ, "measured")):
        if other in marks and not mark.startswith(other):
            return Ending(ItemAct.ENDED, {"why": why})
    if not marks and row.service in {advice.subject for advice in known.firsts.unknown}:
        return None
    return _CORRECTED


def _inspection(row: Row, known: Known, computed: Collection[Computed]) -> Ending | None:
    item = by_law.inspection(known)
    if item is None or row.due_on is None:
        return _CORRECTED
    if by_law.is_inspected(item, row.due_on, known):
        last = known.firsts.adviser.story.last(item.key)
        return Ending(ItemAct.DONE, {"on": last.on.isoformat() if last else None})
    now = next((one for one in computed if one.subject == INSPECTION), None)
    if now is None or now.due_on is None:
        return _CORRECTED if row.facts["said"] else None
    if now.facts["said"]:
        is_renewed = now.due_on > row.due_on and by_law.opens_on(row.due_on) <= known.today
        return Ending(ItemAct.DONE, {"said": now.due_on.isoformat()}) if is_renewed else _CORRECTED
    is_same_law = row.facts["delivered_on"] == now.facts["delivered_on"]
    return None if is_same_law and row.due_on < known.today else _CORRECTED


def _insurance(row: Row, known: Known) -> Ending:
    said = known.said.get(OwnerDateKind.INSURANCE)
    if said is not None and row.due_on is not None and said - row.due_on > RENEWED_AFTER:
        return Ending(ItemAct.DONE, {"said": said.isoformat()})
    return _CORRECTED


def _own_work(row: Row, known: Known) -> Ending | None:
    """The plan forgets it after a year; whoever was reminded of it decides for themselves."""
    since = row.due_on or start_of(row.cycle)
    is_forgotten = since is not None and add_months(since, FORGOTTEN_AFTER) < known.today
    return None if is_forgotten else _CORRECTED
