"""Disputes: the lines, what was said, and the photos."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from payments.admin.base import MoneyAdmin
from payments.models import Dispute, DisputedLine, DisputeEvent, DisputePhoto


@admin.register(Dispute)
class DisputeAdmin(MoneyAdmin):
    list_display = ["public_id", "order", "reason", "status", "opened_at", "answer_due_at", "closed_at"]
    list_select_related = ["order"]
    list_filter = ["status", "reason", "opened_at", "closed_at"]
    search_fields = ["public_id", "order__number", "order__reference", "order__shop__name_zh", "order__shop__name_en"]
    search_help_text = _("Number of the visit, or shop")
    date_hierarchy = "opened_at"


class _OfDispute(MoneyAdmin):
    list_select_related = ["dispute__order"]
    search_fields = ["dispute__public_id", "dispute__order__number", "dispute__order__reference"]
    search_help_text = _("Number of the visit")


@admin.register(DisputedLine)
class DisputedLineAdmin(_OfDispute):
    list_display = ["dispute", "line", "held_fen_shown", "claimed_fen_shown", "refund_fen_shown"]
    list_select_related = ["dispute__order", "line"]
    amounts = {
        "held_fen": _("held back"),
        "claimed_fen": _("wanted back"),
        "refund_fen": _("given back by the decision"),
    }
    ordering = ["-pk"]


@admin.register(DisputeEvent)
class DisputeEventAdmin(_OfDispute):
    list_display = ["dispute", "at", "step", "role", "text"]
    list_filter = ["step", "role", "at"]
    ordering = ["-at", "-pk"]


@admin.register(DisputePhoto)
class DisputePhotoAdmin(_OfDispute):
    list_display = ["dispute", "role", "uploaded_at"]
    hidden = frozenset({"file", "thumbnail"})
    list_filter = ["role", "uploaded_at"]
    ordering = ["-uploaded_at", "-pk"]
