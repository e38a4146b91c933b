"""The cars that people own, and what their odometers showed."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.ids import PublicIdModel
from vehicles.choices import OdometerSource
from vehicles.limits import MAX_ODOMETER_KM
from vehicles.models.catalogue import Variant
from vehicles.models.record import HealthRecord
from vehicles.querysets import CarQuerySet


class Car(PublicIdModel):
    """A car in somebody's garage. Removed cars keep their row (`removed_at`): visits point at it."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="cars", verbose_name=_("owner")
    )
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="cars", verbose_name=_("variant"))
    plate = models.CharField(_("number plate"), max_length=10, blank=True, help_text=_("without spaces or dots"))
    vin = models.CharField(_("VIN"), max_length=17, blank=True)
    model_year = models.PositiveSmallIntegerField(_("model year"), null=True, blank=True)
    delivered_on = models.DateField(
        _("delivered on"), null=True, blank=True, help_text=_("the first registration: the day the car was new")
    )
    nickname = models.CharField(_("nickname"), max_length=40, blank=True)
    # Cars of former owners point at the same record; at most one of them is in a garage.
    record = models.ForeignKey(
        HealthRecord,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="cars",
        verbose_name=_("health record"),
    )
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
            models.UniqueConstraint(
                fields=["record"], condition=Q(removed_at__isnull=True), name="car_record_in_one_garage"
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


class EngineReading(models.Model):
    """How far the engine of a plug-in has driven it, as the car's display says, and what the odometer showed then.
    Append-only. It belongs to the car as one owner drives it: the next one charges differently."""

    car = models.ForeignKey(Car, on_delete=models.PROTECT, related_name="engine_readings", verbose_name=_("car"))
    km = models.PositiveIntegerField(_("combustion kilometres"))
    odometer_km = models.PositiveIntegerField(_("odometer, km"), validators=[MaxValueValidator(MAX_ODOMETER_KM)])
    read_at = models.DateTimeField(_("read at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("entered by")
    )
    is_correction = models.BooleanField(_("corrects the one before"), default=False)

    class Meta:
        verbose_name = _("reading of combustion kilometres")
        verbose_name_plural = _("readings of combustion kilometres")
        ordering = ["-read_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(km__lte=F("odometer_km"), odometer_km__lte=MAX_ODOMETER_KM),
                name="engine_km_within_odometer",
            )
        ]

    def __str__(self) -> str:
        return f"{self.km:,} / {self.odometer_km:,} km"
