"""Writing to the owner of a follow-up: what the shop offers, whether it was put right, and the shop's words where the
visit takes no more of them. What is no longer true is not told.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core import day_words, outbox
from core.models import OutboxEvent
from core.money import format_fen
from notifications import keys, telling
from reviews.follow_ups import offers
from reviews.message_kinds import ASKED, CONTACT, ESCALATED, OFFER
from reviews.models import FollowUp, FollowUpOffer


def connect() -> None:
    """Subscribe to follow-ups; called once when the app is ready."""
    outbox.subscribe("follow_up.contacted")(tell_contacted)
    outbox.subscribe("follow_up.offered")(tell_offered)
    outbox.subscribe("follow_up.asked")(tell_asked)
    outbox.subscribe("follow_up.escalated")(tell_escalated)


def tell_contacted(event: OutboxEvent) -> None:
    """The shop's words, where they could not be said in the visit."""
    _tell_words(event, CONTACT)


def tell_escalated(event: OutboxEvent) -> None:
    """The platform stepped in."""
    _tell_words(event, ESCALATED)


def tell_offered(event: OutboxEvent) -> None:
    """An offer, while it stands."""
    rows = FollowUpOffer.objects.select_related("follow_up__shop__city", "follow_up__owner", "follow_up__booking")
    offer = rows.filter(public_id=event.payload["offer"]).first()
    if offer is None or not offers.stands(offer, at=timezone.now()):
        return
    _tell(offer.follow_up, OFFER, offer.public_id, until=offer.stands_until, offer=offer)


def tell_asked(event: OutboxEvent) -> None:
    """Was it put right? Not asked of a case that has ended meanwhile."""
    follow_up = _case(event)
    if follow_up is not None and follow_up.closed_at is None:
        _tell(follow_up, ASKED, event.pk)


def _tell_words(event: OutboxEvent, kind: str) -> None:
    follow_up = _case(event)
    said = follow_up.events.filter(pk=event.payload["event"]).first() if follow_up else None
    if follow_up is not None and said is not None and said.text:
        _tell(follow_up, kind, event.pk, words=said.text)


def _case(event: OutboxEvent) -> FollowUp | None:
    rows = FollowUp.objects.select_related("shop__city", "owner", "booking")
    return rows.filter(public_id=event.key).first()


def _tell(follow_up: FollowUp, kind: str, once: object, *, until: datetime | None = None, **more: Any) -> None:
    path = reverse("reviews:follow_up", args=[follow_up.public_id])
    telling.tell(
        kind=kind,
        key=keys.make(kind, follow_up.public_id, once),
        to=follow_up.owner,
        context=lambda: _facts(follow_up, path, **more),
        path=path,
        at=timezone.now(),
        until=until,
    )


def _facts(follow_up: FollowUp, path: str, words: str = "", offer: FollowUpOffer | None = None) -> dict[str, str]:
    facts = {
        "shop_name": follow_up.shop.name,
        "number": follow_up.booking.number,
        "url": settings.SITE_URL.rstrip("/") + path,
        "words": words,
        "action_words": _("Answer"),
    }
    if offer is not None:
        facts |= {
            "offer": str(offer.kind),
            "words": offer.text,
            "amount": format_fen(offer.amount_fen) if offer.amount_fen else "",
            "until": day_words.day_time(offer.stands_until, zone=follow_up.shop.zone),
        }
    return facts
