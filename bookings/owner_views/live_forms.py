"""What an owner sends from the page of a visit in the shop. Shape only: the actions check what it means."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from bookings.choices import Decision
from bookings.floor.deciding import Choice
from bookings.floor.lines import MAX_LINES
from bookings.floor.messages import MAX_LENGTH
from core.photo_fields import MultiplePhotosField
from vehicles.models import MAX_ODOMETER_KM

MESSAGE_PHOTOS = 3
ALL = "approve_all"
_REF = re.compile(r"([\w-]{1,32})\.([0-9]{1,5})", re.ASCII)


class DecisionForm(forms.Form):
    """The owner's word on some lines, each named with the version that was shown: `<id>.<version>`.

    `line` are those that were chosen, `every` all that were shown for "approve all".
    """

    decision = forms.ChoiceField(choices=[*Decision.choices, (ALL, ALL)])
    defer_until = forms.DateField(required=False, label=_("Remind me on"))
    defer_km = forms.IntegerField(
        required=False, min_value=1, max_value=MAX_ODOMETER_KM, label=_("or at this odometer reading")
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        name = "every" if cleaned.get("decision") == ALL else "line"
        assert isinstance(self.data, QueryDict)  # noqa: S101  (for the type checker)
        refs = list(dict.fromkeys(self.data.getlist(name)))[: MAX_LINES + 1]
        matches = [_REF.fullmatch(ref) for ref in refs]
        if not refs:
            self.add_error(None, _("Choose what to do with at least one line."))
        elif len(refs) > MAX_LINES or not all(matches):
            self.add_error(None, _("This form cannot be read. Nothing was decided: look at the lines again."))
        cleaned["lines"] = [(match[1], int(match[2])) for match in matches if match]
        return cleaned

    def choices(self) -> list[Choice]:
        """One choice for each line. Only a deferred line carries a reminder: its fields stand in every card."""
        said = self.cleaned_data["decision"]
        decision = Decision.APPROVE if said == ALL else Decision(said)
        day, km = self.cleaned_data.get("defer_until"), self.cleaned_data.get("defer_km")
        reminder = {"defer_until": day, "defer_km": km} if decision == Decision.DEFER else {}
        return [Choice(line, version, decision, **reminder) for line, version in self.cleaned_data["lines"]]


class MessageForm(forms.Form):
    """Something to say to the shop, with photos or without words."""

    text = forms.CharField(
        max_length=MAX_LENGTH,
        required=False,
        strip=True,
        label=_("Message to the shop"),
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off"}),
    )
    photos = MultiplePhotosField(max_count=MESSAGE_PHOTOS, required=False, label=_("Photos"))
