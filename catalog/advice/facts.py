"""What advice stands on. Plain values: nothing here reads a database or a clock. Kilometres are whole, dates local."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from catalog.choices import Trigger
from catalog.points import Point
from vehicles.record.odometer import Point as OdometerPoint

__all__ = [
    "CarFacts",
    "Clause",
    "Done",
    "Item",
    "Measure",
    "Measurement",
    "OdometerPoint",
    "Proposal",
    "RecordFacts",
    "Schedule",
]


@dataclass(frozen=True, slots=True)
class CarFacts:
    """The car. What is not known is None. `odometer_on` None: the odometer was read today. `known_since`: the day from
    which on what falls due and is not done would be in its record. `engine_percent`: how much of what a plug-in drives
    its engine drives (`vehicles.record.combustion`)."""

    powertrain: str
    delivered_on: date | None = None
    model_year: int | None = None
    odometer_km: int | None = None
    odometer_on: date | None = None
    known_since: date | None = None
    engine_percent: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """Work that was done, here or elsewhere. `shop` is empty where the owner did or entered it.

    `on` is the day of handover, from which a warranty runs; `warranty_*` is what the shop promised, None if nothing.
    """

    service: str
    on: date
    km: int | None = None
    shop: str = ""
    warranty_km: int | None = None
    warranty_days: int | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """A value read at a check point. For tyre dates the four digits after DOT, as a number."""

    point: str
    value: Decimal
    on: date
    km: int | None = None


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """The car's health record. The order of entries does not matter. What was proposed and not done is not in it:
    declined, deferred and not needed all count as never done.

    `is_complete_since_new`: unbroken since delivery, so that what is not in it was not done.
    """

    done: tuple[Done, ...] = ()
    odometer: tuple[OdometerPoint, ...] = ()
    is_complete_since_new: bool = False


@dataclass(frozen=True, slots=True)
class Schedule:
    """An interval with where it comes from. `first_*` is the maker's exception for the first time."""

    km: int | None = None
    months: int | None = None
    first_km: int | None = None
    first_months: int | None = None
    is_of_maker: bool = False
    is_condition_based: bool = False
    source: str = ""
    confidence: str = ""

    @property
    def has_interval(self) -> bool:
        return self.km is not None or self.months is not None


@dataclass(frozen=True, slots=True)
class Clause:
    """One piece of evidence that suffices; everything that it names has to hold.

    `symptoms`, `codes`: any one of them (a code or a range, "P0300-P0304"). `over_km`: the car has gone further.
    `skipped`: the record shows that one of these jobs was left out. `fresh`: this job was done and is not due again.
    `due`: one of these is itself due or justified.
    """

    symptoms: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    over_km: int | None = None
    skipped: tuple[Item, ...] = ()
    fresh: tuple[Item, ...] = ()
    due: tuple[Item, ...] = ()

    @property
    def is_of_record(self) -> bool:
        """Whether it can hold without anybody naming a symptom or a fault code."""
        return not self.symptoms and not self.codes


@dataclass(frozen=True, slots=True)
class Item:
    """A service on this car: what makes it due and what would prove it.

    `also_done_with`: services that contain it. `points`: the check points whose limit justifies it. `fitment`: what has
    to be known of the car before the general interval means anything. `counts_engine`: its kilometres are those that
    the engine drives. `min_km`: never before.
    """

    key: str
    trigger: str
    powertrains: frozenset[str]
    schedule: Schedule = Schedule()
    points: tuple[Point, ...] = ()
    also_done_with: tuple[str, ...] = ()
    evidence: tuple[Clause, ...] = ()
    fitment: str = ""
    counts_engine: bool = False
    min_km: int | None = None
    source: str = ""
    confidence: str = ""
    alternative: str = ""

    @property
    def is_measured(self) -> bool:
        """Whether only a measurement or test can say that it is due."""
        return self.trigger in (Trigger.MEASURE, Trigger.TEST, Trigger.SCHEDULE_THEN_TEST)


@dataclass(frozen=True, slots=True)
class Measure:
    """Something from the over-maintenance list. No powertrains: any car can be sold it."""

    key: str
    verdict: str
    powertrains: frozenset[str] = frozenset()
    evidence: tuple[Clause, ...] = ()
    min_km: int | None = None
    source: str = ""
    confidence: str = ""
    alternative: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody proposes to do, and the evidence given for it. `subject` None: free text, neither of the lists."""

    subject: Item | Measure | None = None
    symptoms: frozenset[str] = frozenset()
    fault_codes: frozenset[str] = frozenset()
