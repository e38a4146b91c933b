"""What owners do to a visit: hold a slot, confirm it, move it, cancel it. The shop's side is `bookings.workshop`.

Every write locks the booking's row, checks, changes, writes a BookingEvent and an outbox event, in one transaction.
Instants are UTC. The outbox topics are `booking.<event kind>`, the key is the booking's public id.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings import rules
from bookings.choices import IN_SHOP, OUTCOMES, TRANSITIONS, ActorRole, EventKind, Source, Stage, Status
from bookings.engine import availability, claims, repack, visit_rows
from bookings.engine.availability import Placement
from bookings.engine.jobs import Job, QuotedJob, discount_of, plan_of
from bookings.engine.phases import Plan
from bookings.errors import (
    FeeChangedError,
    HoldExpiredError,
    SlotTakenError,
    SlotUnavailableError,
    TooLateError,
    WrongStatusError,
)
from bookings.models import Booking, BookingEvent
from bookings.money import terms, visit_orders
from bookings.querysets import BookingQuerySet
from core import outbox
from core.errors import InvalidInput
from shops.choices import Confirmation
from shops.models import Shop
from vehicles.models import Car

# An event tells why in a line; who wrote more keeps it where it belongs (a quality check its note).
MAX_REASON = 200
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
class Wanted:
    """A certain bay or technician (resource ids), None where any will do; `others` are advisors and loaner cars."""

    bay: int | None = None
    technician: int | None = None
    others: tuple[int, ...] = ()

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(pk for pk in (self.bay, self.technician, *self.others) if pk is not None)


@dataclass(frozen=True, slots=True)
class Contact:
    """Who brings the car, and what they want to say."""

    name: str = ""
    phone: str = ""
    plate: str = ""
    note: str = ""


def hold(*, job: Job, starts_at: datetime, holder: Holder, at: datetime) -> Booking:
    """Hold a slot for `shop.hold_minutes` and freeze prices, phases, predicted end and cancellation terms on it.

    A person has one hold at a shop: an earlier one there is given up in the same transaction. Raises NotOfferedError,
    OutOfRadiusError, SlotUnavailableError (with its reason) or SlotTakenError, the last two with the nearest slots.
    """
    quoted = job.quoted()
    job.check_address()
    with offering_nearest(job.shop, quoted.plan, starts_at, at):
        return _hold(quoted, starts_at, holder, at)


@contextmanager
def offering_nearest(shop: Shop, plan: Plan, wanted: datetime, at: datetime) -> Iterator[None]:
    """Put the nearest slots on a refusal of the start that is wanted."""
    try:
        yield
    except SlotTakenError as refusal:
        raise refusal.offer(availability.nearest(shop=shop, plan=plan, wanted=wanted, at=at)) from None


@transaction.atomic
def _hold(quoted: QuotedJob, starts_at: datetime, holder: Holder, at: datetime) -> Booking:
    shop = quoted.job.shop
    _one_at_a_time(holder)
    claims.lock_team(shop, *(held.shop for held in _holds_of(holder).select_related("shop")))
    claims.remove_lapsed(shop=shop, at=at)
    _give_up_other_holds(holder=holder, shop=shop, at=at)
    expires_at = at + timedelta(minutes=shop.hold_minutes)
    return open_visit(
        quoted=quoted,
        starts_at=starts_at,
        at=at,
        by=Actor(ActorRole.OWNER, holder.user),
        kind=EventKind.HELD,
        owner=holder.user,
        visitor_key=holder.visitor_key,
        status=Status.HELD,
        source=Source.ONLINE,
        hold_expires_at=expires_at,
    )


def open_visit(
    *,
    quoted: QuotedJob,
    starts_at: datetime,
    at: datetime,
    by: Actor,
    kind: EventKind,
    wanted: Wanted = Wanted(),
    **fields: Any,
) -> Booking:
    """Create a visit in the status of `fields` with everything agreed frozen on it, its services and its claims.

    The one way in which visits come to be; call inside a transaction, with lapsed holds removed. Staff are bound by
    hours and claims only. Raises SlotUnavailableError or SlotTakenError with nothing created.
    """
    shop, staff = quoted.job.shop, by.role == ActorRole.STAFF
    placed = repack.placement(shop=shop, plan=quoted.plan, starts_at=starts_at, at=at, staff=staff)
    placed = placed.narrowed(wanted.ids)
    if placed.reason:
        raise SlotUnavailableError(placed.reason)
    booking = Booking(**quoted.terms(starts_at, placed), **fields)
    visit_rows.insert(booking, quoted.booked_services(booking), at=at)
    claims.claim(booking=booking, placed=placed, held_until=fields.get("hold_expires_at"), pinned=wanted.ids)
    record(booking=booking, kind=kind, by=by, at=at)
    return booking


@transaction.atomic
def confirm(*, booking: Booking, by: User, holder: Holder, contact: Contact, car: Car | None, at: datetime) -> Booking:
    """Turn a hold into a booking of `by`, or into a request where the shop answers each one by hand.

    Where a deposit is asked online and not paid yet, the visit stays held for it, `terms.PAY_WITHIN` from now and once
    only; `bookings.money.paying` books it when the deposit has come.

    Idempotent: confirming one's confirmed or requested visit again changes nothing. Raises HoldExpiredError after the
    hold's time, WrongStatusError from any other state. Side effects: the claims stand for good, or until the shop must
    have answered; event and outbox `booking.confirmed`, `booking.requested` or (deposit awaited) `booking.held`.
    """
    booking = locked(booking)
    if not holder.owns(booking):
        raise WrongStatusError
    if booking.status in (Status.CONFIRMED, Status.REQUESTED):
        return booking
    if booking.status == Status.EXPIRED or (booking.status == Status.HELD and booking.hold_expires_at <= at):  # type: ignore[operator]
        raise HoldExpiredError
    _check_car(car, by, booking.variant_id)
    whose, actor = _whose(by, contact, car), Actor(ActorRole.OWNER, by)
    if terms.asks_deposit(booking) and booking.status == Status.HELD and not visit_orders.has_deposit(booking):
        return _await_deposit(booking, whose, actor, at)
    return say_yes(booking=booking, by=actor, at=at, changes=whose)


def say_yes(*, booking: Booking, by: Actor, at: datetime, changes: dict[str, Any] | None = None) -> Booking:
    """Turn a locked hold into a booking, or a request where the shop answers by hand, with `changes` saved on it."""
    kind, word = _word_on(booking.shop, booking.starts_at, at)
    booking.allocations.update(held_until=word.get("hold_expires_at"))
    return transition(booking=booking, kind=kind, by=by, at=at, changes={**(changes or {}), **word})


def _await_deposit(booking: Booking, whose: dict[str, Any], by: Actor, at: datetime) -> Booking:
    """Keep what the owner said on a locked hold, and open its order; the first time the hold is lengthened for it."""
    changes = dict(whose)
    for name, value in whose.items():
        setattr(booking, name, value)
    if not visit_orders.has_order(booking):
        # A payment cannot be waited for when the visit begins.
        until = max(booking.hold_expires_at or at, min(at + terms.PAY_WITHIN, booking.starts_at))
        booking.hold_expires_at = changes["hold_expires_at"] = until
        booking.allocations.update(held_until=until)
    visit_orders.ensure(booking, at=at)
    visit_orders.follow(booking, at=at)
    booking.revision += 1
    booking.save(update_fields=[*changes, "revision"])
    record(booking=booking, kind=EventKind.HELD, by=by, at=at, before=booking.status, data={"awaits": "deposit"})
    return booking


def book(*, job: Job, starts_at: datetime, by: User, contact: Contact, car: Car | None, at: datetime) -> Booking:
    """Book a slot in one step, without holding it first, for who has everything at hand.

    Where a deposit is asked online it is held until that is paid. Raises what `hold` and `confirm` raise. Side effects:
    those of `confirm`.
    """
    quoted = job.quoted()
    job.check_address()
    _check_car(car, by, job.variant.pk)
    if job.shop.deposit_percent and terms.is_online():
        return _hold_for_deposit(quoted, starts_at, by, contact, car, at)
    with offering_nearest(job.shop, quoted.plan, starts_at, at), transaction.atomic():
        claims.lock_team(job.shop)
        claims.remove_lapsed(shop=job.shop, at=at)
        kind, word = _word_on(job.shop, starts_at, at)
        return open_visit(
            quoted=quoted,
            starts_at=starts_at,
            at=at,
            by=Actor(ActorRole.OWNER, by),
            kind=kind,
            status=OUTCOMES[kind],
            source=Source.ONLINE,
            **_whose(by, contact, car),
            **word,
        )


def _hold_for_deposit(
    quoted: QuotedJob, starts_at: datetime, by: User, contact: Contact, car: Car | None, at: datetime
) -> Booking:
    with offering_nearest(quoted.job.shop, quoted.plan, starts_at, at), transaction.atomic():
        booking = _hold(quoted, starts_at, Holder(by), at)
        return confirm(booking=booking, by=by, holder=Holder(by), contact=contact, car=car, at=at)


def _check_car(car: Car | None, by: User, variant_id: int) -> None:
    if car is not None and (car.owner_id != by.pk or car.variant_id != variant_id):
        raise InvalidInput(_("The price was made for another car: choose the time again for this one."), field="car")


def _word_on(shop: Shop, starts_at: datetime, at: datetime) -> tuple[EventKind, dict[str, Any]]:
    """What an owner's yes makes of a visit: booked at once, or asked until the shop must have answered."""
    if shop.confirmation == Confirmation.INSTANT:
        return EventKind.CONFIRMED, {"confirmed_at": at}
    # A visit cannot be waiting for its answer when it begins.
    return EventKind.REQUESTED, {"hold_expires_at": min(at + timedelta(minutes=shop.answer_minutes), starts_at)}


def _whose(by: User, contact: Contact, car: Car | None) -> dict[str, Any]:
    return {
        "owner": by,
        "car": car,
        "contact_name": contact.name,
        "contact_phone": contact.phone,
        "plate": contact.plate or (car.plate if car else ""),
        "owner_note": contact.note,
    }


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
    must ask before the visit starts (TooLateError); staff and platform are bound by hours and claims only. The price
    agreed stays; the off-peak discount is the new hour's, and where the shop moves the visit at least the old one.
    Raises SlotUnavailableError or SlotTakenError with the nearest slots, WrongStatusError.
    """
    with offering_nearest(booking.shop, plan_of(booking), starts_at, at):
        return _reschedule(booking, starts_at, by, at, wanted)


@transaction.atomic
def _reschedule(booking: Booking, starts_at: datetime, by: Actor, at: datetime, wanted: Wanted) -> Booking:
    booking = locked(booking)
    _check_movable(booking, by, at)
    claims.remove_lapsed(shop=booking.shop, at=at)
    placed = repack.placement(
        shop=booking.shop,
        plan=plan_of(booking),
        starts_at=starts_at,
        at=at,
        ignore=[booking.pk],
        staff=_is_bound_by_hours_only(by),
    )
    before, pins = place_of(booking), _pins(booking)
    _take_place(booking, starts_at, placed.narrowed(wanted.ids), by, at, {*wanted.ids, *pins})
    kind = EventKind.RESCHEDULED if before["starts_at"] != starts_at.isoformat() else EventKind.REASSIGNED
    record(booking=booking, kind=kind, by=by, at=at, data={"before": before, "after": place_of(booking)})
    return booking


@transaction.atomic
def swap(*, booking: Booking, other: Booking, by: Actor, at: datetime) -> tuple[Booking, Booking]:
    """Let two confirmed visits of one shop change their start times. Either both move or neither.

    Raises InvalidInput for two of different shops or one and the same, SlotUnavailableError or SlotTakenError when one
    does not fit where the other was, WrongStatusError. Events `booking.swapped` on both.
    """
    if booking.pk == other.pk or booking.shop_id != other.shop_id:
        raise InvalidInput(_("Choose another visit of this shop."), field="other")
    with transaction.atomic():
        # Ascending: two who swap the same visits cannot wait for each other.
        rows = {row.pk: row for row in (locked(visit) for visit in sorted((booking, other), key=lambda b: b.pk))}
        one, two = rows[booking.pk], rows[other.pk]
        for visit in (one, two):
            _check_movable(visit, by, at)
        claims.remove_lapsed(shop=one.shop, at=at)
        before = {visit.pk: (place_of(visit), _pins(visit)) for visit in (one, two)}
        starts = {one.pk: two.starts_at, two.pk: one.starts_at}
        for visit in (one, two):
            claims.release(visit, at=at)
        for visit in (one, two):
            place, pins = before[visit.pk]
            _swap_one(visit, starts[visit.pk], by, at, pins)
            data = {"before": place, "after": place_of(visit)}
            record(booking=visit, kind=EventKind.SWAPPED, by=by, at=at, data=data)
    return one, two


def _swap_one(visit: Booking, starts_at: datetime, by: Actor, at: datetime, pins: set[int]) -> None:
    staff = _is_bound_by_hours_only(by)
    placed = repack.placement(shop=visit.shop, plan=plan_of(visit), starts_at=starts_at, at=at, staff=staff)
    _take_place(visit, starts_at, placed, by, at, pins)


def _pins(booking: Booking) -> set[int]:
    """Who was chosen by hand for a visit (resource ids): they keep it wherever it goes, if they are free then."""
    return set(booking.allocations.filter(is_pinned=True).values_list("resource_id", flat=True))


def _check_movable(booking: Booking, by: Actor, at: datetime) -> None:
    if booking.status != Status.CONFIRMED:
        raise WrongStatusError
    if not _is_bound_by_hours_only(by) and booking.starts_at <= at:
        raise TooLateError


def _is_bound_by_hours_only(by: Actor) -> bool:
    return by.role in (ActorRole.STAFF, ActorRole.PLATFORM)


def _take_place(
    booking: Booking, starts_at: datetime, placed: Placement, by: Actor, at: datetime, pins: set[int]
) -> None:
    """Give a locked visit its new time and claims. In one transaction: a rollback brings the old ones back."""
    if placed.reason:
        raise SlotUnavailableError(placed.reason)
    claims.release(booking, at=at)
    local = starts_at.astimezone(booking.zone)
    discount_fen = discount_of(booking.labour_fen, placed.discount_percent)
    if by.role != ActorRole.OWNER:
        discount_fen = max(discount_fen, booking.discount_fen)
    if by.role != ActorRole.OWNER or not rules.is_late_to_cancel(booking, at=at):
        # Who moves a visit after the free time does not win a new one (docs/rules/cancellation.md).
        booking.free_cancel_until += starts_at - booking.starts_at
    booking.starts_at, booking.ends_at = starts_at, placed.ends_at  # type: ignore[assignment]
    booking.local_date, booking.local_time = local.date(), local.time()
    booking.discount_fen = discount_fen
    booking.deposit_fen = min(booking.deposit_fen, booking.total_fen)
    booking.revision += 1
    booking.save(update_fields=[*_PLACE_FIELDS, "discount_fen", "deposit_fen", "revision"])
    claims.claim(booking=booking, placed=placed.preferring(pins), pinned=pins)
    visit_orders.follow(booking, at=at)


_PLACE_FIELDS = ("starts_at", "ends_at", "local_date", "local_time", "free_cancel_until")


@transaction.atomic
def cancel(
    *, booking: Booking, by: Actor, at: datetime, reason: str = "", expected_fee_fen: int | None = None
) -> Booking:
    """Cancel a hold, a request or a visit that has not begun; everything it claimed is free at once. Idempotent.

    Owners can cancel until the visit starts (TooLateError after that) and owe `rules.cancel_fee_fen`; a shop or the
    platform that cancels costs nobody anything. `expected_fee_fen` is what the owner was told: FeeChangedError if it is
    something else by now. Raises WrongStatusError once the car is in the shop's work. What was paid above the fee goes
    back (`visit_orders.call_off`).
    """
    booking = locked(booking)
    if booking.status == Status.CANCELLED:
        return booking
    has_begun = booking.status in IN_SHOP or (booking.status == Status.CONFIRMED and booking.starts_at <= at)
    if by.role == ActorRole.OWNER and has_begun:
        raise TooLateError
    fee_fen = rules.cancel_fee_fen(booking, at=at) if by.role == ActorRole.OWNER else 0
    if expected_fee_fen is not None and fee_fen != expected_fee_fen:
        raise FeeChangedError(fee_fen)
    claims.release(booking, at=at)
    transition(
        booking=booking,
        kind=EventKind.CANCELLED,
        by=by,
        at=at,
        changes={"stage": Stage.NONE, "cancelled_at": at, "fee_fen": fee_fen},
        reason=reason,
        data={"late": at > booking.free_cancel_until, "fee_fen": fee_fen},
    )
    visit_orders.call_off(booking, at=at)
    return booking


def expire_holds(*, at: datetime) -> int:
    """Tidy up lapsed holds everywhere (claims ignore them anyway), each shop in a transaction. Returns how many."""
    shops = Shop.objects.filter(pk__in=Booking.objects.lapsed(at=at).values("shop")).select_related("city")
    return sum(_expire_holds_at(shop, at) for shop in shops.order_by("pk"))


@transaction.atomic
def _expire_holds_at(shop: Shop, at: datetime) -> int:
    return claims.remove_lapsed(shop=shop, at=at)


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
    event = BookingEvent(
        booking=booking,
        at=at,
        kind=kind,
        actor=by.user,
        actor_role=by.role,
        from_status=before,
        to_status=booking.status,
        reason=reason[:MAX_REASON],
        data=data or {},
    )
    visit_rows.insert_event(event)
    outbox.emit(topic=f"booking.{kind}", key=booking.public_id, at=at)


# --- Parts ------------------------------------------------------------------------------------------


def locked(booking: Booking) -> Booking:
    """The booking's row as it is now, locked until the transaction ends; of an on-site team's visit its whole day.

    The team before the row: who makes the team's drives anew writes claims of other visits too. The lock lets claims
    and events that point to the row be written (FOR NO KEY UPDATE).
    """
    claims.lock_team(booking.shop)
    # Not with `car`: whoever waits for the row gets it as it is then, but what is joined to it as it was before, so a
    # car that was named meanwhile would look like none. It is read when it is asked for, which is under the lock.
    rows = Booking.objects.select_related("shop__city", "service", "variant__model__make")
    return rows.select_for_update(of=("self",), no_key=True).get(pk=booking.pk)


def resource_ids(booking: Booking) -> list[int]:
    """Ids of everything that the visit claims, each once."""
    claimed = booking.allocations.order_by("resource_id").values_list("resource_id", flat=True)
    return list(claimed.distinct())


def place_of(booking: Booking) -> dict[str, Any]:
    """Start and resources of a visit, as events keep them."""
    return {"starts_at": booking.starts_at.isoformat(), "resources": resource_ids(booking)}


def _one_at_a_time(holder: Holder) -> None:
    """Two holds of one person or browser come one after the other, else neither would see the other's and both stay.

    Taken before any row, so that nobody waits for it with something locked.
    """
    whose = f"user {holder.user.pk}" if holder.user else f"visitor {holder.visitor_key}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"bookings.hold {whose}"])


def _holds_of(holder: Holder) -> BookingQuerySet:
    held = Booking.objects.filter(status=Status.HELD)
    return held.filter(owner=holder.user) if holder.user else held.of_visitor(visitor_key=holder.visitor_key)


def _give_up_other_holds(*, holder: Holder, shop: Shop, at: datetime) -> None:
    """One hold for each person and shop, `MAX_HOLDS` in all: the oldest are given up."""
    mine = _holds_of(holder).order_by("-created_at", "-pk")
    held = list(mine.select_for_update(skip_locked=True, of=("self",), no_key=True))
    elsewhere = [booking for booking in held if booking.shop_id != shop.pk]
    for booking in [b for b in held if b.shop_id == shop.pk] + elsewhere[MAX_HOLDS - 1 :]:
        cancel(booking=booking, by=SYSTEM, at=at, reason="replaced by another hold")
