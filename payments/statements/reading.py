"""What stands on a statement: its orders, page by page, each with its lines, how they were computed and what happened.

However many orders a statement has, a page of it takes the same number of queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from payments.choices import CouponUseStatus, PaymentStatus, SettlementStatus, StatementKind
from payments.models import (
    CouponUse,
    Dispute,
    DisputedLine,
    LedgerTransaction,
    Order,
    Payment,
    Payout,
    Settlement,
    StatementLine,
)
from payments.statements.period import Period
from shops.models import Shop

ORDERS_PER_PAGE = 50
_EARNED = (StatementKind.WORK, StatementKind.FEE)
_AT_SHOP = (StatementKind.PAID_AT_SHOP, StatementKind.REFUNDED_AT_SHOP)

TABS = ("all", "settled", "waiting", "disputed", "refunded")


@dataclass
class OrderRow:
    """An order as it stands on a statement; amounts in fen, of this period only."""

    order: Order
    lines: list[StatementLine] = field(default_factory=list)
    transactions: list[LedgerTransaction] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)
    disputed_fen: int = 0
    due_at: datetime | None = None
    platform_coupon_fen: int = 0

    @property
    def earned(self) -> list[StatementLine]:
        """Its settled lines: work, or a fee."""
        return [line for line in self.lines if line.kind in _EARNED]

    @property
    def others(self) -> list[StatementLine]:
        """What was paid or given back at the shop, and what was refunded after settlement."""
        return [line for line in self.lines if line.kind not in _EARNED]

    @property
    def price_fen(self) -> int:
        return sum(line.gross_fen for line in self.earned)

    @property
    def refunded_fen(self) -> int:
        late = sum(line.gross_fen for line in self.lines if line.kind == StatementKind.LATE_REFUND)
        return sum(line.refunded_fen for line in self.lines) - late

    @property
    def commission_fen(self) -> int:
        return sum(line.commission_fen for line in self.lines)

    @property
    def processing_fen(self) -> int:
        return sum(line.processing_fen for line in self.lines)

    @property
    def coupon_fen(self) -> int:
        return sum(line.coupon_fen for line in self.lines)

    @property
    def at_shop_fen(self) -> int:
        return sum(line.gross_fen for line in self.lines if line.kind in _AT_SHOP)

    @property
    def net_fen(self) -> int:
        return sum(line.net_fen for line in self.lines)

    @property
    def state(self) -> str:
        """`disputed`, `waiting` (for the window to end), `elsewhere` (settled on another statement, or never),
        `refunded` (part of it) or `settled`."""
        if self.disputed_fen:
            return "disputed"
        if not self.earned and not self.refunded_fen:
            return "waiting" if self.due_at is not None else "elsewhere"
        return "refunded" if self.refunded_fen else "settled"

    @property
    def payouts(self) -> list[Payout]:
        """The payouts that covered its lines, oldest first."""
        found = {line.payout_id: line.payout for line in self.lines if line.payout}
        return [found[key] for key in sorted(key for key in found if key is not None)]


@dataclass(frozen=True)
class Listing:
    """One page of a statement's orders, and how many each tab has."""

    page: Page[Order]
    rows: list[OrderRow]
    counts: dict[str, int]


def orders_of(shop: Shop, period: Period) -> QuerySet[Order]:
    """Every order with a line in the period, or whose dispute was open at its end; newest handover first."""
    return Order.objects.filter(_tabs(shop, period)["all"], shop=shop).order_by("-closed_at", "-pk")


def page_of(shop: Shop, period: Period, *, tab: str, words: str, number: str) -> Listing:
    """One page of the orders in a tab that match `words` (order number or title). Nine queries."""
    conditions = _tabs(shop, period)
    everything = orders_of(shop, period)
    chosen = _searched(everything.filter(conditions[tab]), words)
    page = Paginator(chosen, ORDERS_PER_PAGE).get_page(number)
    counts = everything.aggregate(**{name: Count("pk", filter=conditions[name]) for name in TABS})
    return Listing(page, rows_of(list(page.object_list), period), counts)


def _tabs(shop: Shop, period: Period) -> dict[str, Q]:
    """Which orders stand in each tab. Sets of orders that the database makes once, not a question for each order."""
    lines = lines_of(shop, period).order_by()
    due = Settlement.objects.filter(order__shop=shop, status=SettlementStatus.DUE).order_by()
    disputed = _among(_open_disputes(period).filter(order__shop=shop).order_by())
    earned = _among(lines.filter(kind__in=_EARNED))
    return {
        "all": _among(lines) | disputed,
        "settled": earned & ~disputed,
        "waiting": ~earned & ~disputed & _among(due),
        "disputed": disputed,
        "refunded": _among(_refunded(lines)),
    }


def _among(rows: QuerySet[Any]) -> Q:
    return Q(pk__in=rows.values("order"))


def rows_of(orders: Sequence[Order], period: Period) -> list[OrderRow]:
    """The orders with all that a statement says of them. Six queries, however many orders."""
    return _rows(orders, _lines(period), _open_disputes(period))


def whole_row(order: Order) -> OrderRow:
    """An order with all its lines, of whichever statement, as it stands now. Six queries."""
    (row,) = _rows([order], StatementLine.objects.all(), Dispute.objects.open())
    return row


def _rows(orders: Sequence[Order], lines: QuerySet[StatementLine], disputes: QuerySet[Dispute]) -> list[OrderRow]:
    rows = {order.pk: OrderRow(order) for order in orders}
    keys = list(rows)
    for line in full(lines.filter(order__in=keys)):
        rows[line.order_id].lines.append(line)
    held = DisputedLine.objects.filter(dispute__in=disputes, dispute__order__in=keys).order_by()
    for order_id, fen in held.values_list("dispute__order").annotate(fen=Sum("held_fen")):
        rows[order_id].disputed_fen = fen
    waiting = Settlement.objects.filter(order__in=keys, status=SettlementStatus.DUE)
    for order_id, due_at in waiting.order_by("due_at").values_list("order_id", "due_at"):
        rows[order_id].due_at = rows[order_id].due_at or due_at
    coupons = CouponUse.objects.filter(order__in=keys, status=CouponUseStatus.USED)
    for order_id, fen in coupons.values_list("order_id", "platform_fen"):
        rows[order_id].platform_coupon_fen = fen
    for payment in Payment.objects.filter(order__in=keys, status=PaymentStatus.PAID).order_by("paid_at", "pk"):
        rows[payment.order_id].payments.append(payment)
    for transaction in LedgerTransaction.objects.filter(order__in=keys).order_by("at", "pk"):
        rows[transaction.order_id].transactions.append(transaction)  # type: ignore[index]
    return list(rows.values())


def full(lines: QuerySet[StatementLine]) -> QuerySet[StatementLine]:
    """Lines with all that is shown of them, in the order in which they were written."""
    return lines.select_related("line", "rule__schedule", "rule__shop", "rule__service", "payout").order_by("at", "pk")


def lines_of(shop: Shop, period: Period) -> QuerySet[StatementLine]:
    """Every line of a statement."""
    return _lines(period).filter(shop=shop)


def held_of(shop: Shop, period: Period) -> tuple[int, int]:
    """What open disputes held back at the end of the period (now, while it lasts): fen, and of how many orders."""
    lines = DisputedLine.objects.filter(dispute__in=_open_disputes(period), dispute__order__shop=shop)
    found = lines.aggregate(fen=Coalesce(Sum("held_fen"), 0), orders=Count("dispute__order", distinct=True))
    return found["fen"], found["orders"]


def payouts_of(shop: Shop, period: Period) -> QuerySet[Payout]:
    """Payouts that cover lines of this statement, oldest first."""
    covering = lines_of(shop, period).filter(payout=OuterRef("pk"))
    return Payout.objects.filter(Exists(covering), shop=shop).select_related("account").order_by("created_at", "pk")


def _lines(period: Period) -> QuerySet[StatementLine]:
    return StatementLine.objects.filter(at__gte=period.starts_at, at__lt=period.ends_at)


def _refunded(lines: QuerySet[StatementLine]) -> QuerySet[StatementLine]:
    late = (StatementKind.LATE_REFUND, StatementKind.REFUNDED_AT_SHOP)
    return lines.filter(Q(refunded_fen__gt=0) | Q(kind__in=late))


def _open_disputes(period: Period) -> QuerySet[Dispute]:
    still_open = Q(closed_at__isnull=True) | Q(closed_at__gte=period.ends_at)
    return Dispute.objects.filter(still_open, opened_at__lt=period.ends_at)


def _searched(orders: QuerySet[Order], words: str) -> QuerySet[Order]:
    words = words.replace("\x00", "").strip()[:80]
    if not words:
        return orders
    return orders.filter(Q(number__icontains=words) | Q(title_zh__icontains=words) | Q(title_en__icontains=words))
