"""What is typed at a point of an inspection. Shape of the input only; what it means is judged by the point's rule."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from bookings.floor.inspecting import MAX_NOTE, Reading
from bookings.floor_pages.inspection_reading import Row
from catalog.choices import PointKind, Symptom, Tone
from core.photo_fields import MultiplePhotosField

MAX_PHOTOS = 6
_LOOKS = {0: Tone.GREEN, 1: Tone.YELLOW, 2: Tone.RED}


class PointForm(forms.Form):
    """One point: any of a value, a look, fault codes, or why it cannot be measured; and photos."""

    value = forms.CharField(required=False, max_length=30)
    look = forms.ChoiceField(required=False, choices=Tone.choices)
    codes = forms.CharField(required=False, max_length=400)
    no_codes = forms.BooleanField(required=False)
    unmeasurable = forms.CharField(required=False, max_length=MAX_NOTE)
    unmeasurable_text = forms.CharField(required=False, max_length=MAX_NOTE)
    go_unmeasurable = forms.BooleanField(required=False)
    note = forms.CharField(required=False, max_length=MAX_NOTE)
    symptoms = forms.MultipleChoiceField(
        required=False,
        choices=Symptom.choices,
        error_messages={"invalid_choice": _("Choose symptoms from the list.")},
    )
    photos = MultiplePhotosField(required=False, max_count=MAX_PHOTOS)

    @property
    def is_only_photos(self) -> bool:
        """Whether there is a photo for a result that stands, and nothing else: the camera's own button."""
        return "only_photos" in self.data and bool(self.cleaned_data["photos"])

    @property
    def reading(self) -> Reading:
        data = self.cleaned_data
        typed = [code for code in re.split(r"[\s,;，；、]+", data["codes"]) if code]
        has_result = bool(data["value"] or data["look"] or typed or data["no_codes"])
        # A reason that still stands from before does not go before a result that was found after all.
        own_reason = data["unmeasurable_text"] if data["go_unmeasurable"] or not has_result else ""
        return Reading(
            value=data["value"],
            look=data["look"],
            codes=typed if typed or data["no_codes"] else None,
            unmeasurable=data["unmeasurable"] or own_reason,
            symptoms=data["symptoms"],
            note=data["note"],
        )


def words_of(row: Row, typed: QueryDict | None) -> dict[str, Any]:
    """What the form of a point shows: what was typed and refused, else what stands."""
    if typed is not None:
        shown: dict[str, Any] = {name: typed.get(name, "") for name in ("value", "look", "codes", "note")}
        return shown | {"symptoms": typed.getlist("symptoms"), "unmeasurable": typed.get("unmeasurable_text", "")}
    item = row.item
    if item is None:
        return {"value": "", "look": "", "codes": "", "note": "", "symptoms": [], "unmeasurable": ""}
    is_look = row.point.kind == PointKind.LOOK and item.value is not None
    is_measured = item.value is not None
    return {
        "value": row.text if row.point.kind in (PointKind.MEASURE, PointKind.DATE) else "",
        "look": _LOOKS.get(int(item.value), "") if is_look and item.value is not None else "",
        "codes": " ".join(item.codes),
        "note": row.note if is_measured else "",
        "symptoms": item.symptoms,
        "unmeasurable": "" if is_measured else row.note,
    }
