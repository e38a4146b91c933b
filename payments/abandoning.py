"""Giving up payments that are no longer wanted. The provider is told by the sweep (`payments.tasks.collecting`)."""

from __future__ import annotations

from datetime import datetime

from payments.choices import PaymentStatus
from payments.models import Order, Payment

OPEN = (PaymentStatus.CREATED, PaymentStatus.PENDING)


def abandon_open(order: Order, *, at: datetime) -> int:
    """Close every payment of a locked order that was not made yet; returns how many.

    Nothing is called: the provider is asked, and told to close, by the next sweep. What is paid all the same until then
    is recorded, and refunded where it is too much.
    """
    waiting = Payment.objects.filter(order=order, status__in=OPEN)
    return waiting.update(status=PaymentStatus.CLOSED, next_ask_at=at)
