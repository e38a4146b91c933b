"""A low review or an unhappy answer opens a follow-up: the shop is asked to make contact, and a clock runs."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.utils import timezone

from bookings.models import Booking
from core import outbox
from core.models import OutboxEvent
from reviews import rules
from reviews.choices import FollowUpCause, FollowUpStep, ReviewStatus, Side
from reviews.follow_ups import steps
from reviews.limits import CONTACT_WITHIN, LOW_STARS
from reviews.models import FollowUp, Review, ReviewVersion
from shops.models import Shop
from shops.opening import Opening

# How far the next day of opening is looked for; a shop closed for longer has no more time than any other.
_LOOK_AHEAD_DAYS = 14


def connect() -> None:
    """Subscribe to reviews; called once when the app is ready."""
    outbox.subscribe("review.received")(hear_review)


def hear_review(event: OutboxEvent) -> None:
    """A review was written or changed: a low one opens a follow-up, a changed one is noted in the one there is.

    The total is asked here and nowhere else; nothing of it is kept. What was changed or taken back before this was
    heard opens nothing: a newer version is heard of by itself.
    """
    review = Review.objects.select_related("booking").filter(public_id=event.key).first()
    number = event.payload.get("version")
    version = review.versions.filter(number=number).first() if review else None
    if review is None or version is None:
        return
    if (known := FollowUp.objects.filter(booking_id=review.booking_id).first()) is not None:
        _note_update(known, version, at=timezone.now())
    elif version.stars <= LOW_STARS and _still_said(review, version):
        open_for(booking=review.booking, cause=FollowUpCause.LOW_REVIEW, at=timezone.now())


def _still_said(review: Review, version: ReviewVersion) -> bool:
    return review.status != ReviewStatus.WITHDRAWN and not review.versions.filter(number__gt=version.number).exists()


@transaction.atomic
def open_for(*, booking: Booking, cause: FollowUpCause, at: datetime) -> FollowUp | None:
    """Open the follow-up of a visit, once; the one there is, open or closed, is returned as it is.

    None, and nothing opened, for a visit without an owner's account, for one whose account was erased since, and for
    people who belong to the shop. Side effects, in order: the event, outbox `follow_up.opened` (the shop is told).
    """
    if (known := FollowUp.objects.filter(booking=booking).first()) is not None:
        return known
    if (
        booking.owner is None
        or not booking.owner.is_active
        or rules.belongs_to(booking.owner, booking.shop, at=at, visit=booking)
    ):
        return None
    due = contact_due(booking.shop, at=at)
    try:
        with transaction.atomic():
            opened = FollowUp.objects.create(
                booking=booking,
                shop=booking.shop,
                owner=booking.owner,
                cause=cause,
                opened_at=at,
                contact_due_at=due,
                next_at=due,
            )
    except IntegrityError:  # somebody else was faster
        return FollowUp.objects.get(booking=booking)
    steps.write(opened, FollowUpStep.OPENED, at=at, side=Side.AUTHOR, data={"cause": str(cause)})
    outbox.emit(topic="follow_up.opened", key=opened.public_id, at=at)
    return opened


def contact_due(shop: Shop, *, at: datetime) -> datetime:
    """Until when a shop has to make contact about something that comes up at `at` (UTC).

    `CONTACT_WITHIN` on the clock. A shop that is closed through all of it has until it closes on its next day of
    opening. Two queries.
    """
    due, opening = at + CONTACT_WITHIN, Opening.of(shop)
    today = at.astimezone(shop.zone).date()
    for days in range(_LOOK_AHEAD_DAYS):
        spans = [span for span in opening.utc_intervals(today + timedelta(days=days)) if span[1] > at]
        if spans:
            return due if spans[0][0] < due else spans[-1][1]
    return due


@transaction.atomic
def _note_update(follow_up: FollowUp, version: ReviewVersion, *, at: datetime) -> None:
    """Note that the owner changed the review after the follow-up was opened; heard twice, it is noted once."""
    if version.number == 1 or version.written_at <= follow_up.opened_at:
        return
    follow_up = steps.locked(follow_up)
    data = {"version": version.number}
    if not follow_up.events.filter(step=FollowUpStep.REVIEW_UPDATED, data=data).exists():
        steps.write(follow_up, FollowUpStep.REVIEW_UPDATED, at=at, by=follow_up.owner, side=Side.AUTHOR, data=data)
