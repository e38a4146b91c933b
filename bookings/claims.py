"""Claiming bays and technicians. The database refuses an overlap; this module asks it politely and never deadlocks."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from psycopg2.extras import DateTimeTZRange

from bookings.availability import Candidates
from bookings.choices import EventKind, Status
from bookings.errors import SlotTakenError
from bookings.models import Allocation, Booking, BookingEvent
from shops.models import Shop

# Pairs of bay and technician to try before saying that the slot has gone. Each try costs one round trip.
MAX_TRIES = 12

# DO NOTHING makes PostgreSQL look for a conflicting claim before it writes its own: two transactions that want the same
# resource wait in line instead of deadlocking on each other's rows.
_CLAIM = """
INSERT INTO bookings_allocation (resource_id, booking_id, kind, during, held_until, reason)
VALUES (%s, %s, 'work', %s, %s, '') ON CONFLICT DO NOTHING
"""


def claim(
    *, booking: Booking, free: Candidates, during: DateTimeTZRange, held_until: datetime | None = None
) -> tuple[int, ...]:
    """Claim one bay (if the job needs one) and one technician of `free` for `during`; return their ids.

    Call inside a transaction. Raises SlotTakenError, with nothing claimed, when every combination has gone.
    """
    for chosen in _combinations(free):
        if _claim_all(booking, chosen, during, held_until):
            return chosen
    raise SlotTakenError


def release(booking: Booking) -> None:
    """Give up every claim of a visit at once."""
    Allocation.objects.filter(booking=booking).delete()


def end_early(booking: Booking, *, at: datetime) -> None:
    """Free what is left of a visit's claims after `at`."""
    claims = Allocation.objects.filter(booking=booking, during__endswith__gt=at)
    claims.filter(during__startswith__gte=at).delete()
    for claimed in claims:
        claimed.during = DateTimeTZRange(claimed.during.lower, at)
        claimed.save(update_fields=["during"])


def span_of(claim: Allocation) -> tuple[datetime, datetime]:
    """Start and end of a claim; the database refuses open ends (`allocation_has_length`)."""
    start, end = claim.during.lower, claim.during.upper
    assert start is not None  # noqa: S101  (for the type checker)
    assert end is not None  # noqa: S101
    return start, end


def remove_lapsed(*, shop: Shop, at: datetime) -> int:
    """Expire the shop's lapsed holds and free their claims, so that a new claim finds no dead one in its way.

    Part of every claiming transaction: correct with no worker running. A hold that somebody is confirming this very
    moment is skipped; the database then decides who wins.
    """
    lapsed = list(
        Booking.objects.at_shop(shop).lapsed(at=at).select_for_update(skip_locked=True, of=("self",)).order_by("pk")
    )
    if not lapsed:
        return 0
    ids = [booking.pk for booking in lapsed]
    Allocation.objects.filter(booking__in=ids).delete()
    Booking.objects.filter(pk__in=ids).update(status=Status.EXPIRED)
    BookingEvent.objects.bulk_create(
        BookingEvent(
            booking=booking,
            at=at,
            kind=EventKind.EXPIRED,
            actor_role="system",
            from_status=Status.HELD,
            to_status=Status.EXPIRED,
        )
        for booking in lapsed
    )
    return len(lapsed)


def _claim_all(
    booking: Booking, resources: Sequence[int], during: DateTimeTZRange, held_until: datetime | None
) -> bool:
    """Claim all of the resources or none. Ascending ids: two claimers cannot wait for each other in a circle."""
    savepoint = transaction.savepoint()
    with connection.cursor() as cursor:
        for resource in sorted(resources):
            values: list[Any] = [resource, booking.pk, during, held_until]
            cursor.execute(_CLAIM, values)
            if cursor.rowcount != 1:
                transaction.savepoint_rollback(savepoint)
                return False
    transaction.savepoint_commit(savepoint)
    return True


def _combinations(free: Candidates) -> Iterator[tuple[int, ...]]:
    """Pairs to try: the first (least capable) ones first, and otherwise spread, so that rivals do not all collide."""
    bays: list[int | None] = list(free.bays) or [None]
    pairs = list(itertools.islice(itertools.product(bays, free.technicians), 60))
    best, rest = pairs[:1], pairs[1:]
    random.shuffle(rest)
    for bay, technician in (best + rest)[:MAX_TRIES]:
        yield (technician,) if bay is None else (bay, technician)
