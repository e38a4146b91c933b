"""Comparing our books with the providers', every day."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from payments.choices import BillSubject, Bucket, ProviderKey
from payments.models.ledger import LedgerTransaction


class ProviderBill(models.Model):
    """A provider's bill of one day, read once."""

    provider = models.CharField(_("provider"), max_length=10, choices=ProviderKey)
    day = models.DateField(_("day"), help_text=_("in the provider's zone"))
    read_at = models.DateTimeField(_("read at"))
    row_count = models.PositiveIntegerField(_("rows"))
    total_fen = models.BigIntegerField(_("sum, fen"))
    compared_at = models.DateTimeField(_("compared at"), null=True, blank=True)
    # How the day's movements compared when that was last done: {bucket: [count, our fen, their fen]}.
    buckets = models.JSONField(_("comparison"), default=dict, blank=True)

    class Meta:
        verbose_name = _("provider's bill")
        verbose_name_plural = _("providers' bills")
        ordering = ["-day", "provider"]
        constraints = [models.UniqueConstraint(fields=["provider", "day"], name="one_bill_a_day")]

    def __str__(self) -> str:
        return f"{self.provider} {self.day:%Y-%m-%d}"


class BillLine(models.Model):
    """A row of a provider's bill. Append-only, but for the transaction that took it into our books."""

    bill = models.ForeignKey(ProviderBill, on_delete=models.PROTECT, related_name="lines", verbose_name=_("bill"))
    position = models.PositiveIntegerField(_("row"))
    subject = models.CharField(_("about"), max_length=12)
    request_no = models.CharField(_("our number"), max_length=64, blank=True)
    provider_ref = models.CharField(_("provider's number"), max_length=80, blank=True)
    amount_fen = models.BigIntegerField(_("amount, fen"), help_text=_("in is positive, out negative"))
    currency = models.CharField(_("currency"), max_length=3)
    at = models.DateTimeField(_("at"))
    transaction = models.ForeignKey(
        LedgerTransaction, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("taken in")
    )

    class Meta:
        verbose_name = _("row of a bill")
        verbose_name_plural = _("rows of bills")
        ordering = ["bill", "position"]
        constraints = [models.UniqueConstraint(fields=["bill", "position"], name="bill_row_once")]
        indexes = [models.Index(fields=["request_no"], name="bill_row_of_request")]

    def __str__(self) -> str:
        return f"{self.bill_id} #{self.position}"


class Difference(models.Model):
    """A movement that our books and the provider's bill do not agree on. Closed by the bill that explains it, or by a
    person who says why."""

    provider = models.CharField(_("provider"), max_length=10, choices=ProviderKey)
    subject = models.CharField(_("about"), max_length=12)
    request_no = models.CharField(_("number"), max_length=80)
    bucket = models.CharField(_("how it compares"), max_length=12, choices=Bucket)
    ours_fen = models.BigIntegerField(_("ours, fen"), null=True, blank=True)
    theirs_fen = models.BigIntegerField(_("theirs, fen"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    day = models.DateField(_("day"))
    found_at = models.DateTimeField(_("found at"))
    resolved_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("closed by"),
    )
    note = models.CharField(_("explanation"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        ordering = ["day", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "subject", "request_no"],
                name="difference_open_once",
                condition=Q(resolved_at__isnull=True),
            ),
            models.CheckConstraint(
                condition=Q(resolved_by__isnull=True) | ~Q(note=""), name="difference_closed_said_why"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.request_no}"

    @property
    def about(self) -> str:
        """What it is about, in words."""
        return str(BillSubject(self.subject).label)


class BookCheck(models.Model):
    """One look at the whole of the books: what should be equal, and whether it was."""

    at = models.DateTimeField(_("at"))
    is_balanced = models.BooleanField(_("everything agrees"))
    # {"trial_balance_fen": 0, "held_fen": …, "orders_fen": …, "payable_fen": …, …}
    figures = models.JSONField(_("figures"), default=dict)

    class Meta:
        verbose_name = _("check of the books")
        verbose_name_plural = _("checks of the books")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"
