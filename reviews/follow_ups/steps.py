"""The one door of a follow-up: its row under a lock, where it stands, what is written down of it.

Locks, in this order: the follow-up (its offers with it), the visit, its payments, the shop's standing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Max

from accounts.models import User
from reviews.choices import FOLLOW_UP_OPEN, FollowUpStatus, FollowUpStep, OfferStatus
from reviews.errors import FollowUpClosedError
from reviews.follow_ups import figures
from reviews.models import FollowUp, FollowUpEvent, FollowUpOffer


def locked(follow_up: FollowUp) -> FollowUp:
    """The follow-up as it is now, its row locked until the transaction ends. Whoever changes one of its offers holds
    this lock."""
    rows = FollowUp.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("shop__city", "booking", "owner").get(pk=follow_up.pk)


def locked_open(follow_up: FollowUp) -> FollowUp:
    """As `locked`; raises FollowUpClosedError for one that has ended."""
    follow_up = locked(follow_up)
    ask_open(follow_up)
    return follow_up


def ask_open(follow_up: FollowUp) -> None:
    """Raise FollowUpClosedError for a case that has ended."""
    if follow_up.status not in FOLLOW_UP_OPEN:
        raise FollowUpClosedError


def write(  # noqa: PLR0913  (the columns of an event)
    follow_up: FollowUp,
    step: FollowUpStep,
    *,
    at: datetime,
    by: User | None = None,
    side: str = "",
    text: str = "",
    data: dict[str, Any] | None = None,
) -> FollowUpEvent:
    """Write a step down; owner, shop and platform read the same. `side` is a `Side`, empty for the platform."""
    return FollowUpEvent.objects.create(
        follow_up=follow_up, at=at, step=step, by=by, side=side, text=text, data=data or {}
    )


def contacted(follow_up: FollowUp, *, at: datetime) -> None:
    """The shop has written to the owner or made an offer: the clock stops with the first time. The follow-up is locked
    and open, and saved by `stand`."""
    follow_up.contacted_at = follow_up.contacted_at or at


def stand(follow_up: FollowUp, *, look_at: datetime | None = None) -> None:
    """Set where a locked, open follow-up stands from its facts, and save it.

    Accepted while an offer was, offered while one waits, contacted once the shop wrote. `look_at` is when the sweep
    looks at it again: not before the offers that wait have ended, and never sooner once the owner was asked.
    """
    follow_up.status = _standing(follow_up)
    if look_at is not None:
        waiting = follow_up.offers.filter(status=OfferStatus.OPEN).aggregate(until=Max("stands_until"))["until"]
        asked = follow_up.next_at if follow_up.asked_times else None
        follow_up.next_at = max(each for each in (look_at, waiting, asked) if each is not None)
    follow_up.save(update_fields=["status", "contacted_at", "asked_at", "asked_times", "next_at"])


def close(follow_up: FollowUp, status: FollowUpStatus, *, at: datetime, counts: bool = True) -> None:
    """End a locked, open follow-up. Side effects: offers that wait end, the shop's public figure unless it `counts` for
    nobody."""
    end_offers(follow_up, at=at)
    follow_up.status, follow_up.closed_at, follow_up.next_at = status, at, None
    follow_up.is_counted = counts and figures.counts(follow_up)
    follow_up.save(update_fields=["status", "closed_at", "next_at", "is_counted"])
    if follow_up.is_counted:
        figures.put_in(follow_up, at=at)


def end_offers(follow_up: FollowUp, *, at: datetime) -> int:
    """End every offer of a locked follow-up that waits for an answer. Returns how many."""
    waiting = FollowUpOffer.objects.filter(follow_up=follow_up, status=OfferStatus.OPEN)
    return waiting.update(status=OfferStatus.ENDED, answered_at=at)


def _standing(follow_up: FollowUp) -> FollowUpStatus:
    statuses = set(follow_up.offers.values_list("status", flat=True))
    if OfferStatus.ACCEPTED in statuses:
        return FollowUpStatus.ACCEPTED
    if OfferStatus.OPEN in statuses:
        return FollowUpStatus.OFFERED
    return FollowUpStatus.CONTACTED if follow_up.contacted_at else FollowUpStatus.OPEN
