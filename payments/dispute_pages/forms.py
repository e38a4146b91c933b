"""Forms of a dispute. They check the shape of what was typed; what it means is checked by the actions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from catalog.offer_forms import YuanField
from core.money import format_fen, format_yuan_plain
from core.photo_fields import MultiplePhotosField
from payments.choices import DisputeReason
from payments.disputes.actions import Decision, Said
from payments.disputes.reading import DisputableLine, Record
from payments.disputes.rules import MAX_PHOTOS, MAX_WORDS
from payments.models import DisputedLine

_TOO_MUCH = _("At most %(most)s.")


def _words(label: Any, hint: Any = "", *, required: bool = True) -> forms.CharField:
    box = forms.Textarea(attrs={"rows": 4, "maxlength": MAX_WORDS})
    return forms.CharField(label=label, help_text=hint, max_length=MAX_WORDS, required=required, widget=box)


def _photos() -> MultiplePhotosField:
    return MultiplePhotosField(label=_("Photos"), required=False, max_count=MAX_PHOTOS)


class _SayingForm(forms.Form):
    """Words and photos."""

    @property
    def said(self) -> Said:
        return Said(self.cleaned_data["text"], self.cleaned_data["photos"])


class _ClaimField(YuanField):
    """Yuan, or None where nothing was typed."""

    def clean(self, value: Any) -> int | None:  # type: ignore[override]
        return super().clean(value) if str(value or "").strip() else None


class OpenForm(_SayingForm):
    """What was not right, and what is wanted back of each line: a tick and an amount."""

    reason = forms.ChoiceField(
        label=_("What is wrong?"), choices=DisputeReason.choices, widget=forms.RadioSelect, initial=None
    )
    text = _words(_("What happened?"), _("The shop and the platform read it."))
    photos = _photos()

    def __init__(self, *args: Any, lines: Iterable[DisputableLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = list(lines)
        for each in self.lines:
            number = each.line.pk
            self.fields[f"line_{number}"] = forms.BooleanField(label=each.line.title, required=False)
            self.fields[f"amount_{number}"] = _ClaimField(
                label=_("Wanted back"),
                required=False,
                initial=each.most_fen,
                help_text=_TOO_MUCH % {"most": format_fen(each.most_fen)},
            )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for each in self.lines:
            name = f"amount_{each.line.pk}"
            if data.get(f"line_{each.line.pk}") and name in data and not data[name]:
                self.add_error(name, _("Say how much you want back."))
        if not any(data.get(f"line_{each.line.pk}") for each in self.lines):
            self.add_error(None, _("Choose what was not right."))
        return data

    @property
    def claims(self) -> dict[int, int]:
        """What is wanted back, fen, by number of the line."""
        data, numbers = self.cleaned_data, [each.line.pk for each in self.lines]
        return {number: data[f"amount_{number}"] for number in numbers if data.get(f"line_{number}")}

    def rows(self) -> list[dict[str, Any]]:
        """Lines with their two fields, for the template."""
        return [
            {"line": each.line, "tick": self[f"line_{each.line.pk}"], "amount": self[f"amount_{each.line.pk}"]}
            for each in self.lines
        ]


class WordForm(_SayingForm):
    """A word or photos in an open dispute."""

    text = _words(_("Add a comment"), required=False)
    photos = _photos()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and not data.get("text", "").strip() and not data.get("photos"):
            self.add_error("text", _("Write something, or add a photo."))
        return data


class AnswerForm(_SayingForm):
    """The shop's answer: give back what is wanted, or say how it was."""

    AGREES, DIFFERS = "agree", "differ"

    stance = forms.ChoiceField(
        label=_("Your answer"),
        choices=[(AGREES, _("Give back what the owner wants")), (DIFFERS, _("It was different"))],
        widget=forms.RadioSelect,
    )
    text = _words(_("Your words"), _("The owner and the platform read it."), required=False)
    photos = _photos()

    @property
    def agrees(self) -> bool:
        return bool(self.cleaned_data["stance"] == self.AGREES)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("stance") == self.DIFFERS and "text" in data and not data["text"].strip():
            self.add_error("text", _("Say how it was."))
        return data


class DecideForm(forms.Form):
    """What is given back of each line, and why. `seen` carries the last event that was on the page."""

    text = _words(_("Reasons"), _("The owner and the shop read it."))
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0, max_value=2**62)

    def __init__(self, *args: Any, record: Record, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.record = record
        self.fields["seen"].initial = record.last_event
        for row in record.lines:
            self.fields[f"amount_{row.line_id}"] = YuanField(label=row.line.title, initial=row.claimed_fen)

    @property
    def decision(self) -> Decision:
        given = {row.line_id: self.cleaned_data[f"amount_{row.line_id}"] for row in self.record.lines}
        return Decision(given, self.cleaned_data["text"], self.cleaned_data["seen"])

    def rows(self) -> list[dict[str, Any]]:
        """Lines in dispute with their field, for the template."""
        return [{"row": row, "field": self[f"amount_{row.line_id}"]} for row in self.record.lines]

    def carried(self) -> list[tuple[str, str]]:
        """Names and values of a valid form for the second step: the amounts exactly as they were previewed."""
        amounts = [(f"amount_{row.line_id}", self._plain(row)) for row in self.record.lines]
        return [*amounts, ("text", self.cleaned_data["text"]), ("seen", str(self.cleaned_data["seen"]))]

    def _plain(self, row: DisputedLine) -> str:
        return format_yuan_plain(self.cleaned_data[f"amount_{row.line_id}"])
