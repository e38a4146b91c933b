"""Finders of the text alone: insults, threats, advertising, bought praise, data of others, hidden text. Pure.

Each takes at most a few passes over the text; no expression can run away on hostile input (`tests/reviews/
test_hints_texts.py` tries). The lists are our own and moderate: what a hint misses, a moderator or a reader sees.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date

from core.errors import Refusal
from reviews.choices import HintKind
from reviews.hints import words
from reviews.hints.found import Found
from reviews.hints.plain import LOOKALIKES, Plain, plain
from reviews.hints.words import any_of
from vehicles import plates

# --- Insults and threats -------------------------------------------------------------------------------------

_GAP = r"[^\w\n。！？!?]{0,3}"


def _spaced(word: str) -> str:
    """A word with every letter apart: "i d i o t". Letters that are only sometimes apart belong to other words."""
    return r"(?<![a-z])" + r"[\W_]{1,3}".join(word) + r"(?![a-z])"


_TOGETHER = any_of(*(rf"(?<![a-z]){word}(?![a-z])" for word in words.INSULTS_EN), *words.INSULTING_PHRASES_EN)
_APART = any_of(*(_spaced(word) for word in words.INSULTS_EN))
_CHINESE = any_of(*(_GAP.join(word) for word in words.INSULTS_ZH), *words.INSULTING_PHRASES_ZH)
_QUOTES = (("“", "”"), ("「", "」"), ("『", "』"), ('"', '"'))


def insults(written: str) -> list[Found]:
    """Words that insult, also with gaps or look-alike letters. Each stretch is hidden from readers."""
    seen = plain(written)
    stretches = sorted(
        {match.span() for finder in (_TOGETHER, _APART, _CHINESE) for match in finder.finditer(seen.text)}
    )
    return [_insult(seen, written, *stretch) for stretch in stretches]


def _insult(seen: Plain, written: str, start: int, end: int) -> Found:
    first, last = seen.span(start, end)
    return Found(HintKind.INSULT, 24, first, last, {"quoted": _is_quoted(written, first, last)})


def _is_quoted(written: str, start: int, end: int) -> bool:
    """Whether a stretch stands in quotation marks, so that it may be somebody else's word."""
    before, after = written[max(0, start - 80) : start], written[end : end + 80]
    return any(
        before.rfind(opens) >= 0 and closes in after and (opens == closes or before.rfind(opens) > before.rfind(closes))
        for opens, closes in _QUOTES
    )


def threats(written: str) -> list[Found]:
    """Threats of violence, and of bad reviews for money."""
    return _matches(written, words.THREATS, HintKind.THREAT, 45)


# --- Advertising and bought praise ---------------------------------------------------------------------------

_SENTENCES = re.compile(r"[^。！？.!?\n;；,，]{8,200}")


def promotion(written: str) -> list[Found]:
    """Codes, links to click and offers, whoever writes them; and one slogan said over and over."""
    return [*_matches(written, words.PROMOTION, HintKind.ADVERTISING, 30, what="promotion"), *_slogans(written)]


def own_voice(written: str) -> list[Found]:
    """A review that speaks as a business. A shop's reply may."""
    return _matches(written, words.OWN_VOICE, HintKind.ADVERTISING, 30, what="own_voice")


def _slogans(written: str) -> Iterator[Found]:
    seen = plain(written)
    times: dict[str, list[tuple[int, int]]] = {}
    for match in _SENTENCES.finditer(seen.text):
        times.setdefault(match.group().strip(), []).append(match.span())
    for spans in times.values():
        if len(spans) >= 3:
            first, last = seen.span(*spans[0])
            yield Found(HintKind.ADVERTISING, 20, first, last, {"what": "slogan", "times": len(spans)})
            return


def paid(written: str) -> list[Found]:
    """Praise that was asked for or paid for, also where the author complains of it."""
    return _matches(written, words.PAID, HintKind.PAID, 35)


# --- Data of others ------------------------------------------------------------------------------------------

_IDENTITY = re.compile(r"(?<![0-9a-z])[1-9]\d{5}(?:19|20)\d{9}[\dx](?![0-9a-z])")
_IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PLATE = re.compile(rf"[{plates.PROVINCES}] ?[a-z](?:[ ·•・\-.]{{0,2}}[a-z0-9]){{5,6}}(?![a-z0-9])")
_VIN = re.compile(r"(?<![0-9a-z])(?=[a-z0-9]{0,16}\d)[a-hj-npr-z0-9]{13}\d{4}(?![0-9a-z])")
_CARD = re.compile(r"(?<!\d)[3-6]\d{3}(?:[ \-]?\d{4}){3}(?:[ \-]?\d{1,3})?(?!\d)")


def personal_data(written: str) -> list[Found]:
    """Identity numbers, number plates, VINs and bank cards. Each stretch is hidden from readers."""
    seen = plain(written)
    hits: list[tuple[int, int, str]] = []
    for pattern, what, is_one in (
        (_IDENTITY, "identity", _is_identity),
        (_PLATE, "plate", _is_plate),
        (_VIN, "vin", _is_vin),
        (_CARD, "card", _is_card),
    ):
        hits += [(*match.span(), what) for match in pattern.finditer(seen.text) if is_one(match.group())]
    return [
        Found(HintKind.PERSONAL_DATA, 12, *seen.span(start, end), data={"what": what})
        for start, end, what in sorted(hits)
    ]


def _is_identity(number: str) -> bool:
    """By the birthday and the check character of GB 11643."""
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _IDENTITY_WEIGHTS, strict=True))
    return "10x98765432"[total % 11] == number[17]


def _is_plate(text: str) -> bool:
    try:
        plates.validate(text)
    except Refusal:
        return False
    return True


def _is_vin(text: str) -> bool:
    return sum(char.isalpha() for char in text) >= 3


def _is_card(text: str) -> bool:
    """By the check digit of ISO/IEC 7812."""
    digits = [int(char) for char in text if char.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return len(digits) >= 16 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


# --- Hidden text and no text ---------------------------------------------------------------------------------

# What turns the order of text around; and what shows nothing.
_TURNING = {0x202D, 0x202E, 0x2066, 0x2067, 0x2068}
_INVISIBLE = {0x00AD, 0x034F, 0x180E, 0x200B, 0x2060, 0x2061, 0x2062, 0x2063, 0x2064, 0x202A, 0x202B, 0x200E, 0x200F}
_FLAG = 0x1F3F4
_WORD = re.compile(r"[^\W\d_]{2,40}")
_REPEATED = re.compile(r"(.{1,3}?)\1{3,}|(.{2,60}?)\2{2,}|(.{4,60}?)\3")


def hidden_text(written: str) -> list[Found]:
    """Characters that turn text around or cannot be seen, and words that mix Latin letters with others' look-alikes.
    A single mark that a telephone adds when a number is copied is not one."""
    turning = [offset for offset, char in enumerate(written) if ord(char) in _TURNING]
    unseen = [offset for offset, char in enumerate(written) if _is_unseen(written, offset, char)]
    mixed = [match for match in _WORD.finditer(written) if _is_mixed(match.group())]
    found = []
    if turning:
        found.append(_hidden(30, turning, "turning"))
    if len(unseen) >= 2 or any(0xE0000 <= ord(written[offset]) <= 0xE007F for offset in unseen):
        found.append(_hidden(20, unseen, "invisible"))
    if mixed:
        spans = {"what": "lookalikes", "count": len(mixed)}
        found.append(Found(HintKind.HIDDEN_TEXT, 20, mixed[0].start(), mixed[0].end(), spans))
    return found


def _is_unseen(written: str, offset: int, char: str) -> bool:
    code = ord(char)
    if 0xE0000 <= code <= 0xE007F:
        return chr(_FLAG) not in written[max(0, offset - 8) : offset]  # flags of nations are written with them
    return code in _INVISIBLE or (code == 0xFEFF and offset > 0)


def _is_mixed(word: str) -> bool:
    return any(char in LOOKALIKES for char in word) and any(char.isascii() for char in word)


def _hidden(points: int, offsets: list[int], what: str) -> Found:
    return Found(HintKind.HIDDEN_TEXT, points, offsets[0], offsets[0] + 1, {"what": what, "count": len(offsets)})


def no_content(written: str) -> list[Found]:
    """A text that says nothing: marks only, one character or one phrase again and again. Stars without any text say
    what they say."""
    letters = "".join(char for char in plain(written).text if unicodedata.category(char)[0] in "LN")
    if not written.strip():
        return []
    if not letters:
        return [Found(HintKind.NO_CONTENT, 15, data={"what": "marks"})]
    return [Found(HintKind.NO_CONTENT, 30, data={"what": "repeated"})] if _REPEATED.fullmatch(letters) else []


def _matches(written: str, pattern: re.Pattern[str], kind: HintKind, points: int, **data: str) -> list[Found]:
    seen = plain(written)
    return [Found(kind, points, *seen.span(*match.span()), data=dict(data)) for match in pattern.finditer(seen.text)]
