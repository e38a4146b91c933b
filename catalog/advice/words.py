"""Advice in plain words, in the language of whoever reads: short, calm, on the owner's side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Protocol

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.advice.verdict import Advice, Change, Numbers
from catalog.choices import AdviceChange, AdviceRule, AdviceVerdict, Fitment, Payer, Symptom


class Named(Protocol):
    @property
    def name(self) -> str: ...


class NamedPoint(Named, Protocol):
    @property
    def group_name(self) -> str:
        """What the points of its kind are called together: front brake pads."""
        ...


class Reasoned(Protocol):
    @property
    def why(self) -> str:
        """Why a measure is rarely needed."""
        ...


@dataclass(frozen=True)
class Names:
    """What services and check points are called in the reader's language, and why measures are on the list of what is
    rarely needed."""

    services: Mapping[str, Named]
    points: Mapping[str, NamedPoint]
    rules: Mapping[str, Reasoned] = field(default_factory=dict)

    def services_of(self, keys: tuple[str, ...]) -> str:
        return _listed([self.services[key].name if key in self.services else key for key in keys])

    def points_of(self, keys: tuple[str, ...]) -> str:
        """One point by its own name, several by those of their groups."""
        found = [self.points[key] for key in keys if key in self.points]
        if len(keys) == 1 and found:
            return found[0].name
        return _listed(list(dict.fromkeys(point.group_name for point in found)))


@dataclass(frozen=True)
class Words:
    """`verdict`: two or three words. `reason`: why, with the numbers. `change`: what would change it, one line each.

    `payer`: empty unless a shop pays.
    """

    verdict: str
    reason: str
    change: list[str]
    payer: str


def words(advice: Advice, names: Names) -> Words:
    """The advice as a person says it, in the active language."""
    lines = [line for change in advice.change if (line := _change(change, advice, names))]
    return Words(
        verdict=str(AdviceVerdict(advice.verdict).label),
        reason=_reason(advice, names),
        change=list(dict.fromkeys(lines)),
        payer=_payer(advice),
    )


def _reason(advice: Advice, names: Names) -> str:
    numbers = advice.numbers
    match advice.rule:
        case AdviceRule.MAKER_SCHEDULE | AdviceRule.GENERAL_INTERVAL | AdviceRule.FIRST_SERVICE:
            return _joined(_joined(_by_schedule(advice), _since(advice)), _by_engine(advice.numbers))
        case AdviceRule.MEASURED_LIMIT | AdviceRule.MEASURED_WATCH | AdviceRule.MEASURED_GOOD:
            return _by_measurement(advice, names)
        case AdviceRule.TESTED_AND_AGED:
            interval = _joined(_by_interval(numbers), _since(advice))
            return _joined(_by_measurement(advice, names), interval)
        case AdviceRule.OVER_MAINTENANCE | AdviceRule.HARMFUL if advice.subject in names.rules:
            return _joined(_plain_reasons()[AdviceRule(advice.rule)], names.rules[advice.subject].why)
        case AdviceRule.EVIDENCE:
            found = [*(str(Symptom(key).label) for key in numbers.symptoms), *numbers.codes]
            return _("Evidence: %(what)s.") % {"what": _listed(found)} if found else _("The record shows the need.")
        case AdviceRule.TOO_EARLY:
            return _("Not before %(km)s km; the car has %(now)s km.") % {
                "km": _km(numbers.min_km),
                "now": _km(numbers.km),
            }
        case AdviceRule.STATUTE if numbers.due_on is not None:
            return _("The law asks for it by %(day)s. You can also do it yourself.") % {"day": _day(numbers.due_on)}
    return _plain_reasons()[AdviceRule(advice.rule)]


def _plain_reasons() -> dict[AdviceRule, str]:
    return {
        AdviceRule.FREE_TEXT: _("This is not in our catalogue, so we have no rule for it."),
        AdviceRule.NOT_ON_THIS_CAR: _("This car does not have it."),
        AdviceRule.NO_ENTRY: _("We do not know when it was last done."),
        AdviceRule.NOT_COUNTABLE: _("Kilometres or dates are missing, so the interval cannot be counted."),
        AdviceRule.NO_INTERVAL: _("No interval is known for this car."),
        AdviceRule.MAKER_HAS_NONE: _("The maker of this car asks for no regular interval."),
        AdviceRule.FITMENT_UNKNOWN: _("It depends on what is fitted in this car, and that is not known."),
        AdviceRule.NOT_MEASURED: _("It goes by measurement, not by kilometres, and there is no valid reading."),
        AdviceRule.NO_SYMPTOM: _("It is done for a symptom, and none was named."),
        AdviceRule.OVER_MAINTENANCE: _("It is often sold and rarely needed. The evidence for it is missing."),
        AdviceRule.HARMFUL: _("It can do harm. Say no."),
        AdviceRule.STATUTE: _("The law decides when it is due: the date is on the vehicle licence."),
        AdviceRule.WISH: _("The car does not need it. Have it done if you like."),
    }


def _by_schedule(advice: Advice) -> str:
    """When it was done, how much of the interval is used, and whose interval it is."""
    numbers = advice.numbers
    whose = {
        AdviceRule.MAKER_SCHEDULE: _("the maker's interval"),
        AdviceRule.FIRST_SERVICE: _("the maker's interval for the first time"),
    }.get(AdviceRule(advice.rule), _("the general interval"))
    start = _("new") if numbers.is_from_new else _day(numbers.last_on)
    values = {"start": start, "whose": whose, "interval": _interval(numbers), "percent": _percent(numbers)}
    if numbers.is_from_new:
        return _("Counted from new, %(percent)s %% of %(whose)s (%(interval)s) is used.") % values
    return _("Last done on %(start)s. Of %(whose)s (%(interval)s), %(percent)s %% is used.") % values


def _by_engine(numbers: Numbers) -> str:
    """On which kilometres of a plug-in it is counted; empty where the odometer's are the engine's."""
    if numbers.engine_percent is not None and numbers.interval_km is not None:
        return _("Counted on combustion kilometres, %(percent)d %% of what this car drives.") % {
            "percent": numbers.engine_percent
        }
    if numbers.lacks_engine_km:
        return _("Counted on the odometer, for the combustion kilometres are not known.")
    return ""


def _since(advice: Advice) -> str:
    """Where the interval that made it due ends; empty for what is not due. Just before its end it is due already."""
    numbers = advice.numbers
    if advice.verdict != AdviceVerdict.DUE_NOW or numbers.used is None:
        return ""
    is_over = numbers.used >= 1
    if numbers.used_by == "km" and numbers.due_km is not None:
        said = _("It was due at %(km)s km.") if is_over else _("It is due at %(km)s km.")
        return said % {"km": _km(numbers.due_km)}
    if numbers.due_on is None:
        return ""
    said = _("It was due on %(day)s.") if is_over else _("It is due on %(day)s.")
    return said % {"day": _day(numbers.due_on)}


def _joined(first: str, second: str) -> str:
    """Two sentences as the language sets them."""
    return _("%(first)s %(second)s") % {"first": first, "second": second} if second else first


def _by_interval(numbers: Numbers) -> str:
    values = {"interval": _interval(numbers), "percent": _percent(numbers)}
    return _("%(percent)s %% of the interval (%(interval)s) is used.") % values


def _by_measurement(advice: Advice, names: Names) -> str:
    numbers = advice.numbers
    values = {
        "point": names.points_of((numbers.point,)),
        "value": _value(numbers.value, numbers.unit),
        "limit": _value(numbers.limit, numbers.unit),
        "day": _day(numbers.measured_on),
    }
    if not numbers.unit or numbers.limit is None:
        return {
            AdviceRule.MEASURED_LIMIT: _("%(point)s: needs work, seen on %(day)s."),
            AdviceRule.MEASURED_WATCH: _("%(point)s: to be watched, seen on %(day)s."),
        }.get(AdviceRule(advice.rule), _("%(point)s: in order, seen on %(day)s.")) % values
    return _("%(point)s: %(value)s on %(day)s. The limit is %(limit)s.") % values


def _change(change: Change, advice: Advice, names: Names) -> str:
    if change.kind in (AdviceChange.KM, AdviceChange.DATE):
        return _at(change, advice)
    if change.keys and change.kind != AdviceChange.ENTRY:
        return _named(change, names)
    return {
        AdviceChange.MEASURE: _("Ask what was measured, and against which limit."),
        AdviceChange.ENTRY: _("Was it done elsewhere? Add the entry with date and kilometres."),
        AdviceChange.ODOMETER: _("Enter what the odometer shows."),
        AdviceChange.DELIVERY: _("Enter when the car was delivered new."),
        AdviceChange.EVIDENCE: _("Ask for a photo or a reading, and ask what happens if it is not done."),
    }.get(AdviceChange(change.kind), "")


def _at(change: Change, advice: Advice) -> str:
    """Kilometres or a day at which the verdict changes."""
    if change.kind == AdviceChange.DATE:
        return _("Due on %(day)s") % {"day": _day(change.on)}
    if advice.rule == AdviceRule.TOO_EARLY:
        return _("From %(km)s km the evidence counts.") % {"km": _km(change.km)}
    return _("Due at %(km)s km") % {"km": _km(change.km)}


def _named(change: Change, names: Names) -> str:
    """Something that has a name: points, symptoms, codes, services, what is fitted."""
    match change.kind:
        case AdviceChange.MEASURE:
            return _("Measure: %(what)s") % {"what": names.points_of(change.keys)}
        case AdviceChange.SYMPTOM:
            return _symptoms(change)
        case AdviceChange.CODE:
            return _("A fault code: %(codes)s") % {"codes": _listed(list(change.keys))}
        case AdviceChange.CHECK:
            return _listed([_check(key) for key in change.keys])
        case AdviceChange.FIRST:
            return _("First: %(service)s") % {"service": names.services_of(change.keys)}
    return _("A record that shows this was skipped: %(service)s") % {"service": names.services_of(change.keys)}


def _symptoms(change: Change) -> str:
    what = _listed([str(Symptom(key).label) for key in change.keys if key in Symptom.values])
    if change.km is None:
        return _("A symptom: %(what)s") % {"what": what}
    return _("Beyond %(km)s km a symptom: %(what)s") % {"km": _km(change.km), "what": what}


def _check(key: str) -> str:
    return {
        Fitment.TIMING_DRIVE: _("Check whether the engine has a timing belt or a chain."),
        Fitment.FUEL_FILTER_PLACE: _("Check whether the fuel filter is outside the tank."),
        Fitment.PLUG_TYPE: _("Check which spark plugs are fitted: nickel or iridium."),
    }[Fitment(key)]


def _payer(advice: Advice) -> str:
    if advice.who_pays != Payer.SHOP:
        return ""
    until = _day(advice.numbers.warranty_until_on)
    if advice.numbers.warranty_until_km is None:
        return _("The shop has to put right a defect of the last work until %(day)s.") % {"day": until}
    values = {"day": until, "km": _km(advice.numbers.warranty_until_km)}
    return _("The shop has to put right a defect of the last work until %(day)s or %(km)s km.") % values


def _interval(numbers: Numbers) -> str:
    """The interval in force: "10,000 km or 12 months"."""
    km, months = numbers.interval_km, numbers.interval_months
    by_km = _("%(km)s km") % {"km": _km(km)}
    by_months = ngettext("%(count)d month", "%(count)d months", months or 0) % {"count": months or 0}
    if km is not None and months is not None:
        return _("%(km)s or %(months)s") % {"km": by_km, "months": by_months}
    return by_months if km is None else by_km


def _percent(numbers: Numbers) -> int:
    """Whole percents, rounded down: 99.9 is not yet all of it."""
    return int(numbers.used * 100) if numbers.used is not None else 0


def _value(value: Decimal | None, unit: str) -> str:
    return f"{value.normalize():f} {unit}".strip() if value is not None else ""


def _km(km: int | None) -> str:
    return f"{km:,}" if km is not None else "–"


def _day(day: date | None) -> str:
    return date_format(day, "DATE_FORMAT") if day is not None else "–"


def _listed(parts: list[str]) -> str:
    return _(", ").join(parts)
