"""What the records of many cars say, without who wrote what and without private parts: for computing over all of them.

The same as `reading.histories`, of which pages are made, in plain values: no row becomes a model instance.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from typing import Any

import orjson
from django.db.models import F, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from vehicles.choices import EntrySource, OdometerSource
from vehicles.models import Car, HealthEntry, HealthRecord, OdometerReading
from vehicles.record.odometer import Point

Facts = Mapping[str, Any]
# Whether a shop read it, and whether it was corrected since, by the day and what was shown.
_Shown = dict[tuple[date, int], tuple[bool, bool]]


@dataclass(slots=True)
class Bare:
    """`facts` of each event as they are known now, corrections folded in; `points`: what the odometer showed on a day,
    each figure once, but for those that were corrected; whether the record is complete since new."""

    facts: list[Facts] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    is_complete: bool = False


def bare(cars: Collection[Car]) -> dict[int, Bare]:
    """What is recorded of each car, by car. Three queries at most for any number of cars, and one more where their
    records are not at hand."""
    records = {car.record_id for car in cars if car.record_id is not None}
    shown: dict[int, _Shown] = {record: {} for record in records}
    found = {record: Bare() for record in records}
    if records:
        _read_entries(found, shown)
        _read_odometers(shown)
    for record in _complete(cars):
        found[record].is_complete = True
    for record, points in shown.items():
        found[record].points = [
            Point(*at, is_verified) for at, (is_verified, is_wrong) in points.items() if not is_wrong
        ]
    alone = _without_record([car.pk for car in cars if car.record_id is None])
    return {car.pk: alone[car.pk] if car.record_id is None else found[car.record_id] for car in cars}


def _complete(cars: Collection[Car]) -> set[int]:
    """The records that are complete since new."""
    at_hand = [car.record for car in cars if car.record_id is not None and Car.record.is_cached(car)]
    complete = {record.pk for record in at_hand if record is not None and record.complete_since_new}
    others = {car.record_id for car in cars if car.record_id is not None} - {record.pk for record in at_hand if record}
    if not others:
        return complete
    return complete | set(
        HealthRecord.objects.filter(pk__in=others, complete_since_new=True).values_list("pk", flat=True)
    )


_Version = tuple[int, str, date, int | None, Facts]  # number, source, day, kilometres, facts


def _read_entries(found: Mapping[int, Bare], shown: Mapping[int, _Shown]) -> None:
    """Fill in the facts of every record, and what the odometer showed by each version of them."""
    entries = HealthEntry.objects.filter(record__in=found).order_by("record_id", "sequence")
    # As text: orjson reads it several times faster than the field does.
    rows = entries.annotate(text=Cast("facts", TextField()))
    events: dict[int, dict[int, list[_Version]]] = {}
    for record, sequence, source, on, km, text in rows.values_list(
        "record_id", "sequence", "source", "occurred_on", "odometer_km", "text"
    ):
        facts = orjson.loads(text)
        of_record = events.setdefault(record, {})
        is_correction = source == EntrySource.CORRECTION and facts["corrects"] in of_record
        number = facts["corrects"] if is_correction else sequence
        of_record.setdefault(number, []).append((sequence, source, on, km, facts))
    for record, of_record in events.items():
        found[record].facts = [versions[-1][4] for versions in of_record.values()]
        for versions in of_record.values():
            _show(versions, shown[record])


def _show(versions: list[_Version], shown: _Shown) -> None:
    """What the odometer showed by an entry and its corrections; a figure that was corrected is marked."""
    is_verified, right_km = versions[0][1] == EntrySource.VISIT, versions[-1][3]
    for _, _, on, km, _ in versions:
        if km is not None:
            shown.setdefault((on, km), (is_verified, km != right_km))


def _read_odometers(shown: Mapping[int, _Shown]) -> None:
    """Readings of every car that has had the record. One with a note corrects the reading before it of the same car."""
    rows = OdometerReading.objects.filter(car__record__in=shown).order_by("car_id", "read_at", "pk")
    before: tuple[int, int, tuple[date, int], bool] | None = None
    zone = timezone.get_current_timezone()
    for record, car, km, read_at, source, note in rows.annotate(of_record=F("car__record")).values_list(
        "of_record", "car_id", "km", "read_at", "source", "note"
    ):
        if before is not None:
            _set_down(before, shown, is_wrong=before[1] == car and bool(note))
        before = (record, car, (_day(read_at, zone), km), source == OdometerSource.CHECK_IN)
    if before is not None:
        _set_down(before, shown, is_wrong=False)


def _set_down(row: tuple[int, int, tuple[date, int], bool], shown: Mapping[int, _Shown], *, is_wrong: bool) -> None:
    record, _car, at, is_verified = row
    shown[record].setdefault(at, (is_verified, is_wrong))


def _without_record(cars: list[int]) -> dict[int, Bare]:
    """Cars that have nothing but odometer readings."""
    found = {car: Bare() for car in cars}
    rows = (
        OdometerReading.objects.filter(car__in=cars).order_by("read_at", "pk")
        if cars
        else OdometerReading.objects.none()
    )
    zone = timezone.get_current_timezone()
    for car, km, read_at in rows.values_list("car_id", "km", "read_at"):
        found[car].points.append(Point(_day(read_at, zone), km))
    return found


def _day(moment: datetime, zone: tzinfo) -> date:
    """The wall date; `timezone.localdate` asks more of each of a million rows."""
    return moment.astimezone(zone).date()
