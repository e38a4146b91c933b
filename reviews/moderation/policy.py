"""What may be published before a person has looked: a setting whose every version is kept."""

from __future__ import annotations

from datetime import datetime

from bookings.choices import Status
from bookings.models import Booking
from reviews.choices import ItemOutcome, ReviewStatus
from reviews.hints.found import Found
from reviews.models import ModerationItem, ModerationPolicy, Review

# What holds until an admin has set something: everything is looked at by a person; clean replies of shops are not.
DEFAULT = ModerationPolicy()


def current() -> ModerationPolicy:
    """The policy in force: the newest, or `DEFAULT` (unsaved) before the first. One query."""
    return ModerationPolicy.objects.first() or DEFAULT


def admits(policy: ModerationPolicy, review: Review, found: list[Found], *, at: datetime) -> bool:
    """Whether a version of `review` may be published at once: switched on, little enough risk, a known author.

    Known: so many visits handed over, so many reviews published, hardly any rejected. A version that follows a decision
    against the review is always looked at. Three queries where it is switched on.
    """
    risk = sum(hint.points for hint in found)
    if not policy.auto_publish or risk > policy.max_risk or _was_refused(review):
        return False
    visits = Booking.objects.filter(owner=review.author, status=Status.COMPLETED, completed_at__lte=at)
    published = Review.objects.filter(author=review.author, status=ReviewStatus.PUBLISHED).exclude(pk=review.pk)
    rejected = Review.objects.filter(author=review.author, status__in=[ReviewStatus.REJECTED, ReviewStatus.REMOVED])
    return (
        visits.count() >= policy.min_visits
        and published.count() >= policy.min_published
        and rejected.count() <= policy.max_rejected
    )


def _was_refused(review: Review) -> bool:
    refused = (ItemOutcome.REJECTED, ItemOutcome.REMOVED)
    return ModerationItem.objects.filter(review=review, outcome__in=refused).exists()
