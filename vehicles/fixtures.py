"""Reading the catalogue's fixture files and merging them into seeded tables.

A fixture file is a YAML list of entries. A mistake in one (an unknown key, a missing language, a value the model
refuses) raises `FixtureError` naming file and entry, before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from django.core.exceptions import ValidationError
from django.db import models

from core.catalogue import Seeded

Row = TypeVar("Row", bound=Seeded)
Identity = tuple[Any, ...]

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C one reads the catalogue in a tenth of the time
_LANGUAGES = ("zh", "en")


class FixtureError(Exception):
    """A fixture that cannot be loaded as it stands. The message says where and why."""


@dataclass
class Tally:
    """What a load did to rows: made, changed, left alone."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.created + other.created, self.changed + other.changed, self.unchanged + other.unchanged)

    def __str__(self) -> str:
        return f"{self.created} created, {self.changed} changed, {self.unchanged} unchanged"


def read(path: Path) -> list[dict[str, Any]]:
    """The entries of a fixture file. Raises FixtureError unless it is a YAML list of mappings."""
    try:
        entries = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506  (a safe loader, see above)
    except (OSError, yaml.YAMLError) as error:
        raise FixtureError(f"{path.name}: cannot be read: {error}") from error
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise FixtureError(f"{path.name}: must be a list of mappings")
    return entries


def check_keys(entry: Mapping[str, Any], *, where: str, required: Iterable[str], optional: Iterable[str] = ()) -> None:
    """Raise FixtureError for a key that nobody reads, a missing key, or a text that one language lacks."""
    required = set(required)
    if unknown := set(entry) - required - set(optional):
        raise FixtureError(f"{where}: unknown key {', '.join(sorted(unknown))}")
    if missing := required - set(entry):
        raise FixtureError(f"{where}: missing {', '.join(sorted(missing))}")
    for key in entry:
        stem, _, language = key.rpartition("_")
        if language in _LANGUAGES and stem:
            _check_languages(entry, stem=stem, where=where)


def _check_languages(entry: Mapping[str, Any], *, stem: str, where: str) -> None:
    texts: list[Any] = [entry.get(f"{stem}_{language}") for language in _LANGUAGES]
    for language, text in zip(_LANGUAGES, texts, strict=True):
        if not text:
            raise FixtureError(f"{where}: {stem}_{language} is missing")
    if isinstance(texts[0], list) and len(texts[0]) != len(texts[1]):
        raise FixtureError(f"{where}: {stem} has {len(texts[0])} lines in zh and {len(texts[1])} in en")


def lines(value: str | Sequence[str] | None) -> str:
    """A list as the model keeps it: one item a line."""
    if value is None or isinstance(value, str):
        return value or ""
    return "\n".join(value)


def merge(
    model: type[Row], rows: Mapping[Identity, Mapping[str, Any]], *, identity: Sequence[str], where: str
) -> tuple[dict[Identity, Row], Tally]:
    """Bring the table up to date with `rows`, keyed by the values of the `identity` columns; return rows and tally.

    Fields that somebody edited keep the edit (`Seeded.merge_seed`). A row that was deleted comes back: to keep a
    thing out of sight, unlist it. A row that the fixture does not name is left alone. One query to read the table,
    one to insert, one for each changed row.
    """
    existing: dict[Identity, Row] = {
        tuple(getattr(row, name) for name in identity): row for row in model._default_manager.all()
    }
    result: dict[Identity, Row] = {}
    new: list[Row] = []
    tally = Tally()
    for key, values in rows.items():
        row = existing.get(key)
        is_new = row is None
        if row is None:
            row = model(**dict(zip(identity, key, strict=True)))
            new.append(row)
        result[key] = row
        if not row.merge_seed(values):
            tally.unchanged += 1
            continue
        validate(row, where=f"{where} {' '.join(map(str, key))}")
        if is_new:
            tally.created += 1
        else:
            row.save(update_fields=[*values, "seed"])
            tally.changed += 1
    model._default_manager.bulk_create(new)
    return result, tally


def validate(row: models.Model, *, where: str) -> None:
    """Clean the row's own fields. Raises FixtureError for a value that the model refuses."""
    relations = [field.name for field in row._meta.fields if field.is_relation]  # each would cost a query
    try:
        row.clean_fields(exclude=relations)
    except ValidationError as error:
        raise FixtureError(f"{where}: {error.message_dict}") from error


def unique(
    entries: Iterable[Mapping[str, Any]], key_of: Callable[[Mapping[str, Any]], Identity], *, where: str
) -> dict[Identity, Mapping[str, Any]]:
    """The entries by key. Raises FixtureError when two have the same."""
    result: dict[Identity, Mapping[str, Any]] = {}
    for entry in entries:
        key = key_of(entry)
        if key in result:
            raise FixtureError(f"{where}: {' '.join(map(str, key))} stands there twice")
        result[key] = entry
    return result
