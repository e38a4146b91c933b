"""Form fields of the sign-in."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.contacts import MAX_LENGTH, Contact, ContactError, parse_login


class ContactField(forms.CharField):
    """Mobile number or e-mail address; cleans to a `Contact`."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Mobile number or e-mail"))
        kwargs.setdefault("max_length", MAX_LENGTH)
        kwargs.setdefault(
            "widget",
            forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
        )
        super().__init__(**kwargs)

    def clean(self, value: Any) -> Contact | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return parse_login(text)
        except ContactError as error:
            raise ValidationError(str(error.message), code=error.code) from error


class PhoneField(forms.CharField):
    """A mobile number; cleans to E.164."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Mobile number"))
        kwargs.setdefault("max_length", 40)
        kwargs.setdefault("widget", forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}))
        super().__init__(**kwargs)

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if not text:
            return text
        try:
            contact = parse_login(text)
        except ContactError as error:
            raise ValidationError(str(error.message), code=error.code) from error
        if not contact.is_phone:
            raise ValidationError(_("Enter a mobile number."), code="not_a_phone")
        return contact.value
