"""Who belongs to the shop without working there: said by those who manage its people."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import Refusal
from reviews import affiliations as actions
from reviews.choices import AffiliationKind
from reviews.models import Affiliation
from reviews.shop_pages.forms import AffiliationForm
from reviews.shop_pages.pages import reviews_page
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop
from shops.views.pages import member, show

# More than a shop has relatives and partners; a list of that length is searched by nobody.
MAX_SHOWN = 200


@require_http_methods(["GET", "POST"])
def affiliations(request: HttpRequest, slug: str) -> HttpResponse:
    """Who has been named, and naming somebody."""
    shop, at = get_staff_shop(request, slug, Permission.STAFF), timezone.now()
    if request.method != "POST":
        return _page(request, shop, AffiliationForm(), at=at)
    form = AffiliationForm(request.POST)
    if not form.is_valid():
        return _page(request, shop, form, at=at, status=400)
    try:
        actions.declare(shop=shop, by=member(request), at=at, **form.cleaned_data)
    except Refusal as refusal:
        return _page(request, shop, form, at=at, status=show(refusal, form))
    messages.success(request, _("Saved. They cannot review this shop."))
    return redirect("shop_reviews:affiliations", slug)


@require_POST
def end(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Say that somebody belongs to the shop no more."""
    shop = get_staff_shop(request, slug, Permission.STAFF)
    row = get_object_or_404(Affiliation, shop=shop, pk=pk)
    actions.end(affiliation=row, at=timezone.now())
    messages.success(request, _("Your changes are saved."))
    return redirect("shop_reviews:affiliations", slug)


def _page(request: HttpRequest, shop: Shop, form: AffiliationForm, *, at: datetime, status: int = 200) -> HttpResponse:
    standing = Affiliation.objects.filter(Q(until=None) | Q(until__gt=at), shop=shop).select_related("user")
    rows = [(row, row.kind != AffiliationKind.FORMER_STAFF) for row in standing.order_by("-since", "-pk")[:MAX_SHOWN]]
    return reviews_page(request, shop, "affiliations", "affiliations", {"rows": rows, "form": form}, status=status)
