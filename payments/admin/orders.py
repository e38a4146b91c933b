"""Orders, what was paid for them and given back, and coupons."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from payments.admin.base import MoneyAdmin
from payments.models import Coupon, CouponUse, Order, OrderLine, Payment, Refund

_BY_ORDER = ["order__number", "order__reference", "order__public_id"]
_BY_ORDER_HELP = _("Our number or the provider's, number of the visit")


@admin.register(Order)
class OrderAdmin(MoneyAdmin):
    list_display = ["number", "shop", "status", "total_fen_shown", "paid_fen_shown", "refunded_fen_shown", "opened_at"]
    amounts = {
        "total_fen": _("to pay in all"),
        "deposit_fen": _("deposit"),
        "paid_fen": _("paid"),
        "refunded_fen": _("given back"),
        "coupon_fen": _("by coupon"),
    }
    list_select_related = ["shop"]
    list_filter = ["status", "opened_at", "closed_at"]
    search_fields = ["number", "reference", "public_id", "shop__name_zh", "shop__name_en"]
    search_help_text = _("Number or shop")
    date_hierarchy = "opened_at"


@admin.register(OrderLine)
class OrderLineAdmin(MoneyAdmin):
    list_display = ["order", "position", "kind", "title_zh", "amount_fen_shown", "refunded_fen_shown"]
    amounts = {"amount_fen": _("amount"), "labour_fen": _("of which labour"), "refunded_fen": _("given back")}
    list_select_related = ["order"]
    list_filter = ["kind"]
    search_fields = [*_BY_ORDER, "reference", "title_zh", "title_en"]
    search_help_text = _("Number of the visit, or what was done")
    ordering = ["-pk"]


@admin.register(Payment)
class PaymentAdmin(MoneyAdmin):
    list_display = ["request_no", "order", "provider", "status", "amount_fen_shown", "refunded_fen_shown", "paid_at"]
    amounts = {"amount_fen": _("amount"), "refunded_fen": _("given back")}
    hidden = frozenset({"pay_url", "code_text"})
    list_select_related = ["order"]
    list_filter = ["provider", "status", "purpose", "paid_at", "created_at"]
    search_fields = ["request_no", "provider_ref", "public_id", *_BY_ORDER]
    search_help_text = _BY_ORDER_HELP
    date_hierarchy = "created_at"


@admin.register(Refund)
class RefundAdmin(MoneyAdmin):
    list_display = ["request_no", "order", "reason", "status", "amount_fen_shown", "requested_at", "done_at"]
    amounts = {"amount_fen": _("amount")}
    list_select_related = ["order"]
    list_filter = ["status", "reason", "payment__provider", "requested_at", "done_at"]
    search_fields = ["request_no", "provider_ref", "public_id", "payment__request_no", *_BY_ORDER]
    search_help_text = _BY_ORDER_HELP
    date_hierarchy = "requested_at"


@admin.register(Coupon)
class CouponAdmin(MoneyAdmin):
    list_display = ["code", "name_zh", "funder", "shop", "value_fen_shown", "percent", "used_count", "ends_at"]
    amounts = {"value_fen": _("worth"), "min_total_fen": _("from a price of")}
    list_select_related = ["shop"]
    list_filter = ["is_active", "funder", "ends_at"]
    search_fields = ["code", "name_zh", "name_en", "shop__name_zh", "shop__name_en"]
    search_help_text = _("Code, name or shop")


@admin.register(CouponUse)
class CouponUseAdmin(MoneyAdmin):
    list_display = ["coupon", "order", "status", "platform_fen_shown", "shop_fen_shown", "used_at", "returned_at"]
    amounts = {"platform_fen": _("borne by the platform"), "shop_fen": _("borne by the shop")}
    list_select_related = ["coupon", "order"]
    list_filter = ["status", "used_at"]
    search_fields = ["coupon__code", *_BY_ORDER]
    search_help_text = _("Code, or number of the visit")
