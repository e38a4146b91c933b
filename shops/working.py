"""Booked visits beside the time there is to work in: people's shifts, the shop's opening. Pure: no query, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta

from shops import calendar
from shops.calendar import Hours, UtcInterval
from shops.models import Shop
from shops.opening import Opening
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


def visits_shut_out(visits: Iterable[PlannedVisit], *, now: Opening, then: Opening) -> list[PlannedVisit]:
    """Visits some of whose time lies in the opening `now` and would lie outside it `then`.

    Time at which the shop is closed already is not counted: a car that waits over the lunch break, a day off in spite
    of which a visit was kept.
    """
    return [visit for visit in visits if any(_is_shut_out(span, now, then) for span in visit.spans)]


def _is_shut_out(span: UtcInterval, now: Opening, then: Opening) -> bool:
    for day in _local_days(span, now.shop):
        kept = then.utc_intervals(day)
        for opens, closes in now.utc_intervals(day):
            start, end = max(opens, span[0]), min(closes, span[1])
            if start < end and not any(begins <= start and end <= ends for begins, ends in kept):
                return True
    return False


def _local_days(span: UtcInterval, shop: Shop) -> Iterator[date]:
    first, last = (moment.astimezone(shop.zone).date() for moment in span)
    return (first + timedelta(days=n) for n in range((last - first).days + 1))
