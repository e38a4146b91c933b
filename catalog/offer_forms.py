"""Forms of a shop's price list. They check the shape of what was typed; what it means is checked by the actions."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import MaxLengthValidator
from django.utils.translation import gettext_lazy as _

from catalog.choices import OfferScope
from catalog.imports import MAX_BYTES, MAX_NOTE, MINUTES
from catalog.models import MAX_PRICE_FEN, Offer, Service
from catalog.offer_actions import TARGET_FIELDS, Price, Target
from core.money import format_fen, format_yuan_plain, parse_yuan
from shops.choices import ShopKind
from shops.models import Shop
from vehicles.choices import PriceClass
from vehicles.models import CarModel, Make, Variant


class YuanField(forms.CharField):
    """An amount typed in yuan, cleaned to fen; a number is shown as it would be typed."""

    default_error_messages = {"invalid": _("Write yuan with at most two decimals: 268 or 268.50.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def prepare_value(self, value: Any) -> Any:
        return format_yuan_plain(value) if isinstance(value, int) else value

    def clean(self, value: Any) -> int:
        text = super().clean(value)
        try:
            fen = parse_yuan(text)
        except ValueError as error:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from error
        if fen > MAX_PRICE_FEN:
            message = _("The most one price can be is %(limit)s.") % {"limit": format_fen(MAX_PRICE_FEN)}
            raise forms.ValidationError(message, code="max_value")
        return fen


class PriceForm(forms.Form):
    """What a shop charges, and how long it takes."""

    labour_fen = YuanField(label=_("Labour"))
    parts_fen = YuanField(label=_("Parts"), help_text=_("0 if none are needed"))
    parts_note = forms.CharField(
        label=_("Parts used"),
        required=False,
        help_text=_("Owners see this: for example 0W-20 full synthetic 4.0 L, filter"),
        validators=[MaxLengthValidator(MAX_NOTE)],
    )
    minutes = forms.IntegerField(
        label=_("Time"),
        required=False,
        min_value=MINUTES[0],
        max_value=MINUTES[-1],
        help_text=_("Empty: the standard time"),
    )

    @classmethod
    def of(cls, offer: Offer, **kwargs: Any) -> PriceForm:
        """The form filled with what the offer says now."""
        names = ("labour_fen", "parts_fen", "parts_note", "minutes")
        return cls(initial={name: getattr(offer, name) for name in names}, **kwargs)

    def price(self) -> Price:
        """What was typed."""
        data = self.cleaned_data
        return Price(data["labour_fen"], data["parts_fen"], data["parts_note"], data["minutes"])


class OfferForm(PriceForm):
    """A new price: for which service and which cars, and how much."""

    service = forms.ModelChoiceField(Service.objects.none(), label=_("Service"), empty_label=_("Choose"))
    scope = forms.ChoiceField(
        label=_("For"), choices=OfferScope.choices, widget=forms.RadioSelect, initial=OfferScope.PRICE_CLASS
    )
    price_class = forms.ChoiceField(label=_("Price class"), choices=[("", _("Choose")), *PriceClass.choices])
    make = forms.ModelChoiceField(Make.objects.none(), label=_("Make"), empty_label=_("Choose"))
    model = forms.ModelChoiceField(CarModel.objects.none(), label=_("Model"), empty_label=_("Choose"))
    variant = forms.ModelChoiceField(Variant.objects.none(), label=_("Variant"), empty_label=_("Choose"))

    def __init__(self, *args: Any, shop: Shop, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        services = Service.objects.listed()
        if shop.kind == ShopKind.ON_SITE:
            services = services.filter(can_be_on_site=True)
        self._offer_choices("service", services, "name")
        self._offer_choices("make", Make.objects.all(), "name")
        self._offer_choices(
            "model", CarModel.objects.select_related("make").order_by("make__name_en", "name_en"), "full_name"
        )
        self._offer_choices("variant", Variant.objects.with_names(), "full_name")

    def _offer_choices(self, name: str, rows: Any, label: str) -> None:
        field = self.fields[name]
        field.queryset = rows  # type: ignore[attr-defined]
        field.label_from_instance = lambda row: getattr(row, label)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Only the choice that goes with the scope counts; the others may be empty or wrong."""
        for name in TARGET_FIELDS:
            if name != self.cleaned_data.get("scope"):
                self.errors.pop(name, None)
        return self.cleaned_data

    def target(self) -> Target:
        """Which cars the price is for; what was chosen for another scope does not count."""
        scope = OfferScope(self.cleaned_data["scope"])
        chosen = {scope.value: self.cleaned_data[scope]} if scope in TARGET_FIELDS else {}
        return Target(scope, **chosen)


class OfferFilterForm(forms.Form):
    """Search and filters of the price list; anything that cannot be understood is left out."""

    q = forms.CharField(label=_("Search"), required=False, max_length=60)
    service = forms.ModelChoiceField(
        Service.objects.none(), label=_("Service"), required=False, to_field_name="key", empty_label=_("All services")
    )
    scope = forms.ChoiceField(label=_("For"), required=False, choices=[("", _("All scopes")), *OfferScope.choices])
    state = forms.ChoiceField(label=_("State"), required=False, choices=[("", _("Offered")), ("retired", _("Retired"))])

    def __init__(self, *args: Any, shop: Shop, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        priced = Service.objects.filter(pk__in=Offer.objects.filter(shop=shop).values("service"))
        self.fields["service"].queryset = priced  # type: ignore[attr-defined]
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"

    def chosen(self) -> dict[str, Any]:
        """What to filter by."""
        self.is_valid()
        return self.cleaned_data


class UploadForm(forms.Form):
    """A price list to look through before it is taken over."""

    file = forms.FileField(label=_("CSV file"), help_text=_("UTF-8 or GB 18030, up to 2 MB and 10,000 lines"))
    retire_missing = forms.BooleanField(
        label=_("Retire prices that are not in the file"),
        required=False,
        help_text=_("Leave this off to change only the prices that the file names"),
    )

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 2 MB."))
        return bytes(file.read())


class ApplyForm(forms.Form):
    """The file that a preview showed, sent back to be taken over."""

    content = forms.CharField(strip=False, max_length=MAX_BYTES, widget=forms.HiddenInput)
    fingerprint = forms.RegexField("^[0-9a-f]{64}$", widget=forms.HiddenInput)
    retire_missing = forms.BooleanField(required=False, widget=forms.HiddenInput)
