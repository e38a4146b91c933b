"""The shape of what an owner says in a follow-up. Saves nothing."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from reviews.limits import MAX_CONTACT_TEXT

_YES_NO = (("yes", _("Yes, it was put right")), ("no", _("No, it was not")))


class AnswerForm(forms.Form):
    """Whether it was put right, with words or without."""

    put_right = forms.ChoiceField(
        label=_("Was it put right?"),
        choices=_YES_NO,
        widget=forms.RadioSelect,
        error_messages={"required": _("Say yes or no.")},
    )
    text = forms.CharField(
        label=_("Anything to add?"),
        max_length=MAX_CONTACT_TEXT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    @property
    def is_put_right(self) -> bool:
        return bool(self.cleaned_data["put_right"] == "yes")
