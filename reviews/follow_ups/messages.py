"""Writing to the owner of a follow-up: what the shop offers, whether it was put right, and the shop's words where the
visit takes no more of them. Over the channels they chose, in their language.

A message leaves after its event was marked as handled, so at most once. What is no longer true is not sent.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation

from core import day_words, outbox
from core.models import OutboxEvent
from core.money import format_fen
from notifications.delivery import send_template
from notifications.preferences import channels_for
from reviews.follow_ups import offers
from reviews.models import FollowUp, FollowUpOffer


def connect() -> None:
    """Subscribe to follow-ups; called once when the app is ready."""
    outbox.subscribe("follow_up.contacted")(tell_contacted)
    outbox.subscribe("follow_up.offered")(tell_offered)
    outbox.subscribe("follow_up.asked")(tell_asked)
    outbox.subscribe("follow_up.escalated")(tell_escalated)


def tell_contacted(event: OutboxEvent) -> None:
    """The shop's words, where they could not be said in the visit."""
    _tell_words(event, "follow_up_contact")


def tell_escalated(event: OutboxEvent) -> None:
    """The platform stepped in."""
    _tell_words(event, "follow_up_escalated")


def tell_offered(event: OutboxEvent) -> None:
    """An offer, while it stands."""
    rows = FollowUpOffer.objects.select_related("follow_up__shop__city", "follow_up__owner", "follow_up__booking")
    offer = rows.filter(public_id=event.payload["offer"]).first()
    if offer is None or not offers.stands(offer, at=timezone.now()):
        return
    follow_up = offer.follow_up
    until = day_words.day_time(offer.stands_until, zone=follow_up.shop.zone)
    amount = format_fen(offer.amount_fen) if offer.amount_fen else ""
    _send(follow_up, "follow_up_offer", offer=str(offer.kind), words=offer.text, amount=amount, until=until)


def tell_asked(event: OutboxEvent) -> None:
    """Was it put right? Not asked of a case that has ended meanwhile."""
    follow_up = _case(event)
    if follow_up is not None and follow_up.closed_at is None:
        _send(follow_up, "follow_up_asked")


def _tell_words(event: OutboxEvent, kind: str) -> None:
    follow_up = _case(event)
    said = follow_up.events.filter(pk=event.payload["event"]).first() if follow_up else None
    if follow_up is not None and said is not None and said.text:
        _send(follow_up, kind, words=said.text)


def _case(event: OutboxEvent) -> FollowUp | None:
    rows = FollowUp.objects.select_related("shop__city", "owner", "booking")
    return rows.filter(public_id=event.key).first()


def _send(follow_up: FollowUp, kind: str, **more: str) -> None:
    transaction.on_commit(partial(_deliver, follow_up, kind, more), robust=True)


def _deliver(follow_up: FollowUp, kind: str, more: dict[str, str]) -> None:
    owner = follow_up.owner
    language = owner.language or settings.LANGUAGE_CODE
    with translation.override(language):
        context: dict[str, Any] = {
            "shop_name": follow_up.shop.name,
            "number": follow_up.booking.number,
            "url": settings.SITE_URL.rstrip("/") + reverse("reviews:follow_up", args=[follow_up.public_id]),
            **more,
        }
    for reach in channels_for(owner):
        send_template(
            channel=reach.channel,
            kind=f"reviews/{kind}",
            recipient=reach.recipient,
            context=context,
            language=language,
        )
