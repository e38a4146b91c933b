"""Shops in the admin: see and correct everything, check certificates. Deleting is for rows without a history."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectMultipleWidget,
    UnfoldAdminTextInputWidget,
)

from shops.choices import PEOPLE, PLACES, Amenity, BayCapability, ResourceKind, Skill
from shops.forms.fields import ShopPhoneField
from shops.models import (
    Certificate,
    City,
    Closure,
    Invitation,
    OffPeak,
    OpeningHours,
    Place,
    Resource,
    Shift,
    Shop,
    ShopChange,
    ShopMember,
    Technician,
)
from shops.opening import hours_problems

# Addresses under /shop/ that are not shops.
RESERVED_SLUGS = {"invitations", "new"}


class ShopForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A shop, checked like the staff's own forms."""

    phone = ShopPhoneField(widget=UnfoldAdminTextInputWidget)
    amenities = forms.MultipleChoiceField(
        label=_("Amenities"), choices=Amenity, required=False, widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = Shop
        fields = "__all__"  # noqa: DJ007  (a platform admin corrects every field)

    def clean_slug(self) -> str:
        slug: str = self.cleaned_data["slug"]
        if slug in RESERVED_SLUGS:
            raise ValidationError(_("This address is taken by the site itself."))
        return slug


class WeekFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]  # not subscriptable at run time
    """Refuses stretches of one day that overlap or end before they begin."""

    starts, ends = "starts_at", "ends_at"

    def clean(self) -> None:
        super().clean()
        kept = [form for form in self.forms if self._is_kept(form)]
        rows = [
            (form.cleaned_data["day"], form.cleaned_data[self.starts], form.cleaned_data[self.ends]) for form in kept
        ]
        for index, problem in hours_problems(rows):
            ends_early = problem == "ends_early"
            words = _("It ends before it starts.") if ends_early else _("This overlaps with another entry.")
            kept[index].add_error(self.ends if ends_early else self.starts, words)

    def _is_kept(self, form: forms.ModelForm) -> bool:  # type: ignore[type-arg]  # not subscriptable at run time
        cleaned = getattr(form, "cleaned_data", {})
        return not cleaned.get("DELETE") and {"day", self.starts, self.ends} <= cleaned.keys()


class HoursFormSet(WeekFormSet):
    """Opening hours name their ends otherwise."""

    starts, ends = "opens_at", "closes_at"


class HoursInline(TabularInline):  # type: ignore[misc]
    model = OpeningHours
    formset = HoursFormSet
    extra = 0
    tab = True


class OffPeakInline(TabularInline):  # type: ignore[misc]
    model = OffPeak
    formset = WeekFormSet
    fields = ["day", "starts_at", "ends_at", "percent"]
    extra = 0
    tab = True


class ClosureInline(TabularInline):  # type: ignore[misc]
    model = Closure
    fields = ["first_date", "last_date", "reason"]
    extra = 0
    tab = True


class ResourceInline(TabularInline):  # type: ignore[misc]
    model = Resource
    fields = ["kind", "name_zh", "name_en", "position", "is_active"]
    show_change_link = True
    extra = 0
    tab = True
    can_delete = False


class MemberInline(TabularInline):  # type: ignore[misc]
    model = ShopMember
    fields = ["user", "role"]
    autocomplete_fields = ["user"]
    extra = 0
    tab = True


@admin.register(Shop)
class ShopAdmin(ModelAdmin):  # type: ignore[misc]
    form = ShopForm
    list_display = ["shown_name", "kind_label", "city", "shown_district", "bays", "technicians", "is_listed"]
    list_filter = ["kind", "city", "is_listed", "holiday_policy"]
    list_filter_submit = True
    list_select_related = ["city"]
    search_fields = ["name_zh", "name_en", "brand_name", "slug", "phone", "address_zh", "address_en"]
    search_help_text = _("Name, chain, address, telephone")
    ordering = ["name_en", "pk"]
    autocomplete_fields = ["makes"]
    prepopulated_fields = {"slug": ["name_en"]}
    readonly_fields = ["public_id", "created_at"]
    inlines = [HoursInline, ClosureInline, OffPeakInline, ResourceInline, MemberInline]
    fieldsets = [
        (None, {"fields": [("name_zh", "name_en"), ("kind", "brand_name"), "slug", "is_listed", "makes"]}),
        (
            _("Place"),
            {
                "fields": [
                    "city",
                    ("district_zh", "district_en"),
                    ("address_zh", "address_en"),
                    ("latitude", "longitude"),
                    "service_radius_km",
                    "phone",
                ]
            },
        ),
        (_("What owners read"), {"fields": [("intro_zh", "intro_en"), "amenities", "warranty_months"]}),
        (
            _("Booking rules"),
            {
                "fields": [
                    ("holiday_policy", "works_makeup_days"),
                    ("lead_time_minutes", "booking_window_days"),
                    ("slot_step_minutes", "last_start_minutes"),
                    ("setup_minutes", "turnaround_minutes"),
                    ("write_up_minutes", "online_share_percent"),
                    ("confirmation", "answer_minutes"),
                    ("hold_minutes", "free_cancel_minutes"),
                    ("deposit_percent", "late_cancel_fee_percent", "no_show_fee_percent"),
                    "pickup_radius_km",
                ]
            },
        ),
        (_("Record"), {"fields": ["public_id", "created_at"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Shop]:
        in_use = Q(resources__is_active=True)
        places = Q(resources__kind__in=PLACES)
        technicians = Q(resources__kind=ResourceKind.TECHNICIAN)
        shops: QuerySet[Shop] = super().get_queryset(request)
        return shops.annotate(
            bay_count=Count("resources", filter=in_use & places),
            technician_count=Count("resources", filter=in_use & technicians),
        )

    def has_delete_permission(self, request: HttpRequest, obj: Shop | None = None) -> bool:  # noqa: ARG002
        """A shop has visits and prices behind it: it is unlisted, not deleted."""
        return False

    @display(description=_("Name"), ordering="name_en")  # type: ignore[untyped-decorator]
    def shown_name(self, shop: Shop) -> str:
        return shop.name

    def view_on_site(self, shop: Shop) -> str:
        return reverse("shops:detail", args=[shop.slug])

    @display(description=_("Kind"), ordering="kind", label=True)  # type: ignore[untyped-decorator]
    def kind_label(self, shop: Shop) -> str:
        return str(shop.get_kind_display())

    @display(description=_("District"), ordering="district_en")  # type: ignore[untyped-decorator]
    def shown_district(self, shop: Shop) -> str:
        return shop.district

    @display(description=_("Bays"), ordering="bay_count")  # type: ignore[untyped-decorator]
    def bays(self, shop: Any) -> int:
        return int(shop.bay_count)

    @display(description=_("Technicians"), ordering="technician_count")  # type: ignore[untyped-decorator]
    def technicians(self, shop: Any) -> int:
        return int(shop.technician_count)


# What the resources of a kind can be good for; advisors and loaner cars are one like the other.
_CAPABILITIES: dict[str, type[BayCapability | Skill]] = {
    ResourceKind.BAY: BayCapability,
    ResourceKind.MOBILE_UNIT: BayCapability,
    ResourceKind.TECHNICIAN: Skill,
}


class ResourceForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """What a bay is equipped for, or what a technician is trained for: not one another's."""

    capabilities = forms.MultipleChoiceField(
        label=_("Capabilities"),
        choices=[(_("Bays and mobile units"), BayCapability.choices), (_("Technicians"), Skill.choices)],
        required=False,
        widget=UnfoldAdminSelectMultipleWidget(attrs={"size": 18}),
    )

    class Meta:
        model = Resource
        fields = ["shop", "kind", "name_zh", "name_en", "capabilities", "position", "is_active"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        known = _CAPABILITIES.get(cleaned.get("kind", ""))
        if set(cleaned.get("capabilities", [])) - set(known.values if known else ()):
            self.add_error("capabilities", _("Choose from the list for this kind."))
        return cleaned


class TechnicianInline(TabularInline):  # type: ignore[misc]
    model = Technician
    autocomplete_fields = ["user"]
    extra = 0
    can_delete = False


class ShiftInline(TabularInline):  # type: ignore[misc]
    model = Shift
    formset = WeekFormSet
    fields = ["day", "starts_at", "ends_at"]
    extra = 0


@admin.register(Resource)
class ResourceAdmin(ModelAdmin):  # type: ignore[misc]
    form = ResourceForm
    list_display = ["shown_name", "shop", "kind_label", "shown_capabilities", "is_active"]
    list_filter = ["kind", "is_active", "shop__city"]
    list_filter_submit = True
    list_select_related = ["shop"]
    search_fields = ["name_zh", "name_en", "shop__name_zh", "shop__name_en"]
    autocomplete_fields = ["shop"]
    ordering = ["shop__name_en", "kind", "position", "pk"]
    inlines = [TechnicianInline, ShiftInline]

    def get_inlines(self, request: HttpRequest, obj: Resource | None) -> list[type[TabularInline]]:  # noqa: ARG002
        """A person has shifts, a technician a profile; a new row gets its own once its kind is known."""
        if obj is None or obj.kind == ResourceKind.TECHNICIAN:
            return [TechnicianInline, ShiftInline]
        return [ShiftInline] if obj.kind in PEOPLE else []

    def has_delete_permission(self, request: HttpRequest, obj: Resource | None = None) -> bool:  # noqa: ARG002
        """Its visits are history: it is taken out of use, not deleted."""
        return False

    @display(description=_("Name"), ordering="name_en")  # type: ignore[untyped-decorator]
    def shown_name(self, resource: Resource) -> str:
        return resource.name

    @display(description=_("Capabilities"))  # type: ignore[untyped-decorator]
    def shown_capabilities(self, resource: Resource) -> str:
        known = _CAPABILITIES.get(resource.kind)
        names = dict(known.choices) if known else {}
        return " · ".join(str(names[code]) for code in resource.capabilities if code in names)

    @display(description=_("Kind"), ordering="kind", label=True)  # type: ignore[untyped-decorator]
    def kind_label(self, resource: Resource) -> str:
        return str(resource.get_kind_display())


@admin.register(Certificate)
class CertificateAdmin(ModelAdmin):  # type: ignore[misc]
    """The queue of certificates to be seen: unchecked ones first."""

    list_display = ["shown_name", "technician", "shop", "number", "valid_until", "is_checked"]
    list_filter = [("verified_at", admin.EmptyFieldListFilter), "valid_until"]
    list_filter_submit = True
    list_select_related = ["technician__resource__shop"]
    search_fields = ["name_zh", "name_en", "number", "technician__resource__name_zh", "technician__resource__name_en"]
    raw_id_fields = ["technician"]
    readonly_fields = ["verified_at"]
    ordering = ["-verified_at", "pk"]
    actions = ["mark_checked", "mark_unchecked"]

    @display(description=_("Certificate"), ordering="name_en")  # type: ignore[untyped-decorator]
    def shown_name(self, certificate: Certificate) -> str:
        return certificate.name

    @display(description=_("Shop"))  # type: ignore[untyped-decorator]
    def shop(self, certificate: Certificate) -> str:
        return certificate.technician.resource.shop.name

    @display(description=_("Checked"), boolean=True)  # type: ignore[untyped-decorator]
    def is_checked(self, certificate: Certificate) -> bool:
        return certificate.verified_at is not None

    @admin.action(description=_("I have seen the selected certificates"), permissions=["change"])
    def mark_checked(self, request: HttpRequest, rows: QuerySet[Certificate]) -> None:
        self._mark(request, rows.filter(verified_at=None), "Certificate checked.", checked=True)

    @admin.action(description=_("Take the check of the selected certificates back"), permissions=["change"])
    def mark_unchecked(self, request: HttpRequest, rows: QuerySet[Certificate]) -> None:
        self._mark(request, rows.exclude(verified_at=None), "Check taken back.", checked=False)

    def _mark(self, request: HttpRequest, rows: QuerySet[Certificate], note: str, *, checked: bool) -> None:
        found = list(rows)
        Certificate.objects.filter(pk__in=[row.pk for row in found]).update(
            verified_at=timezone.now() if checked else None
        )
        for row in found:
            self.log_change(request, row, note)


class PlaceInline(TabularInline):  # type: ignore[misc]
    model = Place
    fields = ["kind", "key", "name_zh", "name_en", "latitude", "longitude"]
    extra = 0
    tab = True


@admin.register(City)
class CityAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["shown_name", "key", "timezone", "country"]
    search_fields = ["name_zh", "name_en", "key"]
    inlines = [PlaceInline]

    @display(description=_("Name"), ordering="name_en")  # type: ignore[untyped-decorator]
    def shown_name(self, city: City) -> str:
        return city.name


@admin.register(Place)
class PlaceAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ["shown_name", "kind", "city", "latitude", "longitude"]
    list_filter = ["kind", "city"]
    list_select_related = ["city"]
    search_fields = ["name_zh", "name_en", "key"]

    @display(description=_("Name"), ordering="name_en")  # type: ignore[untyped-decorator]
    def shown_name(self, place: Place) -> str:
        return place.name


class _ReadOnlyAdmin(ModelAdmin):  # type: ignore[misc]
    """For seeing: what happened is not edited."""

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002  (Django's signature)
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002  (as above)
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002  (as above)
        return False


@admin.register(Invitation)
class InvitationAdmin(_ReadOnlyAdmin):
    list_display = ["invited", "shop", "role", "invited_by", "created_at", "expires_at", "accepted_at", "revoked_at"]
    list_filter = ["role", "created_at"]
    list_filter_submit = True
    list_select_related = ["shop", "invited_by"]
    search_fields = ["email", "phone", "shop__name_zh", "shop__name_en"]
    # The id is the secret in the link.
    exclude = ["public_id"]

    @display(description=_("Invited"))  # type: ignore[untyped-decorator]
    def invited(self, invitation: Invitation) -> str:
        return invitation.email or invitation.phone or ""


@admin.register(ShopChange)
class ShopChangeAdmin(_ReadOnlyAdmin):
    list_display = ["at", "shop", "kind", "subject", "by"]
    list_filter = ["kind", "at"]
    list_filter_submit = True
    list_select_related = ["shop", "by"]
    search_fields = ["shop__name_zh", "shop__name_en", "subject"]
    date_hierarchy = "at"
