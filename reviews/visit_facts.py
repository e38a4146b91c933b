"""What readers may see of a visit beside its review, where the author agrees."""

from __future__ import annotations

from dataclasses import dataclass

from bookings.models import Booking


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """Amounts in fen. `is_on_time` is None where nothing had been promised."""

    service: str
    quoted_fen: int
    final_fen: int
    is_on_time: bool | None


def facts_of(booking: Booking) -> VisitFacts:
    """The facts of a visit that was handed over: what was done, the price agreed when booking and the one on the bill,
    and whether it was ready when it was promised. Pure; needs `booked_services` at hand."""
    return VisitFacts(booking.title, booking.agreed_fen, booking.total_fen, is_on_time(booking))


def is_on_time(booking: Booking) -> bool | None:
    """Whether the car was ready when that was promised; None where nothing was, or it is not ready yet. Pure."""
    if booking.ready_at is None or booking.agreed_end_at is None:
        return None
    return booking.ready_at <= booking.agreed_end_at
