"""What an action on money would do to each party, told by doing it and undoing it.

The very action runs inside a savepoint, what it wrote into the ledger is read and added up, and everything is rolled
back: the figures come from the code that posts, so a page that shows them cannot say anything else than what happens.
Nothing is left behind but numbers drawn from sequences. How the figures are said: `payments.effect_words`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from payments import orders, settlement
from payments.choices import AccountKind, SettlementStatus, TransactionKind
from payments.models import Order, Settlement
from payments.orders import LineDraft


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """What some movements mean for each party, fen; what a party gets is positive. Together they are nothing."""

    # To and from the owner, through the providers and over the shop's counter.
    owner_online_fen: int = 0
    owner_counter_fen: int = 0
    # What the platform owes the shop, less what the shop owes it; and the shop's till.
    shop_account_fen: int = 0
    shop_counter_fen: int = 0
    commission_fen: int = 0
    processing_fen: int = 0
    # What a funder pays for coupons is negative, what it gets back positive.
    platform_coupon_fen: int = 0
    shop_coupon_fen: int = 0
    # Held for the order, waiting for a dispute or not.
    held_fen: int = 0
    other_fen: int = 0

    @property
    def owner_fen(self) -> int:
        return self.owner_online_fen + self.owner_counter_fen

    @property
    def shop_fen(self) -> int:
        """With its till and its coupons."""
        return self.shop_account_fen + self.shop_counter_fen + self.shop_coupon_fen

    @property
    def platform_fen(self) -> int:
        """Commission and fees, less its coupons."""
        return self.commission_fen + self.processing_fen + self.platform_coupon_fen


@dataclass(frozen=True, slots=True)
class Step:
    """What follows by itself at `at`."""

    at: datetime
    moved: Moved


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What an action does at once (`now`), and what follows by itself (`steps`, in time).

    The rest is about the order that `then_settle` named: what the owner still owes on it, and what stays held of it
    after the action and in the end.
    """

    now: Moved
    steps: tuple[Step, ...] = ()
    owes_fen: int = 0
    held_now_fen: int = 0
    held_later_fen: int = 0


class _Undone(Exception):
    """Carries the result out of the transaction that it rolls back."""

    def __init__(self, effect: Effect) -> None:
        self.effect = effect


def effect_of(run: Callable[[], object], *, then_settle: Order | None = None, at: datetime) -> Effect:
    """What `run` would do now, and with `then_settle` what the settlement of this order then does when it is due.

    `run` is one call of a write of `payments` (or above): it fetches and locks its rows itself, as what it does to
    objects in memory is not undone. Refusals it raises pass through. No row, event, waking-up or alarm is left.
    """
    try:
        with transaction.atomic():
            start = _last_transaction_id()
            run()
            # What the database checks at the end is checked here, as a refusal now is one then.
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            now, (owes_fen, held_fen) = _moved_after(start), _state_of(then_settle)
            steps = tuple(_settled(then_settle, at)) if then_settle else ()
            raise _Undone(
                Effect(
                    now=now,
                    steps=steps,
                    owes_fen=owes_fen,
                    held_now_fen=held_fen,
                    held_later_fen=_state_of(then_settle)[1],
                )
            )
    except _Undone as undone:
        return undone.effect


def cancelling(order: Order, fee: LineDraft | None, *, at: datetime) -> Effect:
    """What cancelling the visit of `order` does, with the fee that it then costs (None: nothing)."""
    return effect_of(lambda: orders.cancel(reference=order.reference, fee=fee, at=at), then_settle=order, at=at)


def _settled(order: Order, at: datetime) -> Iterator[Step]:
    """Make the settlements of the order that are to come, each when it is due, and tell what each of them moved."""
    due = Settlement.objects.filter(order=order, status=SettlementStatus.DUE, parked_at__isnull=True)
    for row in due.order_by("due_at", "pk"):
        before, then = _last_transaction_id(), max(at, row.due_at)
        settlement.settle(settlement_id=row.pk, at=then)
        moved = _moved_after(before)
        if moved != Moved():
            yield Step(then, moved)


def _state_of(order: Order | None) -> tuple[int, int]:
    """What is still to be paid of an order and what is held of it, fen, as the undone action leaves it."""
    if order is None:
        return 0, 0
    with connection.cursor() as cursor:
        cursor.execute(_HELD, [order.pk])
        held_fen: int = cursor.fetchone()[0]
    return Order.objects.get(pk=order.pk).due_fen, held_fen


_HELD = "SELECT coalesce(sum(balance_fen), 0)::bigint FROM payments_ledgeraccount WHERE order_id = %s"


def _last_transaction_id() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM payments_ledgertransaction")
        last: int = cursor.fetchone()[0]
    return last


def _moved_after(last: int) -> Moved:
    """What this database transaction posted after the ledger's transaction of that number."""
    with connection.cursor() as cursor:
        cursor.execute(_ENTRIES, [last])
        return _added_up(cursor.fetchall())


# Others write at the same time; `written_in` is the database transaction that wrote the row. Credits are positive.
_ENTRIES = """
SELECT t.kind, a.kind, a.shop_id IS NOT NULL, -sum(e.amount_fen)::bigint
FROM payments_ledgertransaction t
JOIN payments_ledgerentry e ON e.transaction_id = t.id
JOIN payments_ledgeraccount a ON a.id = e.account_id
WHERE t.id > %s AND t.written_in = pg_current_xact_id()::text::bigint
GROUP BY 1, 2, 3
"""

_PARTY = {
    AccountKind.PSP_CLEARING: "owner_online_fen",
    AccountKind.REFUND_CLEARING: "owner_online_fen",
    AccountKind.SHOP_PAYABLE: "shop_account_fen",
    AccountKind.SHOP_RECEIVABLE: "shop_account_fen",
    AccountKind.COMMISSION: "commission_fen",
    AccountKind.FEES: "processing_fen",
    AccountKind.HELD: "held_fen",
    AccountKind.DISPUTE_RESERVE: "held_fen",
}
# In these the shop's account stands for notes and coins that change hands at its counter.
_AT_COUNTER = (TransactionKind.PAID_AT_SHOP, TransactionKind.REFUNDED_AT_SHOP)


def _added_up(rows: Iterable[tuple[str, str, bool, int]]) -> Moved:
    sums: dict[str, int] = {}

    def add(name: str, fen: int) -> None:
        sums[name] = sums.get(name, 0) + fen

    for transaction_kind, account_kind, is_shops, fen in rows:
        if account_kind == AccountKind.COUPON_FUNDING:
            add("shop_coupon_fen" if is_shops else "platform_coupon_fen", fen)
        else:
            add(_PARTY.get(AccountKind(account_kind), "other_fen"), fen)
        if transaction_kind in _AT_COUNTER and _PARTY.get(AccountKind(account_kind)) == "shop_account_fen":
            add("owner_counter_fen", fen)
            add("shop_counter_fen", -fen)
    given: dict[str, Any] = {name: fen for name, fen in sums.items() if fen}
    return Moved(**given)
