"""The rules for booking, in the sections of the page."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shops import staffing
from shops.models import Shop
from shops.rule_examples import examples

MAX_LEAD_MINUTES = 14 * 24 * 60
_MINUTES, _DAYS = _("minutes"), _("days")


@dataclass(frozen=True)
class Section:
    """Rules that belong together: what they mean for a customer, the fields with their units, examples."""

    key: str
    title: str | Promise
    meaning: str | Promise
    fields: list[tuple[BoundField, str | Promise]]
    examples: list[str]


_SECTIONS: list[tuple[str, Any, Any, list[tuple[str, Any]]]] = [
    (
        "start",
        _("When visits start"),
        _("These rules decide which times customers see."),
        [
            ("lead_time_minutes", _MINUTES),
            ("booking_window_days", _DAYS),
            ("slot_step_minutes", ""),
            ("last_start_minutes", _MINUTES),
            ("holiday_policy", ""),
            ("works_makeup_days", ""),
        ],
    ),
    (
        "bays",
        _("Bays and time around a visit"),
        _("Time that you need besides the work is kept free, so that the next customer does not wait."),
        [
            ("setup_minutes", _MINUTES),
            ("turnaround_minutes", _MINUTES),
            ("write_up_minutes", _MINUTES),
            ("online_share_percent", "%"),
        ],
    ),
    (
        "confirmation",
        _("Confirmation"),
        _("A customer has the visit at once, or you say yes or no to each request."),
        [("confirmation", ""), ("answer_minutes", _MINUTES), ("hold_minutes", _MINUTES)],
    ),
    (
        "fees",
        _("Deposit and fees"),
        _("Customers see the deposit and the fees before they book; a visit keeps the terms it was booked under."),
        [
            ("deposit_percent", "%"),
            ("free_cancel_minutes", _MINUTES),
            ("late_cancel_fee_percent", "%"),
            ("no_show_fee_percent", "%"),
        ],
    ),
    (
        "pickup",
        _("Pick-up"),
        _("A driver fetches the car and brings it back after the work."),
        [("pickup_radius_km", "km")],
    ),
    (
        "on_site",
        _("Where you come"),
        _("Customers within this radius can book you."),
        [("service_radius_km", "km")],
    ),
]


class RulesForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """How and when owners can book. New rules hold for visits booked from now on."""

    slot_step_minutes = forms.TypedChoiceField(
        label=_("A visit can start every"),
        choices=[(15, _("15 minutes")), (30, _("30 minutes")), (60, _("60 minutes"))],
        coerce=int,
    )

    class Meta:
        model = Shop
        fields = [name for _key, _title, _meaning, fields in _SECTIONS for name, _unit in fields]
        labels = {
            "lead_time_minutes": _("Lead time"),
            "booking_window_days": _("Booking window"),
            "last_start_minutes": _("Last start before closing"),
            "setup_minutes": _("Preparation before the work"),
            "turnaround_minutes": _("Turnaround after the work"),
            "write_up_minutes": _("Write-up with an advisor"),
            "online_share_percent": _("Share for online bookings"),
            "confirmation": _("Bookings made online"),
            "answer_minutes": _("Answer a request within"),
            "hold_minutes": _("Hold a chosen time for"),
            "deposit_percent": _("Deposit, of the price"),
            "free_cancel_minutes": _("Cancelling is free until … before the visit"),
            "late_cancel_fee_percent": _("Late cancellation, of the labour"),
            "no_show_fee_percent": _("No-show, of the labour"),
            "pickup_radius_km": _("Pick-up radius"),
            "service_radius_km": _("Service radius"),
        }
        help_texts = {
            "booking_window_days": _("how far ahead customers can book"),
            "hold_minutes": _("the time is theirs while they confirm"),
            "deposit_percent": _("0: none; at most 30"),
            "late_cancel_fee_percent": _("0: free until the visit starts; at most 30"),
            "no_show_fee_percent": _("at least as much as a late cancellation; at most 50"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored = copy(self.instance)
        if self.instance.is_on_site:
            self.fields["service_radius_km"].required = True
            del self.fields["pickup_radius_km"]  # they come to the car
        else:
            del self.fields["service_radius_km"]
        for field in self.fields.values():
            if isinstance(field, forms.IntegerField):
                field.error_messages |= {
                    "min_value": _("At least %(limit_value)s."),
                    "max_value": _("At most %(limit_value)s."),
                }

    def sections(self) -> Iterator[Section]:
        """The page's sections. Examples follow what was typed, as far as it is right."""
        shown_as = copy(self.instance)
        for name in self.errors.keys() & self.fields.keys():
            setattr(shown_as, name, getattr(self.stored, name, None))
        said = examples(shown_as)
        for key, title, meaning, fields in _SECTIONS:
            shown = [(self[name], unit) for name, unit in fields if name in self.fields]
            if shown:
                yield Section(key, title, meaning, shown, said.get(key, []))

    def clean_lead_time_minutes(self) -> int:
        minutes: int = self.cleaned_data["lead_time_minutes"]
        if minutes > MAX_LEAD_MINUTES:
            raise forms.ValidationError(_("At most 14 days (20,160 minutes)."), code="too_long")
        return minutes

    def clean_service_radius_km(self) -> int:
        radius: int = self.cleaned_data["service_radius_km"]
        if not 1 <= radius <= 100:
            raise forms.ValidationError(_("Between 1 and 100 km."), code="out_of_range")
        return radius

    def _post_clean(self) -> None:
        """What the values mean together, once each is right by itself and they are on the shop."""
        super()._post_clean()  # type: ignore[misc]  # not in the stubs
        self._compare_fees()
        for need in staffing.missing(self.instance):
            if need.rule in self.fields and need.rule not in self.errors:
                self.add_error(need.rule, str(need.missing))

    def _compare_fees(self) -> None:
        late = self.cleaned_data.get("late_cancel_fee_percent")
        no_show = self.cleaned_data.get("no_show_fee_percent")
        if late is not None and no_show is not None and no_show < late:
            words = _("At least %(percent)s, as for a late cancellation: else not coming is cheaper than cancelling.")
            self.add_error("no_show_fee_percent", str(words) % {"percent": late})
