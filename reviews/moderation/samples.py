"""Looking afterwards at what was published: a share of it by chance (`intake`), any of it by hand."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from reviews import publication
from reviews.choices import Act, ItemKind
from reviews.errors import ReviewGoneError
from reviews.models import ModerationItem, Review
from reviews.moderation import intake, log


@transaction.atomic
def draw(*, review: Review, by: User, at: datetime) -> ModerationItem:
    """Put what is shown of a review in the queue to be looked at; twice is once. Raises ReviewGoneError. Side effect:
    a line in the log. Readers see the review as before."""
    review = publication.locked(review)
    if review.shown is None:
        raise ReviewGoneError
    waiting = ModerationItem.objects.open().filter(version=review.shown, kind=ItemKind.SAMPLE).first()
    if waiting is not None:
        return waiting
    item = intake.open_item(ItemKind.SAMPLE, review.shown, review, at=at)
    log.write(review, Act.OPENED, at=at, version_number=review.shown.number, by=by, item=item)
    return item
