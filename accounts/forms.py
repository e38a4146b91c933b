"""The shape of what people type about themselves; nothing here saves."""

import unicodedata

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts import codes
from accounts.choices import Theme
from accounts.fields import ContactField


class ContactForm(forms.Form):
    """One field for everybody: nobody has to know whether they have an account."""

    login = ContactField()


class CodeForm(forms.Form):
    """The six digits, also as pasted from a message: full-width, with spaces or a dash."""

    code = forms.CharField(
        label=_("Six-digit code"),
        max_length=20,
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "pattern": "[0-9 ]*", "autofocus": True}
        ),
    )

    def clean_code(self) -> str:
        code = "".join(unicodedata.normalize("NFKC", self.cleaned_data["code"]).split()).replace("-", "")
        if len(code) != codes.LENGTH or not (code.isascii() and code.isdigit()):
            raise forms.ValidationError(_("The code has six digits."), code="wrong_shape")
        return code


class NameForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=80,
        required=False,
        help_text=_("How a shop may address you."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(label=_("Appearance"), choices=Theme)
