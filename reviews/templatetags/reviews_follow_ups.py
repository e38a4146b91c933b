"""Looks of follow-ups and their offers."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from core.templatetags.ui import badge
from reviews.choices import OfferStatus
from reviews.follow_up_pages.showing import OFFER_LOOKS
from reviews.models import FollowUpOffer

register = template.Library()


@register.simple_tag
def offer_badge(offer: FollowUpOffer) -> SafeString:
    """The badge of an offer: where it stands."""
    tone, icon = OFFER_LOOKS[OfferStatus(offer.status)]
    return badge(offer.get_status_display(), tone, icon)
