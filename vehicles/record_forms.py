"""The shape of what owners type about a health record; the actions check the sense of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.ids import new_public_id
from core.money import format_yuan_plain, parse_yuan
from core.photo_fields import MultiplePhotosField, PhotoField
from vehicles.choices import RecordPart
from vehicles.forms import KilometresField
from vehicles.record import known_items, known_shops
from vehicles.record.actions import OwnEntry
from vehicles.record.known_items import KnownItem
from vehicles.record.known_shops import KnownShop
from vehicles.record.reading import Event

MAX_RECEIPTS = 4
LINK_DAYS = (3, 7, 30, 90)
GRANT_DAYS = (7, 30, 90, 365)


def _days(*choices: int) -> list[tuple[int, str]]:
    return [(days, ngettext("%(count)d day", "%(count)d days", days) % {"count": days}) for days in choices]


class YuanField(forms.CharField):
    """An amount of yuan as people write it; the cleaned value is fen, None if empty."""

    default_error_messages = {"invalid": _("Write an amount like 268 or 268.50.")}

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        if not typed:
            return None
        try:
            return parse_yuan(typed)
        except ValueError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class OwnEntryForm(forms.Form):
    """What was done to the car before it came here, or elsewhere."""

    key = forms.SlugField(max_length=32, required=False, widget=forms.HiddenInput)
    occurred_on = forms.DateField(
        label=_("Date"),
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    odometer_km = KilometresField(
        label=_("Odometer"), required=False, widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"})
    )
    services = forms.MultipleChoiceField(label=_("What was done"), required=False, widget=forms.CheckboxSelectMultiple)
    other = forms.CharField(label=_("Something else, in your words"), max_length=120, required=False)
    shop_name = forms.CharField(label=_("Shop"), max_length=80, required=False)
    price = YuanField(label=_("Price"), max_length=20, required=False)
    note = forms.CharField(
        label=_("Note"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}), strip=True
    )
    receipts = MultiplePhotosField(label=_("Receipts"), required=False, max_count=MAX_RECEIPTS)

    def __init__(self, *args: Any, powertrain: str, with_receipts: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        said_before = self.initial.get("services", ())
        self._items = {
            item.key: item for item in known_items.known() if item.suits(powertrain) or item.key in said_before
        }
        services = self.fields["services"]
        assert isinstance(services, forms.MultipleChoiceField)  # noqa: S101  (tells the type checker)
        services.choices = [(item.key, item.name) for item in self._items.values()]
        self.fields["price"].widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}
        self.initial.setdefault("key", new_public_id())
        if not self._items:
            del self.fields["services"]
        if not with_receipts:
            del self.fields["receipts"]

    def clean(self) -> dict[str, Any]:
        """Something must have been done; said beside the field where it can be said."""
        data = super().clean() or {}
        if not data.get("services") and not (data.get("other") or "").strip() and "other" not in self.errors:
            self.add_error("other", _("Say what was done."))
        return data

    def own_entry(self, photo_hashes: tuple[str, ...] = ()) -> OwnEntry:
        """What was typed, for the actions. Only after `is_valid`."""
        data = self.cleaned_data
        items = [self._items[key] for key in data.get("services", [])]
        if other := data["other"].strip():
            items.append(KnownItem(key="", name_zh=other, name_en=other))
        return OwnEntry(
            occurred_on=data["occurred_on"],
            odometer_km=data["odometer_km"],
            items=tuple(items),
            shop_name=data["shop_name"].strip(),
            total_fen=data["price"],
            note=data["note"],
            photo_hashes=photo_hashes,
        )

    @staticmethod
    def initial_of(event: Event) -> dict[str, Any]:
        """What the form shows for an entry that is to be corrected."""
        items = event.facts["items"]
        return {
            "occurred_on": event.occurred_on,
            "odometer_km": event.odometer_km,
            "services": [item["service"] for item in items if item["service"]],
            "other": ", ".join(item["name_zh"] for item in items if not item["service"]),
            "price": "" if event.total_fen is None else format_yuan_plain(event.total_fen),
            "note": event.note,
        }


class DocumentForm(forms.Form):
    """A photo of a paper."""

    title = forms.CharField(label=_("Title"), max_length=80, required=False)
    photo = PhotoField(label=_("Photo"))


class ShopSearchForm(forms.Form):
    """A shop by its name."""

    q = forms.CharField(label=_("Shop"), max_length=60)


class GrantForm(forms.Form):
    """Which shop may read what, and for how long."""

    shop = forms.ChoiceField(
        label=_("Shop"), widget=forms.RadioSelect, error_messages={"required": _("Choose the shop.")}
    )
    parts = forms.MultipleChoiceField(
        label=_("It may read"),
        choices=RecordPart.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose what the shop may read.")},
    )
    days = forms.TypedChoiceField(label=_("It may read for"), coerce=int, initial=30)

    def __init__(self, *args: Any, shops: list[KnownShop], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shops = {shop.key: shop for shop in shops}
        for name, choices in (("shop", [(shop.key, shop.name) for shop in shops]), ("days", _days(*GRANT_DAYS))):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101  (tells the type checker)
            field.choices = choices

    @property
    def chosen_shop(self) -> KnownShop:
        return self._shops[self.cleaned_data["shop"]]

    def until(self, at: datetime) -> datetime:
        return at + timedelta(days=self.cleaned_data["days"])


class LinkForm(forms.Form):
    """How long a buyer's link opens."""

    days = forms.TypedChoiceField(label=_("The link opens for"), coerce=int, initial=7)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["days"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  (tells the type checker)
        field.choices = _days(*LINK_DAYS)

    def until(self, at: datetime) -> datetime:
        return at + timedelta(days=self.cleaned_data["days"])


class CodeForm(forms.Form):
    """The code of a car that is handed over."""

    code = forms.CharField(label=_("Code"), max_length=80)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


def shops_to_choose(query: str, *, visited: set[str], chosen: str = "") -> list[KnownShop]:
    """Shops named like `query`; without one, those that the car has been to; and the one that was chosen already."""
    if query:
        found = known_shops.find(known_shops.Query(text=query))
    else:
        found = known_shops.find(known_shops.Query(slugs=sorted(visited))) if visited else []
    if chosen and chosen not in {shop.key for shop in found}:
        found = [*found, *known_shops.find(known_shops.Query(keys=[chosen]))]
    return found
