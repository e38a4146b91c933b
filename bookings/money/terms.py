"""Whether a deposit is asked for before a visit is booked. Pure."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from bookings.models import Booking
from payments.choices import ONLINE

# How long a hold waits for its deposit, counted from the confirming; once (product decision: long enough for a
# provider's app and a second try, short enough that nobody keeps a bay for nothing).
PAY_WITHIN = timedelta(minutes=15)


def is_online() -> bool:
    """Whether owners can pay through the platform here. Without a provider everything is paid at the shop."""
    return any(key in settings.PAYMENT_PROVIDERS for key in ONLINE)


def asks_deposit(booking: Booking) -> bool:
    """Whether the visit is booked only once its deposit has been paid."""
    return booking.deposit_fen > 0 and is_online()
