"""Reviews of visits, written and decided through the real actions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bookings.models import Booking
from reviews import publication, writing
from reviews.choices import VersionStatus
from reviews.models import Review
from reviews.writing import Draft
from shops.choices import ResourceKind
from shops.models import Shop
from tests.factories.accounts import UserFactory
from tests.factories.jobs import NOW
from tests.factories.visits import claim, completed_visit

# The day after the visits of `reviewable_visit`.
WRITTEN = NOW + timedelta(days=1)


def reviewable_visit(shop: Shop, **fields: Any) -> Booking:
    """A visit of somebody with an account, handed over, on which the shop's first technician worked. Each one of a shop
    is an hour before the one made before it."""
    starts_at = NOW - timedelta(hours=shop.bookings.count())
    booking = completed_visit(shop, 60, **{"owner": UserFactory(), "starts_at": starts_at, **fields})
    technician = shop.resources.filter(kind=ResourceKind.TECHNICIAN).first()
    if technician is not None:
        claim(technician, booking)
    return booking


def review(booking: Booking, *, at: datetime = WRITTEN, **said: Any) -> Review:
    """A review by the owner of a visit, as it comes in: waiting, unless the policy publishes it."""
    return writing.submit(booking=booking, by=booking.owner, draft=Draft(**{"stars": 5, **said}), at=at)


def published(booking: Booking, *, at: datetime = WRITTEN, **said: Any) -> Review:
    """A review that readers see."""
    written = review(booking, at=at, **said)
    version = written.versions.get()
    if version.status == VersionStatus.WAITING:
        version.status, version.decided_at = VersionStatus.APPROVED, at
        version.save(update_fields=["status", "decided_at"])
        written.moderation_items.open().update(decided_at=at, outcome="approved")
        written = publication.locked(written)
        publication.show(written, version, at=at)
    return written
