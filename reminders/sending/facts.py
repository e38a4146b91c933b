"""What is the same for many letters, asked once: services, their usual prices, and what shops have free."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property

from catalog import pricing
from catalog.models import Service
from catalog.needs.shape import Price
from reminders.sending.reading import Draft
from reminders.sending.slots import Board
from shops.models import City
from vehicles.models import Variant


class Facts:
    """What letters rest on at one moment (`at`, UTC). It is as old as itself: make a new one for each sweep."""

    def __init__(self, *, at: datetime) -> None:
        self.at = at
        self.board = Board(at=at)
        self._prices: dict[tuple[int, str], Price | None] = {}

    @cached_property
    def services(self) -> Mapping[str, Service]:
        """All services by key, with their phases."""
        return {service.key: service for service in Service.objects.prefetch_related("phases")}

    @property
    def city(self) -> City | None:
        """Where prices are usual: the first city that was loaded, as on the pages of services."""
        return self.board.home

    def listed(self, keys: Iterable[str]) -> list[Service]:
        """Those services that can be booked, each once, in order."""
        found = (self.services.get(key) for key in dict.fromkeys(keys))
        return [service for service in found if service and service.is_listed]

    def bring(self, drafts: Collection[Draft]) -> None:
        """Ask at once what letters to these owners will need. At most seven queries, and one for each variant of which
        no price is remembered."""
        wanted = [
            (service, pick.item.car)
            for draft in drafts
            for pick in draft.picks
            for service in self.listed([pick.item.service])
        ]
        self.board.bring([car for _service, car in wanted])
        self._bring_prices([(service, car.variant) for service, car in wanted])

    def prices(self, services: Sequence[Service], variant: Variant) -> dict[str, Price]:
        """What each of these costs on the car, by key: what is usual in the city, else the catalogue's example for the
        car's class; a service with neither is left out."""
        self._bring_prices([(service, variant) for service in services])
        found = {service.key: self._prices[variant.pk, service.key] for service in services}
        return {key: price for key, price in found.items() if price}

    def _bring_prices(self, wanted: Iterable[tuple[Service, Variant]]) -> None:
        new = [(service, variant) for service, variant in wanted if (variant.pk, service.key) not in self._prices]
        usual = pricing.recent_fair_prices(wanted=new, city=self.city) if new and self.city else {}
        for service, variant in new:
            band = usual.get((service.pk, variant.pk))
            example = self._examples.get((service.pk, variant.model.price_class))
            price = Price(band.low_fen, band.high_fen, band.n) if band else None
            self._prices[variant.pk, service.key] = price or (Price(*example, is_example=True) if example else None)

    @cached_property
    def _examples(self) -> Mapping[tuple[int, str], tuple[int, int]]:
        return pricing.examples()
