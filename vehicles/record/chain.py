"""Verifying a chain of entries. Pure: what it needs is in the entries; an export has the same fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from vehicles.record.canonical import FIRST_HASH, digest, entry_hash


class Fault(StrEnum):
    """What can be wrong with an entry."""

    SEQUENCE = "sequence"  # an entry is missing, doubled or out of order
    PREVIOUS = "previous"  # it does not follow the entry before it
    FACTS = "facts"  # the facts are not those that were written down
    PRIVATE = "private"  # the private part is not the one that was written down
    HASH = "hash"  # its own hash is not what its parts give
    END = "end"  # the chain is shorter or longer than the record says


@dataclass(frozen=True)
class Problem:
    """One thing that does not fit, and at which entry (0: the chain as a whole)."""

    sequence: int
    fault: Fault


class Link(Protocol):
    """What verifying needs of an entry. `private` is None where it was erased or left out."""

    sequence: Any
    facts: Any
    private: Any
    facts_hash: Any
    private_hash: Any
    previous_hash: Any
    hash: Any


def verify(entries: Iterable[Link], *, head_hash: str | None = None) -> list[Problem]:
    """Everything that does not fit in a chain given in order; empty if it is whole.

    `head_hash` is the newest hash that the record knows: with it a missing end is found as well.
    """
    problems: list[Problem] = []
    previous = FIRST_HASH
    for number, entry in enumerate(entries, 1):
        checks = {
            Fault.SEQUENCE: entry.sequence == number,
            Fault.PREVIOUS: entry.previous_hash == previous,
            Fault.FACTS: digest(entry.facts) == entry.facts_hash,
            Fault.PRIVATE: entry.private is None or digest(entry.private) == entry.private_hash,
            Fault.HASH: entry.hash
            == entry_hash(
                sequence=entry.sequence,
                previous_hash=entry.previous_hash,
                facts_hash=entry.facts_hash,
                private_hash=entry.private_hash,
            ),
        }
        problems += [Problem(number, fault) for fault, is_right in checks.items() if not is_right]
        previous = entry.hash
    if head_hash is not None and previous != head_hash:
        problems.append(Problem(0, Fault.END))
    return problems
