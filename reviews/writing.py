"""What an author does with a review: write it, change it, take it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings.models import Booking
from core import outbox, photos
from core.errors import InvalidInput
from core.photos import CleanPhoto
from reviews import people, publication, rules, words
from reviews.choices import Dimension, ItemOutcome, ReviewStatus, VersionStatus
from reviews.errors import AlreadyReviewedError, ChangedMeanwhileError
from reviews.limits import MAX_PHOTOS, MAX_TEXT
from reviews.models import Review, ReviewPhoto, ReviewVersion
from reviews.moderation import intake, log


@dataclass(frozen=True, slots=True)
class Draft:
    """What an author says. `stars` and the ratings are 1 to 5; a dimension that is left out is not rated.

    `kept` are public ids of photos of an earlier version that stay; `added` are new ones.
    """

    stars: int
    ratings: Mapping[Dimension, int] = field(default_factory=dict)
    would_return: bool | None = None
    text: str = ""
    shows_facts: bool = False
    kept: Sequence[str] = ()
    added: Sequence[CleanPhoto] = ()


@transaction.atomic
def submit(*, booking: Booking, by: User, draft: Draft, at: datetime) -> Review:
    """Write the review of a visit; `by` is its owner (the caller fetched the visit by `visible_to`).

    Raises what `rules.why_not_review` gives, AlreadyReviewedError also when another window was faster, InvalidInput
    with the field. Side effects, in order: the people of the visit are named; the version goes through intake (hints,
    then published at once by policy or put in the queue); outbox `review.received`.
    """
    _check(draft)
    refusal = rules.why_not_review(by, booking, at=at)
    if refusal is not None:
        raise refusal
    try:
        with transaction.atomic():
            review = Review.objects.create(
                booking=booking,
                author=by,
                shop=booking.shop,
                service=booking.service,
                model=booking.variant.model,
                visit_month=_month(booking),
                created_at=at,
            )
    except IntegrityError as error:
        raise AlreadyReviewedError from error
    people.name(review, booking)
    review = publication.locked(review)
    _write(review, 1, draft, by=by, at=at)
    return review


@transaction.atomic
def edit(*, review: Review, by: User, draft: Draft, seen: int, at: datetime) -> Review:
    """Write the next version of a review; `seen` is the number of the version that the author changed.

    What is shown stays shown until the new version is approved. Raises what `rules.why_not_edit` gives,
    ChangedMeanwhileError when there is a newer version than `seen`, InvalidInput with the field. Side effects: a
    version that still waited is replaced and its item of moderation ends; the new one as in `submit`.
    """
    _check(draft)
    review = publication.locked(review)
    refusal = rules.why_not_edit(review, at=at)
    if refusal is not None:
        raise refusal
    newest = review.versions.order_by("-number")[0]
    if newest.number != seen:
        raise ChangedMeanwhileError
    if newest.status == VersionStatus.WAITING:
        close_version(newest, VersionStatus.REPLACED, at=at)
    if review.status == ReviewStatus.REJECTED:
        publication.hide(review, status=ReviewStatus.WAITING, at=at)
    _write(review, newest.number + 1, draft, by=by, at=at)
    return review


@transaction.atomic
def withdraw(*, review: Review, by: User | None, at: datetime) -> Review:
    """Take a review back for good; the visit cannot be reviewed again. Withdrawn twice is withdrawn once.

    Side effects: it is shown and counted no more, what waits for a moderator ends; a line in the log.
    """
    review = publication.locked(review)
    if review.status == ReviewStatus.WITHDRAWN:
        return review
    waiting = review.versions.filter(status=VersionStatus.WAITING).first()
    if waiting is not None:
        close_version(waiting, VersionStatus.WITHDRAWN, at=at)
    intake.end_items(review, outcome=ItemOutcome.OVERTAKEN, at=at)
    publication.hide(review, status=ReviewStatus.WITHDRAWN, at=at)
    log.withdrawn(review, by=by, at=at)
    return review


def close_version(version: ReviewVersion, status: VersionStatus, *, at: datetime) -> None:
    """Say that a waiting version is not to be decided any more, and end its item."""
    version.status, version.decided_at = status, at
    version.save(update_fields=["status", "decided_at"])
    intake.end_items_of(version, outcome=ItemOutcome.OVERTAKEN, at=at)


def _write(review: Review, number: int, draft: Draft, *, by: User, at: datetime) -> None:
    kept = list(review.photos.filter(public_id__in=draft.kept))
    if len(kept) + len(draft.added) > MAX_PHOTOS:
        raise InvalidInput(_("Add six photos at most."), field="photos")
    version = ReviewVersion.objects.create(
        review=review,
        number=number,
        stars=draft.stars,
        would_return=draft.would_return,
        text=draft.text.strip(),
        shows_facts=draft.shows_facts,
        written_at=at,
        **{dimension.value: stars for dimension, stars in draft.ratings.items()},
    )
    added = [photos.store(ReviewPhoto(review=review, uploaded_at=at, uploaded_by=by), photo) for photo in draft.added]
    version.photos.set([*kept, *added])
    intake.receive_version(version, review=review, at=at)
    outbox.emit(topic="review.received", key=review.public_id, at=at, payload={"version": number})


def _check(draft: Draft) -> None:
    if type(draft.stars) is not int or not 1 <= draft.stars <= 5:
        raise InvalidInput(_("Give one to five stars."), field="stars")
    for dimension, stars in draft.ratings.items():
        if type(stars) is not int or not 1 <= stars <= 5:
            raise InvalidInput(_("Give one to five stars."), field=Dimension(dimension).value)
    words.checked(draft.text, limit=MAX_TEXT, needed=False)


def _month(booking: Booking) -> date:
    """The first day of the month of the handover, on the shop's calendar. The visit was handed over."""
    handed_over = booking.completed_at or booking.ends_at
    return handed_over.astimezone(booking.zone).date().replace(day=1)
