"""What an owner chooses before paying. Shape of input only."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.money import format_fen
from payments.models import Order
from payments.paying_pages import reading


class PayForm(forms.Form):
    """How much (where there is a choice) and through whom."""

    amount = forms.ChoiceField(
        label=_("How much now?"),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose how much you want to pay now."),
            "invalid_choice": _("This amount is not offered any more. Choose again."),
        },
    )
    provider = forms.ChoiceField(
        label=_("How do you want to pay?"),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose how you want to pay."),
            "invalid_choice": _("This way of paying is not offered."),
        },
    )

    def __init__(self, *args: Any, order: Order, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.order = order
        ways, deposit_fen = reading.ways(), reading.deposit_left_fen(order)
        self.fields["provider"].choices = [(way.key, way.label) for way in ways]  # type: ignore[attr-defined]
        self.fields["provider"].initial = ways[0].key if ways else ""
        if not deposit_fen or deposit_fen == order.due_fen:
            del self.fields["amount"]
            return
        self.fields["amount"].choices = [  # type: ignore[attr-defined]
            (reading.DEPOSIT, _("The deposit, %(amount)s") % {"amount": format_fen(deposit_fen)}),
            (reading.ALL, _("Everything, %(amount)s") % {"amount": format_fen(order.due_fen)}),
        ]
        self.fields["amount"].initial = reading.DEPOSIT

    @property
    def choice(self) -> str:
        """Which amount was chosen; the deposit where it is all that is due and nobody had to choose."""
        return self.cleaned_data.get("amount") or reading.DEPOSIT


class CouponForm(forms.Form):
    """The code of a coupon, as people type it."""

    code = forms.CharField(
        label=_("Coupon code"),
        max_length=40,
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false"}),
        error_messages={"required": _("Enter the code.")},
    )
