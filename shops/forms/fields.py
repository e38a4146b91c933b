"""Fields that staff fill in often, read generously."""

from __future__ import annotations

import re
import unicodedata
from datetime import time
from typing import Any

import phonenumbers
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

HOME_REGION = "CN"
_TIME = re.compile(r"(\d{1,2})(?:[:.]?(\d{2}))?")


class WallTimeField(forms.CharField):
    """A time of day on a 24-hour clock: `9`, `9:30`, `0930`, `９：３０`; cleans to a `time` or None."""

    def __init__(self, **kwargs: Any) -> None:
        attrs = {"inputmode": "numeric", "placeholder": "–", "autocomplete": "off", "maxlength": "5"}
        kwargs.setdefault("widget", forms.TextInput(attrs=attrs))
        super().__init__(**{"required": False, "max_length": 10, **kwargs})

    def clean(self, value: Any) -> time | None:
        text = unicodedata.normalize("NFKC", super().clean(value)).strip()
        if not text:
            return None
        match = _TIME.fullmatch(text)
        hour, minute = (int(match[1]), int(match[2] or 0)) if match else (99, 0)
        if (hour, minute) == (24, 0):
            raise ValidationError(_("A day ends at 23:59. Enter 23:59."), code="midnight")
        if hour > 23 or minute > 59:
            raise ValidationError(_("Enter a time like 09:00 or 18:30."), code="invalid")
        return time(hour, minute)

    def prepare_value(self, value: Any) -> Any:
        return f"{value:%H:%M}" if isinstance(value, time) else value


class ShopPhoneField(forms.CharField):
    """A shop's telephone, landlines and 400 numbers too; cleans to E.164. A number without country code is Chinese."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("widget", forms.TextInput(attrs={"type": "tel", "autocomplete": "off"}))
        super().__init__(**{"required": False, "max_length": 30, "label": _("Telephone"), **kwargs})

    def clean(self, value: Any) -> str:
        text = unicodedata.normalize("NFKC", super().clean(value)).strip()
        if not text:
            return ""
        try:
            number = phonenumbers.parse(text, HOME_REGION)
        except phonenumbers.NumberParseException:
            number = None
        if number is None or not phonenumbers.is_valid_number(number):
            raise ValidationError(_("This telephone number does not exist. Example: 021 5436 0218"), code="invalid")
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    def prepare_value(self, value: Any) -> Any:
        try:
            number = phonenumbers.parse(value or "")
        except phonenumbers.NumberParseException:
            return value
        form = phonenumbers.PhoneNumberFormat
        is_home = phonenumbers.region_code_for_number(number) == HOME_REGION
        return phonenumbers.format_number(number, form.NATIONAL if is_home else form.INTERNATIONAL)
