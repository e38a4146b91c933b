"""The phases of one service as the admin edits them: together, because they must add up."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from catalog import stretches
from catalog.models import ServicePhase

_MAX_POSITION = 99
# Where rows stand while others take their places; above every position that can be entered.
_ASIDE = 1000
_ANY_MINUTES = 600


class PhaseForm(forms.ModelForm):  # type: ignore[type-arg]
    """One phase. That positions differ and one phase has no minutes is asked of all together, in `PhaseFormSet`."""

    position = forms.IntegerField(label=_("position"), min_value=1, max_value=_MAX_POSITION)

    def _get_validation_exclusions(self) -> set[str]:
        # Against the rows as they are in the database, two phases could never change places.
        return {*super()._get_validation_exclusions(), "service"}  # type: ignore[misc]


class PhaseFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    """The phases of one service."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = [form.instance for form in self.forms if form.cleaned_data and form not in self.deleted_forms]
        if wrong := stretches.fault(kept, standard_minutes=self.instance.standard_minutes or 0):
            raise forms.ValidationError(wrong.label)

    def save(self, commit: bool = True) -> Any:
        """Save all; changed rows step aside first, since the database looks at each row by itself."""
        moving = [form.instance.pk for form in self.initial_forms if form.has_changed()]
        ServicePhase.objects.filter(pk__in=moving).update(
            position=F("position") + _ASIDE, minutes=Coalesce("minutes", _ANY_MINUTES)
        )
        return super().save(commit)
