"""Forms of a shop's pages about demand. They check the shape of what was typed; what it means the actions check."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from catalog.models import Offer, Service
from reminders.campaigns import MAX_TEXT, MAX_WEEKS
from shops.models import Shop

_WEEKS = _("Choose between 1 and 8 weeks.")


class CampaignForm(forms.Form):
    """Which cars, and what to say."""

    service = forms.ModelChoiceField(
        queryset=Service.objects.none(), label=_("Service"), to_field_name="key", empty_label=_("Choose a service")
    )
    weeks = forms.IntegerField(
        label=_("Due within how many weeks?"),
        min_value=1,
        max_value=MAX_WEEKS,
        initial=4,
        error_messages={"min_value": _WEEKS, "max_value": _WEEKS, "invalid": _WEEKS},
        help_text=_("Cars overdue for up to three months are included."),
    )
    text = forms.CharField(
        label=pgettext_lazy("campaign", "Your words"),
        required=False,
        max_length=MAX_TEXT,
        error_messages={"max_length": _("At most %(limit_value)d characters.")},
        widget=forms.Textarea(attrs={"rows": 3, "maxlength": MAX_TEXT}),
        help_text=_("One or two sentences. Why the work is due, your price and free times are added by the platform."),
    )

    def __init__(self, *args: Any, shop: Shop, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = Offer.objects.active().filter(shop=shop).values("service")
        field = self.fields["service"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  (declared above)
        field.queryset = Service.objects.filter(pk__in=offered).order_by("position", "pk")
