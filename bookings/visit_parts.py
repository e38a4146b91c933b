"""Which part of a visit each of its claims is: its phase, counted in the order of the visit. Pure, for people to read.

A claim does not say what it is for. That follows from the plan frozen on the visit: phases follow each other, each may
wait a while, and what touches on one resource is one claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from bookings.choices import AllocationKind
from bookings.engine.claims import span_of
from bookings.engine.phases import Claim, Phase, Plan
from bookings.engine.slots import TICK_SECONDS
from bookings.models import Allocation, Booking
from catalog.choices import PhaseKind
from shops.choices import ResourceKind
from shops.models import Resource

_TICK = timedelta(seconds=TICK_SECONDS)
_ON_THE_ROAD = (PhaseKind.PICK_UP, PhaseKind.RETURN)

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Part:
    """A claim of a visit and the phases it is for: (number counted from 1, kind). A loaner car and the way of an
    on-site team are of no phase. `count` is how many phases the visit has."""

    claim: Allocation
    phases: tuple[tuple[int, str], ...]
    count: int

    @property
    def resource(self) -> Resource:
        return self.claim.resource

    @property
    def starts_at(self) -> datetime:
        return span_of(self.claim)[0]

    @property
    def ends_at(self) -> datetime:
        return span_of(self.claim)[1]

    @property
    def number(self) -> int | None:
        """Of the first of its phases, counted from 1."""
        return self.phases[0][0] if self.phases else None

    @property
    def kind(self) -> str | None:
        """The kind of the first of its phases (`catalog.PhaseKind`)."""
        return self.phases[0][1] if self.phases else None

    @property
    def is_on_the_way(self) -> bool:
        """Whether somebody is driving: a team to its customer, a driver with the customer's car."""
        is_leg = bool(self.phases) and all(kind in _ON_THE_ROAD for _number, kind in self.phases)
        return self.claim.kind == AllocationKind.TRAVEL or is_leg

    @property
    def label(self) -> str:
        """What is done: "Work", "Wheel alignment, Road test", "On the way"."""
        if self.phases:
            return _(", ").join(dict.fromkeys(str(PhaseKind(kind).label) for _number, kind in self.phases))
        if self.resource.kind == ResourceKind.LOANER:
            return str(ResourceKind.LOANER.label)
        return str(AllocationKind(self.claim.kind).label)

    @property
    def short_position(self) -> str:
        """ "2/3" for where there is no room for `position`."""
        if not self.position:
            return ""
        numbers = dict.fromkeys((self.phases[0][0], self.phases[-1][0]))
        return f"{'–'.join(map(str, numbers))}/{self.count}"

    @property
    def position(self) -> str:
        """ "step 2 of 3"; empty for a visit of one phase and for what is of no phase."""
        if self.count < 2 or not self.phases:
            return ""
        first, last = self.phases[0][0], self.phases[-1][0]
        if first == last:
            return _("step %(n)d of %(count)d") % {"n": first, "count": self.count}
        return _("steps %(first)d–%(last)d of %(count)d") % {"first": first, "last": last, "count": self.count}


def parts_of(booking: Booking) -> list[Part]:
    """The claims of a visit in order of time, each with its phases. Needs `allocations` with resources at hand."""
    claims = sorted(booking.allocations.all(), key=lambda claim: (*span_of(claim), claim.resource_id))
    phases = Plan.from_json(booking.plan).phases if booking.plan else ()
    numbers = _numbers(booking, claims, phases)
    return [Part(claim, tuple((n, phases[n - 1].kind) for n in numbers[id(claim)]), len(phases)) for claim in claims]


def _numbers(booking: Booking, claims: Sequence[Allocation], phases: Sequence[Phase]) -> dict[int, list[int]]:
    """The numbers of the phases that each claim (by its `id()`: new ones have no key) is for."""
    working = [
        claim for claim in claims if claim.kind == AllocationKind.WORK and claim.resource.kind != ResourceKind.LOANER
    ]
    found: dict[int, list[int]] = {id(claim): [] for claim in claims}
    spans: list[Span] = []
    begin = booking.starts_at
    for number, phase in enumerate(phases, 1):
        begin = _begin(phase, begin, working)
        for need in phase.claims:
            best = _best(need, _span(need, begin), working)
            if best is not None and number not in found[id(best)]:
                found[id(best)].append(number)
        spans.append((begin, begin + phase.ticks * _TICK))
        begin = spans[-1][1]
    for claim in working:
        if not found[id(claim)] and phases:
            found[id(claim)].append(_likeliest(claim, phases, spans))
    return found


def _likeliest(claim: Allocation, phases: Sequence[Phase], spans: Sequence[Span]) -> int:
    """The number of the phase that a claim moved or lengthened by hand is for: one that needs such a resource, the
    nearest in time."""
    able = [n for n, phase in enumerate(phases) if any(_suiting(need, [claim]) for need in phase.claims)]
    start = span_of(claim)[0]
    return 1 + min(able or range(len(phases)), key=lambda n: abs(spans[n][0] - start))


def _begin(phase: Phase, earliest: datetime, claims: Sequence[Allocation]) -> datetime:
    """When a phase begins: at the time, no sooner than `earliest`, at which most of what it needs is claimed."""
    latest = earliest + phase.max_wait * _TICK
    starts = {start for start in _possible(phase, claims) if earliest < start <= latest}

    def held(start: datetime) -> int:
        return sum(_is_held(need, _span(need, start), claims) for need in phase.claims)

    return max([earliest, *sorted(starts)], key=held)


def _possible(phase: Phase, claims: Sequence[Allocation]) -> Iterator[datetime]:
    for need in phase.claims:
        for claim in _suiting(need, claims):
            low, high = span_of(claim)
            yield low - need.offset * _TICK
            yield high - (need.offset + need.ticks) * _TICK


def _is_held(need: Claim, wanted: Span, claims: Sequence[Allocation]) -> bool:
    spans = (span_of(claim) for claim in _suiting(need, claims))
    return any(low <= wanted[0] and wanted[1] <= high for low, high in spans)


def _best(need: Claim, wanted: Span, claims: Sequence[Allocation]) -> Allocation | None:
    suiting = _suiting(need, claims)
    best = max(suiting, key=lambda claim: _overlap(span_of(claim), wanted), default=None)
    return best if best is not None and _overlap(span_of(best), wanted) else None


def _suiting(need: Claim, claims: Iterable[Allocation]) -> list[Allocation]:
    """The claims that may be for `need`; where its equipment has changed since, those of its kind."""
    of_kind = [claim for claim in claims if claim.resource.kind == need.kind]
    able = [claim for claim in of_kind if need.suits(claim.resource.kind, claim.resource.capabilities)]
    return able or of_kind


def _span(need: Claim, begin: datetime) -> Span:
    start = begin + need.offset * _TICK
    return start, start + need.ticks * _TICK


def _overlap(one: Span, other: Span) -> timedelta:
    return max(min(one[1], other[1]) - max(one[0], other[0]), timedelta())
