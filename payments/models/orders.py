"""The money side of a visit: what it costs, who pays whom, and through whom."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Service
from core.catalogue import localized
from core.ids import PublicIdModel
from payments.choices import (
    PAYMENT_RANK,
    LineKind,
    OrderStatus,
    PaymentStatus,
    ProviderKey,
    Purpose,
    RefundReason,
    RefundStatus,
    ShopMethod,
)
from payments.querysets import OrderQuerySet, PaymentQuerySet, RefundQuerySet
from shops.models import Shop

# No visit costs more (fen): a million yuan. Guards against slips, and keeps sums far from the limits of bigint.
MAX_AMOUNT_FEN = 100_000_000


class Order(PublicIdModel):
    """What a visit costs and what was paid for it. One for each visit; `reference` is the visit's public id.

    `total_fen` is what is to be paid in all as known now: the price agreed, then the bill, or the fee of a visit that
    did not happen. The other sums are kept under the row's lock, together with the ledger.
    """

    reference = models.CharField(_("visit"), max_length=16, unique=True)
    number = models.CharField(_("number"), max_length=20)
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="orders", verbose_name=_("shop"))
    payer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="orders",
        verbose_name=_("payer"),
    )
    title_zh = models.CharField(_("what for (Chinese)"), max_length=200)
    title_en = models.CharField(_("what for (English)"), max_length=200)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    status = models.CharField(_("status"), max_length=10, choices=OrderStatus, default=OrderStatus.OPEN)
    opened_at = models.DateTimeField(_("opened at"))
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True)
    total_fen = models.BigIntegerField(_("to pay in all, fen"))
    deposit_fen = models.BigIntegerField(_("deposit, fen"), default=0)
    paid_fen = models.BigIntegerField(_("paid, fen"), default=0)
    refunded_fen = models.BigIntegerField(_("given back, fen"), default=0)
    coupon_fen = models.BigIntegerField(_("by coupon, fen"), default=0)

    objects: ClassVar[OrderQuerySet] = OrderQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-opened_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    total_fen__range=(0, MAX_AMOUNT_FEN), deposit_fen__gte=0, paid_fen__gte=0, coupon_fen__gte=0
                ),
                name="order_money_sane",
            ),
            models.CheckConstraint(
                condition=Q(refunded_fen__gte=0, refunded_fen__lte=F("paid_fen")), name="order_refunds_what_was_paid"
            ),
            models.CheckConstraint(
                condition=Q(status=OrderStatus.OPEN, closed_at__isnull=True)
                | (~Q(status=OrderStatus.OPEN) & Q(closed_at__isnull=False)),
                name="order_closed_dated",
            ),
        ]
        indexes = [
            models.Index(fields=["shop", "-opened_at"], name="order_of_shop"),
            models.Index(fields=["payer", "-opened_at"], name="order_of_payer"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def title(self) -> str:
        """What the money is for, in the reader's language."""
        return localized(self, "title")

    @property
    def kept_fen(self) -> int:
        """What has been paid for it and not given back, by whomever, fen."""
        return self.paid_fen - self.refunded_fen + self.coupon_fen

    @property
    def due_fen(self) -> int:
        """What is still to be paid, fen."""
        return max(0, self.total_fen - self.kept_fen)

    @property
    def excess_fen(self) -> int:
        """What was paid by the owner above what it costs, fen: to be given back."""
        return min(max(0, self.kept_fen - self.total_fen), self.paid_fen - self.refunded_fen)


class OrderLine(models.Model):
    """What an order is made of in the end: the work that was done, or a fee. Written once, when the order closes."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines", verbose_name=_("order"))
    position = models.PositiveSmallIntegerField(_("position"))
    kind = models.CharField(_("kind"), max_length=12, choices=LineKind)
    reference = models.CharField(_("line of the visit"), max_length=16, blank=True)
    title_zh = models.CharField(_("what (Chinese)"), max_length=200)
    title_en = models.CharField(_("what (English)"), max_length=200)
    service = models.ForeignKey(
        Service, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("service")
    )
    amount_fen = models.BigIntegerField(_("amount, fen"))
    labour_fen = models.BigIntegerField(_("of which labour, fen"), default=0)
    # Given back of this line (dispute, goodwill); what is settled is the rest.
    refunded_fen = models.BigIntegerField(_("given back, fen"), default=0)

    class Meta:
        verbose_name = _("line of an order")
        verbose_name_plural = _("lines of orders")
        ordering = ["order", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="order_line_position_once"),
            models.CheckConstraint(
                condition=Q(amount_fen__range=(0, MAX_AMOUNT_FEN), refunded_fen__range=(0, F("amount_fen"))),
                name="order_line_money_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} #{self.position}"

    @property
    def title(self) -> str:
        """What was done, in the reader's language."""
        return localized(self, "title")

    @property
    def kept_fen(self) -> int:
        """What is left of it after refunds, fen."""
        return self.amount_fen - self.refunded_fen


class Payment(PublicIdModel):
    """Money asked of an owner through one provider. `request_no` is our number there, one for ever."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="payments", verbose_name=_("order"))
    provider = models.CharField(_("provider"), max_length=10, choices=ProviderKey)
    purpose = models.CharField(_("what for"), max_length=10, choices=Purpose)
    shop_method = models.CharField(_("how, at the counter"), max_length=10, choices=ShopMethod, blank=True)
    amount_fen = models.BigIntegerField(_("amount, fen"))
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    request_no = models.CharField(_("our number"), max_length=32, unique=True)
    provider_ref = models.CharField(_("provider's number"), max_length=80, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=PaymentStatus, default=PaymentStatus.CREATED)
    created_at = models.DateTimeField(_("started at"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("started by")
    )
    expires_at = models.DateTimeField(_("can be paid until"))
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    # Where the payer goes on, or what their app scans.
    pay_url = models.TextField(blank=True, editable=False)
    code_text = models.TextField(blank=True, editable=False)
    refunded_fen = models.BigIntegerField(_("given back, fen"), default=0)
    # When the provider is asked next where it stands; null once that is known for good.
    next_ask_at = models.DateTimeField(_("ask the provider at"), null=True, blank=True)
    asked = models.PositiveSmallIntegerField(_("asked, times"), default=0)
    last_error = models.CharField(_("last trouble"), max_length=300, blank=True)
    # The provider releases frozen money by itself then; settle before.
    freeze_ends_at = models.DateTimeField(_("frozen at the provider until"), null=True, blank=True)

    objects: ClassVar[PaymentQuerySet] = PaymentQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_fen__range=(1, MAX_AMOUNT_FEN), refunded_fen__range=(0, F("amount_fen"))),
                name="payment_money_sane",
            ),
            models.CheckConstraint(
                condition=Q(status=PaymentStatus.PAID, paid_at__isnull=False)
                | (~Q(status=PaymentStatus.PAID) & Q(paid_at__isnull=True, refunded_fen=0)),
                name="payment_paid_dated",
            ),
            models.CheckConstraint(
                condition=Q(provider=ProviderKey.SHOP) | Q(shop_method=""), name="payment_method_at_shop"
            ),
        ]
        indexes = [
            models.Index(fields=["next_ask_at"], name="payment_to_ask", condition=Q(next_ask_at__isnull=False)),
            models.Index(fields=["provider", "paid_at"], name="payment_of_provider"),
        ]

    def __str__(self) -> str:
        return self.request_no

    @property
    def rank(self) -> int:
        return PAYMENT_RANK[PaymentStatus(self.status)]

    @property
    def refundable_fen(self) -> int:
        return self.amount_fen - self.refunded_fen if self.status == PaymentStatus.PAID else 0


class Refund(PublicIdModel):
    """Money given back of one payment. Sent under `request_no`, which changes only after a definite no."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="refunds", verbose_name=_("order"))
    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="refunds", verbose_name=_("payment"))
    line = models.ForeignKey(
        OrderLine, null=True, blank=True, on_delete=models.PROTECT, related_name="refunds", verbose_name=_("line")
    )
    amount_fen = models.BigIntegerField(_("amount, fen"))
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    reason = models.CharField(_("reason"), max_length=12, choices=RefundReason)
    note = models.CharField(_("note"), max_length=200, blank=True)
    request_no = models.CharField(_("our number"), max_length=32, unique=True)
    provider_ref = models.CharField(_("provider's number"), max_length=80, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=RefundStatus, default=RefundStatus.REQUESTED)
    requested_at = models.DateTimeField(_("requested at"))
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("requested by")
    )
    # Whether the call may have reached the provider: from then on ask before sending again.
    was_sent = models.BooleanField(_("sent"), default=False)
    done_at = models.DateTimeField(_("given back at"), null=True, blank=True)
    next_try_at = models.DateTimeField(_("next try at"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    last_error = models.CharField(_("last trouble"), max_length=300, blank=True)

    objects: ClassVar[RefundQuerySet] = RefundQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount_fen__range=(1, MAX_AMOUNT_FEN)), name="refund_money_sane"),
            models.CheckConstraint(
                condition=Q(status=RefundStatus.DONE, done_at__isnull=False)
                | (~Q(status=RefundStatus.DONE) & Q(done_at__isnull=True)),
                name="refund_done_dated",
            ),
        ]
        indexes = [models.Index(fields=["next_try_at"], name="refund_to_try", condition=Q(next_try_at__isnull=False))]

    def __str__(self) -> str:
        return self.request_no
