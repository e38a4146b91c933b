"""The shape of an entry's two parts, version 1. Strict: what is not named here is refused, so that every reader can
rely on it. Pure.

    facts    what was done to the car; stays with the car and goes to buyers
    private  plate, words, names and prices; belongs to the owner of the time
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from django.utils.translation import gettext as _

from core.errors import InvalidInput
from vehicles.limits import MAX_ODOMETER_KM

VERSION = 1
KINDS = ("visit", "owner", "correction", "delivery")
OUTCOMES = ("done", "declined", "deferred", "not_needed")
TONES = ("red", "yellow", "green", "")
MAX_TEXT = 2_000
MAX_ROWS = 200
MAX_NUMBER = 2**53 - 1  # what every JSON reader keeps exactly

_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,9})(\.[0-9]{1,6})?")
_HEX_32 = re.compile(r"[0-9a-f]{32}")
_HEX_64 = re.compile(r"[0-9a-f]{64}")
_FAULT_CODE = re.compile(r"[PBCU][0-9A-F]{4,6}(-[0-9A-F]{2})?")

Check = Callable[[Any, str], None]


class ShapeError(InvalidInput):
    """An entry that no reader could rely on; the message names the place at fault."""

    code = "invalid_entry"

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}", field=path.partition(".")[0].partition("[")[0])


def check_facts(facts: Any) -> None:
    """Raise ShapeError unless `facts` is a version 1 description of what was done to a car."""
    _FACTS(facts, "facts")


def check_private(private: Any) -> None:
    """Raise ShapeError unless `private` is a version 1 private part with its salt."""
    _PRIVATE(private, "private")


def text(limit: int = MAX_TEXT) -> Check:
    """Text without NUL and without halves of characters, which UTF-8 cannot hold."""

    def check(value: Any, path: str) -> None:
        if not isinstance(value, str):
            raise ShapeError(path, _("must be text"))
        if len(value) > limit:
            raise ShapeError(path, _("is longer than %(limit)d characters") % {"limit": limit})
        if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise ShapeError(path, _("has characters that cannot be stored"))

    return check


def pattern(expression: re.Pattern[str], *, blank: bool = False) -> Check:
    def check(value: Any, path: str) -> None:
        text()(value, path)
        if not (blank and value == "") and not expression.fullmatch(value):
            raise ShapeError(path, _("is not written as it must be"))

    return check


def one_of(*values: Any) -> Check:
    def check(value: Any, path: str) -> None:
        if isinstance(value, bool) or not isinstance(value, str | int) or value not in values:
            raise ShapeError(path, _("is not one of the known values"))

    return check


def number(low: int = 0, high: int = MAX_NUMBER) -> Check:
    """A whole number; true and false are none."""

    def check(value: Any, path: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ShapeError(path, _("must be a whole number"))
        if not low <= value <= high:
            raise ShapeError(path, _("must be between %(low)d and %(high)d") % {"low": low, "high": high})

    return check


def day(*, blank: bool = False) -> Check:
    """A date as 2026-11-21."""

    def check(value: Any, path: str) -> None:
        text(10)(value, path)
        if blank and value == "":
            return
        try:
            is_iso = date.fromisoformat(value).isoformat() == value
        except ValueError:
            is_iso = False
        if not is_iso:
            raise ShapeError(path, _("must be a date, written like 2026-11-21"))

    return check


def maybe(inner: Check) -> Check:
    """The same, or null."""

    def check(value: Any, path: str) -> None:
        if value is not None:
            inner(value, path)

    return check


def rows(inner: Check, limit: int = MAX_ROWS) -> Check:
    def check(value: Any, path: str) -> None:
        if not isinstance(value, list):
            raise ShapeError(path, _("must be a list"))
        if len(value) > limit:
            raise ShapeError(path, _("has more than %(limit)d rows") % {"limit": limit})
        for index, row in enumerate(value):
            inner(row, f"{path}[{index}]")

    return check


def fields(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object with exactly these fields; those of `optional` may be left out."""
    known = {**required, **(optional or {})}

    def check(value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise ShapeError(path, _("must be an object"))
        for name in value:
            if name not in known:
                raise ShapeError(f"{path}.{str(name)[:40]}", _("is not known"))
        for name, inner in known.items():
            if name in value:
                inner(value[name], f"{path}.{name}")
            elif name in required:
                raise ShapeError(f"{path}.{name}", _("is missing"))

    return check


_NAME = text(200)
_KEY = text(80)
_PART = fields({"name": _NAME, "code": _KEY, "quantity": pattern(_DECIMAL)})
_ITEM = fields(
    {
        "service": _KEY,
        "measure": _KEY,
        "name_zh": _NAME,
        "name_en": _NAME,
        "outcome": one_of(*OUTCOMES),
        "labour_minutes": number(0, 100_000),
        "parts": rows(_PART),
        "warranty": maybe(fields({"km": number(0, MAX_ODOMETER_KM), "days": number(0, 36_500)})),
        "advice": _KEY,
    }
)
_MEASUREMENT = fields({"point": _KEY, "value": pattern(_DECIMAL), "unit": text(20), "tone": one_of(*TONES)})
_SHOP = fields({"slug": _KEY, "name_zh": _NAME, "name_en": _NAME, "city_zh": _NAME, "city_en": _NAME})
_FACTS = fields(
    {
        "v": one_of(VERSION),
        "kind": one_of(*KINDS),
        "date": day(),
        "odometer_km": maybe(number(0, MAX_ODOMETER_KM)),
        "vin": text(17),
        "shop": maybe(_SHOP),
        "number": _KEY,
        "checked_in_on": day(blank=True),
        "settled_on": day(blank=True),
        "items": rows(_ITEM),
        "measurements": rows(_MEASUREMENT),
        "fault_codes": rows(pattern(_FAULT_CODE)),
        "photos": rows(fields({"sha256": pattern(_HEX_64), "kind": _KEY})),
        "corrects": maybe(number(1)),
    }
)
_PRIVATE = fields(
    {"salt": pattern(_HEX_32)},
    {
        "plate": text(20),
        "fault": text(MAX_TEXT),
        "note": text(MAX_TEXT),
        "technicians": rows(_NAME, 50),
        "items": rows(fields({"labour_fen": maybe(number()), "parts_fen": maybe(number())})),
        "total_fen": maybe(number()),
    },
)
