"""What a letter says on a day: pure questions about stages, and that the gap between letters loses none."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from reminders import stages
from reminders.choices import By, Source, Stage
from reminders.models import DueItem
from reminders.sending import choosing
from reminders.sending.choosing import GAP, Pick

TODAY = date(2026, 11, 23)
F, S, OVERDUE, L = Stage.FIRST, Stage.SECOND, Stage.OVERDUE, Stage.LAST


def item(days: int, source: Source = Source.SCHEDULE, *, pk: int = 1, **fields: Any) -> DueItem:
    """An item that is due `days` from today."""
    return DueItem(pk=pk, source=source, by=By.DATE, due_on=TODAY + timedelta(days=days), **fields)


def told(*items: DueItem, over: dict[int, set[str]] | None = None) -> list[tuple[int, Stage, tuple[Stage, ...], bool]]:
    return [_plain(pick) for pick in choosing.picks(items, over or {}, TODAY)]


def _plain(pick: Pick) -> tuple[int, Stage, tuple[Stage, ...], bool]:
    return pick.item.pk, pick.stage, pick.skipped, pick.is_early


@pytest.mark.parametrize(
    "row",
    [
        item(0),
        item(0, Source.STATUTE),
        item(0, Source.INSURANCE),
        item(0, Source.MEASURED),
        item(0, Source.MEASURED, is_likely=True),
        item(0, Source.TEST, is_likely=True),
        item(0, Source.DEFERRED),
        item(0, Source.WARRANTY),
        item(0, round=2, deferred_until=TODAY),
    ],
    ids=str,
)
def test_no_stage_is_lost_by_the_gap_between_letters(row: DueItem) -> None:
    """A stage waits for the gap at most, and a day more for quiet hours; the next stage of its item comes later."""
    days = list(stages.plan_of(row).values())
    assert days == sorted(days)
    assert all(later - sooner > GAP.days + 1 for sooner, later in pairwise(days))


def test_nothing_is_written_before_a_stage_has_come() -> None:
    assert told(item(31), item(40, pk=2)) == []


def test_what_comes_soon_is_told_along() -> None:
    assert told(item(30), item(44, pk=2), item(45, pk=3)) == [(1, F, (), False), (2, F, (), True)]


def test_after_an_outage_the_latest_stage_is_told_and_the_others_are_skipped() -> None:
    assert told(item(-8)) == [(1, OVERDUE, (F, S), False)]
    assert told(item(-31), over={1: {F}}) == [(1, L, (S, OVERDUE), False)]


def test_nothing_is_called_overdue_before_it_is() -> None:
    come = item(5, pk=1)
    assert told(come, item(0, pk=2), over={2: {F, S}}) == [(1, S, (F,), False)]
    assert told(come, item(-1, pk=2), over={2: {F, S}}) == [(2, OVERDUE, (), True), (1, S, (F,), False)]


def test_who_put_something_off_hears_of_it_on_the_day_they_named() -> None:
    put_off = item(90, pk=2, round=2, deferred_until=TODAY + timedelta(days=1))
    assert told(item(5), put_off) == [(1, S, (F,), False)]
    put_off.deferred_until = TODAY
    assert told(put_off) == [(2, F, (), False)]


def test_who_was_given_time_to_think_keeps_it() -> None:
    measured = item(-2, Source.MEASURED, pk=2)
    assert told(item(5), measured) == [(1, S, (F,), False)]


def test_a_likely_day_comes_after_a_sure_one() -> None:
    assert [row[0] for row in told(item(9, is_likely=True), item(9, pk=2))] == [2, 1]


def test_the_last_stage_is_known_as_such() -> None:
    (pick,) = choosing.picks([item(-30)], {1: {F, S, OVERDUE}}, TODAY)
    assert pick.is_last
    (first,) = choosing.picks([item(30)], {}, TODAY)
    assert not first.is_last


def test_an_item_that_nobody_can_date_is_not_told() -> None:
    undated = DueItem(pk=1, source=Source.SCHEDULE, by=By.KM, due_km=90_000)
    assert told(undated) == []
