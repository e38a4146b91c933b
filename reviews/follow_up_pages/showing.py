"""A follow-up for its page: what was said and done, each with its look, and what the owner can do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from payments.disputes import rules as dispute_rules
from reviews import rules
from reviews.choices import FollowUpStatus, FollowUpStep, OfferKind, OfferStatus, Side
from reviews.follow_ups import matters, reading
from reviews.models import FollowUp, FollowUpEvent, Review

_LOOKS = {
    FollowUpStep.OPENED: ("message-square-warning", "part"),
    FollowUpStep.CONTACT: ("message-square", "info"),
    FollowUpStep.INVITED: ("message-square", "info"),
    FollowUpStep.OFFER: ("gift", "warn"),
    FollowUpStep.ACCEPTED: ("check", "ok"),
    FollowUpStep.DECLINED: ("x", "mute"),
    FollowUpStep.WITHDRAWN: ("undo-2", "mute"),
    FollowUpStep.OFFER_ENDED: ("clock", "mute"),
    FollowUpStep.CARRIED_OUT: ("circle-check", "ok"),
    FollowUpStep.ASKED: ("circle-question-mark", "mute"),
    FollowUpStep.LATE: ("clock-alert", "bad"),
    FollowUpStep.ESCALATED: ("scale", "info"),
    FollowUpStep.PUT_RIGHT: ("circle-check", "ok"),
    FollowUpStep.NOT_PUT_RIGHT: ("x", "bad"),
    FollowUpStep.REVIEW_UPDATED: ("pencil", "mute"),
    FollowUpStep.LAPSED: ("clock", "mute"),
}
STATUS_LOOKS = {
    FollowUpStatus.OPEN: ("warn", "hourglass"),
    FollowUpStatus.CONTACTED: ("info", "message-square"),
    FollowUpStatus.OFFERED: ("warn", "gift"),
    FollowUpStatus.ACCEPTED: ("info", "check"),
    FollowUpStatus.PUT_RIGHT: ("ok", "circle-check"),
    FollowUpStatus.NOT_PUT_RIGHT: ("bad", "x"),
    FollowUpStatus.LAPSED: ("mute", "clock"),
}
OFFER_LOOKS = {
    OfferStatus.OPEN: ("mute", "clock"),
    OfferStatus.ACCEPTED: ("ok", "check"),
    OfferStatus.DECLINED: ("mute", "x"),
    OfferStatus.WITHDRAWN: ("mute", "undo-2"),
    OfferStatus.ENDED: ("mute", "clock"),
}
_PLATFORM = _("CarKeeper")


@dataclass(frozen=True, slots=True)
class Entry:
    """A step as it is shown: what, by whom, in which look, and what the offer of it is about."""

    at: datetime
    title: str | Promise
    who: str | Promise
    text: str
    icon: str
    tone: str
    about: str | Promise = ""


def entries(case: reading.Case, *, you: Side | None) -> list[Entry]:
    """The steps of a case in the order in which they happened, as the side `you` reads them (None: the platform). No
    query."""
    names = _names(case.follow_up, you)
    return [_entry(event, names) for event in case.events]


def frame(follow_up: FollowUp, *, at: datetime) -> dict[str, Any]:
    """What the owner's page of a follow-up (from `reading.with_parts`) shows."""
    case, booking = reading.case(follow_up, at=at), follow_up.booking
    review = Review.objects.select_related("booking", "shop", "author").filter(booking=booking).first()
    order = matters.order_of(booking)
    return {
        "case": case,
        "follow_up": follow_up,
        "booking": booking,
        "shop": follow_up.shop,
        "zone": follow_up.shop.zone,
        "entries": entries(case, you=Side.AUTHOR)[::-1],
        "review": review if review and rules.why_not_edit(review, at=at) is None else None,
        "can_write": review is None and rules.why_not_review(follow_up.owner, booking, at=at) is None,
        "order": order if order and dispute_rules.is_in_time(order, at=at) else None,
    }


def _names(follow_up: FollowUp, you: Side | None) -> Mapping[str, str | Promise]:
    names: dict[str, str | Promise] = {Side.AUTHOR: _("Owner"), Side.SHOP: follow_up.shop.name, "": _PLATFORM}
    if you == Side.AUTHOR:
        names[you] = _("You")
    return names


def _entry(event: FollowUpEvent, names: Mapping[str, str | Promise]) -> Entry:
    step = FollowUpStep(event.step)
    icon, tone = _LOOKS[step]
    kind = event.data.get("kind")
    about = OfferKind(kind).label if kind else ""
    return Entry(event.at, step.label, names[event.side], event.text, icon, tone, about)
