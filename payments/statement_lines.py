"""The lines of a shop's statement, each written with the posting that it tells of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from payments.choices import LineKind, StatementKind, StatementSide
from payments.models import OrderLine, Payment, Refund, Settlement, StatementLine
from payments.shares import Share


def paid_at_shop(payment: Payment, *, transaction_id: int, at: datetime) -> None:
    """The shop took money at its counter: it has it already, so its payout is that much less."""
    order = payment.order
    StatementLine.objects.create(
        shop_id=order.shop_id,
        at=at,
        kind=StatementKind.PAID_AT_SHOP,
        side=StatementSide.RECEIVABLE,
        currency=order.currency,
        transaction_id=transaction_id,
        order=order,
        gross_fen=-payment.amount_fen,
        net_fen=-payment.amount_fen,
    )


def refunded_at_shop(refund: Refund, *, transaction_id: int, at: datetime) -> None:
    """The shop gives money back at its counter: its payout is that much more."""
    order = refund.order
    StatementLine.objects.create(
        shop_id=order.shop_id,
        at=at,
        kind=StatementKind.REFUNDED_AT_SHOP,
        side=StatementSide.PAYABLE,
        currency=order.currency,
        transaction_id=transaction_id,
        order=order,
        refund=refund,
        line=None,
        gross_fen=refund.amount_fen,
        net_fen=refund.amount_fen,
    )


def settled(
    settlement: Settlement, shares: Sequence[tuple[OrderLine, Share]], *, transaction_id: int, at: datetime
) -> None:
    """Lines of an order were settled: one line each, in one statement."""
    order = settlement.order
    StatementLine.objects.bulk_create(
        StatementLine(
            shop_id=order.shop_id,
            at=at,
            kind=StatementKind.WORK if line.kind == LineKind.WORK else StatementKind.FEE,
            side=StatementSide.PAYABLE if share.net_fen >= 0 else StatementSide.RECEIVABLE,
            currency=order.currency,
            transaction_id=transaction_id,
            order=order,
            line=line,
            settlement=settlement,
            rule_id=share.rule_id,
            gross_fen=share.gross_fen,
            refunded_fen=share.refunded_fen,
            commission_fen=share.commission_fen,
            processing_fen=share.processing_fen,
            coupon_fen=share.coupon_fen,
            net_fen=share.net_fen,
        )
        for line, share in shares
    )


def late_refund(
    line: OrderLine, refund: Refund, *, amount_fen: int, commission_fen: int, transaction_id: int, at: datetime
) -> None:
    """What was settled of a line was given back: the shop owes it, less the commission that it gets back.

    Where it took several payments, `refund` is the first of them.
    """
    order = line.order
    StatementLine.objects.create(
        shop_id=order.shop_id,
        at=at,
        kind=StatementKind.LATE_REFUND,
        side=StatementSide.RECEIVABLE,
        currency=order.currency,
        transaction_id=transaction_id,
        order=order,
        line=line,
        refund=refund,
        gross_fen=-amount_fen,
        commission_fen=-commission_fen,
        net_fen=commission_fen - amount_fen,
    )
