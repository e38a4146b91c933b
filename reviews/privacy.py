"""What reviews keep about a person, given out and let go of (`accounts.privacy`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q

from accounts import privacy
from accounts.models import User
from reviews import affiliations, voting, writing
from reviews.choices import Dimension, Side
from reviews.follow_ups import leaving
from reviews.hints import copies
from reviews.models import (
    Affiliation,
    Appeal,
    FollowUp,
    FollowUpEvent,
    FollowUpOffer,
    HelpfulVote,
    Hint,
    Review,
    ReviewInvitation,
    ReviewPhoto,
    ReviewVersion,
    Subject,
    VisitAnswer,
)


def connect() -> None:
    """Register with `accounts.privacy`; called once when the app is ready."""
    privacy.register("reviews", export=export, erase=erase)


def export(user: User) -> dict[str, Any]:
    """What the person wrote: reviews in all their versions, helpful votes, answers, words in follow-ups, appeals; and
    what is known of their ties to shops. The photos themselves are on the page of each review."""
    answers = VisitAnswer.objects.filter(booking__owner=user).select_related("booking").order_by("pk")
    said = FollowUpEvent.objects.filter(by=user).exclude(text="").order_by("pk")
    appeals = Appeal.objects.filter(by=user).order_by("pk")
    votes = HelpfulVote.objects.filter(user=user).select_related("review").order_by("pk")
    ties = Affiliation.objects.filter(affiliations.ties_of(user)).select_related("shop").order_by("pk")
    return {
        "reviews": _reviews(user),
        "helpful_votes": [{"review": vote.review.public_id, "at": vote.at.isoformat()} for vote in votes],
        "answers": [
            {"visit": row.booking.number, "happy": row.is_happy, "words": row.words, "at": row.at.isoformat()}
            for row in answers
        ],
        "follow_ups": [{"at": row.at.isoformat(), "what": row.step, "text": row.text} for row in said],
        "appeals": [
            {"at": row.made_at.isoformat(), "text": row.text, "status": row.status, "answer": row.answer}
            for row in appeals
        ],
        "ties_to_shops": [{"shop": tie.shop.slug, "kind": tie.kind, "since": tie.since.isoformat()} for tie in ties],
    }


def _reviews(user: User) -> list[dict[str, Any]]:
    rows = Review.objects.visible_to(user).select_related("booking", "shop").order_by("pk")
    return [
        {
            "visit": review.booking.number,
            "shop": review.shop.slug,
            "status": review.status,
            "published_at": review.published_at.isoformat() if review.published_at else None,
            "versions": [_version(version) for version in review.versions.all()],
        }
        for review in rows.prefetch_related("versions__photos")
    ]


def _version(version: ReviewVersion) -> dict[str, Any]:
    return {
        "number": version.number,
        "written_at": version.written_at.isoformat(),
        "stars": version.stars,
        **{dimension.value: version.rating(dimension) for dimension in Dimension},
        "would_return": version.would_return,
        "text": version.text,
        "shows_facts": version.shows_facts,
        "status": version.status,
        "photos": [photo.sha256 for photo in version.photos.all()],
    }


def erase(user: User, at: datetime) -> None:
    """Take the person's reviews back and forget what they wrote; visits and what was decided stay.

    In this order: everything that will move is locked; open follow-ups end, for nobody and against nobody; votes go,
    their counts with them; reviews are withdrawn, so that nobody reads or counts them; words of versions, answers,
    follow-ups and appeals are emptied, with the hints that repeat them; photos are deleted; invitations end; ties to
    shops are forgotten.
    """
    reviews, cases = _lock_all(user)
    for case in cases:
        leaving.close(case, at=at)
    voting.take_back_all(reviews, by=user)
    mine = Review.objects.visible_to(user)
    for review in mine.order_by("pk"):
        writing.withdraw(review=review, by=user, at=at)
    versions = ReviewVersion.objects.filter(review__in=mine)
    Hint.objects.filter(version__in=versions).delete()
    versions.update(text="", masks=[])
    copies.forget(user)
    for photo in ReviewPhoto.objects.filter(review__in=mine):
        photo.delete()
    _empty_words(user)
    ReviewInvitation.objects.filter(booking__owner=user, ended_at=None).update(ended_at=at)
    Affiliation.objects.filter(affiliations.ties_of(user)).delete()


def _lock_all(user: User) -> tuple[list[Review], list[FollowUp]]:
    """Lock every review that the person wrote or voted on, then their open follow-ups, then every subject that their
    own reviews move, each in ascending order: one after the other would wait for somebody who publishes another one.
    Returns the reviews and the follow-ups."""
    touched = Review.objects.filter(Q(author=user) | Q(votes__user=user)).values("pk")
    rows = list(Review.objects.filter(pk__in=touched).order_by("pk").select_for_update(no_key=True))
    cases = leaving.lock_all(user)
    subjects = Subject.objects.filter(listings__review__author=user).values("pk")
    list(Subject.objects.filter(pk__in=subjects).order_by("pk").select_for_update(no_key=True))
    return rows, cases


def _empty_words(user: User) -> None:
    VisitAnswer.objects.filter(booking__owner=user).update(words="")
    FollowUpEvent.objects.filter(Q(by=user) | Q(follow_up__owner=user)).exclude(text="").update(text="")
    FollowUpOffer.objects.filter(follow_up__owner=user).update(text="")
    # The answer may repeat what was said.
    Appeal.objects.filter(by=user, side=Side.AUTHOR).update(text="", answer="")
