"""Sentences of the record's pages."""

from __future__ import annotations

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from vehicles.models import Car
from vehicles.record.odometer import Curve
from vehicles.record.reading import History

_DAYS_A_MONTH = 30.44
_ROUND_KM = 10_000


def car_title(car: Car | None, history: History) -> str:
    """What the car is called: make, model and year; its VIN where nobody has it in a garage."""
    if car is None:
        return history.record.vin
    name = car.variant.model.full_name
    return f"{name} {car.model_year}" if car.model_year else name


def odometer_words(curve: Curve) -> str:
    """The car's own rate and when it reaches the next round figure: "700 km a month, reaches 60,000 km about …"."""
    if curve.rate is None or curve.latest is None:
        return ""
    rate = _("%(km)s km a month") % {"km": f"{round(curve.rate.km_per_day * _DAYS_A_MONTH, -1):,.0f}"}
    goal = (curve.latest.km // _ROUND_KM + 1) * _ROUND_KM
    day = curve.day_of(goal)
    if day is None:
        return rate
    reached = _("reaches %(km)s km about %(month)s") % {
        "km": f"{goal:,}",
        "month": date_format(day, "YEAR_MONTH_FORMAT"),
    }
    return f"{rate} · {reached}"
