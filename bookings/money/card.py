"""What a visit's pages say about its money. Reads only; `payments` knows the order by the visit's public id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bookings.choices import IN_SHOP, UPCOMING
from bookings.models import Booking
from bookings.money import prices, terms, visit_orders
from payments import effect_words, whatif
from payments.choices import OrderStatus
from payments.effect_words import EffectTable
from payments.errors import OrderClosedError
from payments.models import Order
from payments.orders import DISPUTE_WINDOW
from payments.paying_pages import reading
from payments.paying_pages.reading import Money


@dataclass(frozen=True, slots=True)
class Card:
    """The money of a visit. Without an order nothing was paid yet, and `due_fen` is what it costs."""

    order: Order | None
    money: Money | None
    due_fen: int
    can_pay: bool
    can_dispute: bool
    is_online: bool

    @property
    def is_shown(self) -> bool:
        """Without a way to pay online and without an order there is nothing to say: it is paid at the shop."""
        return self.order is not None or self.can_pay

    @property
    def has_deposit(self) -> bool:
        return self.order is not None and self.order.kept_fen >= self.order.deposit_fen

    @property
    def is_closed(self) -> bool:
        return self.order is not None and self.order.status != OrderStatus.OPEN

    @property
    def paid_fen(self) -> int:
        """What the owner has paid and not got back, fen."""
        return self.order.paid_fen - self.order.refunded_fen if self.order else 0


def card_of(booking: Booking, *, at: datetime) -> Card:
    """The money of a visit as its owner and its shop see it. Five queries at most."""
    order = Order.objects.filter(reference=booking.public_id).select_related("shop__city").first()
    online = terms.is_online()
    if order is None:
        due_fen = _unpaid_fen(booking, online=online)
        return Card(None, None, due_fen, online and due_fen > 0, can_dispute=False, is_online=online)
    return Card(
        order,
        reading.money_of(order),
        order.due_fen,
        reading.can_be_paid(order),
        can_dispute=_is_in_window(order, at),
        is_online=online,
    )


def _unpaid_fen(booking: Booking, *, online: bool) -> int:
    """What a visit without an order costs, as far as anybody is to be told: a bill, or what can be paid online."""
    if booking.status not in (*UPCOMING, *IN_SHOP):
        return 0
    return prices.total_fen(booking) if online else booking.final_fen or 0


def _is_in_window(order: Order, at: datetime) -> bool:
    is_done = order.status == OrderStatus.COMPLETED and order.total_fen > 0
    return is_done and order.closed_at is not None and at < order.closed_at + DISPUTE_WINDOW


def effect_of_cancelling(card: Card, fee_fen: int, *, at: datetime) -> EffectTable | None:
    """What cancelling with this fee does to owner, shop, platform and who gave a coupon, by the code that does it.

    None where no money has come yet: then there is only the fee.
    """
    order = card.order
    if order is None or card.is_closed or not order.kept_fen:
        return None
    try:
        return effect_words.table(whatif.cancelling(order, visit_orders.fee_line(fee_fen), at=at), order)
    except OrderClosedError:
        return None


def back_and_still_fen(card: Card, fee_fen: int) -> tuple[int, int]:
    """What comes back to the owner of what was paid, and what is still to be paid, if the visit costs just a fee."""
    return max(0, card.paid_fen - fee_fen), max(0, fee_fen - card.paid_fen)
