"""A shop's price list in the browser: search, add, change, retire, history, CSV out and in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from catalog import imports, offer_actions, pricing
from catalog import offer_list as offer_pages
from catalog.imports import ImportRefusedError, Preview, PriceListChangedError, target_name
from catalog.models import Offer
from catalog.offer_forms import ApplyForm, OfferFilterForm, OfferForm, PriceForm, UploadForm
from core.errors import Refusal
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.context import shop_nav
from shops.models import Shop

HISTORY_PER_PAGE = 50
SHOWN_CHANGES = 200  # lines of a preview that are listed one by one
_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"  # Excel takes a CSV file for UTF-8 only with it


def _member(request: HttpRequest) -> User:
    """Who is signed in; `get_staff_shop` has made sure that somebody is."""
    assert isinstance(request.user, User)  # noqa: S101  (for the type checker)
    return request.user


def _page(request: HttpRequest, shop: Shop, name: str, status: int = 200, **context: Any) -> HttpResponse:
    nav = shop_nav(shop, _member(request), "prices")
    return render(request, f"catalog/offer_{name}.html", {"shop": shop, "shop_nav": nav, **context}, status=status)


def _offer(shop: Shop, pk: int) -> Offer:
    rows = Offer.objects.select_related("service", "make", "model__make", "variant__model__make", "updated_by")
    return get_object_or_404(rows, shop=shop, pk=pk)


def _refused(form: Form, refusal: Refusal) -> None:
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))


# --- The list -----------------------------------------------------------------------------------


@require_GET
def offer_list(request: HttpRequest, slug: str) -> HttpResponse:
    """The shop's prices, searched and filtered, with what is usual beside each."""
    shop = get_staff_shop(request, slug, Permission.PRICES)
    filters = OfferFilterForm(request.GET, shop=shop)
    chosen = filters.chosen()
    page, lines = offer_pages.page_of(shop=shop, chosen=chosen, number=request.GET.get("page", ""))
    query = request.GET.copy()
    query.pop("page", None)
    return _page(
        request,
        shop,
        "list",
        filters=filters,
        page=page,
        lines=lines,
        is_filtered=any(chosen.values()),
        query=query.urlencode(),
        min_sample=pricing.MIN_SAMPLE,
    )


@require_GET
def history(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Every price that the offer had, newest first."""
    shop = get_staff_shop(request, slug, Permission.PRICES)
    offer = _offer(shop, pk)
    rows = Paginator(pricing.price_history(offer), HISTORY_PER_PAGE).get_page(request.GET.get("page", ""))
    return _page(request, shop, "history", offer=offer, target=target_name(offer), page=rows)


# --- One price ----------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest, slug: str) -> HttpResponse:
    """A new price."""
    shop = get_staff_shop(request, slug, Permission.PRICES)
    form = OfferForm(request.POST or None, shop=shop)
    if request.method == "POST" and form.is_valid():
        try:
            offer = offer_actions.add(
                shop=shop,
                service=form.cleaned_data["service"],
                target=form.target(),
                price=form.price(),
                by=_member(request),
                at=timezone.now(),
            )
        except Refusal as refusal:
            _refused(form, refusal)
        else:
            messages.success(request, _("Saved: %(service)s.") % {"service": offer.service.name})
            return redirect("offers:list", slug)
    status = 422 if form.is_bound and form.errors else 200
    return _page(request, shop, "form", status=status, form=form, offer=None)


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Change a price. Which service and which cars it is for stays: for others there is another price."""
    shop = get_staff_shop(request, slug, Permission.PRICES)
    offer = _offer(shop, pk)
    form = PriceForm(request.POST) if request.method == "POST" else PriceForm.of(offer)
    status = 200
    if request.method == "POST" and form.is_valid():
        try:
            seen_at = _seen(request)
            offer_actions.change(
                offer=offer, price=form.price(), by=_member(request), at=timezone.now(), seen_at=seen_at
            )
        except Refusal as refusal:
            _refused(form, refusal)
            status = refusal.status
        else:
            messages.success(request, _("Saved: %(service)s.") % {"service": offer.service.name})
            return redirect("offers:list", slug)
    elif form.is_bound:
        status = 422
    return _page(request, shop, "form", status=status, form=form, offer=offer, target=target_name(offer))


def _seen(request: HttpRequest) -> datetime | None:
    """When the price that the editor had before them was saved; None if the page did not say."""
    try:
        return datetime.fromisoformat(request.POST.get("seen_at", ""))
    except ValueError:
        return None


@require_POST
def set_state(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Retire a price, or bring a retired one back."""
    shop = get_staff_shop(request, slug, Permission.PRICES)
    offer = _offer(shop, pk)
    if request.POST.get("offered") == "yes":
        offer_actions.offer_again(offer=offer, by=_member(request), at=timezone.now())
        messages.success(request, _("Offered again: %(service)s.") % {"service": offer.service.name})
    else:
        offer_actions.retire(offer=offer, by=_member(request), at=timezone.now())
        messages.success(
            request, _("Retired: %(service)s. Booked visits keep their price.") % {"service": offer.service.name}
        )
    return redirect("offers:list", slug)


# --- The whole list -----------------------------------------------------------------------------


@require_GET
def export(request: HttpRequest, slug: str) -> HttpResponse:
    """The price list as a CSV file that can be edited in a spreadsheet and imported again."""
    shop = get_staff_shop(request, slug, Permission.PRICES)
    response = HttpResponse(_BYTE_ORDER_MARK + imports.export(shop=shop), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{shop.slug}-prices-{timezone.localdate():%Y%m%d}.csv"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def import_file(request: HttpRequest, slug: str) -> HttpResponse:
    """Look through an uploaded price list: its mistakes by line and column, or what it would change."""
    shop = get_staff_shop(request, slug, Permission.PRICES)
    if request.method != "POST":
        return _page(request, shop, "import", form=UploadForm())
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, shop, "import", status=422, form=form)
    try:
        text = imports.decode(form.cleaned_data["file"])
        return _preview(request, shop, text, retire_missing=form.cleaned_data["retire_missing"])
    except ImportRefusedError as refusal:
        return _page(request, shop, "import", status=refusal.status, form=form, refusal=refusal)


def _preview(request: HttpRequest, shop: Shop, text: str, *, retire_missing: bool, status: int = 200) -> HttpResponse:
    rows = imports.parse(text=text, shop=shop)
    plan = imports.preview(shop=shop, rows=rows, retire_missing=retire_missing)
    given = {"content": text, "fingerprint": plan.fingerprint, "retire_missing": retire_missing}
    return _page(
        request,
        shop,
        "import_preview",
        status=status,
        plan=plan,
        apply_form=ApplyForm(initial=given),
        retire_missing=retire_missing,
        shown=SHOWN_CHANGES,
        **_shown(plan),
    )


def _shown(plan: Preview) -> dict[str, Any]:
    return {
        "new": [(row, target_name(row.target)) for row in plan.new[:SHOWN_CHANGES]],
        "changed": [(offer, row, target_name(offer)) for offer, row in plan.changed[:SHOWN_CHANGES]],
        "retired": [(offer, target_name(offer)) for offer in plan.retired[:SHOWN_CHANGES]],
    }


@require_POST
def import_apply(request: HttpRequest, slug: str) -> HttpResponse:
    """Take over the file that was previewed, all or nothing."""
    shop = get_staff_shop(request, slug, Permission.PRICES)
    form = ApplyForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("The file did not arrive whole. Nothing was changed; choose it again."))
        return redirect("offers:import", slug)
    text, retire_missing = form.cleaned_data["content"], form.cleaned_data["retire_missing"]
    try:
        plan = imports.apply(
            shop=shop,
            rows=imports.parse(text=text, shop=shop),
            retire_missing=retire_missing,
            seen=form.cleaned_data["fingerprint"],
            by=_member(request),
            at=timezone.now(),
        )
    except PriceListChangedError as refusal:
        messages.error(request, str(refusal.message))
        return _preview(request, shop, text, retire_missing=retire_missing, status=refusal.status)
    except ImportRefusedError as refusal:
        return _page(request, shop, "import", status=refusal.status, form=UploadForm(), refusal=refusal)
    messages.success(request, _done(plan))
    return redirect("offers:list", slug)


def _done(plan: Preview) -> str:
    count = len(plan.new) + len(plan.changed) + len(plan.retired)
    return ngettext("%(count)s price was changed.", "%(count)s prices were changed.", count) % {"count": count}
