"""A text as a reader would take it: one form for every way to write a character, and where each came from. Pure."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

# Letters of other scripts that look like Latin ones, and signs that stand for others.
LOOKALIKES = dict(
    zip(
        "абвгдекмнорстухѕіјԁԛԝһАВЕКМНОРСТУХЅІЈαβεικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
        "a6brgekmhopctyxsijdqwhabekmhopctyxsijabeikvoptuxabezhikmnoptyx",
        strict=True,
    )
)
_SIGNS = {"➕": "+", "∶": ":", "︰": ":", "—": "-", "–": "-", "−": "-", "‐": "-", "‑": "-"}
# Longer expansions of one character (there are some of eighteen) say nothing that is looked for here.
_LONGEST = 4
_DROPPED = ("Cf", "Mn", "Me", "Cc", "Cs", "Cn", "Co")


@dataclass(frozen=True, slots=True)
class Plain:
    """The plain form: lower case, half width, without what cannot be seen. `origin[i]` is the offset in the written
    text of the character that `text[i]` came from."""

    text: str
    origin: tuple[int, ...]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the written text that `text[start:end]` came from; `end` is after `start`."""
        return self.origin[start], self.origin[end - 1] + 1


def plain(written: str) -> Plain:
    """Bring a text into its plain form, character by character, so that offsets can be traced back."""
    text: list[str] = []
    origin: list[int] = []
    for offset, char in enumerate(written):
        for plain_char in _fold(char):
            text.append(plain_char)
            origin.append(offset)
    return Plain("".join(text), tuple(origin))


def _fold(char: str) -> str:
    if char in "\n\t\r":
        return " " if char != "\n" else "\n"
    if char.isascii():
        return char.lower() if char.isprintable() else ""
    if char in LOOKALIKES:
        return LOOKALIKES[char]
    if char in _SIGNS:
        return _SIGNS[char]
    digit = unicodedata.digit(char, None)
    if digit is not None:
        return str(digit)
    if unicodedata.category(char) in _DROPPED:
        return ""
    folded = unicodedata.normalize("NFKC", char)[:_LONGEST].lower()
    return "".join(part for part in folded if unicodedata.category(part) not in _DROPPED)
