"""The address that opens one visit without signing in: made for a message to the owner, kept as a hash, ending."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from bookings.choices import IN_SHOP, Status
from bookings.errors import LinkOverError
from bookings.models import Booking, VisitLink

TOKEN_BYTES = 24  # 192 bits: nobody guesses one
# Long enough to answer after a night, short enough that a forwarded message goes stale (product decision).
LIFE = timedelta(hours=72)
# After handover the owner can still confirm it and see the bill.
SHOWN = (Status.CONFIRMED, *IN_SHOP, Status.COMPLETED)


@transaction.atomic
def make(*, booking: Booking, at: datetime, life: timedelta = LIFE) -> str:
    """Make another link to a visit that opens it for `life`, and return its token, which is kept nowhere. Older ones
    live to their end."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    VisitLink.objects.create(booking=booking, digest=_digest(token), created_at=at, expires_at=at + life)
    return token


def address(token: str) -> str:
    """The whole address of a link, for a message."""
    root: str = settings.SITE_URL.rstrip("/")
    return root + reverse("bookings:link", args=[token])


def find(token: str, *, at: datetime) -> VisitLink:
    """The link of this token with its visit at hand. Raises LinkOverError (404) where there is none, where it has
    ended, or where the visit was cancelled. One query."""
    links = VisitLink.objects.valid(at=at).select_related(
        "booking__shop__city", "booking__owner", "booking__car", "booking__variant__model__make", "booking__service"
    )
    link = links.filter(digest=_digest(token), booking__status__in=SHOWN).first()
    if link is None:
        raise LinkOverError
    return link


@transaction.atomic
def revoke_all(*, booking: Booking, at: datetime) -> int:
    """End every link of a visit: the owner thinks that somebody else has one. Returns how many were open."""
    return VisitLink.objects.valid(at=at).filter(booking=booking).update(revoked_at=at)


@transaction.atomic
def note_use(*, link: VisitLink, at: datetime) -> None:
    """Remember when a link was first opened."""
    VisitLink.objects.filter(pk=link.pk, used_at=None).update(used_at=at)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
