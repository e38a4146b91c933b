"""The home page, the pages about the platform, and what machines ask of a site."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from bookings.choices import IN_SHOP, UPCOMING
from bookings.engine import search
from bookings.engine.search import Filters, Results, Sort
from bookings.models import Booking
from bookings.owner_views import wishes
from bookings.owner_views.searching import bar_context
from catalog import plans, pricing
from catalog.choices import Trigger
from catalog.models import Service
from catalog.plans import PlanLine
from shops.models import City, Shop
from vehicles.models import Variant

SHOPS_SHOWN = 6
# The jobs that most people come for, as tiles; those that do not suit the car are left out (product decision).
TILES = (
    "minor_service",
    "tyre_replace",
    "brake_pads_front",
    "battery_12v",
    "ac_clean",
    "full_inspection",
    "car_wash",
    "ev_battery_check",
    "cabin_filter",
    "wheel_alignment",
    "annual_inspection_agent",
)
TILES_SHOWN = 8
REGULAR_SHOWN = 3
VISITS_SHOWN = 2
_RANK = {key: place for place, key in enumerate(TILES)}


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The owner's next visit and car; what do you need, for which car, where; the nearest shops for the likeliest job.

    With a car that job is the most common one that its schedule knows, so that nobody is led to buy what is not due.
    """
    chosen, place = wishes.chosen_car(request), wishes.where(request)
    services = list(Service.objects.listed())
    tiles = _tiles(services, chosen.variant)
    regular = _regular(services, chosen.variant)
    service = regular[0].service if regular else tiles[0] if tiles else None
    results = _nearby(service, chosen.variant, place)
    context = {
        **bar_context(request, chosen=chosen, where=place, services=services, service=service),
        "tiles": tiles,
        "results": results,
        "rows": results.rows[:SHOPS_SHOWN] if results else [],
        "shop_count": len(results) if results else 0,
        "regular": _with_bands(regular, chosen.variant, place) if chosen.car else [],
        "visits": _visits(request),
    }
    return render(request, "home.html", context)


def _tiles(services: list[Service], variant: Variant | None) -> list[Service]:
    """The most common jobs that suit the car, filled up with others in the catalogue's order."""
    fitting = [service for service in services if variant is None or service.suits(variant)]
    return sorted(fitting, key=_commonness)[:TILES_SHOWN]


def _commonness(service: Service) -> tuple[int, int]:
    return _RANK.get(service.key, len(TILES)), service.position


def _nearby(service: Service | None, variant: Variant | None, place: wishes.Where | None) -> Results | None:
    if service is None or place is None:
        return None
    city, point, now = place.origin.city, place.origin.point, timezone.now()
    if variant is None:
        return search.search_without_car(service=service, city=city, origin=point, at=now, limit=SHOPS_SHOWN)
    return search.search(
        service=service, variant=variant, city=city, origin=point, filters=Filters(), sort=Sort.BEST, at=now
    )


def _regular(services: list[Service], variant: Variant | None) -> list[PlanLine]:
    """What comes round on this car by distance or time, the most common first. What wants a test first is no errand."""
    if variant is None:
        return []
    due = [
        line
        for line in plans.plan(services, variant).by_schedule
        if not line.interval.is_condition_based and line.service.trigger == Trigger.SCHEDULE
    ]
    return sorted(due, key=lambda line: _commonness(line.service))[:REGULAR_SHOWN]


def _with_bands(lines: list[PlanLine], variant: Variant | None, place: wishes.Where | None) -> list[dict[str, Any]]:
    """The lines with what is usual here."""
    if variant is None or place is None:
        return []
    bands = pricing.fair_prices(services=[line.service for line in lines], variant=variant, city=place.origin.city)
    return [{"line": line, "band": bands.get(line.service.pk)} for line in lines]


def _visits(request: HttpRequest) -> list[Booking]:
    """The owner's visits under way or to come, the nearest first; no query for visitors."""
    user = wishes.person(request)
    if user is None:
        return []
    mine = Booking.objects.visible_to(user).filter(status__in=(*IN_SHOP, *UPCOMING))
    return list(mine.for_card().order_by("starts_at", "pk")[:VISITS_SHOWN])


@require_GET
def about(request: HttpRequest) -> HttpResponse:
    """What the platform is, how it earns, what it does with data."""
    cities = City.objects.order_by("pk").count()
    shops = Shop.objects.listed().count()
    return render(request, "pages/about.html", {"cities": cities, "shops": shops})


@require_GET
def help_page(request: HttpRequest) -> HttpResponse:
    """How prices are compared, what a fair price is, how slots are true, how to change a visit."""
    context = {
        "min_sample": pricing.MIN_SAMPLE,
        "yuan_per_km": search.FEN_PER_KM // 100,
        "yuan_per_day": search.FEN_PER_DAY // 100,
        "limit": search.LIMIT,
    }
    return render(request, "pages/help.html", context)


@require_GET
def robots(request: HttpRequest) -> HttpResponse:
    """What search engines may read: everything public, nothing of a person or a shop's staff."""
    context = {"site_url": settings.SITE_URL.rstrip("/")}
    return render(request, "pages/robots.txt", context, content_type="text/plain; charset=utf-8")


@never_cache
@require_GET
def health(request: HttpRequest) -> JsonResponse:  # noqa: ARG001  (Django gives it)
    """Whether the database and the cache answer, with one word for each.

    503 only without the database: without its cache the site still takes bookings, so a balancer must not drop it.
    """
    database, cached = _answers(_ask_database), _answers(_ask_cache)
    status = "failing" if database != "ok" else ("ok" if cached == "ok" else "degraded")
    answer = {"status": status, "database": database, "cache": cached}
    return JsonResponse(answer, status=503 if status == "failing" else 200)


def _answers(ask: Any) -> str:
    try:
        ask()
    except Exception:  # whatever it is, the answer is that it does not work
        return "failing"
    return "ok"


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def _ask_cache() -> None:
    cache.set("health", "ok", 10)
    # Without its server the cache goes on in this process (core.caching), which is not what is asked here.
    if cache.get("health") != "ok" or getattr(cache, "is_away", False):
        raise ConnectionError
