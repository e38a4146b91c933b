"""A shop's public answer to a review: one at a time, and every one that there was is kept."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import Conflict
from reviews import publication, words
from reviews.choices import ItemOutcome, ReplyStatus
from reviews.errors import ChangedMeanwhileError, ReviewGoneError
from reviews.hints import finding
from reviews.hints.found import masks_of, risk_of
from reviews.limits import MAX_REPLIES, MAX_REPLY_TEXT
from reviews.models import ModerationItem, Reply, Review
from reviews.moderation import intake


class TooManyRepliesError(Conflict):
    code = "too_many_replies"
    message = _("This reply was changed many times. It cannot be changed any more.")


@transaction.atomic
def reply(*, review: Review, by: User, text: str, at: datetime, seen: int | None = None) -> Reply:
    """Answer a published review in public, or change the answer; `by` may do so at the shop (the caller has asked).

    `seen` is the number of the version that was answered, None where nobody looked (it is not compared then). Raises
    ReviewGoneError when it is not shown any more, ChangedMeanwhileError when another version is shown than `seen`,
    TooManyRepliesError, InvalidInput with the field `text`. The same words again are the same reply.

    Side effects, in order: a reply that still waited is replaced and its item of moderation ends; the new one goes
    through intake: published at once, in the place of the one shown, or an item waits while that one stays.
    """
    text = words.checked(text, limit=MAX_REPLY_TEXT)
    review = publication.locked(review)
    if review.shown is None:
        raise ReviewGoneError
    if seen is not None and review.shown.number != seen:
        raise ChangedMeanwhileError(_("The author has changed the review since you opened it. Read it again."))
    newest = review.replies.order_by("-number").first()
    if newest is not None and newest.text == text and newest.status in (ReplyStatus.PUBLISHED, ReplyStatus.WAITING):
        return newest
    number = newest.number + 1 if newest is not None else 1
    if number > MAX_REPLIES:
        raise TooManyRepliesError
    _replace_waiting(review, at=at)
    written = Reply.objects.create(review=review, number=number, text=text, by=by, written_at=at)
    intake.receive_reply(written, at=at)
    return written


def preview(text: str) -> Reply:
    """A reply as readers would see it, not saved: with what machines would mask. `risk` is that of what they notice."""
    written = Reply(text=words.checked(text, limit=MAX_REPLY_TEXT))
    found = finding.of_reply(written)
    written.risk, written.masks = risk_of(found), masks_of(found)
    return written


def _replace_waiting(review: Review, *, at: datetime) -> None:
    waiting = review.replies.filter(status=ReplyStatus.WAITING).first()
    if waiting is None:
        return
    waiting.status, waiting.decided_at = ReplyStatus.REPLACED, at
    waiting.save(update_fields=["status", "decided_at"])
    items = ModerationItem.objects.open().filter(reply=waiting)
    items.update(decided_at=at, outcome=ItemOutcome.OVERTAKEN)
