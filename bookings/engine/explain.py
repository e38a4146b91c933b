"""Why a start is offered or not, in full: every rule with its answer, every phase with who is free and who is not.

For the people of the shop: it names visits and breaks. Owners get `availability.Reason` and `alternatives`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.utils.translation import gettext as _

from bookings.choices import AllocationKind
from bookings.engine import availability, shop_time
from bookings.engine.availability import Reason
from bookings.engine.phases import Claim, Phase, Plan
from bookings.engine.shop_time import ShopTime, Unit
from bookings.models import Allocation
from catalog.choices import PhaseKind
from shops.choices import PLACES, BayCapability, ResourceKind, Skill
from shops.models import Resource, Shop


class Check(NamedTuple):
    """One rule and whether the start keeps it. `reason` is what an owner would be told."""

    reason: Reason
    ok: bool
    text: str


class Occupation(NamedTuple):
    """Why a resource is not free: a visit (with its number), a break, or the end of a shift. Times UTC."""

    text: str
    starts_at: datetime
    ends_at: datetime
    visit: str = ""


@dataclass(frozen=True, slots=True)
class Who:
    """A resource that could do a part, and what keeps it from it (nothing: it is free)."""

    name: str
    occupations: tuple[Occupation, ...] = ()

    @property
    def is_free(self) -> bool:
        return not self.occupations


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that a phase needs, from when to when (UTC), and everybody who could be it."""

    needs: str
    starts_at: datetime
    ends_at: datetime
    able: tuple[Who, ...]

    @property
    def is_met(self) -> bool:
        return any(who.is_free for who in self.able)


@dataclass(frozen=True, slots=True)
class PhaseAnswer:
    """A phase at the time at which it would be done if nothing had to wait."""

    name: str
    starts_at: datetime
    ends_at: datetime
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole answer for one start. `reason` is None when the start is offered."""

    starts_at: datetime
    reason: Reason | None
    checks: tuple[Check, ...]
    phases: tuple[PhaseAnswer, ...]
    bottleneck: str = ""

    @property
    def is_offered(self) -> bool:
        return self.reason is None


def explain(*, shop: Shop, plan: Plan, starts_at: datetime, at: datetime) -> Explanation:
    """Why an online booking can or cannot start at `starts_at` (UTC). Four queries."""
    day = starts_at.astimezone(shop.zone).date()
    found = shop_time.fetch([shop], day, day + timedelta(days=1), at=at)[shop.pk]
    search = availability.Search(found, plan)
    placed = search.placement(starts_at)
    reason = availability.policy_reason(shop, starts_at, at) or placed.reason
    tick, _off = found.tick(starts_at)
    claim = search.bottleneck_at(tick) if placed.reason in availability.TAKEN else None
    return Explanation(
        starts_at=starts_at,
        reason=reason,
        checks=tuple(_checks(shop, search, starts_at, at)),
        phases=tuple(_phases(shop, plan, found, tick, at)),
        bottleneck=words_for(claim) if claim else "",
    )


def day_bottleneck(*, shop: Shop, plan: Plan, day: date, at: datetime) -> str:
    """What stands most in the way of a job on a local day, in words; empty if nothing does. One query."""
    found = shop_time.fetch([shop], day, day + timedelta(days=1), at=at)[shop.pk]
    search = availability.Search(found, plan)
    claim = search.bottleneck(search.possible_ticks(day, at) & ~search.feasible()[0])
    return words_for(claim) if claim else ""


def words_for(claim: Claim) -> str:
    """What a claim asks for, in the reader's language: "Technician: Chassis and brakes"."""
    kind = ResourceKind(claim.kind)
    # An alignment rig and the skill of aligning go by the same word.
    names = dict(BayCapability.choices if kind in PLACES else Skill.choices)
    able = _(", ").join(str(names.get(value, value)) for value in claim.capabilities)
    return f"{kind.label}: {able}" if able else str(kind.label)


# --- Parts ------------------------------------------------------------------------------------------


def _checks(shop: Shop, search: availability.Search, starts_at: datetime, at: datetime) -> list[Check]:
    day = starts_at.astimezone(shop.zone).date()
    tick, off = search.found.tick(starts_at)
    policy = availability.policy_reason(shop, starts_at, at)
    hours = search.found.open_ticks(day) >> tick & 1
    late = search.late_ticks(day) >> tick & 1
    missing = search.missing()
    last_start = Check(
        Reason.LAST_START,
        not late,
        _("Not later than %(n)d minutes before closing") % {"n": shop.last_start_minutes},
    )
    return [
        Check(Reason.PAST, policy != Reason.PAST, _("The time is still to come")),
        Check(
            Reason.LEAD_TIME,
            policy not in (Reason.PAST, Reason.LEAD_TIME),
            _("At least %(n)d minutes ahead") % {"n": shop.lead_time_minutes},
        ),
        Check(
            Reason.BEYOND_WINDOW,
            policy != Reason.BEYOND_WINDOW,
            _("At most %(n)d days ahead") % {"n": shop.booking_window_days},
        ),
        Check(Reason.CLOSED, bool(hours), _("The shop is open then")),
        Check(
            Reason.OFF_GRID,
            bool(not off and search.grid_ticks(day) >> tick & 1) or bool(late) or not hours,
            _("Visits start every %(n)d minutes") % {"n": shop.slot_step_minutes},
        ),
        *([last_start] if shop.last_start_minutes else []),
        Check(missing or Reason.NO_BAY, missing is None, _("The shop has everything that the work needs")),
        Check(Reason.TOO_LONG, bool(search.long_enough() >> tick & 1), _("The work fits before the shop closes")),
    ]


def _phases(shop: Shop, plan: Plan, found: ShopTime, tick: int, at: datetime) -> list[PhaseAnswer]:
    names = {resource.pk: resource.name for resource in Resource.objects.filter(shop=shop)}
    taken = _occupations(found, at)
    answers = []
    for phase in plan.phases:
        parts = tuple(_part(found, claim, tick, names, taken) for claim in phase.claims)
        answers.append(PhaseAnswer(_name(phase), found.moment(tick), found.moment(tick + phase.ticks), parts))
        tick += phase.ticks
    return answers


def _name(phase: Phase) -> str:
    return str(PhaseKind(phase.kind).label)


def _part(found: ShopTime, claim: Claim, tick: int, names: dict[int, str], taken: dict[int, list[Occupation]]) -> Part:
    starts_at, ends_at = found.moment(tick + claim.offset), found.moment(tick + claim.offset + claim.ticks)
    able = [unit for unit in found.units if claim.suits(unit.kind, unit.capabilities)]
    who = tuple(Who(names[unit.pk], _why_busy(found, unit, claim, tick, taken.get(unit.pk, []))) for unit in able)
    return Part(words_for(claim), starts_at, ends_at, who)


def _why_busy(
    found: ShopTime, unit: Unit, claim: Claim, tick: int, taken: Sequence[Occupation]
) -> tuple[Occupation, ...]:
    first = tick + claim.offset
    wanted = ((1 << claim.ticks) - 1) << max(first, 0)
    if unit.free & wanted == wanted:
        return ()
    start, end = found.moment(first), found.moment(first + claim.ticks)
    standing = tuple(row for row in taken if row.starts_at < end and row.ends_at > start)
    return standing or (Occupation(_("Not on shift"), start, end),)


def _occupations(found: ShopTime, at: datetime) -> dict[int, list[Occupation]]:
    """What everybody of the shop is claimed for around the day, by resource."""
    rows = Allocation.objects.filter(
        resource__in=[unit.pk for unit in found.units],
        during__overlap=(found.moment(0), found.moment(found.midnight(found.last + timedelta(days=1)))),
    ).exclude(held_until__lte=at)
    result: dict[int, list[Occupation]] = {}
    fields = ("resource_id", "kind", "reason", "during__startswith", "during__endswith", "booking__number")
    for resource, kind, reason, start, end, number in rows.order_by("during").values_list(*fields):
        text = number or reason or str(AllocationKind(kind).label)
        result.setdefault(resource, []).append(Occupation(text, start, end, number or ""))
    return result
