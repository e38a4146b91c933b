"""Follow-ups as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Prefetch, QuerySet

from bookings.models import Booking, Line
from reviews.follow_ups import answers, offers
from reviews.models import FollowUp, FollowUpEvent, FollowUpOffer
from reviews.shown_text import visible


@dataclass(frozen=True, slots=True)
class ShownOffer:
    """An offer with what it means: `lines` of the visit it puts right, and whether the owner can answer it now."""

    offer: FollowUpOffer
    stands: bool
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Case:
    """A follow-up as its page shows it, the same to owner, shop and platform; nothing of the review is in it. `words`
    are what the owner said when they were not happy: for owner and shop."""

    follow_up: FollowUp
    events: list[FollowUpEvent]
    offers: list[ShownOffer]
    can_say: bool
    is_late: bool
    words: str

    @property
    def standing(self) -> list[ShownOffer]:
        return [one for one in self.offers if one.stands]

    @property
    def past(self) -> list[ShownOffer]:
        return [one for one in self.offers if not one.stands]


def with_parts() -> QuerySet[FollowUp]:
    """Follow-ups with visit, what was said of it, shop, people, events and offers at hand: three queries for any number
    of them."""
    events = Prefetch("events", FollowUpEvent.objects.select_related("by").order_by("at", "pk"))
    made = FollowUpOffer.objects.select_related("order_line", "comeback", "coupon", "made_by").order_by("pk")
    rows = FollowUp.objects.select_related(
        "shop__city", "booking__service", "booking__variant__model__make", "booking__visit_answer", "owner"
    )
    return rows.prefetch_related(events, Prefetch("offers", made))


def case(follow_up: FollowUp, *, at: datetime) -> Case:
    """What the page shows of a follow-up fetched through `with_parts`. At most five queries more, for the lines of
    offered comebacks."""
    made = list(follow_up.offers.all())
    lines = _lines(follow_up.booking, made)
    shown = [
        ShownOffer(offer, offers.stands(offer, at=at) and follow_up.closed_at is None, _of(offer, lines))
        for offer in made
    ]
    is_late = follow_up.closed_at is None and follow_up.contacted_at is None and follow_up.contact_due_at < at
    return Case(
        follow_up, list(follow_up.events.all()), shown, answers.can_say(follow_up, at=at), is_late, words_of(follow_up)
    )


def words_of(follow_up: FollowUp) -> str:
    """What the owner said of the visit when they were not happy; empty if nothing. Needs `booking__visit_answer`, else
    one query."""
    said = getattr(follow_up.booking, "visit_answer", None)
    return visible(said.words) if said is not None and not said.is_happy else ""


def of_booking(booking: Booking) -> FollowUp | None:
    """The follow-up of a visit, None if there is none. One query, none where it is at hand already."""
    return getattr(booking, "follow_up", None)


def _lines(booking: Booking, made: Sequence[FollowUpOffer]) -> dict[str, Line]:
    wanted = {public_id for offer in made for public_id in offer.lines}
    if not wanted:
        return {}
    return {line.public_id: line for line in booking.lines.filter(public_id__in=wanted).with_versions()}


def _of(offer: FollowUpOffer, lines: dict[str, Line]) -> list[Line]:
    return [lines[public_id] for public_id in offer.lines if public_id in lines]
