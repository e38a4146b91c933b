"""Makes, models and variants as the trade knows them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.catalogue import Seeded, TwoNames, localized
from vehicles.choices import Confidence, MakeKind, Powertrain, PriceClass, Segment
from vehicles.querysets import MakeQuerySet, VariantQuerySet


class Make(Seeded, TwoNames):
    """A brand as owners say it (Volkswagen), not the company that builds it (SAIC Volkswagen)."""

    key = models.SlugField(_("key"), unique=True)
    kind = models.CharField(_("kind"), max_length=20, choices=MakeKind)
    aliases = models.TextField(_("other words for it"), blank=True, help_text=_("both languages, for searching"))
    source = models.TextField(_("source"), blank=True)
    confidence = models.CharField(_("confidence"), max_length=10, choices=Confidence, blank=True)

    objects: ClassVar[MakeQuerySet] = MakeQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("make")
        verbose_name_plural = _("makes")
        ordering = ["name_en", "pk"]


class Wmi(Seeded):
    """The first three characters of a VIN: who built the car. One code can build for several makes."""

    code = models.CharField(_("code"), max_length=3)
    make = models.ForeignKey(Make, on_delete=models.CASCADE, related_name="wmis", verbose_name=_("make"))
    maker_zh = models.CharField(_("maker (Chinese)"), max_length=120)
    maker_en = models.CharField(_("maker (English)"), max_length=120)
    source = models.TextField(_("source"), blank=True)
    confidence = models.CharField(_("confidence"), max_length=10, choices=Confidence, blank=True)

    class Meta:
        verbose_name = _("manufacturer code")
        verbose_name_plural = _("manufacturer codes")
        ordering = ["code", "pk"]
        constraints = [models.UniqueConstraint(fields=["code", "make"], name="wmi_once_per_make")]

    def __str__(self) -> str:
        return self.code

    @property
    def maker(self) -> str:
        """The company that builds the car, in the reader's language: "SAIC Volkswagen"."""
        return localized(self, "maker")


class CarModel(Seeded, TwoNames):
    """A model line of a make, for example Lavida."""

    make = models.ForeignKey(Make, on_delete=models.CASCADE, related_name="models", verbose_name=_("make"))
    key = models.SlugField(_("key"))
    segment = models.CharField(_("segment"), max_length=20, choices=Segment)
    price_class = models.CharField(_("price class"), max_length=10, choices=PriceClass)
    aliases = models.TextField(_("other words for it"), blank=True, help_text=_("both languages, for searching"))
    source = models.TextField(_("source"), blank=True)
    confidence = models.CharField(_("confidence"), max_length=10, choices=Confidence, blank=True)

    class Meta:
        verbose_name = _("model")
        verbose_name_plural = _("models")
        ordering = ["name_en", "pk"]
        constraints = [models.UniqueConstraint(fields=["make", "key"], name="model_key_once_per_make")]

    @property
    def full_name(self) -> str:
        """Make and model, in the reader's language."""
        return f"{self.make.name} {self.name}"


class Variant(Seeded):
    """A model with a certain powertrain and engine: what fitment and prices depend on."""

    slug = models.SlugField(_("address"), unique=True, max_length=120)
    model = models.ForeignKey(CarModel, on_delete=models.CASCADE, related_name="variants", verbose_name=_("model"))
    code = models.CharField(_("variant"), max_length=40, help_text=_("as the trade says it, for example 1.4T"))
    powertrain = models.CharField(_("powertrain"), max_length=10, choices=Powertrain)
    engine = models.CharField(_("engine"), max_length=80, blank=True)
    displacement_l = models.FloatField(_("displacement, litres"), null=True, blank=True)
    oil_l = models.FloatField(_("engine oil with filter, litres"), null=True, blank=True)
    oil_confidence = models.CharField(_("confidence of the oil volume"), max_length=10, choices=Confidence, blank=True)
    viscosity = models.CharField(_("oil viscosity"), max_length=80, blank=True)
    note_zh = models.TextField(_("note (Chinese)"), blank=True)
    note_en = models.TextField(_("note (English)"), blank=True)
    source = models.TextField(_("source"), blank=True)
    confidence = models.CharField(_("confidence"), max_length=10, choices=Confidence, blank=True)
    is_listed = models.BooleanField(_("can be chosen"), default=True)
    # Both languages' names of make, model and variant, lower case: what typing is matched against.
    search_text = models.TextField(_("search text"), blank=True, editable=False)

    objects: ClassVar[VariantQuerySet] = VariantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("variant")
        verbose_name_plural = _("variants")
        ordering = ["model__make__name_en", "model__name_en", "code", "pk"]
        constraints = [models.UniqueConstraint(fields=["model", "code"], name="variant_code_once_per_model")]
        indexes = [GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="variant_search")]

    def __str__(self) -> str:
        return self.full_name

    @property
    def full_name(self) -> str:
        """Make, model and variant, in the reader's language: "Volkswagen Lavida 1.4T"."""
        return f"{self.model.full_name} {self.code}"

    @property
    def short_name(self) -> str:
        """Model and variant: "Lavida 1.4T"."""
        return f"{self.model.name} {self.code}"

    @property
    def note(self) -> str:
        return localized(self, "note")
