"""What a measure is: something that is taken in rounds, in turn with the others, and told in lines of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Protocol

from benchmarks.load import Rate
from benchmarks.world import Size
from o2o_platform.services.postgres import Postgres


@dataclass(frozen=True, slots=True)
class Bench:
    """How to measure, and on what."""

    server: Postgres
    size: Size
    clients: int = 8
    seconds: float = 4
    repeats: int = 200
    searches: int = 50_000
    orders: int = 100_000
    letters: int = 100_000
    cars: int = 100_000
    port: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the report."""

    what: str
    measured: str
    beside: str = ""
    wanted: str = ""


class Measure(Protocol):
    """Made once when the world stands; a measure that takes no rounds does its work when it is asked for its lines."""

    def take_round(self) -> str:
        """Measure once, for as long as the bench says; what came out, in a few words, if anything."""
        ...

    def lines(self) -> list[Line]: ...


@dataclass(slots=True)
class Pairs:
    """Rates of ours and of pgbench, taken one right after the other."""

    taken: list[tuple[Rate, Rate]] = field(default_factory=list)

    def add(self, ours: Rate, theirs: Rate) -> str:
        self.taken.append((ours, theirs))
        ended = f", answers {dict(ours.statuses)}" if ours.statuses else ""
        return f"{ours.per_second:.1f}/s, SQL {theirs.per_second:.1f}/s{ended}"

    @property
    def ratio(self) -> float:
        return median(ours.per_second / theirs.per_second for ours, theirs in self.taken)

    def line(self, what: str, wanted: str) -> Line:
        ours, theirs = zip(*self.taken, strict=True)
        measured = f"{median(rate.per_second for rate in ours):.0f}/s"
        if ours[0].seconds:
            p50, p95 = median(rate.p50_ms for rate in ours), median(rate.p95_ms for rate in ours)
            measured += f", p50 {p50:.1f} ms, p95 {p95:.1f} ms"
        beside = f"SQL {median(rate.per_second for rate in theirs):.0f}/s, ratio **{self.ratio:.3f}**"
        return Line(what, measured, beside, wanted)


def ms(seconds: Sequence[float]) -> str:
    """The median as milliseconds."""
    return f"{median(seconds) * 1000:.2f} ms"
