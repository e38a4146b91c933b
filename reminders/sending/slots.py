"""The best times to have it done: real slots of the engine at shops near the owner, off-peak first.

Which shops: of the nearest ones that do all of it, the three that are the best match by the measure of the search
(docs/rules/ranking.md); nobody can pay for a place among them. Which times: the largest off-peak discount first, then
the earliest; two at one shop at most, on different days.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property

from bookings import origins
from bookings.choices import Status
from bookings.engine import nearby, search, shop_time
from bookings.engine.availability import Search, Slot
from bookings.engine.jobs import Job, QuotedJob
from bookings.engine.nearby import Spot
from bookings.engine.phases import Plan
from bookings.engine.search import Point, Result
from bookings.engine.shop_time import ShopTime
from bookings.models import Booking
from bookings.origins import Origin
from catalog import pricing
from catalog.models import Service
from core.geo import distance_m
from shops.models import City, Shop
from vehicles.models import Car, Variant

COUNT, AT_ONE_SHOP, SHOPS = 3, 2, 3
# Of these nearest shops the best matches are taken (product decision: nobody drives past more of them for a service).
NEAREST = 12
# A letter is read in the evening or the next day: what it offers begins later than that, and within three weeks
# (product decisions).
NOTICE, WITHIN = timedelta(hours=20), timedelta(days=21)


@dataclass(frozen=True, slots=True)
class Offer:
    """A start at a shop for some services on a car, and what the visit costs then, all in, in fen."""

    car: Car
    job: QuotedJob
    slot: Slot
    away_m: float

    @property
    def shop(self) -> Shop:
        return self.job.job.shop

    @property
    def keys(self) -> list[str]:
        """The services, by key, in order."""
        return [service.key for service in self.job.job.services]

    @property
    def price_fen(self) -> int:
        return self.job.price(self.slot.discount_percent).total_fen


def best(
    car: Car, services: Sequence[Service], *, at: datetime, until: date | None = None, shop: Shop | None = None
) -> list[Offer]:
    """As `Board.best`, for who asks once. At most ten queries."""
    return Board(at=at).best(car, services, until=until, shop=shop)


class Board:
    """What shops near have free at one moment (`at`, UTC), asked for many cars, each question once. Its answers are as
    old as itself: make a new one for each sweep."""

    def __init__(self, *, at: datetime) -> None:
        self.at = at
        self._origins: dict[int, Origin | None] = {}
        self._near: dict[Spot, list[int]] = {}
        self._shops: dict[int, Shop] = {}
        self._searches: dict[tuple[int, Plan], Search] = {}
        self._times: dict[int, ShopTime] = {}
        self._offers: dict[tuple[object, ...], list[Offer]] = {}

    @cached_property
    def home(self) -> City | None:
        """The first city that was loaded."""
        return City.objects.order_by("pk").first()

    def bring(self, cars: Collection[Car]) -> None:
        """Look for the shops near the owners of these cars. Five queries at most for any number."""
        self._bring_origins({car.owner_id for car in cars} - self._origins.keys())
        spots = {
            Spot(origin.city.pk, origin.point, car.variant.model.make_id)
            for car in cars
            if (origin := self._origins[car.owner_id])
        } - self._near.keys()
        if spots:
            self._near |= nearby.nearest_shops(spots, limit=NEAREST)
            new = {pk for spot in spots for pk in self._near[spot]} - self._shops.keys()
            self._shops |= Shop.objects.for_card().in_bulk(new) if new else {}

    def _bring_origins(self, owners: Collection[int]) -> None:
        """Where owners (ids) are taken to be: at the shop of their last visit, else in the middle of the city; nowhere
        without a city."""
        if not owners:
            return
        visits = Booking.objects.filter(owner__in=owners, status=Status.COMPLETED)
        last = visits.order_by("owner_id", "-starts_at", "-pk").distinct("owner_id")
        shop_of = dict(last.values_list("owner_id", "shop_id"))
        shops = Shop.objects.select_related("city").in_bulk(set(shop_of.values())) if shop_of else {}
        for owner in owners:
            shop = shops.get(shop_of.get(owner, 0))
            if shop is not None:
                self._origins[owner] = Origin(Point(shop.latitude, shop.longitude), shop.city)
            else:
                self._origins[owner] = origins.centre(self.home) if self.home else None

    def best(
        self, car: Car, services: Sequence[Service], *, until: date | None = None, shop: Shop | None = None
    ) -> list[Offer]:
        """The best times for these services (one at least) in one visit of the car, three at most, in order; empty
        where no shop near does all of it or has time.

        `until`: a day by which it has to be done; where nothing is free by then, the times after it. `shop`: only
        there. No query where the same was asked before; nothing is held. Needs `car.variant.model` at hand.
        """
        if shop is None:
            self.bring([car])
        offers = self._all(car, services, None if shop else self._origins[car.owner_id], shop)
        in_time = [offer for offer in offers if until is None or _day(offer) <= until]
        few = _few_each(in_time or offers, COUNT if shop else AT_ONE_SHOP)
        return [replace(offer, car=car) for offer in few]

    def _all(self, car: Car, services: Sequence[Service], origin: Origin | None, shop: Shop | None) -> list[Offer]:
        """Of the shops that match best the best start of each day, in order."""
        where = (shop.pk,) if shop else (origin.city.pk, origin.point) if origin else ()
        key = (where, car.variant_id, *(service.pk for service in services))
        if key not in self._offers:
            jobs = self._jobs(car, services, origin, shop)
            self._offers[key] = self._offered(car, jobs, origin, shop) if jobs else []
        return self._offers[key]

    def _offered(self, car: Car, jobs: Sequence[QuotedJob], origin: Origin | None, shop: Shop | None) -> list[Offer]:
        here = origin.point if origin else Point(jobs[0].job.shop.latitude, jobs[0].job.shop.longitude)
        self._bring_times([job.job.shop for job in jobs])
        offers = [
            Offer(car, job, slot, _away(here, job.job.shop))
            for job in (jobs if shop else self._best_match(jobs, here))
            for slot in self._search(job).best_of_days(self.at + NOTICE, self.at + WITHIN, self.at)
        ]
        return sorted(offers, key=lambda offer: (-offer.slot.discount_percent, offer.slot.starts_at, offer.shop.pk))

    def _jobs(self, car: Car, services: Sequence[Service], origin: Origin | None, shop: Shop | None) -> list[QuotedJob]:
        """The visit at each shop that does all of it, the nearest first."""
        shops = [shop] if shop else self._nearest(car.variant, origin) if origin else []
        if not shops:
            return []
        first, *others = services
        job = Job(shop=shops[0], service=first, variant=car.variant, also=tuple(others))
        return list(search.quoted_everywhere(job, shops).values())

    def _nearest(self, variant: Variant, origin: Origin) -> list[Shop]:
        near = self._near[Spot(origin.city.pk, origin.point, variant.model.make_id)]
        return [self._shops[pk] for pk in near if pk in self._shops]

    def _bring_times(self, shops: Iterable[Shop]) -> None:
        """What is claimed at these shops, of those not asked yet. One query."""
        new = [shop for shop in shops if shop.pk not in self._times]
        if new:
            start, end = self.at + NOTICE, self.at + WITHIN
            first = min(start.astimezone(shop.zone).date() for shop in new)
            last = max(end.astimezone(shop.zone).date() for shop in new) + timedelta(days=1)
            self._times |= shop_time.fetch(new, first, last, at=self.at)

    def _search(self, job: QuotedJob) -> Search:
        key = job.job.shop.pk, job.plan
        if key not in self._searches:
            self._searches[key] = Search(self._times[job.job.shop.pk], job.plan)
        return self._searches[key]

    def _first(self, job: QuotedJob) -> list[Slot]:
        """The first start, if there is one."""
        found = self._search(job).first_slots(1, self.at + NOTICE, self.at)
        return [slot for slot in found if slot.starts_at < self.at + WITHIN]

    def _best_match(self, jobs: Sequence[QuotedJob], here: Point) -> list[QuotedJob]:
        """The jobs at the shops that match best and have time."""
        one = jobs[0].job
        band = None
        if not one.also:
            band = pricing.recent_fair_price(service=one.service, variant=one.variant, city=one.shop.city)
        first = {job.job.shop.pk: self._first(job) for job in jobs}

        def cost(job: QuotedJob) -> tuple[float, int]:
            shop, price = job.job.shop, job.price()
            quote = replace(job.quote, labour_fen=price.labour_fen, parts_fen=price.parts_fen)
            row = Result(shop=shop, distance_m=_away(here, shop), slots=first[shop.pk], quote=quote)
            return search.match_cost_fen(row, band, at=self.at), shop.pk

        return sorted((job for job in jobs if first[job.job.shop.pk]), key=cost)[:SHOPS]


def _few_each(offers: Iterable[Offer], at_one_shop: int) -> Iterator[Offer]:
    taken: dict[int, int] = {}
    for offer in offers:
        if taken.get(offer.shop.pk, 0) < at_one_shop:
            taken[offer.shop.pk] = taken.get(offer.shop.pk, 0) + 1
            yield offer
            if sum(taken.values()) == COUNT:
                return


def _day(offer: Offer) -> date:
    return offer.slot.starts_at.astimezone(offer.shop.zone).date()


def _away(here: Point, shop: Shop) -> float:
    return distance_m(here.latitude, here.longitude, shop.latitude, shop.longitude)
