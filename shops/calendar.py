"""When a shop is open: weekly hours, public holidays, make-up working days and closures. Pure: no database, no clock.

Weekly hours are tuples `(day, opens, closes)` with `shops.choices.Day` values; all dates and times are wall time in the
shop's zone.
"""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from typing import NamedTuple, TypedDict
from zoneinfo import ZoneInfo

import holidays
from django.utils.translation import get_language, gettext

from shops.choices import Day, HolidayPolicy

Hours = tuple[int, dt.time, dt.time]
Interval = tuple[dt.time, dt.time]
UtcInterval = tuple[dt.datetime, dt.datetime]

_SUBSTITUTED = re.compile(r"^(Day off|休息日)")
_OBSERVED = re.compile(r"\s*(\(observed\)|（补假）)$")
_LONGEST_RUN_DAYS = 10  # China's longest official break; how far a day off looks for the feast it belongs to


class ClosedDays(NamedTuple):
    """Days on which a shop is closed besides its hours, both ends included, and why (shown to owners)."""

    first: dt.date
    last: dt.date
    reason: str = ""


class Facts(TypedDict):
    """What `open_intervals` and `why_closed` are asked with, for callers that ask both."""

    hours: Sequence[Hours]
    closures: Sequence[ClosedDays]
    policy: str
    works_makeup_days: bool
    country: str
    date: dt.date


class DayType(StrEnum):
    """What the holiday calendar says about a date. WORKDAY is any ordinary day, weekends too."""

    WORKDAY = "workday"
    HOLIDAY = "holiday"
    MAKEUP = "makeup"


@dataclass(frozen=True, slots=True)
class DayKind:
    """A date in a country's holiday calendar.

    `provisional`: the year's exchange of working days is not published yet (China: each November for the next year),
    so the date may still change.
    """

    kind: DayType
    name_zh: str = ""
    name_en: str = ""
    provisional: bool = False

    @property
    def is_holiday(self) -> bool:
        return self.kind is DayType.HOLIDAY

    @property
    def is_makeup(self) -> bool:
        return self.kind is DayType.MAKEUP

    @property
    def name(self) -> str:
        """The feast's name in the reader's language; empty on an ordinary day."""
        return self.name_zh if (get_language() or "zh").startswith("zh") else self.name_en


@dataclass(frozen=True, slots=True)
class ClosedReason:
    """Why a shop is closed on a date: a stable `code` (closure, holiday, weekly) and `text` for people."""

    code: str
    text: str
    provisional: bool = False


@dataclass(frozen=True, slots=True)
class _Year:
    names_zh: dict[dt.date, str]
    names_en: dict[dt.date, str]
    makeup_days: frozenset[dt.date]
    provisional: bool


def day_kind(date: dt.date, country: str) -> DayKind:
    """What `date` is in the calendar of `country` (ISO 3166: CN). A country without a calendar has no holidays.

    Source: the `holidays` package, which follows the State Council's yearly notices. Weekend days between two days off
    of one break count as part of the break (4 October 2026).
    """
    year = _year(country, date.year)
    if date in year.names_en:
        return DayKind(DayType.HOLIDAY, year.names_zh[date], year.names_en[date], year.provisional)
    kind = DayType.MAKEUP if date in year.makeup_days else DayType.WORKDAY
    return DayKind(kind, provisional=year.provisional)


@cache
def _year(country: str, year: int) -> _Year:
    # The following year too: its first break can be worked for in December (31 December 2011).
    years = {year, year + 1}
    try:
        public = holidays.country_holidays(country, years=years)
    except NotImplementedError:
        return _Year({}, {}, frozenset(), provisional=False)
    makeup = frozenset(getattr(public, "weekend_workdays", ()))
    published = getattr(public, "special_public_holidays", {}) if country == "CN" else {}
    breaks_span_weekends = bool(published)
    zh, en = (
        _names(dict(_in_language(country, years, wanted)), makeup if breaks_span_weekends else None)
        for wanted in ("zh_CN", "en_US")
    )
    return _Year(zh, en, makeup, provisional=bool(published) and year not in published)


def _in_language(country: str, years: set[int], wanted: str) -> holidays.HolidayBase:
    known = holidays.country_holidays(country).supported_languages
    return holidays.country_holidays(country, years=years, language=wanted if wanted in known else None)


def _names(raw: dict[dt.date, str], makeup: frozenset[dt.date] | None) -> dict[dt.date, str]:
    """Days off by name: substituted days bear their feast's name; with `makeup`, weekends inside a break join it."""
    feasts = {day: _OBSERVED.sub("", name) for day, name in raw.items() if not _SUBSTITUTED.match(name)}
    names = {day: feasts.get(day) or _nearest(feasts, day) or raw[day] for day in raw}
    if makeup is None:
        return names
    for first in sorted(raw):
        gap = [first + dt.timedelta(days=n) for n in (1, 2)]
        weekend = [day for day in gap if day.isoweekday() >= Day.SATURDAY and day not in raw and day not in makeup]
        if weekend and weekend == gap[: len(weekend)] and weekend[-1] + dt.timedelta(days=1) in raw:
            names.update(dict.fromkeys(weekend, names[first]))
    return names


def _nearest(feasts: dict[dt.date, str], day: dt.date) -> str | None:
    near = [other for other in feasts if abs((other - day).days) <= _LONGEST_RUN_DAYS]
    return feasts[min(near, key=lambda other: abs((other - day).days))] if near else None


def open_intervals(
    *,
    hours: Sequence[Hours],
    closures: Sequence[ClosedDays],
    policy: str,
    works_makeup_days: bool,
    country: str,
    date: dt.date,
) -> list[Interval]:
    """When the shop is open on `date`, as wall times in order; empty when it is closed.

    A closure wins over everything. On a public holiday `policy` decides (`HolidayPolicy`). A make-up working day on a
    weekend has the hours of its own weekday if the shop is open then, otherwise Monday's if `works_makeup_days`.
    """
    if _closure_of(closures, date) is not None:
        return []
    kind = day_kind(date, country)
    if kind.is_holiday and policy == HolidayPolicy.CLOSED:
        return []
    if kind.is_holiday and policy == HolidayPolicy.HOLIDAY_HOURS:
        return _hours_of(hours, Day.HOLIDAY)
    own = _hours_of(hours, date.isoweekday())
    if not own and kind.is_makeup and works_makeup_days:
        return _hours_of(hours, Day.MONDAY)
    return own


def why_closed(
    *,
    hours: Sequence[Hours],  # noqa: ARG001  (called with the same facts as open_intervals)
    closures: Sequence[ClosedDays],
    policy: str,
    works_makeup_days: bool,  # noqa: ARG001  (as above)
    country: str,
    date: dt.date,
) -> ClosedReason:
    """Why a shop without `open_intervals` on `date` is closed then, with a text in the active language."""
    closure = _closure_of(closures, date)
    if closure is not None:
        return ClosedReason("closure", closure.reason or gettext("Closed by the shop"))
    kind = day_kind(date, country)
    if kind.is_holiday and policy != HolidayPolicy.AS_USUAL:
        return ClosedReason("holiday", kind.name, kind.provisional)
    return ClosedReason("weekly", gettext("Closed on this day of the week"))


def utc_intervals(  # noqa: PLR0913  (as open_intervals)
    *,
    hours: Sequence[Hours],
    closures: Sequence[ClosedDays],
    policy: str,
    works_makeup_days: bool,
    country: str,
    zone: ZoneInfo,
    date: dt.date,
) -> list[UtcInterval]:
    """`open_intervals` as moments in UTC, in order and without overlap.

    Where clocks go back, an opening lasts from the first occurrence of its start to the last occurrence of its end.
    Where they go forward, a time that does not exist becomes the moment of the change.
    """
    stretches = open_intervals(
        hours=hours,
        closures=closures,
        policy=policy,
        works_makeup_days=works_makeup_days,
        country=country,
        date=date,
    )
    merged: list[UtcInterval] = []
    for opens, closes in stretches:
        start, end = _moment(date, opens, zone, last=False), _moment(date, closes, zone, last=True)
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return merged


def _closure_of(closures: Sequence[ClosedDays], date: dt.date) -> ClosedDays | None:
    return next((closure for closure in closures if closure.first <= date <= closure.last), None)


def _hours_of(hours: Sequence[Hours], day: int) -> list[Interval]:
    return sorted((opens, closes) for of_day, opens, closes in hours if of_day == day)


@lru_cache(maxsize=16_384)
def _moment(date: dt.date, wall: dt.time, zone: ZoneInfo, *, last: bool) -> dt.datetime:
    local = dt.datetime.combine(date, wall, tzinfo=zone)
    first_utc = local.replace(fold=0).astimezone(dt.UTC)
    last_utc = local.replace(fold=1).astimezone(dt.UTC)
    if first_utc <= last_utc:
        return last_utc if last else first_utc
    # Folds the wrong way round: the clock jumps over this time. Find the second at which it jumps.
    before = zone.utcoffset(local.replace(fold=0))
    seconds = range(int((first_utc - last_utc).total_seconds()) + 1)
    jump = bisect_right(
        seconds, False, key=lambda n: (last_utc + dt.timedelta(seconds=n)).astimezone(zone).utcoffset() != before
    )
    return last_utc + dt.timedelta(seconds=jump)
