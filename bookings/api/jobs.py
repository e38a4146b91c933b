"""From what a request names to a job: shop, services and variant in one query, field errors for what is not there."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from bookings.engine import lookups
from bookings.engine.jobs import Job, VisitPlace


def job_at(slug: str, order: dict[str, Any]) -> Job:
    """The job that a `VisitFields` order asks of the shop in the address. Raises Http404 or ValidationError."""
    asked = _bring(slug, order)
    if asked.shop is None or not asked.shop.is_listed:
        raise Http404
    return _job(asked, order)


def job_of(order: dict[str, Any]) -> Job:
    """The job that an order with a `shop` asks for. Raises ValidationError."""
    asked = _bring(order["shop"], order)
    if asked.shop is None or not asked.shop.is_listed:
        raise ValidationError({"shop": [_missing(order["shop"])]})
    return _job(asked, order)


def _bring(slug: str, order: dict[str, Any]) -> lookups.Asked:
    return lookups.bring(shop=slug, variant=order["variant"], services=[order["service"], *order["also"]])


def _job(asked: lookups.Asked, order: dict[str, Any]) -> Job:
    errors: dict[str, list[str]] = {}
    if asked.variant is None:
        errors["variant"] = [_missing(order["variant"])]
    for field, keys in (("service", [order["service"]]), ("also", order["also"])):
        unknown = [key for key in keys if key not in asked.services or not asked.services[key].is_listed]
        if unknown:
            errors[field] = [_missing(key) for key in unknown]
    if errors or asked.shop is None or asked.variant is None:
        raise ValidationError(errors)
    first, *others = [asked.services[key] for key in (order["service"], *order["also"])]
    return Job(asked.shop, first, asked.variant, tuple(others), order["handover"], _place(order), order["with_loaner"])


def _place(order: dict[str, Any]) -> VisitPlace | None:
    if "visit_latitude" not in order:
        return None
    return VisitPlace(order["visit_address"], order["visit_latitude"], order["visit_longitude"])


def _missing(name: str) -> str:
    return _("There is no “%(name)s” here.") % {"name": name}
