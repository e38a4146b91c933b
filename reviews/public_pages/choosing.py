"""Which of a shop's reviews somebody wants to read: all, or those of one service, one model or one person.

One of them at a time: each is a subject with counts of its own, so its page is as quick as that of the whole shop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from reviews.models import Subject


@dataclass(frozen=True, slots=True)
class Option:
    """A subject to choose: its value in the address, its name, of how many reviews."""

    value: str
    name: str
    subject: Subject

    @property
    def reviews(self) -> int:
        return self.subject.reviews


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    options: list[Option]


def value_of(subject: Subject) -> str:
    """How an address names a subject of a shop; empty for the shop itself. Needs service, model and person at hand."""
    if subject.service is not None:
        return f"service:{subject.service.key}"
    if subject.model is not None:
        return f"model:{subject.model.make.key}.{subject.model.key}"
    return f"person:{subject.technician.public_id}" if subject.technician is not None else ""


def name_of(subject: Subject) -> str:
    """What a subject of a shop is called, in the reader's language; empty for the shop itself."""
    if subject.service is not None:
        return subject.service.name
    if subject.model is not None:
        return subject.model.full_name
    return subject.technician.name if subject.technician is not None else ""


def groups(subjects: Sequence[Subject]) -> list[Group]:
    """Everything that can be chosen at a shop, those with most reviews first; kinds without any are left out."""
    kinds = (
        (_("Service"), [row for row in subjects if row.service_id]),
        (pgettext_lazy("of a car", "Model"), [row for row in subjects if row.model_id]),
        (_("Who worked on it"), [row for row in subjects if row.technician_id]),
    )
    return [
        Group(str(name), [Option(value_of(row), name_of(row), row) for row in sorted(rows, key=_most)])
        for name, rows in kinds
        if rows
    ]


def _most(subject: Subject) -> tuple[int, int]:
    return -subject.reviews, subject.pk
