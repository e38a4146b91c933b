"""The days and times that a page offers: a strip of 14 days with counts or reasons, and the chosen day's slots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from bookings.engine import availability, repack
from bookings.engine.availability import DaySlots, Reason
from bookings.engine.phases import Plan
from shops.models import Shop

DAYS_SHOWN = 14


@dataclass(frozen=True, slots=True)
class Strip:
    """One page of days up to the end of the shop's booking window, and the day that is looked at."""

    days: Sequence[DaySlots]
    chosen: DaySlots
    earlier: date | None
    later: date | None
    first_free: date | None

    @property
    def has_discount(self) -> bool:
        """Whether one of the days shown has off-peak hours."""
        return any(day.best_discount for day in self.days)

    @property
    def why_none(self) -> str:
        """Why the chosen day has no slots, in a sentence."""
        reason = self.chosen.reason
        if reason is None:
            return ""
        return self.chosen.detail or str(reason.label)


def note(day: DaySlots) -> str:
    """The line under a day: how many slots, else why none, short enough for a tile."""
    if day.slots:
        return ngettext("%(n)d free", "%(n)d free", len(day.slots)) % {"n": len(day.slots)}
    return _("Closed") if day.reason == Reason.CLOSED else _("Full") if day.reason == Reason.FULL else "–"


def strip(*, shop: Shop, plan: Plan, wanted: date | None, at: datetime) -> Strip:
    """The strip with `wanted` chosen, or the first day that has a slot. Days are the shop's. One query,
    three if a day is full.

    A wanted day outside the window is answered with the nearest day inside it.
    """
    today = at.astimezone(shop.zone).date()
    every = availability.day_slots(shop=shop, plan=plan, first=today, days=shop.booking_window_days + 1, at=at)
    every = repack.reopened(every, shop=shop, plan=plan, at=at)
    free = [day for day in every if day.slots]
    chosen = free[0] if free else every[0]
    if wanted is not None:
        chosen = every[min(max((wanted - today).days, 0), len(every) - 1)]
    begin = (chosen.date - today).days // DAYS_SHOWN * DAYS_SHOWN
    end = begin + DAYS_SHOWN
    return Strip(
        days=every[begin:end],
        chosen=chosen,
        earlier=today + timedelta(days=begin - DAYS_SHOWN) if begin else None,
        later=_first_free(every[end:]) if end < len(every) else None,
        first_free=free[0].date if free else None,
    )


def _first_free(days: Sequence[DaySlots]) -> date:
    return next((day.date for day in days if day.slots), days[0].date)
