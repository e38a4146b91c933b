"""When what can be done in a dispute. Pure: rows in, answers out; who the person is the caller has asked."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import User
from payments.choices import DISPUTE_OPEN, DisputeStatus, OrderStatus
from payments.models import Dispute, Order
from payments.orders import DISPUTE_WINDOW

# For how long a shop can answer before the platform may decide without it (product decision: three days see a weekend
# and a working day).
ANSWER_WITHIN = timedelta(days=3)
# Of one message; and of each side in all, so that a record stays one that somebody can read (product decision).
MAX_PHOTOS = 6
MAX_PHOTOS_OF_SIDE = 24
MAX_WORDS = 2000


def closes_at(order: Order) -> datetime | None:
    """Until when (not included) an owner can dispute a completed order; None for any other."""
    if order.status != OrderStatus.COMPLETED or order.closed_at is None:
        return None
    return order.closed_at + DISPUTE_WINDOW


def is_in_time(order: Order, *, at: datetime) -> bool:
    """Whether the time for a dispute has not run out; at its end it has: the order is settled from then on."""
    until = closes_at(order)
    return until is not None and at < until


def can_open(user: User, order: Order, *, at: datetime) -> bool:
    """Whether the person may dispute something of the order; of which lines, `reading.disputable` says."""
    return order.payer_id == user.pk and is_in_time(order, at=at)


def is_open(dispute: Dispute) -> bool:
    return dispute.status in DISPUTE_OPEN


def can_answer(dispute: Dispute) -> bool:
    """Whether the shop's answer is still to come; a late one counts, until somebody decides."""
    return dispute.status == DisputeStatus.OPEN


def is_late(dispute: Dispute, *, at: datetime) -> bool:
    """Whether the shop has let its time go by."""
    return dispute.status == DisputeStatus.OPEN and at >= dispute.answer_due_at


def can_decide(dispute: Dispute, *, at: datetime) -> bool:
    """Whether the platform may decide: the shop has answered, or has let its time go by."""
    return dispute.status == DisputeStatus.ANSWERED or is_late(dispute, at=at)
