"""The time that a statement covers: half a calendar month on the shop's wall clock."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from django.utils.translation import get_language

from core import day_words
from shops.models import Shop

_KEY = re.compile(r"(20[0-9]{2})(0[1-9]|1[0-2])([AB])")
_SECOND_HALF = 16
_SLUG_LETTERS = 19  # a number has 30 characters, eleven of them before the shop's


@dataclass(frozen=True)
class Period:
    """The 1st to the 15th of a month (A), or the 16th to its end (B)."""

    starts_on: date
    zone: ZoneInfo

    @property
    def ends_on(self) -> date:
        """The last day."""
        if self.starts_on.day < _SECOND_HALF:
            return self.starts_on.replace(day=_SECOND_HALF - 1)
        return self.starts_on.replace(day=monthrange(self.starts_on.year, self.starts_on.month)[1])

    @cached_property
    def starts_at(self) -> datetime:
        """The first instant."""
        return datetime.combine(self.starts_on, time(), self.zone)

    @cached_property
    def ends_at(self) -> datetime:
        """The first instant that belongs to the next period."""
        return datetime.combine(self.ends_on + timedelta(days=1), time(), self.zone)

    @property
    def key(self) -> str:
        """`202611A`: what it is called in numbers and addresses."""
        return f"{self.starts_on:%Y%m}{'A' if self.starts_on.day < _SECOND_HALF else 'B'}"

    @property
    def name(self) -> str:
        """`Nov 2026, first half` / `2026年11月上半月`."""
        month = day_words.month_year(self.starts_on)
        is_first = self.starts_on.day < _SECOND_HALF
        if (get_language() or "").startswith("zh"):
            return f"{month}{'上' if is_first else '下'}半月"
        return f"{month}, {'first' if is_first else 'second'} half"

    @property
    def days(self) -> str:
        """`1 Nov 2026 – 15 Nov 2026`."""
        return f"{day_words.full_day(self.starts_on)} – {day_words.full_day(self.ends_on)}"

    def next(self) -> Period:
        return Period(self.ends_on + timedelta(days=1), self.zone)

    def has_ended(self, at: datetime) -> bool:
        return at >= self.ends_at


def of_day(day: date, zone: ZoneInfo) -> Period:
    """The period in which a day lies."""
    return Period(day.replace(day=1 if day.day < _SECOND_HALF else _SECOND_HALF), zone)


def of_instant(at: datetime, zone: ZoneInfo) -> Period:
    """The period in which an instant lies on the wall clock of `zone`."""
    return of_day(at.astimezone(zone).date(), zone)


def of_key(key: str, zone: ZoneInfo) -> Period | None:
    """The period of `202611A`; None for what is no key of one."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    return Period(date(int(match[1]), int(match[2]), 1 if match[3] == "A" else _SECOND_HALF), zone)


def number_of(shop: Shop, period: Period) -> str:
    """`ST-202611A-XUHUI`: the statement's number, unique over all shops. A dot, which no shop's address has, keeps
    shortened ones apart."""
    own = shop.slug if len(shop.slug) <= _SLUG_LETTERS else f"{shop.slug[:11]}.{shop.pk}"
    return f"ST-{period.key}-{own.upper()}"
