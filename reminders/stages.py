"""When one is reminded: days before and after the day when something is due, by what it is (docs/rules/reminders.md).

Pure. A stage is over once a letter told it, or once a later stage was told. After the last one nothing more is sent;
the item stays where the owner sees it until it is done, put off or dismissed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from reminders.choices import Source, Stage
from reminders.models import DueItem

Plan = Mapping[Stage, int]

# Days from the day it is due (product decisions). An inspection can be had in the three months before its label ends
# and an insurance be renewed in the month before: the first notice comes in that time, with room to find a day off.
_INTERVAL: Plan = {Stage.FIRST: -30, Stage.SECOND: -7, Stage.OVERDUE: 7, Stage.LAST: 30}
_STATUTE: Plan = {Stage.FIRST: -60, Stage.SECOND: -14, Stage.OVERDUE: 3, Stage.LAST: 30}
_INSURANCE: Plan = {Stage.FIRST: -28, Stage.SECOND: -7, Stage.OVERDUE: 1, Stage.LAST: 15}
# What only a test will tell is said once, and once more when a test is clearly late.
_LIKELY: Plan = {Stage.FIRST: -14, Stage.LAST: 45}
# At its limit since it was measured: the owner was told at the visit, and is left a week to think.
_LIMIT: Plan = {Stage.FIRST: 7, Stage.SECOND: 21, Stage.LAST: 45}
# They said themselves when to hear of it again.
_DEFERRED: Plan = {Stage.FIRST: 0, Stage.LAST: 21}
# Something to have looked at while somebody else pays for it.
_WARRANTY: Plan = {Stage.FIRST: -21}


def plan_of(item: DueItem) -> Plan:
    """The stages of an item, in order."""
    if item.round > 1 and item.source != Source.WARRANTY:
        return _DEFERRED
    match item.source:
        case Source.STATUTE:
            return _STATUTE
        case Source.INSURANCE:
            return _INSURANCE
        case Source.WARRANTY:
            return _WARRANTY
        case Source.DEFERRED:
            return _DEFERRED
        case Source.MEASURED if not item.is_likely:
            return _LIMIT
    return _LIKELY if item.is_likely else _INTERVAL


def base_of(item: DueItem) -> date | None:
    """The day that stages are counted from: when it is due, or until when the owner put it off."""
    return item.deferred_until if item.round > 1 and item.deferred_until else item.due_on


@dataclass(frozen=True, slots=True)
class Turn:
    """The stage whose time has come, and the earlier ones that were not told in time."""

    stage: Stage
    skipped: tuple[Stage, ...] = ()


def turn(item: DueItem, over: Collection[str], today: date) -> Turn | None:
    """What to remind of today, None for nothing: the latest stage whose day has come, never one before a stage that is
    over. `over`: the stages of this round that are."""
    base = base_of(item)
    if base is None:
        return None
    come = [stage for stage in _ahead(item, over) if base + timedelta(days=plan_of(item)[stage]) <= today]
    return Turn(come[-1], tuple(come[:-1])) if come else None


def next_on(item: DueItem, over: Collection[str]) -> date | None:
    """The day of the next stage, maybe past; None when there is none or nobody can date it."""
    base = base_of(item)
    ahead = _ahead(item, over)
    return base + timedelta(days=plan_of(item)[ahead[0]]) if base and ahead else None


def _ahead(item: DueItem, over: Collection[str]) -> list[Stage]:
    stages = list(plan_of(item))
    last = max((stages.index(Stage(stage)) for stage in over if stage in stages), default=-1)
    return stages[last + 1 :]
