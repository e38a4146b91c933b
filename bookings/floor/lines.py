"""The lines of a visit, from the shop's side: propose, change, send, do, or find not needed.

What the owner answers is `bookings.floor.deciding`. Every write locks the visit's row first. That nothing unapproved
is done or charged is kept by the database as well (`migrations/0007_line_guards`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
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
    EventKind,
    LineOrigin,
    LineState,
    PriceBasis,
    Status,
)
from bookings.errors import LineChangedError, LineSettledError, NoSuchLineError, NotOfferedError, WrongStatusError
from bookings.floor import advising, drafts, progress
from bookings.floor.drafts import Draft, Part
from bookings.models import Booking, Line, LineVersion
from bookings.money import visit_orders
from catalog import pricing
from core.errors import InvalidInput
from shops.models import Resource

# More lines than this are not one visit (product decision); it also bounds every page that shows them.
MAX_LINES = 60
# While the car is in the workshop, lines can come and change.
OPEN = (Status.CHECKED_IN, Status.IN_SERVICE)
# Only what is approved waits for parts.
_WAITING = ("waits_for_parts", "parts_expected_on")


@dataclass(frozen=True, slots=True)
class Author:
    """Who of the shop writes a line, and in which role there (`shops.choices.Role`)."""

    user: User
    role: str

    @property
    def actor(self) -> Actor:
        return Actor(ActorRole.STAFF, self.user)


@dataclass(frozen=True, slots=True)
class Totals:
    """The money of a visit's lines, fen, and what the open ones would add to the promise, minutes."""

    approved_fen: int = 0
    pending_fen: int = 0
    pending_minutes: int = 0
    pending: int = 0

    @property
    def if_all_fen(self) -> int:
        """What the visit would cost if everything open were approved."""
        return self.approved_fen + self.pending_fen


def totals(lines: Iterable[Line]) -> Totals:
    """The sums over lines that are at hand with their versions (`LineQuerySet.with_versions`). No query."""
    lines = list(lines)
    agreed = [line.current.total_fen for line in lines if line.state in (LineState.APPROVED, LineState.DONE)]
    pending = [line.current for line in lines if line.is_pending]
    return Totals(
        approved_fen=sum(agreed),
        pending_fen=sum(version.total_fen for version in pending),
        pending_minutes=sum(version.extra_minutes for version in pending),
        pending=len(pending),
    )


# --- Proposing --------------------------------------------------------------------------------------


@transaction.atomic
def propose(*, booking: Booking, draft: Draft, by: Author, at: datetime) -> Line:
    """Write a proposal that only the shop sees until it is sent. The platform's advice is frozen on it.

    Raises InvalidInput (a price without a reason, no reason in spite of the advice, too little warranty),
    NotOfferedError (a list price that the shop does not have), WrongStatusError once the work is finished.
    """
    booking = _open(booking)
    drafts.check(draft)
    taken = booking.lines.order_by("-position").values_list("position", flat=True).first()
    position = 0 if taken is None else taken + 1
    if position >= MAX_LINES:
        raise InvalidInput(_("A visit can have 60 lines at most."), field="title")
    content = _content(booking, draft, at)
    line = Line.objects.create(booking=booking, position=position, origin=LineOrigin.ADDED)
    _write_version(line, 1, content, by, at)
    progress.touch(booking)
    return line


@transaction.atomic
def change(*, line: Line, draft: Draft, version: int, by: Author, at: datetime) -> Line:
    """Let a line say something else: a new version, which the owner must approve again if they had been asked.

    `version` is the one that was looked at: LineChangedError if there is a newer one. A line agreed when booking can
    change too; its old approval does not cover the new version. Raises what `propose` raises, LineSettledError.
    """
    booking, line = _locked_line(line)
    if line.version != version:
        raise LineChangedError(extra={"version": line.version})
    drafts.check(draft)
    content = _content(booking, draft, at)
    # The off-peak discount that was agreed stays, as far as there is labour to take it off.
    content["discount_fen"] = min(line.current.discount_fen, content["labour_fen"])
    was_sent, waited = line.sent_at is not None, line.waits_for_parts
    with progress.keeping_promise(booking, reason=str(_("A line was changed")), by=by.actor, at=at):
        _move(line, LineState.PROPOSED)
        line.version += 1
        line.sent_at = at if was_sent else None
        _write_version(line, line.version, content, by, at)
        line.save(update_fields=["state", "version", "sent_at", *_WAITING])
    line = find(booking, line.public_id)
    if was_sent:
        _tell_proposed(booking, [line], by, at)
    if waited:
        progress.go_on_without_parts(booking, by=by.actor, at=at)
    progress.touch(booking)
    visit_orders.follow(booking, at=at)
    return line


@transaction.atomic
def send(*, booking: Booking, by: Author, at: datetime) -> list[Line]:
    """Send every proposal that the owner has not seen; the car waits for the answer. Nothing to send: nothing happens.

    Side effects: event and outbox `booking.proposed` (the owner gets a link), stage WAITING_OWNER.
    """
    booking = _open(booking)
    lines = list(booking.lines.filter(state=LineState.PROPOSED, sent_at=None).with_versions())
    if not lines:
        return []
    for line in lines:
        line.sent_at = at
    Line.objects.bulk_update(lines, ["sent_at"])
    _tell_proposed(booking, lines, by, at)
    return lines


@transaction.atomic
def withdraw(*, line: Line, by: Author, at: datetime) -> Line:
    """Take a proposal back that nobody has answered yet. Raises LineSettledError, also for what the owner had agreed
    to before it was changed: that is found not needed, with a reason."""
    booking, line = _locked_line(line)
    if line.state != LineState.PROPOSED:
        raise LineSettledError
    if any(said.decision == Decision.APPROVE for said in line.decisions.all()):
        raise LineSettledError(_("The owner had agreed to this. Say why it is not needed instead."))
    _move(line, LineState.WITHDRAWN)
    line.save(update_fields=["state"])
    if line.sent_at is not None:
        _tell(booking, EventKind.WITHDRAWN, line, by.actor, at)
    progress.follow_lines(booking, by=by.actor, at=at)
    progress.touch(booking)
    return line


def _tell_proposed(booking: Booking, lines: list[Line], by: Author, at: datetime) -> None:
    data = {
        "lines": [{"line": line.public_id, "version": line.version} for line in lines],
        "total_fen": sum(line.current.total_fen for line in lines),
    }
    record(booking=booking, kind=EventKind.PROPOSED, by=by.actor, at=at, data=data)
    progress.touch(booking)
    progress.follow_lines(booking, by=by.actor, at=at)


# --- Doing ------------------------------------------------------------------------------------------


@transaction.atomic
def mark_done(*, line: Line, by: User, at: datetime, technician: Resource | None = None) -> Line:
    """The work of an approved line is done; done twice is done once. `technician` is who did it, if not `by`.

    Raises LineSettledError for a line that is not approved, WrongStatusError outside of work.
    """
    booking, line = _locked_line(line, settled=True)
    if line.state == LineState.DONE:
        return line
    if booking.status != Status.IN_SERVICE:
        raise WrongStatusError
    waited = line.waits_for_parts
    _move(line, LineState.DONE)
    line.done_at, line.done_by, line.technician = at, by, technician or _technician_of(by, booking)
    line.save(update_fields=["state", "done_at", "done_by", "technician", *_WAITING])
    actor = Actor(ActorRole.STAFF, by)
    _tell(booking, EventKind.LINE_DONE, line, actor, at)
    if waited:
        progress.go_on_without_parts(booking, by=actor, at=at)
    progress.touch(booking)
    return line


@transaction.atomic
def mark_not_needed(*, line: Line, reason: str, by: User, at: datetime) -> Line:
    """An approved line turned out not to be needed; it is not charged. The owner reads the reason (InvalidInput
    without one). Raises LineSettledError."""
    booking, line = _locked_line(line)
    if not reason.strip():
        raise InvalidInput(_("Say why: the owner reads it."), field="reason")
    actor, waited = Actor(ActorRole.STAFF, by), line.waits_for_parts
    with progress.keeping_promise(booking, reason=str(_("A line is not needed")), by=actor, at=at):
        _move(line, LineState.NOT_NEEDED)
        line.not_needed_reason = reason.strip()
        line.save(update_fields=["state", "not_needed_reason", *_WAITING])
    _tell(booking, EventKind.NOT_NEEDED, line, actor, at, reason=line.not_needed_reason)
    progress.follow_lines(booking, by=actor, at=at)
    if waited:
        progress.go_on_without_parts(booking, by=actor, at=at)
    progress.touch(booking)
    visit_orders.follow(booking, at=at)
    return line


@transaction.atomic
def wait_for_parts(*, line: Line, expected_on: date | None, waits: bool, by: User, at: datetime) -> Line:
    """Parts for an approved line are missing (or have come); `expected_on` is the shop's local day.

    The car waits for them, and goes on once no line of it waits; another day for a line that waits already moves
    nothing. Raises LineSettledError, InvalidInput for a day that is past. Side effects: event and outbox
    `booking.parts`, perhaps `booking.stage`.
    """
    booking, line = _locked_line(line)
    if line.state != LineState.APPROVED:
        raise LineSettledError
    if waits and expected_on and expected_on < at.astimezone(booking.zone).date():
        raise InvalidInput(_("This day is over. Choose a later one."), field="parts_expected_on")
    waited = line.waits_for_parts
    line.waits_for_parts, line.parts_expected_on = waits, expected_on if waits else None
    line.save(update_fields=[*_WAITING])
    data = {"waits": waits, "expected_on": expected_on.isoformat() if waits and expected_on else ""}
    actor = Actor(ActorRole.STAFF, by)
    _tell(booking, EventKind.PARTS, line, actor, at, more=data)
    if waits and not waited:
        progress.wait_for_parts(booking, by=actor, at=at)
    elif waited and not waits:
        progress.go_on_without_parts(booking, by=actor, at=at)
    progress.touch(booking)
    return line


# --- Parts ------------------------------------------------------------------------------------------


def find(booking: Booking, public_id: str) -> Line:
    """The line of this visit. Raises NoSuchLineError (404); a foreign visit's line looks like a missing one."""
    line = Line.objects.with_versions().filter(booking=booking, public_id=public_id).first()
    if line is None:
        raise NoSuchLineError
    return line


def _open(booking: Booking) -> Booking:
    booking = locked(booking)
    if booking.status not in OPEN:
        raise WrongStatusError
    return booking


def _locked_line(line: Line, *, settled: bool = False) -> tuple[Booking, Line]:
    """The visit's row, then the line as it is now; raises LineSettledError for one that is closed unless `settled`."""
    booking = _open(line.booking)
    line = Line.objects.with_versions().get(pk=line.pk)
    if line.state in SETTLED_LINES and not settled:
        raise LineSettledError
    return booking, line


def _move(line: Line, to: LineState) -> None:
    if to not in LINE_MOVES[line.state]:
        raise LineSettledError
    line.state = to
    if to != LineState.APPROVED:
        line.waits_for_parts, line.parts_expected_on = False, None


def _tell(  # noqa: PLR0913  (what happened to which line, by whom, why)
    booking: Booking,
    kind: EventKind,
    line: Line,
    by: Actor,
    at: datetime,
    *,
    reason: str = "",
    more: dict[str, Any] | None = None,
) -> None:
    data = {"line": line.public_id, "version": line.version, "title": line.current.name, **(more or {})}
    record(booking=booking, kind=kind, by=by, at=at, reason=reason, data=data)


def _write_version(line: Line, number: int, content: dict[str, Any], by: Author, at: datetime) -> LineVersion:
    return LineVersion.objects.create(
        line=line, number=number, created_at=at, created_by=by.user, author_role=by.role, **content
    )


def _content(booking: Booking, draft: Draft, at: datetime) -> dict[str, Any]:
    """What a version keeps of a draft: its price, the usual range, the evidence and the advice of this moment."""
    advice = advising.advise(booking=booking, draft=draft, at=at)
    against = draft.against_reason.strip()
    if advice.verdict in drafts.AGAINST and not against:
        raise InvalidInput(
            _("The platform advises against this. Say why you still propose it: the owner sees both."),
            field="against_reason",
            extra={"advice": advice.as_json()},
        )
    return {
        "service": draft.service,
        "measure": draft.measure,
        "title": draft.title.strip(),
        "note": draft.note.strip(),
        "labour_minutes": draft.labour_minutes,
        "extra_minutes": draft.extra_minutes,
        "urgency": draft.urgency,
        "warranty_scope": draft.warranty.scope,
        "warranty_days": draft.warranty.days,
        "warranty_km": draft.warranty.km,
        "symptoms": sorted(draft.symptoms),
        "fault_codes": sorted(draft.fault_codes),
        "evidence": advising.evidence_of(booking, draft),
        "advice": advice.as_json(),
        "advice_verdict": advice.verdict,
        "against_reason": against,
        "price_basis": draft.price_basis,
        "price_reason": draft.price_reason.strip(),
        "fair_price": _fair_price(booking, draft),
        **_price(booking, draft),
    }


def _price(booking: Booking, draft: Draft) -> dict[str, Any]:
    if draft.price_basis == PriceBasis.ENTERED:
        parts_fen = sum(part.total_fen for part in draft.parts)
        return {
            "labour_fen": draft.labour_fen,
            "parts": [part.as_json() for part in draft.parts],
            "parts_fen": parts_fen,
        }
    quote = pricing.quote(shop=booking.shop, service=draft.service, variant=booking.variant)  # type: ignore[arg-type]
    if quote is None:
        raise NotOfferedError(
            _("Your price list has no price for this on this car. Enter one and say why."), field="labour_fen"
        )
    name = quote.parts_note or quote.offer.service.name
    parts = [Part(name, quantity=Decimal(1), unit_fen=quote.parts_fen)] if quote.parts_fen else []
    return {
        "labour_fen": quote.labour_fen,
        "parts": [part.as_json() for part in parts],
        "parts_fen": quote.parts_fen,
        "labour_minutes": draft.labour_minutes or quote.minutes,
    }


def _fair_price(booking: Booking, draft: Draft) -> dict[str, int] | None:
    if draft.service is None:
        return None
    band = pricing.fair_price(service=draft.service, variant=booking.variant, city=booking.shop.city)
    return {"low_fen": band.low_fen, "high_fen": band.high_fen, "n": band.n} if band else None


def _technician_of(user: User, booking: Booking) -> Resource | None:
    """The technician that this person is at the visit's shop, or else the one whose time the visit claims."""
    mine = Resource.objects.filter(shop=booking.shop_id, technician__user=user).first()
    if mine is not None:
        return mine
    claimed = booking.allocations.filter(resource__technician__isnull=False).select_related("resource")
    first = claimed.order_by("during", "pk").first()
    return first.resource if first else None
