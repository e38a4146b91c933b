"""Brings what a plan needs from the database, in a number of queries that does not grow with entries or services.

planned = loading.for_car(car, today=today)
planned.needs.visits
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from catalog import pricing
from catalog.advice import loading as advice_loading
from catalog.advice.loading import Adviser, Book
from catalog.models import PriceGuide, Service
from catalog.needs import deferrals
from catalog.needs.planning import Catalogue, plan
from catalog.needs.shape import Needs, Price
from shops.models import City
from vehicles.models import Car, Variant


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
