"""Every read of money, as chainable adjectives."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self, cast

from django.db import models
from django.db.models import Exists, OuterRef, Q

from accounts.models import User

if TYPE_CHECKING:
    from payments.models import Dispute, Order, Payment, Payout, Refund, Settlement, StatementLine  # noqa: F401


class OrderQuerySet(models.QuerySet["Order"]):
    def visible_to(self, user: User) -> Self:
        """Orders that the person pays."""
        return self.filter(payer=user)


class PaymentQuerySet(models.QuerySet["Payment"]):
    def visible_to(self, user: User) -> Self:
        """Payments for the person's orders."""
        return self.filter(order__payer=user)

    def to_ask(self, *, at: datetime) -> Self:
        """Payments whose provider is to be asked by `at`, longest waiting first."""
        return self.filter(next_ask_at__lte=at).order_by("next_ask_at", "pk")


class RefundQuerySet(models.QuerySet["Refund"]):
    def to_try(self, *, at: datetime) -> Self:
        """Refunds to be sent or asked about by `at`, longest waiting first."""
        return self.filter(next_try_at__lte=at).order_by("next_try_at", "pk")


class SettlementQuerySet(models.QuerySet["Settlement"]):
    def due(self, *, at: datetime) -> Self:
        """Settlements to be made by `at` and not given up, longest due first."""
        return self.filter(status="due", due_at__lte=at, parked_at__isnull=True).order_by("due_at", "pk")

    def after(self, key: tuple[datetime, int]) -> Self:
        """Those that come after one with this time and number. A row comparison, so that the index is entered there."""
        return cast("Self", self.extra(where=["(due_at, id) > (%s, %s)"], params=key))


class StatementLineQuerySet(models.QuerySet["StatementLine"]):
    def unpaid(self) -> Self:
        """Lines that no payout has covered yet."""
        return self.filter(payout__isnull=True)

    def of_settled_visits(self) -> Self:
        """Lines of visits of which nothing waits to be settled: what `payments.payouts` pays out."""
        from payments.models import Settlement

        settlements = Settlement.objects.filter(order=OuterRef("order"))
        waits = Exists(settlements.filter(status="due"))
        return self.exclude(waits).filter(Exists(settlements) | Q(order__status="cancelled"))


class PayoutQuerySet(models.QuerySet["Payout"]):
    def to_try(self, *, at: datetime) -> Self:
        """Payouts to be sent or asked about by `at`, longest waiting first."""
        return self.filter(next_try_at__lte=at).order_by("next_try_at", "pk")


class DisputeQuerySet(models.QuerySet["Dispute"]):
    def visible_to(self, user: User) -> Self:
        """Disputes about the person's orders."""
        return self.filter(order__payer=user)

    def open(self) -> Self:
        """Disputes that are not closed."""
        return self.filter(status__in=("open", "answered"))

    def for_queue(self) -> Self:
        """With what a list shows; open ones first, of these the one that is due next on top, then the newest closed."""
        is_closed = models.Q(closed_at__isnull=False)
        rows = self.select_related("order__shop__city").prefetch_related("lines")
        due = models.Case(models.When(is_closed, then=models.Value(None)), default=models.F("answer_due_at"))
        return rows.order_by(due.asc(nulls_last=True), "-closed_at", "-pk")
