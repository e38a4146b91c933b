"""The stretches of a service in the workshop (`ServicePhase`): whether they add up, and how they read on a page.

Pure, but for `of_service`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.choices import BayNeed, PhaseKind
from catalog.models import Service, ServicePhase

STEP_MINUTES = 5
# What the stretch without minutes keeps at least, beyond these (product decision): a rest of nothing is no stretch.
LEAST_REST_MINUTES = 5


class Fault(models.TextChoices):
    """What is wrong with a service's phases: the value for whoever writes the fixture, the label for the admin."""

    NO_REST = "one phase must have no minutes", _("One phase must have no time of its own: it takes what is left.")
    TWO_RESTS = "only one phase may have no minutes", _("Only one phase may be without a time of its own.")
    TOO_LONG = (
        "the phases take longer than the service",
        _("The phases take longer than the service: more than 5 minutes must be left for the one without a time."),
    )
    SHARED = "shared_minutes is more than the phase takes", _("More is shared than the phase takes.")
    STEP = "times must be multiples of 5", _("Times must be multiples of 5 minutes.")
    TWICE = "two phases stand at one position", _("Two phases have the same position.")


def fault(phases: Sequence[ServicePhase], *, standard_minutes: int) -> Fault | None:
    """What is wrong with the phases of a service that takes `standard_minutes`; None if nothing is."""
    if not phases:
        return None
    if len({phase.position for phase in phases}) < len(phases):
        return Fault.TWICE
    rests = [phase for phase in phases if phase.minutes is None]
    if len(rests) != 1:
        return Fault.TWO_RESTS if rests else Fault.NO_REST
    times = [time for phase in phases for time in _times(phase)]
    if any(time % STEP_MINUTES for time in times):
        return Fault.STEP
    left = rest_minutes(phases, standard_minutes=standard_minutes)
    if left <= LEAST_REST_MINUTES and len(phases) > 1:
        return Fault.TOO_LONG
    if any(phase.shared_minutes > (left if phase.minutes is None else phase.minutes) for phase in phases):
        return Fault.SHARED
    return None


def rest_minutes(phases: Sequence[ServicePhase], *, standard_minutes: int) -> int:
    """What the other phases leave of the service's time to the one without minutes."""
    return standard_minutes - sum(phase.minutes or 0 for phase in phases)


def _times(phase: ServicePhase) -> tuple[int, ...]:
    waits = (phase.max_wait_minutes, phase.before_minutes, phase.after_minutes)
    return (phase.minutes or 0, phase.shared_minutes, *waits)


# --- In words ---------------------------------------------------------------------------------------

_KINDS: dict[str, str | Promise] = {
    PhaseKind.WRITE_UP: _("At the counter"),
    PhaseKind.PICK_UP: pgettext_lazy("a phase of a visit", "Pick-up"),
    PhaseKind.ALIGNMENT: _("Wheel alignment"),
    PhaseKind.ROAD_TEST: _("Road test"),
    PhaseKind.WASH: _("Wash"),
    PhaseKind.RETURN: _("Return of the car"),
}
_PLACES: dict[str, str | Promise] = {
    BayNeed.ANY: _("In the bay"),
    BayNeed.NONE: _("Work beside the bay"),
    BayNeed.LIFT: _("On the lift"),
    BayNeed.ALIGNMENT: _("On the alignment rig"),
    BayNeed.TYRE: _("At the tyre machine"),
    BayNeed.EV: _("In the high-voltage bay"),
    BayNeed.WASH: _("In the wash bay"),
}


@dataclass(frozen=True)
class Stretch:
    """A stretch as a page names it: where the car is or what is done, and for how many minutes."""

    name: str
    minutes: int


def of_service(service: Service) -> list[Stretch]:
    """The stretches of a service in order, on the standard time; none if it is one simple stretch. One query."""
    phases = list(service.phases.all())
    if len(phases) < 2 or fault(phases, standard_minutes=service.standard_minutes):
        return []
    left = rest_minutes(phases, standard_minutes=service.standard_minutes)
    return [Stretch(_name(phase), left if phase.minutes is None else phase.minutes) for phase in phases]


def _name(phase: ServicePhase) -> str:
    return str(_KINDS.get(phase.kind) or _PLACES[phase.bay])
