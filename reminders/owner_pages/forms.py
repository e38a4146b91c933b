"""The shape of what owners say about due items and days; the actions check the sense of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from reminders.actions import MAX_NOTE
from reminders.choices import DismissReason, OwnerDateKind, Source
from reminders.models import DueItem
from vehicles.forms import KilometresField


class DayField(forms.DateField):
    """A local wall date, as the date input of a browser sends it."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        super().__init__(input_formats=["%Y-%m-%d"], widget=widget, **kwargs)


class _ItemForm(forms.Form):
    """About one due item."""

    def __init__(self, *args: Any, item: DueItem, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.item = item


class DoneForm(_ItemForm):
    """When it was done, and what the odometer showed."""

    on = DayField(label=_("When was it done?"))
    odometer_km = KilometresField(
        label=_("Odometer then"),
        required=False,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
        help_text=_("if you know it; the next time is counted from it"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.item.source in (Source.INSURANCE, Source.WARRANTY):  # no work on the car
            del self.fields["odometer_km"]


class DeferForm(_ItemForm):
    """Until when to be left alone with it."""

    until = DayField(label=_("Remind me again on"), help_text=_("within a year"))


class DismissForm(_ItemForm):
    """Why it is not to be done."""

    reason = forms.ChoiceField(
        label=_("Why?"),
        choices=DismissReason,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose a reason.")},
    )
    note = forms.CharField(
        label=_("Note for yourself"),
        max_length=MAX_NOTE,
        required=False,
        error_messages={"max_length": _("At most %(limit_value)d characters.")},
    )


class DatesForm(forms.Form):
    """Days that only the owner knows. Empty takes a day back."""

    insurance = DayField(label=OwnerDateKind.INSURANCE.label, required=False)
    inspection = DayField(
        label=OwnerDateKind.INSPECTION.label, required=False, help_text=_("on the label or in the vehicle licence")
    )
