"""Money that a shop takes at its counter before the car is handed over."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings import actions
from bookings.choices import IN_SHOP, Status
from bookings.errors import WrongStatusError
from bookings.floor import progress
from bookings.models import Booking
from bookings.money import visit_orders
from core.errors import Conflict
from payments import orders
from payments.choices import ShopMethod
from payments.models import Payment


class DueChangedError(Conflict):
    """Something was paid since the page was made: perhaps this very money, sent twice."""

    code = "due_changed"
    message = _("Something else is due by now. Look at the amounts again; nothing was recorded.")


@transaction.atomic
def take(
    *, booking: Booking, amount_fen: int, method: ShopMethod, expected_due_fen: int, by: User, at: datetime
) -> Payment:
    """Record money taken at the counter for a visit that is booked or in the shop. Whether `by` may is asked by the
    view. `expected_due_fen` is what the page said is due.

    Raises WrongStatusError, DueChangedError, AmountError (`amount`) for more than is due. Side effects: those of
    `payments.orders.take_at_shop`; the visit's revision.
    """
    booking = actions.locked(booking)
    if booking.status not in (Status.CONFIRMED, *IN_SHOP):
        raise WrongStatusError
    order = visit_orders.ensure(booking, at=at)
    if order.due_fen != expected_due_fen:
        raise DueChangedError
    progress.touch(booking)
    return orders.take_at_shop(order, amount_fen=amount_fen, method=method, by=by, at=at)
