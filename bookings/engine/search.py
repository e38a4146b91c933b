"""Shops near a point that do a job on a car: all-in price, usual range, distance and the next real slots.

A bounded number of queries, however many shops there are: the nearest shops with their prices (one, along the GiST
index), the usual range (one, remembered for some minutes), their next slots (one for each of two horizons).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time
from math import sin
from typing import Any

from django.db.models import (
    Case,
    Exists,
    F,
    FloatField,
    Func,
    OuterRef,
    Q,
    Subquery,
    TextChoices,
    Value,
    When,
)
from django.db.models.functions import JSONObject, Sin
from django.utils.translation import gettext_lazy as _

from bookings.engine import availability, phases, quoting
from bookings.engine.availability import Slot
from bookings.engine.jobs import Job, QuotedJob, discount_of
from bookings.models import LearnedDuration
from catalog import pricing
from catalog.choices import SPECIFICITY
from catalog.models import Offer, Service
from catalog.pricing import FairPrice, Mark, Quote
from catalog.querysets import OfferQuerySet
from core.geo import EARTH_RADIUS_M, distance_m
from shops.choices import Amenity, Day, ShopKind
from shops.models import City, OpeningHours, Shop, unit_sphere
from shops.querysets import ShopQuerySet
from shops.standings import NEUTRAL_MILLI
from vehicles.models import Variant

# How many of the nearest shops are compared. Nobody drives past fifty shops for an oil change (product decision).
LIMIT = 50
# Further away than this is another town (product decision).
MAX_DISTANCE_M = 80_000
# A shop is "open evenings" if it closes after this on a weekday: after work (product decision).
EVENING = time(18)
SLOTS_EACH = 3

# What "best match" adds to the price, in fen: the way to a shop, the wait for its first slot, and each star that its
# score is below five (product decision; docs/rules/ranking.md).
FEN_PER_KM = 500
FEN_PER_DAY = 1000
FEN_PER_STAR = 3000


class Sort(TextChoices):
    """The order of results. Nobody can pay for a place in it."""

    BEST = "best", _("Best match")
    RATING = "rating", _("Best rated")
    PRICE = "price", _("Price")
    DISTANCE = "distance", _("Nearest")
    EARLIEST = "earliest", _("Earliest")
    OFF_PEAK = "off_peak", _("Off-peak price")


@dataclass(frozen=True, slots=True)
class Point:
    """A place on earth (WGS-84 degrees)."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Filters:
    """What the shops must be or have; everything off means any shop."""

    kind: str = ""
    evenings: bool = False
    authorised: bool = False
    pickup: bool = False

    @property
    def is_set(self) -> bool:
        return bool(self.kind or self.evenings or self.authorised or self.pickup)


@dataclass(frozen=True, slots=True)
class Result:
    """One shop for the job. Without a car there is no quotation, only the shop's lowest price (`from_fen`)."""

    shop: Shop
    distance_m: float
    slots: list[Slot]
    quote: Quote | None = None
    from_fen: int | None = None
    mark: Mark | None = None

    @property
    def total_fen(self) -> int:
        """The all-in price, or the lowest price where the car is not known."""
        return self.quote.total_fen if self.quote else self.from_fen or 0

    @property
    def best_slot(self) -> Slot | None:
        """Of the next slots the cheapest, the earliest of equals."""
        return max(self.slots, key=lambda slot: slot.discount_percent, default=None)

    @property
    def best_fen(self) -> int:
        """The price at the cheapest of the next slots."""
        if self.quote is None or self.best_slot is None:
            return self.total_fen
        return self.total_fen - discount_of(self.quote.labour_fen, self.best_slot.discount_percent)

    @property
    def comes_to_you(self) -> bool:
        return self.shop.is_on_site

    @property
    def score_milli(self) -> int:
        """The score that the order goes by, in thousandths of a star; what is expected of a shop without a review."""
        standing = self.shop.rating
        return standing.score_milli if standing else NEUTRAL_MILLI


@dataclass(frozen=True, slots=True)
class Results:
    """The shops found, in order, and the usual range their prices stand against (None: too few prices)."""

    rows: list[Result]
    band: FairPrice | None = None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def is_capped(self) -> bool:
        """Whether there are more shops than were compared."""
        return len(self.rows) >= LIMIT


def search(  # noqa: PLR0913  (a job, a place, wishes and the clock)
    *,
    service: Service,
    variant: Variant,
    city: City,
    origin: Point,
    filters: Filters,
    sort: str,
    at: datetime,
    limit: int = LIMIT,
) -> Results:
    """The `limit` nearest listed shops that do the job on this car and pass the filters, in the order of `sort`.

    An on-site team is found only where the origin lies within its radius; its slots are those of the origin. `at` is
    UTC. Three queries: shops with their prices, and their time in two steps; one more with on-site teams, and one where
    the usual range is not in the cache.
    """
    shops = list(_priced(_matching(_near(city, origin), service, filters, variant), service, variant)[:limit])
    quotes = {shop.pk: _quote_of(shop, service) for shop in shops}
    band = pricing.recent_fair_price(service=service, variant=variant, city=city) if shops else None
    slots = _next_slots(shops, service, {pk: quote.minutes for pk, quote in quotes.items()}, origin, at)
    rows = [
        Result(
            shop=shop,
            distance_m=_distance(origin, shop),
            slots=slots[shop.pk],
            quote=quotes[shop.pk],
            mark=pricing.mark(quotes[shop.pk].total_fen, band),
        )
        for shop in shops
    ]
    return Results(_sorted(rows, sort, band, at), band)


def search_without_car(*, service: Service, city: City, origin: Point, at: datetime, limit: int) -> Results:
    """The nearest shops that offer the service for any car, with their lowest price and, by the service's standard
    time, the next slots: what can be said before a car is known. At most 10 queries."""
    offers = Offer.objects.active().filter(service=service, shop=OuterRef("pk"))
    shops = list(_offering(_matching(_near(city, origin), service, Filters(), None), offers)[:limit])
    lowest = _lowest_prices(shops, service)
    slots = _next_slots(shops, service, {shop.pk: service.standard_minutes for shop in shops}, origin, at)
    rows = [
        Result(shop=shop, distance_m=_distance(origin, shop), slots=slots[shop.pk], from_fen=lowest.get(shop.pk))
        for shop in shops
    ]
    return Results(rows)


def nearest_shops(city: City, origin: Point, variant: Variant, *, limit: int) -> list[Shop]:
    """The nearest listed shops that one drives to and that work on the car. One query."""
    shops = _working_on(_near(city, origin), variant).exclude(kind=ShopKind.ON_SITE)
    return list(shops[:limit])


def quoted_everywhere(job: Job, shops: Sequence[Shop]) -> dict[Shop, QuotedJob]:
    """The same visit at other shops, in their order; those that do not do all of it are left out. Two queries."""
    phases.bring_phases(job.services)
    by_shop = quoting.quotes(shop_ids=[shop.pk for shop in shops], services=job.services, variant=job.variant)
    result = {}
    for shop in shops:
        quotes = by_shop.get(shop.pk, {})
        if all(service.pk in quotes for service in job.services):
            there = replace(job, shop=shop, place=None)
            result[shop] = there.with_quotes([quotes[service.pk] for service in job.services])
    return result


# --- Which shops --------------------------------------------------------------------------------


def _near(city: City, origin: Point) -> ShopQuerySet:
    """Listed shops of the city by distance, within reach. `chord` is the distance on the unit sphere."""
    there = unit_sphere(Value(origin.latitude), Value(origin.longitude))
    here = unit_sphere(F("latitude"), F("longitude"))
    chord = Func(here, there, template="(%(expressions)s)", arg_joiner=" <-> ", output_field=FloatField())
    reach = 2 * Sin(F("service_radius_km") * Value(1000.0) / Value(2.0 * EARTH_RADIUS_M), output_field=FloatField())
    return (
        Shop.objects.listed()
        .for_card()
        .filter(city=city)
        .annotate(chord=chord)
        .filter(Q(chord__lte=_chord(MAX_DISTANCE_M)) & (~Q(kind=ShopKind.ON_SITE) | Q(chord__lte=reach)))
        .order_by("chord", "pk")
    )


def _matching(shops: ShopQuerySet, service: Service, filters: Filters, variant: Variant | None) -> ShopQuerySet:
    if variant is not None:
        shops = _working_on(shops, variant)
    if not service.can_be_on_site:
        shops = shops.exclude(kind=ShopKind.ON_SITE)
    if filters.kind:
        shops = shops.filter(kind=filters.kind)
    if filters.pickup:
        shops = shops.filter(amenities__contains=[Amenity.PICKUP])
    if filters.authorised and variant is not None:
        shops = shops.filter(kind=ShopKind.DEALER, makes=variant.model.make)
    if filters.evenings:
        late = OpeningHours.objects.filter(shop=OuterRef("pk"), day__lte=Day.FRIDAY, closes_at__gt=EVENING)
        shops = shops.filter(Exists(late))
    return shops


def _working_on(shops: ShopQuerySet, variant: Variant) -> ShopQuerySet:
    """As `ShopQuerySet.working_on`, asked shop by shop: its outer join is estimated so low that PostgreSQL would rather
    sort the whole city."""
    listed = Shop.makes.through.objects.filter(shop=OuterRef("pk"))
    return shops.filter(Exists(listed.filter(make=variant.model.make_id)) | ~Exists(listed))


def _offering(shops: ShopQuerySet, offers: OfferQuerySet) -> ShopQuerySet:
    """The shops that have one of the offers. A scalar subquery, which PostgreSQL asks shop by shop along the nearest;
    EXISTS would be turned into a join over every offer of the city first."""
    return shops.alias(an_offer=Subquery(offers.order_by().values("pk")[:1])).filter(an_offer__isnull=False)


def _priced(shops: ShopQuerySet, service: Service, variant: Variant) -> ShopQuerySet:
    """The shops that offer the service for this car, each with the offer that binds (`offered`) and what its own visits
    have taught (`learned`). Scalar subqueries, which PostgreSQL asks shop by shop along the nearest."""
    narrowest = Case(*(When(scope=scope, then=Value(-rank)) for scope, rank in SPECIFICITY.items()), default=Value(0))
    offers = Offer.objects.active().fitting(variant).filter(service=service, shop=OuterRef("pk")).order_by(narrowest)
    if not (service.is_listed and service.suits(variant)):
        return shops.none()
    learned = LearnedDuration.objects.filter(
        shop=OuterRef("pk"), service=service, price_class=variant.model.price_class
    )
    return _offering(shops, offers).annotate(
        offered=Subquery(offers.values(row=JSONObject(**{name: name for name in _OFFER_FIELDS}))[:1]),
        learned=Subquery(learned.values("minutes")[:1]),
    )


_OFFER_FIELDS = ("id", "labour_fen", "parts_fen", "parts_note", "minutes", "scope")


def _quote_of(shop: Any, service: Service) -> Quote:
    """The quotation of a shop of `_priced`."""
    offer: Any = Offer(shop_id=shop.pk, service_id=service.pk, **shop.offered)
    offer.standard_minutes, offer.is_per_piece = service.standard_minutes, service.is_per_piece
    return quoting.expected(pricing.quote_from(offer), shop.learned)


def _chord(metres: float) -> float:
    return 2 * sin(metres / (2 * EARTH_RADIUS_M))


def _distance(origin: Point, shop: Shop) -> float:
    return distance_m(origin.latitude, origin.longitude, shop.latitude, shop.longitude)


def _lowest_prices(shops: Iterable[Shop], service: Service) -> dict[int, int]:
    offers = Offer.objects.active().filter(service=service, shop__in=list(shops)).order_by("shop_id")
    cheapest = offers.annotate(total=F("labour_fen") + F("parts_fen")).order_by("shop_id", "total", "pk")
    return dict(cheapest.distinct("shop_id").values_list("shop_id", "total"))


def _next_slots(
    shops: Iterable[Shop], service: Service, minutes: dict[int, int], origin: Point, at: datetime
) -> dict[int, list[Slot]]:
    phases.bring_phases([service])
    place = (origin.latitude, origin.longitude)
    plans = {shop: phases.compose(shop, [(service, minutes[shop.pk])], place=place) for shop in shops}
    return availability.next_slots(plans=plans, at=at, limit=SLOTS_EACH) if plans else {}


# --- In which order -----------------------------------------------------------------------------


def _sorted(rows: list[Result], sort: str, band: FairPrice | None, at: datetime) -> list[Result]:
    """In order; what is equal keeps the nearest first. Shops without a slot come last unless sorted by distance."""
    if sort == Sort.DISTANCE:
        return sorted(rows, key=lambda row: (row.distance_m, row.shop.pk))
    if sort == Sort.PRICE:
        return sorted(rows, key=lambda row: (not row.slots, row.total_fen, row.distance_m, row.shop.pk))
    if sort == Sort.RATING:
        return sorted(rows, key=lambda row: (not row.slots, -row.score_milli, row.distance_m, row.shop.pk))
    if sort == Sort.OFF_PEAK:
        return sorted(rows, key=lambda row: (not row.slots, row.best_fen, row.distance_m, row.shop.pk))
    if sort == Sort.EARLIEST:
        return sorted(rows, key=lambda row: (_wait_seconds(row, at), row.distance_m, row.shop.pk))
    return sorted(rows, key=lambda row: (not row.slots, match_cost_fen(row, band, at=at), row.shop.pk))


def match_cost_fen(row: Result, band: FairPrice | None, *, at: datetime) -> float:
    """What a visit there costs in all, the measure of "best match": the lower, the better.

    Price + ¥5 for each kilometre of the way (none for a team that comes) + ¥10 for each day until the first slot + ¥30
    for each star that the score is below five (parts of a star too). A price below the usual range counts as the bottom
    of the range: a teaser price wins no place.
    """
    price = max(row.total_fen, band.low_fen) if band else row.total_fen
    way = 0.0 if row.comes_to_you else row.distance_m / 1000 * FEN_PER_KM
    doubt = (5000 - row.score_milli) / 1000 * FEN_PER_STAR
    return price + way + _wait_seconds(row, at) / 86_400 * FEN_PER_DAY + doubt


def _wait_seconds(row: Result, at: datetime) -> float:
    """Seconds until the first slot; a year where there is none in sight."""
    return (row.slots[0].starts_at - at).total_seconds() if row.slots else 365 * 86_400.0
