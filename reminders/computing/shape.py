"""What is computed of a car, before it is compared with what is written down. Plain values; days are local."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from catalog.needs.loading import Firsts
from reminders.choices import By, Source

# Subjects are "<what>:<which>".
SERVICE, OWN, WARRANTY = "service", "own", "warranty"
INSPECTION = "statute:annual_inspection"
INSURANCE = "owner:insurance"
MAKERS_WARRANTY = "warranty:maker"

# How a cycle goes on after the day from which it is counted: until which reading a test is due, that a part is at its
# limit, when its owner put it off.
NEW = "new"
READ, LIMIT, PUT_OFF = "~", "!", "+"


@dataclass(frozen=True, slots=True)
class Computed:
    """A due item as it follows from the facts: the fields of `DueItem`. `holds_day`: no day is named by what makes it
    due, so the day on which it was first seen stays."""

    source: Source
    subject: str
    cycle: str
    by: By
    due_on: date | None
    earliest_on: date | None
    latest_on: date | None
    facts: Mapping[str, Any]
    due_km: int | None = None
    service: str = ""
    title: str = ""
    is_likely: bool = False
    is_by_prior: bool = False
    holds_day: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.subject, self.cycle


class Row(NamedTuple):
    """What is compared of a row of `DueItem`: no model instance, of which only those are made that change."""

    pk: int
    car_id: int
    subject: str
    cycle: str
    state: str
    round: int
    deferred_until: date | None
    source: str
    service: str
    title: str
    is_likely: bool
    by: str
    due_km: int | None
    is_by_prior: bool
    facts: Mapping[str, Any]
    due_on: date | None
    earliest_on: date | None
    latest_on: date | None

    @property
    def key(self) -> tuple[str, str]:
        return self.subject, self.cycle


@dataclass(frozen=True, slots=True)
class Repair:
    """Work with a long warranty, as one visit has it: handed over on a day at so many kilometres (None: not known).
    `number`: of the entry in the car's record, `index`: of its first line."""

    number: int
    index: int
    on: date
    km: int | None
    days: int
    warranty_km: int | None
    items: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that the due items of a car follow from. `said`: days that only the owner knows, by kind."""

    firsts: Firsts
    said: Mapping[str, date] = field(default_factory=dict)
    repairs: tuple[Repair, ...] = ()

    @property
    def today(self) -> date:
        return self.firsts.adviser.story.today


def start_of(cycle: str) -> date | None:
    """The day from which a cycle is counted; None for one that is counted from new."""
    return None if cycle.startswith(NEW) else date.fromisoformat(cycle[:10])


def mark_of(cycle: str) -> str:
    """What a cycle says after its start: a mark with its day, or nothing."""
    return cycle[len(NEW) :] if cycle.startswith(NEW) else cycle[10:]
