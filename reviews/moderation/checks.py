"""What holds for every decision of a moderator: rows locked in order, nobody in their own matter, input in shape."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import InvalidInput
from reviews import publication, rules, words
from reviews.choices import ItemOutcome, ReasonCode
from reviews.errors import AlreadyDecidedError, ChangedMeanwhileError, OwnInterestError
from reviews.models import ModerationItem, Review

MAX_NOTE = 500


def locked(item: ModerationItem) -> tuple[Review, ModerationItem]:
    """The review of an item and the item, as they are now, locked in this order until the transaction ends."""
    review = publication.locked(item.review)
    rows = ModerationItem.objects.select_for_update(no_key=True, of=("self",))
    item = rows.select_related("version", "reply", "appeal", "removal").get(pk=item.pk)
    item.review = item.version.review = review
    return review, item


def refuse_unless_open(item: ModerationItem) -> None:
    """Raises ChangedMeanwhileError if the author or the shop overtook what was to be decided, AlreadyDecidedError if
    a moderator was faster."""
    if item.decided_at is None:
        return
    if item.outcome == ItemOutcome.OVERTAKEN:
        raise ChangedMeanwhileError
    raise AlreadyDecidedError


def refuse_own_interest(review: Review, by: User, *, at: datetime) -> None:
    """Raises OwnInterestError for the author and for whoever works at the shop or belongs to it. Two queries."""
    if by.pk == review.author_id or rules.belongs_to(by, review.shop, at=at):
        raise OwnInterestError


def finish(item: ModerationItem, outcome: ItemOutcome, *, by: User, at: datetime, reason: str = "") -> None:
    """Write down what was decided; the item's row is locked."""
    item.decided_at, item.decided_by, item.outcome, item.reason = at, by, outcome, reason
    item.save(update_fields=["decided_at", "decided_by", "outcome", "reason"])


def reason_of(value: str) -> ReasonCode:
    """A reason code from input. Raises InvalidInput."""
    if value not in ReasonCode.values:
        raise InvalidInput(_("Choose a reason."), field="reason")
    return ReasonCode(value)


def note_of(value: str) -> str:
    """A note for the log, which may be empty. Raises InvalidInput."""
    return words.checked(value, limit=MAX_NOTE, field="note", needed=False)
