"""Brings what a plan needs from the database, in a number of queries that does not grow with entries or services.

planned = loading.for_car(car, today=today)
planned.needs.visits
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from catalog import pricing
from catalog.advice import loading as advice_loading
from catalog.advice.belief import Story
from catalog.advice.loading import Adviser, Book
from catalog.advice.verdict import Advice
from catalog.models import PriceGuide, Service
from catalog.needs import deferrals
from catalog.needs.planning import Catalogue, FirstLines, first_lines, plan
from catalog.needs.shape import Deferred, Line, Needs, Price, Remembered
from shops.models import City
from vehicles.models import Car, Variant
from vehicles.record.odometer import Rate
from vehicles.record.priors import prior_of


@dataclass(frozen=True)
class Planned:
    """The plan of a car, with the names of what it speaks of."""

    car: Car
    adviser: Adviser
    needs: Needs

    @property
    def book(self) -> Book:
        return self.adviser.book


def for_car(car: Car, *, today: date) -> Planned:
    """The plan of an owner's car with what its jobs cost in the city. Twelve queries at most with names and
    record at hand."""
    adviser = advice_loading.for_car(car, today=today)
    services = [service for service in adviser.book.services.values() if service.is_listed]
    needs = plan(
        adviser.story,
        catalogue(adviser.book),
        prices=prices(services, car.variant),
        deferred=deferrals.find([car]).get(car.pk, ()),
    )
    return Planned(car, adviser, needs)


def for_cars(cars: Iterable[Car], *, today: date) -> dict[int, Planned]:
    """The plans of many cars without prices, by car: eight queries for any number with names and record at hand."""
    cars = list(cars)
    if not cars:
        return {}
    put_off = deferrals.find(cars)
    advisers = advice_loading.for_cars(cars, today=today)
    return {
        car.pk: Planned(car, adviser, plan(adviser.story, catalogue(adviser.book), deferred=put_off.get(car.pk, ())))
        for car in cars
        for adviser in [advisers[car.pk]]
    }


@dataclass(frozen=True)
class Firsts:
    """What is due first on a car, of each service once (`planning.FirstLines`), with what is believed of the car."""

    car: Car
    adviser: Adviser
    found: FirstLines

    @property
    def lines(self) -> tuple[Line, ...]:
        return self.found.lines

    @property
    def unknown(self) -> tuple[Advice, ...]:
        """Found out when it is asked for."""
        return self.found.unknown

    @property
    def remembered(self) -> tuple[Remembered, ...]:
        return self.found.remembered


@dataclass(frozen=True)
class Shelved:
    """What holds for all cars of a variant."""

    variant: Variant
    book: Book
    catalogue: Catalogue
    prior: Rate


class BookShelf:
    """What the catalogue knows of each variant, kept from batch to batch of cars. It is read from the database once and
    is as old as that: make a new one for each run."""

    def __init__(self) -> None:
        self._books = advice_loading.BookShelf()
        self._shelved: dict[int, Shelved] = {}

    @cached_property
    def _variants(self) -> dict[int, Variant]:
        return Variant.objects.with_names().in_bulk()

    def of(self, variant: int) -> Shelved:
        """By the variant's primary key. Six queries for the first variant of all, none after."""
        if variant not in self._shelved:
            row = self._variants[variant]
            book = self._books.book(row)
            prior = prior_of(powertrain=row.powertrain, segment=row.model.segment, price_class=row.model.price_class)
            self._shelved[variant] = Shelved(row, book, catalogue(book), prior)
        return self._shelved[variant]


def first_lines_for(
    cars: Iterable[Car], *, today: date, prior: bool = True, books: BookShelf | None = None
) -> dict[int, Firsts]:
    """What is due first on many cars, by car: a constant number of queries for any number of cars (nine, three with
    `books` in use). The cars need nothing at hand; they get their variants from the shelf.

    With `prior` a car without a rate of its own is taken to drive like others of its class, and its own rate is spread
    over the year where its readings tell; a line says whether its day rests on the class (`Line.is_by_prior`).
    """
    cars, books = list(cars), books or BookShelf()
    if not cars:
        return {}
    shelved = {variant: books.of(variant) for variant in {car.variant_id for car in cars}}
    for car in cars:
        car.variant = shelved[car.variant_id].variant
    put_off = deferrals.find(cars)
    priors = {variant: one.prior for variant, one in shelved.items()} if prior else None
    stories = advice_loading.stories(cars, today=today, priors=priors)
    return {car.pk: _firsts(car, shelved[car.variant_id], stories[car.pk], put_off.get(car.pk, ())) for car in cars}


def _firsts(car: Car, shelved: Shelved, story: Story, put_off: Sequence[Deferred]) -> Firsts:
    found = first_lines(story, shelved.catalogue, deferred=put_off)
    return Firsts(car, Adviser(shelved.book, story), found)


def catalogue(book: Book) -> Catalogue:
    """The services that can be booked and the over-maintenance list. No query."""
    listed = [service for service in book.services.values() if service.is_listed]
    services = {service.pk: service.key for service in listed}
    return Catalogue(
        items=[book.items[service.key] for service in listed],
        measures=list(book.measures.values()),
        covered={key: services[rule.service_id] for key, rule in book.rules.items() if rule.service_id in services},
        per_piece=frozenset(service.key for service in listed if service.is_per_piece),
    )


def prices(services: Iterable[Service], variant: Variant) -> dict[str, Price]:
    """What each service costs on the car, by key: what is usual in the city, else the catalogue's example for the
    car's class; a service with neither is left out. Three queries."""
    services = list(services)
    keys = {service.pk: service.key for service in services}
    city = City.objects.order_by("pk").first()  # as on the pages of services: the first loaded is the home city
    usual = pricing.fair_prices(services=services, variant=variant, city=city) if city else {}
    found = {keys[pk]: price for pk, price in _examples(keys, variant).items()}
    return found | {keys[pk]: Price(band.low_fen, band.high_fen, band.n) for pk, band in usual.items()}


def _examples(services: Iterable[int], variant: Variant) -> dict[int, Price]:
    """From the lowest to the highest example of the class, whatever the kind of shop."""
    found: dict[int, Price] = {}
    for guide in PriceGuide.objects.filter(price_class=variant.model.price_class, service__in=list(services)):
        known = found.get(guide.service_id)
        low = min(guide.low_fen, known.low_fen) if known else guide.low_fen
        high = max(guide.high_fen, known.high_fen) if known else guide.high_fen
        found[guide.service_id] = Price(low, high, is_example=True)
    return found
