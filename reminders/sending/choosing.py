"""What one letter says: every open item whose stage has come, and what comes soon, so that nobody gets five letters.

Pure. A letter is due when the stage of at least one item has come. It then also tells, once and for all, the next
stage of items for which that is less than `ALONG` away: never "overdue" before it is, and nothing that the owner put
off or was given time to think about before its day.

Between two letters to one owner lie at least `GAP`. No stage is lost by that: a letter tells everything whose day has
come, so a stage waits a gap at most, and the days of two stages of one item are further apart than that
(tests/reminders/test_stages.py).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from reminders import stages
from reminders.choices import Stage
from reminders.models import DueItem
from vehicles.models import Car

# Product decisions: a letter a week at most, on whatever day of the week the last one went out.
GAP = timedelta(days=6)
ALONG = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Pick:
    """An item that a letter speaks of: the stage it tells, and earlier ones whose time went by untold. `is_early`: told
    along with others, before its own day."""

    item: DueItem
    stage: Stage
    skipped: tuple[Stage, ...] = ()
    is_early: bool = False

    @property
    def is_last(self) -> bool:
        """Whether nothing more is said of it after this, in letters."""
        return stages.next_on(self.item, {self.stage}) is None

    @property
    def over(self) -> set[str]:
        """The stages that are over when this one is told."""
        return {self.stage, *self.skipped}


def picks(items: Iterable[DueItem], over: Mapping[int, Collection[str]], today: date) -> list[Pick]:
    """What to write today of open items, the most urgent first; empty where nothing's time has come. `over`: by item,
    the stages of its present round that are over."""
    items = list(items)
    come = [found for item in items if (found := _come(item, over.get(item.pk, ()), today))]
    if not come:
        return []
    told = {pick.item.pk for pick in come}
    early = (_early(item, over.get(item.pk, ()), today) for item in items if item.pk not in told)
    return sorted([*come, *(pick for pick in early if pick)], key=lambda pick: urgency(pick.item))


def urgency(item: DueItem) -> tuple[date, bool, int]:
    """What to sort by: the day it is due, what is sure before what is only likely."""
    return stages.base_of(item) or date.max, item.is_likely, item.pk


def by_car(chosen: Iterable[Pick]) -> dict[Car, list[Pick]]:
    """Picks in order, by car: the car with the most urgent one first."""
    found: dict[Car, list[Pick]] = {}
    for pick in chosen:
        found.setdefault(pick.item.car, []).append(pick)
    return found


def _come(item: DueItem, over: Collection[str], today: date) -> Pick | None:
    turn = stages.turn(item, over, today)
    return Pick(item, turn.stage, turn.skipped) if turn else None


def _early(item: DueItem, over: Collection[str], today: date) -> Pick | None:
    base, day = stages.base_of(item), stages.next_on(item, over)
    if base is None or day is None or day > today + ALONG:
        return None
    turn = stages.turn(item, over, day)
    if turn is None or (day >= base and (turn.stage == Stage.FIRST or base >= today)):
        return None
    return Pick(item, turn.stage, is_early=True)
