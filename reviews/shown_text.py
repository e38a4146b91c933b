"""What readers see of a text: without what is masked, and without characters that turn or hide text. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from reviews.choices import HintKind

# Words in the place of what readers do not see.
MASK_WORDS = {
    HintKind.CONTACT: _("contact data removed"),
    HintKind.INSULT: _("insult removed"),
    HintKind.PERSONAL_DATA: _("personal data removed"),
}

# Characters that reorder text or show nothing: bidirectional controls, zero-width ones, soft hyphen, tags. They are
# kept in what is stored and left out of what is shown.
_INVISIBLE = {
    0x00AD,
    0x034F,
    0x061C,
    0x180E,
    0xFEFF,
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
}


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a text as readers see it; `mask` names what stood there instead, in words (`HintKind`)."""

    text: str
    mask: HintKind | None = None


def segments(text: str, masks: Iterable[Mapping[str, Any]]) -> list[Segment]:
    """A text in order, each masked stretch replaced by an empty segment that names its kind."""
    found, position = [], 0
    for mask in masks:
        if mask["start"] > position:
            found.append(Segment(visible(text[position : mask["start"]])))
        found.append(Segment("", HintKind(mask["kind"])))
        position = mask["end"]
    if position < len(text):
        found.append(Segment(visible(text[position:])))
    return found


def mask_words(kind: HintKind) -> str:
    """What stands in the place of a masked stretch, in the reader's language."""
    return str(MASK_WORDS.get(kind, _("removed")))


def in_words(text: str, masks: Iterable[Mapping[str, Any]]) -> str:
    """A text as readers see it in one piece, with words in brackets in the place of what is masked."""
    return "".join(f"[{mask_words(part.mask)}]" if part.mask else part.text for part in segments(text, masks))


def visible(text: str) -> str:
    """A text without invisible and control characters; line breaks stay."""
    return "".join(char for char in text if char == "\n" or not _is_hidden(char))


def _is_hidden(char: str) -> bool:
    code = ord(char)
    return code in _INVISIBLE or 0xE0000 <= code <= 0xE007F or unicodedata.category(char) in ("Cc", "Cs")
