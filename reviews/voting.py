"""Finding a review helpful: one vote a person, never by who wrote it or belongs to the shop.

Locks: the review's row; votes, its count and the lists move under it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from reviews import publication, rules
from reviews.choices import ReviewStatus, SignalKind
from reviews.errors import OwnReviewVoteError, OwnShopError, ReviewGoneError
from reviews.models import HelpfulVote, Listing, Review, Signal


@transaction.atomic
def vote(*, review: Review, by: User, at: datetime) -> Review:
    """Say that a review was helpful; twice is once. Returns the review with its count. The vote of somebody in a ring
    around the author does not count, also when it was taken back and is given anew.

    Raises ReviewGoneError (it is not published now), OwnReviewVoteError, OwnShopError. Side effects, in order: the
    vote, the review's count, the lists that are sorted by it.
    """
    review = publication.locked(review)
    if review.status != ReviewStatus.PUBLISHED:
        raise ReviewGoneError
    if review.author_id == by.pk:
        raise OwnReviewVoteError
    if rules.belongs_to(by, review.shop, at=at):
        raise OwnShopError(_("You work at this shop or belong to it, so you cannot vote on its reviews."))
    given = {"at": at, "counts": not _is_in_ring(by, review)}
    cast, is_new = HelpfulVote.objects.get_or_create(review=review, user=by, defaults=given)
    if is_new and cast.counts:
        _move(review, by=1)
    return review


@transaction.atomic
def take_back(*, review: Review, by: User) -> Review:
    """Take a vote back; one that is not there is no error. Returns the review with its count. Side effects: as `vote`,
    whatever has become of the review."""
    review = publication.locked(review)
    votes = HelpfulVote.objects.filter(review=review, user=by)
    counted = votes.filter(counts=True).exists()
    votes.delete()
    if counted:
        _move(review, by=-1)
    return review


def take_back_all(reviews: Sequence[Review], *, by: User) -> None:
    """Take a person's votes on `reviews` back, however many they are; the caller has locked the rows of all of them.
    Four queries. Side effects: as `vote`."""
    votes = HelpfulVote.objects.filter(user=by, review__in=reviews)
    counted = list(votes.filter(counts=True).values_list("review", flat=True))
    votes.delete()
    Review.objects.filter(pk__in=counted).update(helpful_count=F("helpful_count") - 1)
    Listing.objects.filter(review__in=counted).update(helpful_count=F("helpful_count") - 1)


@transaction.atomic
def discount(*, review: Review, by: list[User]) -> Review:
    """Let the votes of some people on a review count no more: a ring (`reviews.signals`). They keep what they see."""
    review = publication.locked(review)
    dropped = HelpfulVote.objects.filter(review=review, user__in=by, counts=True).update(counts=False)
    if dropped:
        _move(review, by=-dropped)
    return review


@transaction.atomic
def count_again(*, review: Review, by: list[User]) -> Review:
    """Let votes that were left out count again: what looked like a ring was none."""
    review = publication.locked(review)
    restored = HelpfulVote.objects.filter(review=review, user__in=by, counts=False).update(counts=True)
    if restored:
        _move(review, by=restored)
    return review


def _is_in_ring(by: User, review: Review) -> bool:
    """Whether votes of this person for this author are left out (`reviews.signals`). One query. A ring that is found or
    found harmless in this very moment is caught up with by the next search."""
    rings = Signal.objects.filter(kind=SignalKind.VOTE_RING, is_harmless=False)
    return rings.filter(data__users__contains=[by.pk], data__authors__contains=[review.author_id]).exists()


def _move(review: Review, *, by: int) -> None:
    """Change the count of a review whose row is locked."""
    review.helpful_count += by
    review.save(update_fields=["helpful_count"])
    Listing.objects.filter(review=review).update(helpful_count=review.helpful_count)
