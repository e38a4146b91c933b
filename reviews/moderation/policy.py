"""What may be published before a person has looked: a setting whose every version is kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings.choices import Status
from bookings.models import Booking
from core.errors import InvalidInput
from reviews.choices import ItemKind, ItemOutcome, RemovalStatus, ReviewStatus, VersionStatus
from reviews.hints.found import Found
from reviews.models import ModerationItem, ModerationPolicy, Review, ReviewVersion
from reviews.moderation import checks

# What holds until an admin has set something: everything is looked at by a person; clean replies of shops are not.
DEFAULT = ModerationPolicy()
FIELDS = (
    "auto_publish",
    "max_risk",
    "min_visits",
    "min_published",
    "max_rejected",
    "sample_percent",
    "replies_at_once",
)


def current() -> ModerationPolicy:
    """The policy in force: the newest, or `DEFAULT` (unsaved) before the first. One query."""
    return ModerationPolicy.objects.first() or DEFAULT


@transaction.atomic
def change(*, by: User, at: datetime, note: str = "", **values: Any) -> ModerationPolicy:
    """Set the policy that holds from now on; what `values` do not name stays as it is. Reviews that have come in before
    are not touched. `values` are of `FIELDS`. Raises InvalidInput with the field, and changes nothing then."""
    before = current()
    for name in values:
        if name not in FIELDS:
            raise InvalidInput(_("There is no such setting."), field=name)
    fields = {name: values.get(name, getattr(before, name)) for name in FIELDS}
    policy = ModerationPolicy(**fields, note=checks.note_of(note), set_at=at, set_by=by)
    try:
        policy.full_clean()
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise InvalidInput(messages[0], field=field) from error
    policy.save(force_insert=True)
    return policy


def admits(policy: ModerationPolicy, version: ReviewVersion, found: list[Found], *, at: datetime) -> bool:
    """Whether a version of a review may be published at once: switched on, little enough risk, no photo (no machine has
    looked at it), a known author. Needs `review` at hand.

    Known: so many visits handed over, so many reviews published, hardly any rejected. A version that follows a decision
    against the review, or comes while an appeal or a removal of it waits, is always looked at. Five queries where it is
    switched on.
    """
    risk = sum(hint.points for hint in found)
    if not policy.auto_publish or risk > policy.max_risk:
        return False
    review = version.review
    if _is_contested(review) or version.photos.exists():
        return False
    visits = Booking.objects.filter(owner=review.author, status=Status.COMPLETED, completed_at__lte=at)
    published = Review.objects.filter(author=review.author, status=ReviewStatus.PUBLISHED).exclude(pk=review.pk)
    # Also those that were taken back or changed since: a refusal is not undone by hiding it.
    refused = Q(versions__status=VersionStatus.REJECTED) | Q(removals__status=RemovalStatus.REMOVED)
    others = Review.objects.filter(refused, author=review.author).exclude(status=ReviewStatus.PUBLISHED)
    rejected = others.order_by().values("pk").distinct()
    return (
        visits.count() >= policy.min_visits
        and published.count() >= policy.min_published
        and rejected.count() <= policy.max_rejected
    )


def _is_contested(review: Review) -> bool:
    """Whether something was decided against the review, or somebody asks for it."""
    refused = Q(outcome__in=[ItemOutcome.REJECTED, ItemOutcome.REMOVED], kind__in=[ItemKind.REVIEW, ItemKind.REMOVAL])
    asked = Q(decided_at=None, kind__in=[ItemKind.APPEAL, ItemKind.REMOVAL])
    return ModerationItem.objects.filter(refused | asked, review=review).exists()
