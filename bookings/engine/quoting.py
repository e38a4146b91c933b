"""What shops charge for a job and how long it will take them: the price database and the times learned from visits, in
one query."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from catalog import pricing
from catalog.choices import OfferScope
from catalog.models import Offer, Service
from catalog.pricing import Quote
from vehicles.models import Variant

_WITH_LEARNED = """
SELECT offered.*, learned.minutes AS learned_minutes FROM ({quotes}) AS offered
LEFT JOIN bookings_learnedduration AS learned
    ON learned.shop_id = offered.shop_id AND learned.service_id = offered.service_id
    AND learned.price_class = %(price_class)s
"""
_QUOTES = _WITH_LEARNED.format(quotes=pricing.QUOTES)


def quotes(*, shop_ids: Iterable[int], services: Iterable[Service], variant: Variant) -> dict[int, dict[int, Quote]]:
    """The quotations of shops for services on one car, by shop id and service id; what is not offered is left out.

    `minutes` is what the shop's own visits have taught where there were any, else the shop's or the standard time. One
    query. Needs `variant.model` at hand.
    """
    fitting = [service.pk for service in services if service.is_listed and service.suits(variant)]
    found: dict[int, dict[int, Quote]] = defaultdict(dict)
    shops = list(shop_ids)
    if not shops or not fitting:
        return found
    params = {"shops": shops, "services": fitting, **pricing.car_params(variant)}
    rows: Iterable[Any] = Offer.objects.raw(_QUOTES, params)
    for offer in rows:
        found[offer.shop_id][offer.service_id] = expected(pricing.quote_from(offer), offer.learned_minutes)
    return found


def expected(quote: Quote, learned_minutes: int | None) -> Quote:
    """The quotation with the time that is really to be expected.

    What was learned is of a whole class of cars: what the shop says of one make, model or variant goes before it.
    """
    says_so_itself = quote.offer.minutes and quote.offer.scope in _OF_SOME_CARS
    return quote if says_so_itself or not learned_minutes else replace(quote, minutes=learned_minutes)


_OF_SOME_CARS = (OfferScope.VARIANT, OfferScope.MODEL, OfferScope.MAKE)
