"""The whole record as JSON that anybody can verify without us: `static/verify_record.py` does it in ten lines."""

from __future__ import annotations

import json
from typing import Any

from vehicles.models import Car, HealthEntry
from vehicles.record.reading import History

FORMAT = "carkeeper-health-record"
VERSION = 1
README = [
    "Every entry is chained to the one before it by hashes, so a changed, removed or added entry can be found.",
    "H(x) is SHA-256 in hexadecimal of x as JSON in UTF-8: keys sorted by code point, no spaces, only quotation marks, "
    "backslashes and control characters escaped. There are no decimal numbers.",
    "facts_hash = H(facts). private_hash = H(private), which holds a random salt.",
    "hash = H of an object with sequence, previous_hash, facts_hash and private_hash; the first previous_hash is 64 "
    "zeros.",
    "head_hash is the hash of the last entry. Compare it with the one that the platform shows.",
    "private is null where it belongs to somebody else or was erased; the chain holds without it.",
    "What stands outside of entries and head_hash is for your convenience and not covered by a hash.",
]


def whole(history: History, *, car: Car | None) -> dict[str, Any]:
    """The record with a private part only where it is the reader's own; `car` adds what it is called."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "readme": README,
        "car": _car(car),
        "vin": history.record.vin,
        "complete_since_new": history.record.complete_since_new,
        "exported_on": history.today.isoformat(),
        "entries": [_entry(entry, history.viewer_id) for entry in history.entries],
        "head_hash": history.head_hash,
    }


def as_bytes(history: History, *, car: Car | None) -> bytes:
    """The same as a file."""
    return json.dumps(whole(history, car=car), ensure_ascii=False, indent=1).encode()


def _entry(entry: HealthEntry, viewer_id: int | None) -> dict[str, Any]:
    """Only what the hashes cover: who wrote it is the `kind` of its facts."""
    is_own = viewer_id is not None and entry.holder_id == viewer_id
    return {
        "sequence": entry.sequence,
        "facts": entry.facts,
        "private": entry.private if is_own else None,
        "facts_hash": entry.facts_hash,
        "private_hash": entry.private_hash,
        "previous_hash": entry.previous_hash,
        "hash": entry.hash,
    }


def _car(car: Car | None) -> dict[str, Any] | None:
    if car is None:
        return None
    variant = car.variant
    return {
        "make": variant.model.make.name_en,
        "model": variant.model.name_en,
        "variant": variant.code,
        "model_year": car.model_year,
        "delivered_on": car.delivered_on.isoformat() if car.delivered_on else None,
    }
