"""The week's opening hours, a person's shifts, off-peak prices: what is typed day by day."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from shops.forms.week import Side, WeekForm
from shops.models import MAX_OFF_PEAK_PERCENT
from shops.week_grid import Discount


class HoursForm(WeekForm):
    """Opening hours; a lunch break is the gap between two stretches."""

    sides = (
        Side("opens", _("%(day)s, opens (%(n)s)"), _("Enter an opening time too.")),
        Side("closes", _("%(day)s, closes (%(n)s)"), _("Enter a closing time too.")),
    )
    stretches = 3
    overlaps = _("This overlaps with the hours before it.")


class ShiftsForm(WeekForm):
    """When a person works; a break is the gap between the two shifts of a day. All empty: whenever the shop is open."""

    sides = (
        Side("starts", _("%(day)s, starts (%(n)s)"), _("Enter a start too.")),
        Side("ends", _("%(day)s, ends (%(n)s)"), _("Enter an end too.")),
    )
    overlaps = _("This overlaps with the shift before it.")


class OffPeakForm(WeekForm):
    """Stretches of the week in which the labour costs less."""

    sides = (
        Side("starts", _("%(day)s, from (%(n)s)"), _("Enter a start too.")),
        Side("ends", _("%(day)s, until (%(n)s)"), _("Enter an end too.")),
        Side("percent", _("%(day)s, percent off (%(n)s)"), _("Enter a discount too.")),
    )
    overlaps = _("This overlaps with the entry before it.")

    def field_of(self, side: Side, label: str) -> forms.Field:
        if side.name != "percent":
            return super().field_of(side, label)
        between = _("Between 1 and %(max)s percent.") % {"max": MAX_OFF_PEAK_PERCENT}
        # The limits' words are filled in once more, and a language may write "%".
        limit = between.replace("%", "%%")
        return forms.IntegerField(
            label=label,
            required=False,
            min_value=1,
            max_value=MAX_OFF_PEAK_PERCENT,
            error_messages={"invalid": between, "min_value": limit, "max_value": limit},
        )

    def discounts(self) -> list[Discount]:
        """What was typed, as far as it is complete and right."""
        rows: list[tuple[Any, ...]] = getattr(self, "cleaned_data", {}).get("rows", [])
        return [Discount(*row) for row in rows]
