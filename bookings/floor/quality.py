"""The end of the work: everything settled, a second pair of eyes, the bill of what was done.

The bill is the sum of the done lines; the database refuses any other (`migrations/0007_line_guards`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings import workshop
from bookings.actions import Actor, locked, record
from bookings.choices import ActorRole, EventKind, LineState, Stage, Status
from bookings.errors import LinesOpenError, WrongStageError
from bookings.floor import lines, progress
from bookings.models import Booking, QualityCheck
from core.errors import InvalidInput, NotAllowed
from shops.choices import Permission
from shops.models import Resource, ShopMember
from shops.rules import PERMISSIONS

# What the second person looks at on every car (product decision, after the trade's final inspection).
CHECKLIST = {
    "lines": _("Everything approved is done, nothing else was touched"),
    "torque": _("Wheels and plugs tightened, nothing leaks"),
    "lights": _("No warning lights, fault memory cleared"),
    "drive": _("Test drive: brakes, steering, noises"),
    "clean": _("Car clean, old parts and belongings in place"),
}


@transaction.atomic
def submit(*, booking: Booking, by: User, at: datetime, technician: Resource | None = None) -> Booking:
    """The work is done: every approved line is marked done, and the car waits for the quality check.

    Raises LinesOpenError while the owner has not answered or parts are missing, WrongStageError outside of work. Twice
    is once.
    """
    booking = locked(booking)
    if booking.stage == Stage.CHECKING:
        return booking
    if booking.status != Status.IN_SERVICE:
        raise WrongStageError
    if booking.lines.pending().exists():
        raise LinesOpenError(_("The owner has not answered every line yet."))
    if booking.lines.filter(state=LineState.APPROVED, waits_for_parts=True).exists():
        raise LinesOpenError(_("A line still waits for its parts."))
    for line in booking.lines.filter(state=LineState.APPROVED).select_related("booking__shop"):
        lines.mark_done(line=line, by=by, at=at, technician=technician)
    booking.refresh_from_db(fields=["revision", "stage"])
    actor = Actor(ActorRole.STAFF, by)
    if booking.stage != Stage.WORKING:
        progress.set_stage(booking, Stage.WORKING, by=actor, at=at)
    return progress.set_stage(booking, Stage.CHECKING, by=actor, at=at)


@transaction.atomic
def check(
    *,
    booking: Booking,
    checklist: Mapping[str, bool],
    by: User,
    at: datetime,
    note: str = "",
    redo: Sequence[str] = (),
) -> Booking:
    """Look over finished work. All of `CHECKLIST` in order: the car is ready. Otherwise `note` says what is wrong and
    `redo` (public ids of lines) what is to be done again, and the car goes back to work.

    Somebody who did the work cannot check it (NotAllowed), unless nobody else of the shop could: then the owner reads
    that it was so. Raises InvalidInput, WrongStageError. Side effects: event and outbox `booking.check_passed` and
    `booking.ready`, or `booking.check_failed`.
    """
    booking = locked(booking)
    if booking.stage != Stage.CHECKING:
        raise WrongStageError
    if set(checklist) != set(CHECKLIST):
        raise InvalidInput(_("Answer every point of the checklist."), field="checklist")
    is_alone = _is_alone(booking, by)
    is_passed = all(checklist.values()) and not redo
    if not is_passed and not note.strip():
        raise InvalidInput(_("Say what is wrong."), field="note")
    QualityCheck.objects.create(
        booking=booking,
        at=at,
        by=by,
        checklist=[{"key": key, "ok": bool(checklist[key])} for key in CHECKLIST],
        is_passed=is_passed,
        is_alone=is_alone,
        note=note.strip(),
    )
    actor = Actor(ActorRole.STAFF, by)
    kind = EventKind.CHECK_PASSED if is_passed else EventKind.CHECK_FAILED
    record(booking=booking, kind=kind, by=actor, at=at, reason=note.strip(), data={"alone": is_alone})
    if is_passed:
        return workshop.mark_ready(booking=booking, by=by, at=at)
    _do_again(booking, redo)
    return progress.set_stage(booking, Stage.WORKING, by=actor, at=at)


def _is_alone(booking: Booking, by: User) -> bool:
    """Whether the checker did some of the work. Raises NotAllowed if somebody else of the shop could check it."""
    done = booking.lines.filter(state=LineState.DONE)
    workers = {
        pk for pair in done.values_list("done_by", "technician__technician__user") for pk in pair if pk is not None
    }
    if by.pk not in workers:
        return False
    able = [role for role, rights in PERMISSIONS.items() if Permission.CHECK_IN in rights]
    others = ShopMember.objects.filter(shop=booking.shop_id, role__in=able).exclude(user=by)
    if others.exclude(user__in=workers).exists():
        raise NotAllowed(_("Somebody who did not do the work has to check it."))
    return True


def _do_again(booking: Booking, redo: Sequence[str]) -> None:
    again = list(booking.lines.filter(public_id__in=redo, state=LineState.DONE))
    if len(again) != len(set(redo)):
        raise InvalidInput(_("Choose lines of this visit that were done."), field="redo")
    for line in again:
        line.state, line.done_at, line.done_by = LineState.APPROVED, None, None
        line.save(update_fields=["state", "done_at", "done_by"])
