"""What a request may look like. Each function gives the value or refuses the request by the field's name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from payments.sandbox.books import from_iso

MAX_FEN = 100_000_000_000
_NUMBER = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


class Refused(Exception):
    """The request is understood and not carried out: an HTTP status, a code for machines, words for people."""

    def __init__(self, status: int, code: str, message: str = "") -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(f"{status} {code} {message}")


def bad(field: str, message: str) -> Refused:
    """A field that cannot be read."""
    return Refused(400, "bad_request", f"{field}: {message}")


def text(data: Mapping[str, Any], field: str, *, longest: int = 200, default: str | None = None) -> str:
    """A string without control characters; required unless a default is given."""
    value = data.get(field, default)
    if not isinstance(value, str) or len(value) > longest or not _is_clean(value):
        raise bad(field, f"a text of at most {longest} characters")
    if default is None and not value:
        raise bad(field, "required")
    return value


def _is_clean(value: str) -> bool:
    """Neither control characters nor halves of characters, which cannot be stored."""
    return all(ord(letter) >= 32 and not 0xD800 <= ord(letter) <= 0xDFFF for letter in value)


def number(data: Mapping[str, Any], field: str = "request_no") -> str:
    """A number of the merchant's: letters, digits and _.:- ."""
    value = text(data, field, longest=64)
    if not _NUMBER.fullmatch(value):
        raise bad(field, "letters, digits and _.:- only")
    return value


def fen(data: Mapping[str, Any], field: str = "amount_fen") -> int:
    """An amount: a positive whole number of fen; no float, no boolean, no text."""
    value = data.get(field)
    if type(value) is not int or not 0 < value <= MAX_FEN:
        raise bad(field, f"a whole number of fen from 1 to {MAX_FEN}")
    return value


def currency(data: Mapping[str, Any], accepted: str) -> str:
    """The only currency that this account has."""
    value = text(data, "currency", longest=3)
    if value != accepted:
        raise Refused(422, "currency_not_supported", f"This account takes {accepted}.")
    return value


def address(data: Mapping[str, Any], field: str, *, default: str | None = None) -> str:
    """An address that starts with http:// or https://."""
    value = text(data, field, longest=2000, default=default)
    if not value:
        return value
    try:
        parts = urlsplit(value)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.username is None
    except ValueError:
        is_good = False
    if not is_good:
        raise bad(field, "an address that starts with http:// or https://")
    return value


def instant(data: Mapping[str, Any], field: str) -> int:
    """ISO 8601 with an offset, as milliseconds."""
    try:
        return from_iso(text(data, field, longest=40))
    except (ValueError, OverflowError):
        raise bad(field, "ISO 8601 with an offset") from None
