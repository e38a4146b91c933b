"""Every finder asked about a text, in one place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from reviews.hints.found import Found
from reviews.models import Reply, ReviewVersion

# A finder of the text alone: pure.
TextFinder = Callable[[str], list[Found]]
# A finder that reads what else is known: the author, the shop, the visit, other reviews.
VersionFinder = Callable[[ReviewVersion, datetime], list[Found]]

TEXT_FINDERS: tuple[TextFinder, ...] = ()
VERSION_FINDERS: tuple[VersionFinder, ...] = ()


def of_version(version: ReviewVersion, *, at: datetime) -> list[Found]:
    """What machines notice about a version of a review. The number of queries does not depend on how many reviews there
    are. Needs `review` with its booking, author and shop at hand."""
    found = [hint for finder in TEXT_FINDERS for hint in finder(version.text)]
    return found + [hint for finder in VERSION_FINDERS for hint in finder(version, at)]


def of_reply(reply: Reply) -> list[Found]:
    """What machines notice about a shop's reply: its text alone."""
    return [hint for finder in TEXT_FINDERS for hint in finder(reply.text)]
