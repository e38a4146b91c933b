"""The owner pays: what for, how, and what became of it. Only views read the clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import User
from core.errors import Refusal
from payments import collecting, coupons, limits, receipts
from payments.choices import OrderStatus, PaymentStatus
from payments.errors import ProviderSilentError
from payments.models import Order, Payment
from payments.paying_pages import codes, reading
from payments.paying_pages.forms import CouponForm, PayForm


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def order(request: HttpRequest, public_id: str) -> HttpResponse:
    """What is to be paid and how; POST starts the payment and shows its page."""
    found = reading.own_order(_person(request), public_id)
    if request.method == "GET":
        wished = request.GET.get("amount", "")
        initial = {"amount": wished} if wished in (reading.DEPOSIT, reading.ALL) else {}
        return _order_page(request, found, PayForm(order=found, initial=initial))
    form = PayForm(request.POST, order=found)
    if not form.is_valid():
        return _order_page(request, found, form, status=400)
    amount_fen, purpose = reading.amount_of(found, form.choice)
    try:
        limits.count(request, "pay")
        payment = collecting.start(
            order=found,
            provider_key=form.cleaned_data["provider"],
            amount_fen=amount_fen,
            purpose=purpose,
            by=_person(request),
            at=timezone.now(),
            site_url=settings.SITE_URL,
            is_phone=is_phone(request),
            client_ip=get_adapter(request).get_client_ip(request),
        )
    except Refusal as refusal:
        found = reading.own_order(_person(request), public_id)
        form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal.message))
        silent = isinstance(refusal, ProviderSilentError)
        return _order_page(request, found, form, status=refusal.status, is_silent=silent)
    return redirect("paying:payment", found.public_id, payment.public_id)


@never_cache
@login_required
@require_GET
def payment(request: HttpRequest, public_id: str, payment_id: str) -> HttpResponse:
    """A payment on its way: where to go on, and how it stands. The provider sends the payer back here."""
    found = _own_payment(_person(request), public_id, payment_id)
    at = timezone.now()
    left, total = _seconds_left(found, at), max(1, int((found.expires_at - found.created_at).total_seconds()))
    context = {
        **_common(found.order),
        "payment": found,
        "icon": reading.icon_of(found.provider),
        "code": codes.svg(found.code_text) if found.status == PaymentStatus.PENDING else "",
        "now": at,
        "total_seconds": total,
        "share_left": left / total,
        "time_left": f"{left // 60}:{left % 60:02d}",
        "is_waiting": found.status in (PaymentStatus.CREATED, PaymentStatus.PENDING),
        "deposit_left_fen": reading.deposit_left_fen(found.order),
    }
    return render(request, "payments/paying/payment.html", context)


@never_cache
@login_required
@require_GET
def state(request: HttpRequest, public_id: str, payment_id: str) -> HttpResponse:
    """Asked every two seconds: 204 while nothing has changed, else the page is to be loaded again. One query."""
    rows = Payment.objects.visible_to(_person(request)).filter(order__public_id=public_id, public_id=payment_id)
    status = rows.values_list("status", flat=True).first()
    if status is None:
        raise Http404(_("There is no such payment."))
    if request.GET.get("seen") == status:
        return HttpResponse(status=204)
    return HttpResponse(headers={"HX-Refresh": "true"})


@login_required
@require_POST
def use_coupon(request: HttpRequest, public_id: str) -> HttpResponse:
    """Use a coupon for what is still due."""
    found = reading.own_order(_person(request), public_id)
    form, status = CouponForm(request.POST), 400
    if form.is_valid():
        try:
            limits.count(request, "coupon")
            coupons.use(order=found, code=form.cleaned_data["code"], person=_person(request), at=timezone.now())
        except Refusal as refusal:
            form.add_error("code", str(refusal.message))
            status = refusal.status
        else:
            messages.success(request, _("The coupon counts towards the price."))
            return redirect("paying:order", found.public_id)
    return _order_page(request, found, PayForm(order=found), coupon_form=form, status=status)


@login_required
@require_POST
def drop_coupon(request: HttpRequest, public_id: str) -> HttpResponse:
    """Take the coupon off again: it can be used for another visit."""
    found = reading.own_order(_person(request), public_id)
    try:
        coupons.take_off(order=found, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.info(request, _("The coupon was taken off. You can use it again."))
    return redirect("paying:order", found.public_id)


@never_cache
@login_required
@require_GET
def receipt(request: HttpRequest, public_id: str) -> HttpResponse:
    """The receipt of a closed order as PDF, in the language of `?lang=` or of the page."""
    found = reading.own_order(_person(request), public_id)
    if found.status == OrderStatus.OPEN:
        raise Http404(_("There is a receipt once the visit is over."))
    asked = request.GET.get("lang", "")
    language = asked if asked in dict(settings.LANGUAGES) else translation.get_language()
    with translation.override(language):
        data = receipts.as_pdf(receipts.read(found))
    response = HttpResponse(data, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'inline; filename="{found.number}-{language}.pdf"'
    return response


# --- Parts ------------------------------------------------------------------------------------------


def is_phone(request: HttpRequest) -> bool:
    """Whether the browser says that it is on a telephone."""
    return "Mobi" in request.headers.get("User-Agent", "")


def _person(request: HttpRequest) -> User:
    """The signed-in person (`login_required` has seen to it)."""
    assert isinstance(request.user, User)  # noqa: S101  (for the type checker)
    return request.user


def _own_payment(user: User, public_id: str, payment_id: str) -> Payment:
    rows = Payment.objects.visible_to(user).select_related("order__shop__city")
    return get_object_or_404(rows, order__public_id=public_id, public_id=payment_id)


def _seconds_left(found: Payment, at: datetime) -> int:
    return max(0, int((found.expires_at - at).total_seconds()))


def _common(found: Order) -> dict[str, Any]:
    return {"nav_section": "visits", "order": found, "shop": found.shop, "zone": found.shop.zone}


def _order_page(
    request: HttpRequest,
    found: Order,
    form: PayForm,
    *,
    coupon_form: CouponForm | None = None,
    status: int = 200,
    is_silent: bool = False,
) -> HttpResponse:
    context = {
        **_common(found),
        "form": form,
        "ways": reading.ways(),
        "money": reading.money_of(found),
        "can_pay": reading.can_be_paid(found),
        "deposit_left_fen": reading.deposit_left_fen(found),
        "coupon_form": coupon_form or CouponForm(),
        "can_use_coupon": found.status == OrderStatus.OPEN and found.due_fen > 0,
        "can_take_coupon_off": reading.can_take_coupon_off(found),
        "is_silent": is_silent,
    }
    return render(request, "payments/paying/order.html", context, status=status)
