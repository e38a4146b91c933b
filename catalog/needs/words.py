"""A plan in plain words, in the language of whoever reads. Why a job stands on its day: short, with the numbers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.advice import words as advice_words
from catalog.choices import AdviceRule
from catalog.needs.loading import Planned, catalogue
from catalog.needs.shape import By, Deferred, Kind, Line, NotOnIt, Remembered, Trend, Visit
from catalog.needs.trends import trends
from core import day_words
from core.money import format_fen
from vehicles.record.odometer import Rate

DAYS_A_MONTH = 30.44


def when(visit: Visit) -> str:
    """Now, or the month: "Apr 2027"."""
    return _("Now") if visit.is_now else day_words.month_year(visit.on)


def when_remembered(row: Remembered, today: date) -> str:
    """Now, the month, or the kilometres that nobody can date; empty where the owner did not say."""
    if row.on is not None:
        return _("Now") if row.on <= today else day_words.month_year(row.on)
    return _("at %(km)s km") % {"km": km(row.deferred.until_km)} if row.deferred.until_km is not None else ""


def put_off_on(deferred: Deferred) -> str:
    """On which day the owner put it off."""
    return _("you put it off on %(day)s") % {"day": day_words.full_day(deferred.decided_on)}


def why(line: Line, planned: Planned) -> str:
    """Why it is due then."""
    reason = _why(line, planned)
    if line.deferred is None or line.by == By.DEFERRED:
        return reason
    return _("%(reason)s · %(note)s") % {"reason": reason, "note": put_off_on(line.deferred)}


def _why(line: Line, planned: Planned) -> str:
    match line.by:
        case By.LIMIT:
            return advice_words.words(line.advice, planned.book.names).reason
        case By.TREND | By.AGE if line.trend is not None:
            return trend(line.trend, planned)
        case By.TEST:
            return _test(line)
        case By.LAW:
            return _("by law until %(day)s") % {"day": day_words.full_day(line.on)}
        case By.DEFERRED if line.deferred is not None:
            return put_off_on(line.deferred)
    return _overdue(line) if line.kind == Kind.NOW else _interval(line)


def trend(found: Trend, planned: Planned) -> str:
    """What was measured, and the limit that it will reach."""
    names = planned.book.names
    if not found.by_km and not found.unit:
        values: dict[str, object] = {"point": names.points_of((found.point,)), "years": number(found.limit)}
        return _("%(point)s: %(years)s years old by then") % values
    values = {
        "point": names.points_of((found.point,)),
        "value": f"{number(found.value)} {found.unit}",
        "limit": f"{number(found.limit)} {found.unit}",
        "month": day_words.month_year(found.on),
        "measured": day_words.month_year(found.measured_on),
    }
    if found.on <= planned.needs.today:
        return _("%(point)s: %(value)s in %(measured)s, at this pace %(limit)s by now") % values
    return _("%(point)s: %(value)s, about %(limit)s in %(month)s") % values


def limit_by(found: Trend) -> str:
    """Where a part is heading, in few words: "3 mm about Feb 2028"."""
    values = {"limit": f"{number(found.limit)} {found.unit}".strip(), "month": day_words.month_year(found.on)}
    if not found.unit:
        return _("%(limit)s years old in %(month)s") % values
    return _("%(limit)s about %(month)s") % values


def wear(planned: Planned) -> dict[str, str]:
    """Where each measured part is heading, by the key of its check point; nothing of parts that do not get worse. For
    the measurements of the health record. No query."""
    return {
        found.point: _wear(found, planned)
        for item in catalogue(planned.book).items
        for found in reversed(trends(item, planned.adviser.story))
        if found.unit
    }


def _wear(found: Trend, planned: Planned) -> str:
    if found.on <= planned.needs.today:
        return _("at this pace %(limit)s by now") % {"limit": f"{number(found.limit)} {found.unit}"}
    return limit_by(found)


def _test(line: Line) -> str:
    numbers = line.numbers
    if line.advice.numbers.value is not None:
        taken = line.advice.numbers
        measured_on = taken.measured_on or line.on
        read = {"value": f"{number(taken.value)} {taken.unit}", "day": day_words.month_year(measured_on)}
        return _("%(value)s in %(day)s; test again, then decide") % read
    if numbers.interval_months is not None:
        return _("test at %(months)s, then decide") % {"months": _months(numbers.interval_months)}
    return _("test first, then decide")


def _overdue(line: Line) -> str:
    numbers = line.numbers
    if numbers.due_km is not None and numbers.km is not None and numbers.km > numbers.due_km:
        values = {"km": km(numbers.due_km), "over": km(numbers.km - numbers.due_km)}
        return _("due at %(km)s km, %(over)s km over") % values
    if numbers.due_on is not None and line.on == numbers.due_on and numbers.used is not None and numbers.used >= 1:
        return _("due since %(day)s") % {"day": day_words.full_day(numbers.due_on)}
    return _interval(line)


def _interval(line: Line) -> str:
    """Both ends of the interval, the one that comes first in front."""
    numbers = line.numbers
    on = day_words.full_day(numbers.due_on) if numbers.due_on else ""
    if numbers.due_km is None:
        values = {"months": _months(numbers.interval_months or 0), "day": on}
        return _("%(months)s on %(day)s") % values
    at = _("%(km)s km") % {"km": km(numbers.due_km)}
    if not on:
        return _("at %(km)s km") % {"km": km(numbers.due_km)}
    first, second = (at, on) if line.by == By.KM else (on, at)
    return _("%(first)s or %(second)s, whichever comes first") % {"first": first, "second": second}


def schedule_of(line: Line, planned: Planned) -> str:
    """Whose rule it is: the maker's schedule, the general interval, a measurement, the law."""
    item = planned.book.items[line.key]
    if line.by == By.LAW:
        return _("the law")
    if line.by in (By.LIMIT, By.TREND, By.AGE):
        return _("measured")
    if line.by == By.DEFERRED:
        return _("your choice")
    if item.schedule.is_of_maker:
        return _("%(make)s schedule") % {"make": planned.car.variant.model.make.name}
    return _("general interval")


def not_needed(entry: NotOnIt, planned: Planned) -> str:
    """Why something is left out on purpose."""
    if entry.is_bundle:
        return _("A package. Your plan lists which of its items are due.")
    if entry.is_measure:
        return planned.book.rules[entry.key].why
    reason = advice_words.words(entry.advice, planned.book.names).reason
    if entry.trend is not None and entry.advice.rule == AdviceRule.MEASURED_GOOD:
        return f"{reason} {_capital(limit_by(entry.trend))}."
    return reason


def what_would_change(entry: NotOnIt, planned: Planned) -> list[str]:
    """The evidence that would change our mind."""
    if entry.is_measure:
        return planned.book.rules[entry.key].justified_if
    if entry.is_bundle:
        return []
    return advice_words.words(entry.advice, planned.book.names).change


def money_range(low_fen: int, high_fen: int) -> str:
    """¥210–260, one figure where both are the same."""
    if low_fen == high_fen:
        return format_fen(low_fen)
    return f"{format_fen(low_fen)}–{format_fen(high_fen)[1:]}"


def about(fen: int) -> str:
    """An estimate in tens of yuan."""
    return format_fen(round(fen, -3))


def km_a_month(rate: Rate) -> int:
    """Kilometres a month at a car's own rate, in tens."""
    return round(round(rate.km_per_day * DAYS_A_MONTH), -1)


def number(value: Decimal | None) -> str:
    """A measured value without the zeros that say nothing."""
    return f"{value.normalize():f}" if value is not None else ""


def km(value: int) -> str:
    return f"{value:,}"


def _months(count: int) -> str:
    return ngettext("%(count)d month", "%(count)d months", count) % {"count": count}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
