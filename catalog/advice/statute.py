"""The periodic inspection of a private small car, as the law has it since October 2022.

Every two years in the first ten, then every year, counted from the first registration; the label is valid to the end of
the month and can be applied for in the three months before. The day of delivery stands for that of registration.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain, count

from catalog.advice.belief import Story
from catalog.advice.dates import MONTHS_A_YEAR, add_months
from catalog.advice.facts import Item
from catalog.advice.verdict import Advice, Change, Numbers
from catalog.choices import AdviceChange, AdviceRule, AdviceVerdict

TWO_YEARLY = (2, 4, 6, 8, 10)
WINDOW_MONTHS = 3


def decide(item: Item, story: Story) -> Advice:
    """Due from three months before the label runs out; unknown without the day of delivery."""
    if story.new_on is None or story.is_new_estimated:
        return _advice(item, AdviceVerdict.UNKNOWN, Numbers(), Change(AdviceChange.DELIVERY))
    last = story.last(item.key)
    assumed_until = date.min if story.is_complete else min(story.car.known_since or story.today, story.today)
    due_on = _next_due(story.new_on, last.on if last else None, assumed_until)
    opens_on = _opens_on(due_on)
    numbers = Numbers(last_on=last.on if last else None, from_on=story.new_on, due_on=due_on, until_on=opens_on)
    if opens_on <= story.today:
        return _advice(item, AdviceVerdict.DUE_NOW, numbers, Change(AdviceChange.ENTRY))
    return _advice(item, AdviceVerdict.CAN_WAIT, numbers, Change(AdviceChange.DATE, on=opens_on))


def _next_due(new_on: date, last_on: date | None, assumed_until: date) -> date:
    """The first inspection that is not done. Without an entry those that were over before the car came here count as
    done: all that are over where that day is not known, none in an unbroken record. One that ran out since does not."""
    for due_on in _due_days(new_on):
        if due_on == date.max:
            return due_on
        is_done = last_on is not None and last_on >= _opens_on(due_on)
        is_past = last_on is None and due_on < assumed_until
        if not is_done and not is_past:
            return due_on
    return date.max


def _due_days(new_on: date) -> Iterator[date]:
    for years in chain(TWO_YEARLY, count(TWO_YEARLY[-1] + 1)):
        first_of_next = add_months(new_on.replace(day=1), years * MONTHS_A_YEAR + 1)
        yield first_of_next - timedelta(days=1) if first_of_next < date.max else date.max


def _opens_on(due_on: date) -> date:
    return add_months(due_on, -WINDOW_MONTHS)


def _advice(item: Item, verdict: AdviceVerdict, numbers: Numbers, change: Change) -> Advice:
    return Advice(
        subject=item.key,
        verdict=verdict,
        rule=AdviceRule.STATUTE,
        numbers=numbers,
        change=(change,),
        source=item.source,
        confidence=item.confidence,
    )
