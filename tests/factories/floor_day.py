"""Cars on every stage of the workshop floor, each brought there by the real actions."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from accounts.models import User
from bookings import workshop
from bookings.actions import Actor
from bookings.choices import ActorRole, Decision, DecisionWay, Stage, Urgency, WarrantyScope
from bookings.floor import deciding, lines, progress, quality, warranty
from bookings.floor.deciding import Choice, Voice
from bookings.floor.drafts import Draft, Part
from bookings.floor.lines import Author
from bookings.models import Booking, Line
from shops.choices import Role
from shops.models import Resource

TERMS = warranty.Terms(WarrantyScope.MINOR, 90, 5_000)


def arrive(booking: Booking, *, by: User, at: datetime) -> Booking:
    """Check the car in."""
    return workshop.check_in(booking=booking, odometer_km=58_263, by=by, at=at)


def begin(booking: Booking, *, by: User, at: datetime) -> Booking:
    """Check the car in and begin the work."""
    arrive(booking, by=by, at=at)
    return workshop.start(booking=booking, by=by, at=at)


def stand(booking: Booking, stage: Stage, *, by: User, at: datetime) -> Booking:
    """Say where the car is."""
    return progress.move(booking=booking, to=stage, by=Actor(ActorRole.STAFF, by), at=at)


def ask(booking: Booking, *, by: User, at: datetime, title: str = "前刹车片", fen: int = 42_000) -> Line:
    """Propose a line with one part and send it to the owner."""
    part = Part("刹车片 前", Decimal(1), fen - 12_000, code="5QD 698 151")
    draft = Draft(
        Urgency.RED, TERMS, title=title, labour_fen=12_000, parts=(part,), price_reason="Maker's part", extra_minutes=45
    )
    author = Author(by, Role.ADVISOR)
    line = lines.propose(booking=booking, draft=draft, by=author, at=at)
    lines.send(booking=booking, by=author, at=at)
    return lines.find(booking, line.public_id)


def agree(line: Line, *, by: User, at: datetime) -> Line:
    """The owner says yes on the telephone."""
    voice = Voice(DecisionWay.PHONE, recorded_by=by, role=Role.ADVISOR, spoke_with="林女士")
    booking = Booking.objects.get(pk=line.booking_id)
    deciding.decide(
        booking=booking, choices=[Choice(line.public_id, line.version, Decision.APPROVE)], voice=voice, at=at
    )
    return lines.find(booking, line.public_id)


def await_parts(booking: Booking, *, by: User, at: datetime, on: date | None, title: str = "前刹车片") -> Line:
    """A line was agreed and its parts are missing; the car waits for them."""
    line = agree(ask(booking, by=by, at=at, title=title), by=by, at=at)
    lines.wait_for_parts(line=line, expected_on=on, waits=True, by=by, at=at)
    return lines.find(booking, line.public_id)


def finish(booking: Booking, *, by: User, at: datetime, technician: Resource | None = None) -> Booking:
    """The work is done and waits for a second pair of eyes."""
    return quality.submit(booking=booking, by=by, at=at, technician=technician)


def fail_check(booking: Booking, *, by: User, at: datetime, note: str) -> Booking:
    """The second pair of eyes found something: everything done is to be done again."""
    checklist = {**dict.fromkeys(quality.CHECKLIST, True), "torque": False}
    redo = [line.public_id for line in booking.lines.filter(done_by__isnull=False)]
    return quality.check(booking=booking, checklist=checklist, by=by, at=at, note=note, redo=redo)
