"""One way to write JSON as bytes, and the hashes of a health record. Pure; anybody can do the same with any language.

H(x) is SHA-256, in hexadecimal, of x as JSON: keys sorted, no spaces, UTF-8, nothing escaped that need not be.
Only strings, whole numbers, true, false, null, lists and objects: a decimal number is written in more than one way.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

FIRST_HASH = "0" * 64  # stands before the first entry


def canonical(value: Any) -> bytes:
    """The one way to write `value` as JSON. Raises ValueError for a number that is not whole."""
    _refuse_floats(value)
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def digest(value: Any) -> str:
    """H(value): 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def entry_hash(*, sequence: int, previous_hash: str, facts_hash: str, private_hash: str) -> str:
    """The hash of an entry: of its place, of the entry before it, and of its two parts."""
    return digest(
        {
            "sequence": sequence,
            "previous_hash": previous_hash,
            "facts_hash": facts_hash,
            "private_hash": private_hash,
        }
    )


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise ValueError("a health record holds no decimal numbers: write them as text")
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_floats(item)
