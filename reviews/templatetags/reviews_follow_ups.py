"""Looks of follow-ups and their offers; what the page of a visit says of its follow-up."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from bookings.choices import Status
from bookings.models import Booking
from core.templatetags.ui import badge
from reviews.choices import FollowUpStatus, OfferStatus
from reviews.follow_up_pages.showing import OFFER_LOOKS, STATUS_LOOKS
from reviews.follow_ups import reading
from reviews.models import FollowUp, FollowUpOffer

register = template.Library()


@register.simple_tag
def offer_badge(offer: FollowUpOffer) -> SafeString:
    """The badge of an offer: where it stands."""
    tone, icon = OFFER_LOOKS[OfferStatus(offer.status)]
    return badge(offer.get_status_display(), tone, icon)


@register.simple_tag
def follow_up_badge(follow_up: FollowUp) -> SafeString:
    """The badge of a follow-up: where it stands."""
    tone, icon = STATUS_LOOKS[FollowUpStatus(follow_up.status)]
    return badge(follow_up.get_status_display(), tone, icon)


@register.inclusion_tag("reviews/follow_up/_visit_card.html")
def visit_follow_up(booking: Booking) -> dict[str, Any]:
    """On the owner's page of a visit that was handed over: how putting it right stands, and the way there. One query;
    none before the handover."""
    return {"follow_up": reading.of_booking(booking) if booking.status == Status.COMPLETED else None}
