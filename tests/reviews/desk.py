"""What several tests of moderation need: who decides, what waits, and what stands in the tables."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from reviews import writing
from reviews.choices import ItemKind, ReasonCode, Side
from reviews.models import (
    Appeal,
    Listing,
    ModerationItem,
    MonthTally,
    Removal,
    Reply,
    Review,
    ReviewVersion,
    Subject,
)
from reviews.moderation import appeals, decisions, removals
from reviews.writing import Draft
from shops.models import ShopMember
from tests.factories.accounts import UserFactory
from tests.factories.reviews import WRITTEN

NOTHING = {"months": 0, "totals": 0, "lists": 0, "order": 0}
LATER = WRITTEN + timedelta(hours=1)
MOMENT = timedelta(seconds=10)


def waiting(review: Review, kind: ItemKind = ItemKind.REVIEW) -> ModerationItem:
    """The item of a review that waits."""
    return ModerationItem.objects.open().get(review=review, kind=kind)


def edit(review: Review, *, at: datetime = LATER, **said: Any) -> Review:
    """The author writes the next version."""
    seen = review.versions.count()
    return writing.edit(review=review, by=review.author, draft=Draft(**{"stars": 3, **said}), seen=seen, at=at)


def approve(review: Review, *, at: datetime = LATER, by: Any = None) -> Review:
    """Somebody approves what waits of a review."""
    item = waiting(review)
    decisions.approve(item=item, by=by or UserFactory(), at=at, seen=item.version.number)
    return fresh(review)


def reject(review: Review, *, at: datetime = LATER, by: Any = None, reason: str = ReasonCode.INSULT) -> Review:
    """Somebody rejects what waits of a review."""
    item = waiting(review)
    decisions.reject(item=item, by=by or UserFactory(), at=at, seen=item.version.number, reason=reason)
    return fresh(review)


def propose(review: Review, *, at: datetime = LATER, by: Any = None) -> Removal:
    """Somebody proposes that a review be removed."""
    seen = fresh(review).shown.number
    return removals.propose(review=review, by=by or UserFactory(), at=at, seen=seen, reason=ReasonCode.INSULT)


def remove(review: Review, *, at: datetime = LATER) -> Review:
    """Two people remove a review."""
    propose(review, at=at)
    removals.decide(item=waiting(review, ItemKind.REMOVAL), by=UserFactory(), at=at, remove=True)
    return fresh(review)


def author_appeals(review: Review, *, at: datetime = LATER) -> Appeal:
    return appeals.appeal(review=review, by=review.author, side=Side.AUTHOR, text="Look again.", at=at)


def shop_appeals(review: Review, *, at: datetime = LATER, reason: str = ReasonCode.NOT_THIS_VISIT) -> Appeal:
    staff = UserFactory()
    ShopMember.objects.create(shop=review.shop, user=staff, role="owner")
    return appeals.appeal(review=review, by=staff, side=Side.SHOP, text="Not us.", at=at, reason=reason)


def fresh(review: Review) -> Review:
    return Review.objects.select_related("shown", "shop", "author", "booking").get(pk=review.pk)


def everything(review: Review) -> dict[str, Any]:
    """All that decisions can change about a review and what is counted of it: equal before and after is unchanged."""
    tables = {
        "review": Review.objects.filter(pk=review.pk),
        "versions": ReviewVersion.objects.filter(review=review),
        "replies": Reply.objects.filter(review=review),
        "items": ModerationItem.objects.filter(review=review),
        "appeals": Appeal.objects.filter(review=review),
        "removals": Removal.objects.filter(review=review),
    }
    found: dict[str, Any] = {name: list(rows.order_by("pk").values()) for name, rows in tables.items()}
    found["listings"] = sorted(
        Listing.objects.filter(review=review).values_list("subject_id", "published_at", "stars", "helpful_count")
    )
    counts = [field.name for field in Subject._meta.get_fields() if field.name.startswith("n") and len(field.name) == 2]
    found["subjects"] = list(Subject.objects.exclude(**dict.fromkeys(counts, 0)).order_by("pk").values(*counts, "pk"))
    shown = MonthTally.objects.exclude(**dict.fromkeys(counts, 0))
    found["months"] = list(shown.order_by("pk").values(*counts, "subject_id", "month"))
    return found
