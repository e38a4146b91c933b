"""Search: what, on which car, where → the nearest shops with price, mark and real slots."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bookings.engine import search
from bookings.engine.jobs import MAX_SERVICES
from bookings.engine.search import Result, Results, Sort
from bookings.forms import SearchForm
from bookings.origins import Origin
from bookings.owner_views import asked as asking
from bookings.owner_views import wishes
from catalog.applicability import reason_against
from catalog.models import Service
from core.money import format_fen
from shops.choices import ShopKind
from shops.models import Place
from shops.place_map import Pin, map_data
from vehicles.models import Variant
from vehicles.querysets import MAX_SEARCH_LENGTH
from vehicles.selection import Selection

PAGE = 12


@require_GET
def search_page(request: HttpRequest) -> HttpResponse:
    """Results as a list or on the map; says what is missing or why there are none.

    A typed car (`q`) is looked up first; `pick` leads to the car finder and back.
    """
    if request.GET.get("pick"):
        return redirect(_finder(request))
    if typed := request.GET.get("q", "").strip():
        return _find_typed(request, typed)
    chosen, place = wishes.chosen_car(request), wishes.where(request)
    services = list(Service.objects.listed())
    service = next((one for one in services if one.key == request.GET.get("service")), None)
    form = SearchForm(request.GET)
    results, unfit = None, ""
    if service and chosen.variant:
        unfit = reason_against(service, chosen.variant)
        if place and not unfit:
            results = search.search(
                service=service,
                variant=chosen.variant,
                city=place.origin.city,
                origin=place.origin.point,
                filters=form.filters(),
                sort=form.value("sort", Sort.BEST),
                at=timezone.now(),
            )
    context = {
        **bar_context(request, chosen=chosen, where=place, services=services, service=service),
        "unfit": unfit,
        "unknown_service": bool(request.GET.get("service")) and service is None,
        "filters": form.filters(),
        **(_results_context(request, form, results, chosen, place.origin) if results is not None and place else {}),
    }
    if results is not None and service:
        context |= _together_context(request, context["car_query"], service, services, chosen)
    return render(request, "bookings/search.html", context, status=404 if context["unknown_service"] else 200)


def _together_context(
    request: HttpRequest, car_query: str, service: Service, services: list[Service], chosen: Selection
) -> dict[str, Any]:
    """The services that `?also=` names for the same visit. Prices and times of the results are the first one's; the
    links to a shop carry the others on, and its pages answer for all of them."""
    keys = asking.keys_of(request.GET)
    fitting = [one for one in services if one != service and (chosen.variant is None or one.suits(chosen.variant))]
    also = [one for one in fitting if one.key in keys][: MAX_SERVICES - 1]
    return {"also": also, "car_query": asking.query(car_query, [one.key for one in also])}


def bar_context(
    request: HttpRequest,
    *,
    chosen: Selection,
    where: wishes.Where | None,
    services: list[Service],
    service: Service | None,
) -> dict[str, Any]:
    """What the search bar (`bookings/_search_bar.html`) needs. Two queries: garage (signed in only) and places."""
    city = where.origin.city if where else None
    return {
        "selection": chosen,
        "car_query": wishes.car_query(chosen),
        "garage": wishes.own_cars(request),
        "where": where,
        "service": service,
        "services": [one for one in services if chosen.variant is None or one.suits(chosen.variant)],
        "places": list(Place.objects.filter(city=city).order_by("kind", "name_en", "pk")) if city else [],
        "pick_car_url": _finder(request),
    }


def _find_typed(request: HttpRequest, typed: str) -> HttpResponse:
    """The results for the car that was typed if it can only be one, else the finder with what was typed."""
    found = list(Variant.objects.listed().with_names().found_by(typed)[:2])
    if len(found) == 1:
        return redirect(address(request, q=None, car=None, variant=found[0].slug))
    return redirect(_finder(request, q=typed[:MAX_SEARCH_LENGTH]))


def _finder(request: HttpRequest, **query: str) -> str:
    """The car finder, which comes back to this page without the car it had."""
    back = address(request, car=None, variant=None, pick=None, q=None)
    return f"{reverse('vehicles:find')}?{urlencode({**query, 'next': back})}"


def address(request: HttpRequest, **changes: str | None) -> str:
    """This page's address with some parameters changed; None leaves one out."""
    query = request.GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query[name] = value
    return f"{request.path}?{query.urlencode()}" if query else request.path


def _results_context(
    request: HttpRequest, form: SearchForm, results: Results, chosen: Selection, origin: Origin
) -> dict[str, Any]:
    shown = form.value("more", PAGE)
    is_map = form.value("view", "list") == "map"
    rest = len(results) - shown
    return {
        "results": results,
        "rows": results.rows[:shown],
        "is_map": is_map,
        "map": _map(results.rows[:shown], origin) if is_map else None,
        "more_url": address(request, more=str(min(shown + PAGE, search.LIMIT))) if rest > 0 else "",
        "more_count": min(rest, PAGE),
        "list_url": address(request, view=None),
        "map_url": address(request, view="map"),
        "sorts": _options(request, "sort", form.value("sort", Sort.BEST), Sort.choices, drop=Sort.BEST),
        "kinds": _options(request, "kind", form.value("kind"), [("", _("All")), *ShopKind.choices], drop=""),
        "switches": _switches(request, form, chosen),
        "clear_url": address(request, kind=None, evenings=None, authorised=None, pickup=None, more=None),
    }


def _options(
    request: HttpRequest, name: str, current: str, choices: list[tuple[str, Any]], *, drop: str
) -> list[dict[str, Any]]:
    """Chips of which one is chosen."""
    return [
        {
            "label": label,
            "is_current": value == current,
            "url": address(request, **{name: None if value == drop else str(value), "more": None}),
        }
        for value, label in choices
    ]


def _switches(request: HttpRequest, form: SearchForm, chosen: Selection) -> list[dict[str, Any]]:
    """Chips that are on or off."""
    make = chosen.variant.model.make.name if chosen.variant else ""
    labels = {
        "evenings": _("Open evenings"),
        "authorised": _("Authorised by %(make)s") % {"make": make},
        "pickup": _("Picks up your car"),
    }
    return [
        {
            "label": label,
            "is_on": bool(form.value(name)),
            "url": address(request, **{name: None if form.value(name) else "1", "more": None}),
        }
        for name, label in labels.items()
    ]


def _map(rows: list[Result], origin: Origin) -> dict[str, Any]:
    pins = [
        Pin(
            latitude=row.shop.latitude,
            longitude=row.shop.longitude,
            label=format_fen(row.total_fen),
            title=f"{row.shop.name} · {format_fen(row.total_fen)}",
            url=f"#shop-{row.shop.public_id}",
        )
        for row in rows
    ]
    return map_data(pins=pins, here=(origin.point.latitude, origin.point.longitude))
