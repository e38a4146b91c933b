"""The shape of what owners type about their cars; the actions check the sense of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.errors import Refusal
from vehicles import plates
from vehicles.actions import CarDetails, UnlikelyReadingError
from vehicles.choices import PLUG_INS
from vehicles.models import Car
from vehicles.querysets import MAX_SEARCH_LENGTH
from vehicles.record.typed import TypedKmError, kilometres
from vehicles.typed_words import typed_words

_VIN_ATTRIBUTES = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}


class ChoiceForm(forms.Form):
    """The variant that was picked in the finder, and the VIN it was found by, if it was."""

    variant = forms.SlugField(max_length=120)
    vin = forms.CharField(max_length=40, required=False)


class KilometresField(forms.IntegerField):
    """A whole number of kilometres that an odometer can show; "58,240 km" is understood, miles are not. `last_km`: the
    reading before, where the form knows it."""

    last_km: int | None = None

    def to_python(self, value: Any) -> int | None:
        if not isinstance(value, str) or not value.strip():
            return super().to_python(value)
        try:
            return kilometres(value, last_km=self.last_km)
        except TypedKmError as error:
            text = self.own_words(error) or typed_words(error)
            raise ValidationError(text, code=error.fault) from None

    def own_words(self, error: TypedKmError) -> str:  # noqa: ARG002
        """What a field says in words of its own; empty: what all say."""
        return ""


class NameForm(forms.Form):
    """A car by what it is called."""

    q = forms.CharField(label=_("Model or engine"), max_length=MAX_SEARCH_LENGTH)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["q"].widget.attrs |= {"type": "search", "autocomplete": "off", "enterkeyhint": "search"}


class VinForm(forms.Form):
    """A car by its VIN."""

    vin = forms.CharField(label=_("VIN"), max_length=40)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["vin"].widget.attrs |= _VIN_ATTRIBUTES


class CarForm(forms.Form):
    """What an owner says about a car. Everything is optional: a variant is enough to compare prices."""

    plate = forms.CharField(label=_("Number plate"), max_length=20, required=False)
    model_year = forms.IntegerField(label=_("Model year"), required=False)
    delivered_on = forms.DateField(
        label=_("First registration"),
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("on the vehicle licence; what is due is counted from this day"),
    )
    vin = forms.CharField(
        label=_("VIN"),
        max_length=40,
        required=False,
        help_text=_("17 characters, on the vehicle licence or behind the windscreen"),
    )
    nickname = forms.CharField(label=_("Nickname"), max_length=40, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["plate"].widget.attrs |= {"placeholder": "沪A·D8K21", "autocomplete": "off"}
        self.fields["vin"].widget.attrs |= {
            "autocomplete": "off",
            "autocapitalize": "characters",
            "spellcheck": "false",
        }
        self.fields["model_year"].widget.attrs |= {"inputmode": "numeric", "placeholder": "2021"}

    @staticmethod
    def initial_of(car: Car) -> dict[str, Any]:
        """What the form shows for a car of the garage."""
        return {
            "plate": plates.display(car.plate),
            "model_year": car.model_year,
            "delivered_on": car.delivered_on,
            "vin": car.vin,
            "nickname": car.nickname,
        }

    def details(self) -> CarDetails:
        """What was typed, for the actions. Only after `is_valid`."""
        names = ("plate", "model_year", "delivered_on", "vin", "nickname")
        return CarDetails(**{name: self.cleaned_data[name] for name in names})


class NewCarForm(CarForm):
    """A car's details and its first odometer reading."""

    odometer_km = KilometresField(label=_("Odometer"), required=False)

    field_order = ("plate", "odometer_km", "model_year", "delivered_on", "vin", "nickname")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["odometer_km"].widget = forms.TextInput({"inputmode": "numeric", "placeholder": "58,240"})


class OdometerForm(forms.Form):
    """One reading; `is_correction` is offered once a reading was refused as unlikely (`may_correct`). Plug-ins are
    asked for their combustion kilometres too."""

    is_unlikely = False

    odometer_km = KilometresField(
        label=_("Odometer"), widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"})
    )
    engine_km = KilometresField(
        label=_("Driven by the engine"),
        required=False,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
        help_text=_("the combustion kilometres on the car's display; the oil is counted on them"),
    )
    is_correction = forms.BooleanField(
        label=_("I have looked again: this reading is right, the last one was wrong"), required=False
    )

    def __init__(self, *args: Any, car: Car, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        odometer = self.fields["odometer_km"]
        assert isinstance(odometer, KilometresField)  # noqa: S101  (tells the type checker)
        odometer.last_km = car.odometer_km
        if car.variant.powertrain not in PLUG_INS:
            del self.fields["engine_km"]

    def refused(self, refusal: Refusal) -> None:
        """Show why the reading was not taken, beside its field."""
        self.is_unlikely = isinstance(refusal, UnlikelyReadingError)
        self.add_error(refusal.field if refusal.field in self.fields else None, str(refusal.message))

    @property
    def may_correct(self) -> bool:
        """Whether the reading may be right all the same: it was refused as unlikely, or its owner has just said so."""
        return self.is_unlikely or bool(self["is_correction"].value())
