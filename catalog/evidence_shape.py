"""The shape of evidence as the tables keep it: a list of clauses, each a mapping of what has to hold."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from catalog.choices import Symptom

SERVICE_LISTS = ("skipped", "fresh", "due")
_CODES = re.compile(r"[PBCU][0-9A-F]{4}(-[PBCU][0-9A-F]{4})?")


def check_evidence(evidence: Any) -> None:
    """Raise ValidationError unless `evidence` is a list of clauses of the closed vocabulary (docs/rules/advice.md)."""
    if not isinstance(evidence, list) or not all(isinstance(clause, dict) and clause for clause in evidence):
        raise ValidationError(_("Evidence is a list of clauses, each with something that has to hold."))
    for clause in evidence:
        for name, value in clause.items():
            if not _is_right(name, value):
                raise ValidationError(_("Not understood: %(what)s") % {"what": f"{name}: {value}"})


def services_of(evidence: list[dict[str, Any]]) -> set[str]:
    """The services that evidence names."""
    return {key for clause in evidence for name in SERVICE_LISTS for key in clause.get(name, ())}


def _is_right(name: str, value: Any) -> bool:
    if name == "over_km":
        return isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if not isinstance(value, list) or not value or not all(isinstance(entry, str) for entry in value):
        return False
    if name == "symptoms":
        return set(value) <= set(Symptom.values)
    return all(map(_CODES.fullmatch, value)) if name == "codes" else name in SERVICE_LISTS
