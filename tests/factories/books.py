"""Books in which everything has happened once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from payments import payouts, postings, settlement
from payments.alarms import raise_alarm
from payments.choices import AlarmKind, CouponFunder, ProviderKey
from payments.commission import RuleDraft, publish
from payments.coupons import CouponDraft, create, use
from payments.ledger import post
from payments.models import Coupon, Dispute, DisputePhoto, Order, PayoutAccount, PayoutBatch, ProviderNotice, Statement
from payments.providers.base import BillRow, Subject
from payments.reconciliation import book_check, comparing, reading_bills
from shops.models import Shop
from tests.factories.accounts import UserFactory
from tests.factories.money import CLOSED, OPENED, completed_order, money_order

SETTLED_AT = CLOSED + timedelta(days=8)
DAY = date(2026, 11, 2)


@dataclass(frozen=True)
class Books:
    """What a test may want to open."""

    settled: Order
    disputed: Order
    dispute: Dispute
    coupon: Coupon
    batch: PayoutBatch


def bank_account(shop: Shop, *, verified: bool = True, at: datetime = CLOSED) -> PayoutAccount:
    """A shop's account at a bank, verified by a platform admin."""
    return PayoutAccount.objects.create(
        shop=shop,
        channel=ProviderKey.BANK,
        holder="上海晨光汽车服务有限公司",
        bank="招商银行",
        number="6222020200112233",
        added_at=at,
        added_by=UserFactory(),
        verified_at=at if verified else None,
        verified_by=UserFactory(admin=True) if verified else None,
    )


def eventful_books() -> Books:
    """Two visits that were paid: one in dispute, with a refund; the other settled and on its way to the shop. A coupon,
    a bill that does not agree, an unexplained payment, alarms, a closed statement."""
    publish(
        rules=[RuleDraft(commission_bp=800, processing_bp=60)], note="First.", valid_from=OPENED, by=None, at=OPENED
    )
    settled = completed_order()
    disputed = completed_order((9000, 1000), online_fen=12000)
    dispute = _dispute(disputed)
    settlement.settle_due(at=SETTLED_AT, limit=5)
    bank_account(settled.shop)
    made = payouts.make_batch(channel=ProviderKey.BANK, by=None, at=SETTLED_AT)
    assert made.batch is not None
    _compared()
    _statement(settled.shop)
    ProviderNotice.objects.create(provider=ProviderKey.SANDBOX, event_id="e1", verdict="accepted", received_at=CLOSED)
    return Books(settled, disputed, dispute, _coupon_in_use(settled.shop), made.batch)


def _dispute(order: Order) -> Dispute:
    dispute = Dispute.objects.create(
        order=order, reason="other", opened_at=CLOSED, answer_due_at=CLOSED + timedelta(days=2)
    )
    line = order.lines.all()[0]
    dispute.lines.create(line=line, held_fen=line.amount_fen, claimed_fen=500)
    dispute.events.create(at=CLOSED, step="opened", role="owner", text="It squeaks.")
    size = {"width": 1, "height": 1, "bytes": 1, "sha256": "0" * 64}
    DisputePhoto.objects.create(
        dispute=dispute, role="owner", file="a.jpg", thumbnail="b.jpg", uploaded_at=CLOSED, **size
    )
    post(postings.dispute_held(dispute, line.amount_fen), at=CLOSED)
    return dispute


def _coupon_in_use(shop: Shop) -> Coupon:
    draft = CouponDraft(
        code="NEWCAR30",
        name_zh="新客立减",
        name_en="First visit",
        funder=CouponFunder.PLATFORM,
        value_fen=3000,
        starts_at=OPENED,
        ends_at=CLOSED + timedelta(days=365),
    )
    coupon = create(draft, by=UserFactory(admin=True), at=OPENED)
    order = money_order(shop=shop)
    assert order.payer is not None
    use(order=order, code="NEWCAR30", person=order.payer, at=OPENED)
    return coupon


def _compared() -> None:
    post(postings.suspended(provider=ProviderKey.SANDBOX, currency="CNY", amount_fen=70, request_no="odd"), at=CLOSED)
    came = {"provider": "sandbox", "request_no": "odd", "came_fen": 70, "currency": "CNY"}
    raise_alarm(kind=AlarmKind.UNKNOWN_PAYMENT, key="odd", at=CLOSED, data=came)
    rows = [BillRow(Subject.PAYMENT, "never-heard-of", "x", 100, "CNY", CLOSED)]
    reading_bills.write(provider=ProviderKey.SANDBOX, day=DAY, rows=rows, at=SETTLED_AT)
    comparing.compare_all(provider=ProviderKey.SANDBOX, at=SETTLED_AT)
    book_check.check(at=SETTLED_AT)


def _statement(shop: Shop) -> None:
    Statement.objects.create(
        shop=shop,
        number="S-1",
        starts_on=DAY,
        ends_on=DAY,
        opening_fen=0,
        net_fen=0,
        paid_out_fen=0,
        closing_fen=0,
        line_count=0,
        made_at=SETTLED_AT,
    )
