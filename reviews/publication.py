"""The one door of a review's status: what is shown to readers, and with it every count, list and score.

Call inside a transaction with the review's row locked (`locked`). Locks, in this order: the review, its items of
moderation, its subjects in ascending order.
"""

from __future__ import annotations

from datetime import datetime

from core import outbox
from reviews import tallies
from reviews.choices import REVIEW_MOVES, ReviewStatus
from reviews.errors import ChangedMeanwhileError
from reviews.models import Review, ReviewVersion


def locked(review: Review) -> Review:
    """The review as it is now, its row locked until the transaction ends."""
    # Not with `shown`: whoever waits for the row gets it as it is then, but what is joined to it as it was before, so a
    # version shown meanwhile would look like none. It is read when it is asked for, which is under the lock.
    rows = Review.objects.select_for_update(no_key=True, of=("self",)).select_related("booking", "shop", "author")
    return rows.get(pk=review.pk)


def show(review: Review, version: ReviewVersion, *, at: datetime) -> None:
    """Show a version to readers, in the place of the one shown before if there is one.

    Side effects, in order: counts, lists, scores; the first time, outbox `review.published` (key: the review; nothing
    of what it says goes with it, so nothing can depend on the stars).
    """
    before, is_first = review.shown, review.published_at is None
    _move(review, ReviewStatus.PUBLISHED)
    review.shown = version
    review.published_at = review.published_at or at
    review.save(update_fields=["status", "shown", "published_at"])
    if before is None:
        tallies.put_in(review, version, at=at)
    else:
        tallies.exchange(review, before, version, at=at)
    if is_first:
        outbox.emit(topic="review.published", key=review.public_id, at=at)


def hide(review: Review, *, status: ReviewStatus, at: datetime) -> None:
    """Show a review no more, or say what became of one that never was; `status` is what it is from now on.

    Side effects: counts, lists and scores, if it was shown.
    """
    before = review.shown
    _move(review, status)
    review.shown = None
    review.save(update_fields=["status", "shown"])
    if before is not None:
        tallies.take_out(review, before, at=at)


def _move(review: Review, status: ReviewStatus) -> None:
    if review.status != status and status not in REVIEW_MOVES[review.status]:
        raise ChangedMeanwhileError
    review.status = status
