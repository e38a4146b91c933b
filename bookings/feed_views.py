"""Calendar addresses: the file that a calendar program reads, and the pages on which people make and renew them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from bookings import feeds
from bookings.models import CalendarFeed
from shops import rules
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.context import shop_nav
from shops.models import Resource, Shop
from shops.views.pages import member


@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The calendar at a secret address, for whoever has it. A known state (`If-None-Match`) is answered with 304."""
    found = feeds.read(token=token, at=timezone.now())
    if found is None:
        raise Http404
    response = get_conditional_response(request, etag=found.etag)
    if response is None:
        response = HttpResponse(found.as_ical(), content_type="text/calendar; charset=utf-8")
        response.headers["Content-Disposition"] = 'inline; filename="carkeeper.ics"'
    response.headers["ETag"] = found.etag
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def own(request: HttpRequest) -> HttpResponse:
    """The calendar address of one's own visits: to make, copy, renew, switch off."""
    user = member(request)
    if request.method == "POST":
        if request.POST.get("wanted") == "needs":
            feeds.show_needs(user=user, shows="shows_needs" in request.POST)
            messages.success(request, _("Your changes are saved."))
        else:
            _change(request, user=user)
        return redirect("bookings:own_feed")
    context = {"nav_section": "visits", **_context(feeds.of_user(user)), "workplaces": feeds.workplaces(user)}
    return render(request, "bookings/feeds/own.html", context)


@never_cache
@require_safe
def of_shop(request: HttpRequest, slug: str) -> HttpResponse:
    """The bays and people of a shop whose calendar this member may have."""
    shop = get_staff_shop(request, slug, Permission.BOARD)
    context = {"resources": _resources(request, shop)}
    return render(request, "bookings/feeds/shop.html", _frame(request, shop) | context)


@never_cache
@require_http_methods(["GET", "POST"])
def of_resource(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """The calendar address of a bay or a person of the shop: to make, copy, renew, switch off."""
    shop = get_staff_shop(request, slug, Permission.BOARD)
    resource: Resource = get_object_or_404(_resources(request, shop), public_id=public_id)
    if request.method == "POST":
        _change(request, resource=resource)
        return redirect("board:feed", shop.slug, resource.public_id)
    context = {"resource": resource, **_context(feeds.of_resource(resource))}
    return render(request, "bookings/feeds/resource.html", _frame(request, shop) | context)


# --- Parts ------------------------------------------------------------------------------------------


def _resources(request: HttpRequest, shop: Shop) -> Any:
    may_all = rules.may(shop.viewer_role, Permission.SETTINGS)
    return feeds.resources_for(member(request), shop, may_all=may_all)


def _frame(request: HttpRequest, shop: Shop) -> dict[str, Any]:
    return {"shop": shop, "shop_nav": shop_nav(shop, member(request), "board")}


def _context(feed: CalendarFeed | None) -> dict[str, Any]:
    if feed is None:
        return {"feed": None}
    url = feeds.address(feed)
    return {"feed": feed, "feed_url": url, "webcal_url": "webcal://" + url.partition("://")[2]}


def _change(request: HttpRequest, **whose: Any) -> None:
    """Do what the pressed button says; nothing for a word that no button has."""
    wanted = request.POST.get("wanted")
    if wanted == "on":
        feeds.switch_on(**whose)
        messages.success(request, _("The calendar address is ready."))
    elif wanted == "renew":
        feeds.renew(at=timezone.now(), **whose)
        messages.success(request, _("Here is the new address. The old one no longer works."))
    elif wanted == "off":
        feeds.switch_off(**whose)
        messages.success(request, _("The calendar address is switched off."))
