"""Reads of cars and of what cars there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models

if TYPE_CHECKING:
    from accounts.models import User
    from vehicles.models import Car, Variant  # noqa: F401  (for the type parameters)


class VariantQuerySet(models.QuerySet["Variant"]):
    def with_names(self) -> Self:
        """With model and make at hand, so that names cost no query."""
        return self.select_related("model__make")

    def matching(self, text: str) -> Self:
        """Variants whose names contain every word typed, in either language: "朗逸 1.4T", "lavida"."""
        rows = self
        for word in text.lower().split():
            rows = rows.filter(search_text__contains=word)
        return rows


class CarQuerySet(models.QuerySet["Car"]):
    def visible_to(self, user: User) -> Self:
        """The cars in this person's garage."""
        return self.filter(owner=user, removed_at__isnull=True)

    def with_names(self) -> Self:
        """With variant, model and make at hand."""
        return self.select_related("variant__model__make")
