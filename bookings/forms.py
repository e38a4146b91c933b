"""The shape of what owners send; nothing here saves. The fields refuse control characters and overlong texts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from accounts.fields import ContactField, PhoneField
from bookings import origins
from bookings.actions import Contact
from bookings.choices import CancelReason, Handover
from bookings.engine.jobs import VisitPlace
from bookings.engine.search import Filters, Point, Sort
from bookings.floor import warranty
from bookings.models import Line
from bookings.origins import MAX_TEXT
from core import day_words
from core.errors import InvalidInput
from shops.choices import ShopKind
from shops.models import Place, Shop
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


class VisitForm(forms.Form):
    """How car and shop come together: who brings it, where to, and whether a loaner car is wanted.

    The point is that of a name that people know, or coordinates. `showing` the times, nothing has to be there yet; to
    hold one, point and address are needed where somebody comes.
    """

    handover = forms.ChoiceField(
        label=_("How does the car get there?"),
        choices=[(Handover.DROP_OFF, _("I bring the car")), (Handover.PICK_UP, _("A driver fetches it"))],
        widget=forms.RadioSelect,
        error_messages={"invalid_choice": _("Choose one of the two ways.")},
    )
    loaner = forms.BooleanField(label=_("I need a loaner car meanwhile"), required=False)
    near = forms.CharField(
        label=_("District, station or area"),
        max_length=MAX_TEXT,
        error_messages={"required": _("Say roughly where: a district, an area or a metro station.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "list": "places", "data-locate-clears": True}),
        help_text=_("The way is measured from there, so the times depend on it."),
    )
    visit_address = forms.CharField(
        label=_("Street, number, and where the car stands"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "street-address"}),
        error_messages={"required": _("Say where the driver should come: street, number, and where the car stands.")},
    )

    def __init__(self, *args: Any, shop: Shop, showing: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shop, self.showing = shop, showing
        self.point: Point | None = None
        self.named: Place | None = None
        if shop.is_on_site:
            del self.fields["handover"]
            words = _("Say where the team should come: street, number, and where the car stands.")
            self.fields["visit_address"].error_messages["required"] = words

    @property
    def somebody_comes(self) -> bool:
        """Whether the visit begins at the customer's place. Valid after `is_valid()`, as all that follows."""
        return self.shop.is_on_site or self.cleaned_data.get("handover") == Handover.PICK_UP

    @property
    def wants_loaner(self) -> bool:
        return bool(self.cleaned_data.get("loaner"))

    def clean_handover(self) -> str:
        handover = self.cleaned_data["handover"]
        if handover == Handover.PICK_UP and not self.shop.pickup_radius_km:
            raise ValidationError(_("This shop does not fetch cars."), code="invalid")
        return str(handover)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not self.somebody_comes or self.showing:
            self._forgive("near")
            self._forgive("visit_address")
        if self.somebody_comes and (near := data.get("near", "")):
            self._find(near)
        return data

    def _forgive(self, name: str) -> None:
        """What nobody needs now may be missing."""
        if self.has_error(name, "required"):
            del self.errors[name]

    def _find(self, near: str) -> None:
        self.point = origins.parse_coordinates(near)
        if self.point is None and (place := origins.find_place(near)):
            self.named, self.point = place, Point(place.latitude, place.longitude)
        if self.point is None:
            self.add_error("near", _("We do not know this place. Try a district or a metro station."))

    def place(self) -> VisitPlace | None:
        """Where somebody comes, as far as it is known; None where nobody does."""
        if self.point is None or not self.somebody_comes:
            return None
        return VisitPlace(self.cleaned_data.get("visit_address") or "", self.point.latitude, self.point.longitude)


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

    pay = forms.ChoiceField(
        label=_("When do you pay?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose when you want to pay.")},
    )

    def __init__(
        self, *args: Any, cars: list[Car], signed_in: bool, pay: Sequence[tuple[str, str]] = (), **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if pay:
            self.fields["pay"].choices, self.fields["pay"].initial = pay, pay[0][0]  # type: ignore[attr-defined]
        else:
            del self.fields["pay"]
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
    """Why a visit is given up (nobody has to say), and the fee that was shown before."""

    REASONS = [choice for choice in CancelReason.choices if choice[0] != CancelReason.SHOP_CANNOT]

    reason = forms.ChoiceField(label=_("Why?"), choices=REASONS, required=False, widget=forms.RadioSelect)
    # Whoever was not told of a fee has agreed to none.
    fee_fen = forms.IntegerField(min_value=0, max_value=10**9, required=False, widget=forms.HiddenInput)


class ComebackForm(forms.Form):
    """With which lines (public ids) of those that are under warranty something is wrong again: `ticked`, unless the
    owner chooses others; and in what way, if they want to say."""

    lines = forms.MultipleChoiceField(
        label=_("What has to be put right?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Choose what has to be put right."),
            "invalid_choice": _("This is not under warranty any more. Choose again."),
        },
    )
    words = forms.CharField(
        label=_("What is wrong again?"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, lines: Sequence[Line], ticked: Sequence[Line], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.covered, self.ticked = lines, ticked
        field = self.fields["lines"]
        field.choices = [(line.public_id, warranty.in_words(line)) for line in lines]  # type: ignore[attr-defined]
        field.initial = [line.public_id for line in ticked]

    @property
    def takes_all(self) -> bool:
        """Whether one visit can put everything right that is under warranty."""
        return len(self.ticked) == len(self.covered)

    def chosen(self) -> list[Line]:
        """The lines that were ticked."""
        return [line for line in self.covered if line.public_id in self.cleaned_data["lines"]]


class WaitingForm(forms.Form):
    """From which day to which day a time would suit. Days are the shop's."""

    not_before = forms.DateField(
        label=_("Not before"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": _("Choose a day."), "invalid": _("This is not a date.")},
    )
    not_after = forms.DateField(
        label=_("At the latest on"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": _("Choose a day."), "invalid": _("This is not a date.")},
    )

    def __init__(self, *args: Any, shop: Shop, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.shop, self.today = shop, today
        self.last = today + timedelta(days=shop.booking_window_days)
        for field in self.fields.values():
            field.widget.attrs |= {"min": today.isoformat(), "max": self.last.isoformat()}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        for name in ("not_before", "not_after"):
            self._check_day(name, data.get(name))
        first, last = data.get("not_before"), data.get("not_after")
        if first and last and last < first:
            self.add_error("not_after", _("The last day lies before the first."))
        return data

    def _check_day(self, name: str, day: date | None) -> None:
        if day is not None and day < self.today:
            self.add_error(name, _("That day has passed."))
        elif day is not None and day > self.last:
            words = _("The shop takes bookings until %(day)s.") % {"day": day_words.weekday_day_month(self.last)}
            self.add_error(name, words)

    def window(self) -> tuple[datetime, datetime]:
        """The days as instants: from their first midnight to the last one's end."""
        first, last = self.cleaned_data["not_before"], self.cleaned_data["not_after"]
        return self._midnight(first), self._midnight(last + timedelta(days=1))

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=self.shop.zone).astimezone(UTC)
