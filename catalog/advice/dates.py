"""Calendar months."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from functools import lru_cache

MONTHS_A_YEAR = 12
_SHORTEST = 28  # days that every month has


@lru_cache(maxsize=8_192)  # many cars share few days
def add_months(day: date, months: int) -> date:
    """The same day of the month so many months on, the month's last day where it has no such day; date.max at most."""
    year, month = divmod(day.year * MONTHS_A_YEAR + day.month - 1 + months, MONTHS_A_YEAR)
    if year > date.max.year:
        return date.max
    if day.day <= _SHORTEST:
        return date(year, month + 1, day.day)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def add_days(day: date, days: int) -> date:
    """So many days on, date.max at most."""
    return day + timedelta(days=days) if days <= (date.max - day).days else date.max
