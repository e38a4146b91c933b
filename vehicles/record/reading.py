"""Reading a record: what is known now, out of entries that are never changed.

`history` costs two queries whatever the number of entries. A correction is folded into the entry that it points at;
both stay to be seen. Private parts are shown to their holder only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from itertools import zip_longest
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import get_language

from accounts.models import User
from vehicles.choices import EntrySource, OdometerSource
from vehicles.models import HealthEntry, HealthRecord, OdometerReading
from vehicles.record import chain, odometer
from vehicles.record.odometer import Curve, Point


def in_language(row: dict[str, Any] | None, name: str) -> str:
    """A text that facts hold in both languages, in the reader's; the other one where that is empty."""
    if row is None:
        return ""
    first, second = ("zh", "en") if (get_language() or "").startswith("zh") else ("en", "zh")
    return str(row[f"{name}_{first}"] or row[f"{name}_{second}"])


@dataclass(frozen=True)
class Event:
    """Something that happened to the car, as it is known now. `versions` are the entry and its corrections."""

    versions: tuple[HealthEntry, ...]
    viewer_id: int | None = None

    @property
    def first(self) -> HealthEntry:
        return self.versions[0]

    @property
    def newest(self) -> HealthEntry:
        return self.versions[-1]

    @property
    def facts(self) -> dict[str, Any]:
        """What is right by the newest correction."""
        facts: dict[str, Any] = self.newest.facts
        return facts

    @property
    def private(self) -> dict[str, Any] | None:
        """The private part, for who holds it; None for others and where it was erased."""
        is_holder = self.viewer_id is not None and self.newest.holder_id == self.viewer_id
        return self.newest.private if is_holder else None

    @property
    def occurred_on(self) -> date:
        return self.newest.occurred_on

    @property
    def odometer_km(self) -> int | None:
        return self.newest.odometer_km

    @property
    def is_verified(self) -> bool:
        """Whether a shop wrote it."""
        return self.first.source == EntrySource.VISIT

    @property
    def is_corrected(self) -> bool:
        return len(self.versions) > 1

    @property
    def is_own(self) -> bool:
        """Whether it is the reader's own entry, which he can correct."""
        is_holder = self.viewer_id is not None and self.first.holder_id == self.viewer_id
        return is_holder and self.first.source == EntrySource.OWNER

    @property
    def corrections(self) -> tuple[tuple[HealthEntry, HealthEntry], ...]:
        """What was said before and the correction of it, in order."""
        return tuple(zip(self.versions, self.versions[1:], strict=False))

    @property
    def shop_name(self) -> str:
        """The shop in the reader's language, empty for an owner's entry."""
        return in_language(self.facts["shop"], "name")

    @property
    def shop_city(self) -> str:
        return in_language(self.facts["shop"], "city")

    @property
    def done(self) -> list[str]:
        """What was done, in the reader's language."""
        return self._names("done")

    @property
    def declined(self) -> list[str]:
        return self._names("declined")

    @property
    def deferred(self) -> list[str]:
        return self._names("deferred")

    @property
    def not_needed(self) -> list[str]:
        return self._names("not_needed")

    @property
    def total_fen(self) -> int | None:
        return (self.private or {}).get("total_fen")

    @property
    def note(self) -> str:
        return str((self.private or {}).get("note", ""))

    def concerns(self, services: Iterable[str]) -> bool:
        """Whether one of the services was done or spoken of."""
        wanted = set(services)
        return any(item["service"] in wanted for item in self.facts["items"])

    def _names(self, outcome: str) -> list[str]:
        return [in_language(item, "name") for item in self.facts["items"] if item["outcome"] == outcome]


@dataclass(frozen=True)
class Measured:
    """The newest value of a point, and where it was read. `value` is a decimal number as text."""

    point: str
    value: str
    unit: str
    tone: str
    event: Event


@dataclass(frozen=True)
class History:
    """A record as one person may see it, on a day."""

    record: HealthRecord
    head_hash: str
    entries: tuple[HealthEntry, ...]
    events: tuple[Event, ...]  # newest first
    curve: Curve
    today: date
    viewer_id: int | None = None
    readings: tuple[OdometerReading, ...] = field(default=())

    @cached_property
    def problems(self) -> list[chain.Problem]:
        """What does not fit in the chain; empty if every entry is as it was written."""
        return chain.verify(self.entries, head_hash=self.head_hash)

    @property
    def verified_events(self) -> list[Event]:
        return [event for event in self.events if event.is_verified]

    @property
    def shop_count(self) -> int:
        """In how many shops the car has been."""
        return len({event.facts["shop"]["slug"] for event in self.events if event.facts["shop"]})

    @cached_property
    def measurements(self) -> dict[str, Measured]:
        """The newest value of every point that was ever measured."""
        newest: dict[str, Measured] = {}
        for event in self.events:
            for row in event.facts["measurements"]:
                if row["point"] not in newest:
                    newest[row["point"]] = Measured(row["point"], row["value"], row["unit"], row["tone"], event)
        return newest


def history(record: HealthRecord, *, viewer: User | None, today: date) -> History:
    """Everything of a record as `viewer` may see it (None: a buyer or a shop, who see no private part). Two queries."""
    return histories([record], viewer=viewer, today=today)[record.pk]


def histories(records: Sequence[HealthRecord], *, viewer: User | None, today: date) -> dict[int, History]:
    """The same for many records, by their primary keys, in the same two queries."""
    # The head as it was when the entries were read: a visit may enter between two queries.
    entries: dict[int, list[HealthEntry]] = {record.pk: [] for record in records}
    for entry in HealthEntry.objects.filter(record__in=records).in_order().select_related("record"):
        entries[entry.record_id].append(entry)
    readings: dict[int, list[OdometerReading]] = {record.pk: [] for record in records}
    rows = OdometerReading.objects.filter(car__record__in=records).order_by("car_id", "read_at", "pk")
    for reading in rows.annotate(of_record=F("car__record")):
        readings[reading.of_record].append(reading)
    viewer_id = viewer.pk if viewer else None
    return {
        record.pk: _history(record, tuple(entries[record.pk]), tuple(readings[record.pk]), viewer_id, today)
        for record in records
    }


def _history(
    record: HealthRecord,
    entries: tuple[HealthEntry, ...],
    readings: tuple[OdometerReading, ...],
    viewer_id: int | None,
    today: date,
) -> History:
    events = _events(entries, viewer_id)
    return History(
        record=record,
        head_hash=entries[-1].record.head_hash if entries else record.head_hash,
        entries=entries,
        events=tuple(sorted(events, key=lambda event: (event.occurred_on, event.first.sequence), reverse=True)),
        curve=odometer.curve(_points(events, readings), today=today),
        today=today,
        viewer_id=viewer_id,
        readings=readings,
    )


def _events(entries: Sequence[HealthEntry], viewer_id: int | None) -> list[Event]:
    versions: dict[int, list[HealthEntry]] = {}
    for entry in entries:
        target = entry.facts["corrects"]
        if entry.source == EntrySource.CORRECTION and target in versions:
            versions[target].append(entry)
        else:
            versions[entry.sequence] = [entry]
    return [Event(tuple(rows), viewer_id) for rows in versions.values()]


def _points(events: Iterable[Event], readings: Sequence[OdometerReading]) -> list[Point]:
    """One point for each day and figure; a shop's reading wins over the same one by the owner."""
    points: dict[tuple[date, int], Point] = {}
    for event in events:
        for entry in event.versions:
            if entry.odometer_km is not None:
                is_corrected = entry is not event.newest and entry.odometer_km != event.odometer_km
                point = Point(entry.occurred_on, entry.odometer_km, event.is_verified, is_corrected, entry.sequence)
                points.setdefault((point.on, point.km), point)
    for reading, later in zip_longest(readings, readings[1:]):
        # A correction says so in its note, and means the reading before it of the same car.
        is_corrected = later is not None and later.car_id == reading.car_id and bool(later.note)
        is_verified = reading.source == OdometerSource.CHECK_IN
        day = timezone.localdate(reading.read_at)
        points.setdefault((day, reading.km), Point(day, reading.km, is_verified, is_corrected))
    return list(points.values())
