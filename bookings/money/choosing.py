"""What an owner can choose about paying when confirming."""

from __future__ import annotations

from django.utils.translation import gettext as _

from bookings.models import Booking
from bookings.money import terms
from core.money import format_fen
from payments.choices import OrderStatus
from payments.models import Order
from payments.paying_pages.reading import ALL, DEPOSIT

LATER = "later"


def pay_choices(booking: Booking) -> list[tuple[str, str]]:
    """Ways to go about it, the usual one first; none where nothing can be paid online."""
    if not terms.is_online() or not booking.total_fen:
        return []
    everything = (ALL, _("Everything now, %(price)s") % {"price": format_fen(booking.total_fen)})
    if not booking.deposit_fen:
        return [(LATER, _("After the work, at the shop or online")), everything]
    words = _("The deposit of %(deposit)s now, the rest after the work")
    deposit = words % {"deposit": format_fen(booking.deposit_fen)}
    return [(DEPOSIT, deposit), everything]


def awaited_order(booking: Booking) -> Order | None:
    """The order whose deposit a held visit waits for."""
    if not terms.asks_deposit(booking):
        return None
    return Order.objects.filter(reference=booking.public_id, status=OrderStatus.OPEN).first()
