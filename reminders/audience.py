"""Whom a shop's campaign reaches: owners who agreed, of cars that the shop has served and that are really due."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from bookings.choices import IN_SHOP, UPCOMING
from bookings.models import BookedService
from notifications.choices import Topic
from notifications.models import ChannelChoice
from reminders import demand
from reminders.models import Campaign, DueItem, OwnerTurn

# From all shops together (product decision).
ONE_OFFER_IN = timedelta(days=30)


def items(campaign: Campaign, *, at: datetime) -> QuerySet[DueItem]:
    """The due items that a campaign may speak of at `at`: an owner of several such cars has several."""
    written_to = OwnerTurn.objects.filter(owner=OuterRef("owner"), last_campaign_at__gt=at - ONE_OFFER_IN)
    # Of this topic nobody hears unless they said so: a choice that is on is the consent.
    agreed = ChannelChoice.objects.filter(user=OuterRef("owner"), topic=Topic.CAMPAIGNS, is_on=True)
    booked = BookedService.objects.filter(
        booking__car=OuterRef("car"),
        booking__status__in=(*UPCOMING, *IN_SHOP),
        service=campaign.service_id,
    )
    return DueItem.objects.open().filter(
        Q(Exists(agreed)),
        ~Q(Exists(written_to)),
        ~Q(Exists(booked)),
        car__in=demand.customers_of(campaign.shop, at=at),
        owner__is_active=True,
        service=campaign.service.key,
        due_on__range=(campaign.due_from, campaign.due_until),
    )


def size(campaign: Campaign, *, at: datetime) -> int:
    """How many owners that is. One query."""
    return items(campaign, at=at).order_by().values("owner").distinct().count()
