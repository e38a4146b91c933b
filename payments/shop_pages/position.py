"""Where a shop's money is now: owed to it, on its way, waiting for its day, held for a dispute, paid in advance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Case, Count, DateTimeField, Exists, F, Min, OuterRef, Q, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce, TruncDate

from payments.choices import AccountKind, OrderStatus, PayoutStatus, ProviderKey, RefundStatus, SettlementStatus
from payments.models import Dispute, LedgerAccount, Order, Payout, PayoutAccount, Refund, Settlement, StatementLine
from shops.models import Shop

ON_ITS_WAY = (PayoutStatus.CREATED, PayoutStatus.SENT)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What becomes the shop's on a day, before commission: without what it took at its counter."""

    day: date
    fen: int
    orders: int


@dataclass(frozen=True, slots=True)
class Position:
    """A shop's money at this moment, fen. `owed_fen` below zero: the shop owes it."""

    owed_fen: int
    on_its_way_fen: int
    waiting: list[Waiting]
    disputed_fen: int
    disputed_orders: int
    advance_fen: int

    @property
    def waiting_fen(self) -> int:
        return sum(row.fen for row in self.waiting)

    @property
    def is_empty(self) -> bool:
        """Whether no money has ever come this far."""
        return not (self.owed_fen or self.on_its_way_fen or self.waiting or self.disputed_fen or self.advance_fen)


def of_shop(shop: Shop) -> Position:
    """Read from the ledger's accounts, whose balances the database keeps, and unpaid lines. Six queries at most."""
    disputed = _accounts(shop, AccountKind.DISPUTE_RESERVE).aggregate(fen=Coalesce(Sum("balance_fen"), 0))
    advance = _accounts(shop, AccountKind.HELD).filter(order__status=OrderStatus.OPEN)
    on_its_way = Payout.objects.filter(shop=shop, status__in=ON_ITS_WAY)
    return Position(
        owed_fen=owed_fen(shop),
        on_its_way_fen=on_its_way.aggregate(fen=Coalesce(Sum("amount_fen"), 0))["fen"],
        waiting=_waiting(shop),
        disputed_fen=disputed["fen"],
        disputed_orders=Dispute.objects.open().filter(order__shop=shop).count(),
        advance_fen=advance.aggregate(fen=Coalesce(Sum("still_fen"), 0))["fen"],
    )


def owed_fen(shop: Shop) -> int:
    """What the platform owes a shop for settled visits less what the shop owes it for them, fen. One query."""
    lines = StatementLine.objects.filter(shop=shop).unpaid().of_settled_visits()
    total: int = lines.aggregate(fen=Coalesce(Sum("net_fen"), 0))["fen"]
    return total


def _accounts(shop: Shop, kind: AccountKind) -> QuerySet[LedgerAccount]:
    """The accounts of a kind of the shop's orders that hold something; `still_fen` is what is not in its till yet."""
    lines = StatementLine.objects.filter(order=OuterRef("order"), payout__isnull=True).order_by()
    in_till = lines.values("order").annotate(fen=Sum("net_fen")).values("fen")
    accounts = LedgerAccount.objects.filter(order__shop=shop, kind=kind, balance_fen__gt=0)
    return accounts.annotate(still_fen=F("balance_fen") + Coalesce(Subquery(in_till), 0))


def _waiting(shop: Shop) -> list[Waiting]:
    """What is held for closed orders, by the day in the shop's zone on which it is to be settled."""
    due = Settlement.objects.filter(order=OuterRef("order"), status=SettlementStatus.DUE)
    first = due.order_by().values("order").annotate(at=Min("due_at")).values("at")
    closed = _accounts(shop, AccountKind.HELD).filter(~Q(order__status=OrderStatus.OPEN), Exists(due))
    days = closed.annotate(day=TruncDate(Subquery(first, output_field=DateTimeField()), tzinfo=shop.zone))
    rows = days.order_by("day").values("day").annotate(fen=Sum("still_fen"), orders=Count("order"))
    return [Waiting(row["day"], row["fen"], row["orders"]) for row in rows]


def account_of(shop: Shop) -> PayoutAccount | None:
    """The account that the shop's money goes to. One query."""
    return PayoutAccount.objects.filter(shop=shop, replaced_at__isnull=True).first()


def counter_refunds(shop: Shop) -> QuerySet[Refund]:
    """Refunds of what was paid at the counter: those that the shop has still to give first, then the newest."""
    refunds = Refund.objects.filter(order__shop=shop, payment__provider=ProviderKey.SHOP)
    is_given = Case(When(status=RefundStatus.REQUESTED, then=0), default=1)
    return refunds.select_related("order", "payment", "line").order_by(is_given, "-requested_at", "-pk")


def orders_of(shop: Shop) -> QuerySet[Order]:
    """The shop's orders with what their page shows."""
    return Order.objects.filter(shop=shop).select_related("shop__city")
