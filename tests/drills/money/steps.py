"""What owners, shops and the platform do with money: one random step at a time, as the request of a page does it.

A step looks at what there is and does something with it, so that it does not matter who was killed before. Visits are
closed a week (or a month) ago: what is due after that time is due within seconds.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db.models import F, Model, QuerySet

from accounts.models import User
from core.errors import Refusal
from core.ids import new_public_id
from payments import collecting, coupons, late_refunds, orders, refund_sending, suspense
from payments.choices import (
    DISPUTE_OPEN,
    DisputeReason,
    DisputeStatus,
    LineKind,
    OrderStatus,
    ProviderKey,
    Purpose,
    RefundStatus,
)
from payments.disputes import actions as disputes
from payments.disputes import reading
from payments.disputes.actions import Decision, Said
from payments.models import Alarm, Coupon, Dispute, Order, OrderLine, Refund
from payments.orders import DISPUTE_WINDOW, LineDraft, OrderDraft
from payments.settlement import FEE_WAIT
from shops.models import Shop

MOST_OPEN = 30
_LONG_AGO = timedelta(days=45)
_SOON_SECONDS = 20

_Row = TypeVar("_Row", bound=Model)
Step = Callable[[random.Random, datetime], None]


def step(dice: random.Random, *, at: datetime) -> str:
    """Take a step; its name, with the code of the refusal where somebody said no."""
    taken = dice.choices(list(_WEIGHTS), weights=list(_WEIGHTS.values()))[0]
    name = taken.__name__.strip("_")
    try:
        taken(dice, at)
    except Refusal as refusal:
        return f"{name}: {refusal.code}"
    return name


def _open(dice: random.Random, at: datetime) -> None:
    if Order.objects.filter(status=OrderStatus.OPEN).count() >= MOST_OPEN:
        return
    reference = new_public_id()
    draft = OrderDraft(
        reference=reference,
        number=f"N-{reference[:8]}",
        shop=dice.choice(list(Shop.objects.order_by("pk"))),
        payer=dice.choice(list(User.objects.filter(email__startswith="payer").order_by("pk"))),
        title_zh="小保养",
        title_en="Oil service",
        total_fen=dice.randrange(1_000, 200_000),
    )
    orders.open_order(draft, at=at - _LONG_AGO)


def _start(dice: random.Random, at: datetime) -> None:
    """An owner begins to pay all or half of an order, or the fee of one that was cancelled."""
    order = _any(dice, Order.objects.exclude(status=OrderStatus.COMPLETED).filter(total_fen__gt=F("paid_fen")))
    if order is None or order.due_fen < 2:
        return
    collecting.start(
        order=order,
        provider_key=ProviderKey.SANDBOX,
        amount_fen=dice.choice([order.due_fen, order.due_fen, order.due_fen // 2]),
        purpose=Purpose.BALANCE,
        by=order.payer,
        at=at,
        site_url=settings.SITE_URL,
    )


def _reprice(dice: random.Random, at: datetime) -> None:
    order = _any(dice, _open_orders())
    if order is not None:
        total_fen = max(1_000, order.total_fen + dice.randrange(-9000, 9000))
        orders.reprice(reference=order.reference, total_fen=total_fen, at=at)


def _complete(dice: random.Random, at: datetime) -> None:
    """The car is handed over a week ago, for what was agreed, or less, or more."""
    order = _any(dice, _open_orders())
    if order is None:
        return
    bill_fen = max(10, order.total_fen + dice.choice([0, 0, 0, -5000, 5000]))
    count = dice.randrange(1, 5)
    parts = [bill_fen // count] * (count - 1)
    lines = [
        LineDraft(LineKind.WORK, "工时", f"Work {place}", fen, labour_fen=fen // 2)
        for place, fen in enumerate([*parts, bill_fen - sum(parts)], start=1)
    ]
    orders.complete(reference=order.reference, lines=lines, at=_soon(dice, at) - DISPUTE_WINDOW)


def _cancel(dice: random.Random, at: datetime) -> None:
    """The visit was called off a month ago: a fee waits for some seconds more, then what is not paid is waived."""
    order = _any(dice, _open_orders())
    if order is None:
        return
    fee_fen = dice.choice([0, order.total_fen // 5, order.total_fen])
    fee = LineDraft(LineKind.LATE_CANCEL, "取消费", "Late cancellation", fee_fen) if fee_fen else None
    orders.cancel(reference=order.reference, fee=fee, at=_soon(dice, at) - FEE_WAIT)


def _give_back(dice: random.Random, at: datetime) -> None:
    """The shop gives a part of a line back, settled or not."""
    line = _any(dice, OrderLine.objects.select_related("order").filter(refunded_fen__lt=F("amount_fen")))
    if line is None:
        return
    fen = late_refunds.refundable_fen(line.order, line)
    if fen:
        part = max(1, fen // dice.choice([1, 3, 8]))
        late_refunds.give_back(order=line.order, line=line, amount_fen=part, by=None, note="Goodwill", at=at)


def _retry_refund(dice: random.Random, at: datetime) -> None:
    refund = _any(dice, Refund.objects.filter(status=RefundStatus.FAILED))
    if refund is not None:
        refund_sending.retry_failed(refund=refund, by=_person(), at=at)


def _confirm_at_shop(dice: random.Random, at: datetime) -> None:
    of_shops = Refund.objects.filter(status=RefundStatus.REQUESTED, payment__provider=ProviderKey.SHOP)
    refund = _any(dice, of_shops)
    if refund is not None:
        refund_sending.confirm_at_shop(refund=refund, by=_person(), at=at)


def _send_back(dice: random.Random, at: datetime) -> None:
    """The platform sends back what nobody can explain."""
    alarm = _any(dice, Alarm.objects.filter(kind__in=suspense.KINDS, resolved_at__isnull=True))
    if alarm is not None:
        suspense.send_back(alarm=alarm, by=_person(), at=at)


def _use_coupon(dice: random.Random, at: datetime) -> None:
    order, coupon = _any(dice, _open_orders()), _any(dice, Coupon.objects.all())
    if order is not None and order.payer is not None and coupon is not None:
        coupons.use(order=order, code=coupon.code, person=order.payer, at=at)


def _take_coupon_off(dice: random.Random, at: datetime) -> None:
    order = _any(dice, _open_orders().filter(coupon_fen__gt=0))
    if order is not None:
        coupons.take_off(order=order, at=at)


def _dispute(dice: random.Random, at: datetime) -> None:
    """An owner disputes some lines of a visit whose time for it runs out within seconds."""
    ended = Order.objects.filter(status=OrderStatus.COMPLETED, closed_at__gt=at - DISPUTE_WINDOW)
    order = _any(dice, ended.exclude(disputes__status__in=DISPUTE_OPEN))
    if order is None or order.payer is None:
        return
    lines = [each for each in reading.disputable(order) if dice.random() < 0.6]
    claims = {each.line.pk: dice.choice([each.most_fen, (each.most_fen + 1) // 2]) for each in lines}
    if claims:
        reason = DisputeReason.BADLY_DONE
        disputes.open_dispute(order=order, claims=claims, reason=reason, said=_WORDS, by=order.payer, at=at)


def _answer_dispute(dice: random.Random, at: datetime) -> None:
    dispute = _any(dice, Dispute.objects.filter(status=DisputeStatus.OPEN))
    if dispute is not None:
        answer(dispute, agrees=dice.random() < 0.3, at=at)


def _decide_dispute(dice: random.Random, at: datetime) -> None:
    dispute = _any(dice, Dispute.objects.filter(status=DisputeStatus.ANSWERED))
    if dispute is not None:
        decide(dispute, part=dice.choice([0, 1, 3]), at=at)


def _withdraw_dispute(dice: random.Random, at: datetime) -> None:
    dispute = _any(dice, Dispute.objects.filter(status__in=DISPUTE_OPEN).select_related("order__payer"))
    if dispute is not None and dispute.order.payer is not None:
        disputes.withdraw(dispute=dispute, by=dispute.order.payer, at=at)


def answer(dispute: Dispute, *, agrees: bool, at: datetime) -> None:
    """The shop answers."""
    disputes.answer(dispute=dispute, said=_WORDS, agrees=agrees, by=_person(), at=at)


def decide(dispute: Dispute, *, part: int, at: datetime) -> None:
    """The platform gives so many thirds of each line in dispute back."""
    given = {each.line.pk: each.most_fen * part // 3 for each in reading.disputable(dispute.order, of=dispute)}
    seen = dispute.events.order_by("-pk").values_list("pk", flat=True)[0]
    decision = Decision(refunds=given, text="Decided.", seen=seen)
    disputes.decide(dispute=dispute, decision=decision, by=_person(), at=at)


_WORDS = Said("It still leaks.")
_WEIGHTS: dict[Step, int] = {
    _open: 24,
    _start: 30,
    _complete: 10,
    _cancel: 7,
    _give_back: 8,
    _reprice: 4,
    _use_coupon: 4,
    _take_coupon_off: 1,
    _retry_refund: 4,
    _confirm_at_shop: 4,
    _dispute: 5,
    _answer_dispute: 3,
    _decide_dispute: 2,
    _withdraw_dispute: 1,
    _send_back: 3,
}


def _open_orders() -> QuerySet[Order]:
    return Order.objects.filter(status=OrderStatus.OPEN)


def _any(dice: random.Random, rows: QuerySet[_Row]) -> _Row | None:
    """One of the newest rows; None where there is none."""
    newest = list(rows.order_by("-pk")[:40])
    return dice.choice(newest) if newest else None


def _soon(dice: random.Random, at: datetime) -> datetime:
    return at + timedelta(seconds=dice.randrange(_SOON_SECONDS))


def _person() -> User:
    return User.objects.order_by("pk")[0]
