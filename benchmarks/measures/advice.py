"""Advice on every service for a car with 200 record entries: deciding beside the fetch of what it stands on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from statistics import median
from time import perf_counter
from typing import Any

from django.db import transaction

from accounts.models import User
from benchmarks import engine
from benchmarks.measures.base import Bench, Line, ms
from catalog import catalogue_loading
from catalog.advice import loading
from catalog.advice.belief import believe
from catalog.advice.decide import judge
from catalog.advice.facts import Proposal
from vehicles.choices import EntrySource
from vehicles.models import Car, HealthEntry, HealthRecord, Variant
from vehicles.record import actions, reading

ENTRIES = 200
TODAY = date(2026, 11, 22)
SERVICES = ("minor_service", "cabin_filter", "brake_fluid", "tyre_rotation", "battery_12v", "coolant")
POINTS = (("pad_front_left_inner", "6.5"), ("tread_front_left", "4.2"), ("battery_cca", "82"))


class Advice:
    """Its rows are written once and taken back at the end of each round: they are of no use to other measures."""

    def __init__(self, bench: Bench) -> None:
        self.repeats = max(10, bench.repeats // 10)
        self.fetches, self.decisions, self.queries = list[float](), list[float](), 0

    def take_round(self) -> str:
        with transaction.atomic():
            catalogue_loading.load_all()
            car = _car()
            for _ in range(self.repeats):
                self._once(car.pk)
            transaction.set_rollback(True)
        return f"decide {ms(self.decisions)}, fetch {ms(self.fetches)}"

    def lines(self) -> list[Line]:
        ratio = median(self.decisions) / median(self.fetches)
        beside = f"fetch {ms(self.fetches)} in {self.queries} queries, ratio **{ratio:.3f}**"
        return [Line(f"advice on all services, {ENTRIES} entries", ms(self.decisions), beside, "≤ 20 ms")]

    def _once(self, pk: int) -> None:
        """The fetch of everything, then belief and verdicts from plain facts."""
        self.queries, _ = engine.asked(lambda: _fetch(pk))
        (book, car, entries, is_complete, points), taken = _timed(lambda: _fetch(pk))
        self.fetches.append(taken)

        def decide() -> list[Any]:
            facts = loading.record_facts(entries, points, is_complete_since_new=is_complete)
            story = believe(loading.car_facts(car, entries), facts, loading.measurements_of(entries), TODAY)
            return [judge(Proposal(item), story) for item in book.items.values()]

        advice, taken = _timed(decide)
        if len(advice) != len(book.items):
            raise RuntimeError("a service has no advice")
        self.decisions.append(taken)


def _fetch(pk: int) -> Any:
    car = Car.objects.select_related("record").with_names().get(pk=pk)
    if car.record is None:
        raise RuntimeError("the car has no record")
    history = reading.history(car.record, viewer=None, today=TODAY)
    entries = [event.facts for event in history.events]
    book = loading.facts_for(car.variant)
    return book, car, entries, car.record.complete_since_new, list(history.curve.believed)


def _timed(run: Callable[[], Any]) -> tuple[Any, float]:
    began = perf_counter()
    result = run()
    return result, perf_counter() - began


def _car() -> Car:
    """A car of nine years with an entry every other week or so."""
    owner = User.objects.create(name="Bench", email="advice@bench.example")
    record = HealthRecord.objects.create(owner=owner)
    car = Car.objects.create(
        owner=owner,
        variant=Variant.objects.with_names().get(slug="volkswagen-lavida-1-4t"),
        record=record,
        delivered_on=TODAY - timedelta(days=16 * ENTRIES + 20),
        odometer_km=ENTRIES * 700,
        odometer_at=datetime(2026, 11, 21, tzinfo=UTC),
    )
    for number in range(ENTRIES):
        on = TODAY - timedelta(days=16 * (ENTRIES - number))
        facts = _facts(on, 700 * number, SERVICES[number % len(SERVICES)])
        moment = datetime(on.year, on.month, on.day, tzinfo=UTC)
        actions.append(record=record, facts=facts, private=None, source=EntrySource.OWNER, holder=owner, at=moment)
    if HealthEntry.objects.filter(record=record).count() != ENTRIES:
        raise RuntimeError("not every entry was written")
    return car


def _facts(on: date, km: int, service: str) -> dict[str, Any]:
    item = {"service": service, "measure": "", "name_zh": service, "name_en": service, "outcome": "done"}
    return {
        "v": 1,
        "kind": "owner",
        "date": on.isoformat(),
        "odometer_km": km,
        "vin": "",
        "shop": None,
        "number": "",
        "checked_in_on": "",
        "settled_on": "",
        "items": [{**item, "labour_minutes": 30, "parts": [], "warranty": None, "advice": ""}],
        "measurements": [{"point": point, "value": value, "unit": "", "tone": ""} for point, value in POINTS],
        "fault_codes": [],
        "photos": [],
        "corrects": None,
    }
