"""Tells the health record where its owner opens the visits behind its entries, with bill and check-in sheet."""

from __future__ import annotations

from collections.abc import Collection

from django.urls import reverse

from accounts.models import User
from bookings.floor.record_entry import reference
from bookings.models import Booking
from vehicles.record import known_visits


def connect() -> None:
    """Register with `vehicles.record.known_visits`; called once when the app is ready."""
    known_visits.register(addresses)


def addresses(user: User, references: Collection[str]) -> dict[str, str]:
    """The pages of this person's own visits among the references. One query, none without references."""
    named = [name.partition(":")[2] for name in references if name]
    own = Booking.objects.visible_to(user).filter(public_id__in=named) if named else ()
    return {reference(visit): reverse("bookings:detail", args=[visit.public_id]) for visit in own}
