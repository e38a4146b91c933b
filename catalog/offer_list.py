"""A page of a shop's price list, with what is usual beside each price; the number of queries is constant."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q

from catalog import pricing
from catalog.choices import OfferScope
from catalog.imports import target_name
from catalog.models import Offer
from catalog.pricing import FairPrice
from shops.models import City, Shop
from vehicles.choices import PriceClass

PER_PAGE = 50


@dataclass(frozen=True)
class Line:
    """One price as the page shows it."""

    offer: Offer
    target: str
    band: FairPrice | None
    mark: str


def page_of(*, shop: Shop, chosen: dict[str, Any], number: str) -> tuple[Page[Offer], list[Line]]:
    """A page of the prices that match what was chosen (`OfferFilterForm`), and its lines."""
    page = Paginator(_matching(shop, chosen), PER_PAGE).get_page(number)
    return page, _lines(list(page.object_list), shop.city)


def _matching(shop: Shop, chosen: dict[str, Any]) -> Any:
    rows = Offer.objects.filter(shop=shop, is_active=chosen.get("state") != "retired")
    if chosen.get("service"):
        rows = rows.filter(service=chosen["service"])
    if chosen.get("scope"):
        rows = rows.filter(scope=chosen["scope"])
    for word in (chosen.get("q") or "").split():
        rows = rows.filter(_contains(word))
    rows = rows.select_related("service", "make", "model__make", "variant__model__make")
    return rows.order_by("service__position", "service__key", "scope", "pk")


def _contains(word: str) -> Q:
    names = ["service", "make", "model", "model__make", "variant__model", "variant__model__make"]
    found = Q(parts_note__icontains=word) | Q(variant__code__icontains=word)
    for name in names:
        found |= Q(**{f"{name}__name_zh__icontains": word}) | Q(**{f"{name}__name_en__icontains": word})
    return found


def _lines(offers: Iterable[Offer], city: City) -> list[Line]:
    offers = list(offers)
    services = {offer.service_id: offer.service for offer in offers}
    bands = pricing.fair_prices_by_class(services=services.values(), city=city)
    lines = []
    for offer in offers:
        band = _band(offer, bands)
        lines.append(Line(offer, target_name(offer), band, pricing.mark(offer.total_fen, band) or ""))
    return lines


def _band(offer: Offer, bands: dict[tuple[int, str], FairPrice]) -> FairPrice | None:
    """What is usual for the class of the offer's cars; for wider scopes only where every class has the same range."""
    if offer.scope in (OfferScope.ALL, OfferScope.MAKE):
        every = {bands.get((offer.service_id, price_class)) for price_class in PriceClass.values}
        return every.pop() if len(every) == 1 else None
    return bands.get((offer.service_id, _class_of(offer)))


def _class_of(offer: Offer) -> str:
    if offer.variant is not None:
        return offer.variant.model.price_class
    return offer.model.price_class if offer.model is not None else offer.price_class or ""
