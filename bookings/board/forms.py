"""What staff type on the board. Shape of the input only; nothing is saved here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.fields import PhoneField
from bookings.actions import Wanted
from bookings.board.day import Card
from bookings.board.swaps import Candidate
from bookings.choices import PAUSES, AllocationKind
from bookings.engine.jobs import MAX_SERVICES
from bookings.models import Booking
from catalog.models import Service
from shops.choices import PLACES, ResourceKind
from shops.models import Resource
from vehicles import plates
from vehicles.choices import PriceClass
from vehicles.forms import KilometresField
from vehicles.models import MAX_ODOMETER_KM
from vehicles.record.typed import Fault, TypedKmError

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# Nobody plans further ahead, and nobody looks further back on a board.
MAX_DAYS_AWAY = 400


def is_near(day: dt.date, *, today: dt.date) -> bool:
    """Whether a day is one that the board can show or plan."""
    return abs((day - today).days) <= MAX_DAYS_AWAY


class OdometerField(KilometresField):
    """Kilometres as the odometer shows them; thousands may be separated."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "off", "class": "odometer-input", "data-keypad": ""}
        )
        text = _("Enter what the odometer shows, between 0 and 999,999 km.")
        messages = {"required": text, "invalid": text, "min_value": text, "max_value": text}
        kwargs |= {"min_value": 0, "max_value": MAX_ODOMETER_KM}
        super().__init__(label=_("Odometer"), widget=widget, error_messages=messages, **kwargs)

    def own_words(self, error: TypedKmError) -> str:
        is_plain = error.fault in (Fault.NO_NUMBER, Fault.NEGATIVE)
        return str(self.error_messages["invalid"]) if is_plain else ""


class PlateField(forms.CharField):
    """A number plate, cleaned to how it is stored; empty where the car has none yet."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"})
        super().__init__(label=_("Number plate"), required=False, max_length=20, widget=widget, **kwargs)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if not text:
            return ""
        try:
            return plates.validate(text)
        except plates.PlateError as error:
            raise ValidationError(str(error.message), code=error.code) from error


class OdometerForm(forms.Form):
    """A reading put right after check-in."""

    odometer_km = OdometerField()
    odometer_note = forms.CharField(label=_("Why the reading is changed"), max_length=200)


class CancelForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("The owner sees it. For example: the part did not come.")
    )


def _day_widget() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def _time_widget() -> forms.TimeInput:
    return forms.TimeInput(attrs={"type": "time", "step": "300"}, format="%H:%M")


class DeclineForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("The owner reads it. For example: no lift is free that day.")
    )


class SwapForm(forms.Form):
    """Another visit of the day to change places with."""

    other = forms.ChoiceField(
        label=_("Swap with"),
        widget=forms.RadioSelect(),
        error_messages={"required": _("Choose a visit."), "invalid_choice": _("Choose a visit from the list.")},
    )

    def __init__(self, *args: Any, candidates: Sequence[Candidate], zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.candidates = {one.booking.public_id: one for one in candidates}
        self.fields["other"].choices = [(key, _words_of(one, zone)) for key, one in self.candidates.items()]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> Booking:
        return self.candidates[self.cleaned_data["other"]].booking


def _words_of(one: Candidate, zone: ZoneInfo) -> str:
    booking = one.booking
    who = plates.display(booking.plate) if booking.plate else booking.contact_name or booking.number
    words = f"{booking.starts_at.astimezone(zone):%H:%M} · {who} · {booking.variant.short_name} · {booking.title}"
    return f"{words} — {one.reason.label}" if one.reason else words


# What can be asked for by name: a form's field, the kinds of resource it offers, and what no choice means.
_ANY, _ANYBODY = _("Any that is free"), _("Anybody who is free")
KINDS: dict[str, tuple[tuple[str, ...], StrOrPromise]] = {
    "bay": (PLACES, _ANY),
    "technician": ((ResourceKind.TECHNICIAN,), _ANYBODY),
    "advisor": ((ResourceKind.ADVISOR,), _ANYBODY),
    "loaner": ((ResourceKind.LOANER,), _ANY),
}


class _PlannedForm(forms.Form):
    """A form that chooses among the shop's bays and people and thinks in the shop's wall clock."""

    unchosen: StrOrPromise | None = None

    def __init__(
        self, *args: Any, resources: Iterable[Resource], today: dt.date, zone: ZoneInfo, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.zone = today, zone
        self.resources = {resource.public_id: resource for resource in resources}
        for name, (kinds, anyone) in KINDS.items():
            if name in self.fields:
                rows = [resource for resource in self.resources.values() if resource.kind in kinds]
                empty = self.unchosen or anyone
                self.fields[name].choices = [("", empty), *((r.public_id, r.name) for r in rows)]  # type: ignore[attr-defined]

    def clean_date(self) -> dt.date | None:
        day: dt.date | None = self.cleaned_data.get("date")
        if day is not None and not is_near(day, today=self.today):
            raise ValidationError(_("Choose a day within the next 12 months."))
        return day

    def instant(self, day: str = "date", time: str = "time") -> dt.datetime:
        """The moment that was typed, on the shop's wall clock."""
        return dt.datetime.combine(self.cleaned_data[day], self.cleaned_data[time], tzinfo=self.zone)

    @property
    def wanted(self) -> Wanted:
        """The bay, the technician and whatever else was asked for by name."""
        chosen = {name: self.resources.get(self.cleaned_data.get(name) or "") for name in KINDS}
        ids = {name: resource.pk for name, resource in chosen.items() if resource is not None}
        others = tuple(ids[name] for name in ("advisor", "loaner") if name in ids)
        return Wanted(bay=ids.get("bay"), technician=ids.get("technician"), others=others)


class ReassignForm(_PlannedForm):
    """Another bay or other people for a car that is in the shop: its time stays. Only what the visit claims can be
    chosen; where that is several of a kind, one after the other, nothing is chosen yet."""

    bay = forms.ChoiceField(label=_("Bay"), required=False)
    technician = forms.ChoiceField(label=_("Technician"), required=False)
    advisor = forms.ChoiceField(label=_("Service advisor"), required=False)
    loaner = forms.ChoiceField(label=_("Loaner car"), required=False)

    unchosen: StrOrPromise | None = _("As it is")

    def __init__(self, *args: Any, card: Card, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {"date": card.booking.local_start.date(), "time": card.booking.local_start.time()}
        for name, (kinds, _anyone) in KINDS.items():
            parts = [part for part in card.parts if part.resource.kind in kinds]
            if name in ("advisor", "loaner") and not parts:
                del self.fields[name]
            elif not card.has_parts:
                self.initial[name] = parts[0].resource.public_id if parts else ""
            else:
                chosen = [part.resource.public_id for part in parts if part.claim.is_pinned]
                self.initial[name] = chosen[0] if chosen else ""


class MoveForm(ReassignForm):
    """Another time for a visit that has not begun, and who and where if it matters."""

    date = forms.DateField(label=_("Day"), widget=_day_widget())
    time = forms.TimeField(label=_("Start"), widget=_time_widget())

    unchosen = None
    field_order = ["date", "time", "bay", "technician", "advisor", "loaner"]


class WalkInForm(_PlannedForm):
    """A visit opened at the counter. The car is chosen from what typing finds (`variant`)."""

    class When:
        NOW = "now"
        LATER = "later"

    service = forms.ChoiceField(label=_("Service"))
    also = forms.MultipleChoiceField(
        label=_("More services in the same visit"), required=False, widget=forms.CheckboxSelectMultiple()
    )
    with_loaner = forms.BooleanField(label=_("With a loaner car"), required=False)
    car = forms.CharField(
        label=_("Car or number plate"),
        max_length=80,
        help_text=_("Type a model, or the plate of a car that has been here."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "enterkeyhint": "search"}),
    )
    variant = forms.SlugField(required=False, max_length=120, widget=forms.HiddenInput())
    plate = PlateField()
    name = forms.CharField(label=_("Name"), required=False, max_length=80)
    phone = PhoneField(required=False, label=_("Mobile number"))
    when = forms.ChoiceField(
        label=_("When"), choices=[(When.NOW, _("Now")), (When.LATER, _("At"))], initial=When.NOW, required=False
    )
    date = forms.DateField(label=_("Day"), widget=_day_widget(), required=False)
    time = forms.TimeField(label=_("Start"), widget=_time_widget(), required=False)
    bay = forms.ChoiceField(label=_("Bay"), required=False)
    technician = forms.ChoiceField(label=_("Technician"), required=False)
    note = forms.CharField(label=_("What the customer says"), required=False, max_length=500)

    def __init__(self, *args: Any, services: Iterable[Service], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.services = {service.key: service for service in services}
        for name in ("service", "also"):
            self.fields[name].choices = [(key, service.name) for key, service in self.services.items()]  # type: ignore[attr-defined]
        if not any(resource.kind == ResourceKind.LOANER for resource in self.resources.values()):
            del self.fields["with_loaner"]

    def others(self, first: str, typed: Iterable[str]) -> tuple[Service, ...]:
        """The known services of `typed` (keys) besides the `first`, each once."""
        return tuple(self.services[key] for key in dict.fromkeys(typed) if key in self.services and key != first)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if len(self.others(data.get("service", ""), data.get("also", ()))) >= MAX_SERVICES:
            self.add_error("also", _("Choose six services at most."))
        if data.get("when") == self.When.LATER:
            for name in ("date", "time"):
                if not data.get(name) and name not in self.errors:
                    self.add_error(name, _("Say when the car comes."))
        return data

    def starts_at(self, *, at: dt.datetime) -> dt.datetime:
        """The wanted start; "now" is the running 5 minutes."""
        if self.cleaned_data["when"] == self.When.LATER:
            return self.instant()
        return at.replace(second=0, microsecond=0) - dt.timedelta(minutes=at.minute % 5)


class BlockForm(_PlannedForm):
    """Time in which a bay or a person cannot be planned."""

    resource = forms.ChoiceField(label=_("Who or what"))
    kind = forms.ChoiceField(
        label=_("What it is"),
        choices=[(kind.value, kind.label) for kind in PAUSES],
        initial=AllocationKind.BLOCK,
    )
    date = forms.DateField(label=_("Day"), widget=_day_widget())
    time = forms.TimeField(label=_("From"), widget=_time_widget())
    until_date = forms.DateField(label=_("Last day"), widget=_day_widget(), required=False)
    until = forms.TimeField(label=_("Until"), widget=_time_widget())
    reason = forms.CharField(label=_("Reason"), required=False, max_length=120)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["resource"].choices = [(r.public_id, r.name) for r in self.resources.values()]  # type: ignore[attr-defined]

    def clean_until_date(self) -> dt.date | None:
        day: dt.date | None = self.cleaned_data.get("until_date")
        if day is not None and not is_near(day, today=self.today):
            raise ValidationError(_("Choose a day within the next 12 months."))
        return day

    @property
    def chosen(self) -> Resource:
        return self.resources[self.cleaned_data["resource"]]

    @property
    def span(self) -> tuple[dt.datetime, dt.datetime]:
        """Start and end on the shop's wall clock."""
        last = self.cleaned_data.get("until_date") or self.cleaned_data["date"]
        return self.instant(), dt.datetime.combine(last, self.cleaned_data["until"], tzinfo=self.zone)


class ExplainForm(forms.Form):
    """A start to be explained: which work, on what car, when."""

    service = forms.MultipleChoiceField(label=_("Service"), widget=forms.CheckboxSelectMultiple())
    price_class = forms.ChoiceField(label=_("Car"), choices=PriceClass, initial=PriceClass.ECONOMY)
    variant = forms.SlugField(required=False, max_length=120, widget=forms.HiddenInput())
    date = forms.DateField(label=_("Day"), widget=_day_widget())
    time = forms.TimeField(label=_("Start"), widget=_time_widget())

    unknown_car = _("There is no such car. Choose a class.")

    def __init__(self, *args: Any, services: Iterable[Service], today: dt.date, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today, self.zone = today, zone
        self.services = {service.key: service for service in services}
        self.fields["service"].choices = [(key, service.name) for key, service in self.services.items()]  # type: ignore[attr-defined]
        self.fields["price_class"].required = not self.data.get("variant")

    def clean_service(self) -> list[str]:
        keys = list(dict.fromkeys(self.cleaned_data["service"]))
        if len(keys) > MAX_SERVICES:
            raise ValidationError(_("Choose six services at most."))
        return keys

    def clean_date(self) -> dt.date:
        day: dt.date = self.cleaned_data["date"]
        if not is_near(day, today=self.today):
            raise ValidationError(_("Choose a day within the next 12 months."))
        return day

    @property
    def chosen(self) -> list[Service]:
        return [self.services[key] for key in self.cleaned_data["service"]]

    def instant(self) -> dt.datetime:
        """The moment that was typed, on the shop's wall clock."""
        return dt.datetime.combine(self.cleaned_data["date"], self.cleaned_data["time"], tzinfo=self.zone)
