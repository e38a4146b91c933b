"""What a service costs on one car: a shop's quotation, and what is usual in the city.

A quotation is the shop's active offer with the narrowest scope that covers the car. The fair price is the band between
the 25th and the 75th percentile of those quotations, one for each listed shop of the city. Amounts are fen, all in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING, Any, Literal

from django.core.cache import cache
from django.db import connection
from django.db.models import F, Max, Min

from catalog.choices import SPECIFICITY, OfferScope
from catalog.models import Offer, PriceChange, PriceGuide, Service
from vehicles.choices import PriceClass

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from shops.models import City, Shop
    from vehicles.models import Variant

# Fewer prices say more about single shops than about what is usual (product decision).
MIN_SAMPLE = 5
# What is usual in a city does not change by the minute (product decision).
BAND_SECONDS = 300
Mark = Literal["fair", "below", "above"]


@dataclass(frozen=True)
class FairPrice:
    """The usual range in whole yuan, widened outwards, so that a price inside the true band is never marked."""

    low_fen: int
    high_fen: int
    n: int


@dataclass(frozen=True)
class Quote:
    """What one shop charges for one service on one car, and how long it takes. Per piece if the service is."""

    offer: Offer
    labour_fen: int
    parts_fen: int
    minutes: int
    parts_note: str
    is_per_piece: bool

    @property
    def total_fen(self) -> int:
        return self.labour_fen + self.parts_fen


def mark(total_fen: int, band: FairPrice | None) -> Mark | None:
    """How a price stands to the usual range; None where no range is known."""
    if band is None:
        return None
    if total_fen < band.low_fen:
        return "below"
    return "above" if total_fen > band.high_fen else "fair"


# --- Which offer binds --------------------------------------------------------------------------
# Written by hand: a quotation is part of every search and every booking, and building it through the ORM costs more
# than running it. `OfferQuerySet.fitting` says the same about the five scopes.

_ANY_SHOP = "shop.city_id = %(city)s AND shop.is_listed"
_THESE_SHOPS = "offer.shop_id = ANY(%(shops)s)"

COVERS_CAR = """(
    offer.scope = 'variant' AND offer.variant_id = %(variant)s
    OR offer.scope = 'model' AND offer.variant_id IS NULL AND offer.model_id = %(model)s
    OR offer.scope = 'make' AND offer.variant_id IS NULL AND offer.model_id IS NULL AND offer.make_id = %(make)s
    OR offer.scope = 'price_class' AND offer.variant_id IS NULL AND offer.model_id IS NULL AND offer.make_id IS NULL
        AND offer.price_class = %(price_class)s
    OR offer.scope = 'all'
) AND (
    EXISTS (SELECT FROM shops_shop_makes AS own WHERE own.shop_id = shop.id AND own.make_id = %(make)s)
    OR NOT EXISTS (SELECT FROM shops_shop_makes AS own WHERE own.shop_id = shop.id)
)"""
_COVERS_CLASS = """(
    offer.scope = 'price_class' AND offer.variant_id IS NULL AND offer.model_id IS NULL AND offer.make_id IS NULL
        AND offer.price_class = %(price_class)s
    OR offer.scope = 'all'
)"""
# One offer for each shop and service: the one with the narrowest scope.
_BINDING = """
SELECT DISTINCT ON (offer.shop_id, offer.service_id)
    offer.*, service.standard_minutes, service.is_per_piece
FROM catalog_offer AS offer
JOIN shops_shop AS shop ON shop.id = offer.shop_id
JOIN catalog_service AS service ON service.id = offer.service_id
WHERE offer.is_active AND offer.service_id = ANY(%(services)s)
    AND (shop.kind <> 'on_site' OR service.can_be_on_site)
    AND {shops} AND {covers}
ORDER BY offer.shop_id, offer.service_id, {narrowest}
"""
NARROWEST = "CASE offer.scope {ranks} END".format(
    ranks=" ".join(f"WHEN '{scope.value}' THEN {-rank}" for scope, rank in SPECIFICITY.items())
)


def _binding(shops: str, covers: str) -> str:
    return _BINDING.format(shops=shops, covers=covers, narrowest=NARROWEST)


# Parameters: `shops` and `services` (ids) and those of `car_params`. Bookings joins what it has learned to it.
QUOTES = _binding(_THESE_SHOPS, COVERS_CAR)
_BANDS = """
SELECT service_id, count(*), percentile_cont(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY labour_fen + parts_fen)
FROM ({binding}) AS price GROUP BY service_id HAVING count(*) >= %(min_sample)s
"""
_BANDS_OF_CAR = _BANDS.format(binding=_binding(_ANY_SHOP, COVERS_CAR))
_BANDS_OF_CLASS = _BANDS.format(binding=_binding(_ANY_SHOP, _COVERS_CLASS))


def car_params(variant: Variant) -> dict[str, Any]:
    """What the SQL of quotations asks of a car. Needs `variant.model` at hand."""
    model = variant.model
    return {"variant": variant.pk, "model": model.pk, "make": model.make_id, "price_class": model.price_class}


# --- Quotations ---------------------------------------------------------------------------------


def quote(*, shop: Shop, service: Service, variant: Variant) -> Quote | None:
    """What this shop charges for the job on this car; None if it does not do it. One query."""
    return quotes(shop_ids=[shop.pk], service=service, variant=variant).get(shop.pk)


def quotes(*, shop_ids: Iterable[int], service: Service, variant: Variant) -> dict[int, Quote]:
    """The quotations of many shops for one job, by shop id, in one query. Shops that do not do it are left out."""
    found = _quotes(shop_ids=shop_ids, services=[service], variant=variant)
    return {quote.offer.shop_id: quote for quote in found}


def quotes_of_shop(*, shop: Shop, services: Iterable[Service], variant: Variant) -> dict[int, Quote]:
    """One shop's quotations for many jobs on one car, by service id, in one query."""
    found = _quotes(shop_ids=[shop.pk], services=services, variant=variant)
    return {quote.offer.service_id: quote for quote in found}


def _quotes(*, shop_ids: Iterable[int], services: Iterable[Service], variant: Variant) -> list[Quote]:
    shops = list(shop_ids)
    fitting = [service.pk for service in services if service.is_listed and service.suits(variant)]
    if not shops or not fitting:
        return []
    rows = Offer.objects.raw(QUOTES, {"shops": shops, "services": fitting, **car_params(variant)})
    return [quote_from(offer) for offer in rows]


def quote_from(offer: Any) -> Quote:
    """The quotation of a row of `QUOTES`."""
    return Quote(
        offer=offer,
        labour_fen=offer.labour_fen,
        parts_fen=offer.parts_fen,
        minutes=offer.minutes or offer.standard_minutes,
        parts_note=offer.parts_note,
        is_per_piece=offer.is_per_piece,
    )


def prices_from(*, shop: Shop) -> dict[int, int]:
    """The lowest all-in price of each service at a shop, on whatever car, by service id: "from ¥…" without a car."""
    offers = Offer.objects.active().filter(shop=shop, service__is_listed=True).order_by()
    return dict(offers.values_list("service").annotate(least=Min(F("labour_fen") + F("parts_fen"))))


def standard_times(keys: Iterable[tuple[int, int, str]]) -> dict[tuple[int, int, str], int]:
    """How many minutes a service takes by (shop id, service id, price class): as the shop's offer for the class or else
    for all cars says, otherwise by the catalogue. Offers for a make, a model or a variant do not count. Two queries.
    """
    wanted = list(keys)
    shops, services = {shop for shop, _, _ in wanted}, {service for _, service, _ in wanted}
    catalogue = dict(Service.objects.filter(pk__in=services).order_by().values_list("pk", "standard_minutes"))
    wide = Offer.objects.active().filter(scope__in=[OfferScope.PRICE_CLASS, OfferScope.ALL])
    rows = wide.filter(shop__in=shops, service__in=services).order_by()
    said = {
        (shop, service, kind): minutes
        for shop, service, kind, minutes in rows.values_list("shop", "service", "price_class", "minutes")
    }
    return {
        (shop, service, kind): said.get((shop, service, kind if (shop, service, kind) in said else None))
        or catalogue[service]
        for shop, service, kind in wanted
    }


# --- What is usual ------------------------------------------------------------------------------


def fair_price(*, service: Service, variant: Variant, city: City) -> FairPrice | None:
    """The usual range of a service for this car in this city; None under `MIN_SAMPLE` prices. One query."""
    return fair_prices(services=[service], variant=variant, city=city).get(service.pk)


def recent_fair_price(*, service: Service, variant: Variant, city: City) -> FairPrice | None:
    """As `fair_price`, at most `BAND_SECONDS` old: a search compares with it and need not read a whole city's prices
    again. No query when it is in the cache."""
    return recent_fair_prices(wanted=[(service, variant)], city=city).get((service.pk, variant.pk))


def recent_fair_prices(*, wanted: Iterable[tuple[Service, Variant]], city: City) -> dict[tuple[int, int], FairPrice]:
    """As `recent_fair_price` for many services on many cars, by (service id, variant id); only where there is one. One
    query for each car of which something is not in the cache."""
    keys = {_band_key(service, variant, city): (service, variant) for service, variant in wanted}
    known = cache.get_many(keys)
    missing: dict[Variant, list[Service]] = {}
    for key, (service, variant) in keys.items():
        if key not in known:
            missing.setdefault(variant, []).append(service)
    new: dict[str, tuple[int, ...]] = {}
    for variant, services in missing.items():
        bands = fair_prices(services=services, variant=variant, city=city)
        for service in services:
            band = bands.get(service.pk)
            new[_band_key(service, variant, city)] = (band.low_fen, band.high_fen, band.n) if band else ()
    if new:
        cache.set_many(new, BAND_SECONDS)
    known |= new
    return {(service.pk, variant.pk): FairPrice(*known[key]) for key, (service, variant) in keys.items() if known[key]}


def _band_key(service: Service, variant: Variant, city: City) -> str:
    return f"band:{service.pk}:{city.pk}:{variant.pk}:{variant.model_id}"


def fair_prices(*, services: Iterable[Service], variant: Variant, city: City) -> dict[int, FairPrice]:
    """The usual ranges of many services for this car, by service id, in one query; only where there is one."""
    fitting = [service.pk for service in services if service.suits(variant)]
    return _bands(_BANDS_OF_CAR, fitting, city, car_params(variant))


def examples() -> dict[tuple[int, str], tuple[int, int]]:
    """The catalogue's examples by (service id, price class), from the lowest to the highest whatever the kind of shop,
    fen. One query."""
    rows = PriceGuide.objects.order_by().values_list("service", "price_class")
    return {(pk, kind): (low, high) for pk, kind, low, high in rows.annotate(Min("low_fen"), Max("high_fen"))}


def fair_prices_by_class(*, services: Iterable[Service], city: City) -> dict[tuple[int, str], FairPrice]:
    """The usual ranges by (service id, price class), for pages that know no car, in one query for each class.

    Offers for single makes, models or variants are not comparable across a class and do not count.
    """
    ids = [service.pk for service in services]
    return {
        (service_id, price_class): band
        for price_class in PriceClass.values
        for service_id, band in _bands(_BANDS_OF_CLASS, ids, city, {"price_class": price_class}).items()
    }


def _bands(sql: str, services: list[int], city: City, covers: dict[str, Any]) -> dict[int, FairPrice]:
    """P25 and P75 over one price for each listed shop of the city, by service."""
    if not services:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(sql, {"services": services, "city": city.pk, "min_sample": MIN_SAMPLE, **covers})
        return {service_id: _band(low, high, n) for service_id, n, (low, high) in cursor.fetchall()}


def _band(low: float, high: float, n: int) -> FairPrice:
    return FairPrice(low_fen=floor(low / 100) * 100, high_fen=ceil(high / 100) * 100, n=n)


# --- What it was --------------------------------------------------------------------------------


def price_history(offer: Offer) -> QuerySet[PriceChange]:
    """Every price that the offer had, newest first. The database writes it; nothing can change it."""
    return PriceChange.objects.filter(offer=offer).select_related("changed_by")
