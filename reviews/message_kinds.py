"""What reviews tell people; registered when the app is ready. Nothing of it is worth waking anybody: all of it waits
for the morning."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from notifications import keys, kinds
from notifications.choices import Topic
from notifications.kinds import Kind
from notifications.models import Notice
from reviews.choices import FOLLOW_UP_OPEN, OfferStatus, ReviewStatus, VersionStatus
from reviews.models import FollowUp, FollowUpOffer, Review, ReviewVersion, VisitAnswer

INVITATION, REMINDER = "reviews/invitation", "reviews/reminder"
PUBLISHED, REJECTED, REMOVED = "reviews/published", "reviews/rejected", "reviews/removed"
APPEAL_UPHELD, APPEAL_DISMISSED = "reviews/appeal_upheld", "reviews/appeal_dismissed"
REPLIED = "reviews/replied"
CONTACT, ESCALATED = "reviews/follow_up_contact", "reviews/follow_up_escalated"
OFFER, ASKED = "reviews/follow_up_offer", "reviews/follow_up_asked"
SHOP_NEWS = "reviews/shop_news"

# What became of a review stands on its page; a letter about it is worth nothing after so long (product decision).
_LIVES = timedelta(days=3)


def connect() -> None:
    """Register the kinds; called once when the app is ready."""
    kinds.register(
        # Rather not asked than asked twice.
        _kind(INVITATION, _("How was your visit?"), again=False, still=_is_not_answered),
        _kind(REMINDER, _("How was your visit? The only reminder"), again=False, still=_is_not_answered),
        _kind(PUBLISHED, _("Your review is published"), still=_review_is(ReviewStatus.PUBLISHED)),
        _kind(REJECTED, _("Your review is not published"), still=_is_newest_and_rejected),
        _kind(REMOVED, _("Your review was removed"), still=_review_is(ReviewStatus.REMOVED)),
        _kind(APPEAL_UPHELD, _("Your appeal was upheld")),
        _kind(APPEAL_DISMISSED, _("Your appeal was dismissed")),
        _kind(REPLIED, _("A shop replied to your review"), still=_review_is(ReviewStatus.PUBLISHED)),
        _kind(CONTACT, _("A shop gets in touch to put a visit right")),
        _kind(ESCALATED, _("The platform stepped in")),
        _kind(OFFER, _("A shop offers to put a visit right"), still=_is_offer_open),
        _kind(ASKED, _("Has your visit been put right?"), still=_is_case_open),
        Kind(
            SHOP_NEWS,
            Topic.SHOP,
            _("News of reviews and unhappy owners"),
            waits_for_morning=True,
            lives=_LIVES,
            still=_is_shop_needed,
        ),
    )


def _kind(
    name: str, label: str | Promise, *, again: bool = True, still: Callable[[Notice], bool] | None = None
) -> Kind:
    return Kind(name, Topic.REVIEWS, label, waits_for_morning=True, lives=_LIVES, again=again, still=still)


def _is_not_answered(notice: Notice) -> bool:
    visit = {"booking__public_id": keys.subject(notice)}
    return not VisitAnswer.objects.filter(**visit).exists() and not Review.objects.filter(**visit).exists()


def _review_is(status: ReviewStatus) -> Callable[[Notice], bool]:
    def still(notice: Notice) -> bool:
        return Review.objects.filter(public_id=keys.subject(notice), status=status).exists()

    return still


def _is_newest_and_rejected(notice: Notice) -> bool:
    review = Review.objects.filter(public_id=keys.subject(notice)).first()
    if review is None or review.status == ReviewStatus.WITHDRAWN:
        return False
    newest = ReviewVersion.objects.filter(review=review).order_by("-number").first()
    return newest is not None and newest.status == VersionStatus.REJECTED


def _is_offer_open(notice: Notice) -> bool:
    offer = keys.rest(notice)[0]
    return FollowUpOffer.objects.filter(public_id=offer, status=OfferStatus.OPEN).exists()


def _is_case_open(notice: Notice) -> bool:
    return FollowUp.objects.filter(public_id=keys.subject(notice), closed_at=None).exists()


def _is_shop_needed(notice: Notice) -> bool:
    """Who was asked to get in touch is not asked any more once they have; the rest happened and stays true."""
    if keys.rest(notice)[0] not in ("opened", "late"):
        return True
    cases = FollowUp.objects.filter(contacted_at=None, status__in=FOLLOW_UP_OPEN)
    return cases.filter(public_id=keys.subject(notice)).exists()
