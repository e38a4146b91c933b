"""What the views of a shop's money share: the frame, and what is named in an address."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from payments.models import Order
from payments.shop_pages.position import orders_of
from payments.statements import period as periods
from payments.statements.period import Period
from shops.choices import Permission
from shops.context import shop_nav
from shops.models import Shop
from shops.rules import may
from shops.views.pages import member

# Sections whose pages are none of this folder's.
_ELSEWHERE = {"disputes": "shop_disputes:list"}


def money_page(
    request: HttpRequest, shop: Shop, name: str, context: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render a page of the shop's money in the staff's shell."""
    sections = [
        ("overview", _("Overview"), Permission.MONEY),
        ("statements", _("Statements"), Permission.MONEY),
        ("payouts", _("Payouts"), Permission.MONEY),
        ("account", _("Account for payouts"), Permission.MONEY),
        ("counter_refunds", _("Refunds at the counter"), Permission.CLOSE_DAY),
        ("disputes", _("Disputes"), Permission.MONEY),
    ]
    frame = {
        "shop": shop,
        "shop_nav": shop_nav(shop, member(request), Permission.MONEY),
        "sections": [
            (reverse(_ELSEWHERE.get(key, f"money:{key}"), args=[shop.slug]), label, key == context.get("section", name))
            for key, label, permission in sections
            if may(shop.viewer_role, permission)
        ],
    }
    return render(request, f"payments/shop/{name}.html", {**frame, **context}, status=status)


def period_asked(shop: Shop, key: str, *, at: datetime) -> Period:
    """The period of a statement's address. Raises Http404 for what is none, or has not begun."""
    period = periods.of_key(key, shop.zone)
    if period is None or period.starts_at > at:
        raise Http404(_("There is no such statement here."))
    return period


def order_asked(shop: Shop, public_id: str) -> Order:
    """The shop's order; a foreign one looks like a missing one (Http404)."""
    order = orders_of(shop).filter(public_id=public_id).first()
    if order is None:
        raise Http404(_("There is no such order here."))
    return order
