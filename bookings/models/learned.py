"""What visits have taught about time."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Service
from shops.models import Shop
from vehicles.choices import PriceClass


class LearnedDuration(models.Model):
    """How long a service really takes at a shop on one class of cars, from visits that are over.

    `minutes` is already shrunk towards the standard (`bookings.engine.durations`); `visits` says how much it stands on.
    """

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="learned_durations", verbose_name=_("shop"))
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="+", verbose_name=_("service"))
    price_class = models.CharField(_("price class"), max_length=10, choices=PriceClass)
    visits = models.PositiveIntegerField(_("visits"))
    actual_minutes = models.PositiveSmallIntegerField(_("median of the actual times, minutes"))
    standard_minutes = models.PositiveSmallIntegerField(_("standard time, minutes"))
    minutes = models.PositiveSmallIntegerField(_("expected time, minutes"))
    learned_at = models.DateTimeField(_("learned at"))

    class Meta:
        verbose_name = _("learned duration")
        verbose_name_plural = _("learned durations")
        ordering = ["shop", "service", "price_class"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "service", "price_class"], name="duration_once"),
            models.CheckConstraint(condition=Q(minutes__range=(5, 600), visits__gt=0), name="duration_sane"),
        ]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.service_id} {self.price_class}"
