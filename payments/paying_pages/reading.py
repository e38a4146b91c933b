"""What the paying pages show of an order. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.shortcuts import get_object_or_404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from payments import coupons
from payments.choices import ONLINE, CouponUseStatus, OrderStatus, PaymentStatus, ProviderKey, Purpose, RefundStatus
from payments.models import CouponUse, Order, Payment, Refund

DEPOSIT, ALL = "deposit", "all"


@dataclass(frozen=True, slots=True)
class Way:
    """A way to pay, as it is offered."""

    key: str
    label: str
    icon: str
    hint: str | Promise


_LOOKS: dict[str, tuple[str, str | Promise]] = {
    ProviderKey.ALIPAY: ("wallet", _("In the Alipay app or on its page")),
    ProviderKey.WECHAT: ("scan-qr-code", _("Scan a code with WeChat, or open it on the telephone")),
    ProviderKey.STRIPE: ("credit-card", _("Visa, Mastercard, UnionPay, on Stripe's page")),
    ProviderKey.SANDBOX: ("flask-conical", _("Test money, nothing real is paid")),
}


def icon_of(provider: str) -> str:
    """The icon of a provider, or of the counter."""
    return _LOOKS[provider][0] if provider in _LOOKS else "store"


def ways() -> list[Way]:
    """The ways to pay online here, in the order in which they are offered."""
    return [Way(key, str(ProviderKey(key).label), *_LOOKS[key]) for key in ONLINE if key in settings.PAYMENT_PROVIDERS]


def deposit_left_fen(order: Order) -> int:
    """What is still to be paid of the deposit, fen; 0 for a visit that is closed."""
    if order.status != OrderStatus.OPEN:
        return 0
    return min(max(0, order.deposit_fen - order.kept_fen), order.due_fen)


def amount_of(order: Order, choice: str) -> tuple[int, Purpose]:
    """What a choice of amount means now, fen, and what it is for."""
    if choice == DEPOSIT and deposit_left_fen(order):
        return deposit_left_fen(order), Purpose.DEPOSIT
    return order.due_fen, Purpose.BALANCE if order.status == OrderStatus.OPEN else Purpose.FEE


def can_be_paid(order: Order) -> bool:
    """Whether something of the order can be paid online now: its price before the handover, a fee after it."""
    return order.status != OrderStatus.COMPLETED and order.due_fen > 0 and bool(ways())


def can_take_coupon_off(order: Order) -> bool:
    """Not where the coupon stands for a deposit that has booked the visit."""
    return order.status == OrderStatus.OPEN and not coupons.stands_for_deposit(order)


def own_order(user: User, public_id: str) -> Order:
    """The order that the person pays; anybody else's looks like a missing one (Http404)."""
    return get_object_or_404(Order.objects.visible_to(user).select_related("shop__city"), public_id=public_id)


@dataclass(frozen=True, slots=True)
class Money:
    """What was paid for an order and what came back. `open_ones` are payments that were started and not made."""

    order: Order
    payments: Sequence[Payment]
    open_ones: Sequence[Payment]
    refunds: Sequence[Refund]
    coupon: CouponUse | None

    @property
    def is_refund_on_its_way(self) -> bool:
        return any(refund.status == RefundStatus.REQUESTED for refund in self.refunds)


def money_of(order: Order) -> Money:
    """Everything that moved for an order. Three queries."""
    rows = list(order.payments.exclude(status=PaymentStatus.CLOSED).order_by("created_at", "pk"))
    uses = order.coupon_uses.filter(status=CouponUseStatus.USED).select_related("coupon")
    return Money(
        order=order,
        payments=[row for row in rows if row.status == PaymentStatus.PAID],
        open_ones=[row for row in rows if row.status != PaymentStatus.PAID],
        refunds=list(order.refunds.select_related("payment").order_by("requested_at", "pk")),
        coupon=uses.first(),
    )
