"""What is on a check-in sheet, in words."""

from __future__ import annotations

from django import template

from bookings.floor import checking_in
from bookings.floor.checking_in import WARNING_LIGHTS, WarningLight
from bookings.models import Booking, CheckIn

register = template.Library()


@register.filter
def lights(sheet: CheckIn) -> list[WarningLight]:
    """The warning lights that were on."""
    return [WARNING_LIGHTS[key] for key in sheet.warning_lights if key in WARNING_LIGHTS]


@register.filter
def light(key: str) -> WarningLight:
    """One warning light by its key."""
    return WARNING_LIGHTS[key]


@register.simple_tag
def sheet_version(booking: Booking, sheet: CheckIn) -> str:
    """What the form that confirms a sheet sends as `seen`."""
    return checking_in.version(booking, sheet)
