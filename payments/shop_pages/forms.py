"""Forms of a shop's money pages. They check the shape of what was typed; what it means is checked by the actions."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.offer_forms import YuanField
from payments.choices import ProviderKey
from payments.payout_accounts import CHANNELS
from payments.providers import registry


class AccountForm(forms.Form):
    """The account that the shop's money goes to."""

    channel = forms.ChoiceField(label=_("Through"), widget=forms.RadioSelect)
    holder = forms.CharField(
        label=_("Account holder"), max_length=120, help_text=_("as the bank writes it: the company, or the person")
    )
    bank = forms.CharField(
        label=_("Bank and branch"), max_length=120, required=False, help_text=_("for a bank transfer")
    )
    number = forms.CharField(
        label=_("Account number"),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        present = {provider.key for provider in registry.online()}
        offered = [key for key in CHANNELS if key == ProviderKey.BANK or key in present]
        channel = self.fields["channel"]
        channel.choices = [(key.value, key.label) for key in offered]  # type: ignore[attr-defined]
        channel.initial = ProviderKey.BANK


class GiveBackForm(forms.Form):
    """How much of a line goes back to the owner, and why."""

    amount = YuanField(label=_("Amount"))
    note = forms.CharField(label=_("Why"), max_length=200, help_text=_("the owner and the platform can read it"))


class FilterForm(forms.Form):
    """What of a statement is shown."""

    q = forms.CharField(required=False, max_length=80, strip=True)
    tab = forms.CharField(required=False, max_length=20)
    page = forms.CharField(required=False, max_length=10)
