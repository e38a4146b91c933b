"""Text that was written before, by somebody else or elsewhere: found without reading every review.

A text is cut into overlapping pieces of characters (three in Chinese, six elsewhere). Two texts are as alike as the
share of pieces that they have in common (Jaccard). Of each text eight *bands* are kept, each made of three minima of
hashes of its pieces (MinHash): texts that are alike by 60 % share one in about nine cases of ten, by 80 % nearly
always. A look-up takes the five newest of each band from an index, so it costs the same however many reviews there
are. PostgreSQL's own trigrams (pg_trgm) are no use here: what they make of Chinese depends on the server's locale.
"""

from __future__ import annotations

import hashlib
import unicodedata
import zlib
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from accounts.models import User
from reviews.choices import HintKind
from reviews.hints.found import Found
from reviews.hints.plain import plain
from reviews.models import ReviewVersion, TextPrint

# From so much in common on a text is called copied (product decision).
COPIED_FROM = 0.6
_BANDS, _ROWS = 8, 3
_EACH_BAND = 5
_PRIME = (1 << 61) - 1
_SEEDS = tuple((0x9E3779B1 * (2 * i + 1) + 7, 0x85EBCA77 * (i + 1) + 11) for i in range(_BANDS * _ROWS))
# Shorter texts are alike by chance: "very good, thank you" is nobody's property. In pieces.
_FEW_PIECES_ZH, _FEW_PIECES = 18, 40

_ALIKE = """
SELECT version.id, version.text, version.written_at, review.public_id, review.author_id
FROM (
    SELECT DISTINCT near.version_id
    FROM unnest(%(bands)s::bigint[]) AS wanted (band)
    CROSS JOIN LATERAL (
        SELECT print.version_id FROM reviews_textprint AS print
        WHERE print.band = wanted.band AND print.review_id <> %(review)s
        ORDER BY print.version_id DESC LIMIT %(each)s
    ) AS near
) AS alike
JOIN reviews_reviewversion AS version ON version.id = alike.version_id
JOIN reviews_review AS review ON review.id = version.review_id
"""


@dataclass(frozen=True, slots=True)
class Match:
    """The earlier text that is most like one: how much they have in common, percent."""

    percent: int
    public_id: str
    is_same_author: bool


def find(version: ReviewVersion) -> list[Found]:
    """Whether the text was written before, under another review. One query; a second where something is alike and the
    review has earlier versions."""
    match = best_match(version)
    if match is None or match.percent < 100 * COPIED_FROM:
        return []
    points = 20 if match.is_same_author else 40
    data = {"percent": match.percent, "review": match.public_id, "same_author": match.is_same_author}
    return [Found(HintKind.COPIED, points, data=data)]


def best_match(version: ReviewVersion) -> Match | None:
    """The earlier text most like a version's, None where nothing is near. Queries as `find`."""
    pieces = pieces_of(version.text)
    bands = bands_of(pieces)
    if not bands:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_ALIKE, {"bands": bands, "review": version.review_id, "each": _EACH_BAND})
        rows = [row for row in cursor.fetchall() if row[2] <= version.written_at]
    found = sorted(((_alike(pieces, pieces_of(row[1])), *row) for row in rows), key=lambda row: (-row[0], row[1]))
    own = _own_since(version, pieces) if found and version.number > 1 else None
    for share, _pk, _text, written_at, public_id, author_id in found:
        # Who wrote it first is not a copier because somebody copied it before they changed their review.
        if own is None or written_at < own:
            return Match(round(100 * share), public_id, author_id == version.review.author_id)
    return None


def keep(version: ReviewVersion) -> None:
    """Keep the print of a version's text, so that copies of it are found. One statement; texts too short have none."""
    bands = bands_of(pieces_of(version.text))
    rows = [TextPrint(version=version, review_id=version.review_id, band=band) for band in bands]
    TextPrint.objects.bulk_create(rows, ignore_conflicts=True)


def forget(author: User) -> None:
    """Forget the prints of everything that a person wrote: their words are gone."""
    TextPrint.objects.filter(version__review__author=author).delete()


def pieces_of(text: str) -> frozenset[str]:
    """The overlapping pieces of a text's letters and digits; none where there are few."""
    letters = "".join(char for char in plain(text).text if unicodedata.category(char)[0] in "LN")
    is_chinese = 2 * sum(char > "\u2e80" for char in letters) >= len(letters)
    length, few = (3, _FEW_PIECES_ZH) if is_chinese else (6, _FEW_PIECES)
    pieces = frozenset(letters[i : i + length] for i in range(len(letters) - length + 1))
    return pieces if len(pieces) >= few else frozenset()


def bands_of(pieces: frozenset[str]) -> list[int]:
    """The bands of a text's print, as the database holds them."""
    if not pieces:
        return []
    hashes = [zlib.crc32(piece.encode()) for piece in pieces]
    minima = [min([(a * value + b) % _PRIME for value in hashes]) for a, b in _SEEDS]
    bands = []
    for number in range(_BANDS):
        rows = minima[number * _ROWS : (number + 1) * _ROWS]
        digest = hashlib.blake2b(f"{number}:{rows}".encode(), digest_size=8).digest()
        bands.append(int.from_bytes(digest, signed=True))
    return bands


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one and other else 0.0


def _own_since(version: ReviewVersion, pieces: frozenset[str]) -> datetime | None:
    """When the author first wrote much the same under this review; None if only now."""
    earlier = ReviewVersion.objects.filter(review_id=version.review_id, number__lt=version.number).order_by("number")
    for text, written_at in earlier.values_list("text", "written_at"):
        if _alike(pieces, pieces_of(text)) >= COPIED_FROM:
            return written_at
    return None
