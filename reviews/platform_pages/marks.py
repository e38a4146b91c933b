"""A text as a moderator reads it: all of it, with the stretches that hints are about marked. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from reviews.choices import HintKind
from reviews.models import Hint

# How alarming a kind of hint is. The rest is worth a look.
_BAD = {HintKind.INSULT, HintKind.CONTACT, HintKind.THREAT, HintKind.PAID, HintKind.PERSONAL_DATA}


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of a text; `kind` and `tone` say what a machine saw in it, both empty where it saw nothing."""

    text: str
    kind: HintKind | None = None
    tone: str = ""


def tone_of(kind: str) -> str:
    """The tone of a kind of hint: ok, bad or warn."""
    if kind == HintKind.AGREES:
        return "ok"
    return "bad" if kind in _BAD else "warn"


def marked(text: str, hints: Iterable[Hint]) -> list[Mark]:
    """A text in order, cut where a hint begins or ends. Where hints overlap the most alarming one counts. Characters
    that turn or hide text stand there as their numbers, so that nothing is hidden from the moderator."""
    spans = [hint for hint in hints if hint.start is not None and hint.end is not None and hint.start < len(text)]
    cuts = sorted({0, len(text), *(min(at, len(text)) for hint in spans for at in (hint.start, hint.end) if at)})
    found: list[Mark] = []
    for start, end in pairwise(cuts):
        hint = _at(spans, start)
        kind = HintKind(hint.kind) if hint else None
        mark = Mark(_told(text[start:end]), kind, tone_of(kind) if kind else "")
        if found and found[-1].kind == kind:
            mark = Mark(found.pop().text + mark.text, kind, mark.tone)
        found.append(mark)
    return found


def _at(spans: Sequence[Hint], place: int) -> Hint | None:
    order = ("bad", "warn", "ok")
    here = [hint for hint in spans if (hint.start or 0) <= place < (hint.end or 0)]
    return min(here, key=lambda hint: (order.index(tone_of(hint.kind)), -hint.points), default=None)


def _told(text: str) -> str:
    return "".join(
        f"[U+{ord(char):04X}]" if char not in "\n\r\t" and unicodedata.category(char) in ("Cc", "Cf", "Cs") else char
        for char in text
    )
