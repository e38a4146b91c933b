"""Makes, models, variants and cars in the admin: find, correct, see where a fact comes from and who changed it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display

from core.catalogue import Seeded
from vehicles import events
from vehicles.actions import refresh_search_text
from vehicles.models import (
    Car,
    CarModel,
    EngineReading,
    HealthEntry,
    HealthRecord,
    Make,
    OdometerReading,
    RecordGrant,
    RecordTransfer,
    Variant,
    Wmi,
)


class SeededAdmin(ModelAdmin):  # type: ignore[misc]
    """A row of the fixture: shows which fields were edited, so that later loads leave them alone."""

    readonly_fields: Any = ["edited_fields"]

    @display(description=_("edited, kept by later loads"))  # type: ignore[untyped-decorator]
    def edited_fields(self, row: Seeded) -> str:
        """The names of fields that differ from the fixture, with what the fixture says."""
        return ", ".join(edited(row)) or "–"

    @display(description=_("edited"), boolean=True)  # type: ignore[untyped-decorator]
    def is_edited(self, row: Seeded) -> bool:
        return bool(edited(row))


def edited(row: Seeded) -> list[str]:
    """The fields of a row that somebody changed from what the fixture said: "interval_km (fixture: 10000)"."""
    return [
        f"{name} ({_('fixture')}: {value})"
        for name, value in row.seed.items()
        if hasattr(row, name) and not hasattr(getattr(row, name), "all") and getattr(row, name) != value
    ]


class WmiInline(TabularInline):  # type: ignore[misc]
    model = Wmi
    extra = 0
    fields = ["code", "maker_zh", "maker_en", "confidence", "source"]


@admin.register(Make)
class MakeAdmin(SeededAdmin):
    list_display = ["name_zh", "name_en", "key", "kind", "confidence", "is_edited"]
    list_filter = ["kind", "confidence"]
    search_fields = ["name_zh", "name_en", "key", "aliases", "wmis__code"]
    inlines = [WmiInline]

    def save_model(self, request: HttpRequest, obj: Make, form: forms.ModelForm, change: bool) -> None:  # type: ignore[type-arg]
        super().save_model(request, obj, form, change)
        refresh_search_text(Variant.objects.with_names().filter(model__make=obj))


@admin.register(CarModel)
class CarModelAdmin(SeededAdmin):
    list_display = ["name_zh", "name_en", "make", "segment", "price_class", "confidence", "is_edited"]
    list_select_related = ["make"]
    list_filter = ["price_class", "segment", "make"]
    search_fields = ["name_zh", "name_en", "key", "aliases", "make__name_zh", "make__name_en"]
    autocomplete_fields = ["make"]

    def save_model(self, request: HttpRequest, obj: CarModel, form: forms.ModelForm, change: bool) -> None:  # type: ignore[type-arg]
        super().save_model(request, obj, form, change)
        refresh_search_text(Variant.objects.with_names().filter(model=obj))


@admin.register(Variant)
class VariantAdmin(SeededAdmin):
    list_display = ["shown_name", "powertrain", "engine", "oil_l", "oil_confidence", "is_listed", "is_edited"]
    list_select_related = ["model__make"]
    list_filter = ["is_listed", "powertrain", "oil_confidence", "model__make"]
    search_fields = ["search_text", "slug"]
    autocomplete_fields = ["model"]

    @display(description=_("variant"), ordering="slug")  # type: ignore[untyped-decorator]
    def shown_name(self, variant: Variant) -> str:
        return variant.full_name

    def save_model(self, request: HttpRequest, obj: Variant, form: forms.ModelForm, change: bool) -> None:  # type: ignore[type-arg]
        super().save_model(request, obj, form, change)
        refresh_search_text(Variant.objects.with_names().filter(pk=obj.pk))


@admin.register(Wmi)
class WmiAdmin(SeededAdmin):
    list_display = ["code", "make", "maker_zh", "maker_en", "confidence", "is_edited"]
    list_select_related = ["make"]
    list_filter = ["confidence", "make"]
    search_fields = ["code", "maker_zh", "maker_en", "make__name_zh", "make__name_en"]
    autocomplete_fields = ["make"]


class _ReadingsInline(TabularInline):  # type: ignore[misc]
    """Readings are append-only: shown, never changed."""

    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


class ReadingInline(_ReadingsInline):
    model = OdometerReading
    fields = readonly_fields = ["read_at", "km", "source", "by", "note"]


class EngineReadingInline(_ReadingsInline):
    model = EngineReading
    fields = readonly_fields = ["read_at", "km", "odometer_km", "by", "is_correction"]


@admin.register(Car)
class CarAdmin(ModelAdmin):  # type: ignore[misc]
    """Owners' cars. Corrected by their owners; the platform sees them and can take one out of sight."""

    list_display = ["plate", "variant", "owner", "model_year", "odometer_km", "odometer_at", "removed_at"]
    list_select_related = ["variant__model__make", "owner"]
    list_filter = ["variant__powertrain", ("removed_at", admin.EmptyFieldListFilter)]
    search_fields = ["plate", "vin", "public_id", "owner__email", "owner__phone", "owner__name"]
    autocomplete_fields = ["variant"]
    readonly_fields = ["public_id", "owner", "odometer_km", "odometer_at", "created_at"]
    inlines = [ReadingInline, EngineReadingInline]

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Car]:  # noqa: ARG002
        return Car.objects.with_names().select_related("owner")

    def save_model(self, request: HttpRequest, obj: Car, form: forms.ModelForm, change: bool) -> None:  # type: ignore[type-arg]
        super().save_model(request, obj, form, change)
        events.car_changed(obj, at=timezone.now())


class _ShownOnly(ModelAdmin):  # type: ignore[misc]
    """Rows that the platform looks at and never changes: a health record is its owner's."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


class EntryInline(TabularInline):  # type: ignore[misc]
    """The chain in order; each entry opens. The private parts are their holders' and are not shown."""

    model = HealthEntry
    verbose_name_plural = _("entries")
    fields = readonly_fields = ["opened", "occurred_on", "source", "shop_slug", "odometer_km", "recorded_at"]
    ordering = ["sequence"]
    extra = 0
    hide_title = True

    @display(description=_("number"))  # type: ignore[untyped-decorator]
    def opened(self, entry: HealthEntry) -> SafeString:
        address = reverse("admin:vehicles_healthentry_change", args=[entry.pk])
        return format_html(
            '<a class="text-primary-600 dark:text-primary-500" href="{}">{}</a>', address, entry.sequence
        )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False


@admin.register(HealthRecord)
class HealthRecordAdmin(_ShownOnly):
    list_display = ["vin", "public_id", "owner", "entry_count", "complete_since_new", "created_at"]
    list_select_related = ["owner"]
    search_fields = ["vin", "public_id", "cars__plate"]
    search_help_text = _("VIN, plate or id")
    fields = [("vin", "public_id"), ("owner", "complete_since_new"), ("entry_count", "created_at"), "head_hash"]
    inlines = [EntryInline]


@admin.register(HealthEntry)
class HealthEntryAdmin(_ShownOnly):
    """Facts and hashes. The private part is its holder's and is not shown here."""

    list_display = ["record", "sequence", "occurred_on", "source", "shop_slug", "odometer_km", "recorded_at"]
    list_select_related = ["record"]
    list_filter = ["source"]
    search_fields = [
        *("record__vin", "record__public_id", "record__cars__plate"),
        *("public_id", "shop_slug", "facts__number"),
    ]
    search_help_text = _("VIN, plate, number of the visit or shop")
    exclude = ["private", "holder"]


@admin.register(RecordGrant)
class RecordGrantAdmin(_ShownOnly):
    list_display = ["record", "shop_name_zh", "parts", "granted_at", "until", "revoked_at"]
    list_select_related = ["record"]
    search_fields = ["record__vin", "shop_name_zh", "shop_name_en"]


@admin.register(RecordTransfer)
class RecordTransferAdmin(_ShownOnly):
    list_display = ["record", "offered_by", "offered_at", "expires_at", "accepted_by", "accepted_at", "cancelled_at"]
    list_select_related = ["record", "offered_by", "accepted_by"]
    search_fields = ["record__vin", "public_id"]
    exclude = ["token_hash"]
