"""Reminders in the admin: everything to be seen, nothing to be edited."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from catalog.admin import ReadOnlyAdmin
from reminders.models import (
    Campaign,
    CarState,
    DueEvent,
    DueItem,
    Letter,
    LetterReturn,
    LetterSlot,
    OwnerDate,
    OwnerTurn,
    Reminder,
)


class _SeenAdmin(ReadOnlyAdmin):
    """A list to be read."""

    list_per_page = 50
    show_full_result_count = False

    def __init__(self, model: type[Model], site: admin.AdminSite) -> None:
        super().__init__(model, site)
        self.fields = [field.name for field in model._meta.fields if field.name != "id"]
        self.readonly_fields = self.fields


class _OfCar(_SeenAdmin):
    search_fields: ClassVar[list[str]] = ["car__plate", "car__vin", "car__owner__email", "car__owner__phone"]
    search_help_text = _("Number plate, VIN, e-mail or phone of the owner")


class _OfOwner(_SeenAdmin):
    search_fields: ClassVar[list[str]] = ["owner__email", "owner__phone", "owner__name"]
    search_help_text = _("Name, e-mail or phone of the owner")


class _OfItem(_SeenAdmin):
    search_fields: ClassVar[list[str]] = ["item__public_id", "item__subject", "item__car__plate"]
    search_help_text = _("Due item, what it is about, number plate")


class _OfLetter(_SeenAdmin):
    search_fields: ClassVar[list[str]] = ["letter__public_id", "letter__owner__email", "letter__owner__phone"]
    search_help_text = _("Letter, e-mail or phone of the owner")


@admin.register(DueItem)
class DueItemAdmin(_OfCar):
    list_display = ["public_id", "car", "subject", "source", "state", "due_on", "due_km", "next_stage_on"]
    list_select_related = ["car__variant__model__make"]
    list_filter = ["state", "source", "is_likely", "is_by_prior", "due_on"]
    ordering = ["-opened_at", "-pk"]


@admin.register(DueEvent)
class DueEventAdmin(_OfItem):
    list_display = ["item", "act", "at", "by"]
    list_select_related = ["item", "by"]
    list_filter = ["act", "at"]
    ordering = ["-at", "-pk"]


@admin.register(CarState)
class CarStateAdmin(_OfCar):
    list_display = ["car", "stale_since", "computed_on", "last_error"]
    list_select_related = ["car__variant__model__make"]
    ordering = ["-stale_since", "-pk"]


@admin.register(OwnerDate)
class OwnerDateAdmin(_OfCar):
    list_display = ["car", "kind", "on", "at"]
    list_select_related = ["car__variant__model__make"]
    list_filter = ["kind", "at"]
    ordering = ["-at", "-pk"]


@admin.register(Letter)
class LetterAdmin(_OfOwner):
    list_display = ["public_id", "owner", "kind", "campaign", "sent_at", "followed_at"]
    list_select_related = ["owner", "campaign"]
    list_filter = ["kind", "sent_at"]


@admin.register(Reminder)
class ReminderAdmin(_OfItem):
    list_display = ["item", "round", "stage", "outcome", "letter", "at"]
    list_select_related = ["item", "letter"]
    list_filter = ["stage", "outcome", "at"]
    ordering = ["-at", "-pk"]


@admin.register(LetterSlot)
class LetterSlotAdmin(_OfLetter):
    list_display = ["letter", "number", "shop", "starts_at", "price_fen", "discount_percent"]
    list_select_related = ["letter", "shop"]
    ordering = ["-pk"]


@admin.register(LetterReturn)
class LetterReturnAdmin(_OfLetter):
    list_display = ["letter", "booking", "is_tapped", "booked_at", "visited_at", "cancelled_at"]
    list_select_related = ["letter", "booking"]
    list_filter = ["is_tapped", "booked_at"]


@admin.register(OwnerTurn)
class OwnerTurnAdmin(_OfOwner):
    list_display = ["owner", "last_letter_at", "last_campaign_at"]
    list_select_related = ["owner"]
    ordering = ["-last_letter_at", "-pk"]


@admin.register(Campaign)
class CampaignAdmin(_SeenAdmin):
    list_display = ["public_id", "shop", "service", "status", "due_from", "due_until", "created_at", "started_at"]
    list_select_related = ["shop", "service"]
    list_filter = ["status", "created_at"]
    search_fields = ["public_id", "shop__name_zh", "shop__name_en", "text"]
    search_help_text = _("Shop or words")
