"""What a service costs on one car: a shop's quotation, and what is usual in the city.

A quotation is the shop's active offer with the narrowest scope that covers the car. The fair price is the band between
the 25th and the 75th percentile of those quotations, one for each listed shop of the city. Amounts are fen, all in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING, Literal

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import F, Min, Q

from catalog.models import Offer, PriceChange
from shops.choices import ShopKind
from shops.models import Shop
from vehicles.choices import PriceClass

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from catalog.models import Service
    from catalog.querysets import OfferQuerySet
    from shops.models import City
    from vehicles.models import Variant

# Fewer prices say more about single shops than about what is usual (product decision).
MIN_SAMPLE = 5
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


# --- Quotations ---------------------------------------------------------------------------------


def quote(*, shop: Shop, service: Service, variant: Variant) -> Quote | None:
    """What this shop charges for the job on this car; None if it does not do it. One query."""
    return quotes(shop_ids=[shop.pk], service=service, variant=variant).get(shop.pk)


def quotes(*, shop_ids: Iterable[int], service: Service, variant: Variant) -> dict[int, Quote]:
    """The quotations of many shops for one job, by shop id, in one query. Shops that do not do it are left out."""
    if not (service.is_listed and service.suits(variant)):
        return {}
    offers = _binding(service_ids=[service.pk], variant=variant).filter(shop__in=list(shop_ids))
    return {offer.shop_id: _quote(offer) for offer in offers.most_specific().select_related("service")}


def quotes_of_shop(*, shop: Shop, services: Iterable[Service], variant: Variant) -> dict[int, Quote]:
    """One shop's quotations for many jobs on one car, by service id, in one query."""
    fitting = [service.pk for service in services if service.is_listed and service.suits(variant)]
    offers = _binding(service_ids=fitting, variant=variant).filter(shop=shop)
    return {offer.service_id: _quote(offer) for offer in offers.most_specific().select_related("service")}


def prices_from(*, shop: Shop) -> dict[int, int]:
    """The lowest all-in price of each service at a shop, on whatever car, by service id: "from ¥…" without a car."""
    offers = Offer.objects.active().filter(shop=shop, service__is_listed=True).order_by()
    return dict(offers.values_list("service").annotate(least=Min(F("labour_fen") + F("parts_fen"))))


def _quote(offer: Offer) -> Quote:
    return Quote(
        offer=offer,
        labour_fen=offer.labour_fen,
        parts_fen=offer.parts_fen,
        minutes=offer.minutes or offer.service.standard_minutes,
        parts_note=offer.parts_note,
        is_per_piece=offer.service.is_per_piece,
    )


def _binding(*, service_ids: Sequence[int], variant: Variant) -> OfferQuerySet:
    """Offers for this car that their shops can keep: they work on the make, and come to the owner only if it can be."""
    shops = Shop.objects.working_on(variant.model.make)
    return _feasible(Offer.objects.active().fitting(variant)).filter(service__in=service_ids, shop__in=shops)


def _feasible(offers: OfferQuerySet) -> OfferQuerySet:
    return offers.filter(~Q(shop__kind=ShopKind.ON_SITE) | Q(service__can_be_on_site=True))


# --- What is usual ------------------------------------------------------------------------------


def fair_price(*, service: Service, variant: Variant, city: City) -> FairPrice | None:
    """The usual range of a service for this car in this city; None under `MIN_SAMPLE` prices. One query."""
    return fair_prices(services=[service], variant=variant, city=city).get(service.pk)


def fair_prices(*, services: Iterable[Service], variant: Variant, city: City) -> dict[int, FairPrice]:
    """The usual ranges of many services for this car, by service id, in one query; only where there is one."""
    fitting = [service.pk for service in services if service.suits(variant)]
    return _bands(_binding(service_ids=fitting, variant=variant), city)


def fair_prices_by_class(*, services: Iterable[Service], city: City) -> dict[tuple[int, str], FairPrice]:
    """The usual ranges by (service id, price class), for pages that know no car, in one query for each class.

    Offers for single makes, models or variants are not comparable across a class and do not count.
    """
    ids = [service.pk for service in services]
    found: dict[tuple[int, str], FairPrice] = {}
    for price_class in PriceClass.values:
        offers = _feasible(Offer.objects.active().for_class(price_class)).filter(service__in=ids)
        found |= {(service_id, price_class): band for service_id, band in _bands(offers, city).items()}
    return found


def _bands(offers: OfferQuerySet, city: City) -> dict[int, FairPrice]:
    """P25 and P75 over one price for each listed shop of the city, by service."""
    prices = offers.filter(shop__city=city, shop__is_listed=True).most_specific()
    try:
        inner, parameters = prices.values("service_id", total=F("labour_fen") + F("parts_fen")).query.sql_with_params()
    except EmptyResultSet:  # no service at all was asked for
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT service_id, count(*), percentile_cont(ARRAY[0.25, 0.75]) WITHIN GROUP (ORDER BY total)
            FROM ({inner}) AS prices GROUP BY service_id HAVING count(*) >= %s
            """,  # noqa: S608  (the inner query is Django's own, its values stay parameters)
            [*parameters, MIN_SAMPLE],
        )
        return {service_id: _band(low, high, n) for service_id, n, (low, high) in cursor.fetchall()}


def _band(low: float, high: float, n: int) -> FairPrice:
    return FairPrice(low_fen=floor(low / 100) * 100, high_fen=ceil(high / 100) * 100, n=n)


# --- What it was --------------------------------------------------------------------------------


def price_history(offer: Offer) -> QuerySet[PriceChange]:
    """Every price that the offer had, newest first. The database writes it; nothing can change it."""
    return PriceChange.objects.filter(offer=offer).select_related("changed_by")
