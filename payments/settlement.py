"""Settlement: what was held for a visit becomes the shop's, once the time for a dispute is over. Exactly once.

Any number of workers may do this at the same time, be started twice or be killed: what makes it once is not who runs it
but the database. A settlement is claimed by its row's lock and passed over by everybody else (SKIP LOCKED); posting,
lines of the statement and status are one transaction; and were even the lock gone, the ledger's key and the one line of
a statement for each line of an order would refuse the second. So no advisory lock is needed against a second beat, and
several workers share the work.

Lines in an open dispute wait, the others do not. A disputed line is settled by a settlement of its own once the dispute
is closed (`payments.disputes`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from core import faults, outbox
from payments import alarms, postings, statement_lines
from payments.choices import (
    DISPUTE_OPEN,
    AlarmKind,
    CouponUseStatus,
    SettlementKind,
    SettlementStatus,
    StatementKind,
)
from payments.commission import FeeBook
from payments.ledger import LedgerError, Movement, balance_fen, post
from payments.models import CouponUse, DisputedLine, Order, OrderLine, Settlement, StatementLine
from payments.shares import Share, allocate, share_of

logger = logging.getLogger(__name__)

# For how long a fee waits for its owner to pay it, from the day the visit was called off; the rest is then waived
# (product decision: a fee that was not paid in a month is not paid any more, and the shop gets what there is).
FEE_WAIT = timedelta(days=30)
FEE_PAUSE = timedelta(days=1)
# After a failure: with doubling pauses the last of the attempts comes after two hours.
FIRST_PAUSE = timedelta(minutes=1)
MAX_ATTEMPTS = 8


class HeldDiffersError(LedgerError):
    """What is held for an order is not what its lines say. Nothing is settled until a person has looked."""


def settle(*, settlement_id: int, at: datetime, fees: FeeBook | None = None) -> bool:
    """Settle an order, or the lines of a closed dispute, with its shop; whether this call did it.

    False where there is nothing to do: settled before, not due, given up, in another worker's hands, an unpaid fee that
    waits for its owner. Side effects, in order: posting `settled`, a line of the statement for each line of the order,
    status, outbox `order.settled`. On a failure nothing of these, but the attempt is counted and the next one comes
    after a pause; the last one raises the alarm SETTLEMENT_PARKED.
    """
    tried = _try(Settlement.objects.due(at=at).filter(pk=settlement_id), fees, at)
    return tried is not None and tried[1]


def settle_due(*, at: datetime, limit: int) -> int:
    """Settle what is due, longest due first, trying at most `limit`; how many were settled.

    Each in a transaction of its own, so that one that fails holds up no other. The rows are gone through once, by time
    and number: what failed or waits is not met again in this sweep, and nothing is kept in memory.
    """
    fees, after, done = FeeBook(), None, 0
    for _number in range(limit):
        due = Settlement.objects.due(at=at)
        tried = _try(due.after(after) if after else due, fees, at)
        if tried is None:
            break
        after, is_settled = tried
        done += is_settled
    return done


def _try(
    candidates: QuerySet[Settlement], fees: FeeBook | None, at: datetime
) -> tuple[tuple[datetime, int], bool] | None:
    """Claim the first of the candidates and settle it; its time and number, and whether it was settled. None where
    nobody is left to claim."""
    claimed = None
    try:
        with transaction.atomic():
            claimed = _claim(candidates)
            if claimed is None:
                return None
            key = (claimed.due_at, claimed.pk)
            return key, _settle(claimed, fees or FeeBook(), at)
    except Exception as error:
        if claimed is None:
            raise
        logger.exception("settlement %s failed", claimed.pk)
        _postpone(claimed.pk, at=at, error=error)
        return key, False


def _claim(candidates: QuerySet[Settlement]) -> Settlement | None:
    return candidates.select_for_update(skip_locked=True, no_key=True).first()


def _claimed_order(settlement: Settlement) -> Order | None:
    """The order, locked; None while somebody else has it.

    Everywhere else the order is locked before its settlement. Here it is the other way round, to claim by an index of
    one table; as neither lock is ever waited for, nobody can wait in a circle.
    """
    orders = Order.objects.select_related("shop__city")
    claimed = orders.select_for_update(of=("self",), skip_locked=True, no_key=True)
    return claimed.filter(pk=settlement.order_id).first()


def _settle(settlement: Settlement, fees: FeeBook, at: datetime) -> bool:
    order = _claimed_order(settlement)
    if order is None:
        return False
    settlement.order = order
    lines = _lines(order)
    held_fen = balance_fen(postings.held(order))
    if settlement.kind == SettlementKind.FEE and not _is_paid_or_waived(settlement, lines, held_fen, at):
        return False
    if sum(line.kept_fen for line in lines if _is_to_settle(line)) != held_fen:
        raise HeldDiffersError(f"{held_fen} fen are held, the lines say otherwise")
    _write(settlement, _chosen(settlement, lines, fees), at)
    return True


def _lines(order: Order) -> list[OrderLine]:
    """All lines of an order, with `is_settled` and `is_disputed`. One query."""
    settled = StatementLine.objects.filter(line=OuterRef("pk"), kind__in=[StatementKind.WORK, StatementKind.FEE])
    disputed = DisputedLine.objects.filter(line=OuterRef("pk"), dispute__status__in=DISPUTE_OPEN)
    lines = OrderLine.objects.filter(order=order).order_by("position", "pk")
    return list(lines.annotate(is_settled=Exists(settled), is_disputed=Exists(disputed)))


def _is_to_settle(line: OrderLine) -> bool:
    return not line.is_settled and not line.is_disputed  # type: ignore[attr-defined]


def _is_paid_or_waived(settlement: Settlement, lines: Sequence[OrderLine], held_fen: int, at: datetime) -> bool:
    """Whether a fee can be settled: it is paid, or it has waited long enough and the rest was waived."""
    (line,) = lines
    unpaid_fen = line.kept_fen - held_fen
    order = settlement.order
    if unpaid_fen <= 0 or not _is_to_settle(line):
        return True
    waits_until = _closed_at(order) + FEE_WAIT
    if at < waits_until:
        settlement.due_at = min(at + FEE_PAUSE, waits_until)
        settlement.save(update_fields=["due_at"])
        return False
    line.refunded_fen += unpaid_fen
    line.save(update_fields=["refunded_fen"])
    order.total_fen -= unpaid_fen
    order.save(update_fields=["total_fen"])
    return True


def _chosen(settlement: Settlement, lines: Sequence[OrderLine], fees: FeeBook) -> list[tuple[OrderLine, Share]]:
    """The lines that this settlement settles, with what becomes of each."""
    shares = shares_of(settlement.order, lines, fees)
    chosen = {line.pk for line in lines if _is_to_settle(line)}
    if settlement.dispute_id is not None:
        disputed = DisputedLine.objects.filter(dispute_id=settlement.dispute_id)
        chosen &= set(disputed.values_list("line_id", flat=True))
    return [(line, share) for line, share in zip(lines, shares, strict=True) if line.pk in chosen]


def shares_of(order: Order, lines: Sequence[OrderLine], fees: FeeBook) -> list[Share]:
    """What becomes of each of *all* lines of a closed order. At most four queries; writes nothing.

    The shop's coupon and what was paid online are shared out over all lines by their prices, whatever of them was
    settled, disputed or given back: so a line comes to the same in whichever settlement it is settled.
    """
    prices = [line.amount_fen for line in lines]
    rates = [
        fees.rate(
            shop=order.shop,
            service_id=line.service_id,
            currency=order.currency,
            opened_at=order.opened_at,
            closed_at=_closed_at(order),
        )
        for line in lines
    ]
    coupons = allocate(_shops_coupon_fen(order), prices)
    online = allocate(_paid_online_fen(order) if any(rate.processing_bp for rate in rates) else 0, prices)
    return [
        share_of(
            amount_fen=line.amount_fen,
            refunded_fen=line.refunded_fen,
            coupon_fen=coupon_fen,
            online_fen=online_fen,
            rate=rate,
        )
        for line, rate, coupon_fen, online_fen in zip(lines, rates, coupons, online, strict=True)
    ]


def _closed_at(order: Order) -> datetime:
    if order.closed_at is None:
        raise LedgerError(f"{order.number} is open: it has no lines yet")
    return order.closed_at


def _shops_coupon_fen(order: Order) -> int:
    if not order.coupon_fen:
        return 0
    return CouponUse.objects.get(order=order, status=CouponUseStatus.USED).shop_fen


def _paid_online_fen(order: Order) -> int:
    """What was paid online for the lines, fen: without what was given back because it was too much."""
    with connection.cursor() as cursor:
        cursor.execute(_PAID_ONLINE, [order.pk, order.pk])
        fen: int = cursor.fetchone()[0]
    return fen


# By hand: two sums through the ORM take longer to build than everything else of a settlement takes the database.
_PAID_ONLINE = """
SELECT coalesce(sum(amount_fen), 0)::bigint - (
    SELECT coalesce(sum(r.amount_fen), 0)::bigint FROM payments_refund r
    JOIN payments_payment p ON p.id = r.payment_id AND p.provider <> 'shop'
    WHERE r.order_id = %s AND r.line_id IS NULL
)
FROM payments_payment WHERE order_id = %s AND status = 'paid' AND provider <> 'shop'
"""


def _write(settlement: Settlement, chosen: Sequence[tuple[OrderLine, Share]], at: datetime) -> None:
    faults.point("payments.settle.claimed")
    if any(share.kept_fen or share.coupon_fen for _line, share in chosen):
        posted = post(_movement(settlement, [share for _line, share in chosen]), at=at)
        faults.point("payments.settle.posted")
        statement_lines.settled(settlement, chosen, transaction_id=posted.transaction_id, at=at)
    settlement.status, settlement.settled_at = SettlementStatus.SETTLED, at
    settlement.save(update_fields=["status", "settled_at"])
    outbox.emit(topic="order.settled", key=settlement.order.reference, at=at)
    if settlement.attempts:
        alarms.settle_by_itself(
            kind=AlarmKind.SETTLEMENT_PARKED, key=str(settlement.pk), note="Settled after all.", at=at
        )
    faults.point("payments.settle.written")


def _movement(settlement: Settlement, shares: Sequence[Share]) -> Movement:
    return postings.settled(
        settlement,
        gross_fen=sum(share.kept_fen for share in shares),
        commission_fen=sum(share.commission_fen for share in shares),
        processing_fen=sum(share.processing_fen for share in shares),
        coupon_fen=sum(share.coupon_fen for share in shares),
        owed_fen=sum(-share.net_fen for share in shares if share.net_fen < 0),
    )


@transaction.atomic
def _postpone(settlement_id: int, *, at: datetime, error: Exception) -> None:
    settlement = _claim(Settlement.objects.filter(pk=settlement_id, status=SettlementStatus.DUE))
    if settlement is None:
        return
    settlement.attempts += 1
    settlement.last_error = f"{type(error).__name__}: {error}"[:300]
    settlement.due_at = at + FIRST_PAUSE * 2 ** (settlement.attempts - 1)
    settlement.parked_at = at if settlement.attempts >= MAX_ATTEMPTS else None
    settlement.save(update_fields=["attempts", "last_error", "due_at", "parked_at"])
    if settlement.parked_at:
        alarms.raise_alarm(
            kind=AlarmKind.SETTLEMENT_PARKED,
            key=str(settlement.pk),
            at=at,
            data={"order": settlement.order.number, "error": settlement.last_error},
        )


@transaction.atomic
def retry(*, settlement_id: int, at: datetime) -> Settlement:
    """Take up a settlement that was given up: due now, counted as tried once. Does nothing to any other.

    Its alarm closes when it is settled.
    """
    settlement = Settlement.objects.select_for_update(no_key=True).get(pk=settlement_id)
    if settlement.parked_at is not None and settlement.status == SettlementStatus.DUE:
        settlement.parked_at, settlement.due_at, settlement.attempts = None, at, 1
        settlement.save(update_fields=["parked_at", "due_at", "attempts"])
    return settlement
