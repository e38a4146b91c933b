"""A visit's order: opened when money is first spoken of, priced anew as the visit changes, closed with it.

Every function wants the visit's row locked; the order's row is locked after it, never before. A booking without money
asked online writes nothing here, so it is as quick as before: its order is opened at the first payment, at the bill, or
with a fee. `opened_at` is when the visit was booked, for that is when the terms of commission were agreed.
"""

from __future__ import annotations

from datetime import datetime

from django.utils import translation

from accounts.models import User
from bookings.choices import Status
from bookings.models import Booking
from bookings.money import prices
from payments import orders
from payments.choices import LineKind, ShopMethod
from payments.models import Order
from payments.orders import LineDraft, OrderDraft


def ensure(booking: Booking, *, at: datetime) -> Order:
    """The order of a locked visit, its row locked; opened if this is the first time that it is needed."""
    order = orders.locked(booking.public_id)
    return order or open_for(booking, total_fen=prices.total_fen(booking), at=at)


def open_for(booking: Booking, *, total_fen: int, at: datetime) -> Order:
    """Open the order of a locked visit that has none."""
    zh, en = prices.titles_of_visit(booking)
    draft = OrderDraft(
        reference=booking.public_id,
        number=booking.number,
        shop=booking.shop,
        payer=booking.owner,
        title_zh=zh,
        title_en=en,
        total_fen=total_fen,
        deposit_fen=booking.deposit_fen,
        currency=booking.currency,
    )
    return orders.locked_row(orders.open_order(draft, at=booking.confirmed_at or at))


def has_order(booking: Booking) -> bool:
    """Whether the visit has an order already."""
    return Order.objects.filter(reference=booking.public_id).exists()


def has_deposit(booking: Booking) -> bool:
    """Whether the deposit of a locked visit is paid, or nothing is left to pay."""
    order = orders.locked(booking.public_id)
    return order is not None and is_covered(order)


def is_covered(order: Order) -> bool:
    """Whether an order has its deposit: by payment or coupon."""
    return order.kept_fen >= order.deposit_fen or order.due_fen == 0


def follow(booking: Booking, *, at: datetime) -> None:
    """Let the order of a locked visit, if it has one, cost what the visit costs now."""
    if has_order(booking):
        orders.reprice(
            reference=booking.public_id,
            total_fen=prices.total_fen(booking),
            at=at,
            deposit_fen=booking.deposit_fen,
            payer=booking.owner,
        )


def complete(booking: Booking, *, by: User | None, at: datetime, shop_method: ShopMethod) -> None:
    """Close the order of a locked visit that was handed over: what was done, at the prices agreed. A visit that cost
    nothing and of which nothing was paid (a comeback) has none. What is due was paid at the shop by `shop_method`."""
    lines = prices.done_lines(booking)
    if orders.locked(booking.public_id) is None:
        total_fen = sum(line.amount_fen for line in lines)
        if not total_fen:
            return
        open_for(booking, total_fen=total_fen, at=at)
    orders.complete(reference=booking.public_id, lines=lines, by=by, at=at, shop_method=shop_method)


def call_off(booking: Booking, *, at: datetime) -> None:
    """Close the order of a locked visit that does not take place. Its fee, if there is one, is kept of what was paid;
    the rest is given back."""
    fee = _fee(booking)
    if fee is not None and orders.locked(booking.public_id) is None:
        open_for(booking, total_fen=booking.total_fen, at=at)
    orders.cancel(reference=booking.public_id, fee=fee, at=at)


def _fee(booking: Booking) -> LineDraft | None:
    kind = LineKind.NO_SHOW if booking.status == Status.NO_SHOW else LineKind.LATE_CANCEL
    return fee_line(booking.fee_fen, kind)


def fee_line(fee_fen: int, kind: LineKind = LineKind.LATE_CANCEL) -> LineDraft | None:
    """The line of a fee, None where there is none."""
    if not fee_fen:
        return None
    with translation.override("zh-hans"):
        zh = str(kind.label)
    with translation.override("en"):
        en = str(kind.label)
    return LineDraft(kind, zh, en, fee_fen, labour_fen=fee_fen)
