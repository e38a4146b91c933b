"""Places on waiting lists."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from bookings.choices import (
    WaitingStatus,
)
from bookings.models.visits import Booking
from bookings.querysets import WaitingQuerySet
from catalog.models import Service
from core.ids import PublicIdModel
from shops.models import Shop
from vehicles.models import Car, Variant


class WaitingEntry(PublicIdModel):
    """A place on a shop's waiting list: "tell me if something frees before Friday". First come, first offered.

    What came free is held for the next in line (`offered`, a visit in HELD); the place is kept until the hold is taken,
    given up or lapsed. All services or none. Times UTC.
    """

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="waiting_list", verbose_name=_("shop"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="waiting_entries", verbose_name=_("owner")
    )
    variant = models.ForeignKey(Variant, on_delete=models.PROTECT, related_name="+", verbose_name=_("variant"))
    car = models.ForeignKey(Car, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    services: models.ManyToManyField[Service, WaitingService] = models.ManyToManyField(
        Service, through="WaitingService", related_name="+", verbose_name=_("services")
    )
    not_before = models.DateTimeField(_("not before"))
    not_after = models.DateTimeField(_("not after"), help_text=_("the visit starts before this"))
    # What the visit needs besides: {"handover": …, "with_loaner": …, "place": …}, as `bookings.waiting` writes it.
    wishes = models.JSONField(_("wishes"), default=dict)
    status = models.CharField(_("status"), max_length=10, choices=WaitingStatus, default=WaitingStatus.WAITING)
    offered = models.ForeignKey(
        Booking, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("offered visit")
    )
    created_at = models.DateTimeField(_("joined at"), auto_now_add=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    objects: ClassVar[WaitingQuerySet] = WaitingQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("waiting list entry")
        verbose_name_plural = _("waiting list")
        ordering = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(not_before__lt=F("not_after")), name="waiting_window"),
            models.CheckConstraint(
                condition=~Q(status=WaitingStatus.OFFERED) | Q(offered__isnull=False), name="waiting_offer_named"
            ),
        ]
        indexes = [
            models.Index(
                fields=["shop", "created_at"],
                name="waiting_line",
                condition=Q(status__in=[WaitingStatus.WAITING, WaitingStatus.OFFERED]),
            ),
            models.Index(fields=["owner", "-created_at"], name="waiting_of_owner"),
        ]

    def __str__(self) -> str:
        return f"{self.shop_id} {self.owner_id} {self.not_after:%Y-%m-%d}"


class WaitingService(models.Model):
    """One of the services that somebody waits for; the first is the visit's own."""

    entry = models.ForeignKey(WaitingEntry, on_delete=models.CASCADE, related_name="wanted")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="+", verbose_name=_("service"))
    position = models.PositiveSmallIntegerField(_("position"))

    class Meta:
        ordering = ["entry", "position"]
        constraints = [models.UniqueConstraint(fields=["entry", "service"], name="waiting_service_once")]

    def __str__(self) -> str:
        return f"{self.entry_id} {self.service_id}"
