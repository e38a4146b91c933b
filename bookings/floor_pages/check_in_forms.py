"""What is written down when a car comes. Shape of the input only; nothing is saved here."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bookings.board.forms import OdometerField, PlateField
from bookings.choices import PhotoKind
from bookings.floor.checking_in import WARNING_LIGHTS, WITH_PLUG, WITH_TANK, Sheet
from bookings.models import Booking, CheckIn
from core.photo_fields import MultiplePhotosField
from vehicles import vin as vins

# A fuel gauge is read in eighths; what is kept is the nearest whole percentage.
EIGHTHS = [(0, "0"), (13, "⅛"), (25, "¼"), (38, "⅜"), (50, "½"), (63, "⅝"), (75, "¾"), (88, "⅞"), (100, "1")]
MAX_DASHBOARD_PHOTOS = 4


class VinField(forms.CharField):
    """A VIN as it is read from the car, cleaned to its 17 characters; may be left out."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "class": "vin-input"}
        super().__init__(required=False, max_length=40, widget=forms.TextInput(attrs=attrs), **kwargs)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if not text:
            return ""
        try:
            return vins.validate(text)
        except vins.VinError as error:
            raise ValidationError(str(error.message), code=error.code) from error


class CheckInForm(forms.Form):
    """The car stands in front of the advisor. The board's dialog shows the odometer and the plate only; what it does
    not show keeps its first value."""

    odometer_km = OdometerField()
    odometer_note = forms.CharField(
        label=_("Why this reading is right"),
        required=False,
        max_length=200,
        help_text=_("For example: the instrument cluster was replaced. Somebody else checks it too."),
    )
    fuel_percent = forms.TypedChoiceField(
        label=_("Fuel"), required=False, coerce=int, empty_value=None, choices=EIGHTHS, widget=forms.RadioSelect()
    )
    charge_percent = forms.IntegerField(
        label=_("Charge"),
        required=False,
        min_value=0,
        max_value=100,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off", "maxlength": "3"}),
        error_messages={
            name: _("Enter a percentage between 0 and 100.") for name in ("invalid", "min_value", "max_value")
        },
    )
    warning_lights = forms.MultipleChoiceField(
        label=_("Warning lights that are on"),
        required=False,
        choices=[(key, light.label) for key, light in WARNING_LIGHTS.items()],
        widget=forms.CheckboxSelectMultiple(),
    )
    plate = PlateField(help_text=_("Compare it with the car."))
    vin = VinField(label=_("VIN"), help_text=_("Behind the windscreen or in the door. The record follows it."))
    is_other_car = forms.BooleanField(label=_("The customer brought another car than the booked one"), required=False)
    photos = MultiplePhotosField(
        label=_("Photos of the condition"), required=False, help_text=_("Each side, and every scratch that is there.")
    )
    dashboard_photos = MultiplePhotosField(
        label=_("Photo of the dashboard"),
        required=False,
        max_count=MAX_DASHBOARD_PHOTOS,
        help_text=_("Ignition on: odometer, level and lights."),
    )
    condition = forms.CharField(
        label=_("Scratches and dents"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
    belongings = forms.CharField(
        label=_("Belongings left in the car"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2})
    )
    owner_words = forms.CharField(
        label=_("The owner's words"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("As they said it. The owner reads it."),
    )

    def __init__(self, data: Any, files: Any, *, booking: Booking, row: CheckIn | None = None) -> None:
        super().__init__(data, files, initial=_first_values(booking, row))
        self.is_whole = "sheet" in self.data
        has = booking.variant.powertrain
        for name, kinds in (("fuel_percent", WITH_TANK), ("charge_percent", WITH_PLUG)):
            if has not in kinds:
                del self.fields[name]

    @property
    def asks_for_reason(self) -> bool:
        """Whether the odometer needs a word: it was refused without one, or one was typed."""
        return bool(self["odometer_km"].errors or self["odometer_note"].errors or self["odometer_note"].value())

    @property
    def asks_for_car(self) -> bool:
        """Whether to ask which car it is: the VIN was refused, or the box was ticked."""
        return bool(self["vin"].errors or self["is_other_car"].errors or self["is_other_car"].value())

    @property
    def sheet(self) -> Sheet:
        """What was written down; the short form leaves the rest as it was."""
        data = self.cleaned_data
        short = {name: data[name] for name in ("odometer_km", "odometer_note", "plate")}
        if not self.is_whole:
            return Sheet(**short, owner_words=self.initial["owner_words"])
        kinds = {PhotoKind.CONDITION: data["photos"], PhotoKind.DASHBOARD: data["dashboard_photos"]}
        rest = ("vin", "is_other_car", "warning_lights", "condition", "belongings", "owner_words")
        levels: dict[str, Any] = {name: data.get(name) for name in ("fuel_percent", "charge_percent")}
        return Sheet(**short, **levels, **{name: data[name] for name in rest}, photos=kinds)


def _first_values(booking: Booking, row: CheckIn | None) -> dict[str, Any]:
    """What stands on the sheet before anything is typed: what is on it already, else what the booking says."""
    first = {"plate": booking.plate, "vin": booking.vin, "owner_words": booking.owner_note}
    if row is None:
        return first
    names = ("fuel_percent", "charge_percent", "warning_lights", "condition", "belongings", "owner_words")
    return first | {"odometer_km": booking.odometer_km} | {name: getattr(row, name) for name in names}
