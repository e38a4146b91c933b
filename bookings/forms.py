"""The shape of what owners send; nothing here saves. The fields refuse control characters and overlong texts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from accounts.fields import ContactField, PhoneField
from bookings.actions import Contact
from bookings.choices import CancelReason
from bookings.jobs import VisitPlace
from bookings.search import Filters, Sort
from core.errors import InvalidInput
from shops.choices import ShopKind
from shops.models import Shop
from vehicles import plates
from vehicles.models import Car


class SearchForm(forms.Form):
    """How the results are filtered and sorted. What cannot be read counts as not said."""

    kind = forms.ChoiceField(choices=[("", ""), *ShopKind.choices], required=False)
    sort = forms.ChoiceField(choices=Sort.choices, required=False)
    evenings = forms.BooleanField(required=False)
    authorised = forms.BooleanField(required=False)
    pickup = forms.BooleanField(required=False)
    view = forms.ChoiceField(choices=[("list", ""), ("map", "")], required=False)
    more = forms.IntegerField(min_value=1, max_value=50, required=False)

    def value(self, name: str, default: Any = "") -> Any:
        """The cleaned value of a field, `default` where it was left out or cannot be read."""
        self.is_valid()
        return self.cleaned_data.get(name) or default

    def filters(self) -> Filters:
        """What the shops must be or have."""
        return Filters(
            kind=self.value("kind"),
            evenings=bool(self.value("evenings")),
            authorised=bool(self.value("authorised")),
            pickup=bool(self.value("pickup")),
        )


class StartField(forms.CharField):
    """A start as our own pages send it: ISO 8601 with its offset; cleans to UTC."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 40)
        kwargs.setdefault("error_messages", {"required": _("Choose a time.")})
        super().__init__(**kwargs)

    def clean(self, value: Any) -> datetime:
        text = super().clean(value)
        try:
            moment = parse_datetime(text)
            # Years at the edge of the calendar have no UTC.
            return _in_utc(moment)
        except (ValueError, OverflowError):
            raise ValidationError(_("This is not a time. Choose one of the times below."), code="invalid") from None


def _in_utc(moment: datetime | None) -> datetime:
    if moment is None or moment.tzinfo is None or not 2000 <= moment.year <= 2200:
        raise ValueError
    return moment.astimezone(UTC)


class StartForm(forms.Form):
    """A chosen start."""

    starts_at = StartField()


class PlaceForm(forms.Form):
    """Where an on-site team is asked to come. The position may come from the browser or from the search."""

    visit_address = forms.CharField(
        label=_("Where should the team come?"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
        error_messages={"required": _("Say where the team should come: street, number, and where the car stands.")},
    )
    lat = forms.FloatField(min_value=-90, max_value=90, widget=forms.HiddenInput)
    lng = forms.FloatField(min_value=-180, max_value=180, widget=forms.HiddenInput)

    def place(self) -> VisitPlace:
        data = self.cleaned_data
        return VisitPlace(address=data["visit_address"], latitude=data["lat"], longitude=data["lng"])


class PlateField(forms.CharField):
    """A number plate; cleans to its stored form."""

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if not text:
            return text
        try:
            return plates.validate(text)
        except InvalidInput as refusal:
            raise ValidationError(str(refusal.message), code=refusal.code) from refusal


class ConfirmForm(forms.Form):
    """Who brings which car. Visitors say how to reach them (`login`), which also signs them in."""

    car = forms.ChoiceField(label=_("Which car do you bring?"), required=False, widget=forms.RadioSelect)
    plate = PlateField(
        label=_("Number plate"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "placeholder": "沪A·D8K21"}),
        help_text=_("So that the shop knows your car when you arrive."),
    )
    remember_car = forms.BooleanField(label=_("Keep this car in my garage"), required=False, initial=True)
    name = forms.CharField(
        label=_("Name"), required=False, max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    phone = PhoneField(required=False, help_text=_("For calls from the shop about this visit only."))
    note = forms.CharField(
        label=_("Anything the shop should know?"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    login = ContactField(
        help_text=_("We send a six-digit code there. For this visit only, no advertising."),
        error_messages={"required": _("Enter a mobile number or an e-mail address.")},
    )

    def __init__(self, *args: Any, cars: list[Car], signed_in: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if signed_in:
            del self.fields["login"]
        else:
            del self.fields["phone"]
        if cars:
            choices = [(car.public_id, f"{car.variant.short_name} {plates.display(car.plate)}".strip()) for car in cars]
            self.fields["car"].choices = [*choices, ("", _("Another car of this kind"))]  # type: ignore[attr-defined]
        else:
            del self.fields["car"]

    def contact(self) -> Contact:
        """How the shop reaches who brings the car."""
        data = self.cleaned_data
        login = data.get("login")
        phone = data.get("phone") or (login.value if login and login.is_phone else "")
        return Contact(name=data["name"], phone=phone, plate=data["plate"], note=data["note"])


class CancelForm(forms.Form):
    """Why a visit is given up; nobody has to say."""

    REASONS = [choice for choice in CancelReason.choices if choice[0] != CancelReason.SHOP_CANNOT]

    reason = forms.ChoiceField(label=_("Why?"), choices=REASONS, required=False, widget=forms.RadioSelect)


def place_form(shop: Shop, data: Any, *, initial: dict[str, Any] | None = None) -> PlaceForm | None:
    """The form for the address of the visit; None for a shop that one drives to."""
    if not shop.is_on_site:
        return None
    return PlaceForm(data, initial=initial) if data is not None else PlaceForm(initial=initial)
