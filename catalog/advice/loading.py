"""Brings what `decide` needs from the database, in a number of queries that does not grow with proposals or entries.

adviser = loading.for_car(car, today=today)
advice = adviser.on(service="brake_fluid")
adviser.words(advice).reason
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import Any

from django.utils import timezone

from catalog import intervals
from catalog.advice import words
from catalog.advice.belief import Story, believe
from catalog.advice.decide import judge
from catalog.advice.facts import (
    CarFacts,
    Clause,
    Done,
    Item,
    Measure,
    Measurement,
    OdometerPoint,
    Proposal,
    RecordFacts,
    Schedule,
)
from catalog.advice.verdict import Advice
from catalog.intervals import Interval
from catalog.models import CheckPoint, MakerSchedule, OverMaintenanceRule, Service
from catalog.points import Point
from vehicles.models import Car, Variant
from vehicles.record.bare import Bare, bare
from vehicles.record.combustion import percents
from vehicles.record.odometer import Rate


@dataclass(frozen=True)
class Ask:
    """A proposal by key: a service or a measure of the over-maintenance list; neither is free text."""

    service: str = ""
    measure: str = ""
    symptoms: frozenset[str] = frozenset()
    fault_codes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Book:
    """What the catalogue knows of a variant: its services with intervals and evidence, the over-maintenance list."""

    items: Mapping[str, Item]
    measures: Mapping[str, Measure]
    services: Mapping[str, Service]
    rules: Mapping[str, OverMaintenanceRule]
    points: Mapping[str, CheckPoint]

    def proposal(self, ask: Ask) -> Proposal:
        """The proposal with its facts. Raises KeyError for a key that the catalogue does not have."""
        subject: Item | Measure | None = None
        if ask.service:
            subject = self.items[ask.service]
        elif ask.measure:
            subject = self.measures[ask.measure]
        return Proposal(subject, ask.symptoms, ask.fault_codes)

    @property
    def names(self) -> words.Names:
        return words.Names(self.services, self.points, self.rules)


@dataclass(frozen=True)
class Adviser:
    """A car with all that is believed of it: gives any number of advices without another query."""

    book: Book
    story: Story

    def on(self, ask: Ask | None = None, /, **keys: Any) -> Advice:
        """The advice on one proposal: an `Ask`, or its fields. Raises KeyError for an unknown key."""
        return judge(self.book.proposal(ask or Ask(**keys)), self.story)

    def words(self, advice: Advice) -> words.Words:
        """The advice in the active language."""
        return words.words(advice, self.book.names)


def facts_for(variant: Variant) -> Book:
    """The catalogue as this variant sees it. Five queries (two more if make and model are not at hand)."""
    return books_for([variant])[variant.pk]


def books_for(variants: Iterable[Variant]) -> dict[int, Book]:
    """The same for many variants, by their primary keys, in the same five queries."""
    variants = list(variants)
    services = list(Service.objects.all())
    known = intervals.for_cars(services, variants)
    rules = list(OverMaintenanceRule.objects.select_related("service", "alternative"))
    points = list(CheckPoint.objects.select_related("limit_from").prefetch_related("services"))
    return {variant.pk: _book(services, known[variant.pk], rules, points) for variant in variants}


class BookShelf:
    """The books of all variants, each made when it is first asked for: five queries once, then none, for any number of
    cars. A shelf is as old as its first book; make a new one for each run."""

    def __init__(self) -> None:
        self._books: dict[int, Book] = {}

    def book(self, variant: Variant) -> Book:
        """The catalogue as this variant (with model and make at hand) sees it."""
        if variant.pk not in self._books:
            known = intervals.of_variant(self._services, variant, self._schedules)
            self._books[variant.pk] = _book(self._services, known, self._rules, self._points)
        return self._books[variant.pk]

    @cached_property
    def _services(self) -> list[Service]:
        return list(Service.objects.all())

    @cached_property
    def _schedules(self) -> list[MakerSchedule]:
        return list(MakerSchedule.objects.all())

    @cached_property
    def _rules(self) -> list[OverMaintenanceRule]:
        return list(OverMaintenanceRule.objects.select_related("service", "alternative"))

    @cached_property
    def _points(self) -> list[CheckPoint]:
        return list(CheckPoint.objects.select_related("limit_from").prefetch_related("services"))


def _book(
    services: list[Service],
    known: Mapping[int, Interval],
    rules: list[OverMaintenanceRule],
    points: list[CheckPoint],
) -> Book:
    thresholds = _thresholds(points)
    plain = {
        service.key: _item(service, known[service.pk], rules, thresholds.get(service.pk, ())) for service in services
    }
    items = {
        service.key: replace(plain[service.key], evidence=_clauses(service.evidence, plain)) for service in services
    }
    return Book(
        items=items,
        measures={rule.key: _measure(rule, items) for rule in rules},
        services={service.key: service for service in services},
        rules={rule.key: rule for rule in rules},
        points={point.key: point for point in points},
    )


def for_car(car: Car, *, today: date, measurements: Iterable[Measurement] = (), book: Book | None = None) -> Adviser:
    """An adviser for an owner's car, with its health record and what was measured since (an inspection under way).

    Seven queries with a car that has names and record at hand, whatever the number of entries. `book`: `facts_for` of
    the car's variant, where the caller has it already.
    """
    known, percent = bare([car])[car.pk], percents([car]).get(car.pk)
    story = _story(car, known, today, percent, measurements=measurements)
    return Adviser(book or facts_for(car.variant), story)


def for_cars(cars: Iterable[Car], *, today: date) -> dict[int, Adviser]:
    """An adviser for each car, by its primary key: eight queries for any number of cars with names and record at
    hand."""
    cars = list(cars)
    books = books_for({car.variant_id: car.variant for car in cars}.values())
    believed = stories(cars, today=today)
    return {car.pk: Adviser(books[car.variant_id], believed[car.pk]) for car in cars}


def stories(cars: Collection[Car], *, today: date, priors: Mapping[int, Rate] | None = None) -> dict[int, Story]:
    """What is believed of each of many cars, by car. Three queries for any number of cars that have their variants at
    hand, one more where they have not their records, one more where some are plug-ins. `priors`: rates to be taken
    where a car has none of its own, by variant; with them a car's own rate is spread over the year where its readings
    tell."""
    recorded, by_engine = bare(cars), percents(cars)
    rates, has_season = priors or {}, priors is not None
    return {
        car.pk: _story(
            car, recorded[car.pk], today, by_engine.get(car.pk), prior=rates.get(car.variant_id), has_season=has_season
        )
        for car in cars
    }


def _story(
    car: Car,
    known: Bare,
    today: date,
    engine_percent: int | None,
    *,
    measurements: Iterable[Measurement] = (),
    **outlook: Any,
) -> Story:
    record = record_facts(known.facts, known.points, is_complete_since_new=known.is_complete)
    taken = [*measurements_of(known.facts), *measurements]
    facts = car_facts(car, known.facts, engine_percent=engine_percent)
    return believe(facts, record, taken, today, **outlook)


def car_facts(car: Car, entries: Iterable[Mapping[str, Any]] = (), *, engine_percent: int | None = None) -> CarFacts:
    """What is known of an owner's car; the day of delivery also from an entry of its delivery."""
    delivered = (date.fromisoformat(facts["date"]) for facts in entries if facts["kind"] == "delivery")
    return CarFacts(
        powertrain=car.variant.powertrain,
        delivered_on=car.delivered_on or min(delivered, default=None),
        model_year=car.model_year,
        odometer_km=car.odometer_km,
        odometer_on=timezone.localdate(car.odometer_at) if car.odometer_at else None,
        known_since=timezone.localdate(car.created_at),
        engine_percent=engine_percent,
    )


def record_facts(
    entries: Iterable[Mapping[str, Any]],
    readings: Iterable[OdometerPoint] = (),
    *,
    is_complete_since_new: bool = False,
) -> RecordFacts:
    """What a health record says, from the facts of its entries as they are known now (corrections folded in).

    `facts` as in `vehicles.record.shape`; `readings` are odometer readings besides those of entries.
    """
    done: list[Done] = []
    odometer = list(readings)
    for facts in entries:
        on = date.fromisoformat(facts["date"])
        shop = facts["shop"]["slug"] if facts["shop"] else ""
        if facts["odometer_km"] is not None:
            odometer.append(OdometerPoint(on, facts["odometer_km"], is_verified=bool(shop)))
        for item in facts["items"]:
            if item["service"] and item["outcome"] == "done":
                done.append(_done(item, facts, on, shop))
    return RecordFacts(tuple(done), tuple(odometer), is_complete_since_new)


def measurements_of(entries: Iterable[Mapping[str, Any]]) -> list[Measurement]:
    """Every value that was read, with day and kilometres of its entry."""
    return [
        Measurement(row["point"], value, date.fromisoformat(facts["date"]), facts["odometer_km"])
        for facts in entries
        for row in facts["measurements"]
        if (value := _decimal(row["value"])) is not None
    ]


def _done(item: Mapping[str, Any], facts: Mapping[str, Any], on: date, shop: str) -> Done:
    """A warranty runs from the settlement, the last day of the visit."""
    settled = date.fromisoformat(facts["settled_on"]) if facts["settled_on"] else on
    warranty = item["warranty"] or {}
    return Done(
        service=item["service"],
        on=max(on, settled),
        km=facts["odometer_km"],
        shop=shop,
        warranty_km=warranty.get("km"),
        warranty_days=warranty.get("days"),
    )


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _thresholds(rows: Iterable[CheckPoint]) -> dict[int, list[Point]]:
    """The thresholds that justify each service, by its id."""
    thresholds: dict[int, list[Point]] = {}
    for row in rows:
        threshold = row.threshold
        for service in row.services.all():
            thresholds.setdefault(service.pk, []).append(threshold)
    return thresholds


def _item(service: Service, interval: Interval, rules: Iterable[OverMaintenanceRule], points: Iterable[Point]) -> Item:
    """A service without its evidence, which may name other services."""
    own = [rule for rule in rules if rule.service_id == service.pk]
    return Item(
        key=service.key,
        trigger=service.trigger,
        powertrains=frozenset(service.powertrains),
        schedule=_schedule(interval),
        points=tuple(points),
        also_done_with=tuple(service.also_done_with),
        fitment=service.fitment,
        counts_engine=service.counts_engine,
        min_km=max((rule.min_km for rule in own if rule.min_km is not None), default=None),
        source=service.source,
        confidence=service.confidence,
        alternative=next((rule.alternative.key for rule in own if rule.alternative), ""),
    )


def _schedule(interval: Interval) -> Schedule:
    return Schedule(
        km=interval.km,
        months=interval.months,
        first_km=interval.first_km,
        first_months=interval.first_months,
        is_of_maker=interval.make is not None,
        is_condition_based=interval.is_condition_based,
        source=interval.source,
        confidence=interval.confidence,
    )


def _measure(rule: OverMaintenanceRule, items: Mapping[str, Item]) -> Measure:
    return Measure(
        key=rule.key,
        verdict=rule.verdict,
        powertrains=frozenset(rule.powertrains),
        evidence=_clauses(rule.evidence, items),
        min_km=rule.min_km,
        source=rule.source,
        confidence=rule.confidence,
        alternative=rule.alternative.key if rule.alternative else "",
    )


def _clauses(evidence: Iterable[Mapping[str, Any]], items: Mapping[str, Item]) -> tuple[Clause, ...]:
    """The clauses that can be asked: one that names a service which is no longer there can never hold."""
    return tuple(
        Clause(
            symptoms=tuple(clause.get("symptoms", ())),
            codes=tuple(clause.get("codes", ())),
            over_km=clause.get("over_km"),
            **{name: tuple(items[key] for key in clause.get(name, ())) for name in ("skipped", "fresh", "due")},
        )
        for clause in evidence
        if all(key in items for name in ("skipped", "fresh", "due") for key in clause.get(name, ()))
    )
