"""Words for what a shop has and who works there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import phonenumbers
from django import template
from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import gettext, ngettext

from shops.calendar import Interval
from shops.choices import BayCapability, Day, Skill
from shops.models import Certificate, Closure, Resource, Shift, Shop, ShopChange, ShopMember, Technician
from shops.opening import weekly

register = template.Library()


@register.filter
def skill_label(value: str) -> str:
    """`ev_hv` → High voltage; the bare value where it is not known any more."""
    return str(Skill(value).label) if value in Skill else value


@register.filter
def bay_label(value: str) -> str:
    """`lift` → Lift; the bare value where it is not known any more."""
    return str(BayCapability(value).label) if value in BayCapability else value


@register.filter
def phone_text(value: str) -> str:
    """An E.164 number as people of the shop's country write it: 021 5436 0218."""
    try:
        number = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return value
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)


@register.filter
def duration_words(minutes: int) -> str:
    """Minutes in the largest unit that fits evenly: 45 minutes, 2 hours, 1 day."""
    if minutes and minutes % 1440 == 0:
        return ngettext("%(n)d day", "%(n)d days", minutes // 1440) % {"n": minutes // 1440}
    if minutes and minutes % 60 == 0:
        return ngettext("%(n)d hour", "%(n)d hours", minutes // 60) % {"n": minutes // 60}
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}


@register.simple_tag
def years_in_trade(technician: Technician, today: date) -> int:
    """Whole years since the technician began; 0 where it is not known."""
    return max(0, today.year - technician.works_since_year) if technician.works_since_year else 0


@register.simple_tag
def checked_certificates(technician: Technician, today: date) -> list[Certificate]:
    """Certificates that an admin has seen and that are still valid."""
    return [
        row
        for row in technician.certificates.all()
        if row.verified_at and (row.valid_until is None or row.valid_until >= today)
    ]


@register.simple_tag
def week_of(shifts: Iterable[Shift]) -> list[tuple[Day, list[Interval]]]:
    """A person's shifts day by day, public holidays last; empty without any."""
    rows = [(row.day, row.starts_at, row.ends_at) for row in shifts]
    return weekly(rows) if rows else []


@register.simple_tag
def change_lines(change: ShopChange) -> list[tuple[str, str, str]]:
    """A change field by field: its label, before, after."""
    fields = list(dict.fromkeys([*change.before, *change.after]))
    return [(_label(field), _shown(change.before.get(field)), _shown(change.after.get(field))) for field in fields]


def _label(field: str) -> str:
    for model in (Shop, Closure, Resource, Technician, Certificate, ShopMember):
        try:
            return str(model._meta.get_field(field).verbose_name)  # type: ignore[union-attr]
        except FieldDoesNotExist:
            continue
    return {
        "hours": gettext("Opening hours"),
        "shifts": gettext("Shifts"),
        "off_peak": gettext("Off-peak prices"),
        "payout_account": gettext("Account for payouts"),
    }.get(field, field)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list):
        return ", ".join(str(entry) for entry in value)
    return "" if value is None else str(value)
