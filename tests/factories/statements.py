"""Settled orders, disputes and payouts of a shop, at any time a test wants."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from core.ids import new_public_id
from payments import orders, postings, settlement
from payments.choices import DisputeReason, LineKind, PayoutStatus, ProviderKey, StatementSide
from payments.ledger import post
from payments.models import (
    Dispute,
    DisputedLine,
    FeeRule,
    FeeSchedule,
    Order,
    OrderLine,
    Payout,
    PayoutAccount,
    PayoutBatch,
    StatementLine,
)
from payments.orders import DISPUTE_WINDOW, LineDraft, OrderDraft
from shops.models import Shop
from tests.factories.accounts import UserFactory
from tests.factories.money import paid_online
from tests.factories.shops import ShopFactory

AT = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
_NUMBERS = count(1)


def work(amount_fen: int, title_en: str = "Oil service", title_zh: str = "小保养") -> LineDraft:
    """Work of that price, half of it labour."""
    return LineDraft(LineKind.WORK, title_zh, title_en, amount_fen, labour_fen=amount_fen // 2)


def completed_order(
    *,
    shop: Shop | None = None,
    lines: Sequence[LineDraft] | None = None,
    at: datetime = AT,
    online: bool = True,
    **fields: Any,
) -> Order:
    """An order whose car was handed over at `at`: paid online just before, or at the counter."""
    lines = lines or [work(26_800)]
    number = f"SH-{at:%m%d}-{next(_NUMBERS):03d}"
    named = {"number": number, "title_zh": "小保养", "title_en": "Oil service", "payer": None, **fields}
    total_fen = sum(line.amount_fen for line in lines)
    draft = OrderDraft(reference=new_public_id(), shop=shop or ShopFactory(), total_fen=total_fen, **named)
    order = orders.open_order(draft, at=at)
    if online:
        paid_online(order, total_fen, at=at)
    done = orders.complete(reference=order.reference, lines=lines, at=at)
    assert done is not None
    return done


def fee_rule(*, commission_bp: int = 600, processing_bp: int = 60, version: int = 3) -> FeeRule:
    """The general rule of a version of the commission rules, in force since long before `AT`."""
    schedule, _new = FeeSchedule.objects.get_or_create(
        version=version, defaults={"valid_from": AT - timedelta(days=90), "note": "Lower", "published_at": AT}
    )
    values = {"commission_bp": commission_bp, "processing_bp": processing_bp}
    return FeeRule.objects.get_or_create(schedule=schedule, position=1, defaults=values)[0]


def settle(order: Order, *, at: datetime | None = None) -> None:
    """Settle an order as the worker does: when its window is over, or at `at`."""
    fee_rule()
    due = order.settlements.get(dispute__isnull=True)
    assert settlement.settle(settlement_id=due.pk, at=at or due.due_at)


def settled_order(**fields: Any) -> Order:
    """A completed order that was settled a week after the handover."""
    order = completed_order(**fields)
    settle(order, at=(order.closed_at or AT) + DISPUTE_WINDOW)
    return order


def open_dispute(order: Order, *lines: OrderLine, at: datetime = AT) -> Dispute:
    """A dispute on these lines of an order, or all: what is left of them waits."""
    dispute = Dispute.objects.create(
        order=order, reason=DisputeReason.BADLY_DONE, opened_at=at, answer_due_at=at + timedelta(days=2)
    )
    rows = [
        DisputedLine(dispute=dispute, line=line, held_fen=line.kept_fen, claimed_fen=line.kept_fen)
        for line in lines or order.lines.all()
    ]
    DisputedLine.objects.bulk_create(rows)
    post(postings.dispute_held(dispute, sum(row.held_fen for row in rows)), at=at)
    return dispute


def payout_account(shop: Shop, *, is_verified: bool = True) -> PayoutAccount:
    """The shop's account at a bank."""
    return PayoutAccount.objects.create(
        shop=shop,
        channel=ProviderKey.BANK,
        holder="上海申驰汽车维修有限公司",
        bank="招商银行",
        number="6214850212346620",
        added_at=AT,
        verified_at=AT if is_verified else None,
        verified_by=UserFactory() if is_verified else None,
    )


def paid_out(shop: Shop, *, at: datetime, status: str = PayoutStatus.PAID) -> Payout:
    """Everything unpaid of the shop in a payout made at `at`: it has arrived, come back or is on its way."""
    account = PayoutAccount.objects.filter(shop=shop, replaced_at__isnull=True).first() or payout_account(shop)
    lines = list(StatementLine.objects.unpaid().filter(shop=shop))
    payable = sum(line.net_fen for line in lines if line.side == StatementSide.PAYABLE)
    receivable = -sum(line.net_fen for line in lines if line.side == StatementSide.RECEIVABLE)
    number = next(_NUMBERS)
    payout = Payout.objects.create(
        batch=PayoutBatch.objects.create(number=f"PB-{number}", channel=account.channel, created_at=at),
        shop=shop,
        account=account,
        payable_fen=payable,
        receivable_fen=receivable,
        amount_fen=payable - receivable,
        request_no=new_public_id(),
        provider_ref=f"20261120{number:08d}",
        created_at=at,
    )
    post(postings.payout_started(payout), at=at)
    StatementLine.objects.filter(pk__in=[line.pk for line in lines]).update(payout=payout)
    if status in (PayoutStatus.PAID, PayoutStatus.FAILED):
        _close(payout, status, at)
    return payout


def _close(payout: Payout, status: str, at: datetime) -> None:
    is_paid = status == PayoutStatus.PAID
    post(postings.payout_done(payout) if is_paid else postings.payout_failed(payout), at=at)
    if not is_paid:
        payout.lines.update(payout=None)
    payout.status, payout.closed_at = status, at
    payout.save(update_fields=["status", "closed_at"])
