"""Inspections: which templates suit a car, and what a value means at a point."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from catalog import points
from catalog.choices import Tone
from catalog.models import CheckPoint, InspectionTemplate
from vehicles.models import Variant


def templates_for(variant: Variant) -> list[InspectionTemplate]:
    """The inspections that can be chosen for the car, with their points in order. Four queries at most."""
    return list(InspectionTemplate.objects.listed().suiting(variant).with_points())


def tone_of(point: CheckPoint, value: Decimal, *, on: date, limits: Mapping[str, Decimal] | None = None) -> Tone | None:
    """Red, yellow or green by the point's rule; None where it has none or the value cannot be right.

    `on` is the day for which a tyre's date is judged, `limits` the values of points that hold others' limits (MIN TH),
    by key.
    """
    return points.tone_of(point.threshold, value, on=on, limits=limits)
