"""Bays, mobile units, loaner cars, technicians, service advisors, certificates."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from shops.choices import BayCapability, ResourceKind, Skill
from shops.models import Certificate, Resource, Shop

FIRST_YEAR_IN_TRADE = 1950
MAX_POSITION = 999


class _ResourceForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    class Meta:
        model = Resource
        fields = ["name_zh", "name_en", "position"]

    def clean_position(self) -> int:
        position: int = self.cleaned_data["position"]
        if position > MAX_POSITION:
            raise forms.ValidationError(_("At most 999."), code="too_large")
        return position


class BayForm(_ResourceForm):
    """A bay or a mobile unit and what it is equipped for."""

    kind = forms.ChoiceField(label=_("Kind"), widget=forms.RadioSelect)
    capabilities = forms.MultipleChoiceField(
        label=_("Equipped for"), choices=BayCapability, required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta(_ResourceForm.Meta):
        fields = ["kind", "name_zh", "name_en", "capabilities", "position"]

    def __init__(self, *args: Any, shop: Shop, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # An on-site team works from its vans; a shop at a place can have both.
        kinds = [ResourceKind.MOBILE_UNIT] if shop.is_on_site else [ResourceKind.BAY, ResourceKind.MOBILE_UNIT]
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]
        self.fields["kind"].initial = kinds[0].value


class TechnicianForm(_ResourceForm):
    """Who works on cars, what they are trained for, what owners read about them."""

    capabilities = forms.MultipleChoiceField(label=_("Trained for"), choices=Skill, widget=forms.CheckboxSelectMultiple)
    title_zh = forms.CharField(label=_("Title (Chinese)"), max_length=60, required=False)
    title_en = forms.CharField(label=_("Title (English)"), max_length=60, required=False)
    works_since_year = forms.IntegerField(
        label=_("In the trade since"),
        required=False,
        min_value=FIRST_YEAR_IN_TRADE,
        help_text=_("a year, for example 2012"),
    )
    user = forms.ModelChoiceField(
        label=_("Account"),
        queryset=User.objects.none(),
        required=False,
        to_field_name="public_id",
        empty_label=_("None"),
        help_text=_("Linked, this person sees their own work. Invite them first."),
    )

    class Meta(_ResourceForm.Meta):
        fields = ["name_zh", "name_en", "capabilities", "position"]

    def __init__(self, *args: Any, shop: Shop, this_year: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.this_year = this_year
        self.fields["user"].queryset = _linkable(shop, self.instance)  # type: ignore[attr-defined]

    def clean_works_since_year(self) -> int | None:
        year: int | None = self.cleaned_data["works_since_year"]
        if year is not None and year > self.this_year:
            raise forms.ValidationError(_("This year is still to come."), code="in_future")
        return year


class AdvisorForm(_ResourceForm):
    """Who receives customers and writes their visits up."""


class LoanerForm(_ResourceForm):
    """A car that stands in for the customer's."""

    class Meta(_ResourceForm.Meta):
        help_texts = {
            "name_zh": _("plate and model, for example 沪A·D8K21 朗逸"),
            "name_en": _("plate and model, for example 沪A·D8K21 Lavida"),
            "position": "",
        }


def _linkable(shop: Shop, person: Resource) -> Any:
    """Members of the shop who are not linked to another of its technicians."""
    others = Resource.objects.filter(shop=shop, technician__user__isnull=False).exclude(pk=person.pk)
    members = User.objects.filter(memberships__shop=shop)
    return members.exclude(pk__in=others.values("technician__user")).order_by("name", "pk")


class CertificateForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A certificate as it is printed."""

    class Meta:
        model = Certificate
        fields = ["name_zh", "name_en", "number", "valid_until"]
        widgets = {"valid_until": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})}
