"""Who may write, change and vote: questions with their reasons. They read, they change nothing."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q

from accounts.models import User
from bookings.choices import Status
from bookings.models import Booking
from core.errors import Refusal
from reviews import affiliations
from reviews.choices import AffiliationKind, ReviewStatus
from reviews.errors import (
    AlreadyReviewedError,
    NotEditableError,
    NotReviewableError,
    OwnShopError,
    TooManyVersionsError,
    WindowClosedError,
)
from reviews.limits import EDIT_AFTER_FOLLOW_UP, EDIT_WITHIN, MAX_VERSIONS, REVIEW_WITHIN
from reviews.models import Affiliation, Review
from shops.models import Shop


def belongs_to(user: User, shop: Shop, *, at: datetime, visit: Booking | None = None) -> bool:
    """Whether a person works at a shop or is affiliated with it, by their account or by one of their contacts. Two
    queries at most.

    Asked about a `visit`, what was declared after it was booked does not count: no shop silences who was there.
    """
    if affiliations.works_or_just_left(user, shop):
        return True
    standing = Affiliation.objects.filter(affiliations.ties_of(user), Q(until=None) | Q(until__gt=at), shop=shop)
    if visit is not None:
        standing = standing.filter(Q(kind=AffiliationKind.FORMER_STAFF) | Q(since__lte=visit.created_at))
    return standing.exists()


def why_not_review(user: User, booking: Booking, *, at: datetime) -> Refusal | None:
    """Why the owner of a visit cannot review it now; None if they can. At most three queries."""
    if booking.status != Status.COMPLETED or booking.completed_at is None:
        return NotReviewableError()
    if Review.objects.filter(booking=booking).exists():
        return AlreadyReviewedError()
    if at > booking.completed_at + REVIEW_WITHIN:
        return WindowClosedError()
    return OwnShopError() if belongs_to(user, booking.shop, at=at, visit=booking) else None


def why_not_edit(review: Review, *, at: datetime) -> Refusal | None:
    """Why the author cannot change a review now; None if they can. Needs `booking`; at most three queries."""
    if review.status in (ReviewStatus.WITHDRAWN, ReviewStatus.REMOVED):
        return NotEditableError()
    if at > _editable_until(review):
        return NotEditableError()
    if review.versions.count() >= MAX_VERSIONS:
        return TooManyVersionsError()
    is_own = belongs_to(review.author, review.shop, at=at, visit=review.booking)
    return OwnShopError() if is_own else None


def _editable_until(review: Review) -> datetime:
    """Until when a review can be changed: later while the shop is at putting the matter right, and for a time after."""
    handed_over: datetime = review.booking.completed_at or review.created_at
    until = handed_over + EDIT_WITHIN
    follow_up = getattr(review.booking, "follow_up", None)
    if follow_up is None:
        return until
    if follow_up.closed_at is None:
        return datetime.max.replace(tzinfo=until.tzinfo)
    after: datetime = follow_up.closed_at + EDIT_AFTER_FOLLOW_UP
    return max(until, after)
