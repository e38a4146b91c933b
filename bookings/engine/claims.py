"""Claiming bays and technicians. The database refuses an overlap; this module asks it politely and never deadlocks."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import F, QuerySet
from psycopg2.errors import DeadlockDetected, ExclusionViolation, LockNotAvailable
from psycopg2.extras import DateTimeTZRange

from bookings.choices import LAPSING, ActorRole, AllocationKind, EventKind, Handover, Status
from bookings.engine import routes, shop_time
from bookings.engine.availability import Placement
from bookings.engine.jobs import plan_of
from bookings.engine.slots import TICK_SECONDS
from bookings.errors import SlotTakenError
from bookings.models import Allocation, Booking, BookingEvent, WaitingEntry
from core import outbox
from shops.choices import ResourceKind
from shops.models import Shop

# All claims count that are in the table, those of holds too, however far ahead their day is.
_AS_CLAIMED = datetime(2000, 1, 1, tzinfo=UTC)

# Combinations of bay and technician to try before saying that the slot has gone. Each try costs one round trip.
MAX_TRIES = 12

# DO NOTHING makes PostgreSQL look for a conflicting claim before it writes its own: two transactions that want the same
# resource wait in line instead of deadlocking on each other's rows. Rows are inserted in the order given.
_CLAIM = """
INSERT INTO bookings_allocation (resource_id, booking_id, kind, during, held_until, reason, is_pinned)
VALUES {rows} ON CONFLICT DO NOTHING
"""
_ROW = "(%s, %s, %s, tstzrange(to_timestamp(%s), to_timestamp(%s)), %s, '', %s)"


@dataclass(frozen=True, slots=True, order=True)
class Piece:
    """A claim to be made: a resource from epoch second to epoch second."""

    resource: int
    start: int
    end: int
    kind: str = AllocationKind.WORK
    is_pinned: bool = False


def claim(
    *, booking: Booking, placed: Placement, held_until: datetime | None = None, pinned: Collection[int] = ()
) -> None:
    """Claim somebody of `placed` for every part of the visit. `pinned` (resource ids) were chosen by hand.

    Call inside a transaction. Raises SlotTakenError, with nothing claimed, when every combination has gone.
    """
    for chosen in _combinations(placed):
        if _claim_all(booking, _pieces(placed, chosen, pinned), held_until):
            return
    raise SlotTakenError


def _pieces(placed: Placement, chosen: Sequence[int], pinned: Collection[int]) -> list[Piece]:
    """What a combination claims, in ascending order; what touches on one resource is one claim."""
    found = placed.found
    assert found is not None  # noqa: S101  (a placement without a reason has its facts)
    spans: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for wish, resource in zip(placed.wishes, chosen, strict=True):
        spans[resource].append((wish.first, wish.last))
    return [
        Piece(pk, found.base + first * TICK_SECONDS, found.base + last * TICK_SECONDS, is_pinned=pk in pinned)
        for pk in sorted(spans)
        for first, last in _joined(spans[pk])
    ]


def _joined(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    result: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if result and first <= result[-1][1]:
            result[-1] = (result[-1][0], max(last, result[-1][1]))
        else:
            result.append((first, last))
    return result


@contextmanager
def losing_politely() -> Iterator[None]:
    """A savepoint in which losing a claim to somebody else is a SlotTakenError with nothing changed.

    Somebody else may have it (the constraint), or two wait for each other: claims are made in ascending order, but who
    moves gives up old ones first. Then PostgreSQL ends one of the waits, and that one has lost.
    """
    try:
        with transaction.atomic():
            yield
    except (IntegrityError, OperationalError) as error:
        if isinstance(error.__cause__, (ExclusionViolation, DeadlockDetected, LockNotAvailable)):
            raise SlotTakenError from error
        raise


def lock_team(*shops: Shop) -> None:
    """Let the changes to an on-site team's day come one after the other: each changes the drives of its neighbours.

    Call before the facts are read, with all shops that the transaction touches: ascending, so that two of them cannot
    wait for each other. Does nothing for a shop that one drives to.
    """
    for pk in sorted({shop.pk for shop in shops if shop.is_on_site}):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"bookings.team {pk}"])


def claim_ways(*, shop: Shop, resources: Collection[int], day: date) -> None:
    """Make the claims of a team's drives of a local day anew, after its stops have changed.

    Raises SlotTakenError if a drive does not fit (a rival has just put a break there).
    """
    start = datetime.combine(day, time(), tzinfo=shop.zone)
    _drop_ways(shop, resources, day)
    found = shop_time.fetch([shop], day, day + timedelta(days=1), at=_AS_CLAIMED)[shop.pk]
    stops = Allocation.objects.filter(resource__in=resources, kind=AllocationKind.WORK)
    booked = {
        (pk, int(begin.timestamp())): (booking, held_until)
        for pk, begin, booking, held_until in stops.filter(
            during__startswith__gte=start - timedelta(days=1), during__startswith__lt=start + timedelta(days=1)
        ).values_list("resource_id", "during__startswith", "booking_id", "held_until")
    }
    rows: list[Any] = []
    for unit in sorted((unit for unit in found.units if unit.pk in resources), key=lambda unit: unit.pk):
        for first, last in routes.drives(found, unit, day):
            until = found.base + last * TICK_SECONDS
            booking, held_until = booked[unit.pk, until]
            if first < last:
                begin = found.base + first * TICK_SECONDS
                rows.append([unit.pk, booking, AllocationKind.TRAVEL, begin, until, held_until, False])
    if not _insert(rows):
        raise SlotTakenError


def _drop_ways(shop: Shop, resources: Collection[int], day: date) -> None:
    """Remove the claims of a team's drives of a local day."""
    start = datetime.combine(day, time(), tzinfo=shop.zone)
    old = Allocation.objects.filter(resource__in=resources, kind=AllocationKind.TRAVEL)
    old.filter(during__endswith__gt=start, during__startswith__lt=start + timedelta(days=1)).delete()


def release(booking: Booking, *, at: datetime) -> None:
    """Give up every claim of a visit at once, and let those on the waiting list know."""
    claims = Allocation.objects.filter(booking=booking)
    resources = set(claims.values_list("resource_id", flat=True)) if booking.shop.is_on_site else set()
    claims.delete()
    if resources:
        claim_ways(shop=booking.shop, resources=resources, day=booking.local_date)
    tell_freed(booking.shop, at=at)


def tell_freed(shop: Shop, *, at: datetime) -> None:
    """Say that time has come free at a shop (outbox `slots.freed`), if somebody waits for some there."""
    if WaitingEntry.objects.in_line(shop).exists():
        outbox.emit(topic="slots.freed", key=shop.public_id, at=at)


def end_work(booking: Booking, *, at: datetime) -> None:
    """Free what is left of a visit's claims after `at`, when its work is done before its time.

    Not a loaner car, which the customer still drives, and not the driver who is to bring the customer's car back.
    """
    claims = Allocation.objects.filter(booking=booking).exclude(resource__kind=ResourceKind.LOANER)
    if booking.handover == Handover.PICK_UP:
        claims = claims.filter(during__startswith__lt=booking.ends_at - plan_of(booking).phases[-1].length)
    _end(claims, at)
    tell_freed(booking.shop, at=at)


def end_all(booking: Booking, *, at: datetime) -> None:
    """Free what is left of a visit's claims after `at`: the car, or the loaner for it, is back."""
    _end(Allocation.objects.filter(booking=booking), at)
    tell_freed(booking.shop, at=at)


def _end(claims: QuerySet[Allocation], at: datetime) -> None:
    claims.filter(during__startswith__gte=at).delete()
    for claimed in claims.filter(during__endswith__gt=at):
        claimed.during = DateTimeTZRange(claimed.during.lower, at)
        claimed.save(update_fields=["during"])


def span_of(claim: Allocation) -> tuple[datetime, datetime]:
    """Start and end of a claim; the database refuses open ends (`allocation_has_length`)."""
    start, end = claim.during.lower, claim.during.upper
    assert start is not None  # noqa: S101  (for the type checker)
    assert end is not None  # noqa: S101
    return start, end


def remove_lapsed(*, shop: Shop, at: datetime) -> int:
    """Expire the shop's lapsed holds and unanswered requests and free their claims, so that a new claim finds no dead
    one in its way.

    Part of every claiming transaction: correct with no worker running. A hold that somebody is confirming this very
    moment is skipped; the database then decides who wins.
    """
    lock_team(shop)
    if not _any_lapsed(shop, at):
        return 0
    rows = Booking.objects.at_shop(shop).lapsed(at=at)
    lapsed = list(rows.order_by("pk").select_for_update(skip_locked=True, of=("self",), no_key=True))
    if not lapsed:
        return 0
    ids = [booking.pk for booking in lapsed]
    claims = Allocation.objects.filter(booking__in=ids)
    resources = set(claims.values_list("resource_id", flat=True)) if shop.is_on_site else set()
    claims.delete()
    for day in {booking.local_date for booking in lapsed} if resources else ():
        claim_ways(shop=shop, resources=resources, day=day)
    Booking.objects.filter(pk__in=ids).update(status=Status.EXPIRED, revision=F("revision") + 1)
    BookingEvent.objects.bulk_create(_expiry(booking, at) for booking in lapsed)
    for booking in lapsed:
        outbox.emit(topic=f"booking.{EventKind.EXPIRED}", key=booking.public_id, at=at)
    tell_freed(shop, at=at)
    return len(lapsed)


def _any_lapsed(shop: Shop, at: datetime) -> bool:
    """By hand: asked by everybody who claims, and hardly ever true."""
    with connection.cursor() as cursor:
        cursor.execute(_LAPSED, [shop.pk, list(LAPSING), at])
        return cursor.fetchone() is not None


_LAPSED = """
SELECT 1 FROM bookings_booking WHERE shop_id = %s AND status = ANY(%s) AND hold_expires_at <= %s LIMIT 1
"""


def _expiry(booking: Booking, at: datetime) -> BookingEvent:
    return BookingEvent(
        booking=booking,
        at=at,
        kind=EventKind.EXPIRED,
        actor_role=ActorRole.SYSTEM,
        from_status=booking.status,
        to_status=Status.EXPIRED,
    )


def _claim_all(booking: Booking, pieces: Sequence[Piece], held_until: datetime | None) -> bool:
    """Claim all of the pieces or none. Ascending ids: two claimers cannot wait for each other in a circle."""
    resources = {piece.resource for piece in pieces}
    try:
        with losing_politely():
            if booking.shop.is_on_site:
                # The new stop may take the time of a drive that it makes shorter; all are made anew after it.
                _drop_ways(booking.shop, resources, booking.local_date)
            if not _insert([[p.resource, booking.pk, p.kind, p.start, p.end, held_until, p.is_pinned] for p in pieces]):
                raise SlotTakenError
            if booking.shop.is_on_site:
                claim_ways(shop=booking.shop, resources=resources, day=booking.local_date)
    except SlotTakenError:
        return False
    return True


def _insert(rows: Sequence[Sequence[Any]]) -> bool:
    """Whether every row could be inserted; where not, some may be there: roll back."""
    if not rows:
        return True
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM.format(rows=", ".join([_ROW] * len(rows))), [value for row in rows for value in row])
        inserted: int = cursor.rowcount
    return inserted == len(rows)


def _combinations(placed: Placement) -> Iterator[tuple[int, ...]]:
    """Who could do each part: the first (least capable) ones first, and otherwise spread, so that rivals do not all
    collide. Whoever did a part of the visit before does a later one too where they can."""
    if any(not wish.free for wish in placed.wishes):
        return
    yield _keeping_faces(placed, [wish.free for wish in placed.wishes])
    for _ in range(MAX_TRIES - 1):
        yield _keeping_faces(placed, [random.sample(wish.free, len(wish.free)) for wish in placed.wishes])


def _keeping_faces(placed: Placement, orders: Sequence[Sequence[int]]) -> tuple[int, ...]:
    chosen: list[int] = []
    for wish, order in zip(placed.wishes, orders, strict=True):
        chosen.append(next((pk for pk in chosen if pk in wish.free), order[0]))
    return tuple(chosen)
