"""Every finder asked about a text, in one place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from reviews.hints import contacts, copies, links, record_claims, texts
from reviews.hints.found import Found
from reviews.models import Reply, ReviewVersion

# A finder of the text alone: pure.
TextFinder = Callable[[str], list[Found]]
# A finder that reads what else is known: the author, the shop, the visit, other reviews.
VersionFinder = Callable[[ReviewVersion, datetime], list[Found]]

# What is looked for in a reply too: a shop speaks as a business, and says "five stars" only to thank for them.
REPLY_FINDERS: tuple[TextFinder, ...] = (
    contacts.find,
    texts.insults,
    texts.threats,
    texts.promotion,
    texts.personal_data,
    texts.hidden_text,
)
TEXT_FINDERS: tuple[TextFinder, ...] = (*REPLY_FINDERS, texts.own_voice, texts.paid, texts.no_content)
VERSION_FINDERS: tuple[VersionFinder, ...] = (
    record_claims.find,
    links.same_device,
    links.known_to_shop,
    links.money,
    links.new_account,
    links.reciprocal,
    links.burst,
    links.vote_ring,
    links.copied,
    links.other_shop,
)


def of_version(version: ReviewVersion, *, at: datetime) -> list[Found]:
    """What machines notice about a version of a review. The number of queries does not depend on how many reviews there
    are. Needs `review` with its booking, author and shop at hand. Side effect: the print of its text is kept, so that
    copies of it are found."""
    found = [hint for finder in TEXT_FINDERS for hint in finder(version.text)]
    found += [hint for finder in VERSION_FINDERS for hint in finder(version, at)]
    copies.keep(version)
    return found


def of_reply(reply: Reply) -> list[Found]:
    """What machines notice about a shop's reply: its text alone."""
    return [hint for finder in REPLY_FINDERS for hint in finder(reply.text)]
