"""Where a due item stands for its owner today. Pure."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

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
