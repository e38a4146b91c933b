"""The columns of the pipeline: where a car is, with its tone, icon and word. Colour is never alone."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from bookings.board.looks import LOOKS, Look
from bookings.choices import Stage, Status
from bookings.models import Booking


class Place(TextChoices):
    """Where a visit of the day is: on its way, in a stage of the workshop, or away again."""

    TO_ARRIVE = "to_arrive", _("To arrive")
    RECEIVED = "received", _("Received")
    INSPECTING = "inspecting", _("Being inspected")
    WAITING_OWNER = "waiting_owner", _("Waiting for the owner")
    WAITING_PARTS = "waiting_parts", _("Waiting for parts")
    WORKING = "working", _("In work")
    CHECKING = "checking", _("Quality check")
    READY = "ready", _("Ready to collect")
    GONE = "gone", _("Handed over")


PLACE_LOOKS: dict[Place, Look] = {
    Place.TO_ARRIVE: LOOKS[Status.CONFIRMED],
    Place.RECEIVED: Look("brand", "key-round", Place.RECEIVED.label),
    Place.INSPECTING: Look("brand", "search-check", Place.INSPECTING.label),
    Place.WAITING_OWNER: Look("warn", "hand", Place.WAITING_OWNER.label),
    Place.WAITING_PARTS: Look("part", "package", Place.WAITING_PARTS.label),
    Place.WORKING: Look("brand", "wrench", Place.WORKING.label),
    Place.CHECKING: Look("qc", "clipboard-check", Place.CHECKING.label),
    Place.READY: Look("ok", "circle-check", Place.READY.label),
    Place.GONE: LOOKS[Status.COMPLETED],
}
# The columns of the pipeline, in the order in which a car goes through them.
COLUMNS = [place for place in Place if place != Place.GONE]
# Visits that came to the workshop before stages were kept have none.
_BY_STATUS: dict[str, Place] = {
    Status.CHECKED_IN: Place.RECEIVED,
    Status.IN_SERVICE: Place.WORKING,
    Status.READY: Place.READY,
    Status.COMPLETED: Place.GONE,
}


def place_of(booking: Booking) -> Place:
    """Where the car of a visit is now."""
    if booking.stage != Stage.NONE:
        return Place(booking.stage)
    return _BY_STATUS.get(booking.status, Place.TO_ARRIVE)
