"""The moderation log: the only place that writes it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.models import User
from reviews.choices import Act
from reviews.models import ModerationEvent, ModerationItem, Review


def write(  # noqa: PLR0913  (the row's columns)
    review: Review,
    act: Act,
    *,
    at: datetime,
    version_number: int,
    by: User | None = None,
    item: ModerationItem | None = None,
    reason: str = "",
    note: str = "",
    data: dict[str, Any] | None = None,
) -> ModerationEvent:
    """Add a line to the log; `by` is nobody where the policy acted."""
    return ModerationEvent.objects.create(
        review=review,
        version_number=version_number,
        item=item,
        act=act,
        at=at,
        by=by,
        reason=reason,
        note=note,
        data=data or {},
    )


def withdrawn(review: Review, *, by: User | None, at: datetime) -> None:
    newest = review.versions.order_by("-number").values_list("number", flat=True)[0]
    write(review, Act.WITHDRAWN, at=at, version_number=newest, by=by)
