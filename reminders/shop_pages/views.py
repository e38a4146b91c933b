"""Expected demand, and campaigns."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from catalog.models import Service
from core.errors import Refusal
from reminders import audience, demand, figures
from reminders import campaigns as actions
from reminders.choices import CampaignStatus
from reminders.models import Campaign
from reminders.shop_pages.forms import CampaignForm
from reminders.week_chart import week_chart
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.context import shop_nav
from shops.models import Shop
from shops.views.pages import member, show

# More than a shop sends in a year.
SHOWN = 30
# Of fewer owners nothing is counted: a shop with one customer for a service would learn that this one is due.
FEW = 5


@require_GET
def expected(request: HttpRequest, slug: str) -> HttpResponse:
    """Cars due week by week."""
    shop, at = get_staff_shop(request, slug, Permission.PRICES), timezone.now()
    found = demand.expected(shop, at=at)
    names = {
        service.key: service for service in Service.objects.filter(key__in=[one.service for one in found.services])
    }
    context = {
        "demand": found,
        "chart": week_chart(found.weeks),
        "services": [(names[one.service], one) for one in found.services if one.service in names],
    }
    return _page(request, shop, "demand", context)


@require_GET
def campaign_list(request: HttpRequest, slug: str) -> HttpResponse:
    """What the shop has sent, and what came of it."""
    shop = get_staff_shop(request, slug, Permission.PRICES)
    rows = list(Campaign.objects.at_shop(shop).select_related("service")[:SHOWN])
    came = figures.of_campaigns(rows)
    return _page(request, shop, "campaigns", {"rows": [(row, came[row.pk]) for row in rows], "few": FEW})


@require_http_methods(["GET", "POST"])
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """Write a campaign; it is sent only after its preview."""
    shop = get_staff_shop(request, slug, Permission.PRICES)
    if request.method != "POST":
        asked = {"service": request.GET.get("service", "")[:60], "weeks": 4}
        return _page(request, shop, "campaign_form", {"form": CampaignForm(shop=shop, initial=asked)})
    form = CampaignForm(request.POST, shop=shop)
    if not form.is_valid():
        return _page(request, shop, "campaign_form", {"form": form}, status=400)
    try:
        campaign = actions.draft(shop=shop, by=member(request), at=timezone.now(), **form.cleaned_data)
    except Refusal as refusal:
        status = show(refusal, form)
        return _page(request, shop, "campaign_form", {"form": form}, status=status)
    return redirect("shop_reminders:campaign", slug, campaign.public_id)


@require_GET
def detail(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """A campaign: how many it reaches and how it reads, or what came of it."""
    shop = get_staff_shop(request, slug, Permission.PRICES)
    return _detail(request, shop, _campaign(shop, public_id))


@require_POST
def start(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Send it."""
    shop = get_staff_shop(request, slug, Permission.PRICES)
    campaign = _campaign(shop, public_id)
    try:
        actions.start(campaign=campaign, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
        return _detail(request, shop, _campaign(shop, public_id), status=refusal.status)
    messages.success(request, _("It is being sent, outside of quiet hours."))
    return redirect("shop_reminders:campaign", slug, public_id)


@require_POST
def stop(request: HttpRequest, slug: str, public_id: str) -> HttpResponse:
    """Send no more of it."""
    shop = get_staff_shop(request, slug, Permission.PRICES)
    try:
        actions.stop(campaign=_campaign(shop, public_id), at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
        return _detail(request, shop, _campaign(shop, public_id), status=refusal.status)
    messages.success(request, _("Stopped. What was sent stays sent."))
    return redirect("shop_reminders:campaign", slug, public_id)


def _campaign(shop: Shop, public_id: str) -> Campaign:
    found = Campaign.objects.at_shop(shop).select_related("service").filter(public_id=public_id).first()
    if found is None:
        raise Http404(_("There is no such campaign here."))
    return found


def _detail(request: HttpRequest, shop: Shop, campaign: Campaign, *, status: int = 200) -> HttpResponse:
    is_draft = campaign.status == CampaignStatus.DRAFT
    context = {
        "campaign": campaign,
        "funnel": figures.of_campaigns([campaign])[campaign.pk],
        "audience": audience.size(campaign, at=timezone.now()) if is_draft else None,
        "few": FEW,
    }
    return _page(request, shop, "campaign", context, status=status)


def _page(request: HttpRequest, shop: Shop, name: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    sections = [("demand", _("Expected demand")), ("campaigns", _("Campaigns"))]
    current = "demand" if name == "demand" else "campaigns"
    frame = {
        "shop": shop,
        "shop_nav": shop_nav(shop, member(request), "demand"),
        "sections": [
            (reverse(f"shop_reminders:{key}", args=[shop.slug]), label, key == current) for key, label in sections
        ],
    }
    return render(request, f"reminders/shop/{name}.html", {**frame, **context}, status=status)
