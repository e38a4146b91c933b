"""Photos of the work and of findings, shown to the owner as they are taken. Instants are UTC."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts.models import User
from bookings.actions import Actor, locked, record
from bookings.choices import IN_SHOP, ActorRole, EventKind
from bookings.errors import WrongStatusError
from bookings.floor import photos, progress
from bookings.floor.photos import Shown
from bookings.models import Booking, VisitPhoto
from core.photos import CleanPhoto


@transaction.atomic
def add(*, booking: Booking, cleaned: Sequence[CleanPhoto], shown: Shown, by: User, at: datetime) -> list[VisitPhoto]:
    """Add photos to a visit, or to one of its lines, while the car is in the shop.

    Raises WrongStatusError, TooManyPhotosError. Side effects: event and outbox `booking.photos`.
    """
    booking = locked(booking)
    if booking.status not in IN_SHOP:
        raise WrongStatusError
    kept = photos.attach(booking=booking, cleaned=cleaned, shown=shown, by=by, at=at)
    data = {"kind": shown.kind, "count": len(kept), "line": shown.line.public_id if shown.line else ""}
    record(booking=booking, kind=EventKind.PHOTOS, by=Actor(ActorRole.STAFF, by), at=at, data=data)
    progress.touch(booking)
    return kept
