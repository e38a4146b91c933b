"""What may be done with a visit now. Pure questions for pages; the actions check again under a lock."""

from __future__ import annotations

from datetime import datetime, timedelta

from bookings.choices import Status
from bookings.models import Booking

# A customer is late, not absent, for this long after the start (product decision).
NO_SHOW_AFTER = timedelta(minutes=15)


def hold_seconds_left(booking: Booking, *, at: datetime) -> int:
    """Whole seconds until the hold ends; 0 when it has ended or is no hold."""
    if booking.status != Status.HELD or booking.hold_expires_at is None:
        return 0
    return max(0, int((booking.hold_expires_at - at).total_seconds()))


def can_change(booking: Booking, *, at: datetime) -> bool:
    """Whether the owner can move or cancel the visit by themselves: it is booked and has not begun."""
    return booking.status == Status.CONFIRMED and at < booking.starts_at


def can_cancel(booking: Booking, *, at: datetime) -> bool:
    """Whether the owner can cancel the visit by themselves; a request can be withdrawn too."""
    return booking.status == Status.REQUESTED or can_change(booking, at=at)


def is_late_to_cancel(booking: Booking, *, at: datetime) -> bool:
    """Whether cancelling now would be after the free time."""
    return booking.status == Status.CONFIRMED and at > booking.free_cancel_until


def cancel_fee_fen(booking: Booking, *, at: datetime) -> int:
    """What cancelling at `at` would cost the owner, in fen: nothing before `free_cancel_until`, for a hold or a
    request; then the fee frozen on the visit (`docs/rules/cancellation.md`)."""
    return booking.late_cancel_fee_fen if is_late_to_cancel(booking, at=at) else 0


def can_mark_no_show(booking: Booking, *, at: datetime) -> bool:
    return booking.status == Status.CONFIRMED and at >= booking.starts_at + NO_SHOW_AFTER


def is_overdue(booking: Booking, *, at: datetime) -> bool:
    """Whether the promised time has passed and the car is still in work."""
    return booking.status in (Status.CHECKED_IN, Status.IN_SERVICE) and at > booking.ends_at + timedelta(minutes=5)
