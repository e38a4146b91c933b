"""Rows that come from a fixture and may be corrected by an admin: the fixture never overwrites a correction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class TwoNames(models.Model):
    """A thing with a name in each language; `name` is the one for the reader."""

    name_zh = models.CharField(_("name (Chinese)"), max_length=120)
    name_en = models.CharField(_("name (English)"), max_length=120)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return localized(self, "name")


def localized(row: object, field: str) -> str:
    """The text of `<field>_zh` or `<field>_en` in the active language; the other one where it is empty."""
    order = ("zh", "en") if (get_language() or "zh").startswith("zh") else ("en", "zh")
    return next((text for code in order if (text := getattr(row, f"{field}_{code}"))), "")


class Seeded(models.Model):
    """A row loaded from a fixture. `seed` keeps what the fixture last said, field by field.

    A field whose value differs from its seed was edited by a person and is left alone by later loads (`merge_seed`).
    """

    seed = models.JSONField(editable=False, default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        abstract = True

    def merge_seed(self, values: Mapping[str, Any]) -> bool:
        """Take over the fixture's `values` where nobody edited the row; True if anything changed. Does not save."""
        changed = False
        for field, value in values.items():
            edited = field in self.seed and getattr(self, field) != self.seed[field]
            if not edited and getattr(self, field) != value:
                setattr(self, field, value)
                changed = True
            if self.seed.get(field) != value or field not in self.seed:
                self.seed[field] = value
                changed = True
        return changed
