"""Coupons: what there is, how much of it is used, a new one, and switching one off."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Refusal
from payments import coupons
from payments.choices import CouponUseStatus
from payments.models import Coupon
from payments.platform_pages.access import admin_of, platform_page, show_page
from payments.platform_pages.forms import CouponForm

_PAGE = 50
_USUAL_DAYS = 90


@require_GET
@platform_page
def coupon_list(request: HttpRequest) -> HttpResponse:
    """Every coupon, the newest first, with what it has cost."""
    used = Q(uses__status=CouponUseStatus.USED)
    found = Coupon.objects.select_related("shop", "person").annotate(
        platform_fen=Sum("uses__platform_fen", filter=used),
        shop_fen=Sum("uses__shop_fen", filter=used),
        returned=Count("uses", filter=Q(uses__status=CouponUseStatus.RETURNED)),
    )
    page = Paginator(found.order_by("-created_at", "-pk"), _PAGE).get_page(request.GET.get("page"))
    return show_page(
        request, "payments/platform/coupons.html", {"page": page, "now": timezone.now()}, section="coupons"
    )


@require_http_methods(["GET", "POST"])
@platform_page
def new_coupon(request: HttpRequest) -> HttpResponse:
    """Make a coupon."""
    today, status = timezone.localdate(), 200
    form = CouponForm(
        request.POST or None, initial={"first_day": today, "last_day": today + timedelta(days=_USUAL_DAYS)}
    )
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                coupon = coupons.create(form.draft(), by=admin_of(request), at=timezone.now())
            except Refusal as refusal:
                field = CouponForm.FIELD_OF.get(refusal.field or "", refusal.field)
                form.add_error(field if field in form.fields else None, str(refusal.message))
            else:
                messages.success(request, _("Coupon %(code)s can be used.") % {"code": coupon.code})
                return redirect("platform_money:coupons")
    return show_page(request, "payments/platform/coupon_form.html", {"form": form}, section="coupons", status=status)


@require_POST
@platform_page
def switch_off(request: HttpRequest, public_id: str) -> HttpResponse:
    """Let nobody use a coupon any more."""
    coupon = get_object_or_404(Coupon, public_id=public_id)
    coupons.switch_off(coupon=coupon)
    messages.success(request, _("Coupon %(code)s is switched off.") % {"code": coupon.code})
    return redirect("platform_money:coupons")
