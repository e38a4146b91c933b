"""The best times to have it done: real slots of the engine at shops near the owner, off-peak first.

Which shops: of the nearest ones that do all of it, the three that are the best match by the measure of the search
(docs/rules/ranking.md); nobody can pay for a place among them. Which times: the largest off-peak discount first, then
the earliest; two at one shop at most, on different days.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bookings import origins
from bookings.choices import Status
from bookings.engine import availability, search, shop_time
from bookings.engine.availability import Slot
from bookings.engine.jobs import Job, QuotedJob
from bookings.engine.search import Point, Result
from bookings.models import Booking
from bookings.origins import Origin
from catalog import pricing
from catalog.models import Service
from core.geo import distance_m
from shops.models import City, Shop
from vehicles.models import Car

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

    @property
    def list_fen(self) -> int:
        """What it costs at any other hour."""
        return self.job.price().total_fen


def best(
    car: Car, services: Sequence[Service], *, at: datetime, until: date | None = None, shop: Shop | None = None
) -> list[Offer]:
    """The best times for these services (one at least) in one visit of the car, three at most, in order; empty where
    no shop near does all of it or has time.

    `until`: a day by which it has to be done; where nothing is free by then, the times after it. `shop`: only there. A
    constant number of queries, twelve at most; nothing is held. Needs `car.variant.model` at hand.
    """
    origin = origin_of(car.owner_id) if shop is None else None
    jobs = _jobs(car, services, origin, shop)
    if not jobs:
        return []
    here = origin.point if origin else Point(jobs[0].job.shop.latitude, jobs[0].job.shop.longitude)
    found = _times(jobs, at)
    chosen = jobs if shop else _best_match(jobs, found, here, at)
    offers = [
        Offer(car, job, slot, _away(here, job.job.shop))
        for job in chosen
        for slot in _one_a_day(found[job.job.shop.pk], job)
    ]
    offers.sort(key=lambda offer: (-offer.slot.discount_percent, offer.slot.starts_at, offer.shop.pk))
    in_time = [offer for offer in offers if until is None or _day(offer) <= until]
    return list(_few_each(in_time or offers, COUNT if shop else AT_ONE_SHOP))


def origin_of(owner: int) -> Origin | None:
    """Where an owner (id) is taken to be: at the shop of their last visit, else in the middle of the city; None where
    there is no city. Two queries at most."""
    last = Booking.objects.filter(owner=owner, status=Status.COMPLETED).order_by("-starts_at", "-pk")
    visit = last.select_related("shop__city").first()
    if visit is not None:
        return Origin(Point(visit.shop.latitude, visit.shop.longitude), visit.shop.city)
    city = City.objects.order_by("pk").first()  # the first loaded is the home city
    return origins.centre(city) if city else None


def _jobs(car: Car, services: Sequence[Service], origin: Origin | None, shop: Shop | None) -> list[QuotedJob]:
    """The visit at each shop that does all of it, the nearest first."""
    if shop is not None:
        shops = [shop]
    elif origin is not None:
        shops = search.nearest_shops(origin.city, origin.point, car.variant, limit=NEAREST)
    else:
        return []
    if not shops:
        return []
    first, *others = services
    job = Job(shop=shops[0], service=first, variant=car.variant, also=tuple(others))
    return list(search.quoted_everywhere(job, shops).values())


def _times(jobs: Iterable[QuotedJob], at: datetime) -> dict[int, list[Slot]]:
    """The free starts of each shop, by its id. One query."""
    plans = {job.job.shop: job.plan for job in jobs}
    start, end = at + NOTICE, at + WITHIN
    first = min(start.astimezone(shop.zone).date() for shop in plans)
    last = max(end.astimezone(shop.zone).date() for shop in plans) + timedelta(days=1)
    facts = shop_time.fetch(list(plans), first, last, at=at)
    return {
        shop.pk: [
            slot
            for day in availability.read_days(facts[shop.pk], plan, at=at)
            for slot in day.slots
            if start <= slot.starts_at < end
        ]
        for shop, plan in plans.items()
    }


def _best_match(jobs: Sequence[QuotedJob], found: dict[int, list[Slot]], here: Point, at: datetime) -> list[QuotedJob]:
    """The jobs at the shops that match best and have time."""
    one = jobs[0].job
    band = None
    if not one.also:
        band = pricing.recent_fair_price(service=one.service, variant=one.variant, city=one.shop.city)

    def cost(job: QuotedJob) -> tuple[float, int]:
        shop, price = job.job.shop, job.price()
        quote = replace(job.quote, labour_fen=price.labour_fen, parts_fen=price.parts_fen)
        row = Result(shop=shop, distance_m=_away(here, shop), slots=found[shop.pk][:1], quote=quote)
        return search.match_cost_fen(row, band, at=at), shop.pk

    return sorted((job for job in jobs if found[job.job.shop.pk]), key=cost)[:SHOPS]


def _one_a_day(slots: Iterable[Slot], job: QuotedJob) -> Iterator[Slot]:
    """Of each day the best start."""
    best_of: dict[date, Slot] = {}
    for slot in slots:
        day = slot.starts_at.astimezone(job.job.shop.zone).date()
        if day not in best_of or slot.discount_percent > best_of[day].discount_percent:
            best_of[day] = slot
    yield from best_of.values()


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
