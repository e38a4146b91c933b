"""What a visit costs in the end: the sum of what was done, nothing else."""

from __future__ import annotations

from bookings.choices import LineState
from bookings.errors import LinesOpenError
from bookings.models import Booking, Line


def final_fen(booking: Booking) -> int:
    """The sum of the done lines of a locked visit, fen, tax included; the database refuses any other bill.

    Raises LinesOpenError while a line is approved and not done, or waits for the owner's answer.
    """
    rows = list(Line.objects.with_versions().filter(booking=booking))
    if any(line.is_pending or line.state == LineState.APPROVED for line in rows):
        raise LinesOpenError
    return sum(line.current.total_fen for line in rows if line.state == LineState.DONE)
