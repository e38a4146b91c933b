"""Where somebody wants to read about their visits. Shape only; never saves."""

from django import forms
from django.utils.translation import gettext_lazy as _

from notifications.choices import Channel


class PreferenceForm(forms.Form):
    channels = forms.ChoiceField(
        choices=[(Channel.SMS, _("By SMS")), (Channel.EMAIL, _("By e-mail")), ("both", _("Both"))],
        label=_("How shall we write to you?"),
        widget=forms.RadioSelect,
    )
