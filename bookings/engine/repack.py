"""Making room: visits that got their bay or technician automatically get another one, so that one more visit fits.

No customer is moved: every visit keeps its time, its phases and whoever was chosen by hand (`Allocation.is_pinned`).
Looked at only where a start or a whole day would be refused because everybody is taken.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import OperationalError, connection, transaction
from django.db.models import F
from django.db.utils import IntegrityError

from bookings.choices import ActorRole, AllocationKind, EventKind, Status
from bookings.engine import availability, shop_time, slots
from bookings.engine.availability import DaySlots, Placement, Reason, Slot
from bookings.engine.phases import Claim, Plan
from bookings.engine.shop_time import ShopTime, Unit
from bookings.models import Allocation, Booking, BookingEvent
from core import outbox
from shops.models import Shop

# How many visits may be shifted one after the other for one newcomer; more helps rarely and is hard to explain.
MAX_CHAIN = 3
# Shorter than the server's deadlock_timeout (1 s): who makes room gives way to who claims, before both would fail.
_LOCK_TIMEOUT = "200ms"
_CAN_HELP = frozenset({Reason.BAYS_TAKEN, Reason.TECHNICIANS_TAKEN, Reason.ADVISORS_TAKEN, Reason.FULL})


def placement(
    *, shop: Shop, plan: Plan, starts_at: datetime, at: datetime, ignore: Sequence[int] = (), staff: bool = False
) -> Placement:
    """As `availability.placement`; where everybody is taken, others are moved aside first if that makes room.

    Call inside a transaction. Side effects: event and outbox `booking.repacked` for each visit that was moved aside.
    """
    placed = availability.placement(shop=shop, plan=plan, starts_at=starts_at, at=at, ignore=ignore, staff=staff)
    if placed.reason not in _CAN_HELP or placed.found is None or plan.is_on_site:
        return placed
    tick, _ = placed.found.tick(starts_at)
    room = _Room(placed.found, plan, _movable(placed.found, at, ignore))
    moves = room.moves_for(tick)
    if not moves or not _make(moves, at):
        return placed
    return availability.placement(shop=shop, plan=plan, starts_at=starts_at, at=at, ignore=ignore, staff=staff)


def reopened(days: Sequence[DaySlots], *, shop: Shop, plan: Plan, at: datetime) -> list[DaySlots]:
    """The days of `availability.day_slots` with the starts of full ones that making room would win.

    No query where no day is full, else two.
    """
    full = [day.date for day in days if day.reason == Reason.FULL]
    if not full or plan.is_on_site or shop.online_share_percent < 100:
        return list(days)
    found = shop_time.fetch([shop], full[0], full[-1] + timedelta(days=1), at=at)[shop.pk]
    movable = _movable(found, at, ())
    return [_reopened(day, found, plan, movable, at) if day.date in full else day for day in days]


def _reopened(day: DaySlots, found: ShopTime, plan: Plan, movable: Sequence[_Movable], at: datetime) -> DaySlots:
    won: list[Slot] = []
    for start in availability.possible_starts(found, plan, day.date, at=at):
        tick, _ = found.tick(start.starts_at)
        if _Room(found, plan, movable).moves_for(tick):
            won.append(start)
    return replace(day, slots=tuple(won), reason=None) if won else day


# --- Who could be moved -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Movable:
    """A claim of a visit that has not begun, and what it needs of whoever takes it over."""

    pk: int
    booking: int
    public_id: str
    status: str
    unit: int
    first: int
    last: int
    needs: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class _Move:
    claim: _Movable
    to: int


def _movable(found: ShopTime, at: datetime, ignore: Sequence[int]) -> list[_Movable]:
    kinds = {unit.pk: unit for unit in found.units}
    rows = (
        Allocation.objects.filter(
            resource__in=list(kinds),
            kind=AllocationKind.WORK,
            is_pinned=False,
            booking__status__in=(Status.HELD, Status.REQUESTED, Status.CONFIRMED),
            booking__starts_at__gt=at,
            during__startswith__gte=found.moment(0),
            during__startswith__lt=found.moment(found.midnight(found.last + timedelta(days=1))),
        )
        .exclude(booking__in=ignore)
        .exclude(held_until__lte=at)
        .values_list(
            "pk",
            "booking_id",
            "booking__public_id",
            "booking__status",
            "resource_id",
            "during__startswith",
            "during__endswith",
            "booking__plan",
        )
    )
    result = []
    for pk, booking, public_id, status, unit, begin, end, plan in rows:
        if plan:
            needs = tuple(
                claim
                for claim in Plan.from_json(plan).claims
                if claim.suits(kinds[unit].kind, kinds[unit].capabilities)
            )
            (first, _), (last, rest) = found.tick(begin), found.tick(end)
            result.append(_Movable(pk, booking, public_id, status, unit, first, last + (rest > 0), needs))
    return result


# --- Where they could go --------------------------------------------------------------------------------


@dataclass(slots=True)
class _Room:
    """An attempt to place one plan: who is free, as it would be after the moves so far."""

    found: ShopTime
    plan: Plan
    movable: Sequence[_Movable]
    free: dict[int, int] = field(default_factory=dict)
    moves: list[_Move] = field(default_factory=list)

    def moves_for(self, tick: int) -> list[_Move]:
        """What to move aside, in order, so that the plan can start at the tick without a wait; empty if nothing
        helps."""
        self.free = {unit.pk: unit.free for unit in self.found.units}
        self.moves = []
        on_unit = defaultdict(list)
        for movable in self.movable:
            on_unit[movable.unit].append(movable)
        for phase in self.plan.phases:
            for claim in phase.claims:
                first = tick + claim.offset
                if not self._take(claim, slots.span(first, first + claim.ticks), on_unit):
                    return []
            tick += phase.ticks
        return self.moves

    def _take(self, claim: Claim, wanted: int, on_unit: dict[int, list[_Movable]]) -> bool:
        """Free somebody for a claim, and keep what is free now for it."""
        for unit in self._free_first(self._able([claim]), wanted):
            if self._make_free(unit, wanted, on_unit, frozenset()):
                self.free[unit.pk] &= ~wanted
                return True
        return False

    def _able(self, needs: Sequence[Claim]) -> list[Unit]:
        return [u for u in self.found.units if all(claim.suits(u.kind, u.capabilities) for claim in needs)]

    def _free_first(self, units: Sequence[Unit], wanted: int) -> list[Unit]:
        """Nobody is moved while somebody else is free."""
        return sorted(units, key=lambda unit: wanted & ~self.free[unit.pk] != 0)

    def _make_free(self, unit: Unit, wanted: int, on_unit: dict[int, list[_Movable]], chain: frozenset[int]) -> bool:
        """Free the ticks on a unit; where that fails nothing has changed.

        `chain` are the units that are being freed already: nothing is moved to them. At most `MAX_CHAIN` in a row.
        """
        blocked = wanted & ~self.free[unit.pk]
        if not blocked:
            return True
        inside = [m for m in on_unit[unit.pk] if slots.span(m.first, m.last) & wanted]
        covered = 0
        for movable in inside:
            covered |= slots.span(movable.first, movable.last)
        if len(chain) == MAX_CHAIN or blocked & ~covered:
            return False
        kept = (dict(self.free), list(self.moves), {pk: list(claims) for pk, claims in on_unit.items()})
        for movable in inside:
            if not self._move_elsewhere(unit, movable, on_unit, chain | {unit.pk}):
                self.free, self.moves = kept[0], kept[1]
                on_unit.clear()
                on_unit.update(kept[2])
                return False
        return True

    def _move_elsewhere(
        self, unit: Unit, movable: _Movable, on_unit: dict[int, list[_Movable]], chain: frozenset[int]
    ) -> bool:
        ticks = slots.span(movable.first, movable.last)
        for other in self._free_first(self._able(movable.needs), ticks):
            if other.pk not in chain and self._make_free(other, ticks, on_unit, chain):
                self.free[other.pk] &= ~ticks
                self.free[unit.pk] |= ticks
                on_unit[unit.pk].remove(movable)
                moved = replace(movable, unit=other.pk)
                on_unit[other.pk].append(moved)
                self.moves.append(_Move(movable, other.pk))
                return True
        return False


# --- Moving them ------------------------------------------------------------------------------------------


def _make(moves: Sequence[_Move], at: datetime) -> bool:
    """Carry the moves out; False, with nothing changed, if somebody else is at work on the same claims."""
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, true)", [_LOCK_TIMEOUT])
            for move in moves:
                _make_one(move, at)
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout TO DEFAULT")
    except (IntegrityError, OperationalError, _GoneError):
        return False
    return True


class _GoneError(Exception):
    """The claim has moved or gone in the meantime."""


def _make_one(move: _Move, at: datetime) -> None:
    claim = move.claim
    # The visit's row first, as everybody does: its car may just have come, and then it stays where it is.
    if not Booking.objects.filter(pk=claim.booking, status=claim.status).update(revision=F("revision") + 1):
        raise _GoneError
    claims = Allocation.objects.filter(pk=claim.pk, resource=claim.unit, is_pinned=False)
    if not claims.update(resource=move.to):
        raise _GoneError
    BookingEvent.objects.create(
        booking_id=claim.booking,
        at=at,
        kind=EventKind.REPACKED,
        actor_role=ActorRole.SYSTEM,
        to_status=claim.status,
        data={"before": {"resources": [claim.unit]}, "after": {"resources": [move.to]}},
    )
    outbox.emit(topic=f"booking.{EventKind.REPACKED}", key=claim.public_id, at=at)
