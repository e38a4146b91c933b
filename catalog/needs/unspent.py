"""Money not spent: proposals that were found unnecessary, were not done, and did not come back. Only what the record
shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from catalog.choices import AdviceVerdict
from vehicles.record.reading import Event

_UNNECESSARY = (AdviceVerdict.NOT_NEEDED, AdviceVerdict.MOSTLY_UNNECESSARY)
_NEEDED = (AdviceVerdict.DUE_NOW, AdviceVerdict.JUSTIFIED)


@dataclass(frozen=True)
class Unspent:
    """`count` proposals since `since`; `fen` what those cost of which the price is known, `unpriced` the others."""

    count: int
    fen: int
    unpriced: int
    since: date


def unspent(events: Iterable[Event]) -> Unspent | None:
    """What was left out and did not come back, by the events of a record as its owner sees them; None for nothing.

    It came back where the same was done later, or called due by evidence.
    """
    ordered = sorted(events, key=lambda event: event.occurred_on)
    left_out = [
        (event, _price(event, index))
        for place, event in enumerate(ordered)
        for index, item in enumerate(event.facts["items"])
        if _is_left_out(item) and not _came_back(item, ordered[place + 1 :])
    ]
    if not left_out:
        return None
    known = [price for _event, price in left_out if price is not None]
    return Unspent(len(left_out), sum(known), len(left_out) - len(known), left_out[0][0].occurred_on)


def _is_left_out(item: Mapping[str, Any]) -> bool:
    if not (item["service"] or item["measure"]):
        return False
    return item["outcome"] == "not_needed" or (item["outcome"] == "declined" and item["advice"] in _UNNECESSARY)


def _came_back(item: Mapping[str, Any], later: Iterable[Event]) -> bool:
    return any(
        (other["service"], other["measure"]) == (item["service"], item["measure"])
        and (other["outcome"] == "done" or other["advice"] in _NEEDED)
        for event in later
        for other in event.facts["items"]
    )


def _price(event: Event, index: int) -> int | None:
    """Labour and parts of an item, from the owner's private part; None where it does not say."""
    rows = (event.private or {}).get("items") or []
    if index >= len(rows):
        return None
    labour, parts = rows[index]["labour_fen"], rows[index]["parts_fen"]
    return None if labour is None and parts is None else (labour or 0) + (parts or 0)
