"""Computing what many cars need, beside plain SQL that reads the same rows in the same batches: the first time, when
every item is written, and again, when nothing has changed; and one car of which something has.

The rows are written by SQL with triggers off, into the copy of the world that the run throws away.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import median

import psutil
from django.db import connection, transaction
from django.utils import timezone

from benchmarks import engine
from benchmarks.load import SQL
from benchmarks.measures.base import Bench, Line, ms
from benchmarks.processes import at_once
from catalog.needs.loading import BookShelf
from reminders.computing import recompute, staleness
from reminders.models import CarState, DueItem
from vehicles import actions
from vehicles.choices import OdometerSource
from vehicles.models import Car

AT = datetime(2026, 11, 22, 4, tzinfo=UTC)
# Ids of the rows made here: far above those of the world.
_BASE = 100_000_000
BUILT_AT_ONCE = 5_000
WORKERS = 2
CHANGED = 50

# Everything that computing reads of a batch of cars; JSON as text.
_READ = (
    "SELECT id, owner_id, variant_id, model_year, delivered_on, record_id, odometer_km, odometer_at, created_at, "
    "removed_at FROM vehicles_car WHERE id = ANY(%s)",
    "SELECT id, complete_since_new FROM vehicles_healthrecord WHERE id = ANY(%s)",
    "SELECT car_id, km, read_at, source, note FROM vehicles_odometerreading WHERE car_id = ANY(%s) "
    "ORDER BY car_id, read_at",
    "SELECT record_id, sequence, source, occurred_on, odometer_km, facts FROM vehicles_healthentry "
    "WHERE record_id = ANY(%s) ORDER BY record_id, sequence",
    "SELECT * FROM reminders_dueitem WHERE car_id = ANY(%s) AND state IN ('open', 'deferred')",
)


class Recompute:
    """Taken once, not in rounds: `bench.cars` cars."""

    def __init__(self, bench: Bench) -> None:
        self.count = bench.cars

    def take_round(self) -> str:
        return ""

    def lines(self) -> list[Line]:
        _build(self.count)
        first, before = list(_computed(self.count)), _megabytes()
        CarState.objects.update(stale_since=AT)
        again, after = list(_computed(self.count)), _megabytes()
        raw = [_raw(number) for number in _batches(self.count)]
        together = _computed_together()
        items = DueItem.objects.standing().filter(car__gt=_BASE).count()
        ratio = sum(again) / sum(raw)
        return [
            Line(
                f"due items of {self.count:,} cars, all new ({items:,})",
                _speed(self.count, first),
                _tenths(first),
                "≈ 1",
            ),
            Line(f"{self.count:,} cars again", _speed(self.count, again), _tenths(again), "≈ 1"),
            Line(
                "… beside reading the same rows",
                f"{sum(again):.1f} s",
                f"SQL {sum(raw):.1f} s, × **{ratio:.1f}**",
                "≤ 5 ×",
            ),
            Line(
                f"… by {WORKERS} workers at once",
                f"{self.count / together:.0f}/s",
                f"× {together / sum(raw):.1f} of the same SQL",
                "",
            ),
            Line("memory, after the first time and after the second", f"{before:.0f} → {after:.0f} MB", "", "flat"),
            *_incremental(),
        ]


def _build(count: int) -> None:
    query = (SQL / "cars.sql").read_text()
    for first in range(1, count + 1, BUILT_AT_ONCE):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")
            numbers = {"first": first, "last": min(first + BUILT_AT_ONCE - 1, count), "base": _BASE}
            cursor.execute(query, {**numbers, "now": AT, "today": timezone.localdate(AT)})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    CarState.objects.all().delete()
    staleness.find_new(at=AT)
    CarState.objects.exclude(car__gt=_BASE).delete()


def _batches(count: int) -> range:
    return range(0, count, recompute.BATCH)


def _computed(count: int) -> Iterator[float]:
    """Seconds of each batch, until nothing is stale."""
    books = BookShelf()
    for _ in _batches(count):
        began = time.perf_counter()
        recompute.sweep(at=AT, limit=recompute.BATCH, books=books)
        yield time.perf_counter() - began
    if CarState.objects.exclude(stale_since=None, last_error="").exists():
        raise RuntimeError(f"not all cars were computed: {CarState.objects.exclude(last_error='').first()!r}")


def _computed_together() -> float:
    """Seconds in which several processes compute all cars, sharing them as workers do."""
    CarState.objects.update(stale_since=AT)
    began, ended = at_once(_compute_all, WORKERS)
    return max(ended) - began


def _compute_all() -> float:
    books = BookShelf()
    while recompute.sweep(at=AT, limit=recompute.BATCH, books=books):
        pass
    return time.monotonic()


def _raw(number: int) -> float:
    """Seconds in which plain SQL reads what a batch is computed from."""
    ids = list(range(_BASE + number + 1, _BASE + number + recompute.BATCH + 1))
    began = time.perf_counter()
    with connection.cursor() as cursor:
        for query in _READ:
            cursor.execute(query, [ids])
            cursor.fetchall()
    return time.perf_counter() - began


def _speed(count: int, batches: list[float]) -> str:
    return f"{count / sum(batches):.0f}/s"


def _tenths(batches: list[float]) -> str:
    tenth = max(1, len(batches) // 10)
    ratio = median(batches[-tenth:]) / median(batches[:tenth])
    return f"last tenth : first **{ratio:.2f}**"


def _megabytes() -> float:
    return float(psutil.Process().memory_info().rss) / 1_048_576


def _incremental() -> list[Line]:
    """A car whose odometer was read: what it costs until its items are right again, and how many queries."""
    cars = list(Car.objects.filter(pk__gt=_BASE).select_related("owner").order_by("pk")[:CHANGED])
    taken = []
    for car in cars:
        at = AT + timedelta(hours=1)
        km = (car.odometer_km or 0) + 1_500
        actions.record_odometer(car=car, km=km, by=car.owner, source=OdometerSource.OWNER, at=at)
        staleness.mark(car.pk, at=at)
        began = time.perf_counter()
        if recompute.sweep(at=at, limit=1) != 1:
            raise RuntimeError("the car was not computed")
        taken.append(time.perf_counter() - began)
    staleness.mark(cars[0].pk, at=AT)
    queries, _spent = engine.asked(lambda: recompute.sweep(at=AT, limit=1))
    return [Line("one changed car", ms(taken), f"{queries} queries, six of them the catalogue's")]
