"""Services, schedules, advice, inspections and prices in the admin."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from catalog.models import (
    CheckPoint,
    InspectionTemplate,
    MakerSchedule,
    Offer,
    OverMaintenanceRule,
    PriceChange,
    PriceGuide,
    Service,
    ServicePhase,
    TemplatePoint,
)
from catalog.phase_forms import PhaseForm, PhaseFormSet
from core.money import format_fen
from vehicles.admin import SeededAdmin


class PriceGuideInline(TabularInline):  # type: ignore[misc]
    model = PriceGuide
    extra = 0
    fields = ["price_class", "shop_kind", "low_fen", "high_fen", "confidence"]


class PhaseInline(TabularInline):  # type: ignore[misc]
    model = ServicePhase
    form = PhaseForm
    formset = PhaseFormSet
    extra = 0
    fields = [
        *("position", "kind", "minutes", "shared_minutes", "bay", "skill", "max_wait_minutes"),
        *("before_minutes", "after_minutes", "confidence", "source"),
    ]


@admin.register(Service)
class ServiceAdmin(SeededAdmin):
    list_display = [
        *("name_zh", "name_en", "category", "trigger", "interval_km", "interval_months", "interval_confidence"),
        *("position", "is_listed", "is_edited"),
    ]
    list_filter = ["is_listed", "category", "trigger", "interval_confidence", "bay"]
    search_fields = ["key", "name_zh", "name_en", "aliases"]
    inlines = [PhaseInline, PriceGuideInline]


@admin.register(PriceGuide)
class PriceGuideAdmin(SeededAdmin):
    list_display = ["service", "price_class", "shop_kind", "low", "high", "confidence", "is_edited"]
    list_select_related = ["service"]
    list_filter = ["price_class", "shop_kind", "confidence"]
    search_fields = ["service__key", "service__name_zh", "service__name_en"]
    autocomplete_fields = ["service"]

    @display(description=_("from"), ordering="low_fen")  # type: ignore[untyped-decorator]
    def low(self, row: PriceGuide) -> str:
        return format_fen(row.low_fen)

    @display(description=_("to"), ordering="high_fen")  # type: ignore[untyped-decorator]
    def high(self, row: PriceGuide) -> str:
        return format_fen(row.high_fen)


@admin.register(MakerSchedule)
class MakerScheduleAdmin(SeededAdmin):
    list_display = [
        *("make", "service", "powertrain", "variant", "interval_km", "interval_months", "is_condition_based"),
        *("confidence", "is_edited"),
    ]
    list_select_related = ["make", "service", "variant__model__make"]
    list_filter = ["confidence", "is_condition_based", "make"]
    search_fields = ["make__name_zh", "make__name_en", "service__key", "service__name_zh", "service__name_en"]
    autocomplete_fields = ["make", "variant", "service"]


@admin.register(OverMaintenanceRule)
class OverMaintenanceRuleAdmin(SeededAdmin):
    list_display = ["name_zh", "name_en", "verdict", "service", "min_km", "confidence", "is_edited"]
    list_select_related = ["service"]
    list_filter = ["verdict", "confidence"]
    search_fields = ["key", "name_zh", "name_en"]
    autocomplete_fields = ["service", "alternative", "sold_with"]


@admin.register(CheckPoint)
class CheckPointAdmin(SeededAdmin):
    list_display = [
        *("name_zh", "name_en", "section", "kind", "red_at", "yellow_at", "unit", "confidence", "is_edited"),
    ]
    list_filter = ["section", "kind", "confidence"]
    search_fields = ["key", "name_zh", "name_en"]
    autocomplete_fields = ["limit_from", "services"]


class TemplatePointInline(TabularInline):  # type: ignore[misc]
    model = TemplatePoint
    extra = 0
    fields = ["position", "point"]
    autocomplete_fields = ["point"]


@admin.register(InspectionTemplate)
class InspectionTemplateAdmin(SeededAdmin):
    list_display = ["name_zh", "name_en", "powertrains", "position", "is_listed", "is_edited"]
    list_filter = ["is_listed"]
    search_fields = ["key", "name_zh", "name_en"]
    inlines = [TemplatePointInline]


class ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]
    """Seen here, changed elsewhere."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


@admin.register(Offer)
class OfferAdmin(ReadOnlyAdmin):
    """A shop's prices: the shop changes them, so that the change carries its name."""

    list_display = ["shop", "service", "scope", "total", "is_active", "source", "updated_at"]
    list_select_related = ["shop", "service"]
    list_filter = ["is_active", "scope", "source", "service"]
    search_fields = ["shop__name_zh", "shop__name_en", "service__name_zh", "service__name_en", "service__key"]

    @display(description=_("all-in"))  # type: ignore[untyped-decorator]
    def total(self, row: Offer) -> str:
        return format_fen(row.labour_fen + row.parts_fen)


@admin.register(PriceChange)
class PriceChangeAdmin(ReadOnlyAdmin):
    list_display = ["changed_at", "shop", "service", "scope", "total", "is_active", "source", "changed_by"]
    list_select_related = ["shop", "service", "changed_by"]
    list_filter = ["source", "scope", "service"]
    search_fields = ["shop__name_zh", "shop__name_en", "service__name_zh", "service__name_en"]
    date_hierarchy = "changed_at"

    @display(description=_("all-in"))  # type: ignore[untyped-decorator]
    def total(self, row: PriceChange) -> str:
        return format_fen(row.labour_fen + row.parts_fen)
