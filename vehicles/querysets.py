"""Reads of cars and of what cars there are."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.contrib.postgres.search import TrigramWordSimilarity
from django.db import models

if TYPE_CHECKING:
    from accounts.models import User
    from vehicles.choices import RecordPart
    from vehicles.models import (  # noqa: F401  (for the type parameters)
        Car,
        HealthEntry,
        HealthRecord,
        Make,
        RecordGrant,
        RecordLink,
        RecordTransfer,
        Variant,
    )

# Nobody types more to name a car; more words would only make a slow query.
MAX_SEARCH_LENGTH = 80
MAX_SEARCH_WORDS = 8
# Below this a name has little in common with what was typed (tried with misspelt names of the catalogue).
MIN_SIMILARITY = 0.45


def search_words(text: str) -> list[str]:
    """What was typed as words to look for: half-width, lower case, no more than anybody types."""
    text = unicodedata.normalize("NFKC", text[:MAX_SEARCH_LENGTH]).replace("\x00", " ").lower()
    return text.split()[:MAX_SEARCH_WORDS]


class MakeQuerySet(models.QuerySet["Make"]):
    def listed(self) -> Self:
        """Makes of which a car can be chosen."""
        return self.filter(models__variants__is_listed=True).distinct()


class VariantQuerySet(models.QuerySet["Variant"]):
    def listed(self) -> Self:
        """Variants that can be chosen for a new car or search; cars that have another one keep it."""
        return self.filter(is_listed=True)

    def with_names(self) -> Self:
        """With model and make at hand, so that names cost no query."""
        return self.select_related("model__make")

    def matching(self, text: str) -> Self:
        """Variants whose names contain every word typed, in either language: "朗逸 1.4T", "lavida"."""
        rows = self
        for word in search_words(text):
            rows = rows.filter(search_text__contains=word)
        return rows

    def resembling(self, text: str) -> Self:
        """Variants whose names look like what was typed, the likeliest first: for misspelt names ("lavidda")."""
        typed = " ".join(search_words(text))
        similarity = TrigramWordSimilarity(typed, "search_text")
        return (
            self.annotate(similarity=similarity)
            .filter(similarity__gte=MIN_SIMILARITY)
            .order_by("-similarity", "model__name_en", "code", "pk")
        )

    def found_by(self, text: str) -> Self:
        """`matching`, and when nothing does, `resembling`. An empty text finds nothing. One more query to decide."""
        if not search_words(text):
            return self.none()
        exact = self.matching(text)
        return exact if exact.exists() else self.resembling(text)


class CarQuerySet(models.QuerySet["Car"]):
    def visible_to(self, user: User) -> Self:
        """The cars in this person's garage."""
        return self.filter(owner=user, removed_at__isnull=True)

    def with_names(self) -> Self:
        """With variant, model and make at hand."""
        return self.select_related("variant__model__make")


class HealthRecordQuerySet(models.QuerySet["HealthRecord"]):
    def visible_to(self, user: User) -> Self:
        """The records of the cars that this person has now."""
        return self.filter(owner=user)


class HealthEntryQuerySet(models.QuerySet["HealthEntry"]):
    def in_order(self) -> Self:
        """As they were written."""
        return self.order_by("sequence")


class RecordGrantQuerySet(models.QuerySet["RecordGrant"]):
    def active(self, at: datetime) -> Self:
        """Grants that let somebody read at that moment."""
        return self.filter(revoked_at__isnull=True, until__gt=at)

    def opening(self, part: RecordPart) -> Self:
        """Grants that open that part of the record."""
        return self.filter(parts__contains=[part])


class RecordLinkQuerySet(models.QuerySet["RecordLink"]):
    def active(self, at: datetime) -> Self:
        """Links that open at that moment."""
        return self.filter(revoked_at__isnull=True, expires_at__gt=at)


class RecordTransferQuerySet(models.QuerySet["RecordTransfer"]):
    def open(self, at: datetime) -> Self:
        """Offers that can still be accepted at that moment."""
        return self.filter(accepted_at__isnull=True, cancelled_at__isnull=True, expires_at__gt=at)
