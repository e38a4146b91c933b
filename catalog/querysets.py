"""Reads of services and offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from catalog.inspection_models import InspectionTemplate  # noqa: F401  (for the type parameter)
    from catalog.models import Offer, Service  # noqa: F401  (for the type parameters)
    from vehicles.models import Variant


class ServiceQuerySet(models.QuerySet["Service"]):
    def listed(self) -> Self:
        """Services that can be booked."""
        return self.filter(is_listed=True)

    def suiting(self, variant: Variant) -> Self:
        """Services that make sense for this car's powertrain."""
        return self.filter(powertrains__contains=[variant.powertrain])

    def matching(self, text: str) -> Self:
        """Services whose name or other words contain what was typed, in either language."""
        return self.filter(Q(name_zh__icontains=text) | Q(name_en__icontains=text) | Q(aliases__icontains=text))


class OfferQuerySet(models.QuerySet["Offer"]):
    def active(self) -> Self:
        return self.filter(is_active=True)

    def fitting(self, variant: Variant) -> Self:
        """Offers whose scope covers this car (make at hand through `variant.model`)."""
        # Every column of the index `offer_for_car` is named, so that one index serves all five scopes.
        return self.filter(
            Q(scope="variant", variant=variant)
            | Q(scope="model", variant=None, model=variant.model_id)
            | Q(scope="make", variant=None, model=None, make=variant.model.make_id)
            | Q(scope="price_class", variant=None, model=None, make=None, price_class=variant.model.price_class)
            | Q(scope="all")
        )


class InspectionTemplateQuerySet(models.QuerySet["InspectionTemplate"]):
    def listed(self) -> Self:
        """Templates that can be chosen for a new inspection."""
        return self.filter(is_listed=True)

    def suiting(self, variant: Variant) -> Self:
        """Templates for cars with this powertrain."""
        return self.filter(powertrains__contains=[variant.powertrain])

    def with_points(self) -> Self:
        """With their points in order, thresholds at hand. Three queries for any number of templates."""
        return self.prefetch_related("points__point__limit_from")
