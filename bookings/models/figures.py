"""How honest a shop and its technicians are, in figures that anybody can see."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from shops.models import Resource, Shop


class IntegrityFigure(models.Model):
    """What the visits of the last year say about a shop, or about one technician of it.

    Counts and sums only; rates and their shrinkage are worked out from them (`bookings.floor.figures`). Made anew by a
    periodic task, so it can be removed at any time.
    """

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="integrity", verbose_name=_("shop"))
    technician = models.ForeignKey(
        Resource,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="integrity",
        verbose_name=_("technician"),
    )
    since = models.DateTimeField(_("since"))
    computed_at = models.DateTimeField(_("computed at"))
    visits = models.PositiveIntegerField(_("visits"))
    proposals = models.PositiveIntegerField(_("proposals"))
    unjustified = models.PositiveIntegerField(_("of them not justified"))
    quoted_fen = models.PositiveBigIntegerField(_("quoted when booking, fen"))
    approved_fen = models.PositiveBigIntegerField(_("approved, fen"))
    final_fen = models.PositiveBigIntegerField(_("charged, fen"))
    promised = models.PositiveIntegerField(_("visits with a promise"))
    on_time = models.PositiveIntegerField(_("of them on time"))
    comebacks = models.PositiveIntegerField(_("comebacks within warranty"))

    class Meta:
        verbose_name = _("integrity figure")
        verbose_name_plural = _("integrity figures")
        ordering = ["shop", "technician"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "technician"], name="integrity_once", nulls_distinct=False),
            models.CheckConstraint(
                condition=Q(unjustified__lte=F("proposals"), on_time__lte=F("promised")),
                name="integrity_parts_of_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.technician_id}"
