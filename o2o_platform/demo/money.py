"""The demo city's money: visits paid online, settled and paid out, a dispute, coupons, statements and the bills of the
test provider, all by the same actions that people use.

The test provider itself knows nothing of these payments: its bills of these days are written here, and days from today
on are its own.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, time, timedelta

from django.db.models import QuerySet

from accounts.models import User
from bookings.models import Booking
from bookings.money import visit_orders
from core.ids import new_public_id
from o2o_platform.demo import data, people
from payments import bank_files, collecting, payout_accounts, payouts, settlement
from payments.choices import (
    CouponFunder,
    DisputeReason,
    PaymentStatus,
    ProviderKey,
    Purpose,
    SettlementStatus,
)
from payments.coupons import CouponDraft, create
from payments.disputes.actions import Said, open_dispute
from payments.models import Coupon, Order, Payment, Settlement
from payments.providers.base import Answer, BillRow, Standing, Subject
from payments.reconciliation import book_check, comparing, days, reading_bills
from payments.statements import closing
from shops.models import Shop

# What the test provider keeps of a payment, hundredths of a percent.
_KEPT_BP = 60
# The batch two days ago paid what was settled by then; the bank answered in the afternoon.
_PAID_OUT_BEFORE = timedelta(days=2)
_BANK_TAKES = timedelta(hours=12)
_BANK = "中国工商银行上海分行"
_ONLINE_SHARE = 0.6


def pay_ahead(booking: Booking, *, at: datetime, now: datetime) -> None:
    """Let the owner of a visit that is ready pay it online before it is handed over; some pay at the counter, walk-ins
    and visits of today do."""
    if booking.owner is None or _is_today(at, now):
        return
    if data.chance("pay", booking.plate, booking.starts_at).random() > _ONLINE_SHARE:
        return
    order = visit_orders.ensure(Booking.objects.select_for_update(of=("self",)).get(pk=booking.pk), at=at)
    if not order.due_fen:
        return
    payment = Payment.objects.create(
        order=order,
        provider=ProviderKey.SANDBOX,
        purpose=Purpose.BALANCE,
        amount_fen=order.due_fen,
        currency=order.currency,
        request_no=new_public_id(),
        status=PaymentStatus.PENDING,
        created_at=at,
        created_by=booking.owner,
        expires_at=at + collecting.PAYING_TIME,
    )
    reference = f"DEMO{payment.pk}"
    answer = Answer(Standing.DONE, payment.amount_fen, payment.currency, reference, at)
    collecting.record(payment_id=payment.pk, answer=answer, at=at)


def _is_today(at: datetime, now: datetime) -> bool:
    return days.day_at(ProviderKey.SANDBOX, at) >= days.day_at(ProviderKey.SANDBOX, now)


def load(*, at: datetime) -> bool:
    """Everything that comes after the visits, once; whether it was done now."""
    admin = User.objects.filter(is_superuser=True, email=people.address("admin")).first()
    if admin is None or Coupon.objects.exists():
        return False
    _coupons(admin, at)
    _accounts(admin, at)
    _settle(at)
    _pay_out(admin, at)
    _dispute(at)
    closing.close_ended(at=at)
    _bills(at)
    book_check.check(at=at, is_full=True)
    return True


def _coupons(admin: User, at: datetime) -> None:
    flagship = Shop.objects.filter(slug="shenchi-xuhui").first()
    since, until = at - timedelta(days=20), at + timedelta(days=100)
    drafts = [
        CouponDraft("NEWCAR30", "新客立减 30 元", "30 off a first visit", CouponFunder.PLATFORM, 3000, since, until),
        CouponDraft(
            "WINTER10", "冬季检查 9 折", "10% off in winter", CouponFunder.PLATFORM, 5000, since, until, percent=10
        ),
    ]
    if flagship is not None:
        shared = CouponDraft(
            "XUHUI50",
            "徐汇店满 500 减 50",
            "50 off from 500",
            CouponFunder.SHARED,
            5000,
            since,
            until,
            flagship,
            shop_percent=50,
            min_total_fen=50_000,
            limit_total=200,
        )
        drafts.append(shared)
    for draft in drafts:
        create(draft, by=admin, at=since)


def _accounts(admin: User, at: datetime) -> None:
    """An account for each shop that has been paid online; the last one waits for somebody to verify it."""
    since = at - timedelta(days=30)
    shops = list(Shop.objects.filter(orders__payments__provider=ProviderKey.SANDBOX).distinct().order_by("pk"))
    for place, shop in enumerate(shops):
        owner = User.objects.filter(memberships__shop=shop, memberships__role="owner").first()
        number = f"6222{data.chance('account', shop.slug).randrange(10**12):012d}"
        account = payout_accounts.add_account(
            shop=shop, channel=ProviderKey.BANK, holder=shop.name_zh, number=number, bank=_BANK, by=owner, at=since
        )
        if place + 1 < len(shops) or len(shops) == 1:
            payout_accounts.verify_account(account=account, by=admin, at=since)


def _settle(at: datetime) -> None:
    """Settle what was due before the batch, each at its time."""
    due = Settlement.objects.filter(status=SettlementStatus.DUE, due_at__lt=_batch_at(at)).order_by("due_at", "pk")
    for number, due_at in due.values_list("pk", "due_at"):
        settlement.settle(settlement_id=number, at=due_at)


def _batch_at(at: datetime) -> datetime:
    """Three in the morning of the day on which the batch was made."""
    day = days.day_at(ProviderKey.SANDBOX, at - _PAID_OUT_BEFORE)
    return datetime.combine(day, time(3), tzinfo=days.zone_of(ProviderKey.SANDBOX))


def _pay_out(admin: User, at: datetime) -> None:
    made = payouts.make_batch(channel=ProviderKey.BANK, by=admin, at=_batch_at(at))
    if made.batch is None:
        return
    bank_files.hand_over(batch=made.batch, at=_batch_at(at) + timedelta(hours=6))
    for payout in made.payouts:
        payouts.arrived(payout_id=payout.pk, at=_batch_at(at) + _BANK_TAKES)


def _dispute(at: datetime) -> None:
    """An owner who paid at the counter yesterday was charged for something that they did not agree to."""
    at_counter = Order.objects.filter(payer__isnull=False, payments__provider=ProviderKey.SHOP, status="completed")
    order = at_counter.filter(closed_at__gte=at - timedelta(days=2)).order_by("closed_at", "pk").first()
    line = order.lines.order_by("-amount_fen", "pk").first() if order else None
    if order is None or order.payer is None or line is None:
        return
    said = Said(text="换下来的滤芯我没看到，报价单上也没有这一项。")
    open_dispute(
        order=order,
        claims={line.pk: line.amount_fen // 2},
        reason=DisputeReason.NOT_AGREED,
        said=said,
        by=order.payer,
        at=at - timedelta(hours=2),
    )


def _bills(at: datetime) -> None:
    """The provider's bills of the days before today: what it took, what it kept, and a transfer to our bank."""
    by_day: dict[date, list[BillRow]] = defaultdict(list)
    for payment in _payments():
        if payment.paid_at is None:
            continue
        day = days.day_at(ProviderKey.SANDBOX, payment.paid_at)
        kept = payment.amount_fen * _KEPT_BP // 10_000
        shared = (payment.request_no, payment.provider_ref)
        by_day[day].append(BillRow(Subject.PAYMENT, *shared, payment.amount_fen, payment.currency, payment.paid_at))
        by_day[day].append(BillRow(Subject.FEE, *shared, -kept, payment.currency, payment.paid_at))
    for day, rows in sorted(by_day.items()):
        _start, end = days.bounds(ProviderKey.SANDBOX, day)
        total_fen = sum(row.amount_fen for row in rows)
        rows.append(BillRow(Subject.WITHDRAWAL, f"W{day:%Y%m%d}", "", -total_fen, "CNY", end - timedelta(minutes=5)))
        reading_bills.write(provider=ProviderKey.SANDBOX, day=day, rows=rows, at=end + timedelta(hours=10, minutes=30))
    comparing.compare_all(provider=ProviderKey.SANDBOX, at=at)


def _payments() -> QuerySet[Payment]:
    return Payment.objects.filter(provider=ProviderKey.SANDBOX, status=PaymentStatus.PAID).order_by("paid_at", "pk")
