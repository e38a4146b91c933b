"""The files that a record can be taken away as."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from vehicles.models import Car
from vehicles.record.exports import national, paper, whole
from vehicles.record.reading import History


@dataclass(frozen=True)
class Kind:
    """One shape of the record: `make` returns the file's bytes."""

    key: str
    extension: str
    content_type: str
    title: str | Promise
    text: str | Promise
    icon: str
    make: Callable[[History, Car | None], bytes]


KINDS = (
    Kind(
        "pdf",
        "pdf",
        "application/pdf",
        _("PDF to read and print"),
        _("Odometer, measurements and every visit, in your language."),
        "file-text",
        lambda history, car: paper.as_pdf(history, car=car),
    ),
    Kind(
        "json",
        "json",
        "application/json",
        _("JSON, whole and verifiable"),
        _("Every entry with its hashes; a ten-line program checks it without us."),
        "link",
        lambda history, car: whole.as_bytes(history, car=car),
    ),
    Kind(
        "national-csv",
        "csv",
        "text/csv; charset=utf-8",
        _("National record, CSV"),
        _("The 13 fields of the electronic health record, for a spreadsheet."),
        "table",
        lambda history, _car: national.as_csv(history),
    ),
    Kind(
        "national-json",
        "json",
        "application/json",
        _("National record, JSON"),
        _("The same 13 fields for programs."),
        "braces",
        lambda history, _car: national.as_json(history),
    ),
    Kind(
        "national-xml",
        "xml",
        "application/xml",
        _("National record, XML"),
        _("The same 13 fields for programs that read XML."),
        "code-xml",
        lambda history, _car: national.as_xml(history),
    ),
)


def by_key(key: str) -> Kind | None:
    """The kind of that key, None if there is none."""
    return next((kind for kind in KINDS if kind.key == key), None)


def name_of(history: History, kind: Kind) -> str:
    """A file name in plain letters: health-record-184847-2026-11-21.pdf."""
    parts = ["health-record", history.record.vin[-6:].lower(), history.today.isoformat()]
    if kind.key.startswith("national"):
        parts.insert(1, "national")
    return "-".join(part for part in parts if part) + f".{kind.extension}"
