"""Visits in the admin: everything to be seen, nothing to be edited by hand. Corrections go through the same actions as
everywhere, with the platform as the actor, so that claims, events and messages follow.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSplitDateTimeWidget, UnfoldAdminTextInputWidget

from accounts.models import User
from bookings import actions
from bookings.actions import Actor
from bookings.admin.floor import (
    CheckInInline,
    InspectionInline,
    LineInline,
    MessageInline,
    PhotoInline,
    QualityInline,
)
from bookings.admin.read_only import ReadOnly
from bookings.board.looks import LOOKS
from bookings.choices import LAPSING, ActorRole, Status
from bookings.engine.claims import span_of
from bookings.models import (
    Allocation,
    BookedService,
    Booking,
    BookingEvent,
    CalendarFeed,
    LearnedDuration,
    WaitingEntry,
    WaitingService,
)
from bookings.visit_parts import parts_of
from core.errors import Refusal
from core.money import format_fen_exact

# Unfold's label colours for the tones of the design language.
_COLOURS = {"info": "info", "brand": "primary", "ok": "success", "warn": "warning", "bad": "danger", "mute": "default"}
_STATUS_COLOURS = {look_status: _COLOURS[look.tone] for look_status, look in LOOKS.items()}


def _from_to(claim: Allocation) -> str:
    """A claim's time on the shop's wall clock: 2026-11-21 14:30 – 15:10."""
    zone = claim.resource.shop.zone
    start, end = (instant.astimezone(zone) for instant in span_of(claim))
    shape = "%H:%M" if start.date() == end.date() else "%Y-%m-%d %H:%M"
    return f"{start:%Y-%m-%d %H:%M} – {end:{shape}}"


def _money(field: str, description: Any) -> Callable[[Any, Booking], str]:
    """A column with the amount of `field`, in the visit's currency."""

    @display(description=description)  # type: ignore[untyped-decorator]
    def shown(_admin: Any, booking: Booking) -> str:
        return format_fen_exact(getattr(booking, field), currency=booking.currency)

    return shown  # type: ignore[no-any-return]


class EventInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = BookingEvent
    verbose_name_plural = _("history")
    fields = ["at", "kind", "from_status", "to_status", "actor", "actor_role", "reason", "data"]
    extra = 0
    hide_title = True
    tab = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[BookingEvent]:
        rows: QuerySet[BookingEvent] = super().get_queryset(request)
        return rows.select_related("actor")


class AllocationInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = Allocation
    verbose_name_plural = _("bays, people and cars")
    fields = ["resource", "from_to", "kind", "phase", "is_pinned", "held_until"]
    readonly_fields = ["from_to", "phase"]
    ordering = ["during", "resource"]
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Allocation]:
        rows: QuerySet[Allocation] = super().get_queryset(request)
        return rows.select_related("resource__shop__city")

    @display(description=_("time"))  # type: ignore[untyped-decorator]
    def from_to(self, claim: Allocation) -> str:
        return _from_to(claim)

    @display(description=_("phase"))  # type: ignore[untyped-decorator]
    def phase(self, claim: Allocation) -> str:
        booking = claim.booking
        parts = parts_of(booking) if booking else []
        found = next((part for part in parts if part.claim.pk == claim.pk), None)
        return ", ".join(filter(None, [found.label, found.position])) if found else ""


class ServiceInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = BookedService
    verbose_name_plural = _("services")
    fields = ["service", "minutes", "shown_labour", "shown_parts", "parts_note"]
    readonly_fields = ["shown_labour", "shown_parts"]
    ordering = ["position"]
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[BookedService]:
        rows: QuerySet[BookedService] = super().get_queryset(request)
        return rows.select_related("booking", "service")

    @display(description=_("labour"))  # type: ignore[untyped-decorator]
    def shown_labour(self, line: BookedService) -> str:
        return format_fen_exact(line.labour_fen, currency=line.booking.currency)

    @display(description=_("parts"))  # type: ignore[untyped-decorator]
    def shown_parts(self, line: BookedService) -> str:
        return format_fen_exact(line.parts_fen, currency=line.booking.currency)


class CancelForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200, widget=UnfoldAdminTextInputWidget())


class MoveForm(forms.Form):
    starts_at = forms.SplitDateTimeField(label=_("New start"), widget=UnfoldAdminSplitDateTimeWidget())


@admin.register(Booking)
class BookingAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    list_display = ["number", "shown_status", "shop", "shown_start", "plate", "service", "contact_name", "shown_total"]
    list_filter = ["status", "source", "starts_at", "shop__city", "service"]
    list_filter_submit = True
    list_select_related = ["shop", "service", "variant__model__make"]
    search_fields = [
        *("number", "public_id", "plate", "vin", "car__vin"),
        *("contact_name", "contact_phone", "shop__name_zh", "shop__name_en"),
    ]
    search_help_text = _("Number, plate, VIN, customer, telephone or shop")
    ordering = ["-starts_at", "-pk"]
    date_hierarchy = "starts_at"
    list_per_page = 50
    inlines = [
        ServiceInline,
        LineInline,
        CheckInInline,
        InspectionInline,
        QualityInline,
        MessageInline,
        PhotoInline,
        EventInline,
        AllocationInline,
    ]
    actions_detail = ["move_visit", "cancel_visit"]
    fieldsets = [
        (
            None,
            {
                "fields": [
                    ("number", "source"),
                    ("status", "stage"),
                    ("shown_id", "comeback_of"),
                    ("shop", "service"),
                    ("variant", "plate"),
                    ("vin", "comeback_reason"),
                    ("handover", "with_loaner"),
                ]
            },
        ),
        (
            _("Time"),
            {
                "fields": [
                    ("shown_start", "shown_end"),
                    ("timezone", "created_at"),
                    ("local_date", "local_time"),
                    ("free_cancel_until", "hold_expires_at"),
                    "agreed_end_at",
                ]
            },
        ),
        (
            _("Price"),
            {
                "fields": [
                    ("shown_total", "parts_note"),
                    ("shown_labour", "shown_parts"),
                    ("shown_discount", "shown_deposit"),
                    ("shown_late_fee", "shown_no_show_fee"),
                    "shown_fee",
                ]
            },
        ),
        (
            _("Customer"),
            {"fields": [("contact_name", "contact_phone"), ("owner", "car"), "owner_note", "visit_address"]},
        ),
        (
            _("Visit"),
            {
                "fields": [
                    ("odometer_km", "confirmed_at"),
                    ("checked_in_at", "started_at"),
                    ("ready_at", "completed_at"),
                    ("handover_confirmed_at", "handover_confirmed_way"),
                    ("cancelled_at", "revision"),
                ]
            },
        ),
    ]

    @display(description=_("status"), ordering="status", label=_STATUS_COLOURS)  # type: ignore[untyped-decorator]
    def shown_status(self, booking: Booking) -> tuple[str, str]:
        return booking.status, booking.get_status_display()

    @display(description=_("id in addresses"))  # type: ignore[untyped-decorator]
    def shown_id(self, booking: Booking) -> str:
        return booking.public_id

    @display(description=_("start"), ordering="starts_at")  # type: ignore[untyped-decorator]
    def shown_start(self, booking: Booking) -> str:
        return f"{booking.local_start:%Y-%m-%d %H:%M}"

    @display(description=_("end"), ordering="ends_at")  # type: ignore[untyped-decorator]
    def shown_end(self, booking: Booking) -> str:
        return f"{booking.local_end:%Y-%m-%d %H:%M}"

    shown_labour = _money("labour_fen", _("labour"))
    shown_parts = _money("parts_fen", _("parts"))
    shown_total = _money("total_fen", _("total"))
    shown_discount = _money("discount_fen", _("off-peak discount"))
    shown_deposit = _money("deposit_fen", _("deposit"))
    shown_late_fee = _money("late_cancel_fee_fen", _("fee for a late cancellation"))
    shown_no_show_fee = _money("no_show_fee_fen", _("fee for a no-show"))
    shown_fee = _money("fee_fen", _("fee owed"))

    @action(description=_("Move"), url_path="move", icon="event_repeat")  # type: ignore[untyped-decorator]
    def move_visit(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Move a booked visit to another start; staff's rules apply (hours and claims), lead time does not."""
        booking = self._booking(request, object_id)
        form = MoveForm(request.POST if request.method == "POST" else None, initial={"starts_at": booking.starts_at})

        def act(by: Actor, at: datetime) -> object:
            return actions.reschedule(booking=booking, starts_at=form.cleaned_data["starts_at"], by=by, at=at)

        return self._correct(request, booking, form, act, title=_("Move the visit"))

    @action(description=_("Cancel visit"), url_path="cancel", icon="event_busy")  # type: ignore[untyped-decorator]
    def cancel_visit(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Cancel a visit for the platform, with a reason."""
        booking = self._booking(request, object_id)
        form = CancelForm(request.POST if request.method == "POST" else None)

        def act(by: Actor, at: datetime) -> object:
            return actions.cancel(booking=booking, by=by, at=at, reason=form.cleaned_data["reason"])

        return self._correct(request, booking, form, act, title=_("Cancel this visit"))

    def get_actions_detail(self, request: HttpRequest, object_id: int) -> list[Any]:
        """Corrections only where they can be made."""
        open_states = (*LAPSING, Status.CONFIRMED, Status.CHECKED_IN)
        booking = self.get_object(request, str(object_id))
        if booking is None or booking.status not in open_states:
            return []
        return list(super().get_actions_detail(request, object_id))

    def _booking(self, request: HttpRequest, object_id: int) -> Booking:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found: Booking | None = self.get_object(request, str(object_id))  # None too for what is no number
        booking = Booking.objects.for_card().filter(pk=found.pk).first() if found else None
        if booking is None:
            raise Http404
        return booking

    def _correct(
        self,
        request: HttpRequest,
        booking: Booking,
        form: forms.Form,
        act: Callable[[Actor, datetime], object],
        *,
        title: Any,
    ) -> HttpResponse:
        """Ask, do it as the platform, and go back to the visit; a refusal stands beside the form."""
        if not request.user.is_superuser and not request.user.has_perm("bookings.change_booking"):
            raise PermissionDenied
        back = reverse("admin:bookings_booking_change", args=[booking.pk])
        if request.method == "POST" and form.is_valid():
            assert isinstance(request.user, User)  # noqa: S101  (for the type checker)
            try:
                act(Actor(ActorRole.PLATFORM, request.user), timezone.now())
            except Refusal as refusal:
                form.add_error(None, str(refusal.message))
            else:
                messages.success(request, _("Done. The shop and the owner see it at once."))
                return redirect(back)
        context = {
            **admin.site.each_context(request),
            "title": title,
            "form": form,
            "booking": booking,
            "opts": self.model._meta,
            "back": back,
        }
        return render(request, "admin/bookings/booking/correct.html", context, status=400 if form.errors else 200)


@admin.register(BookingEvent)
class BookingEventAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """What happened to visits, everywhere. Append-only: the database refuses changes too."""

    list_display = ["at", "booking", "kind", "from_status", "to_status", "actor", "actor_role", "reason"]
    list_filter = ["kind", "actor_role", "at"]
    list_filter_submit = True
    list_select_related = ["booking", "actor"]
    search_fields = ["booking__number", "booking__plate", "reason", "actor__name", "actor__email"]
    search_help_text = _("Number, plate, reason or person")
    ordering = ["-at", "-pk"]
    date_hierarchy = "at"
    list_per_page = 50


@admin.register(Allocation)
class AllocationAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """Claims on bays and people: visits, breaks, time out of use."""

    list_display = ["resource", "shop", "kind", "from_to", "booking", "held_until", "reason"]
    fields = ["resource", "shop", "kind", "from_to", "booking", "held_until", "reason"]
    list_filter = ["kind", "resource__kind"]
    list_filter_submit = True
    list_select_related = ["resource__shop__city", "booking"]
    search_fields = ["booking__number", "resource__name_zh", "resource__name_en", "resource__shop__name_zh"]
    search_help_text = _("Number, bay, technician or shop")
    ordering = ["-pk"]
    list_per_page = 50

    @display(description=_("shop"), ordering="resource__shop")  # type: ignore[untyped-decorator]
    def shop(self, claim: Allocation) -> str:
        return claim.resource.shop.name

    @display(description=_("time"), ordering="during")  # type: ignore[untyped-decorator]
    def from_to(self, claim: Allocation) -> str:
        return _from_to(claim)


class WaitingServiceInline(ReadOnly, TabularInline):  # type: ignore[misc]
    model = WaitingService
    verbose_name_plural = _("services")
    fields = ["service"]
    extra = 0
    hide_title = True


@admin.register(WaitingEntry)
class WaitingEntryAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """Places on waiting lists: who waits for what at which shop, and what was offered."""

    list_display = ["created_at", "shop", "owner", "not_before", "not_after", "status", "offered"]
    fields = [
        ("shop", "owner"),
        ("variant", "car"),
        ("not_before", "not_after"),
        ("status", "offered"),
        ("created_at", "ended_at"),
        "wishes",
    ]
    list_filter = ["status", "created_at", "shop__city"]
    list_filter_submit = True
    list_select_related = ["shop", "owner", "offered"]
    search_fields = ["shop__name_zh", "shop__name_en", "owner__name", "owner__email", "offered__number"]
    search_help_text = _("Shop, person or number of the offered visit")
    ordering = ["-created_at", "-pk"]
    date_hierarchy = "created_at"
    list_per_page = 50
    inlines = [WaitingServiceInline]


@admin.register(LearnedDuration)
class LearnedDurationAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """How long services really take at shops, from the visits that are over."""

    list_display = [
        "shop",
        "service",
        "price_class",
        "minutes",
        "standard_minutes",
        "actual_minutes",
        "visits",
        "learned_at",
    ]
    list_filter = ["price_class", "service", "shop__city"]
    list_filter_submit = True
    list_select_related = ["shop", "service"]
    search_fields = ["shop__name_zh", "shop__name_en", "service__name_zh", "service__name_en"]
    search_help_text = _("Shop or service")
    ordering = ["shop", "service", "price_class"]
    list_per_page = 50


@admin.register(CalendarFeed)
class CalendarFeedAdmin(ReadOnly, ModelAdmin):  # type: ignore[misc]
    """Secret addresses of calendars. The address itself is not shown: who has it can read."""

    list_display = ["created_at", "user", "resource"]
    fields = ["user", "resource", "created_at"]
    list_select_related = ["user", "resource__shop"]
    search_fields = ["user__name", "user__email", "resource__name_zh", "resource__name_en", "resource__shop__name_zh"]
    search_help_text = _("Person, bay, technician or shop")
    ordering = ["-created_at", "-pk"]
    list_per_page = 50
