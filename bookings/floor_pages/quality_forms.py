"""The form of the quality check. Shape of the input only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from bookings.floor.quality import CHECKLIST
from bookings.models import Line

OK, WRONG = "ok", "wrong"


class QualityForm(forms.Form):
    """Every point of the checklist answered, a note on what is wrong, and the lines to be done again."""

    note = forms.CharField(
        label=_("What is wrong"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(self, *args: Any, done: Iterable[Line], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, label in CHECKLIST.items():
            self.fields[f"point_{key}"] = forms.ChoiceField(
                label=label,
                choices=[(OK, _("In order")), (WRONG, _("Not in order"))],
                widget=forms.RadioSelect,
                error_messages={"required": _("Answer this point.")},
            )
        self.fields["redo"] = forms.MultipleChoiceField(
            label=_("To be done again"),
            required=False,
            choices=[(line.public_id, line.current.name) for line in done],
            widget=forms.CheckboxSelectMultiple,
        )

    @property
    def points(self) -> list[forms.BoundField]:
        return [self[f"point_{key}"] for key in CHECKLIST]

    @property
    def checklist(self) -> dict[str, bool]:
        """The answers as `quality.check` takes them."""
        return {key: self.cleaned_data[f"point_{key}"] == OK for key in CHECKLIST}
