"""What happens to the car in a visit, stretch by stretch, in words."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from bookings.engine.jobs import plan_of
from bookings.engine.phases import Phase
from bookings.engine.slots import TICK_MINUTES
from bookings.models import Booking
from catalog.choices import PhaseKind
from shops.choices import BayCapability, ResourceKind

_ON_A_BAY = {
    BayCapability.LIFT: _("On the lift"),
    BayCapability.TYRE: _("On the tyre machine"),
    BayCapability.EV: _("On the high-voltage bay"),
}


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the visit: what it is, and how long it takes."""

    name: str
    minutes: int


def of_booking(booking: Booking) -> list[Stretch]:
    """The stretches agreed, in order; those that follow one another on the same kind of bay are told as one."""
    told: list[Stretch] = []
    for phase in plan_of(booking).phases:
        name, minutes = _name(phase), phase.ticks * TICK_MINUTES
        if told and told[-1].name == name:
            told[-1] = Stretch(name, told[-1].minutes + minutes)
        else:
            told.append(Stretch(name, minutes))
    return told


def _name(phase: Phase) -> str:
    if phase.kind != PhaseKind.WORK:
        return str(PhaseKind(phase.kind).label)
    needed = {able for claim in phase.claims if claim.kind == ResourceKind.BAY for able in claim.capabilities}
    return str(next((words for able, words in _ON_A_BAY.items() if able in needed), PhaseKind.WORK.label))
