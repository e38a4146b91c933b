"""Visits that go through the workshop."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from bookings import workshop
from bookings.floor import quality
from bookings.models import Booking
from tests.factories.accounts import UserFactory

ALL_IN_ORDER = dict.fromkeys(quality.CHECKLIST, True)


def make_ready(booking: Booking, *, by: User, at: datetime) -> Booking:
    """Finish the work of a visit in service and let somebody else check it."""
    quality.submit(booking=booking, by=by, at=at)
    return quality.check(booking=booking, checklist=ALL_IN_ORDER, by=UserFactory(), at=at)


def hand_over(booking: Booking, *, by: User, at: datetime) -> Booking:
    """Finish, check and hand over a visit in service."""
    make_ready(booking, by=by, at=at)
    return workshop.hand_over(booking=booking, by=by, at=at)
