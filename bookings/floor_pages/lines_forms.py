"""What staff type about a line: what is to be done, for which price, why. Shape of the input only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.forms.renderers import get_default_renderer
from django.utils.translation import gettext_lazy as _

from bookings.choices import PriceBasis, Urgency, WarrantyScope
from bookings.floor import warranty
from bookings.floor.drafts import MAX_LABOUR_MINUTES, MAX_PARTS, Draft, Part
from bookings.models import Booking, LineVersion
from catalog import pricing
from catalog.choices import Symptom
from catalog.models import MAX_PRICE_FEN, OverMaintenanceRule, Service
from catalog.pricing import Quote
from core.money import format_fen
from core.photo_fields import MultiplePhotosField
from shops.models import Shop

OWN_WORDS = "own"
# Rows that a new line offers for parts before more are asked for.
FIRST_ROWS = 2
MAX_FAULT_CODES = 20
FAULT_CODE = r"[PBCU][0-9A-F]{4}"


class YuanField(forms.DecimalField):
    """An amount in yuan; the cleaned value is whole fen."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
        kwargs |= {"min_value": 0, "max_value": Decimal(MAX_PRICE_FEN) / 100, "decimal_places": 2}
        super().__init__(widget=widget, **kwargs)

    def to_python(self, value: Any) -> Any:
        return super().to_python(value[:20].replace(",", "") if isinstance(value, str) else value)

    def clean(self, value: Any) -> Any:
        yuan = super().clean(value)
        return None if yuan is None else int(yuan * 100)


class WhatSelect(forms.Select):
    """The services with a list price say so (`data-listed`): the page folds away what they do not need."""

    listed: frozenset[str] = frozenset()

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if str(value) in self.listed:
            option["attrs"]["data-listed"] = True
        return option


class PartForm(forms.Form):
    """One part. An empty row is no part."""

    name = forms.CharField(label=_("Part"), required=False, max_length=80)
    code = forms.CharField(label=_("Part number"), required=False, max_length=40)
    quantity = forms.DecimalField(
        label=_("Quantity"),
        required=False,
        min_value=Decimal("0.01"),
        max_value=999,
        decimal_places=2,
        initial=Decimal(1),
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )
    unit = YuanField(label=_("Price for one"), required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("name") and data.get("unit") is None and "unit" not in self.errors:
            self.add_error("unit", _("Enter its price."))
        if data.get("unit") and not data.get("name") and "name" not in self.errors:
            self.add_error("name", _("Name the part."))
        return data

    @property
    def part(self) -> Part | None:
        data = self.cleaned_data
        if not data.get("name"):
            return None
        return Part(data["name"], data.get("quantity") or Decimal(1), data["unit"], data.get("code", ""))


if TYPE_CHECKING:
    _Rows = forms.BaseFormSet[PartForm]
else:  # cannot be subscripted at run time
    _Rows = forms.BaseFormSet


class PartFormSet(_Rows):
    """The parts of a line. Rows come and go by buttons of the form, so that it works without JavaScript."""

    # As `forms.formset_factory` would set it up.
    form = PartForm
    extra, min_num, max_num, absolute_max = 0, 0, MAX_PARTS, MAX_PARTS + 1
    can_order = can_delete = can_delete_extra = False
    validate_min, validate_max = False, True
    renderer = get_default_renderer()

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of the rows that are not empty. Needs valid rows."""
        return tuple(form.part for form in self.forms if form.part is not None)


@dataclass(frozen=True)
class Menu:
    """What can be put on a line: the shop's services with their list prices, other services, often-sold measures."""

    services: Mapping[str, Service]
    measures: Mapping[str, OverMaintenanceRule]
    quotes: Mapping[int, Quote]

    @classmethod
    def of(cls, booking: Booking) -> Menu:
        """Three queries."""
        services = list(Service.objects.listed().suiting(booking.variant).order_by("category", "key"))
        quotes = pricing.quotes_of_shop(shop=booking.shop, services=services, variant=booking.variant)
        rules = OverMaintenanceRule.objects.order_by("key")
        return cls({one.key: one for one in services}, {one.key: one for one in rules}, quotes)

    def quote(self, service: Service | None) -> Quote | None:
        return self.quotes.get(service.pk) if service else None

    @property
    def listed(self) -> frozenset[str]:
        """The choices that have a list price."""
        return frozenset(f"service:{one.key}" for one in self.services.values() if one.pk in self.quotes)

    def choices(self) -> list[tuple[Any, Any]]:
        """The menu in groups; what the shop has prices for comes first."""
        priced = [one for one in self.services.values() if one.pk in self.quotes]
        others = [one for one in self.services.values() if one.pk not in self.quotes]
        return [
            ("", _("Choose")),
            (_("From your price list"), [(f"service:{s.key}", self._priced(s)) for s in priced]),
            (_("Other services, price by hand"), [(f"service:{s.key}", s.name) for s in others]),
            (_("Often sold, rarely needed"), [(f"measure:{m.key}", m.name) for m in self.measures.values()]),
            (_("Something else"), [(OWN_WORDS, _("In your own words"))]),
        ]

    def _priced(self, service: Service) -> str:
        return f"{service.name} · {format_fen(self.quotes[service.pk].total_fen)}"


class LineForm(forms.Form):
    """A line of work as somebody of the shop proposes it."""

    what = forms.ChoiceField(label=_("What is to be done"), widget=WhatSelect)
    title = forms.CharField(
        label=_("In your own words"), required=False, max_length=120, help_text=_("The owner reads it.")
    )
    note = forms.CharField(
        label=_("What you found"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The owner reads it."),
    )
    urgency = forms.ChoiceField(
        label=_("Urgency"), choices=Urgency.choices, initial=Urgency.YELLOW, widget=forms.RadioSelect
    )
    price_basis = forms.ChoiceField(
        label=_("Price"), choices=PriceBasis.choices, initial=PriceBasis.OFFER, widget=forms.RadioSelect
    )
    labour = YuanField(label=_("Labour"), required=False)
    price_reason = forms.CharField(
        label=_("Why this price"), required=False, max_length=200, help_text=_("The owner reads it.")
    )
    labour_minutes = forms.IntegerField(
        label=_("Labour time"), required=False, min_value=0, max_value=MAX_LABOUR_MINUTES
    )
    extra_minutes = forms.IntegerField(
        label=_("Adds to the promise"), required=False, min_value=0, max_value=MAX_LABOUR_MINUTES
    )
    symptoms = forms.MultipleChoiceField(
        label=_("Symptoms"), required=False, choices=Symptom.choices, widget=forms.CheckboxSelectMultiple
    )
    fault_codes = forms.CharField(
        label=_("Fault codes"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "spellcheck": "false", "autocomplete": "off"}),
    )
    warranty_scope = forms.ChoiceField(label=_("Kind of repair"), choices=())
    warranty_days = forms.IntegerField(label=_("Warranty, days"), required=False, min_value=0, max_value=3_650)
    warranty_km = forms.IntegerField(label=_("Warranty, kilometres"), required=False, min_value=0, max_value=300_000)
    photos = MultiplePhotosField(label=_("Photos"), required=False)
    against_reason = forms.CharField(
        label=_("Why you still propose it"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The owner reads the advice and your reason side by side."),
    )
    version = forms.IntegerField(required=False, min_value=1, max_value=32_767, widget=forms.HiddenInput)

    def __init__(self, *args: Any, menu: Menu, shop: Shop, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.menu, self.shop = menu, shop
        self.fields["what"].choices = menu.choices()  # type: ignore[attr-defined]
        self.fields["what"].widget.listed = menu.listed
        self.fields["warranty_scope"].choices = [  # type: ignore[attr-defined]
            (scope.value, _by_law(scope)) for scope in WarrantyScope
        ]
        self.fields["warranty_scope"].required = False

    def clean_fault_codes(self) -> tuple[str, ...]:
        text = self.cleaned_data["fault_codes"].upper().replace(",", " ").replace("，", " ").replace("、", " ")
        codes = tuple(dict.fromkeys(text.split()))
        pattern = forms.RegexField(rf"^{FAULT_CODE}$", strip=True)
        for code in codes:
            try:
                pattern.clean(code)
            except forms.ValidationError:
                raise forms.ValidationError(_("A fault code looks like P0301.")) from None
        if len(codes) > MAX_FAULT_CODES:
            raise forms.ValidationError(_("Twenty fault codes at most."))
        return codes

    @property
    def service(self) -> Service | None:
        """The service chosen, as far as one is."""
        kind, _sep, key = self._what.partition(":")
        return self.menu.services.get(key) if kind == "service" else None

    @property
    def measure(self) -> OverMaintenanceRule | None:
        kind, _sep, key = self._what.partition(":")
        return self.menu.measures.get(key) if kind == "measure" else None

    @property
    def _what(self) -> str:
        if self.is_bound:
            return str(self.data.get("what", "")) if "what" not in self.errors else ""
        return str(self.initial.get("what", ""))

    def draft(self, parts: Sequence[Part]) -> Draft:
        """What was typed as a draft. Needs a valid form; never trusted with what it costs where the price list says."""
        data = self.cleaned_data
        is_listed = data["price_basis"] == PriceBasis.OFFER
        return Draft(
            urgency=Urgency(data["urgency"]),
            warranty=self._warranty(),
            service=self.service,
            measure=self.measure,
            title=data["title"] if data["what"] == OWN_WORDS else "",
            note=data["note"],
            labour_minutes=data["labour_minutes"] or 0,
            labour_fen=None if is_listed else data["labour"] or 0,
            parts=() if is_listed else tuple(parts),
            price_reason="" if is_listed else data["price_reason"],
            extra_minutes=data["extra_minutes"] or 0,
            symptoms=tuple(data["symptoms"]),
            fault_codes=data["fault_codes"],
            against_reason=data["against_reason"],
        )

    def _warranty(self) -> warranty.Terms:
        """What was typed; what was left empty is what the shop gives, at least what the law asks for."""
        data, usual = self.cleaned_data, warranty.terms(self.service, self.shop)
        scope = WarrantyScope(data["warranty_scope"] or usual.scope)
        least = warranty.STATUTORY[scope]
        days, km = data["warranty_days"], data["warranty_km"]
        return warranty.Terms(
            scope,
            days=max(usual.days, least.days) if days is None else days,
            km=max(usual.km, least.km) if km is None else km,
        )


def _by_law(scope: WarrantyScope) -> str:
    least = warranty.STATUTORY[scope]
    return str(_("%(kind)s: by law %(days)d days or %(km)s km")) % {
        "kind": scope.label,
        "days": least.days,
        "km": f"{least.km:,}",
    }


def initial_of(version: LineVersion) -> dict[str, Any]:
    """What the form shows of a line that is to change."""
    what = OWN_WORDS
    if version.service:
        what = f"service:{version.service.key}"
    elif version.measure:
        what = f"measure:{version.measure.key}"
    return {
        "what": what,
        "title": version.title,
        "note": version.note,
        "urgency": version.urgency,
        "price_basis": version.price_basis,
        "labour": Decimal(version.labour_fen) / 100,
        "price_reason": version.price_reason,
        "labour_minutes": version.labour_minutes,
        "extra_minutes": version.extra_minutes,
        "symptoms": version.symptoms,
        "fault_codes": ", ".join(version.fault_codes),
        "warranty_scope": version.warranty_scope,
        "warranty_days": version.warranty_days,
        "warranty_km": version.warranty_km,
        "against_reason": version.against_reason,
        "version": version.number,
    }


def initial_parts(version: LineVersion) -> list[dict[str, Any]]:
    return [
        {
            "name": part["name"],
            "code": part["code"],
            "quantity": Decimal(part["quantity"]),
            "unit": Decimal(part["unit_fen"]) / 100,
        }
        for part in version.parts
    ]
