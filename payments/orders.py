"""The life of an order: opened with the visit, priced anew as the visit changes, closed by its bill or its cancelling.

Called by the room that knows the visits, in the transaction that changes the visit, with the visit's row locked. Every
write locks the order's row first and posts last. Amounts are fen; instants UTC. Nothing here calls a provider.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from core.ids import new_public_id
from payments import coupons, postings, refunds, statement_lines
from payments.abandoning import abandon_open
from payments.choices import (
    LineKind,
    OrderStatus,
    PaymentStatus,
    ProviderKey,
    Purpose,
    RefundReason,
    SettlementKind,
    ShopMethod,
)
from payments.errors import AmountError, OrderClosedError
from payments.ledger import post
from payments.models import MAX_AMOUNT_FEN, Order, OrderLine, Payment, Settlement
from shops.models import Shop

# For how long after the handover an owner can say that something was not right; then the order is settled (product
# decision: a week shows most faults of a repair, and shops wait no longer than other platforms let them).
DISPUTE_WINDOW = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class LineDraft:
    """A line of an order that is about to close."""

    kind: LineKind
    title_zh: str
    title_en: str
    amount_fen: int
    labour_fen: int = 0
    reference: str = ""
    service_id: int | None = None


@dataclass(frozen=True, slots=True)
class OrderDraft:
    """What an order is opened with. `reference` is the visit's public id, `number` the one that people read."""

    reference: str
    number: str
    shop: Shop
    payer: User | None
    title_zh: str
    title_en: str
    total_fen: int
    deposit_fen: int = 0
    currency: str = "CNY"


@transaction.atomic
def open_order(draft: OrderDraft, *, at: datetime) -> Order:
    """Open the order of a visit. Opened twice is opened once: the first one is given."""
    _check_amounts(draft.total_fen, draft.deposit_fen)
    order, _is_new = Order.objects.get_or_create(
        reference=draft.reference,
        defaults={
            "number": draft.number,
            "shop": draft.shop,
            "payer": draft.payer,
            "title_zh": draft.title_zh[:200],
            "title_en": draft.title_en[:200],
            "total_fen": draft.total_fen,
            "deposit_fen": draft.deposit_fen,
            "currency": draft.currency,
            "opened_at": at,
        },
    )
    return order


def locked(reference: str) -> Order | None:
    """The order of a visit, its row locked until the transaction ends; None for a visit without money."""
    orders = Order.objects.select_related("shop__city")
    return orders.select_for_update(of=("self",), no_key=True).filter(reference=reference).first()


def locked_row(order: Order) -> Order:
    """The same order as it is now, locked."""
    orders = Order.objects.select_related("shop__city")
    return orders.select_for_update(of=("self",), no_key=True).get(pk=order.pk)


@transaction.atomic
def reprice(
    *, reference: str, total_fen: int, at: datetime, deposit_fen: int | None = None, payer: User | None = None
) -> Order | None:
    """The visit costs something else now: it was moved, lines were agreed, the bill was made or is open again.

    What was paid above it waits until the order closes: an approved line may need it. A coupon of so many percent
    follows the price. Raises OrderClosedError.
    """
    order = locked(reference)
    if order is None:
        return None
    if order.status != OrderStatus.OPEN:
        raise OrderClosedError
    deposit_fen = order.deposit_fen if deposit_fen is None else deposit_fen
    _check_amounts(total_fen, deposit_fen)
    order.total_fen, order.deposit_fen = total_fen, deposit_fen
    order.payer = payer or order.payer
    order.save(update_fields=["total_fen", "deposit_fen", "payer"])
    coupons.follow_price(order, at=at)
    return order


@transaction.atomic
def complete(
    *,
    reference: str,
    lines: Sequence[LineDraft],
    at: datetime,
    by: User | None = None,
    shop_method: ShopMethod = ShopMethod.CASH,
) -> Order | None:
    """Close the order of a visit whose car was handed over: `lines` are what was done, and their sum is the price.

    A shop hands a car over when it is paid: what was not paid online was paid at the shop, by `shop_method`. Side
    effects, in order: the lines are written; a coupon that is worth more than the price covers only the price; the rest
    is recorded as paid at the shop; what was paid above the price is refunded; the settlement is due after
    `DISPUTE_WINDOW`. Closed twice is closed once.
    """
    order = locked(reference)
    if order is None or order.status == OrderStatus.COMPLETED:
        return order
    if order.status != OrderStatus.OPEN:
        raise OrderClosedError
    _close(order, lines, OrderStatus.COMPLETED, at)
    coupons.lock_used(order)
    postings.lock_all_of(order)
    coupons.fit(order, at=at)
    if order.due_fen:
        take_at_shop(order, amount_fen=order.due_fen, method=shop_method, by=by, at=at)
    refunds.give_back_excess(order, reason=RefundReason.OVERPAID, at=at)
    Settlement.objects.create(order=order, kind=SettlementKind.VISIT, due_at=at + DISPUTE_WINDOW)
    return order


@transaction.atomic
def cancel(
    *, reference: str, fee: LineDraft | None, at: datetime, reason: RefundReason = RefundReason.CANCELLED
) -> Order | None:
    """Close the order of a visit that did not happen; `fee` is what that costs the owner, by the terms frozen on it.

    Side effects, in order: a coupon is given back; what was paid above the fee is refunded; where there is a fee its
    settlement is due after `DISPUTE_WINDOW` (what is not paid of it by then waits, `payments.settlement`). Closed twice
    is closed once.
    """
    order = locked(reference)
    if order is None or order.status == OrderStatus.CANCELLED:
        return order
    if order.status != OrderStatus.OPEN:
        raise OrderClosedError
    _close(order, [fee] if fee and fee.amount_fen else [], OrderStatus.CANCELLED, at)
    coupons.lock_used(order)
    postings.lock_all_of(order)
    coupons.give_back(order, at=at)
    refunds.give_back_excess(order, reason=reason, at=at)
    if order.total_fen:
        Settlement.objects.create(order=order, kind=SettlementKind.FEE, due_at=at + DISPUTE_WINDOW)
    return order


def _close(order: Order, lines: Sequence[LineDraft], status: OrderStatus, at: datetime) -> None:
    """Payments that were started and not made are given up, the lines and the sum are written."""
    abandon_open(order, at=at)
    OrderLine.objects.bulk_create(_rows(order, lines))
    order.status, order.closed_at = status, at
    order.total_fen = sum(line.amount_fen for line in lines)
    _check_amounts(order.total_fen, 0)
    order.save(update_fields=["status", "closed_at", "total_fen"])


def _rows(order: Order, lines: Iterable[LineDraft]) -> list[OrderLine]:
    return [
        OrderLine(
            order=order,
            position=position,
            kind=line.kind,
            reference=line.reference,
            title_zh=line.title_zh[:200],
            title_en=line.title_en[:200],
            service_id=line.service_id,
            amount_fen=line.amount_fen,
            labour_fen=line.labour_fen,
        )
        for position, line in enumerate(lines, start=1)
    ]


def take_at_shop(
    order: Order,
    *,
    amount_fen: int,
    method: ShopMethod,
    by: User | None,
    at: datetime,
    purpose: Purpose = Purpose.BALANCE,
) -> Payment:
    """Record money that the shop took at its counter for a locked order. Raises AmountError for more than is due.

    Side effects: the payment, a line on the shop's statement (it has the money already), the posting.
    """
    check_amount(amount_fen)
    if amount_fen > order.due_fen:
        raise AmountError(field="amount")
    payment = Payment.objects.create(
        order=order,
        provider=ProviderKey.SHOP,
        purpose=purpose,
        shop_method=method,
        amount_fen=amount_fen,
        currency=order.currency,
        request_no=new_public_id(),
        status=PaymentStatus.PAID,
        created_at=at,
        created_by=by,
        expires_at=at,
        paid_at=at,
    )
    order.paid_fen += amount_fen
    order.save(update_fields=["paid_fen"])
    posted = post(postings.paid(payment), at=at)
    statement_lines.paid_at_shop(payment, transaction_id=posted.transaction_id, at=at)
    return payment


def check_amount(amount_fen: object) -> None:
    """Raise AmountError unless it is a whole, positive amount of fen that a visit can cost."""
    if type(amount_fen) is not int or not 0 < amount_fen <= MAX_AMOUNT_FEN:
        raise AmountError(field="amount")


def _check_amounts(total_fen: int, deposit_fen: int) -> None:
    for fen in (total_fen, deposit_fen):
        if type(fen) is not int or not 0 <= fen <= MAX_AMOUNT_FEN:
            raise AmountError(field="amount")
