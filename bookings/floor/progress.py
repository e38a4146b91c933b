"""Where in the workshop a car is and when it is promised: one door for the stage, one for the promise.

Both expect the visit's row locked (`bookings.actions.locked`). Instants are UTC.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Sum
from django.utils.translation import gettext_lazy as _

from bookings.actions import Actor, locked, record
from bookings.choices import IN_SHOP, STAGE_MOVES, EventKind, LineState, Stage, Status
from bookings.errors import WrongStageError, WrongStatusError
from bookings.models import Booking, LineVersion
from core.errors import InvalidInput

# A promise further away than this is a typing error.
FURTHEST_PROMISE = timedelta(days=60)
SHORTEST = timedelta(minutes=5)  # a visit takes some time, whatever is taken off it
# The stages that a person chooses by a tap; the others follow from what happens.
CHOSEN = (Stage.INSPECTING, Stage.WORKING, Stage.WAITING_PARTS)


def touch(booking: Booking) -> None:
    """Count a change that whoever looks at the visit must notice, and nothing else."""
    booking.revision += 1
    booking.save(update_fields=["revision"])


@transaction.atomic
def move(*, booking: Booking, to: Stage, by: Actor, at: datetime, reason: str = "") -> Booking:
    """Tell where the car is now, chosen by a person of the shop. Saying it twice changes nothing.

    Work begins by `workshop.start`, and ends by `quality.submit`. Raises WrongStageError, WrongStatusError.
    Side effects: event and outbox `booking.stage`.
    """
    booking = locked(booking)
    if booking.stage == to:
        return booking
    if booking.status not in (Status.CHECKED_IN, Status.IN_SERVICE):
        raise WrongStatusError
    if to not in CHOSEN or (to == Stage.WORKING and booking.status != Status.IN_SERVICE):
        raise WrongStageError
    return set_stage(booking, to, by=by, at=at, reason=reason)


def set_stage(booking: Booking, to: Stage, *, by: Actor, at: datetime, reason: str = "") -> Booking:
    """Change the stage of a locked visit, if `STAGE_MOVES` allows it; a visit that is there already is left alone."""
    if booking.stage == to:
        return booking
    if to not in STAGE_MOVES[booking.stage]:
        raise WrongStageError
    before, booking.stage = booking.stage, to
    booking.revision += 1
    booking.save(update_fields=["stage", "revision"])
    data = {"before": before, "after": to}
    record(booking=booking, kind=EventKind.STAGE, by=by, at=at, reason=reason, data=data)
    return booking


def follow_lines(booking: Booking, *, by: Actor, at: datetime) -> None:
    """Let the stage follow the lines of a locked visit: an owner who was asked is waited for, and once everything is
    answered the car goes on to where it was by its status and its parts. A car that waits for parts stays where it is:
    somebody may have chosen that by hand (`go_on_without_parts` where a line has stopped waiting)."""
    if booking.status not in (Status.CHECKED_IN, Status.IN_SERVICE):
        return
    if booking.lines.pending().exists():
        set_stage(booking, Stage.WAITING_OWNER, by=by, at=at)
    elif booking.stage == Stage.WAITING_OWNER:
        set_stage(booking, Stage.WAITING_PARTS if waits_for_parts(booking) else _goes_on(booking), by=by, at=at)


def wait_for_parts(booking: Booking, *, by: Actor, at: datetime) -> None:
    """An approved line of a locked visit lacks its parts: the car waits for them, unless the owner is asked or somebody
    is inspecting it; it will wait after that (`follow_lines`, `inspecting.finish`)."""
    is_inspected = booking.stage == Stage.INSPECTING and booking.inspections.filter(finished_at=None).exists()
    if booking.stage in (Stage.RECEIVED, Stage.INSPECTING, Stage.WORKING) and not is_inspected:
        set_stage(booking, Stage.WAITING_PARTS, by=by, at=at)


def go_on_without_parts(booking: Booking, *, by: Actor, at: datetime) -> None:
    """A line of a locked visit has stopped waiting for its parts: the car goes on, if no other one of it waits, to
    where it was by its status."""
    if booking.stage == Stage.WAITING_PARTS and not waits_for_parts(booking):
        set_stage(booking, _goes_on(booking), by=by, at=at)


def waits_for_parts(booking: Booking) -> bool:
    """Whether an approved line of the visit lacks its parts. One query."""
    return booking.lines.filter(state=LineState.APPROVED, waits_for_parts=True).exists()


def _goes_on(booking: Booking) -> Stage:
    if booking.status == Status.IN_SERVICE:
        return Stage.WORKING
    return Stage.INSPECTING if booking.inspections.exists() else Stage.RECEIVED


@transaction.atomic
def promise(*, booking: Booking, ends_at: datetime, reason: str, by: Actor, at: datetime) -> Booking:
    """Promise another time, with a reason that the owner reads. What the shop is held to (`agreed_end_at`) stays.

    Raises InvalidInput, WrongStatusError. Side effects: event and outbox `booking.promise`; the owner is told.
    """
    booking = locked(booking)
    if booking.status not in IN_SHOP or booking.status == Status.READY:
        raise WrongStatusError
    if not reason.strip():
        raise InvalidInput(_("Say why: the owner reads it."), field="reason")
    if not at < ends_at <= at + FURTHEST_PROMISE:
        raise InvalidInput(_("Promise a future time, within 60 days."), field="ends_at")
    return _put_to(booking, ends_at, reason=reason.strip(), by=by, at=at)


@contextmanager
def keeping_promise(booking: Booking, *, reason: str, by: Actor, at: datetime) -> Iterator[None]:
    """Let the promise of a locked visit follow what is done to its lines inside: it moves by what they add to it more,
    or less, than before."""
    before = _added_minutes(booking)
    yield
    put_off(booking, _added_minutes(booking) - before, reason=reason, by=by, at=at)


def _added_minutes(booking: Booking) -> int:
    """What the approved and done lines add to the time agreed when booking, minutes. One query."""
    present = LineVersion.objects.filter(line__booking=booking, number=F("line__version"))
    approved = present.filter(line__state__in=(LineState.APPROVED, LineState.DONE))
    minutes: int | None = approved.aggregate(minutes=Sum("extra_minutes"))["minutes"]
    return minutes or 0


def put_off(booking: Booking, minutes: int, *, reason: str, by: Actor, at: datetime) -> Booking:
    """Move the promise of a locked visit by what the owner has approved, or taken back (negative); the shop is held to
    the new time. It never moves into the past, nor before the visit's start."""
    if not minutes:
        return booking
    by_time = timedelta(minutes=minutes)
    booking.agreed_end_at = (booking.agreed_end_at or booking.ends_at) + by_time
    earliest = max(booking.starts_at + SHORTEST, min(booking.ends_at, at))
    ends_at = booking.ends_at + by_time
    return _put_to(booking, ends_at if minutes > 0 else max(ends_at, earliest), reason=reason, by=by, at=at)


def _put_to(booking: Booking, ends_at: datetime, *, reason: str, by: Actor, at: datetime) -> Booking:
    before, booking.ends_at = booking.ends_at, ends_at
    booking.revision += 1
    booking.save(update_fields=["ends_at", "agreed_end_at", "revision"])
    data = {"before": before.isoformat(), "after": ends_at.isoformat()}
    record(booking=booking, kind=EventKind.PROMISE, by=by, at=at, reason=reason, data=data)
    return booking
