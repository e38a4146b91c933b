"""What the catalogue adds to a car's pages."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from catalog.needs import loading, rows
from vehicles.models import Car

register = template.Library()
VISITS_SHOWN = 5
LEFT_OUT_SHOWN = 5


@register.inclusion_tag("catalog/_needs_panel.html")
def car_needs(car: Car) -> dict[str, Any]:
    """The next visits of an owner's car with their cost, and what is left out on purpose. Fourteen queries at most."""
    plan = rows.shown(loading.for_car(car, today=timezone.localdate()))
    return {"car": car, "plan": plan, "visits": plan.visits[:VISITS_SHOWN], "left_out": plan.left_out[:LEFT_OUT_SHOWN]}
