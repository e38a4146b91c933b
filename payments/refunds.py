"""Giving money back: asked for here, in one transaction with what it is for; sent by `payments.refund_sending`.

Every function wants the order's row locked. A refund belongs to one payment; what is to go back is taken from the
newest payments first, those made online before those made at the counter.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from core import outbox
from core.ids import new_public_id
from payments import postings, statement_lines
from payments.choices import PaymentStatus, ProviderKey, RefundReason, RefundStatus
from payments.errors import NotRefundableError
from payments.ledger import post
from payments.models import Order, OrderLine, Payment, Refund


@transaction.atomic
def request(  # noqa: PLR0913  (the columns of a refund)
    order: Order,
    *,
    amount_fen: int,
    reason: RefundReason,
    at: datetime,
    by: User | None = None,
    line: OrderLine | None = None,
    note: str = "",
) -> list[Refund]:
    """Give `amount_fen` of a locked order back, from as many of its payments as it takes.

    Raises NotRefundableError for nothing, or more than was paid and not given back. Side effects, in order: the
    refunds, the sums of payments and order (and of `line`), lines on the shop's statement for what it gives back
    itself, the postings, outbox `refund.requested` for each, which sends it.
    """
    if type(amount_fen) is not int or amount_fen <= 0:
        raise NotRefundableError(field="amount")
    left, made = amount_fen, []
    for payment in _newest_first(order):
        part = min(left, payment.refundable_fen)
        if part:
            made.append(_refund_of(payment, order, part, reason, at, by, line, note))
            left -= part
    if left:
        raise NotRefundableError(field="amount")
    order.refunded_fen += amount_fen
    if line is not None:
        # The visit costs that much less: nobody is asked to pay it again.
        order.total_fen -= amount_fen
        line.refunded_fen += amount_fen
        line.save(update_fields=["refunded_fen"])
    order.save(update_fields=["refunded_fen", "total_fen"])
    for refund in made:
        _post(refund, at)
    return made


def give_back_excess(order: Order, *, reason: RefundReason, at: datetime) -> list[Refund]:
    """Refund what the owner of a locked order paid above what it costs; nothing where that is nothing."""
    return request(order, amount_fen=order.excess_fen, reason=reason, at=at) if order.excess_fen else []


def _newest_first(order: Order) -> list[Payment]:
    paid = Payment.objects.filter(order=order, status=PaymentStatus.PAID).select_for_update(no_key=True)
    rows = sorted(paid.order_by("pk"), key=lambda payment: (payment.provider != ProviderKey.SHOP, payment.pk))
    return rows[::-1]


def _refund_of(  # noqa: PLR0913, PLR0917  (the columns of a refund)
    payment: Payment,
    order: Order,
    fen: int,
    reason: RefundReason,
    at: datetime,
    by: User | None,
    line: OrderLine | None,
    note: str,
) -> Refund:
    at_shop = payment.provider == ProviderKey.SHOP
    payment.refunded_fen += fen
    payment.save(update_fields=["refunded_fen"])
    return Refund.objects.create(
        order=order,
        payment=payment,
        line=line,
        amount_fen=fen,
        currency=payment.currency,
        reason=reason,
        note=note[:200],
        request_no=new_public_id(),
        status=RefundStatus.REQUESTED,
        requested_at=at,
        requested_by=by,
        # What the shop took it gives back itself, and says so.
        next_try_at=None if at_shop else at,
    )


def _post(refund: Refund, at: datetime) -> None:
    posted = post(postings.refund_requested(refund), at=at)
    if refund.payment.provider == ProviderKey.SHOP:
        statement_lines.refunded_at_shop(refund, transaction_id=posted.transaction_id, at=at)
    outbox.emit(topic="refund.requested", key=refund.public_id, at=at)
