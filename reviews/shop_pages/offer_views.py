"""A shop offers to put it right, or takes an offer back. Money is offered only by those who move the shop's money."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from bookings.floor import comebacks
from core.errors import Refusal
from reviews.choices import OfferKind
from reviews.follow_ups import matters, offers
from reviews.limits import OFFER_STANDS, VOUCHER_VALID
from reviews.models import FollowUp, FollowUpOffer
from reviews.shop_pages.follow_up_views import page, permission_for
from reviews.shop_pages.forms import ComebackForm, RefundForm, VoucherForm
from reviews.shop_pages.pages import follow_up_of, reviews_page
from shops.access import get_staff_shop
from shops.choices import Permission
from shops.models import Shop
from shops.views.pages import member, show

# Each kind of offer is typed into a form of its own.
_OfferForm = ComebackForm | RefundForm | VoucherForm


@require_http_methods(["GET", "POST"])
def make(request: HttpRequest, slug: str, public_id: str, kind: str) -> HttpResponse:
    """Offer a comeback, part of the money, or a voucher; the owner accepts or declines."""
    if kind not in OfferKind.values:
        raise Http404(_("There is no such offer."))
    wanted, at = OfferKind(kind), timezone.now()
    shop = get_staff_shop(request, slug, permission_for(wanted))
    follow_up = follow_up_of(shop, public_id)
    if request.method != "POST":
        return _page(request, shop, follow_up, wanted, _form(wanted, follow_up, None))
    form = _form(wanted, follow_up, request.POST)
    if not form.is_valid():
        return _page(request, shop, follow_up, wanted, form, status=400)
    try:
        offers.make(follow_up=follow_up, by=member(request), draft=form.draft(), at=at)
    except Refusal as refusal:
        return _page(request, shop, follow_up_of(shop, public_id), wanted, form, status=show(refusal, form))
    messages.success(request, _("Your offer is with the owner."))
    return redirect("shop_reviews:follow_up", slug, public_id)


@require_POST
def withdraw(request: HttpRequest, slug: str, public_id: str, offer: str) -> HttpResponse:
    """Take back an offer that the owner has not answered."""
    shop, at = get_staff_shop(request, slug, Permission.REVIEWS), timezone.now()
    follow_up = follow_up_of(shop, public_id)
    row = get_object_or_404(FollowUpOffer, follow_up=follow_up, public_id=offer)
    get_staff_shop(request, slug, permission_for(OfferKind(row.kind)))
    try:
        offers.withdraw(offer=row, by=member(request), at=at)
    except Refusal as refusal:
        again = follow_up_of(shop, public_id)
        return page(request, shop, again, at=at, refused=str(refusal.message), status=refusal.status)
    messages.success(request, _("The offer is withdrawn."))
    return redirect("shop_reviews:follow_up", slug, public_id)


def _form(kind: OfferKind, follow_up: FollowUp, data: QueryDict | None) -> _OfferForm:
    if kind == OfferKind.COMEBACK:
        return ComebackForm(data, done=comebacks.done_lines(follow_up.booking))
    if kind == OfferKind.REFUND:
        return RefundForm(data, refundable=matters.refundable(follow_up.booking))
    return VoucherForm(data)


def _page(
    request: HttpRequest,
    shop: Shop,
    follow_up: FollowUp,
    kind: OfferKind,
    form: _OfferForm,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "follow_up": follow_up,
        "booking": follow_up.booking,
        "kind": kind,
        "form": form,
        # Without a line there is nothing to choose from.
        "has_choice": kind == OfferKind.VOUCHER or _has_lines(form),
        "stands_days": OFFER_STANDS.days,
        "voucher_days": VOUCHER_VALID.days,
        "is_open": follow_up.closed_at is None,
    }
    return reviews_page(request, shop, "follow_ups", "offer", context, status=status)


def _has_lines(form: _OfferForm) -> bool:
    name = "lines" if isinstance(form, ComebackForm) else "order_line"
    return bool(form.fields[name].choices)  # type: ignore[attr-defined]
