"""What may be done with a visit now. Pure questions for pages; the actions check again under a lock."""

from __future__ import annotations

from datetime import datetime, timedelta

from bookings.choices import Status
from bookings.models import Booking
from bookings.workshop import NO_SHOW_AFTER


def hold_seconds_left(booking: Booking, *, at: datetime) -> int:
    """Whole seconds until the hold ends; 0 when it has ended or is no hold."""
    if booking.status != Status.HELD or booking.hold_expires_at is None:
        return 0
    return max(0, int((booking.hold_expires_at - at).total_seconds()))


def can_change(booking: Booking, *, at: datetime) -> bool:
    """Whether the owner can move or cancel the visit by themselves: it is booked and has not begun."""
    return booking.status == Status.CONFIRMED and at < booking.starts_at


def is_late_to_cancel(booking: Booking, *, at: datetime) -> bool:
    """Whether cancelling now would be after the free time."""
    return booking.status == Status.CONFIRMED and at > booking.free_cancel_until


def can_mark_no_show(booking: Booking, *, at: datetime) -> bool:
    return booking.status == Status.CONFIRMED and at >= booking.starts_at + NO_SHOW_AFTER


def is_overdue(booking: Booking, *, at: datetime) -> bool:
    """Whether the promised time has passed and the car is still in work."""
    return booking.status in (Status.CHECKED_IN, Status.IN_SERVICE) and at > booking.ends_at + timedelta(minutes=5)
