"""What reminders add to an owner's pages: how much each car needs, and the words of how it wears."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _

from core import day_words
from reminders import glance, standing
from reminders.glance import Glance
from reminders.wear import Wear
from vehicles.models import Car
from vehicles.record.charts import signed

register = template.Library()


@register.simple_tag
def glances_at(cars: Iterable[Car]) -> dict[int, Glance]:
    """What each of the cars (with names and record at hand) needs, by its primary key: as many queries for many cars as
    for one."""
    return glance.glances(cars, today=timezone.localdate())


@register.inclusion_tag("reminders/_glance.html")
def glance_at(car: Car, *, with_next: bool = True) -> dict[str, Any]:
    """What one car needs, as lines that lead to its plan and its health."""
    found = glance.glances([car], today=timezone.localdate(), with_next=with_next)
    return {"car": car, "glance": found[car.pk], "with_next": with_next}


@register.filter
def part_name(wear: Wear) -> str:
    """What the part is called; of several alike the group. The only part whose years are counted is a tyre."""
    if wear.is_age:
        return _("Age of the tyres")
    return wear.point.group_name or wear.point.name


@register.filter
def wear_number(value: Decimal, wear: Wear) -> str:
    """A value with its unit, not torn apart at the end of a line."""
    if wear.is_age:
        return _("%(years)s years") % {"years": _plain(value)}
    return f"{_plain(value)}\N{NO-BREAK SPACE}{wear.unit}".strip()


@register.filter
def wear_value(wear: Wear) -> str:
    """The newest value."""
    return wear_number(wear.newest.value, wear)


@register.filter
def wear_tone(wear: Wear, today: date) -> str:
    """The design system's tone: at the limit, getting there within half a year, or fine."""
    if wear.is_at_limit or (wear.end and wear.end.on <= today):
        return "bad"
    return "warn" if wear.end and wear.end.on <= today + 3 * standing.SOON else "ok"


@register.filter
def wear_end(wear: Wear, today: date) -> str:
    """When it reaches its limit, and how sure that is."""
    limit = {"limit": wear_number(wear.limit, wear)}
    if wear.is_at_limit:
        return _("The limit of %(limit)s is reached.") % limit
    if wear.end is None:
        one = len(wear.taken) == 1
        words = (
            _("Limit %(limit)s. One value says nothing of its pace yet.")
            if one
            else _("Limit %(limit)s. By its values it does not get worse.")
        )
        return words % limit
    if wear.end.on <= today:
        return _("At this pace %(limit)s by now: have it measured.") % limit
    days = limit | {
        "month": day_words.month_year(wear.end.on),
        "first": day_words.month_year(max(wear.end.earliest, today)),
        "last": day_words.month_year(wear.end.latest),
    }
    if days["first"] == days["last"]:
        return _("%(limit)s about %(month)s") % days
    return _("%(limit)s about %(month)s, between %(first)s and %(last)s") % days


@register.filter
def wear_words(wear: Wear, today: date) -> str:
    """The drawing in one sentence, for who does not see it."""
    values = {"part": part_name(wear), "value": wear_value(wear), "day": day_words.full_day(wear.newest.on)}
    return f"{_('%(part)s: %(value)s on %(day)s.') % values} {wear_end(wear, today)}"


def _plain(value: Decimal) -> str:
    """Without zeros at the end: 3.00 is 3."""
    whole = value.to_integral_value()
    return signed(f"{whole:f}" if value == whole else f"{value.normalize():f}")
