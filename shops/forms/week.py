"""A week in one form: some stretches a day, each with a start and an end. Opening hours, shifts, off-peak prices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any, ClassVar

from django import forms
from django.forms.boundfield import BoundField
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from shops.choices import Day
from shops.forms.fields import WallTimeField
from shops.opening import hours_problems


@dataclass(frozen=True)
class Side:
    """One input of a stretch: its label (`day`, `n`), and what is said when it alone is empty."""

    name: str
    label: str | Promise
    missing: str | Promise


@dataclass(frozen=True)
class Stretch:
    """One stretch as its inputs, in the order of `WeekForm.sides`; `percent` only where there is one."""

    starts: BoundField
    ends: BoundField
    percent: BoundField | None = None


class WeekForm(forms.Form):
    """Fields `d<day>_<n>_<side>`; cleans to `rows`: tuples of day and the sides' values, in the order of the page.

    `copy_from` and `copy_to` are read only by the "Copy" button.
    """

    sides: ClassVar[tuple[Side, ...]]
    stretches: ClassVar[int] = 2
    overlaps: ClassVar[str | Promise]

    copy_from = forms.TypedChoiceField(label=_("Copy the hours of"), choices=Day, coerce=int, required=False)
    copy_to = forms.TypedMultipleChoiceField(
        label=_("to"), choices=Day, coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for day in Day:
            for n in range(self.stretches):
                for side in self.sides:
                    label = side.label % {"day": day.label, "n": n + 1}
                    self.fields[_key(day, n, side.name)] = self.field_of(side, label)

    def field_of(self, side: Side, label: str) -> forms.Field:  # noqa: ARG002  (a form with other inputs looks at it)
        """The field of one input."""
        return WallTimeField(label=label)

    @classmethod
    def initial_of(cls, rows: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """What the fields show for rows like the cleaned ones."""
        shown: dict[str, Any] = {}
        for day in Day:
            of_day = sorted((tuple(row) for row in rows if row[0] == day), key=lambda row: row[1])
            for n, (_day, *values) in enumerate(of_day[: cls.stretches]):
                for side, value in zip(cls.sides, values, strict=True):
                    shown[_key(day, n, side.name)] = value
        return shown

    def days(self) -> Iterator[tuple[Day, list[Stretch]]]:
        """Days with their inputs, for the template."""
        for day in Day:
            yield (
                day,
                [Stretch(*(self[_key(day, n, side.name)] for side in self.sides)) for n in range(self.stretches)],
            )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        rows: list[tuple[Any, ...]] = []
        keys: list[list[str]] = []
        for day in Day:
            for n in range(self.stretches):
                key = [_key(day, n, side.name) for side in self.sides]
                values = [cleaned.get(name) for name in key]
                if all(value is not None for value in values):
                    rows.append((day.value, *values))
                    keys.append(key)
                elif any(value is not None for value in values):
                    self._ask_for_the_rest(key, values)
        for index, problem in hours_problems([row[:3] for row in rows]):
            self._name_problem(problem, rows[index], keys[index])
        cleaned["rows"] = rows
        return cleaned

    def _ask_for_the_rest(self, key: Sequence[str], values: Sequence[Any]) -> None:
        for side, name, value in zip(self.sides, key, values, strict=True):
            if value is None and name not in self.errors:
                self.add_error(name, str(side.missing))

    def _name_problem(self, problem: str, row: tuple[Any, ...], key: Sequence[str]) -> None:
        if problem == "ends_early":
            self.add_error(key[1], _ends_early(row[1], row[2]))
        else:
            self.add_error(key[0], str(self.overlaps))

    def copied(self) -> dict[str, Any]:
        """What was typed, with one day's inputs copied to the chosen days: the data of a new form."""
        typed = {name: self.data.get(name, "") for name in self.fields if name not in ("copy_from", "copy_to")}
        source = self.cleaned_data.get("copy_from")
        if source is None or source == "":
            return typed
        for target in self.cleaned_data.get("copy_to", []):
            for n in range(self.stretches):
                for side in self.sides:
                    typed[_key(target, n, side.name)] = typed[_key(source, n, side.name)]
        return typed


def _ends_early(starts: time, ends: time) -> str:
    if starts == ends:
        return str(_("It ends when it starts."))
    if ends == time(0):
        return str(_("A day ends at 23:59. Enter 23:59."))
    words = _(
        "It ends before it starts. Past midnight it is two entries: %(starts)s–23:59 here, 00:00–%(ends)s on the next "
        "day."
    )
    return str(words) % {"starts": f"{starts:%H:%M}", "ends": f"{ends:%H:%M}"}


def _key(day: int, n: int, side: str) -> str:
    return f"d{int(day)}_{n}_{side}"
