"""A slow and obvious engine to hold the real one against: it looks at every tick of five minutes and every resource.

Written from the rules alone (docs/architecture.md, the help texts of a shop's settings) with lists and loops; nothing
of `bookings` is used but the plan, which is data. Times are ticks from a Monday's local midnight.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor

from bookings.engine.phases import Claim, Plan
from bookings.models import Allocation
from shops.models import OpeningHours, Resource, Shift, Shop
from tests.bookings.test_availability import local

MIDNIGHT = local(0)
A_DAY = 288


def tick_of(moment: datetime) -> float:
    return (moment - MIDNIGHT).total_seconds() / 300


def moment_of(tick: int) -> datetime:
    return MIDNIGHT + timedelta(minutes=5 * tick)


@dataclass
class Unit:
    """One resource: what it can do, when it works, when it is taken."""

    kind: str
    able: set[str]
    works: set[int] | None
    taken: set[int]

    def is_free(self, first: int, length: int) -> bool:
        return all(
            tick not in self.taken and (self.works is None or tick in self.works)
            for tick in range(first, first + length)
        )


class Reference:
    """What a shop can take, as its tables say at `at`. `ignore` is a visit that is being moved."""

    def __init__(self, shop: Shop, at: datetime, *, ignore: int | None = None, staff: bool = False) -> None:
        self.shop, self.at, self.staff = shop, at, staff
        hours = list(OpeningHours.objects.filter(shop=shop))
        self.open = {
            tick
            for day in range(3)
            for tick in range(day * A_DAY, (day + 1) * A_DAY)
            if any(row.day == day + 1 and self._inside(tick, row.opens_at, row.closes_at) for row in hours)
        }
        self.units = [self._unit(row, ignore) for row in Resource.objects.filter(shop=shop, is_active=True)]

    @staticmethod
    def _inside(tick: int, begin: object, end: object) -> bool:
        minute = tick % A_DAY * 5
        first = begin.hour * 60 + begin.minute  # type: ignore[attr-defined]
        last = end.hour * 60 + end.minute  # type: ignore[attr-defined]
        return first <= minute and minute + 5 <= last

    def _unit(self, row: Resource, ignore: int | None) -> Unit:
        shifts = list(Shift.objects.filter(resource=row))
        works = {
            tick
            for tick in range(3 * A_DAY)
            if any(s.day == tick // A_DAY + 1 and self._inside(tick, s.starts_at, s.ends_at) for s in shifts)
        }
        taken: set[int] = set()
        for claim in Allocation.objects.filter(resource=row):
            if (claim.held_until is None or claim.held_until > self.at) and (
                ignore is None or claim.booking_id != ignore
            ):
                taken.update(range(floor(tick_of(claim.during.lower)), ceil(tick_of(claim.during.upper))))
        return Unit(row.kind, set(row.capabilities), works if shifts else None, taken)

    # --- questions

    def starts(self, plan: Plan, day: int) -> dict[int, int]:
        """Every start of a day that can be had, with the tick at which the car is ready."""
        found = {}
        for tick in range(day * A_DAY, (day + 1) * A_DAY):
            if (end := self.end_of(plan, tick)) is not None:
                found[tick] = end
        return found

    def end_of(self, plan: Plan, tick: int) -> int | None:
        """When a visit that starts then would be ready, each phase as early as can be; None if it cannot be."""
        if not self._may_start(tick):
            return None
        return self._rest(plan, 0, tick)

    def _may_start(self, tick: int) -> bool:
        shop, earliest = self.shop, tick_of(self.at)
        if self.staff:
            return tick >= earliest - 1 and tick in self.open
        if tick < earliest + shop.lead_time_minutes / 5 or tick not in self.open:
            return False
        if tick % A_DAY * 5 % shop.slot_step_minutes:
            return False
        day = tick // A_DAY
        closing = max(t for t in self.open if t // A_DAY == day) + 1
        return not shop.last_start_minutes or (closing - tick) * 5 >= shop.last_start_minutes

    def _rest(self, plan: Plan, number: int, tick: int) -> int | None:
        """The end of the phases from `number` on, the first of them beginning at `tick`."""
        phase = plan.phases[number]
        after = tick + phase.ticks
        if not all(t in self.open for t in range(tick, after)):
            return None
        if not all(self._is_met(claim, tick) for claim in phase.claims):
            return None
        if number + 1 == len(plan.phases):
            return after
        for wait in range(plan.phases[number + 1].max_wait + 1):
            if (end := self._rest(plan, number + 1, after + wait)) is not None:
                return end
        return None

    def _is_met(self, claim: Claim, tick: int) -> bool:
        able = [u for u in self.units if u.kind == claim.kind and set(claim.capabilities) <= u.able]
        free = [unit for unit in able if unit.is_free(tick + claim.offset, claim.ticks)]
        if claim.kind not in ("bay", "mobile_unit") or self.staff:
            return bool(free)
        kept_free = len(able) - max(1, len(able) * self.shop.online_share_percent // 100)
        return len(free) > max(kept_free, 0)
