"""What the catalogue adds to a car's pages."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from catalog.needs import loading, rows, words
from catalog.needs.rows import Shown
from vehicles.models import Car

register = template.Library()
VISITS_SHOWN = 5
LEFT_OUT_SHOWN = 5


@register.simple_tag
def plan_of(car: Car) -> Shown:
    """The plan of an owner's car, for a page that shows it in more than one place. A dozen queries."""
    return rows.shown(loading.for_car(car, today=timezone.localdate()))


@register.simple_tag
def wear_of(plan: Shown) -> dict[str, str]:
    """Where each measured part is heading, by the key of its check point: "3 mm about Feb 2028". No query."""
    return words.wear(plan.planned)


@register.inclusion_tag("catalog/_needs_panel.html")
def car_needs(car: Car, plan: Shown | None = None) -> dict[str, Any]:
    """The next visits of an owner's car with their cost, and what is left out on purpose. A dozen queries, none with a
    plan at hand."""
    plan = plan or plan_of(car)
    return {"car": car, "plan": plan, "visits": plan.visits[:VISITS_SHOWN], "left_out": plan.left_out[:LEFT_OUT_SHOWN]}
