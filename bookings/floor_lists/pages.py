"""The views of a list: the whole page, and the part that changes. Only views read the clock."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from bookings.board import reading
from bookings.board.pages import day_asked, member, staff_page, wants_part
from shops.access import get_staff_shop
from shops.choices import PEOPLE, Permission, Role
from shops.models import Resource, Shop


@dataclass(frozen=True)
class ListPage:
    """One of the lists: its name in addresses and templates, and what reads it for a request."""

    name: str
    context: Callable[[HttpRequest, Shop, datetime], dict[str, Any]]


def whole(page: ListPage) -> Callable[..., HttpResponse]:
    """The view of a list in the staff's shell, for everybody who works at the shop."""

    @require_GET
    def view(request: HttpRequest, slug: str) -> HttpResponse:
        shop, at = get_staff_shop(request, slug, Permission.BOARD), timezone.now()
        # Before what it stands for: a change in between is then found by the next question.
        tag = etag(request, shop, at, page)
        context = {**shell(shop, page, tag), **page.context(request, shop, at)}
        return staff_page(request, shop, f"floor_lists/{page.name}.html", context, current=nav_entry(shop, page.name))

    return view


def live(page: ListPage) -> Callable[..., HttpResponse]:
    """The view of the part of it that changes. With an `If-None-Match` that still holds: 204 for htmx, which then
    leaves the page alone, 304 for others; one query besides session, person and membership.
    """

    @require_GET
    def view(request: HttpRequest, slug: str) -> HttpResponse:
        shop, at = get_staff_shop(request, slug, Permission.BOARD), timezone.now()
        tag = etag(request, shop, at, page)
        if tag in request.headers.get("If-None-Match", ""):
            response: HttpResponse = HttpResponse(status=204) if wants_part(request) else HttpResponseNotModified()
        else:
            context = {"shop": shop, **shell(shop, page, tag), **page.context(request, shop, at)}
            response = render(request, f"floor_lists/_{page.name}.html", context)
        response["ETag"] = tag
        response["Cache-Control"] = "private, no-cache"
        return response

    return view


def etag(request: HttpRequest, shop: Shop, at: datetime, page: ListPage) -> str:
    """Changes whenever the list would look different to this reader (`reading.marker`). One query."""
    reader = (page.name, get_language(), member(request).pk, shop.viewer_role, sorted(request.GET.items()))
    return reading.marker(shop=shop, day=day_asked(request, shop=shop, at=at), at=at, reader=str(reader))


def shell(shop: Shop, page: ListPage, tag: str) -> dict[str, Any]:
    """What surrounds each list: the way to the others, and how it asks for changes."""
    tabs = [("pipeline", _("Pipeline")), ("my_day", _("Technicians")), ("parts", _("Waiting for parts"))]
    if shop.viewer_role == Role.TECHNICIAN:
        tabs = [("my_day", _("My day")), ("pipeline", _("Pipeline")), ("parts", _("Waiting for parts"))]
    return {
        "tabs": [(reverse(f"floor_lists:{name}", args=[shop.slug]), label, name == page.name) for name, label in tabs],
        "page_url": reverse(f"floor_lists:{page.name}", args=[shop.slug]),
        "live_url": reverse(f"floor_lists:{page.name}_live", args=[shop.slug]),
        "poll_headers": json.dumps({"If-None-Match": tag}),
    }


def nav_entry(shop: Shop, name: str) -> str:
    """The entry of the shop's navigation to which a list belongs for this role (`shops.context.shop_nav`)."""
    if name == "parts" and shop.viewer_role == Role.TECHNICIAN:
        return name
    return "my_day" if shop.viewer_role == Role.TECHNICIAN else "pipeline"


def people_of(shop: Shop, *kinds: str) -> list[Resource]:
    """The shop's technicians and advisors, or those of these kinds. One query."""
    people = shop.resources.in_use().filter(kind__in=kinds or PEOPLE).select_related("technician")
    return list(people.order_by("-kind", "position", "pk"))


def person_asked(request: HttpRequest, people: list[Resource], name: str) -> Resource | None:
    """The one of these people whose public id stands in the address; None where there is none. Raises Http404."""
    asked = request.GET.get(name, "")
    if not asked:
        return None
    for person in people:
        if person.public_id == asked:
            return person
    raise Http404(_("There is no such person here."))
