"""What a plan is made of. Plain values; kilometres are whole, dates local, money in fen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from catalog.advice.verdict import Advice, Numbers
from vehicles.record.odometer import Rate


class Kind(StrEnum):
    """How sure it is that the work is needed then."""

    NOW = "now"  # due today by schedule, law or evidence
    DATED = "dated"  # due then by schedule or law
    LIKELY = "likely"  # only a measurement or test will tell


class By(StrEnum):
    """What sets the date."""

    KM = "km"
    MONTHS = "months"
    TREND = "trend"  # measurements of the part, carried on
    AGE = "age"  # the date of make
    TEST = "test"  # the interval at which it is tested
    LAW = "law"
    LIMIT = "limit"  # a measurement has reached its limit
    DEFERRED = "deferred"  # the owner's own choice


@dataclass(frozen=True, slots=True)
class Price:
    """What a job costs, all in, per piece if the service is. `is_example`: the catalogue's, for want of real prices."""

    low_fen: int
    high_fen: int
    n: int = 0
    is_example: bool = False

    @property
    def middle_fen(self) -> int:
        return (self.low_fen + self.high_fen) // 2

    def times(self, pieces: int) -> Price:
        return Price(self.low_fen * pieces, self.high_fen * pieces, self.n, self.is_example)


@dataclass(frozen=True, slots=True)
class Trend:
    """The measurements of a part carried on until its limit. `by_km`: along kilometres, else along days. `on` is never
    a day that is over; `true_on` is the day as it comes out."""

    point: str
    value: Decimal
    unit: str
    limit: Decimal
    measured_on: date
    on: date
    km: int | None
    by_km: bool
    readings: int
    true_on: date


@dataclass(frozen=True, slots=True)
class Quoted:
    """Work that is no service of the catalogue: what the shop called it, for how much, and which shop. `names` in
    Chinese and English, `version` the number of the line as the owner saw it: for who writes it down."""

    name: str
    shop: str
    price_fen: int
    names: tuple[str, str] = ("", "")
    version: int = 0


@dataclass(frozen=True, slots=True)
class Deferred:
    """Work that the owner put off on a day, with when to bring it up again: a day, kilometres, or neither. `service`
    is a key of the catalogue, or empty where a shop `quoted` work of its own."""

    service: str
    decided_on: date
    until_on: date | None = None
    until_km: int | None = None
    quoted: Quoted | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """A shop's own work that was put off: the day it comes up, None where nobody said or nobody knows."""

    deferred: Deferred
    quoted: Quoted
    on: date | None


@dataclass(frozen=True, slots=True)
class Span:
    """A day with its range as it is, in the past too: what was due stays due since that day. `is_by_prior`: it rests on
    what cars of the class drive, for the car has no rate of its own."""

    on: date
    earliest: date
    latest: date
    is_by_prior: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One job on one day. `on`: when it is due, in the past where the record shows that it is overdue, but never in the
    past by a projection alone; `earliest` and `latest` hold the range of the car's own rate. `true_*`: the same days,
    never moved to today. `km`: the odometer then, None where nothing says. `nth`: 0 for the first time in the plan.
    `numbers`: the interval this time stands on. `advice`: what is said of it today. `price` is of all `pieces`.
    """

    key: str
    kind: Kind
    by: By
    on: date
    earliest: date
    latest: date
    advice: Advice
    numbers: Numbers
    km: int | None = None
    nth: int = 0
    trend: Trend | None = None
    deferred: Deferred | None = None
    pieces: int = 1
    price: Price | None = None
    span: Span | None = None

    @property
    def true_on(self) -> date:
        return self.span.on if self.span else self.on

    @property
    def true_earliest(self) -> date:
        return self.span.earliest if self.span else self.earliest

    @property
    def true_latest(self) -> date:
        return self.span.latest if self.span else self.latest

    @property
    def is_by_prior(self) -> bool:
        """Whether the day rests on what cars of the class drive."""
        return self.span is not None and self.span.is_by_prior


@dataclass(frozen=True, slots=True)
class Visit:
    """Jobs that are proposed for one visit, `on` the day when the first of them is due (today where something is)."""

    on: date
    is_now: bool
    lines: tuple[Line, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(line.key for line in self.lines))

    @property
    def is_likely_only(self) -> bool:
        return all(line.kind == Kind.LIKELY for line in self.lines)


@dataclass(frozen=True, slots=True)
class NotOnIt:
    """Left out on purpose. `is_measure`: from the over-maintenance list, else a service. `is_bundle`: its parts are
    planned one by one. `trend`: a measured part whose limit lies beyond the plan."""

    key: str
    advice: Advice
    is_measure: bool = False
    is_bundle: bool = False
    trend: Trend | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """Sums over lines: all of them, and those only likely. `unpriced`: lines of which no price is known."""

    low_fen: int
    high_fen: int
    likely_low_fen: int
    likely_high_fen: int
    unpriced: int

    @property
    def middle_fen(self) -> int:
        return (self.low_fen + self.high_fen) // 2


@dataclass(frozen=True, slots=True)
class Needs:
    """The plan of a car from `today` until `until` (both included).

    `unknown`: services of which nothing can be said, each with what would tell. `rate`: kilometres a day, None where
    the readings do not say; then only dates are planned. `km`, `km_on`: the last believed odometer reading.
    """

    today: date
    until: date
    rate: Rate | None
    km: int | None
    km_on: date | None
    has_delivery_date: bool
    lines: tuple[Line, ...]
    visits: tuple[Visit, ...]
    unknown: tuple[Advice, ...]
    not_on_it: tuple[NotOnIt, ...]
    # What shops proposed in their own words and the owner put off; in no visit and no sum.
    remembered: tuple[Remembered, ...] = ()

    @property
    def now(self) -> tuple[Line, ...]:
        return self._of(Kind.NOW)

    @property
    def dated(self) -> tuple[Line, ...]:
        return self._of(Kind.DATED)

    @property
    def likely(self) -> tuple[Line, ...]:
        return self._of(Kind.LIKELY)

    @property
    def total(self) -> Total:
        return total(self.lines)

    def _of(self, kind: Kind) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.kind == kind)


def total(lines: Iterable[Line]) -> Total:
    """The sum of lines; what has no price is counted, never taken as nothing."""
    lines = list(lines)
    priced = [(line, line.price) for line in lines if line.price is not None]
    likely = [price for line, price in priced if line.kind == Kind.LIKELY]
    return Total(
        low_fen=sum(price.low_fen for _, price in priced),
        high_fen=sum(price.high_fen for _, price in priced),
        likely_low_fen=sum(price.low_fen for price in likely),
        likely_high_fen=sum(price.high_fen for price in likely),
        unpriced=len(lines) - len(priced),
    )
