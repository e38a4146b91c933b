"""What the platform keeps, what shops are owed, and how it reaches them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models import Service
from core.ids import PublicIdModel
from payments.choices import (
    PayoutStatus,
    ProviderKey,
    SettlementKind,
    SettlementStatus,
    StatementKind,
    StatementSide,
)
from payments.models.disputes import Dispute
from payments.models.ledger import LedgerTransaction
from payments.models.orders import Order, OrderLine, Refund
from payments.querysets import PayoutQuerySet, SettlementQuerySet, StatementLineQuerySet
from shops.choices import ShopKind
from shops.models import Shop

# Product decision: the platform never takes more than a fifth of a line (2,000 hundredths of a percent).
MAX_COMMISSION_BP = 2000
MAX_PROCESSING_BP = 300


class FeeSchedule(models.Model):
    """A version of the commission rules, in force for visits booked from `valid_from` on. Append-only."""

    version = models.PositiveIntegerField(_("version"), unique=True)
    valid_from = models.DateTimeField(_("in force from"))
    note = models.CharField(_("what changed"), max_length=300)
    published_at = models.DateTimeField(_("published at"))
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("published by")
    )

    class Meta:
        verbose_name = _("version of the commission rules")
        verbose_name_plural = _("versions of the commission rules")
        ordering = ["-version"]

    def __str__(self) -> str:
        return f"v{self.version}"


class FeeRule(models.Model):
    """A rule of a schedule: whom it is for, and what it takes. What each blank means: `payments.commission`."""

    schedule = models.ForeignKey(
        FeeSchedule, on_delete=models.PROTECT, related_name="rules", verbose_name=_("version of the rules")
    )
    position = models.PositiveSmallIntegerField(_("number"))
    shop = models.ForeignKey(
        Shop, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("shop")
    )
    shop_kind = models.CharField(_("kind of shop"), max_length=20, choices=ShopKind, blank=True)
    service = models.ForeignKey(
        Service, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("service")
    )
    min_volume_fen = models.BigIntegerField(
        _("from a turnover of, fen"), default=0, help_text=_("settled in the calendar month before")
    )
    commission_bp = models.PositiveSmallIntegerField(
        _("commission, hundredths of a percent"), validators=[MaxValueValidator(MAX_COMMISSION_BP)]
    )
    processing_bp = models.PositiveSmallIntegerField(
        _("payment fee, hundredths of a percent"),
        default=0,
        validators=[MaxValueValidator(MAX_PROCESSING_BP)],
        help_text=_("of what was paid online"),
    )

    class Meta:
        verbose_name = _("commission rule")
        verbose_name_plural = _("commission rules")
        ordering = ["schedule", "position"]
        constraints = [
            models.UniqueConstraint(fields=["schedule", "position"], name="fee_rule_position_once"),
            models.UniqueConstraint(
                fields=["schedule", "shop", "shop_kind", "service", "min_volume_fen"],
                name="fee_rule_once",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(commission_bp__lte=MAX_COMMISSION_BP, processing_bp__lte=MAX_PROCESSING_BP)
                & Q(min_volume_fen__gte=0),
                name="fee_rule_sane",
            ),
            models.CheckConstraint(condition=Q(shop__isnull=True) | Q(shop_kind=""), name="fee_rule_shop_or_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.schedule_id} #{self.position}"


class Settlement(models.Model):
    """An order that is to be settled with its shop from `due_at` on; once, whatever workers do."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="settlements", verbose_name=_("order"))
    kind = models.CharField(_("kind"), max_length=10, choices=SettlementKind)
    dispute = models.OneToOneField(
        Dispute, null=True, blank=True, on_delete=models.PROTECT, related_name="settlement", verbose_name=_("dispute")
    )
    status = models.CharField(_("status"), max_length=10, choices=SettlementStatus, default=SettlementStatus.DUE)
    due_at = models.DateTimeField(_("due at"))
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    last_error = models.CharField(_("last trouble"), max_length=300, blank=True)
    parked_at = models.DateTimeField(_("given up at"), null=True, blank=True)

    objects: ClassVar[SettlementQuerySet] = SettlementQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("settlement")
        verbose_name_plural = _("settlements")
        ordering = ["due_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["order"], name="one_settlement_an_order", condition=Q(dispute__isnull=True)
            ),
            models.CheckConstraint(
                condition=Q(kind=SettlementKind.DISPUTE, dispute__isnull=False)
                | (~Q(kind=SettlementKind.DISPUTE) & Q(dispute__isnull=True)),
                name="settlement_of_dispute",
            ),
            models.CheckConstraint(
                condition=Q(status=SettlementStatus.SETTLED, settled_at__isnull=False)
                | Q(status=SettlementStatus.DUE, settled_at__isnull=True),
                name="settlement_dated",
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at", "id"],
                name="settlement_due",
                condition=Q(status=SettlementStatus.DUE, parked_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.kind}"


class PayoutAccount(PublicIdModel):
    """Where a shop's money goes. Nothing is paid to one that nobody verified; a changed one is a new one."""

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="payout_accounts", verbose_name=_("shop"))
    channel = models.CharField(_("through"), max_length=10, choices=ProviderKey)
    holder = models.CharField(_("account holder"), max_length=120)
    bank = models.CharField(_("bank"), max_length=120, blank=True)
    number = models.CharField(_("account number"), max_length=64)
    added_at = models.DateTimeField(_("added at"))
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("added by")
    )
    verified_at = models.DateTimeField(_("verified at"), null=True, blank=True)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("verified by"),
    )
    replaced_at = models.DateTimeField(_("replaced at"), null=True, blank=True)

    class Meta:
        verbose_name = _("shop's account")
        verbose_name_plural = _("shops' accounts")
        ordering = ["shop", "-added_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["shop"], name="one_payout_account_a_shop", condition=Q(replaced_at__isnull=True)
            ),
            models.CheckConstraint(
                condition=Q(verified_at__isnull=True, verified_by__isnull=True)
                | Q(verified_at__isnull=False, verified_by__isnull=False),
                name="payout_account_verified_by_somebody",
            ),
            models.CheckConstraint(
                condition=Q(verified_by__isnull=True) | Q(added_by__isnull=True) | ~Q(verified_by=F("added_by")),
                name="payout_account_verified_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.holder} …{self.number[-4:]}"

    @property
    def masked(self) -> str:
        """The number as it is shown: its last four characters."""
        return f"•••• {self.number[-4:]}"


class PayoutBatch(PublicIdModel):
    """Payouts made together through one channel; of bank transfers, one file."""

    number = models.CharField(_("number"), max_length=20, unique=True)
    channel = models.CharField(_("through"), max_length=10, choices=ProviderKey)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    created_at = models.DateTimeField(_("made at"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("made by")
    )

    class Meta:
        verbose_name = _("batch of payouts")
        verbose_name_plural = _("batches of payouts")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.number


class Payout(PublicIdModel):
    """Money for one shop in a batch: everything unpaid of its statement, netted. Sent under `request_no`, once."""

    batch = models.ForeignKey(PayoutBatch, on_delete=models.PROTECT, related_name="payouts", verbose_name=_("batch"))
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="payouts", verbose_name=_("shop"))
    account = models.ForeignKey(
        PayoutAccount, on_delete=models.PROTECT, related_name="payouts", verbose_name=_("account")
    )
    payable_fen = models.BigIntegerField(_("owed to the shop, fen"))
    receivable_fen = models.BigIntegerField(_("owed by the shop, fen"))
    amount_fen = models.BigIntegerField(_("amount, fen"))
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    request_no = models.CharField(_("our number"), max_length=32, unique=True)
    provider_ref = models.CharField(_("provider's number"), max_length=80, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=PayoutStatus, default=PayoutStatus.CREATED)
    created_at = models.DateTimeField(_("made at"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    closed_at = models.DateTimeField(_("arrived or came back at"), null=True, blank=True)
    next_try_at = models.DateTimeField(_("next try at"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    last_error = models.CharField(_("last trouble"), max_length=300, blank=True)

    objects: ClassVar[PayoutQuerySet] = PayoutQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("payout")
        verbose_name_plural = _("payouts")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_fen__gt=0, receivable_fen__gte=0)
                & Q(amount_fen=F("payable_fen") - F("receivable_fen")),
                name="payout_money_sane",
            ),
            models.UniqueConstraint(
                fields=["shop"],
                name="one_payout_on_its_way_a_shop",
                condition=Q(status__in=[PayoutStatus.CREATED, PayoutStatus.SENT]),
            ),
            models.CheckConstraint(
                condition=Q(status__in=[PayoutStatus.PAID, PayoutStatus.FAILED], closed_at__isnull=False)
                | Q(status__in=[PayoutStatus.CREATED, PayoutStatus.SENT], closed_at__isnull=True),
                name="payout_closed_dated",
            ),
        ]
        indexes = [models.Index(fields=["next_try_at"], name="payout_to_try", condition=Q(next_try_at__isnull=False))]

    def __str__(self) -> str:
        return self.request_no


class StatementLine(models.Model):
    """One thing that changed what a shop is owed. Append-only, but for the payout that covers it.

    The unpaid lines of a side add up to the balance of the shop's account of that side in the ledger. `net_fen` of a
    receivable line is negative: the shop owes it.
    """

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="statement_lines", verbose_name=_("shop"))
    at = models.DateTimeField(_("at"))
    kind = models.CharField(_("kind"), max_length=20, choices=StatementKind)
    side = models.CharField(_("side"), max_length=10, choices=StatementSide)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    transaction = models.ForeignKey(
        LedgerTransaction, on_delete=models.PROTECT, related_name="statement_lines", verbose_name=_("transaction")
    )
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="statement_lines", verbose_name=_("order"))
    line = models.ForeignKey(
        OrderLine,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="statement_lines",
        verbose_name=_("line"),
    )
    settlement = models.ForeignKey(
        Settlement, null=True, blank=True, on_delete=models.PROTECT, related_name="lines", verbose_name=_("settlement")
    )
    refund = models.ForeignKey(
        Refund, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("refund")
    )
    rule = models.ForeignKey(
        FeeRule, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("commission rule")
    )
    gross_fen = models.BigIntegerField(_("price, fen"))
    refunded_fen = models.BigIntegerField(_("given back, fen"), default=0)
    commission_fen = models.BigIntegerField(_("commission, fen"), default=0)
    processing_fen = models.BigIntegerField(_("payment fee, fen"), default=0)
    coupon_fen = models.BigIntegerField(_("coupon borne by the shop, fen"), default=0)
    net_fen = models.BigIntegerField(_("for the shop, fen"))
    payout = models.ForeignKey(
        Payout, null=True, blank=True, on_delete=models.PROTECT, related_name="lines", verbose_name=_("payout")
    )

    objects: ClassVar[StatementLineQuerySet] = StatementLineQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name = _("line of a statement")
        verbose_name_plural = _("lines of statements")
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["line"],
                name="a_line_settles_once",
                condition=Q(kind__in=[StatementKind.WORK, StatementKind.FEE]),
            ),
            models.CheckConstraint(
                condition=Q(
                    net_fen=F("gross_fen")
                    - F("refunded_fen")
                    - F("commission_fen")
                    - F("processing_fen")
                    - F("coupon_fen")
                ),
                name="statement_line_adds_up",
            ),
        ]
        indexes = [
            models.Index(fields=["shop", "at", "id"], name="statement_of_shop"),
            models.Index(fields=["shop"], name="statement_unpaid", condition=Q(payout__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.kind} {self.net_fen}"


class Statement(PublicIdModel):
    """A shop's closed statement of half a month: sums that follow from its lines and are checked against the ledger."""

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="statements", verbose_name=_("shop"))
    number = models.CharField(_("number"), max_length=30, unique=True)
    starts_on = models.DateField(_("from"), help_text=_("in the shop's zone"))
    ends_on = models.DateField(_("to"), help_text=_("the last day"))
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    opening_fen = models.BigIntegerField(_("owed before, fen"))
    net_fen = models.BigIntegerField(_("for the shop in this time, fen"))
    paid_out_fen = models.BigIntegerField(_("paid out, fen"))
    closing_fen = models.BigIntegerField(_("owed after, fen"))
    line_count = models.PositiveIntegerField(_("lines"))
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("statement")
        verbose_name_plural = _("statements")
        ordering = ["-starts_on", "shop"]
        constraints = [
            models.UniqueConstraint(fields=["shop", "starts_on"], name="one_statement_a_period"),
            models.CheckConstraint(
                condition=Q(closing_fen=F("opening_fen") + F("net_fen") - F("paid_out_fen")),
                name="statement_adds_up",
            ),
            models.CheckConstraint(condition=Q(starts_on__lte=F("ends_on")), name="statement_period"),
        ]

    def __str__(self) -> str:
        return self.number
