"""Makes, models and variants as the trade knows them, and the cars that people own."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.catalogue import Seeded, TwoNames, localized
from core.ids import PublicIdModel
from vehicles.choices import Confidence, MakeKind, OdometerSource, Powertrain, PriceClass, Segment
from vehicles.querysets import CarQuerySet, MakeQuerySet, VariantQuerySet

# A car that has gone further has not been seen on the road; six digits is also all that odometers show.
MAX_ODOMETER_KM = 999_999


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


class Car(PublicIdModel):
    """A car in somebody's garage. Removed cars keep their row (`removed_at`): visits point at it."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="cars", verbose_name=_("owner")
    )
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="cars", verbose_name=_("variant"))
    plate = models.CharField(_("number plate"), max_length=10, blank=True, help_text=_("without spaces or dots"))
    vin = models.CharField(_("VIN"), max_length=17, blank=True)
    model_year = models.PositiveSmallIntegerField(_("model year"), null=True, blank=True)
    nickname = models.CharField(_("nickname"), max_length=40, blank=True)
    odometer_km = models.PositiveIntegerField(
        _("odometer, km"),
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(MAX_ODOMETER_KM)],
        help_text=_("the latest reading"),
    )
    odometer_at = models.DateTimeField(_("odometer read at"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    removed_at = models.DateTimeField(_("removed at"), null=True, blank=True)

    objects: ClassVar[CarQuerySet] = CarQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("car")
        verbose_name_plural = _("cars")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(odometer_km__isnull=True) | Q(odometer_km__lte=MAX_ODOMETER_KM), name="car_odometer_sane"
            ),
            models.CheckConstraint(
                condition=Q(odometer_km__isnull=True, odometer_at__isnull=True)
                | Q(odometer_km__isnull=False, odometer_at__isnull=False),
                name="car_odometer_dated",
            ),
            models.UniqueConstraint(
                fields=["owner", "plate"],
                condition=Q(removed_at__isnull=True) & ~Q(plate=""),
                name="car_plate_once_per_owner",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.variant} {self.plate}".strip()


class OdometerReading(models.Model):
    """What the odometer showed, when, and who says so. Append-only; the latest believed one is on the car."""

    car = models.ForeignKey(Car, on_delete=models.PROTECT, related_name="readings", verbose_name=_("car"))
    km = models.PositiveIntegerField(_("odometer, km"), validators=[MaxValueValidator(MAX_ODOMETER_KM)])
    read_at = models.DateTimeField(_("read at"))
    source = models.CharField(_("source"), max_length=10, choices=OdometerSource)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("entered by")
    )
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("odometer reading")
        verbose_name_plural = _("odometer readings")
        ordering = ["-read_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.km:,} km"
