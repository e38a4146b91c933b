"""A shop's public page: prices for the chosen car, who works there, when, where. It joins shops and catalogue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_safe

from bookings import strips
from bookings.engine import phases
from bookings.engine.jobs import MAX_SERVICES, Price
from bookings.floor import figures
from bookings.owner_views import asked as asking
from bookings.owner_views import wishes
from bookings.owner_views.asked import Together
from catalog import pricing
from catalog.models import Service
from catalog.pricing import FairPrice, Quote
from core.geo import distance_m
from shops.choices import PLACES, Amenity, ResourceKind
from shops.models import Resource, Shop
from shops.opening import Opening, last_start, weekly
from shops.place_map import Pin, map_data
from vehicles.models import Variant

# Prices shown at once; the rest stand behind "All prices".
PRICES_AT_FIRST = 4
SPECIAL_DAYS_AHEAD = 45

AMENITY_ICONS = {
    Amenity.PICKUP: "truck",
    Amenity.LOANER: "key-round",
    Amenity.LOUNGE: "armchair",
    Amenity.WIFI: "wifi",
    Amenity.CHARGING: "ev-charger",
    Amenity.PARKING: "circle-parking",
    Amenity.GLASS_WALL: "eye",
    Amenity.OLD_PARTS: "package-open",
    Amenity.COFFEE: "coffee",
    Amenity.METRO: "train-front",
}


@dataclass(frozen=True)
class PriceRow:
    """A service at this shop: the all-in price for the chosen car with what is usual, or "from" without a car."""

    service: Service
    quote: Quote | None
    band: FairPrice | None
    from_fen: int = 0

    @property
    def mark(self) -> str:
        """fair, below or above; empty where no range is known."""
        return (pricing.mark(self.quote.total_fen, self.band) or "") if self.quote else ""


@require_safe
def detail(request: HttpRequest, slug: str) -> HttpResponse:
    """`?car=` or `?variant=` and `?service=` choose the car and the job, `?also=` more services for the same visit;
    `?lat=&lng=` say where the visitor is."""
    shop = get_object_or_404(Shop.objects.visible_to(request.user).for_page(), slug=slug)
    at = timezone.now()
    choice = wishes.chosen_car(request)
    services = list(Service.objects.listed())
    rows = _price_rows(shop, choice.variant, services)
    chosen = _chosen_row(request, rows)
    together = _together(request, rows, chosen, services, choice.variant)
    more = [row for row in rows if row.service in together.also]
    car_query = wishes.car_query(choice)
    here = _position(request)
    found = figures.of_shop(shop)
    context = {
        "shop": shop,
        "car": choice.car,
        "variant": choice.variant,
        "selection": choice,
        "car_query": car_query,
        "chosen": chosen,
        "more": [(row, _page_query(car_query, chosen, together, leave_out=row)) for row in more],
        "left_out": together.left_out,
        "can_add": 0 < len(more) + 1 < MAX_SERVICES,
        "rows": [
            (row, _page_query(car_query, chosen, together, add=row))
            for row in rows
            if row is not chosen and row not in more
        ],
        "prices_at_first": PRICES_AT_FIRST,
        "distance_m": distance_m(*here, shop.latitude, shop.longitude) if here else None,
        "technicians": [(person, found.get(person.pk)) for person in _technicians(shop, chosen)],
        "rates": found.get(None),
        "bays": [row for row in shop.resources.all() if row.kind in PLACES],
        "amenities": [(Amenity(key).label, AMENITY_ICONS[Amenity(key)]) for key in shop.amenities if key in Amenity],
        "map": map_data(pins=[_pin(shop)], here=here),
        "structured": _structured(request, shop),
        "today": at.astimezone(shop.zone).date(),
        **_opening(shop, chosen, at),
        **_slots(shop, chosen, more, asking.query(car_query, together.keys), at),
    }
    return render(request, "shops/shop_detail.html", context)


# --- What was chosen ------------------------------------------------------------------------------


def _chosen_row(request: HttpRequest, rows: Sequence[PriceRow]) -> PriceRow | None:
    wanted = request.GET.get("service")
    return next((row for row in rows if row.service.key == wanted), rows[0] if rows else None)


def _together(
    request: HttpRequest,
    rows: Sequence[PriceRow],
    chosen: PriceRow | None,
    services: Sequence[Service],
    variant: Variant | None,
) -> Together:
    """What `?also=` adds to the chosen job; nothing before a car is known."""
    if chosen is None or variant is None:
        return Together()
    quotes = {row.service.pk: row.quote for row in rows if row.quote}
    every = {service.key: service for service in services}
    keys = asking.keys_of(request.GET)
    return asking.together(every, quotes, service=chosen.service, variant=variant, keys=keys)


def _page_query(
    car_query: str,
    chosen: PriceRow | None,
    together: Together,
    *,
    add: PriceRow | None = None,
    leave_out: PriceRow | None = None,
) -> str:
    """This page's query with one more or one less service in the visit."""
    dropped = leave_out.service.key if leave_out else ""
    keys = [key for key in together.keys if key != dropped] + ([add.service.key] if add else [])
    service = f"service={chosen.service.key}" if chosen else ""
    return "&".join(filter(None, [asking.query(car_query, keys), service]))


def _position(request: HttpRequest) -> tuple[float, float] | None:
    """Where the visitor searched from; None before they have said it."""
    if not (request.GET.get("lat") or wishes.ORIGIN in request.session):
        return None
    where = wishes.where(request)
    if where is None or where.error:
        return None
    return where.origin.point.latitude, where.origin.point.longitude


# --- What is shown --------------------------------------------------------------------------------


def _price_rows(shop: Shop, variant: Variant | None, services: Sequence[Service]) -> list[PriceRow]:
    if variant is None:
        least = pricing.prices_from(shop=shop)
        return [PriceRow(service, None, None, least[service.pk]) for service in services if service.pk in least]
    quotes = pricing.quotes_of_shop(shop=shop, services=services, variant=variant)
    offered = [service for service in services if service.pk in quotes]
    bands = pricing.fair_prices(services=offered, variant=variant, city=shop.city)
    return [PriceRow(service, quotes[service.pk], bands.get(service.pk)) for service in offered]


def _slots(shop: Shop, chosen: PriceRow | None, more: Sequence[PriceRow], query: str, at: datetime) -> dict[str, Any]:
    """The free times of the visit (`bookings/_slot_strip.html`). An on-site team is asked on its own page: it has to
    know where to come."""
    if chosen is None or chosen.quote is None:
        return {}
    quotes = [(row.service, row.quote) for row in (chosen, *more) if row.quote]
    address = reverse("bookings:slots", args=[shop.slug, chosen.service.key])
    phases.bring_phases([service for service, _quote in quotes])
    plan = phases.compose(shop, [(service, quote.minutes) for service, quote in quotes])
    price = Price(sum(quote.labour_fen for _, quote in quotes), sum(quote.parts_fen for _, quote in quotes))
    context: dict[str, Any] = {
        "service": chosen.service,
        "also": ",".join(row.service.key for row in more),
        "price": price,
        "plan_minutes": plan.minutes,
        "slots_url": f"{address}?{query}",
        "address_of_day": f"{address}?{query}&date=",
        "wait_url": f"{reverse('bookings:wait', args=[shop.slug, chosen.service.key])}?{query}",
        "hold_url": reverse("bookings:hold", args=[shop.slug, chosen.service.key]),
    }
    if not shop.is_on_site:
        context["strip"] = strips.strip(shop=shop, plan=plan, wanted=None, at=at)
    return context


def _technicians(shop: Shop, chosen: PriceRow | None) -> list[Resource]:
    """Technicians, those trained for the chosen job first."""
    people = [row for row in shop.resources.all() if row.kind == ResourceKind.TECHNICIAN]
    skill = chosen.service.skill if chosen else ""
    return sorted(people, key=lambda person: skill not in person.capabilities)


def _opening(shop: Shop, chosen: PriceRow | None, at: datetime) -> dict[str, Any]:
    opening = Opening.of(shop)
    today = at.astimezone(shop.zone).date()
    state = opening.state(at=at)
    minutes = chosen.quote.minutes if chosen and chosen.quote else 0
    opens_later = state.opens_at and state.opens_at.astimezone(shop.zone).date() != today
    return {
        "open_state": state,
        "opens_later": state.opens_at if opens_later else None,
        "last_start": last_start(state, shop=shop, minutes=minutes) if minutes else None,
        "week": opening.days(first=today, count=7),
        "special_days": opening.special_days(after=today + timedelta(days=6), days=SPECIAL_DAYS_AHEAD),
    }


def _pin(shop: Shop) -> Pin:
    return Pin(shop.latitude, shop.longitude, label=shop.name, title=f"{shop.name}, {shop.address}", is_current=True)


def _structured(request: HttpRequest, shop: Shop) -> SafeString:
    """schema.org data for search engines, safe inside a script element."""
    week = [
        {"@type": "OpeningHoursSpecification", "dayOfWeek": f"https://schema.org/{day.name.title()}"}
        | {"opens": f"{opens:%H:%M}", "closes": f"{closes:%H:%M}"}
        for day, stretches in weekly(Opening.of(shop).hours)
        if day.name != "HOLIDAY"
        for opens, closes in stretches
    ]
    data = {
        "@context": "https://schema.org",
        "@type": "AutoRepair",
        "name": shop.name,
        "url": settings.SITE_URL.rstrip("/") + request.path,
        "image": settings.SITE_URL.rstrip("/") + static("img/social-card.png"),
        "telephone": shop.phone,
        "address": {
            "@type": "PostalAddress",
            "streetAddress": shop.address,
            "addressLocality": shop.city.name,
            "addressRegion": shop.district,
            "addressCountry": shop.city.country,
        },
        "geo": {"@type": "GeoCoordinates", "latitude": shop.latitude, "longitude": shop.longitude},
        "openingHoursSpecification": week,
        **_rated(shop),
    }
    text = json.dumps(data, ensure_ascii=False)
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return mark_safe(text)  # noqa: S308  (JSON in which nothing can end the script element)


def _rated(shop: Shop) -> dict[str, Any]:
    """The score for search engines, as the page shows it; nothing while the reviews are few."""
    standing = shop.rating
    if standing is None or standing.shown_score is None:
        return {}
    rating = {"ratingValue": standing.shown_score, "reviewCount": standing.reviews, "bestRating": 5, "worstRating": 1}
    return {"aggregateRating": {"@type": "AggregateRating", **rating}}
