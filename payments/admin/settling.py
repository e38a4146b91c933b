"""Commission rules, settlements, statements, and what was paid out to shops. Account numbers are shown masked."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from payments.admin.base import MoneyAdmin
from payments.models import (
    FeeRule,
    FeeSchedule,
    Payout,
    PayoutAccount,
    PayoutBatch,
    Settlement,
    Statement,
    StatementLine,
)

_BY_SHOP = ["shop__name_zh", "shop__name_en"]


@admin.register(FeeSchedule)
class FeeScheduleAdmin(MoneyAdmin):
    list_display = ["version", "valid_from", "note", "published_at", "published_by"]
    list_select_related = ["published_by"]
    search_fields = ["note"]
    search_help_text = _("What changed")


@admin.register(FeeRule)
class FeeRuleAdmin(MoneyAdmin):
    list_display = ["schedule", "position", "shop", "shop_kind", "service", "commission_bp", "processing_bp"]
    amounts = {"min_volume_fen": _("from a turnover of")}
    list_select_related = ["schedule", "shop", "service"]
    list_filter = ["schedule", "shop_kind"]
    search_fields = [*_BY_SHOP, "service__name_zh", "service__name_en"]
    search_help_text = _("Shop or service")
    ordering = ["-schedule", "position"]


@admin.register(Settlement)
class SettlementAdmin(MoneyAdmin):
    list_display = ["order", "kind", "status", "due_at", "settled_at", "attempts", "parked_at"]
    list_select_related = ["order"]
    list_filter = ["status", "kind", ("parked_at", admin.EmptyFieldListFilter), "due_at", "settled_at"]
    search_fields = ["order__number", "order__reference", "order__public_id", "last_error"]
    search_help_text = _("Number of the visit, or trouble")
    ordering = ["-due_at", "-pk"]
    date_hierarchy = "due_at"


@admin.register(StatementLine)
class StatementLineAdmin(MoneyAdmin):
    list_display = ["shop", "order", "kind", "gross_fen_shown", "commission_fen_shown", "net_fen_shown", "at"]
    amounts = {
        "gross_fen": _("price"),
        "refunded_fen": _("given back"),
        "commission_fen": _("commission"),
        "processing_fen": _("payment fee"),
        "coupon_fen": _("coupon borne by the shop"),
        "net_fen": _("for the shop"),
    }
    list_select_related = ["shop", "order"]
    list_filter = ["kind", "side", ("payout", admin.EmptyFieldListFilter), "at"]
    search_fields = [*_BY_SHOP, "order__number", "order__reference", "payout__request_no"]
    search_help_text = _("Shop, number of the visit or payout")
    ordering = ["-at", "-pk"]
    date_hierarchy = "at"


@admin.register(Statement)
class StatementAdmin(MoneyAdmin):
    list_display = [
        "number",
        "shop",
        "starts_on",
        "ends_on",
        "net_fen_shown",
        "paid_out_fen_shown",
        "closing_fen_shown",
    ]
    amounts = {
        "opening_fen": _("owed before"),
        "net_fen": _("for the shop in this time"),
        "paid_out_fen": _("paid out"),
        "closing_fen": _("owed after"),
    }
    list_select_related = ["shop"]
    list_filter = ["starts_on"]
    search_fields = ["number", *_BY_SHOP]
    search_help_text = _("Number or shop")


@admin.register(PayoutAccount)
class PayoutAccountAdmin(MoneyAdmin):
    list_display = ["shop", "channel", "holder", "bank", "masked", "added_at", "verified_at", "replaced_at"]
    hidden = frozenset({"number"})
    extra_fields = ("masked",)
    list_select_related = ["shop"]
    list_filter = ["channel", ("verified_at", admin.EmptyFieldListFilter), ("replaced_at", admin.EmptyFieldListFilter)]
    search_fields = [*_BY_SHOP, "holder", "bank"]
    search_help_text = _("Shop, holder or bank")

    @display(description=_("account number"))  # type: ignore[untyped-decorator]
    def masked(self, account: PayoutAccount) -> str:
        return account.masked


@admin.register(PayoutBatch)
class PayoutBatchAdmin(MoneyAdmin):
    list_display = ["number", "channel", "currency", "created_at", "created_by"]
    list_select_related = ["created_by"]
    list_filter = ["channel", "created_at"]
    search_fields = ["number", "public_id"]
    search_help_text = _("Number")


@admin.register(Payout)
class PayoutAdmin(MoneyAdmin):
    list_display = ["request_no", "batch", "shop", "status", "amount_fen_shown", "created_at", "closed_at"]
    amounts = {
        "payable_fen": _("owed to the shop"),
        "receivable_fen": _("owed by the shop"),
        "amount_fen": _("amount"),
    }
    list_select_related = ["batch", "shop", "account"]
    list_filter = ["status", "batch__channel", "created_at", "closed_at"]
    search_fields = ["request_no", "provider_ref", "public_id", "batch__number", *_BY_SHOP]
    search_help_text = _("Our number or the provider's, batch or shop")
    date_hierarchy = "created_at"
