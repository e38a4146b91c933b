"""A due item in plain words, in the active language: what, when, why with the numbers, and whose rule it is. Letters
and pages say it alike.

An item carries what its words are made of (`facts`): nothing is asked of the database, and an old item says what was
known when it was closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import reduce
from typing import Any

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from catalog.models import Service
from core import day_words
from reminders.choices import By, Source
from reminders.models import DueItem


def title(item: DueItem) -> str:
    """What is due, in a few words: "Oil service", "Warranty: front brake pads"."""
    match item.facts.get("kind"):
        case "inspection":
            return _("Inspection by law")
        case "insurance":
            return _("Compulsory insurance")
        case "maker":
            return _("Maker's warranty")
        case "repair":
            return _("Warranty: %(what)s") % {"what": _names(item.facts)}
    return _name(item)


def when(item: DueItem) -> str:
    """The day, with "about" where it is carried on from the car's kilometres or from measurements; else the
    kilometres."""
    if item.due_on is None:
        return _("at %(km)s km") % {"km": _km(item.due_km)}
    day = day_words.full_day(item.due_on)
    return _("about %(day)s") % {"day": day} if _is_range(item) else day


def short(item: DueItem) -> str:
    """Why, in one line."""
    facts = item.facts
    match facts.get("kind"):
        case "interval" | "test":
            return _interval_short(item)
        case "trend" | "limit":
            return _measured(item)
        case "put_off" | "own":
            return _put_off(facts)
        case "inspection" | "insurance":
            return _("until %(day)s") % {"day": _day(item.due_on)}
        case "repair" | "maker":
            return _("covered until %(until)s") % {"until": _until(facts)}
    return when(item)


def why(item: DueItem, *, today: date | None = None) -> str:
    """Why and why then, in full sentences with the numbers. `today` (local): where it is to say that it is overdue."""
    said = _WHY[item.facts["kind"]](item) if item.facts.get("kind") in _WHY else []
    if late := _overdue(item, today):
        said = [*(sentence for sentence in said if sentence != _makes(item)), late]  # the same day is said once
    return joined(said)


def joined(sentences: Iterable[str]) -> str:
    """Sentences one after the other as the language sets them; empty ones are left out."""
    first, *others = [one for one in sentences if one] or [""]
    return reduce(lambda text, one: _("%(first)s %(second)s") % {"first": text, "second": one}, others, first)


def source(item: DueItem) -> str:
    """Whose rule it is, in a few words."""
    facts = item.facts
    match item.source:
        case Source.SCHEDULE | Source.TEST if facts.get("make_en"):
            return _("%(make)s schedule") % {"make": _in_language(facts, "make")}
        case Source.SCHEDULE | Source.TEST:
            return _("general interval")
        case Source.MEASURED:
            return _("measured on your car") if facts.get("kind") != "evidence" else _("your car's record")
        case Source.DEFERRED:
            return _("put off by you")
        case Source.STATUTE:
            return _("your entry") if facts.get("said") else _("the law")
        case Source.WARRANTY if facts.get("kind") == "maker":
            return _("the law")
        case Source.WARRANTY:
            return _("your car's record")
    return _("your entry")


# --- Why ---------------------------------------------------------------------------------------------


def _of_interval(item: DueItem) -> list[str]:
    return [_rule(item), _by_engine(item.facts), _counted(item), _carried_on(item), _also_put_off(item.facts)]


def _of_test(item: DueItem) -> list[str]:
    only = _("Only a test tells whether it has to be done.")
    return [_rule(item), _counted(item), _tested(item), _carried_on(item), only, _also_put_off(item.facts)]


def _of_trend(item: DueItem) -> list[str]:
    only = _("This is only likely: have it measured before you decide.")
    return [_measured(item), _reached(item), only, _also_put_off(item.facts)]


def _of_limit(item: DueItem) -> list[str]:
    return [_measured(item), _("It needs work now."), _also_put_off(item.facts)]


def _of_evidence(item: DueItem) -> list[str]:
    return [_("Your car's record shows the need for it."), _also_put_off(item.facts)]


def _of_word(item: DueItem) -> list[str]:
    return [_sentence(_put_off(item.facts)), _bring_back(item)]


def _of_own_work(item: DueItem) -> list[str]:
    """That it is the shop's proposal, not ours."""
    shop = {"shop": item.facts.get("shop") or "–"}
    return [_("Proposed by %(shop)s; it is not in our catalogue.") % shop, *_of_word(item)]


def _of_insurance(item: DueItem) -> list[str]:
    ends = {"day": _day(item.due_on)}
    return [_("Your compulsory insurance ends on %(day)s. Without it you may not drive.") % ends]


def _rule(item: DueItem) -> str:
    """Whose interval it is, and how long: "Every 10,000 km or 12 months by Volkswagen's schedule."."""
    facts = item.facts
    values = {"interval": _every(facts), "make": _in_language(facts, "make") if facts.get("make_en") else ""}
    if not values["interval"]:
        return ""
    if facts.get("is_first") and values["make"]:
        return _("The first time after %(interval)s by the schedule of %(make)s.") % values
    if values["make"]:
        return _("Every %(interval)s by the schedule of %(make)s.") % values
    return _("Every %(interval)s by the general interval.") % values


def _by_engine(facts: Mapping[str, Any]) -> str:
    """On which kilometres of a plug-in it is counted; empty where the odometer's are the engine's."""
    if "engine_percent" not in facts:
        return ""
    if facts["engine_percent"] is None:
        return _("Counted on the odometer, for the combustion kilometres are not known.")
    return _("Counted on combustion kilometres, %(percent)d %% of what this car drives.") % {
        "percent": facts["engine_percent"]
    }


def _counted(item: DueItem) -> str:
    """From where it is counted."""
    facts = item.facts
    if facts.get("from_new"):
        return _("Counted from new.")
    if not facts.get("last_on"):
        return ""
    values = {"day": _day(facts["last_on"]), "km": _km(facts.get("last_km"))}
    if facts.get("about_km") is not None:
        about = values | {"km": _km(facts["about_km"])}
        return _("Last done on %(day)s, by your other readings at about %(km)s km.") % about
    if facts.get("last_km") is None:
        return _("Last done on %(day)s.") % values
    return _("Last done on %(day)s at %(km)s km.") % values


def _carried_on(item: DueItem) -> str:
    """How the day follows: by the calendar, or by how far the car goes."""
    facts = item.facts
    if item.due_on is None:
        return ""
    day = {"day": _day(item.due_on), "km": _km(item.due_km)}
    if item.by != By.KM or item.due_km is None:
        return _makes(item)
    if facts.get("km") is not None and facts["km"] >= item.due_km:
        return _("%(km)s km were reached about %(day)s.") % day
    day |= {"pace": _km(facts.get("km_a_month")), "first": _day(item.earliest_on), "last": _day(item.latest_on)}
    if item.is_by_prior:
        return (
            _(
                "Cars like yours go about %(pace)s km a month, so %(km)s km come about %(day)s (between %(first)s and "
                "%(last)s). Tell us your odometer, and we can say it better."
            )
            % day
        )
    return (
        _("You drive about %(pace)s km a month, so %(km)s km come about %(day)s (between %(first)s and %(last)s).")
        % day
    )


def _tested(item: DueItem) -> str:
    facts = item.facts
    if not facts.get("value") or not facts.get("measured_on"):
        return ""
    return _sentence(_measured(item))


def _measured(item: DueItem) -> str:
    """What was measured: "Front left pad, inner: 4.2 mm on 3 Mar 2026, the limit is 3 mm."."""
    facts = item.facts
    values = {
        "point": _in_language(facts, "point"),
        "value": f"{facts.get('value') or ''} {facts.get('unit') or ''}".strip(),
        "limit": f"{facts.get('limit') or ''} {facts.get('unit') or ''}".strip(),
        "day": _day(facts.get("measured_on")),
    }
    if not facts.get("unit") or not facts.get("limit"):
        return _("%(point)s: seen on %(day)s.") % values
    return _("%(point)s: %(value)s on %(day)s; the limit is %(limit)s.") % values


def _reached(item: DueItem) -> str:
    facts = item.facts
    if not facts.get("unit"):
        years = ngettext("%(count)d year", "%(count)d years", int(facts.get("limit") or 0))
        values = {"years": years % {"count": int(facts.get("limit") or 0)}, "day": _day(item.due_on)}
        return _("It is %(years)s old on %(day)s.") % values
    day = {"day": _day(item.due_on), "first": _day(item.earliest_on), "last": _day(item.latest_on)}
    if item.earliest_on == item.latest_on:
        return _("At this pace it is there about %(day)s.") % day
    return _("At this pace it is there about %(day)s (between %(first)s and %(last)s).") % day


def _put_off(facts: Mapping[str, Any]) -> str:
    return _("you put it off on %(day)s") % {"day": _day(facts.get("put_off_on"))}


def _also_put_off(facts: Mapping[str, Any]) -> str:
    return _sentence(_put_off(facts)) if facts.get("put_off_on") else ""


def _bring_back(item: DueItem) -> str:
    """When the owner wanted to hear of it again."""
    if item.due_km is None:
        return _("You wanted to hear of it again on %(day)s.") % {"day": _day(item.due_on)}
    values = {"km": _km(item.due_km), "day": _day(item.due_on)}
    if item.due_on is None:
        return _("You wanted to hear of it again at %(km)s km.") % values
    if item.by == By.KM:
        return _("You wanted to hear of it again at %(km)s km; that is about %(day)s.") % values
    return _("You wanted to hear of it again on %(day)s or at %(km)s km.") % values


def _of_inspection(item: DueItem) -> list[str]:
    facts = item.facts
    values = {"day": _day(item.due_on), "from": _day(facts.get("opens_on"))}
    if facts.get("said"):
        return [_("By your entry it is valid until %(day)s. You can have it done from %(from)s on.") % values]
    return [_("The law asks for it by %(day)s. You can have it done from %(from)s on.") % values]


def _of_warranty(item: DueItem) -> list[str]:
    facts = item.facts
    values = {"until": _until(facts), "day": _day(facts.get("from_on"))}
    look = _("If anything is not right, have it looked at before then.")
    if facts.get("kind") == "maker":
        said = _(
            "By law the maker repairs your car free of charge until %(until)s at least, counted from its delivery."
        )
        more = _("Makers often promise more, above all for the traction battery: see the warranty booklet.")
        return [said % values, *([more] if facts.get("is_electric") else []), look]
    return [_("Done on %(day)s; still covered until %(until)s.") % values, look]


def _makes(item: DueItem) -> str:
    return _("That makes %(day)s.") % {"day": _day(item.due_on)} if item.due_on else ""


def _overdue(item: DueItem, today: date | None) -> str:
    if today is None or item.due_on is None or item.due_on >= today or item.source == Source.WARRANTY or item.is_likely:
        return ""
    return _("Overdue since %(day)s.") % {"day": _day(item.due_on)}


_WHY: Mapping[str, Callable[[DueItem], list[str]]] = {
    "interval": _of_interval,
    "test": _of_test,
    "trend": _of_trend,
    "limit": _of_limit,
    "evidence": _of_evidence,
    "put_off": _of_word,
    "own": _of_own_work,
    "inspection": _of_inspection,
    "insurance": _of_insurance,
    "repair": _of_warranty,
    "maker": _of_warranty,
}


# --- Parts -------------------------------------------------------------------------------------------


def _interval_short(item: DueItem) -> str:
    """Both ends of the interval, the one that comes first in front."""
    at = _("%(km)s km") % {"km": _km(item.due_km)} if item.due_km is not None else ""
    on = _day(item.due_on)
    if not at or item.by != By.KM:
        return _every(item.facts) or on
    if item.due_on is None:
        return _("at %(km)s") % {"km": at}
    return _("at %(km)s, about %(day)s") % {"km": at, "day": on}


def _every(facts: Mapping[str, Any]) -> str:
    """The interval: "10,000 km or 12 months"."""
    km, months = facts.get("interval_km"), facts.get("interval_months")
    by_km = _("%(km)s km") % {"km": _km(km)} if km else ""
    by_months = ngettext("%(count)d month", "%(count)d months", months) % {"count": months} if months else ""
    if by_km and by_months:
        return _("%(km)s or %(months)s") % {"km": by_km, "months": by_months}
    return by_km or by_months


def _until(facts: Mapping[str, Any]) -> str:
    day, km = _day(facts.get("until_on")), facts.get("until_km")
    return _("%(day)s or %(km)s km") % {"day": day, "km": _km(km)} if km else day


def _is_range(item: DueItem) -> bool:
    return item.by == By.WEAR or (item.earliest_on, item.latest_on) != (item.due_on, item.due_on)


def _name(item: DueItem) -> str:
    """The name of the service or of the shop's own words."""
    if item.facts.get("name_en") or item.facts.get("name_zh"):
        return _in_language(item.facts, "name")
    service = Service.objects.filter(key=item.service).first() if item.service else None
    return service.name if service else item.title or item.service


def _names(facts: Mapping[str, Any]) -> str:
    return _(", ").join(facts["names_zh"] if _is_chinese() else facts["names_en"])


def _in_language(facts: Mapping[str, Any], name: str) -> str:
    first, second = ("zh", "en") if _is_chinese() else ("en", "zh")
    return str(facts.get(f"{name}_{first}") or facts.get(f"{name}_{second}") or "")


def _is_chinese() -> bool:
    return (get_language() or "").startswith("zh")


def _sentence(text: str) -> str:
    """A remark as a sentence of its own."""
    text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "。")) else _("%(text)s.") % {"text": text}


def _day(day: date | str | None) -> str:
    if day is None:
        return "–"
    return day_words.full_day(day if isinstance(day, date) else date.fromisoformat(day))


def _km(km: int | None) -> str:
    return f"{km:,}" if km is not None else "–"
