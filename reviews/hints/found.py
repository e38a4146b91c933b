"""A hint before it is stored, and what hints make of a text: risk, band, masks. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from reviews.choices import HintKind, RiskBand

# From so many points on a person should look sooner (product decision).
MEDIUM_FROM, HIGH_FROM = 30, 60
# Stretches of text that readers do not see unless a moderator shows them (`moderation.masking`; contact data never).
MASKED = (HintKind.CONTACT, HintKind.INSULT, HintKind.PERSONAL_DATA)


@dataclass(frozen=True, slots=True)
class Found:
    """What a finder noticed. `start` and `end` are offsets in characters of the text; `data` holds what the explanation
    of the kind needs, as JSON holds it."""

    kind: HintKind
    points: int
    start: int | None = None
    end: int | None = None
    data: dict[str, Any] = field(default_factory=dict)


def risk_of(found: Iterable[Found]) -> int:
    """The risk of a text, 0 to 100: the points of what was found, each kind once with its highest."""
    highest: dict[HintKind, int] = {}
    for hint in found:
        highest[hint.kind] = max(hint.points, highest.get(hint.kind, 0))
    return min(100, sum(highest.values()))


def band_of(risk: int) -> RiskBand:
    if risk >= HIGH_FROM:
        return RiskBand.HIGH
    return RiskBand.MEDIUM if risk >= MEDIUM_FROM else RiskBand.LOW


def masks_of(found: Iterable[Found]) -> list[dict[str, Any]]:
    """The stretches to be hidden from readers, in order, joined where they overlap; what has contact data in it is
    contact data, which no moderator shows."""
    stretches = sorted(
        (hint.start, hint.end, hint.kind)
        for hint in found
        if hint.kind in MASKED and hint.start is not None and hint.end is not None
    )
    masks: list[dict[str, Any]] = []
    for start, end, kind in stretches:
        if masks and start < masks[-1]["end"]:
            masks[-1]["end"] = max(end, masks[-1]["end"])
            if kind == HintKind.CONTACT:
                masks[-1]["kind"] = kind.value
        else:
            masks.append({"start": start, "end": end, "kind": kind.value})
    return masks
