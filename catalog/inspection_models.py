"""What an inspection looks at, and the thresholds that make it red, yellow or green."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.choices import Direction, PointKind, PointSection
from catalog.points import Point
from catalog.querysets import InspectionTemplateQuerySet
from core.catalogue import Seeded, TwoNames, localized
from vehicles.choices import Confidence, Powertrain


class CheckPoint(Seeded, TwoNames):
    """One thing that is measured or looked at, with its threshold, the words of it and where it comes from.

    A limit that is not known is NULL and gives no red (no yellow). What the numbers mean: `catalog.points`.
    """

    DECIMALS = ("red_at", "yellow_at", "lowest", "highest", "new_value")

    key = models.SlugField(_("key"), unique=True)
    group = models.SlugField(
        _("group"),
        blank=True,
        help_text=_("points of one kind, for example all front pads; of them the worst is shown"),
    )
    group_zh = models.CharField(_("group (Chinese)"), max_length=120, blank=True)
    group_en = models.CharField(_("group (English)"), max_length=120, blank=True)
    section = models.CharField(_("section"), max_length=20, choices=PointSection)
    kind = models.CharField(_("kind"), max_length=10, choices=PointKind)
    unit = models.CharField(_("unit"), max_length=10, blank=True)
    direction = models.CharField(_("direction"), max_length=20, choices=Direction)
    red_at = models.DecimalField(_("red at"), max_digits=10, decimal_places=2, null=True, blank=True)
    yellow_at = models.DecimalField(
        _("yellow at"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("where the limit is stamped on the part: the distance from it"),
    )
    is_red_at_limit = models.BooleanField(
        _("the red limit itself is red"), default=True, help_text=_("no: only what lies beyond it")
    )
    limit_from = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("limit read at"),
        help_text=_("the point that holds the limit of this very part, for example MIN TH"),
    )
    lowest = models.DecimalField(
        _("lowest value that can be right"), max_digits=10, decimal_places=2, default=Decimal(0)
    )
    highest = models.DecimalField(_("highest value that can be right"), max_digits=10, decimal_places=2)
    decimals = models.PositiveSmallIntegerField(_("decimal places"), default=0, validators=[MaxValueValidator(2)])
    new_value = models.DecimalField(
        _("value when new"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("the full length of its bar; empty: no bar"),
    )
    needs_photo = models.BooleanField(_("red needs a photo"), default=True)
    only_gets_worse = models.BooleanField(
        _("only gets worse"), default=False, help_text=_("a red reading counts until the part is replaced")
    )
    is_tested_before_winter = models.BooleanField(_("yellow: test again before winter"), default=False)
    valid_months = models.PositiveSmallIntegerField(_("a reading counts for, months"), default=12)
    valid_km = models.PositiveIntegerField(_("a reading counts for, km"), default=10_000)
    rule_zh = models.TextField(_("the threshold in words (Chinese)"))
    rule_en = models.TextField(_("the threshold in words (English)"))
    services = models.ManyToManyField(
        "catalog.Service", blank=True, related_name="check_points", verbose_name=_("services that red justifies")
    )
    source = models.TextField(_("source"), help_text=_("one a line"))
    confidence = models.CharField(_("confidence"), max_length=10, choices=Confidence)

    class Meta:
        verbose_name = _("check point")
        verbose_name_plural = _("check points")
        ordering = ["key"]
        constraints = [
            models.CheckConstraint(condition=Q(lowest__lt=F("highest")), name="check_point_range"),
            models.CheckConstraint(
                condition=Q(limit_from__isnull=True) | Q(red_at__isnull=True), name="check_point_one_limit"
            ),
            models.CheckConstraint(
                name="check_point_limits_ordered",
                condition=(
                    Q(red_at__isnull=True)
                    | Q(yellow_at__isnull=True)
                    | Q(direction="low_is_bad", red_at__lte=F("yellow_at"))
                    | Q(direction="high_is_bad", red_at__gte=F("yellow_at"))
                ),
            ),
        ]

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any]) -> CheckPoint:
        """What the fixture last said comes back from JSON as text: as decimals it compares with the fields."""
        row = super().from_db(db, field_names, values)
        for name in cls.DECIMALS if "seed" in row.__dict__ else ():
            if isinstance(row.seed.get(name), str):
                row.seed[name] = Decimal(row.seed[name])
        return row

    @property
    def group_name(self) -> str:
        """The name of its group in the reader's language; its own where it is alone."""
        return localized(self, "group") or self.name

    @property
    def rule(self) -> str:
        """The words of the threshold, in the reader's language."""
        return localized(self, "rule")

    @property
    def threshold(self) -> Point:
        """What its values mean, as plain facts. Costs a query where `limit_from` is not at hand."""
        return Point(
            key=self.key,
            kind=self.kind,
            unit=self.unit,
            direction=self.direction,
            red_at=self.red_at,
            yellow_at=self.yellow_at,
            is_red_at_limit=self.is_red_at_limit,
            lowest=self.lowest,
            highest=self.highest,
            limit_from=self.limit_from.key if self.limit_from else "",
            only_gets_worse=self.only_gets_worse,
            is_tested_before_winter=self.is_tested_before_winter,
            valid_months=self.valid_months,
            valid_km=self.valid_km,
            source=self.source,
            confidence=self.confidence,
        )


class InspectionTemplate(Seeded, TwoNames):
    """An inspection as a shop does it: which points, in which order, on cars with which powertrains."""

    key = models.SlugField(_("key"), unique=True)
    powertrains = ArrayField(models.CharField(max_length=10, choices=Powertrain), verbose_name=_("powertrains"))
    position = models.PositiveSmallIntegerField(_("position in lists"), default=0)
    is_listed = models.BooleanField(_("can be chosen"), default=True)

    objects: ClassVar[InspectionTemplateQuerySet] = InspectionTemplateQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("inspection template")
        verbose_name_plural = _("inspection templates")
        ordering = ["position", "key"]


class TemplatePoint(Seeded):
    """A point's place in a template."""

    template = models.ForeignKey(
        InspectionTemplate, on_delete=models.CASCADE, related_name="points", verbose_name=_("template")
    )
    point = models.ForeignKey(CheckPoint, on_delete=models.CASCADE, related_name="+", verbose_name=_("check point"))
    position = models.PositiveSmallIntegerField(_("position"))

    class Meta:
        verbose_name = _("point of a template")
        verbose_name_plural = _("points of templates")
        ordering = ["template", "position", "pk"]
        constraints = [models.UniqueConstraint(fields=["template", "point"], name="template_point_once")]

    def __str__(self) -> str:
        return f"{self.template_id} {self.position}"
