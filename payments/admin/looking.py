"""What providers told us, how that compares with our books, and what a person has to look at."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from payments.admin.base import MoneyAdmin
from payments.models import Alarm, BillLine, BookCheck, Difference, ProviderBill, ProviderNotice


@admin.register(ProviderNotice)
class ProviderNoticeAdmin(MoneyAdmin):
    list_display = ["provider", "event_id", "verdict", "fault", "request_no", "received_at", "handled_at", "outcome"]
    list_filter = ["provider", "verdict", "fault", ("handled_at", admin.EmptyFieldListFilter), "received_at"]
    search_fields = ["event_id", "request_no"]
    search_help_text = _("Event or our number")
    date_hierarchy = "received_at"


@admin.register(Alarm)
class AlarmAdmin(MoneyAdmin):
    list_display = ["kind", "key", "times", "raised_at", "seen_at", "resolved_at", "resolved_by"]
    list_select_related = ["resolved_by"]
    list_filter = ["kind", ("resolved_at", admin.EmptyFieldListFilter), "raised_at"]
    search_fields = ["key", "note"]
    search_help_text = _("What it is about, or the note")
    date_hierarchy = "raised_at"


@admin.register(ProviderBill)
class ProviderBillAdmin(MoneyAdmin):
    list_display = ["provider", "day", "row_count", "total_fen_shown", "read_at", "compared_at"]
    amounts = {"total_fen": _("sum")}
    list_filter = ["provider", "day"]
    search_fields = ["provider"]
    search_help_text = _("Provider")
    date_hierarchy = "day"


@admin.register(BillLine)
class BillLineAdmin(MoneyAdmin):
    list_display = ["bill", "position", "subject", "request_no", "provider_ref", "amount_fen_shown", "at"]
    amounts = {"amount_fen": _("amount")}
    list_select_related = ["bill"]
    list_filter = ["subject", "bill__provider", "at"]
    search_fields = ["request_no", "provider_ref"]
    search_help_text = _("Our number or the provider's")
    ordering = ["-pk"]


@admin.register(Difference)
class DifferenceAdmin(MoneyAdmin):
    list_display = ["provider", "day", "bucket", "subject", "request_no", "ours_fen_shown", "theirs_fen_shown"]
    amounts = {"ours_fen": _("ours"), "theirs_fen": _("theirs")}
    list_filter = ["provider", "bucket", ("resolved_at", admin.EmptyFieldListFilter), "day"]
    search_fields = ["request_no", "note"]
    search_help_text = _("Number or explanation")
    ordering = ["-day", "-pk"]


@admin.register(BookCheck)
class BookCheckAdmin(MoneyAdmin):
    list_display = ["at", "is_balanced"]
    list_filter = ["is_balanced", "at"]
    search_fields = ["figures"]
    search_help_text = _("Name of an equation")
    date_hierarchy = "at"
