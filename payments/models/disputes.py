"""Disputes: an owner says that lines were not right, the shop answers, the platform decides."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.ids import PublicIdModel
from core.photos import StoredPhoto
from payments.choices import DisputeReason, DisputeStatus, DisputeStep, MoneyRole
from payments.models.orders import Order, OrderLine
from payments.querysets import DisputeQuerySet


class Dispute(PublicIdModel):
    """A dispute on lines of a completed order. Only these lines wait; the rest is settled."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="disputes", verbose_name=_("order"))
    reason = models.CharField(_("reason"), max_length=12, choices=DisputeReason)
    status = models.CharField(_("status"), max_length=10, choices=DisputeStatus, default=DisputeStatus.OPEN)
    opened_at = models.DateTimeField(_("opened at"))
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("opened by")
    )
    answer_due_at = models.DateTimeField(_("to be answered until"))
    answered_at = models.DateTimeField(_("answered at"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("decided by"),
    )

    objects: ClassVar[DisputeQuerySet] = DisputeQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                name="one_open_dispute_an_order",
                condition=Q(status__in=[DisputeStatus.OPEN, DisputeStatus.ANSWERED]),
            ),
            models.CheckConstraint(
                condition=(
                    Q(status__in=[DisputeStatus.OPEN, DisputeStatus.ANSWERED], closed_at__isnull=True)
                    | Q(status__in=[DisputeStatus.DECIDED, DisputeStatus.WITHDRAWN], closed_at__isnull=False)
                )
                & (~Q(status=DisputeStatus.DECIDED) | Q(decided_by__isnull=False)),
                name="dispute_closed_dated",
            ),
        ]
        indexes = [models.Index(fields=["status", "opened_at"], name="dispute_by_status")]

    def __str__(self) -> str:
        return self.public_id


class DisputedLine(models.Model):
    """A line in dispute: what the owner wants back, and what was decided."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="lines", verbose_name=_("dispute"))
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="disputed", verbose_name=_("line"))
    held_fen = models.BigIntegerField(_("held back, fen"))
    claimed_fen = models.BigIntegerField(_("wanted back, fen"))
    refund_fen = models.BigIntegerField(_("given back by the decision, fen"), null=True, blank=True)

    class Meta:
        verbose_name = _("line in dispute")
        verbose_name_plural = _("lines in dispute")
        ordering = ["dispute", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["dispute", "line"], name="disputed_line_once"),
            models.CheckConstraint(
                condition=Q(held_fen__gte=0, claimed_fen__range=(1, F("held_fen")))
                & (Q(refund_fen__isnull=True) | Q(refund_fen__range=(0, F("held_fen")))),
                name="disputed_line_money_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dispute_id} {self.line_id}"


class DisputeEvent(models.Model):
    """What was said and done in a dispute; owner, shop and platform read the same. Append-only."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="events", verbose_name=_("dispute"))
    at = models.DateTimeField(_("at"))
    step = models.CharField(_("what"), max_length=12, choices=DisputeStep)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    role = models.CharField(_("as"), max_length=10, choices=MoneyRole)
    text = models.TextField(_("words"), max_length=2000, blank=True)
    data = models.JSONField(_("details"), default=dict)

    class Meta:
        verbose_name = _("event of a dispute")
        verbose_name_plural = _("events of disputes")
        ordering = ["dispute", "at", "pk"]

    def __str__(self) -> str:
        return f"{self.dispute_id} {self.step}"


class DisputePhoto(StoredPhoto):
    """A photo put into a dispute by its owner or the shop."""

    dispute = models.ForeignKey(Dispute, on_delete=models.PROTECT, related_name="photos", verbose_name=_("dispute"))
    role = models.CharField(_("by"), max_length=10, choices=MoneyRole)

    class Meta(StoredPhoto.Meta):
        verbose_name = _("photo in a dispute")
        verbose_name_plural = _("photos in disputes")
        ordering = ["dispute", "uploaded_at", "pk"]
