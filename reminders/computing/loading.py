"""Brings what is known of many cars from the database, in a number of queries that does not grow with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import orjson
from django.db import connection
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from catalog.advice.dates import add_months
from catalog.needs.loading import BookShelf, first_lines_for
from reminders.choices import STANDING
from reminders.computing.shape import Computed, Known, Repair, Row
from reminders.computing.warranties import LONG_DAYS
from reminders.models import DueItem, OwnerDate
from vehicles.models import Car

Key = tuple[str, str]

# No shop promises longer (product decision): what was done before is not read again.
_LONGEST_MONTHS = 36


def known(cars: Collection[Car], *, today: date, books: BookShelf) -> dict[int, Known]:
    """What is known of each car, by car. Raises what `first_lines_for` raises."""
    said = _said(cars)
    repairs = _repairs([car.record_id for car in cars if car.record_id is not None], today)
    firsts = first_lines_for(cars, today=today, books=books)
    return {
        car.pk: Known(firsts[car.pk], said.get(car.pk, {}), tuple(repairs.get(car.record_id, ())))  # type: ignore[arg-type]
        for car in cars
    }


def standing(cars: Collection[Car]) -> dict[int, list[Row]]:
    """The items of each car that stand, by car."""
    found: dict[int, list[Row]] = {car.pk: [] for car in cars}
    items = DueItem.objects.filter(car__in=found, state__in=STANDING).order_by("pk")
    for row in _rows(items):
        found[row.car_id].append(row)
    return found


def closed(missing: Mapping[int, Sequence[Computed]]) -> dict[int, dict[Key, Row]]:
    """Items that are closed but computed, by car and key. One query, none where nothing is missing."""
    found: dict[int, dict[Key, Row]] = defaultdict(dict)
    keys = {(car, *one.key) for car, computed in missing.items() for one in computed}
    if keys:
        subjects = {subject for _car, subject, _cycle in keys}
        items = DueItem.objects.filter(car__in={car for car, *_ in keys}, subject__in=subjects)
        items = items.exclude(state__in=STANDING).order_by("pk")
        for row in _rows(items):
            if (row.car_id, *row.key) in keys:
                found[row.car_id][row.key] = row
    return found


_COLUMNS = tuple("text" if name == "facts" else name for name in Row._fields)
_FACTS = Row._fields.index("facts")


def _rows(items: QuerySet[DueItem]) -> Iterator[Row]:
    """Facts are read as text: orjson takes them apart several times faster than the field does."""
    for values in items.annotate(text=Cast("facts", TextField())).values_list(*_COLUMNS):
        yield Row._make((*values[:_FACTS], orjson.loads(values[_FACTS]), *values[_FACTS + 1 :]))


def _said(cars: Collection[Car]) -> dict[int, dict[str, date]]:
    """The day that each owner said last, by car and kind; nothing where they took it back."""
    rows = OwnerDate.objects.filter(car__in=[car.pk for car in cars])
    newest = rows.order_by("car_id", "kind", "-at", "-pk").distinct("car_id", "kind")
    found: dict[int, dict[str, date]] = defaultdict(dict)
    for car, kind, on in newest.values_list("car_id", "kind", "on"):
        if on is not None:
            found[car][kind] = on
    return found


# Entries of visits with a long warranty, each as its newest correction has it.
_REPAIRS = """
SELECT entry.record_id, COALESCE((entry.facts->>'corrects')::int, entry.sequence), entry.occurred_on,
    NULLIF(entry.facts->>'settled_on', ''), entry.odometer_km, entry.facts->'items'
FROM vehicles_healthentry AS entry
WHERE entry.record_id = ANY(%(records)s) AND entry.occurred_on >= %(since)s AND entry.shop_slug <> ''
    AND entry.facts @? %(path)s::jsonpath
    AND NOT EXISTS (
        SELECT FROM vehicles_healthentry AS later
        WHERE later.record_id = entry.record_id AND later.sequence > entry.sequence AND later.source = 'correction'
            AND (later.facts->>'corrects')::int = COALESCE((entry.facts->>'corrects')::int, entry.sequence)
    )
ORDER BY entry.record_id, entry.sequence
"""
_PATH = f'$.items[*] ? (@.outcome == "done" && @.warranty.days >= {LONG_DAYS})'


def _repairs(records: list[int], today: date) -> dict[int, list[Repair]]:
    """Work with a long warranty, by record; lines of a visit with the same terms are one. One query."""
    if not records:
        return {}
    found: dict[int, list[Repair]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_REPAIRS, {"records": records, "since": add_months(today, -_LONGEST_MONTHS), "path": _PATH})
        for record, number, on, settled_on, km, items in cursor.fetchall():
            over_on = max(on, date.fromisoformat(settled_on)) if settled_on else on
            found[record] += _of_entry(number, over_on, km, orjson.loads(items))
    return found


def _of_entry(number: int, on: date, km: int | None, items: list[dict[str, Any]]) -> list[Repair]:
    terms: dict[tuple[int, int | None], list[int]] = defaultdict(list)
    for index, item in enumerate(items):
        warranty = item["warranty"] or {}
        if item["outcome"] == "done" and (warranty.get("days") or 0) >= LONG_DAYS:
            terms[warranty["days"], warranty.get("km")].append(index)
    return [
        Repair(number, indexes[0], on, km, days, warranty_km, tuple(items[index] for index in indexes))
        for (days, warranty_km), indexes in terms.items()
    ]
