"""What happens to the demo city's cars in the workshop: check-in, inspection, proposals, answers, check, handover."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from accounts.models import User
from bookings import workshop
from bookings.choices import Decision, DecisionWay, Urgency
from bookings.floor import checking_in, deciding, inspecting, lines, quality, warranty
from bookings.floor.checking_in import Sheet
from bookings.floor.deciding import Choice, Voice
from bookings.floor.drafts import Draft
from bookings.floor.inspecting import Reading
from bookings.floor.lines import Author
from bookings.models import Booking, Inspection, Line
from catalog.choices import PointKind
from catalog.models import CheckPoint, Service
from core.errors import Refusal
from o2o_platform.demo import pictures
from shops.choices import Role
from vehicles.models import Car

# What is found, by check point: (worst, best) that a car of some years shows; the rest is in order.
_USUAL = {
    "pad_": (Decimal("3.4"), Decimal("9.5")),
    "tread_": (Decimal("2.9"), Decimal("7.2")),
    "disc_front_min": (Decimal("21.0"), Decimal("21.0")),
    "disc_rear_min": (Decimal("8.0"), Decimal("8.0")),
    "disc_front": (Decimal("22.4"), Decimal("23.8")),
    "disc_rear": (Decimal("8.6"), Decimal("9.8")),
    "brake_fluid_water": (Decimal("0.6"), Decimal("2.6")),
    "battery_rest": (Decimal("12.3"), Decimal("12.8")),
    "battery_cca": (Decimal(66), Decimal(104)),
    "coolant_freezing": (Decimal(-38), Decimal(-27)),
    "hv_soh": (Decimal(88), Decimal(98)),
    "hv_cell_spread": (Decimal(8), Decimal(28)),
    "hv_temperature_spread": (Decimal(1), Decimal(4)),
    "hv_insulation": (Decimal(1800), Decimal(5000)),
}


def receive(booking: Booking, *, km: int, by: User, at: datetime, rng: Random) -> Booking:
    """Check a car in with its sheet; the owner confirms it."""
    is_battery = booking.variant.powertrain == "bev"
    level = rng.choice((25, 50, 50, 75))
    sheet = Sheet(
        odometer_km=km,
        plate=booking.plate,
        fuel_percent=None if is_battery else level,
        charge_percent=level if is_battery else None,
        owner_words=booking.owner_note,
    )
    checking_in.write_sheet(booking=booking, sheet=sheet, by=by, at=at)
    booking.refresh_from_db()
    return booking


def inspect(
    booking: Booking, *, by: User, at: datetime, rng: Random, found: dict[str, Reading] | None = None
) -> Inspection | None:
    """A 30-point inspection with what such cars usually show; `found` says what was found at some points. None where
    the catalogue has no template for the car."""
    template = {"bev": "thirty_point_bev", "hev": "full_hybrid"}.get(booking.variant.powertrain, "thirty_point")
    if booking.variant.powertrain in ("phev", "erev"):
        template = "full_plug_in"
    inspection = inspecting.start(booking=booking, template_key=template, by=by, at=at)
    for point in inspecting.points_of(inspection):
        reading = (found or {}).get(point.key) or _reading(point, rng, at)
        item = inspecting.record(inspection=inspection, point_key=point.key, reading=reading, by=by, at=at)
        if point.needs_photo and item.tone == Urgency.RED:
            picture = pictures.tread(str(item.value)) if "tread" in point.key else pictures.pad(f"{item.value:.1f}")
            inspecting.add_photos(inspection=inspection, point_key=point.key, cleaned=[picture], by=by, at=at)
    return inspecting.finish(inspection=inspection, by=by, at=at)


def _reading(point: CheckPoint, rng: Random, at: datetime) -> Reading:
    if point.kind == PointKind.LOOK:
        return Reading(look="yellow" if rng.random() < 0.06 else "green")
    if point.kind == PointKind.CODES:
        return Reading(codes=[])
    if point.kind == PointKind.DATE:
        return Reading(value=f"{rng.randint(10, 45)}{(at.year - rng.randint(1, 4)) % 100:02d}")
    usual = next((span for key, span in _USUAL.items() if point.key.startswith(key)), None)
    if usual is None:
        return Reading(unmeasurable="Gauge in use")
    low, high = usual
    step = Decimal(1).scaleb(-point.decimals)
    value = (low + (high - low) * Decimal(str(round(rng.random(), 3)))).quantize(step)
    return Reading(value=format(min(max(value, point.lowest), point.highest), "f"))


def draft_of(booking: Booking, key: str, urgency: Urgency, *, against: str = "", extra_minutes: int = 45) -> Draft:
    """A proposal of one of the shop's services at its list price."""
    service = Service.objects.get(key=key)
    terms = warranty.terms(service, booking.shop)
    return Draft(urgency, terms, service=service, against_reason=against, extra_minutes=extra_minutes)


def propose(booking: Booking, draft: Draft, *, by: User, role: str, at: datetime) -> Line | None:
    """Propose a line; a shop that does not offer it on this car does not."""
    try:
        return lines.propose(booking=booking, draft=draft, by=Author(by, role), at=at)
    except Refusal:
        return None


# What shops like to add: key, urgency, and how the honest ones go about it (only what was found).
_EXTRAS = ("cabin_filter", "engine_air_filter", "throttle_clean", "brake_fluid", "wheel_alignment", "ac_clean")


def add_work(booking: Booking, *, by: User, at: datetime, rng: Random) -> None:
    """Some shops find more to do; owners approve what is needed more often than what is not."""
    if booking.owner is None or rng.random() > 0.55:
        return
    reason = "Customer of ours for years, we always do it together"
    draft = draft_of(booking, rng.choice(_EXTRAS), Urgency.YELLOW, against=reason, extra_minutes=20)
    role = Role.TECHNICIAN if rng.random() < 0.5 else Role.ADVISOR
    line = propose(booking, draft, by=by, role=role, at=at)
    if line is None:
        return
    lines.send(booking=booking, by=Author(by, role), at=at)
    is_needed = line.current.advice_verdict in ("due_now", "justified", "unknown")
    decision = Decision.APPROVE if rng.random() < (0.8 if is_needed else 0.25) else Decision.DECLINE
    deciding.decide(
        booking=booking,
        choices=[Choice(line.public_id, line.version, decision)],
        voice=Voice(DecisionWay.ACCOUNT, owner=booking.owner),
        at=at + timedelta(minutes=rng.randint(2, 9)),
    )


def finish(booking: Booking, *, by: User, checked_by: User, at: datetime) -> Booking:
    """The work is done and somebody else has looked it over."""
    quality.submit(booking=booking, by=by, at=at)
    checklist = dict.fromkeys(quality.CHECKLIST, True)
    return quality.check(booking=booking, checklist=checklist, by=checked_by, at=at + timedelta(minutes=3))


@dataclass(frozen=True)
class Hands:
    """Who does the work, and who looks it over."""

    worker: User
    checker: User


def run_through(
    booking: Booking, *, car: Car, km: int, hands: Hands, rng: Random, found: dict[str, Reading]
) -> Booking:
    """A visit of long ago from check-in to handover, with its inspection, at the times that were planned."""
    at, by = booking.starts_at, hands.worker
    receive(booking, km=km, by=by, at=at, rng=rng)
    checking_in.confirm(booking=booking, way=DecisionWay.ACCOUNT, by=car.owner, at=at + timedelta(minutes=4))
    inspect(booking, by=by, at=at + timedelta(minutes=9), rng=rng, found=found)
    workshop.start(booking=booking, by=by, at=at + timedelta(minutes=12))
    booking = finish(booking, by=by, checked_by=hands.checker, at=booking.ends_at - timedelta(minutes=6))
    return workshop.hand_over(booking=booking, by=hands.checker, at=booking.ends_at + timedelta(minutes=15))
