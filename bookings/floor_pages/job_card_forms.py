"""What staff type on the job card. Shape of the input only; nothing is saved here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.choices import Decision, PhotoKind, Stage
from bookings.floor.deciding import Choice
from bookings.models import Line
from core.photo_fields import MultiplePhotosField
from vehicles.models import MAX_ODOMETER_KM


def day_widget() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class PromiseForm(forms.Form):
    """Another time for the owner, on the shop's wall clock."""

    date = forms.DateField(label=_("Day"), widget=day_widget())
    time = forms.TimeField(
        label=_("Time"), widget=forms.TimeInput(attrs={"type": "time", "step": "300"}, format="%H:%M")
    )
    reason = forms.CharField(
        label=_("Reason"), max_length=200, help_text=_("The owner reads it. For example: the brake pads come at 16:00.")
    )

    def __init__(self, *args: Any, zone: ZoneInfo, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def instant(self) -> datetime:
        """The promise as an instant."""
        return datetime.combine(self.cleaned_data["date"], self.cleaned_data["time"], tzinfo=self.zone)


class StageForm(forms.Form):
    """Where the car is now; each choice is a button."""

    stage = forms.ChoiceField(label=_("Stage"))

    def __init__(self, *args: Any, stages: Sequence[Stage], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Any of them can be asked for: where it does not follow, the refusal says so in words.
        self.fields["stage"].choices = [(stage.value, stage.label) for stage in Stage if stage]  # type: ignore[attr-defined]
        self.offered = stages


class NotNeededForm(forms.Form):
    reason = forms.CharField(
        label=_("Why it is not needed"), max_length=200, help_text=_("The owner reads it. It is not charged.")
    )


class PartsForm(forms.Form):
    parts_expected_on = forms.DateField(label=_("Expected on"), required=False, widget=day_widget())


class MessageForm(forms.Form):
    text = forms.CharField(
        label=_("Message to the owner"),
        required=False,
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    photos = MultiplePhotosField(label=_("Photos"), required=False)


class PhotosForm(forms.Form):
    """Photos of the work or of a finding, for the owner to see."""

    KINDS = [(kind.value, kind.label) for kind in (PhotoKind.WORK, PhotoKind.FINDING)]

    photos = MultiplePhotosField(label=_("Photos"))
    kind = forms.ChoiceField(label=_("What the photos show"), choices=KINDS, initial=PhotoKind.WORK)
    caption = forms.CharField(label=_("Caption"), required=False, max_length=120)


class PhoneForm(forms.Form):
    """What the owner said on the phone about each line that is open. A line without an answer stays open."""

    spoke_with = forms.CharField(label=_("Spoke with"), max_length=80)
    note = forms.CharField(label=_("Note"), required=False, max_length=200)

    def __init__(self, *args: Any, pending: Iterable[Line], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pending = list(pending)
        for line in self.pending:
            self._add_line(line)

    def _add_line(self, line: Line) -> None:
        key = line.public_id
        answer = forms.ChoiceField(
            label=line.current.name,
            required=False,
            choices=[
                (Decision.APPROVE.value, _("Approves")),
                (Decision.DECLINE.value, _("Declines")),
                (Decision.DEFER.value, pgettext_lazy("answer to a proposal", "Later")),
            ],
            widget=forms.RadioSelect,
        )
        self.fields[f"answer_{key}"] = answer
        self.fields[f"version_{key}"] = forms.IntegerField(
            widget=forms.HiddenInput, min_value=1, max_value=32_767, initial=line.version
        )
        self.fields[f"until_{key}"] = forms.DateField(label=_("Remind on"), required=False, widget=day_widget())
        self.fields[f"km_{key}"] = forms.IntegerField(
            label=_("Remind at"), required=False, min_value=1, max_value=MAX_ODOMETER_KM
        )

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The fields line by line."""
        return [
            {"line": line, **{name: self[f"{name}_{line.public_id}"] for name in ("answer", "version", "until", "km")}}
            for line in self.pending
        ]

    def choices(self) -> list[Choice]:
        """What was answered, in the versions that were on the page."""
        data = self.cleaned_data
        found = []
        for line in self.pending:
            key = line.public_id
            if answer := data.get(f"answer_{key}"):
                is_deferred = answer == Decision.DEFER
                until = data.get(f"until_{key}") if is_deferred else None
                km = data.get(f"km_{key}") if is_deferred else None
                found.append(Choice(key, data[f"version_{key}"], Decision(answer), until, km))
        return found
