"""How money was taken at the counter. Shape of the input only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.money import parse_yuan
from payments.choices import ShopMethod
from payments.models import MAX_AMOUNT_FEN

_INVALID = {"invalid_choice": _("Choose one of these ways to pay.")}


class HandOverForm(forms.Form):
    """How what is still due was paid. Cash where nobody says."""

    shop_method = forms.ChoiceField(
        label=_("Paid here by"),
        choices=ShopMethod.choices,
        initial=ShopMethod.CASH,
        required=False,
        widget=forms.RadioSelect,
        error_messages=_INVALID,
    )

    @property
    def method(self) -> ShopMethod:
        return ShopMethod(self.cleaned_data["shop_method"] or ShopMethod.CASH)


class YuanField(forms.CharField):
    """An amount as people type it; cleans to fen."""

    def clean(self, value: Any) -> int:
        text: str = super().clean(value)
        try:
            fen = parse_yuan(text)
        except ValueError:
            fen = 0
        if not 0 < fen <= MAX_AMOUNT_FEN:
            raise ValidationError(_("Enter an amount in yuan, for example 268 or 268.50."), code="invalid")
        return fen


class CounterForm(forms.Form):
    """Money taken before the handover. `due_fen` is what the page said is due."""

    amount = YuanField(
        label=_("Amount, yuan"),
        max_length=20,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        error_messages={"required": _("Enter an amount in yuan, for example 268 or 268.50.")},
    )
    method = forms.ChoiceField(
        label=_("Paid by"), choices=ShopMethod.choices, initial=ShopMethod.CASH, error_messages=_INVALID
    )
    due_fen = forms.IntegerField(min_value=0, max_value=MAX_AMOUNT_FEN, widget=forms.HiddenInput)
