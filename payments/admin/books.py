"""The ledger: accounts, transactions and their entries."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from payments.admin.base import MoneyAdmin, shown_fen
from payments.models import LedgerAccount, LedgerEntry, LedgerTransaction


class EntryInline(TabularInline):  # type: ignore[misc]
    """The legs of a transaction."""

    model = LedgerEntry
    fields = ["account", "amount_shown"]
    readonly_fields = fields
    extra = 0
    can_delete = False
    hide_title = True

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:  # noqa: ARG002  (Django asks so)
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:  # noqa: ARG002  (Django asks so)
        return False

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).select_related("account")

    @display(description=_("amount"))  # type: ignore[untyped-decorator]
    def amount_shown(self, entry: LedgerEntry) -> str:
        return shown_fen(entry.amount_fen, entry.account.currency)


@admin.register(LedgerAccount)
class LedgerAccountAdmin(MoneyAdmin):
    list_display = ["code", "kind", "shop", "debits_fen_shown", "credits_fen_shown", "balance_fen_shown"]
    amounts = {"debits_fen": _("debits"), "credits_fen": _("credits"), "balance_fen": _("balance")}
    list_select_related = ["shop"]
    list_filter = ["kind", "currency", "provider"]
    search_fields = ["code", "shop__name_zh", "shop__name_en", "order__number", "order__reference"]
    search_help_text = _("Account, shop or number of the visit")


@admin.register(LedgerTransaction)
class LedgerTransactionAdmin(MoneyAdmin):
    list_display = ["idempotency_key", "kind", "order", "shop", "at"]
    hidden = frozenset({"written_in"})
    list_select_related = ["order", "shop"]
    list_filter = ["kind", "currency", "at"]
    search_fields = ["idempotency_key", "order__number", "order__reference", "shop__name_zh", "shop__name_en"]
    search_help_text = _("Key, number of the visit or shop")
    date_hierarchy = "at"
    inlines = [EntryInline]


@admin.register(LedgerEntry)
class LedgerEntryAdmin(MoneyAdmin):
    list_display = ["transaction", "account", "amount_shown"]
    hidden = frozenset({"amount_fen"})
    extra_fields = ("amount_shown",)
    list_select_related = ["transaction", "account"]
    list_filter = ["account__kind", "transaction__kind"]
    search_fields = ["transaction__idempotency_key", "account__code"]
    search_help_text = _("Key of the transaction, or account")
    ordering = ["-pk"]

    @display(description=_("amount"), ordering="amount_fen")  # type: ignore[untyped-decorator]
    def amount_shown(self, entry: LedgerEntry) -> str:
        return shown_fen(entry.amount_fen, entry.account.currency)
