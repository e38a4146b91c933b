"""Days and times in words, per language. Pure: the caller says what time it is now and in which zone.

The shapes differ between languages by more than words (order, 周六 for Saturday, no "month" in a short date), so they
stand here together instead of being scattered over message catalogues.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils import translation

_ZH_WEEKDAYS = "一二三四五六日"
_EN_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EN_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class _Words:
    today: str
    tomorrow: str
    weekday: Callable[[date], str]
    day: Callable[[date], str]
    """Day and month: "21 Nov"."""
    weekday_day: Callable[[date], str]
    """With the weekday: "Sat 21 Nov"."""
    joint: str
    """What stands between a day and a time."""
    month_year: Callable[[date], str]
    """"Apr 2027"."""
    full_day: Callable[[date], str]
    """With the year: "21 Nov 2026"."""


_EN = _Words(
    today="Today",
    tomorrow="Tomorrow",
    weekday=lambda d: _EN_WEEKDAYS[d.weekday()],
    day=lambda d: f"{d.day} {_EN_MONTHS[d.month - 1]}",
    weekday_day=lambda d: f"{_EN_WEEKDAYS[d.weekday()]} {d.day} {_EN_MONTHS[d.month - 1]}",
    joint=", ",
    month_year=lambda d: f"{_EN_MONTHS[d.month - 1]} {d.year}",
    full_day=lambda d: f"{d.day} {_EN_MONTHS[d.month - 1]} {d.year}",
)
_ZH = _Words(
    today="今天",
    tomorrow="明天",
    weekday=lambda d: f"周{_ZH_WEEKDAYS[d.weekday()]}",
    day=lambda d: f"{d.month}月{d.day}日",
    weekday_day=lambda d: f"{d.month}月{d.day}日 周{_ZH_WEEKDAYS[d.weekday()]}",
    joint=" ",
    month_year=lambda d: f"{d.year}年{d.month}月",
    full_day=lambda d: f"{d.year}年{d.month}月{d.day}日",
)


def _words() -> _Words:
    return _ZH if (translation.get_language() or "").startswith("zh") else _EN


def weekday(day: date) -> str:
    """`Sat` / `周六`."""
    return _words().weekday(day)


def weekday_day_month(day: date) -> str:
    """`Sat 21 Nov` / `11月21日 周六`."""
    return _words().weekday_day(day)


def month_year(day: date) -> str:
    """`Apr 2027` / `2027年4月`."""
    return _words().month_year(day)


def full_day(day: date) -> str:
    """`21 Nov 2026` / `2026年11月21日`."""
    return _words().full_day(day)


def near_day(day: date, *, today: date) -> str:
    """`Today`, `Tomorrow`, else `Sun 22 Nov` / `今天`, `明天`, `11月22日 周日`."""
    words = _words()
    if day == today:
        return words.today
    if day == today + timedelta(days=1):
        return words.tomorrow
    return words.weekday_day(day)


def near_day_short(day: date, *, today: date) -> str:
    """As `near_day`, but only the weekday within the coming six days and only day and month after that."""
    if day <= today + timedelta(days=1):
        return near_day(day, today=today)
    words = _words()
    return words.weekday(day) if day < today + timedelta(days=7) else words.day(day)


def day_time(at: datetime, *, zone: ZoneInfo) -> str:
    """`Sat 21 Nov, 14:30` / `11月21日 周六 14:30`: the wall clock of `zone`."""
    local = at.astimezone(zone)
    words = _words()
    return f"{words.weekday_day(local.date())}{words.joint}{local:%H:%M}"


def near_day_time(at: datetime, *, now: datetime, zone: ZoneInfo) -> str:
    """`Today, 14:30` / `今天 14:30`, otherwise as `day_time`."""
    local = at.astimezone(zone)
    return f"{near_day(local.date(), today=now.astimezone(zone).date())}{_words().joint}{local:%H:%M}"


def within(said: str) -> str:
    """A near day as it stands inside a sentence: `today, 14:30`. Weekdays and months keep their capital."""
    words = _words()
    return said[0].lower() + said[1:] if said.startswith((words.today, words.tomorrow)) else said
