"""The lines of a shop's statement, each written with the posting that it tells of."""

from __future__ import annotations

from datetime import datetime

from payments.choices import StatementKind, StatementSide
from payments.models import Payment, Refund, StatementLine


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
