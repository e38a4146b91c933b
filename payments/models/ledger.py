"""The books: accounts, transactions and their entries.

The database keeps them true whoever writes (`migrations/0002_ledger_guards`): a transaction is balanced, not empty and
of one currency by the time it commits; nothing is ever changed or removed; balances follow from entries alone and some
cannot fall below zero. `payments.ledger.post` is the one way in.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from payments.choices import (
    DEBIT_KINDS,
    FLOORED_KINDS,
    ORDER_KINDS,
    PROVIDER_KINDS,
    SHOP_KINDS,
    AccountKind,
    TransactionKind,
)
from shops.models import Shop


class LedgerAccount(models.Model):
    """An account. Its totals are kept by trigger; writing to them is refused."""

    # What makes it one of a kind ("held:CNY:o42"); written by `payments.ledger.AccountRef`.
    code = models.CharField(_("code"), max_length=60, unique=True)
    kind = models.CharField(_("kind"), max_length=20, choices=AccountKind)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    provider = models.CharField(_("provider"), max_length=10, blank=True)
    shop = models.ForeignKey(
        Shop, null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("shop")
    )
    order = models.ForeignKey(
        "payments.Order", null=True, blank=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("order")
    )
    grows_by_debit = models.BooleanField(_("grows by debits"))
    is_floored = models.BooleanField(_("never below zero"))
    debits_fen = models.BigIntegerField(_("debits, fen"), default=0)
    credits_fen = models.BigIntegerField(_("credits, fen"), default=0)
    balance_fen = models.GeneratedField(
        expression=models.Case(
            models.When(grows_by_debit=True, then=F("debits_fen") - F("credits_fen")),
            default=F("credits_fen") - F("debits_fen"),
        ),
        output_field=models.BigIntegerField(),
        db_persist=True,
        verbose_name=_("balance, fen"),
    )

    class Meta:
        verbose_name = pgettext_lazy("ledger", "account")
        verbose_name_plural = _("accounts")
        ordering = ["kind", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(is_floored=False)
                | Q(grows_by_debit=True, debits_fen__gte=F("credits_fen"))
                | Q(grows_by_debit=False, credits_fen__gte=F("debits_fen")),
                name="account_floor",
            ),
            models.CheckConstraint(condition=Q(debits_fen__gte=0, credits_fen__gte=0), name="account_totals_grow"),
            models.CheckConstraint(
                condition=Q(kind__in=DEBIT_KINDS, grows_by_debit=True)
                | (~Q(kind__in=DEBIT_KINDS) & Q(grows_by_debit=False)),
                name="account_side",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=FLOORED_KINDS, is_floored=True)
                | (~Q(kind__in=FLOORED_KINDS) & Q(is_floored=False)),
                name="account_floored_by_kind",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=ORDER_KINDS, order__isnull=False, shop__isnull=True, provider="")
                | Q(kind__in=SHOP_KINDS, order__isnull=True, shop__isnull=False, provider="")
                | (Q(kind__in=PROVIDER_KINDS, order__isnull=True, shop__isnull=True) & ~Q(provider=""))
                | Q(kind=AccountKind.COUPON_FUNDING, order__isnull=True, provider="")
                | (
                    ~Q(kind__in=[*ORDER_KINDS, *SHOP_KINDS, *PROVIDER_KINDS, AccountKind.COUPON_FUNDING])
                    & Q(order__isnull=True, shop__isnull=True, provider="")
                ),
                name="account_belongs",
            ),
        ]
        indexes = [
            models.Index(fields=["order"], name="account_of_order", condition=Q(order__isnull=False)),
            models.Index(fields=["shop"], name="account_of_shop", condition=Q(shop__isnull=False)),
            # The trial balance adds these up; accounts of finished orders are empty and many.
            models.Index(fields=["kind"], name="account_not_empty", condition=~Q(debits_fen=F("credits_fen"))),
        ]

    def __str__(self) -> str:
        return self.code


class LedgerTransaction(models.Model):
    """A balanced movement of money. Append-only; a correction is another transaction."""

    kind = models.CharField(_("kind"), max_length=20, choices=TransactionKind)
    idempotency_key = models.CharField(_("idempotency key"), max_length=120, unique=True)
    request_hash = models.CharField(_("SHA-256 of the request"), max_length=64)
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    at = models.DateTimeField(_("at"))
    order = models.ForeignKey(
        "payments.Order", null=True, on_delete=models.PROTECT, related_name="transactions", verbose_name=_("order")
    )
    shop = models.ForeignKey(Shop, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("shop"))
    data = models.JSONField(_("details"), default=dict)
    # The database transaction that wrote it: entries can join in that one only. Set by trigger.
    written_in = models.BigIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("transaction")
        verbose_name_plural = _("transactions")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["at"], name="transaction_at")]
        constraints = [
            models.CheckConstraint(condition=Q(request_hash__regex=r"^[0-9a-f]{64}$"), name="transaction_hashed"),
            models.CheckConstraint(condition=~Q(idempotency_key=""), name="transaction_keyed"),
        ]

    def __str__(self) -> str:
        return self.idempotency_key


class LedgerEntry(models.Model):
    """One leg of a transaction: a debit is positive, a credit negative."""

    transaction = models.ForeignKey(
        LedgerTransaction, on_delete=models.PROTECT, related_name="entries", verbose_name=_("transaction")
    )
    account = models.ForeignKey(
        LedgerAccount, on_delete=models.PROTECT, related_name="entries", verbose_name=pgettext_lazy("ledger", "account")
    )
    amount_fen = models.BigIntegerField(_("amount, fen"), help_text=_("a debit is positive, a credit negative"))

    class Meta:
        verbose_name = pgettext_lazy("ledger", "entry")
        verbose_name_plural = pgettext_lazy("ledger", "entries")
        ordering = ["transaction", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(amount_fen=0), name="entry_moves_something")]

    def __str__(self) -> str:
        return f"{self.transaction_id} {self.account_id} {self.amount_fen}"
