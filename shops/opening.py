"""A shop's opening as people ask for it: is it open now, when today, which days of the week are different.

Built on `shops.calendar` from rows already fetched (`Shop.objects.for_page()`): no query, and the caller says what
time it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise

from shops import calendar
from shops.calendar import ClosedDays, ClosedReason, DayKind, Hours, Interval
from shops.choices import Day
from shops.models import Shop


@dataclass(frozen=True)
class DayOpening:
    """One date: wall-clock stretches, or why there are none."""

    date: date
    kind: DayKind
    intervals: Sequence[Interval]
    closed: ClosedReason | None
    is_today: bool = False

    @property
    def differs(self) -> bool:
        """Whether the date is not like the same weekday otherwise: a feast, a make-up day or a closure."""
        return (
            self.kind.is_holiday or self.kind.is_makeup or (self.closed is not None and self.closed.code == "closure")
        )


@dataclass(frozen=True)
class OpenState:
    """The moment: open or not, today's stretches, and when it opens next if it is closed now (UTC)."""

    is_open: bool
    today: DayOpening
    closes_at: datetime | None
    opens_at: datetime | None


@dataclass(frozen=True)
class Opening:
    """A shop's hours and closures with the rules that apply to them."""

    shop: Shop
    hours: Sequence[Hours]
    closures: Sequence[ClosedDays]

    @classmethod
    def of(cls, shop: Shop) -> Opening:
        """Read the shop's hours and closures (prefetch `opening_hours` and `closures` for many shops)."""
        return cls(
            shop,
            [(row.day, row.opens_at, row.closes_at) for row in shop.opening_hours.all()],
            [ClosedDays(row.first_date, row.last_date, row.reason) for row in shop.closures.all()],
        )

    def on(self, day: date, *, today: date) -> DayOpening:
        """The opening of one date."""
        facts = self._facts(day)
        intervals = calendar.open_intervals(**facts)
        closed = None if intervals else calendar.why_closed(**facts)
        kind = calendar.day_kind(day, self.shop.city.country)
        return DayOpening(day, kind, intervals, closed, is_today=day == today)

    def days(self, *, first: date, count: int) -> list[DayOpening]:
        """The coming `count` dates from `first`, which is today."""
        return [self.on(first + timedelta(days=n), today=first) for n in range(count)]

    def special_days(self, *, after: date, days: int) -> list[DayOpening]:
        """Dates in the `days` after `after` that differ from the ordinary week."""
        coming = (self.on(after + timedelta(days=n), today=after) for n in range(1, days + 1))
        return [day for day in coming if day.differs]

    def state(self, *, at: datetime) -> OpenState:
        """Open or closed at `at`, and what comes next within two weeks."""
        today = at.astimezone(self.shop.zone).date()
        spans = [span for n in range(14) for span in self.utc_intervals(today + timedelta(days=n))]
        now = next((end for start, end in spans if start <= at < end), None)
        following = next((start for start, _ in spans if start > at), None)
        return OpenState(now is not None, self.on(today, today=today), now, None if now else following)

    def utc_intervals(self, day: date) -> list[calendar.UtcInterval]:
        """The opening of one date as moments in UTC, in order and without overlap."""
        return calendar.utc_intervals(**self._facts(day), zone=self.shop.zone)

    def _facts(self, day: date) -> calendar.Facts:
        return {
            "hours": self.hours,
            "closures": self.closures,
            "policy": self.shop.holiday_policy,
            "works_makeup_days": self.shop.works_makeup_days,
            "country": self.shop.city.country,
            "date": day,
        }


def weekly(hours: Iterable[Hours]) -> list[tuple[Day, list[Interval]]]:
    """The ordinary week, Monday to Sunday, then public holidays; closed days have no stretches."""
    by_day: dict[int, list[tuple[time, time]]] = {day: [] for day in Day}
    for day, opens, closes in hours:
        by_day[day].append((opens, closes))
    return [(day, sorted(by_day[day])) for day in Day]


def last_start(state: OpenState, *, shop: Shop, minutes: int) -> time | None:
    """The latest time today at which a job of `minutes` can still begin, on the shop's grid; None if none fits."""
    step = shop.slot_step_minutes
    for opens, closes in reversed(state.today.intervals):
        latest = closes.hour * 60 + closes.minute - minutes
        latest -= latest % step
        if latest >= opens.hour * 60 + opens.minute:
            return time(latest // 60, latest % 60)
    return None


def hours_problems(hours: Sequence[Hours]) -> list[tuple[int, str]]:
    """What is wrong with weekly hours: indices into `hours` with `ends_early` or `overlaps`; empty if nothing is."""
    found = [(index, "ends_early") for index, (_, opens, closes) in enumerate(hours) if closes <= opens]
    order = sorted(range(len(hours)), key=lambda index: hours[index])
    for earlier, later in pairwise(order):
        same_day = hours[earlier][0] == hours[later][0]
        if same_day and hours[later][1] < hours[earlier][2]:
            found.append((later, "overlaps"))
    return found
