"""When people work: shifts beside the shop's calendar. Pure: no query, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shops import calendar
from shops.calendar import Hours, UtcInterval
from shops.models import Shop
from shops.planned import PlannedVisit


def visits_outside(visits: Iterable[PlannedVisit], *, shifts: Sequence[Hours], shop: Shop) -> list[PlannedVisit]:
    """Visits that claim the person at a time which no shift covers. Without shifts nothing is outside.

    Shifts follow the shop's calendar as opening hours do: on a public holiday the shop's policy says which day's apply.
    Needs `shop.city` at hand.
    """
    if not shifts:
        return []
    return [visit for visit in visits if not all(_is_worked(span, shifts, shop) for span in visit.spans)]


def _is_worked(span: UtcInterval, shifts: Sequence[Hours], shop: Shop) -> bool:
    start, end = span
    worked = calendar.utc_intervals(
        hours=shifts,
        closures=(),
        policy=shop.holiday_policy,
        works_makeup_days=shop.works_makeup_days,
        country=shop.city.country,
        zone=shop.zone,
        date=start.astimezone(shop.zone).date(),
    )
    return any(begins <= start and end <= ends for begins, ends in worked)
