"""Giving back of a line of a closed order: a plain refund before it is settled; then the shop is charged first."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from payments import orders, postings, refunds, statement_lines
from payments.choices import DISPUTE_OPEN, RefundReason, StatementKind
from payments.errors import LineInDisputeError, NotRefundableError
from payments.ledger import post
from payments.models import DisputedLine, Order, OrderLine, Refund, StatementLine
from payments.shares import allocate


@transaction.atomic
def give_back(  # noqa: PLR0913  (what is given back, why, by whom)
    *,
    order: Order,
    line: OrderLine,
    amount_fen: int,
    by: User | None,
    note: str,
    at: datetime,
    reason: RefundReason = RefundReason.GOODWILL,
) -> list[Refund]:
    """Give the owner `amount_fen` of a line of a closed order back; who may is asked before (shop or platform).

    Raises NotRefundableError for nothing or more than the owner paid for the line, LineInDisputeError while a dispute
    about it is open. Side effects, in order: of a settled line the posting that charges the shop and gives it the
    commission on this part back, with its line of the statement; the refunds (`payments.refunds.request`).
    """
    order = orders.locked_row(order)
    line = order.lines.get(pk=line.pk)
    line.order = order
    if DisputedLine.objects.filter(line=line, dispute__status__in=DISPUTE_OPEN).exists():
        raise LineInDisputeError
    if type(amount_fen) is not int or not 0 < amount_fen <= refundable_fen(order, line):
        raise NotRefundableError(field="amount")
    postings.lock_all_of(order)
    settled = _settled(line)
    if settled is None:
        return refunds.request(order, amount_fen=amount_fen, reason=reason, at=at, by=by, line=line, note=note)
    commission_fen = commission_back_fen(settled, line, amount_fen)
    posted = post(postings.late_refund(line, amount_fen=amount_fen, commission_fen=commission_fen), at=at)
    made = refunds.request(order, amount_fen=amount_fen, reason=reason, at=at, by=by, line=line, note=note)
    statement_lines.late_refund(
        line,
        made[0],
        amount_fen=amount_fen,
        commission_fen=commission_fen,
        transaction_id=posted.transaction_id,
        at=at,
    )
    return made


def refundable_fen(order: Order, line: OrderLine) -> int:
    """What can still be given back of a line, fen: what the owner paid for it. The part that a coupon covered stays
    where it is; coupons are shared out over all lines by their prices."""
    lines = list(order.lines.order_by("position", "pk"))
    coupons = allocate(order.coupon_fen, [each.amount_fen for each in lines])
    by_coupon = next(fen for each, fen in zip(lines, coupons, strict=True) if each.pk == line.pk)
    return max(0, min(line.kept_fen - by_coupon, order.paid_fen - order.refunded_fen))


def _settled(line: OrderLine) -> StatementLine | None:
    return line.statement_lines.filter(kind__in=[StatementKind.WORK, StatementKind.FEE]).first()


def commission_back_fen(settled: StatementLine, line: OrderLine, amount_fen: int) -> int:
    """What the shop gets back of the commission on a settled line when `amount_fen` of it is refunded, fen.

    Refund after refund the commission that stays is the same part of what stays of the line, rounded down in the shop's
    favour: all of it given back in ten refunds is as much as in one.
    """
    kept_fen = settled.gross_fen - settled.refunded_fen
    left_fen = line.kept_fen
    return _stays(settled, left_fen, kept_fen) - _stays(settled, left_fen - amount_fen, kept_fen)


def _stays(settled: StatementLine, left_fen: int, kept_fen: int) -> int:
    return settled.commission_fen * left_fen // kept_fen
