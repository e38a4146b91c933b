"""What owners do to a visit: hold a slot, confirm it, move it, cancel it. The shop's side is `bookings.workshop`.

Every write locks the booking's row, checks, changes, writes a BookingEvent and an outbox event, in one transaction.
Instants are UTC. The outbox topics are `booking.<event kind>`, the key is the booking's public id.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings import availability, claims
from bookings.choices import OUTCOMES, TRANSITIONS, ActorRole, EventKind, Source, Status
from bookings.errors import (
    HoldExpiredError,
    OutOfRadiusError,
    SlotTakenError,
    SlotUnavailableError,
    TooLateError,
    WrongStatusError,
)
from bookings.jobs import Job, QuotedJob, claimed_range, need_of_booking
from bookings.models import Booking, BookingEvent
from core import outbox
from core.errors import InvalidInput
from core.geo import distance_m
from shops.models import Shop
from vehicles.models import Car

# Holds that one person or browser can have at once over all shops; one per shop besides.
MAX_HOLDS = 3


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something to a visit, and as what."""

    role: ActorRole
    user: User | None = None


SYSTEM = Actor(ActorRole.SYSTEM)


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose hold it is: a signed-in person's, or a browser's until its owner signs in."""

    user: User | None
    visitor_key: str = ""

    def owns(self, booking: Booking) -> bool:
        """Whether the visit is this person's, or a hold made in this browser before signing in."""
        if booking.owner_id is not None:
            return self.user is not None and booking.owner_id == self.user.pk
        return bool(self.visitor_key) and secrets.compare_digest(booking.visitor_key, self.visitor_key)


@dataclass(frozen=True, slots=True)
class VisitPlace:
    """Where an on-site team is asked to come (WGS-84 degrees)."""

    address: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """A certain bay or technician (resource ids); None where any will do."""

    bay: int | None = None
    technician: int | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    """Who brings the car, and what they want to say."""

    name: str = ""
    phone: str = ""
    plate: str = ""
    note: str = ""


def hold(*, job: Job, starts_at: datetime, holder: Holder, at: datetime, place: VisitPlace | None = None) -> Booking:
    """Hold a slot for `shop.hold_minutes` and freeze price, predicted end and cancellation terms on it.

    A person has one hold at a shop: an earlier one there is given up in the same transaction. Raises NotOfferedError,
    OutOfRadiusError, SlotUnavailableError (with its reason) or SlotTakenError, the last two with the nearest slots.
    """
    quoted = job.quoted()
    _check_place(job.shop, place)
    try:
        return _hold(quoted, starts_at, holder, at, place)
    except SlotTakenError as refusal:
        raise refusal.offer(availability.nearest(shop=job.shop, need=quoted.need, wanted=starts_at, at=at)) from None


@transaction.atomic
def _hold(quoted: QuotedJob, starts_at: datetime, holder: Holder, at: datetime, place: VisitPlace | None) -> Booking:
    shop, need = quoted.job.shop, quoted.need
    _one_at_a_time(holder)
    claims.remove_lapsed(shop=shop, at=at)
    _give_up_other_holds(holder=holder, shop=shop, at=at)
    free = availability.candidates(shop=shop, need=need, starts_at=starts_at, at=at)
    if free.reason:
        raise SlotUnavailableError(free.reason)
    expires_at = at + timedelta(minutes=shop.hold_minutes)
    booking = Booking.objects.create(
        **quoted.terms(starts_at),
        owner=holder.user,
        visitor_key=holder.visitor_key,
        status=Status.HELD,
        source=Source.ONLINE,
        hold_expires_at=expires_at,
        visit_address=place.address if place else "",
        visit_latitude=place.latitude if place else None,
        visit_longitude=place.longitude if place else None,
    )
    claims.claim(booking=booking, free=free, during=claimed_range(starts_at, need), held_until=expires_at)
    record(booking=booking, kind=EventKind.HELD, by=Actor(ActorRole.OWNER, holder.user), at=at)
    return booking


@transaction.atomic
def confirm(*, booking: Booking, by: User, holder: Holder, contact: Contact, car: Car | None, at: datetime) -> Booking:
    """Turn a hold into a booking of `by`. Idempotent: confirming one's confirmed visit again changes nothing.

    Raises HoldExpiredError after the hold's time (a hold is never extended), WrongStatusError from any other state.
    Side effects: the claims stand for good; event and outbox `booking.confirmed` (which sends the confirmation).
    """
    booking = locked(booking)
    if not holder.owns(booking):
        raise WrongStatusError
    if booking.status == Status.CONFIRMED:
        return booking
    if booking.status == Status.EXPIRED or (booking.status == Status.HELD and booking.hold_expires_at <= at):  # type: ignore[operator]
        raise HoldExpiredError
    if car is not None and (car.owner_id != by.pk or car.variant_id != booking.variant_id):
        raise InvalidInput(_("The price was made for another car: choose the time again for this one."), field="car")
    booking.allocations.update(held_until=None)
    return transition(
        booking=booking,
        kind=EventKind.CONFIRMED,
        by=Actor(ActorRole.OWNER, by),
        at=at,
        changes={
            "owner": by,
            "car": car,
            "contact_name": contact.name,
            "contact_phone": contact.phone,
            "plate": contact.plate or (car.plate if car else ""),
            "owner_note": contact.note,
            "confirmed_at": at,
        },
    )


def reschedule(
    *,
    booking: Booking,
    starts_at: datetime,
    by: Actor,
    at: datetime,
    wanted: Wanted = Wanted(),
) -> Booking:
    """Move a confirmed visit to another start. The old slot is kept until the new one is won: on any refusal
    nothing has changed.

    `wanted` asks for a certain bay or technician (the shop's board). Owners are bound by lead time, window and grid and
    must ask before the visit starts (TooLateError); staff and platform are bound by hours and claims only.
    Raises SlotUnavailableError or SlotTakenError with the nearest slots, WrongStatusError.
    """
    try:
        return _reschedule(booking, starts_at, by, at, wanted)
    except SlotTakenError as refusal:
        need = need_of_booking(booking)
        raise refusal.offer(availability.nearest(shop=booking.shop, need=need, wanted=starts_at, at=at)) from None


@transaction.atomic
def _reschedule(booking: Booking, starts_at: datetime, by: Actor, at: datetime, wanted: Wanted) -> Booking:
    booking = locked(booking)
    staff = by.role in (ActorRole.STAFF, ActorRole.PLATFORM)
    if booking.status != Status.CONFIRMED:
        raise WrongStatusError
    if not staff and booking.starts_at <= at:
        raise TooLateError
    claims.remove_lapsed(shop=booking.shop, at=at)
    need = need_of_booking(booking)
    free = availability.candidates(
        shop=booking.shop, need=need, starts_at=starts_at, at=at, ignore_booking=booking.pk, staff=staff
    )
    free = free.narrowed(bay=wanted.bay, technician=wanted.technician)
    if free.reason:
        raise SlotUnavailableError(free.reason)
    before = {"starts_at": booking.starts_at.isoformat(), "resources": resource_ids(booking)}
    # In one transaction: if the new claim fails, the rollback brings the old claims back.
    claims.release(booking)
    claims.claim(booking=booking, free=free, during=claimed_range(starts_at, need))
    moved = booking.starts_at != starts_at
    booking.free_cancel_until += starts_at - booking.starts_at
    booking.ends_at = starts_at + timedelta(minutes=need.minutes)
    booking.starts_at = starts_at
    local = starts_at.astimezone(booking.zone)
    booking.local_date, booking.local_time = local.date(), local.time()
    booking.revision += 1
    booking.save(update_fields=["starts_at", "ends_at", "free_cancel_until", "local_date", "local_time", "revision"])
    after = {"starts_at": starts_at.isoformat(), "resources": resource_ids(booking)}
    kind = EventKind.RESCHEDULED if moved else EventKind.REASSIGNED
    record(booking=booking, kind=kind, by=by, at=at, data={"before": before, "after": after})
    return booking


@transaction.atomic
def cancel(*, booking: Booking, by: Actor, at: datetime, reason: str = "") -> Booking:
    """Cancel a hold or a visit that has not begun; its bay and technician are free at once. Idempotent.

    Owners can cancel until the visit starts (TooLateError after that); whether it was late (past `free_cancel_until`)
    is kept in the event. Raises WrongStatusError once the car is in the shop's work.
    """
    booking = locked(booking)
    if booking.status == Status.CANCELLED:
        return booking
    if by.role == ActorRole.OWNER and booking.status != Status.HELD and booking.starts_at <= at:
        raise TooLateError
    claims.release(booking)
    return transition(
        booking=booking,
        kind=EventKind.CANCELLED,
        by=by,
        at=at,
        changes={"cancelled_at": at},
        reason=reason,
        data={"late": at > booking.free_cancel_until},
    )


@transaction.atomic
def expire_holds(*, at: datetime) -> int:
    """Tidy up lapsed holds everywhere (claims ignore them anyway). Returns how many."""
    shops = Shop.objects.filter(bookings__in=Booking.objects.lapsed(at=at)).distinct().order_by("pk")
    return sum(claims.remove_lapsed(shop=shop, at=at) for shop in shops)


# --- The door through which every status goes ------------------------------------------------------


def transition(  # noqa: PLR0913  (one door: what, who, when, and what to write down)
    *,
    booking: Booking,
    kind: EventKind,
    by: Actor,
    at: datetime,
    changes: dict[str, Any] | None = None,
    reason: str = "",
    data: dict[str, Any] | None = None,
) -> Booking:
    """Change the status of a booking whose row is locked to the outcome of `kind`, if `TRANSITIONS` allows it (else
    WrongStatusError).

    Saves `changes` with it, counts the revision, writes the BookingEvent and the outbox event.
    """
    to = OUTCOMES[kind]
    if to not in TRANSITIONS[booking.status]:
        raise WrongStatusError
    before, booking.status = booking.status, to
    booking.revision += 1
    for name, value in (changes or {}).items():
        setattr(booking, name, value)
    booking.save(update_fields=["status", "revision", *(changes or {})])
    record(booking=booking, kind=kind, by=by, at=at, before=before, reason=reason, data=data)
    return booking


def record(  # noqa: PLR0913  (the columns of an event)
    *,
    booking: Booking,
    kind: EventKind,
    by: Actor,
    at: datetime,
    before: str = "",
    reason: str = "",
    data: dict[str, Any] | None = None,
) -> None:
    """Write down what happened to a visit, for people (BookingEvent) and for other rooms (outbox)."""
    BookingEvent.objects.create(
        booking=booking,
        at=at,
        kind=kind,
        actor=by.user,
        actor_role=by.role,
        from_status=before,
        to_status=booking.status,
        reason=reason,
        data=data or {},
    )
    outbox.emit(topic=f"booking.{kind}", key=booking.public_id, at=at)


# --- Parts ------------------------------------------------------------------------------------------


def locked(booking: Booking) -> Booking:
    """The booking's row as it is now, locked until the transaction ends."""
    rows = Booking.objects.select_related("shop__city", "service", "variant__model__make", "car")
    return rows.select_for_update(of=("self",)).get(pk=booking.pk)


def resource_ids(booking: Booking) -> list[int]:
    """Ids of the bay and the technician that the visit claims."""
    return list(booking.allocations.order_by("resource_id").values_list("resource_id", flat=True))


def _check_place(shop: Shop, place: VisitPlace | None) -> None:
    if not shop.is_on_site:
        return
    if place is None or not place.address.strip():
        raise InvalidInput(_("Say where the team should come."), field="visit_address")
    away_m = distance_m(shop.latitude, shop.longitude, place.latitude, place.longitude)
    if away_m > (shop.service_radius_km or 0) * 1000:
        raise OutOfRadiusError(field="visit_address")


def _one_at_a_time(holder: Holder) -> None:
    """Two holds of one person or browser come one after the other, else neither would see the other's and both stay.

    Taken before any row, so that nobody waits for it with something locked.
    """
    whose = f"user {holder.user.pk}" if holder.user else f"visitor {holder.visitor_key}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"bookings.hold {whose}"])


def _give_up_other_holds(*, holder: Holder, shop: Shop, at: datetime) -> None:
    """One hold for each person and shop, `MAX_HOLDS` in all: the oldest are given up."""
    mine = Booking.objects.filter(status=Status.HELD).order_by("-created_at", "-pk")
    mine = mine.filter(owner=holder.user) if holder.user else mine.of_visitor(visitor_key=holder.visitor_key)
    held = list(mine.select_for_update(skip_locked=True, of=("self",)))
    elsewhere = [booking for booking in held if booking.shop_id != shop.pk]
    for booking in [b for b in held if b.shop_id == shop.pk] + elsewhere[MAX_HOLDS - 1 :]:
        cancel(booking=booking, by=SYSTEM, at=at, reason="replaced by another hold")
