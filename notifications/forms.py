"""Where somebody wants to read about their visits. Shape only; never saves."""

from django import forms
from django.utils.translation import gettext_lazy as _

from notifications.choices import MessageChannels


class PreferenceForm(forms.Form):
    channels = forms.ChoiceField(
        choices=MessageChannels.choices, label=_("How shall we write to you?"), widget=forms.RadioSelect
    )
