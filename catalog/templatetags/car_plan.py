"""What the catalogue adds to a car's page."""

from __future__ import annotations

from typing import Any

from django import template

from catalog.models import Service
from catalog.plans import plan
from vehicles.models import Variant

register = template.Library()


@register.inclusion_tag("catalog/_car_plan.html")
def car_plan(variant: Variant, query: str = "") -> dict[str, Any]:
    """Which services make sense on this car and when, and which do not. `query` joins the links. Two queries."""
    return {"plan": plan(Service.objects.listed(), variant), "variant": variant, "query": query}
