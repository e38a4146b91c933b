"""What staff type in the lists. Shape of the input only; nothing is saved here."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bookings.floor_lists.parts import MAX_DAYS_AHEAD


class ExpectedForm(forms.Form):
    """The day on which parts come; empty where nobody knows."""

    parts_expected_on = forms.DateField(
        label=_("Parts expected on"),
        required=False,
        help_text=_("Leave it empty if nobody knows yet."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": _("Enter a day.")},
    )

    def __init__(self, *args: Any, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["parts_expected_on"].widget.attrs["min"] = today.isoformat()

    def clean_parts_expected_on(self) -> dt.date | None:
        day: dt.date | None = self.cleaned_data["parts_expected_on"]
        if day is not None and (day - self.today).days > MAX_DAYS_AHEAD:
            raise ValidationError(_("That is too far away."))
        return day
