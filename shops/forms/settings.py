"""Profile and closures."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shops.choices import Amenity
from shops.forms.fields import ShopPhoneField
from shops.models import Closure, Shop

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


class ClosureForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Days on which the shop is closed besides its hours."""

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
