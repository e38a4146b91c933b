"""What a visit is made of: stretches of work in order, each with the resources it ties up. Pure: no clock.

A `Plan` is composed once, when somebody asks for a job, frozen on the visit as JSON, and claims the same whenever the
visit is moved. All lengths are ticks of five minutes (`bookings.engine.slots`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import Any

from django.db.models import prefetch_related_objects

from bookings.choices import Handover
from bookings.engine.slots import TICK_MINUTES, ticks_for
from catalog.choices import BayNeed, PhaseKind
from catalog.models import Service
from shops.choices import ResourceKind, Skill
from shops.models import Shop

# How long a car may stand between two stretches, in minutes (product decisions): after the write-up until a bay takes
# it, between two services, and, once all is done, until a driver brings it back.
WAIT_AFTER_WRITE_UP = 30
WAIT_BETWEEN_SERVICES = 60
WAIT_AFTER_PICK_UP = 60
WAIT_FOR_RETURN = 180
# Handing a key over at the customer's door, with a look around the car (product decision).
DOOR_MINUTES = 10
# A loaner car comes back a little after the customer's own is ready, and is looked over (product decision).
LOANER_MINUTES_AFTER = 30

_ORDER = [kind.value for kind in PhaseKind]
_ONCE = (PhaseKind.ROAD_TEST, PhaseKind.WASH)


@dataclass(frozen=True, slots=True)
class Claim:
    """One resource that a phase ties up: of a kind, with all of the capabilities, `ticks` long from `offset` ticks
    after the phase begins (before it, where negative)."""

    kind: str
    capabilities: tuple[str, ...]
    offset: int
    ticks: int

    def suits(self, kind: str, capabilities: Iterable[str]) -> bool:
        return kind == self.kind and set(self.capabilities) <= set(capabilities)


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a visit without a pause. It begins at most `max_wait` ticks after the one before it has ended."""

    kind: str
    ticks: int
    max_wait: int
    claims: tuple[Claim, ...]

    @property
    def length(self) -> timedelta:
        return timedelta(minutes=self.ticks * TICK_MINUTES)


@dataclass(frozen=True, slots=True)
class Plan:
    """The phases of a visit, in order. `place` (WGS-84) is where an on-site team goes; None if not known, or a shop."""

    phases: tuple[Phase, ...]
    place: tuple[float, float] | None = None

    @property
    def ticks(self) -> int:
        """From the start to the end if nothing waits."""
        return sum(phase.ticks for phase in self.phases)

    @property
    def minutes(self) -> int:
        return self.ticks * TICK_MINUTES

    @property
    def claims(self) -> list[Claim]:
        return [claim for phase in self.phases for claim in phase.claims]

    @property
    def is_on_site(self) -> bool:
        return any(claim.kind == ResourceKind.MOBILE_UNIT for claim in self.claims)

    def as_json(self) -> dict[str, Any]:
        phases = [
            {
                "kind": str(phase.kind),
                "ticks": phase.ticks,
                "max_wait": phase.max_wait,
                "claims": [[str(c.kind), list(c.capabilities), c.offset, c.ticks] for c in phase.claims],
            }
            for phase in self.phases
        ]
        return {"phases": phases, "place": list(self.place) if self.place else None}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        """The plan that `as_json` wrote."""
        phases = tuple(
            Phase(
                phase["kind"],
                phase["ticks"],
                phase["max_wait"],
                tuple(Claim(kind, tuple(able), offset, ticks) for kind, able, offset, ticks in phase["claims"]),
            )
            for phase in data["phases"]
        )
        place = data.get("place")
        return cls(phases, (place[0], place[1]) if place else None)


# --- Stretches of one service ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of one service, in minutes: `catalog.ServicePhase` with its time filled in."""

    kind: str
    minutes: int
    bay: str
    skill: str
    shared: int = 0
    max_wait: int = 0
    before: int = 0
    after: int = 0


def bring_phases(services: Iterable[Service]) -> None:
    """Fetch the phases of services that do not have them at hand; one query for all of them."""
    prefetch_related_objects(list(services), "phases")


def stretches(service: Service, minutes: int) -> list[Stretch]:
    """The stretches of a service that takes `minutes` in all. Needs `service.phases` at hand (`bring_phases`)."""
    rows = service.phase_rows
    if not rows:
        return [Stretch(PhaseKind.WORK, minutes, service.bay, service.skill)]
    rest = max(minutes - sum(row.minutes or 0 for row in rows), TICK_MINUTES)
    return [
        Stretch(
            kind=row.kind,
            minutes=row.minutes or rest,
            bay=row.bay,
            skill=row.skill,
            shared=row.shared_minutes,
            max_wait=row.max_wait_minutes,
            before=row.before_minutes,
            after=row.after_minutes,
        )
        for row in rows
    ]


def is_plain(service: Service) -> bool:
    """Whether a service is one stretch on its own bay with its own skill. Needs `service.phases` at hand."""
    every = stretches(service, service.standard_minutes)
    first = every[0]
    own = (first.bay, first.skill) == (service.bay, service.skill)
    return len(every) == 1 and own and not (first.before or first.after)


# --- Putting services together -------------------------------------------------------------------------


@dataclass(slots=True)
class _Stand:
    """What is done on one bay without moving the car: steps of one person after the other."""

    kind: str
    bay: str
    max_wait: int
    before: int
    after: int
    steps: list[tuple[str, int]] = field(default_factory=list)
    users: set[int] = field(default_factory=set)

    def takes(self, stretch: Stretch, service: int) -> bool:
        """Whether the stretch can be done here too, in one go with what is done already."""
        if service in self.users or stretch.kind != self.kind:
            return False
        return stretch.bay == self.bay or (BayNeed.ANY in (stretch.bay, self.bay) and self.bay != BayNeed.NONE)

    def add(self, stretch: Stretch, service: int) -> None:
        if stretch.kind in _ONCE and self.steps:
            self.steps = [max(self.steps[0], (stretch.skill, stretch.minutes), key=lambda step: step[1])]
        else:
            shared = min(stretch.shared, stretch.minutes - TICK_MINUTES) if self.steps else 0
            self.steps.append((stretch.skill, stretch.minutes - max(shared, 0)))
        self.bay = stretch.bay if self.bay == BayNeed.ANY else self.bay
        self.before, self.after = max(self.before, stretch.before), max(self.after, stretch.after)
        self.users.add(service)


def compose(
    shop: Shop,
    services: Sequence[tuple[Service, int]],
    *,
    handover: str = Handover.DROP_OFF,
    travel_minutes: int = 0,
    with_loaner: bool = False,
    place: tuple[float, float] | None = None,
) -> Plan:
    """The plan of a visit for some services (with the minutes each takes here) by the shop's present rules.

    Time that services share is counted once: one write-up, one bay for what is done on the same kind of bay, one road
    test, one wash. `travel_minutes` is one way of a pick-up driver.
    """
    if shop.is_on_site:
        return Plan((_on_site(shop, services),), place)
    phases = [_phase(shop, stand) for stand in _stands(services)]
    if shop.write_up_minutes:
        phases = [_write_up(shop), _waiting(phases[0], WAIT_AFTER_WRITE_UP), *phases[1:]]
    if handover == Handover.PICK_UP:
        there, back = _pick_up(travel_minutes)
        phases = [there, _waiting(phases[0], WAIT_AFTER_PICK_UP), *phases[1:], back]
    if with_loaner:
        phases[0] = _with_loaner(phases)
    return Plan(tuple(phases))


def _stands(services: Sequence[tuple[Service, int]]) -> list[_Stand]:
    stands: list[_Stand] = []
    for number, (service, minutes) in enumerate(services):
        earliest = 0
        for stretch in stretches(service, minutes):
            at = next((n for n in range(earliest, len(stands)) if stands[n].takes(stretch, number)), None)
            if at is None:
                at = _place_for(stretch, stands, earliest, is_first_service=number == 0)
                wait = stretch.max_wait if earliest else max(stretch.max_wait, WAIT_BETWEEN_SERVICES if number else 0)
                stands.insert(at, _Stand(stretch.kind, stretch.bay, wait, stretch.before, stretch.after))
            stands[at].add(stretch, number)
            earliest = at + 1
    return stands


def _place_for(stretch: Stretch, stands: list[_Stand], earliest: int, *, is_first_service: bool) -> int:
    """Where a new stand goes: work before alignment before road test before wash, each service in its own order."""
    if is_first_service:
        return len(stands)
    rank = _ORDER.index(stretch.kind)
    later = (n for n in range(earliest, len(stands)) if _ORDER.index(stands[n].kind) > rank)
    return next(later, len(stands))


def _phase(shop: Shop, stand: _Stand) -> Phase:
    claims = _people(stand.steps, after=shop.turnaround_minutes)
    ticks = sum(ticks_for(minutes) for _, minutes in stand.steps)
    if stand.bay != BayNeed.NONE:
        able = () if stand.bay == BayNeed.ANY else (stand.bay,)
        claims.append(_place_claim(ResourceKind.BAY, able, shop, ticks, before=stand.before, after=stand.after))
    return Phase(stand.kind, ticks, _ticks(stand.max_wait), tuple(claims))


def _people(steps: Iterable[tuple[str, int]], *, after: int) -> list[Claim]:
    """Who works on it, one after the other; the last one also sees to the turnaround of `after` minutes."""
    claims, begin = [], 0
    for skill, of_skill in groupby(steps, key=lambda step: step[0]):
        ticks = sum(ticks_for(minutes) for _, minutes in of_skill)
        if skill:
            claims.append(Claim(ResourceKind.TECHNICIAN, (skill,), begin, ticks))
        begin += ticks
    if claims and after and claims[-1].offset + claims[-1].ticks == begin:
        last = claims[-1]
        claims[-1] = Claim(last.kind, last.capabilities, last.offset, last.ticks + _ticks(after))
    return claims


def _place_claim(kind: str, able: tuple[str, ...], shop: Shop, ticks: int, *, before: int, after: int) -> Claim:
    lead = _ticks(shop.setup_minutes + before)
    return Claim(kind, able, -lead, lead + ticks + _ticks(shop.turnaround_minutes + after))


def _on_site(shop: Shop, services: Sequence[tuple[Service, int]]) -> Phase:
    """Everything at the customer's: one unit with all that is needed. The way there is `routes`' matter."""
    every = [stretch for stand in _stands(services) for stretch in _as_stretches(stand)]
    steps = [(stretch.skill, stretch.minutes) for stretch in every]
    ticks = sum(ticks_for(minutes) for _, minutes in steps)
    able = tuple(sorted({stretch.bay for stretch in every} - {BayNeed.ANY, BayNeed.NONE}))
    skills = tuple(sorted({skill for skill, _ in steps if skill}))
    after = _ticks(shop.turnaround_minutes)
    crew = Claim(ResourceKind.TECHNICIAN, skills, 0, ticks + after)
    return Phase(PhaseKind.WORK, ticks, 0, (crew, Claim(ResourceKind.MOBILE_UNIT, able, 0, ticks + after)))


def _as_stretches(stand: _Stand) -> list[Stretch]:
    return [Stretch(stand.kind, minutes, stand.bay, skill) for skill, minutes in stand.steps]


def _write_up(shop: Shop) -> Phase:
    ticks = ticks_for(shop.write_up_minutes)
    return Phase(PhaseKind.WRITE_UP, ticks, 0, (Claim(ResourceKind.ADVISOR, (), 0, ticks),))


def _pick_up(travel_minutes: int) -> tuple[Phase, Phase]:
    """Fetching the car (the visit begins when the driver is at the door) and bringing it back (it ends there)."""
    way, door = _ticks(travel_minutes), ticks_for(DOOR_MINUTES)
    driver = (Skill.DRIVER.value,)
    fetch = Claim(ResourceKind.TECHNICIAN, driver, -way, way + door + way)
    bring = Claim(ResourceKind.TECHNICIAN, driver, 0, way + door + way)
    there = Phase(PhaseKind.PICK_UP, door + way, 0, (fetch,))
    return there, Phase(PhaseKind.RETURN, way + door, _ticks(WAIT_FOR_RETURN), (bring,))


def _with_loaner(phases: Sequence[Phase]) -> Phase:
    """The first phase with a loaner car for the whole visit, however long the car has to wait in between."""
    first = phases[0]
    longest = sum(phase.ticks for phase in phases) + sum(phase.max_wait for phase in phases[1:])
    loaner = Claim(ResourceKind.LOANER, (), 0, longest + ticks_for(LOANER_MINUTES_AFTER))
    return Phase(first.kind, first.ticks, first.max_wait, (*first.claims, loaner))


def _waiting(phase: Phase, minutes: int) -> Phase:
    return Phase(phase.kind, phase.ticks, max(phase.max_wait, _ticks(minutes)), phase.claims)


def _ticks(minutes: int) -> int:
    return ticks_for(minutes) if minutes > 0 else 0
