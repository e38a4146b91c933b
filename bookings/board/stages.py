"""The steps that a shop takes with one tap, who may take them, and what follows next. Reads apart from `take`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings import rules, workshop
from bookings.actions import locked
from bookings.choices import IN_SHOP, Stage, Status
from bookings.errors import RequestLapsedError, WrongStatusError
from bookings.floor import quality
from bookings.models import Booking
from shops.choices import Permission
from shops.rules import may


@dataclass(frozen=True)
class Step:
    """A step: its address (`board:<name>`), its button, who may take it, from which state to which.

    `leads_to` is the stage of the workshop it ends at, where the status alone does not tell. `page` is the address of
    a page of its own that comes first (`floor:<name>`).
    """

    name: str
    label: str | Promise
    icon: str
    permission: Permission
    begins: Status
    ends: Status
    done: str | Promise
    run: Callable[..., Booking] | None = None
    leads_to: str = ""
    page: str = ""

    def is_done(self, booking: Booking) -> bool:
        """Whether the visit is where the step leads."""
        return booking.status == self.ends and (not self.leads_to or booking.stage == self.leads_to)

    @property
    def asks(self) -> bool:
        """Whether a form comes first."""
        return self.run is None

    @property
    def path(self) -> str:
        """The last part of its address."""
        return self.name.replace("_", "-")


ACCEPT = Step(
    "accept",
    _("Accept"),
    "check",
    Permission.WALK_IN,
    Status.REQUESTED,
    Status.CONFIRMED,
    _("Accepted: the owner is told."),
    workshop.accept,
)
CHECK_IN = Step(
    "check_in",
    _("Check in"),
    "key-round",
    Permission.CHECK_IN,
    Status.CONFIRMED,
    Status.CHECKED_IN,
    _("Car checked in."),
)
START = Step(
    "start",
    _("Start work"),
    "wrench",
    Permission.CHECK_IN,
    Status.CHECKED_IN,
    Status.IN_SERVICE,
    _("Work started."),
    workshop.start,
)
SUBMIT = Step(
    "submit",
    _("Work done"),
    "circle-check",
    Permission.CHECK_IN,
    Status.IN_SERVICE,
    Status.IN_SERVICE,
    _("Work done: somebody else checks it now."),
    quality.submit,
    leads_to=Stage.CHECKING,
)
CHECK = Step(
    "quality_check",
    _("Quality check"),
    "clipboard-check",
    Permission.CHECK_IN,
    Status.IN_SERVICE,
    Status.READY,
    _("Ready: the owner is told."),
    page="floor:quality_check",
)
HAND_OVER = Step(
    "hand_over",
    _("Hand over"),
    "hand-coins",
    Permission.CLOSE_DAY,
    Status.READY,
    Status.COMPLETED,
    _("Handed over."),
    workshop.hand_over,
    page="floor:handover",
)
REOPEN = Step(
    "reopen",
    _("Resume work"),
    "rotate-ccw",
    Permission.CHECK_IN,
    Status.READY,
    Status.IN_SERVICE,
    _("Back in work."),
    workshop.start,
)
NO_SHOW = Step(
    "no_show",
    _("Did not come"),
    "user-x",
    Permission.WALK_IN,
    Status.CONFIRMED,
    Status.NO_SHOW,
    _("Marked as no-show. Everything it had claimed is free."),
)

# Those that a tap does; check-in asks for the odometer first, a no-show says what it costs.
TAPS = {stage.name: stage for stage in (ACCEPT, START, SUBMIT, HAND_OVER, REOPEN)}
_NEXT = {stage.begins: stage for stage in (ACCEPT, CHECK_IN, START, SUBMIT, HAND_OVER)}


@dataclass(frozen=True)
class Options:
    """What this member may do with a visit now."""

    next: Step | None
    # What the work waits for where it cannot be reported done: WAITING_OWNER or WAITING_PARTS.
    awaits: Stage | None
    reopen: Step | None
    no_show: Step | None
    can_decline: bool
    can_move: bool
    can_swap: bool
    can_cancel: bool
    can_correct_odometer: bool


def next_stage(booking: Booking, *, role: str | None) -> Step | None:
    """The step that follows, if this role may take it and nothing else has to happen before it.

    One query for a car in work whose lines are not prefetched, else none.
    """
    stage = _step_of(booking, role=role)
    return None if stage is SUBMIT and awaits(booking) else stage


def _step_of(booking: Booking, *, role: str | None) -> Step | None:
    """The step that follows for this role, whatever the work waits for."""
    stage = CHECK if booking.stage == Stage.CHECKING else _NEXT.get(Status(booking.status))
    return stage if stage and may(role, stage.permission) else None


def awaits(booking: Booking) -> Stage | None:
    """What has to come before the work can be reported done: the owner's answer, then parts. The lines are asked, not
    the stage: a car can be worked on while it waits, and a stage chosen by hand holds nothing up. One query for a car
    in work, none if its lines are prefetched."""
    if booking.status != Status.IN_SERVICE or booking.stage == Stage.CHECKING:
        return None
    lines = booking.lines.all()
    if any(line.is_pending for line in lines):
        return Stage.WAITING_OWNER
    if any(line.lacks_parts for line in lines):
        return Stage.WAITING_PARTS
    return None


def options(booking: Booking, *, role: str | None, at: datetime) -> Options:
    """Everything that the panel of a visit offers to this role at `at`. One query at most, as `awaits`."""
    waits = awaits(booking) if may(role, SUBMIT.permission) else None
    counter, workshop_floor = may(role, Permission.WALK_IN), may(role, Permission.CHECK_IN)
    return Options(
        next=None if waits else _step_of(booking, role=role),
        awaits=waits,
        reopen=REOPEN if booking.status == Status.READY and workshop_floor else None,
        no_show=NO_SHOW if counter and rules.can_mark_no_show(booking, at=at) else None,
        can_decline=counter and booking.status == Status.REQUESTED,
        can_swap=counter and booking.status == Status.CONFIRMED,
        can_move=counter and booking.status in (Status.CONFIRMED, Status.CHECKED_IN, Status.IN_SERVICE),
        can_cancel=counter and booking.status in (Status.CONFIRMED, Status.CHECKED_IN),
        can_correct_odometer=workshop_floor and booking.status in IN_SHOP,
    )


@transaction.atomic
def take(*, stage: Step, booking: Booking, by: User, at: datetime) -> Booking:
    """Take a one-tap step. Tapping twice is harmless: a visit that is already where the step leads is left alone.

    Raises WrongStatusError from any other state than the one in which the step begins, and what the action raises.
    """
    now = locked(booking)
    if stage.is_done(now):
        return now
    if stage is ACCEPT and now.status == Status.EXPIRED:
        raise RequestLapsedError
    if now.status != stage.begins or stage.run is None:
        raise WrongStatusError
    return stage.run(booking=now, by=by, at=at)
