"""The week's opening hours in one form: up to three stretches a day, a lunch break is the gap between two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext_lazy as _

from shops.calendar import Hours
from shops.choices import Day
from shops.forms.fields import WallTimeField
from shops.opening import hours_problems, weekly

STRETCHES = 3


@dataclass(frozen=True)
class StretchFields:
    """One stretch as two inputs."""

    opens: BoundField
    closes: BoundField


class HoursForm(forms.Form):
    """Fields `d<day>_<n>_opens` and `…_closes`; `copy_from` and `copy_to` are read only by the "Copy" button."""

    copy_from = forms.TypedChoiceField(label=_("Copy the hours of"), choices=Day, coerce=int, required=False)
    copy_to = forms.TypedMultipleChoiceField(
        label=_("to"), choices=Day, coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for day in Day:
            for n in range(STRETCHES):
                words = {"day": day.label, "n": n + 1}
                self.fields[_key(day, n, "opens")] = WallTimeField(label=_("%(day)s, opens (%(n)s)") % words)
                self.fields[_key(day, n, "closes")] = WallTimeField(label=_("%(day)s, closes (%(n)s)") % words)

    @staticmethod
    def initial_of(hours: Sequence[Hours]) -> dict[str, Any]:
        """What the fields show for weekly hours."""
        shown: dict[str, Any] = {}
        for day, stretches in weekly(hours):
            for n, (opens, closes) in enumerate(stretches[:STRETCHES]):
                shown[_key(day, n, "opens")], shown[_key(day, n, "closes")] = opens, closes
        return shown

    def days(self) -> Iterator[tuple[Day, list[StretchFields]]]:
        """Days with their inputs, for the template."""
        for day in Day:
            keys = [(_key(day, n, "opens"), _key(day, n, "closes")) for n in range(STRETCHES)]
            yield day, [StretchFields(self[opens], self[closes]) for opens, closes in keys]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        hours: list[Hours] = []
        keys: list[tuple[str, str]] = []
        for day in Day:
            for n in range(STRETCHES):
                key = (_key(day, n, "opens"), _key(day, n, "closes"))
                opens, closes = cleaned.get(key[0]), cleaned.get(key[1])
                if opens and closes:
                    hours.append((day.value, opens, closes))
                    keys.append(key)
                elif opens or closes:
                    self._ask_for_the_other(key, bool(opens))
        for index, problem in hours_problems(hours):
            opens_key, closes_key = keys[index]
            if problem == "ends_early":
                self.add_error(closes_key, _("It closes before it opens."))
            else:
                self.add_error(opens_key, _("This overlaps with the hours before it."))
        cleaned["hours"] = hours
        return cleaned

    def _ask_for_the_other(self, key: tuple[str, str], has_opening: bool) -> None:
        missing = key[1] if has_opening else key[0]
        if missing not in self.errors:
            self.add_error(missing, _("Enter a closing time too.") if has_opening else _("Enter an opening time too."))

    def copied(self) -> dict[str, Any]:
        """What was typed, with one day's inputs copied to the chosen days: the data of a new form."""
        typed = {name: self.data.get(name, "") for name in self.fields if name not in ("copy_from", "copy_to")}
        source = self.cleaned_data.get("copy_from")
        if source is None or source == "":
            return typed
        for target in self.cleaned_data.get("copy_to", []):
            for n in range(STRETCHES):
                for side in ("opens", "closes"):
                    typed[_key(target, n, side)] = typed[_key(source, n, side)]
        return typed


def _key(day: int, n: int, side: str) -> str:
    return f"d{int(day)}_{n}_{side}"
