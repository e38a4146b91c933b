"""What is done to which car, when it is really due, and what it costs where."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from catalog.choices import (
    BayNeed,
    Fitment,
    OfferScope,
    OverMaintenanceVerdict,
    PhaseKind,
    PriceSource,
    ServiceCategory,
    Trigger,
)
from catalog.evidence_shape import check_evidence
from catalog.inspection_models import CheckPoint, InspectionTemplate, TemplatePoint
from catalog.querysets import OfferQuerySet, ServiceQuerySet
from core.catalogue import Seeded, TwoNames, localized
from shops.choices import ShopKind, Skill
from shops.models import Shop
from vehicles.choices import Confidence, Powertrain, PriceClass
from vehicles.models import CarModel, Make, Variant

__all__ = [
    "CheckPoint",
    "InspectionTemplate",
    "MakerSchedule",
    "Offer",
    "OverMaintenanceRule",
    "PriceChange",
    "PriceGuide",
    "Service",
    "ServicePhase",
    "TemplatePoint",
]

# Above this a price is a typing error: the dearest job in the catalogue costs a tenth of it.
MAX_PRICE_FEN = 10_000_000


class Service(Seeded, TwoNames):
    """A job as owners book it, with the facts that say when it is due and what it needs."""

    key = models.SlugField(_("key"), unique=True)
    category = models.CharField(_("category"), max_length=20, choices=ServiceCategory)
    icon = models.CharField(_("icon"), max_length=40, default="wrench", help_text=_("a Lucide icon's name"))
    position = models.PositiveSmallIntegerField(_("position in lists"), default=0)
    trigger = models.CharField(_("what makes it due"), max_length=20, choices=Trigger)
    powertrains = ArrayField(models.CharField(max_length=10, choices=Powertrain), verbose_name=_("powertrains"))
    standard_minutes = models.PositiveSmallIntegerField(
        _("standard time, minutes"), validators=[MinValueValidator(5), MaxValueValidator(600)]
    )
    bay = models.CharField(_("bay"), max_length=20, choices=BayNeed)
    skill = models.CharField(_("skill"), max_length=20, choices=Skill)
    can_be_on_site = models.BooleanField(_("possible on site"), default=False)
    is_per_piece = models.BooleanField(_("priced per piece"), default=False)
    interval_km = models.PositiveIntegerField(_("general interval, km"), null=True, blank=True)
    interval_months = models.PositiveSmallIntegerField(_("general interval, months"), null=True, blank=True)
    interval_confidence = models.CharField(_("confidence of the interval"), max_length=10, choices=Confidence)
    evidence = models.JSONField(
        _("evidence that justifies it"),
        default=list,
        blank=True,
        validators=[check_evidence],
        help_text=_("a list of clauses, any of which suffices: symptoms, codes, over_km, skipped, fresh, due"),
    )
    also_done_with = ArrayField(
        models.SlugField(),
        default=list,
        blank=True,
        verbose_name=_("also done with"),
        help_text=_("keys of services that contain it"),
    )
    fitment = models.CharField(
        _("what must be known of the car"),
        max_length=20,
        choices=Fitment,
        blank=True,
        help_text=_("the general interval means nothing before it is known; a maker's schedule does"),
    )
    counts_engine = models.BooleanField(
        _("counted on combustion kilometres"),
        default=False,
        help_text=_("a plug-in's engine wears it only while it runs: its kilometres are the engine's where known"),
    )
    summary_zh = models.TextField(_("what it is (Chinese)"), blank=True)
    summary_en = models.TextField(_("what it is (English)"), blank=True)
    when_due_zh = models.TextField(_("when it is really due (Chinese)"), blank=True)
    when_due_en = models.TextField(_("when it is really due (English)"), blank=True)
    includes_zh = models.TextField(_("what it includes (Chinese)"), blank=True, help_text=_("one item a line"))
    includes_en = models.TextField(_("what it includes (English)"), blank=True, help_text=_("one item a line"))
    excludes_zh = models.TextField(
        _("what it should not include (Chinese)"), blank=True, help_text=_("one item a line")
    )
    excludes_en = models.TextField(
        _("what it should not include (English)"), blank=True, help_text=_("one item a line")
    )
    aliases = models.TextField(_("other words for it"), blank=True, help_text=_("both languages, for searching"))
    source = models.TextField(_("source"), blank=True, help_text=_("one a line"))
    confidence = models.CharField(_("confidence"), max_length=10, choices=Confidence, blank=True)
    is_listed = models.BooleanField(_("can be booked"), default=True)

    objects: ClassVar[ServiceQuerySet] = ServiceQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        ordering = ["position", "key"]

    @property
    def summary(self) -> str:
        return localized(self, "summary")

    @property
    def when_due(self) -> str:
        return localized(self, "when_due")

    @property
    def includes(self) -> list[str]:
        return localized(self, "includes").splitlines()

    @property
    def excludes(self) -> list[str]:
        return localized(self, "excludes").splitlines()

    @cached_property
    def phase_rows(self) -> list[ServicePhase]:
        """Its phases in order, read once: a search composes a visit of them for every shop it finds."""
        return list(self.phases.all())

    def suits(self, variant: Variant) -> bool:
        """Whether the car has what the service works on: no oil change for a battery car."""
        return variant.powertrain in self.powertrains


class ServicePhase(Seeded):
    """A stretch of a service with a bay and a skill of its own, in order of `position`.

    A service without phases is one stretch of work with the service's own bay and skill. The phase without `minutes`
    (one at most) takes what is left of the service's time.
    """

    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="phases", verbose_name=_("service"))
    position = models.PositiveSmallIntegerField(_("position"))
    kind = models.CharField(_("kind"), max_length=20, choices=PhaseKind, default=PhaseKind.WORK)
    minutes = models.PositiveSmallIntegerField(
        _("time, minutes"),
        null=True,
        blank=True,
        validators=[MinValueValidator(5), MaxValueValidator(600)],
        help_text=_("empty: what is left of the service's time"),
    )
    shared_minutes = models.PositiveSmallIntegerField(
        _("of that shared, minutes"),
        default=0,
        help_text=_("counted once when several services meet on one bay: driving in, lifting, taking the wheels off"),
    )
    bay = models.CharField(_("bay"), max_length=20, choices=BayNeed)
    skill = models.CharField(
        _("skill"), max_length=20, choices=Skill, blank=True, help_text=_("empty: nobody is tied up")
    )
    max_wait_minutes = models.PositiveSmallIntegerField(
        _("may wait before it, minutes"), default=0, help_text=_("0: the car cannot be left as it is")
    )
    before_minutes = models.PositiveSmallIntegerField(_("kept free before, minutes"), default=0)
    after_minutes = models.PositiveSmallIntegerField(_("kept free after, minutes"), default=0)
    source = models.TextField(_("source"), blank=True)
    confidence = models.CharField(_("confidence"), max_length=10, choices=Confidence, blank=True)

    class Meta:
        verbose_name = _("phase of a service")
        verbose_name_plural = _("phases of services")
        ordering = ["service", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["service", "position"], name="phase_once"),
            models.UniqueConstraint(fields=["service"], name="phase_rest_once", condition=Q(minutes__isnull=True)),
            models.CheckConstraint(
                condition=Q(minutes__isnull=True) | (Q(minutes__gte=5) & Q(minutes__gte=F("shared_minutes"))),
                name="phase_takes_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.service_id} {self.position} {self.kind}"


class PriceGuide(Seeded):
    """An example range of what a service costs, by price class and kind of shop. Never shown as a quotation."""

    service = models.ForeignKey(
        Service, on_delete=models.CASCADE, related_name="price_guides", verbose_name=_("service")
    )
    price_class = models.CharField(_("price class"), max_length=10, choices=PriceClass)
    shop_kind = models.CharField(_("kind of shop"), max_length=20, choices=ShopKind)
    low_fen = models.PositiveIntegerField(_("from, fen"))
    high_fen = models.PositiveIntegerField(_("to, fen"))
    confidence = models.CharField(_("confidence"), max_length=10, choices=Confidence)
    source = models.TextField(_("source"), blank=True)

    class Meta:
        verbose_name = _("price guide")
        verbose_name_plural = _("price guides")
        ordering = ["service", "price_class", "shop_kind"]
        constraints = [
            models.UniqueConstraint(fields=["service", "price_class", "shop_kind"], name="price_guide_once"),
            models.CheckConstraint(condition=Q(low_fen__lte=F("high_fen")), name="price_guide_ordered"),
        ]

    def __str__(self) -> str:
        return f"{self.service_id} {self.price_class} {self.shop_kind}"


class MakerSchedule(Seeded):
    """What a maker's handbook says about one service: interval, exception for the first time, source.

    The most specific row wins: variant, then make with the variant's powertrain, then make. A row without any
    interval says that the maker has none (`is_condition_based`).
    """

    make = models.ForeignKey(Make, on_delete=models.CASCADE, related_name="schedules", verbose_name=_("make"))
    variant = models.ForeignKey(
        Variant, null=True, blank=True, on_delete=models.CASCADE, related_name="schedules", verbose_name=_("variant")
    )
    powertrain = models.CharField(_("powertrain"), max_length=10, choices=Powertrain, blank=True)
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="schedules", verbose_name=_("service"))
    interval_km = models.PositiveIntegerField(_("interval, km"), null=True, blank=True)
    interval_months = models.PositiveSmallIntegerField(_("interval, months"), null=True, blank=True)
    first_km = models.PositiveIntegerField(_("first time, km"), null=True, blank=True)
    first_months = models.PositiveSmallIntegerField(_("first time, months"), null=True, blank=True)
    is_condition_based = models.BooleanField(_("by condition, no interval"), default=False)
    note_zh = models.TextField(_("note (Chinese)"), blank=True)
    note_en = models.TextField(_("note (English)"), blank=True)
    source = models.TextField(_("source"), blank=True)
    confidence = models.CharField(_("confidence"), max_length=10, choices=Confidence)

    class Meta:
        verbose_name = _("maker's schedule")
        verbose_name_plural = _("makers' schedules")
        ordering = ["make", "service", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["make", "variant", "powertrain", "service"], name="schedule_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.make_id} {self.service_id}"

    @property
    def note(self) -> str:
        return localized(self, "note")


class OverMaintenanceRule(Seeded, TwoNames):
    """A measure that is mostly sold and rarely needed, and the evidence that would justify it."""

    key = models.SlugField(_("key"), unique=True)
    service = models.ForeignKey(
        Service,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="over_maintenance_rules",
        verbose_name=_("service"),
    )
    sold_with = models.ManyToManyField(
        Service, blank=True, related_name="often_sold_along", verbose_name=_("often sold along with")
    )
    verdict = models.CharField(_("verdict"), max_length=20, choices=OverMaintenanceVerdict)
    why_zh = models.TextField(_("why (Chinese)"), blank=True)
    why_en = models.TextField(_("why (English)"), blank=True)
    justified_if_zh = models.TextField(_("justified if (Chinese)"), blank=True, help_text=_("one item a line"))
    justified_if_en = models.TextField(_("justified if (English)"), blank=True, help_text=_("one item a line"))
    evidence = models.JSONField(
        _("evidence that justifies it, to be compared"),
        default=list,
        blank=True,
        validators=[check_evidence],
        help_text=_("a list of clauses, any of which suffices: symptoms, codes, over_km, skipped, fresh, due"),
    )
    powertrains = ArrayField(
        models.CharField(max_length=10, choices=Powertrain),
        default=list,
        blank=True,
        verbose_name=_("powertrains"),
        help_text=_("empty: any car can be sold it"),
    )
    min_km = models.PositiveIntegerField(_("never before, km"), null=True, blank=True)
    alternative = models.ForeignKey(
        Service, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("better")
    )
    source = models.TextField(_("source"), blank=True)
    confidence = models.CharField(_("confidence"), max_length=10, choices=Confidence)

    class Meta:
        verbose_name = _("over-maintenance rule")
        verbose_name_plural = _("over-maintenance rules")
        ordering = ["key"]

    @property
    def why(self) -> str:
        return localized(self, "why")

    @property
    def justified_if(self) -> list[str]:
        return localized(self, "justified_if").splitlines()


class Offer(models.Model):
    """What a shop charges for a service on the cars in its scope: labour plus parts, tax included, all in.

    A database trigger writes every price that an offer ever had into `PriceChange`, whoever changed it and how.
    """

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="offers", verbose_name=_("shop"))
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="offers", verbose_name=_("service"))
    scope = models.CharField(_("for"), max_length=20, choices=OfferScope)
    make = models.ForeignKey(Make, null=True, blank=True, on_delete=models.CASCADE, verbose_name=_("make"))
    model = models.ForeignKey(CarModel, null=True, blank=True, on_delete=models.CASCADE, verbose_name=_("model"))
    variant = models.ForeignKey(Variant, null=True, blank=True, on_delete=models.CASCADE, verbose_name=_("variant"))
    price_class = models.CharField(_("price class"), max_length=10, choices=PriceClass, null=True, blank=True)
    labour_fen = models.PositiveIntegerField(_("labour, fen"), validators=[MaxValueValidator(MAX_PRICE_FEN)])
    parts_fen = models.PositiveIntegerField(_("parts, fen"), validators=[MaxValueValidator(MAX_PRICE_FEN)])
    parts_note = models.CharField(
        _("parts used"), max_length=120, blank=True, help_text=_("for example: 0W-20 full synthetic, filter")
    )
    minutes = models.PositiveSmallIntegerField(
        _("time, minutes"),
        null=True,
        blank=True,
        validators=[MinValueValidator(5), MaxValueValidator(600)],
        help_text=_("empty: the standard time"),
    )
    is_active = models.BooleanField(_("offered"), default=True)
    updated_at = models.DateTimeField(_("changed at"), auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        verbose_name=_("changed by"),
    )
    source = models.CharField(_("changed through"), max_length=10, choices=PriceSource, default=PriceSource.WEB)

    objects: ClassVar[OfferQuerySet] = OfferQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        ordering = ["shop", "service", "scope", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "service", "make", "model", "variant", "price_class"],
                name="offer_once_per_scope",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="offer_scope_matches",
                condition=(
                    Q(scope="variant", variant__isnull=False, model=None, make=None, price_class=None)
                    | Q(scope="model", model__isnull=False, variant=None, make=None, price_class=None)
                    | Q(scope="make", make__isnull=False, model=None, variant=None, price_class=None)
                    | Q(scope="price_class", price_class__isnull=False, make=None, model=None, variant=None)
                    | Q(scope="all", price_class=None, make=None, model=None, variant=None)
                ),
            ),
            models.CheckConstraint(
                condition=Q(labour_fen__lte=MAX_PRICE_FEN, parts_fen__lte=MAX_PRICE_FEN), name="offer_price_sane"
            ),
        ]
        indexes = [
            models.Index(fields=["service", "shop"], name="offer_of_service", condition=Q(is_active=True)),
            models.Index(
                fields=["service", "scope", "variant", "model", "make", "price_class"],
                name="offer_for_car",
                condition=Q(is_active=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.service_id} {self.scope}"

    @property
    def total_fen(self) -> int:
        """The all-in price."""
        return self.labour_fen + self.parts_fen


class PriceChange(models.Model):
    """One price that an offer had from a moment on. Written by a database trigger, append-only."""

    # Not enforced by the database: the history outlives the offer.
    offer = models.ForeignKey(
        Offer,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="price_changes",
        verbose_name=_("offer"),
    )
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="price_changes", verbose_name=_("shop"))
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+", verbose_name=_("service"))
    scope = models.CharField(_("for"), max_length=20, choices=OfferScope)
    labour_fen = models.PositiveIntegerField(_("labour, fen"))
    parts_fen = models.PositiveIntegerField(_("parts, fen"))
    is_active = models.BooleanField(_("offered"))
    changed_at = models.DateTimeField(_("changed at"))
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("changed by")
    )
    source = models.CharField(_("changed through"), max_length=10, choices=PriceSource)

    class Meta:
        verbose_name = _("price change")
        verbose_name_plural = _("price changes")
        ordering = ["-changed_at", "-pk"]
        indexes = [models.Index(fields=["shop", "-changed_at"], name="price_change_newest")]

    def __str__(self) -> str:
        return f"{self.offer_id} {self.changed_at:%Y-%m-%d}"

    @property
    def total_fen(self) -> int:
        """The all-in price."""
        return self.labour_fen + self.parts_fen
