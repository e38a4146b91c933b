"""The owner's word on the lines of a visit: approve, decline, defer, one by one or several at once.

Staff never decide. What an owner says on the phone is written down by somebody of the counter, with who was spoken
with; a technician cannot write it down, and the database refuses it as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings.actions import Actor, locked, record
from bookings.choices import (
    LINE_MOVES,
    SETTLED_LINES,
    ActorRole,
    Decision,
    DecisionWay,
    EventKind,
    LineState,
    Status,
)
from bookings.errors import LineChangedError, LineSettledError, NoSuchLineError, WrongStatusError
from bookings.floor import progress
from bookings.models import Booking, Line, LineDecision
from bookings.money import visit_orders
from core.errors import InvalidInput, NotAllowed
from shops.choices import Permission
from shops.rules import may
from vehicles.models import MAX_ODOMETER_KM

_STATES = {
    Decision.APPROVE: LineState.APPROVED,
    Decision.DECLINE: LineState.DECLINED,
    Decision.DEFER: LineState.DEFERRED,
}
# A reminder further away than this is a typing error.
FURTHEST_REMINDER = timedelta(days=3 * 366)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the owner says about one line, in the version that they saw. A deferred line may say when to remind."""

    line: str
    version: int
    decision: Decision
    defer_until: date | None = None
    defer_km: int | None = None


@dataclass(frozen=True, slots=True)
class Voice:
    """Whose word it is and how it came. `recorded_by`, `role` and `spoke_with` belong to a telephone call."""

    way: DecisionWay
    owner: User | None = None
    recorded_by: User | None = None
    role: str = ""
    spoke_with: str = ""
    note: str = ""

    @property
    def actor(self) -> Actor:
        if self.way == DecisionWay.PHONE:
            return Actor(ActorRole.STAFF, self.recorded_by)
        return Actor(ActorRole.OWNER, self.owner)


@transaction.atomic
def decide(*, booking: Booking, choices: Sequence[Choice], voice: Voice, at: datetime) -> list[Line]:
    """Take the owner's word on some lines, all or none. The same word on the same version again changes nothing.

    Raises LineChangedError where the shop has changed a line since, LineSettledError for one that is done or
    withdrawn, NoSuchLineError (404) for a line of another visit, WrongStatusError once the car has left the workshop,
    NotAllowed where this person may not write down a call, InvalidInput. Side effects: a LineDecision for each; the
    promise moves by what approved lines add; event and outbox `booking.decided`.
    """
    _check_voice(voice)
    booking = locked(booking)
    if booking.status not in (Status.CHECKED_IN, Status.IN_SERVICE):
        raise WrongStatusError
    if not choices:
        raise InvalidInput(_("Choose what to do with at least one line."), field="decision")
    known = {line.public_id: line for line in booking.lines.shown_to_owner().with_versions()}
    asked = [(choice, _checked(choice, known, voice, booking, at)) for choice in choices]
    news = [(choice, line) for choice, line in asked if not _is_said(line, choice)]
    if news:
        record(booking=booking, kind=EventKind.DECIDED, by=voice.actor, at=at, data=_told(news, voice.way))
        waited = any(line.waits_for_parts for _choice, line in news)
        with progress.keeping_promise(booking, reason=str(_("Approved work")), by=voice.actor, at=at):
            for choice, line in news:
                _take(choice, line, voice, booking, at)
        progress.follow_lines(booking, by=voice.actor, at=at)
        if waited:
            progress.go_on_without_parts(booking, by=voice.actor, at=at)
        progress.touch(booking)
        visit_orders.follow(booking, at=at)
    return [known[choice.line] for choice in choices]


def _check_voice(voice: Voice) -> None:
    if voice.way == DecisionWay.PHONE:
        if voice.recorded_by is None or not may(voice.role or None, Permission.WALK_IN):
            raise NotAllowed(_("Only the front desk can record what the owner says on the phone."))
        if not voice.spoke_with.strip():
            raise InvalidInput(_("Enter the name of the person you spoke with."), field="spoke_with")
    elif voice.way not in (DecisionWay.ACCOUNT, DecisionWay.LINK) or voice.recorded_by is not None:
        raise NotAllowed


def _checked(choice: Choice, known: dict[str, Line], voice: Voice, booking: Booking, at: datetime) -> Line:
    line = known.get(choice.line)
    if line is None:
        raise NoSuchLineError
    if line.version != choice.version:
        raise LineChangedError(extra={"line": line.public_id, "version": line.version})
    if line.state in SETTLED_LINES or (choice.decision != Decision.APPROVE and _is_being_redone(line, booking)):
        raise LineSettledError(extra={"line": line.public_id, "state": line.state})
    if voice.way == DecisionWay.PHONE and _answered_themselves(line):
        raise NotAllowed(_("The owner has answered this line themselves. Only they can change their answer."))
    if choice.decision == Decision.DEFER:
        _check_reminder(choice, booking, at)
    elif choice.defer_until or choice.defer_km:
        raise InvalidInput(_("Only a deferred line is brought up again."), field="defer_until")
    return line


def _is_being_redone(line: Line, booking: Booking) -> bool:
    """Whether the work was done once and the quality check sent it back: it is in the car, and cannot be declined."""
    if line.state != LineState.APPROVED:
        return False
    return booking.events.filter(kind=EventKind.LINE_DONE, data__line=line.public_id).exists()


def _answered_themselves(line: Line) -> bool:
    """Whether the owner's last word on the present version came from themselves."""
    said = [one for one in line.decisions.all() if one.version == line.version]
    return bool(said) and max(said, key=lambda one: one.pk).way in (DecisionWay.ACCOUNT, DecisionWay.LINK)


def _check_reminder(choice: Choice, booking: Booking, at: datetime) -> None:
    today = at.astimezone(booking.zone).date()
    if choice.defer_until and not today < choice.defer_until <= today + FURTHEST_REMINDER:
        raise InvalidInput(_("Choose a future day, within three years."), field="defer_until")
    if choice.defer_km is not None and not (booking.odometer_km or 0) < choice.defer_km <= MAX_ODOMETER_KM:
        raise InvalidInput(_("Choose more kilometres than the car has now."), field="defer_km")


def _is_said(line: Line, choice: Choice) -> bool:
    """Whether the owner has said just this already."""
    if line.state != _STATES[choice.decision]:
        return False
    last = max(line.decisions.all(), key=lambda said: said.pk)
    return (last.version, last.defer_until, last.defer_km) == (choice.version, choice.defer_until, choice.defer_km)


def _take(choice: Choice, line: Line, voice: Voice, booking: Booking, at: datetime) -> None:
    """Write one decision down and move the line."""
    to = _STATES[choice.decision]
    if to != line.state and to not in LINE_MOVES[line.state]:
        raise LineSettledError(extra={"line": line.public_id, "state": line.state})
    LineDecision.objects.create(
        line=line,
        version=line.version,
        decision=choice.decision,
        way=voice.way,
        at=at,
        owner=voice.owner or booking.owner,
        recorded_by=voice.recorded_by,
        recorder_role=voice.role if voice.recorded_by else "",
        spoke_with=voice.spoke_with.strip(),
        note=voice.note.strip(),
        defer_until=choice.defer_until,
        defer_km=choice.defer_km,
    )
    line.state = to
    line.waits_for_parts = line.waits_for_parts and to == LineState.APPROVED
    line.save(update_fields=["state", "waits_for_parts"])


def _told(news: Sequence[tuple[Choice, Line]], way: DecisionWay) -> dict[str, Any]:
    """What the event keeps. Whom the shop spoke with stands on the decisions alone, of the same moment."""
    return {
        "way": way,
        "lines": [
            {
                "line": line.public_id,
                "version": choice.version,
                "decision": choice.decision,
                "title": line.current.name,
                "total_fen": line.current.total_fen,
            }
            for choice, line in news
        ],
    }
