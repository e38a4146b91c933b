"""Profile, booking rules, closures."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shops.choices import Amenity
from shops.forms.fields import ShopPhoneField
from shops.models import Closure, Shop

MAX_LEAD_MINUTES = 14 * 24 * 60
MAX_CLOSURE_DAYS = 366
LAST_YEAR = 2200  # at the end of the calendar there is no day after


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """What owners read about the shop."""

    phone = ShopPhoneField()
    amenities = forms.MultipleChoiceField(
        label=_("Amenities"), choices=Amenity, required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Shop
        fields = [
            "name_zh",
            "name_en",
            "brand_name",
            "district_zh",
            "district_en",
            "address_zh",
            "address_en",
            "phone",
            "intro_zh",
            "intro_en",
            "amenities",
            "warranty_months",
        ]
        widgets = {"intro_zh": forms.Textarea(attrs={"rows": 4}), "intro_en": forms.Textarea(attrs={"rows": 4})}

    def clean_warranty_months(self) -> int:
        months: int = self.cleaned_data["warranty_months"]
        if months > 120:
            raise forms.ValidationError(_("At most 120 months."), code="too_long")
        return months


class RulesForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """How and when owners can book. New rules hold for visits booked from now on."""

    slot_step_minutes = forms.TypedChoiceField(
        label=_("A visit can start every"),
        choices=[(15, _("15 minutes")), (30, _("30 minutes")), (60, _("60 minutes"))],
        coerce=int,
    )

    class Meta:
        model = Shop
        fields = [
            "holiday_policy",
            "works_makeup_days",
            "lead_time_minutes",
            "booking_window_days",
            "slot_step_minutes",
            "hold_minutes",
            "turnaround_minutes",
            "free_cancel_minutes",
            "service_radius_km",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.is_on_site:
            self.fields["service_radius_km"].required = True
        else:
            del self.fields["service_radius_km"]

    def clean_lead_time_minutes(self) -> int:
        minutes: int = self.cleaned_data["lead_time_minutes"]
        if minutes > MAX_LEAD_MINUTES:
            raise forms.ValidationError(_("At most 14 days (20,160 minutes)."), code="too_long")
        return minutes

    def clean_service_radius_km(self) -> int:
        radius: int = self.cleaned_data["service_radius_km"]
        if not 1 <= radius <= 100:
            raise forms.ValidationError(_("Between 1 and 100 km."), code="out_of_range")
        return radius


class ClosureForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Days on which the shop is closed besides its hours."""

    despite_visits = forms.BooleanField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Closure
        fields = ["first_date", "last_date", "reason"]
        widgets = {
            "first_date": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            "last_date": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        }

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["last_date"].required = False
        self.fields["last_date"].help_text = _("empty: only the first day")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        first = cleaned.get("first_date")
        if first is None or "last_date" in self.errors:
            return cleaned
        last = cleaned.get("last_date") or first
        if last < first:
            self.add_error("last_date", _("The last day is before the first."))
        elif last < self.today:
            self.add_error("last_date", _("These days are past."))
        elif last.year > LAST_YEAR:
            self.add_error("last_date", _("There is no such day."))
        elif last - first >= timedelta(days=MAX_CLOSURE_DAYS):
            self.add_error("last_date", _("A closure lasts a year at most."))
        cleaned["last_date"] = last
        return cleaned
