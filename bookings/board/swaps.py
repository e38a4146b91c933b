"""With which visits of its day a visit could change places. Reads only; whether it is so the action decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bookings.board import reading
from bookings.board.day import Card
from bookings.choices import Status
from bookings.engine import availability, shop_time, slots
from bookings.engine.availability import Reason
from bookings.engine.jobs import plan_of
from bookings.engine.shop_time import ShopTime, Unit
from bookings.models import Booking
from bookings.visit_parts import Part


@dataclass(frozen=True)
class Candidate:
    """Another visit of the day, and what seems to stand in the way of changing places with it, if anything does."""

    card: Card
    reason: Reason | None

    @property
    def booking(self) -> Booking:
        return self.card.booking


def candidates(*, booking: Booking, at: datetime) -> list[Candidate]:
    """The other confirmed visits of the same day that start at another time, those that fit first.

    Five queries for any number of visits. Needs `booking` as `for_card()` brings it.
    """
    if booking.status != Status.CONFIRMED:
        return []
    rows = reading.visits(shop=booking.shop, day=booking.local_date, at=at).filter(status=Status.CONFIRMED)
    others = list(rows.exclude(pk=booking.pk).exclude(starts_at=booking.starts_at).for_card())
    found = _facts(booking, at)
    every = [Candidate(Card(other, at), _obstacle(found, booking, other, at)) for other in others]
    return sorted(every, key=lambda one: one.reason is not None)


def _facts(booking: Booking, at: datetime) -> ShopTime:
    """What is known of the day, as if `booking` were not there."""
    day = booking.local_date
    return shop_time.fetch([booking.shop], day, day + timedelta(days=1), at=at, ignore=[booking.pk])[booking.shop_id]


def _obstacle(found: ShopTime, booking: Booking, other: Booking, at: datetime) -> Reason | None:
    """Why one of the two would not fit where the other was; None too where only the action can tell."""
    if booking.shop.is_on_site:
        return None
    if min(booking.starts_at, other.starts_at) < at - timedelta(seconds=slots.TICK_SECONDS):
        return Reason.PAST
    alone = replace(found, units=[_freed(found, unit, Card(other, at).parts) for unit in found.units])
    for visit, starts_at in ((booking, other.starts_at), (other, booking.starts_at)):
        placed = availability.place(alone, plan_of(visit), starts_at, staff=True)
        if placed.reason:
            return placed.reason
    return None


def _freed(found: ShopTime, unit: Unit, parts: Iterable[Part]) -> Unit:
    """The unit as it would be without these claims."""
    free = unit.free
    for part in parts:
        if part.resource.pk == unit.pk:
            first, _rest = found.tick(part.starts_at)
            last, rest = found.tick(part.ends_at)
            free |= slots.span(max(first, 0), last + (rest > 0))
    return replace(unit, free=free)
