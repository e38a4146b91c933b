"""Sends shops' campaigns: owner by owner, to those who agreed and whose car is really due (`reminders.audience`).

A campaign goes through its owners in order and keeps its place. Who is in quiet hours is passed over and met again in
the next round; it ends when a round has left nobody untried. Who has been tried in vain (the shop has no time for the
car) is tried again after `TRY_AGAIN`, as long as the campaign goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.cache import cache
from django.db import InterfaceError, OperationalError, transaction
from django.urls import reverse

from accounts.models import User
from catalog.models import Service
from catalog.needs import loading
from core import faults
from notifications import preferences
from notifications.choices import Topic
from reminders import audience, words
from reminders.choices import CampaignStatus, LetterKind
from reminders.models import Campaign, DueItem, Letter, LetterSlot, OwnerTurn
from reminders.sending import bookable, choosing, content, letters, slots, underway
from reminders.sending.facts import Facts

logger = logging.getLogger("reminders")

KIND = "reminders/campaign"
LIMIT = 100
TOGETHER = 50
TRY_AGAIN = timedelta(hours=6)
# Free times are told of now or not at all (product decision).
ENDS_AFTER = timedelta(days=7)


def sweep_campaigns(*, at: datetime, limit: int = LIMIT) -> int:
    """Write at most `limit` letters of campaigns that are being sent, at `at` (UTC). Returns how many.

    Side effects: letters with their slots, notices with their messages; a campaign that is through is ended.
    """
    made = 0
    for campaign in Campaign.objects.filter(status=CampaignStatus.SENDING).select_related("shop__city", "service"):
        made += _send(campaign, at=at, limit=limit - made)
        if made >= limit:
            break
    return made


def _send(campaign: Campaign, *, at: datetime, limit: int) -> int:
    """Go on with one campaign from its place to the end of the round. Returns how many letters were written."""
    made, facts = 0, Facts(at=at)
    while some := _next_owners(campaign, at):
        tried = cache.get_many([_tried(campaign, owner) for owner in some])
        people = User.objects.in_bulk([owner for owner in some if _tried(campaign, owner) not in tried])
        wishes = preferences.wishes_of(people.values())
        for owner in some:
            person = people.get(owner)
            if person is not None and not wishes[owner].quiet.holds(at) and wishes[owner].reaches(Topic.CAMPAIGNS):
                made += _written(campaign, person, facts)
            elif person is not None and not wishes[owner].reaches(Topic.CAMPAIGNS):
                _try_later(campaign, owner)
            campaign.cursor = owner
            if made >= limit:
                break
        Campaign.objects.filter(pk=campaign.pk).update(cursor=campaign.cursor)
        if made >= limit:
            return made
    _end_round(campaign, at)
    return made


def _next_owners(campaign: Campaign, at: datetime) -> list[int]:
    rows = audience.items(campaign, at=at).filter(owner__gt=campaign.cursor).order_by("owner")
    return list(rows.values_list("owner", flat=True).distinct()[:TOGETHER])


def _end_round(campaign: Campaign, at: datetime) -> None:
    """Begin another round for those who were passed over; with nobody left the campaign is sent."""
    owners = audience.items(campaign, at=at).order_by().values_list("owner", flat=True).distinct()
    left = [_tried(campaign, owner) for owner in owners]
    is_late = campaign.started_at is not None and at > campaign.started_at + ENDS_AFTER
    sending = Campaign.objects.filter(pk=campaign.pk, status=CampaignStatus.SENDING)
    if is_late or len(cache.get_many(left)) == len(left):
        sending.update(status=CampaignStatus.SENT, ended_at=at)
    else:
        sending.update(cursor=0)


def _written(campaign: Campaign, owner: User, facts: Facts) -> bool:
    at = facts.at
    try:
        OwnerTurn.objects.get_or_create(owner=owner)
        item = _item(campaign, owner, at)
        services = bookable.services_for([item], facts) if item else []
        offers = slots.best(item.car, services, at=at, shop=campaign.shop) if item and services else []
        faults.point("reminders.campaign_slots_found")
        if item and offers and _write(campaign, item, offers, at=at):
            return True
    except (InterfaceError, OperationalError, SoftTimeLimitExceeded):  # no letter is at fault: the next sweep goes on
        raise
    except Exception:  # whatever is wrong with one letter, the others are written
        logger.exception("letter of campaign %s to %s cannot be written", campaign.public_id, owner.public_id)
    _try_later(campaign, owner.pk)
    return False


@transaction.atomic
def _write(campaign: Campaign, item: DueItem, offers: list[slots.Offer], *, at: datetime) -> Letter | None:
    """One letter in one transaction; None if the campaign was stopped or the owner is not to be written to any more."""
    present = Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    row = OwnerTurn.objects.select_for_update(no_key=True).filter(owner=item.owner_id).first()
    if present.status != CampaignStatus.SENDING or row is None:
        return None
    if not audience.items(campaign, at=at).filter(pk=item.pk).exists():
        return None
    letter = Letter.objects.create(owner=item.owner, kind=LetterKind.CAMPAIGN, campaign=campaign, sent_at=at)
    rows = letters.add_slots(letter, offers)
    row.last_campaign_at = at
    row.save(update_fields=["last_campaign_at"])
    today = at.astimezone(campaign.shop.zone).date()
    letters.tell(letter, KIND, partial(_context, campaign, item, offers[0].job.job.services, rows, today), at=at)
    return letter


def _item(campaign: Campaign, owner: User, at: datetime) -> DueItem | None:
    """The most urgent item that the campaign may speak of to this owner; none that is under way."""
    rows = audience.items(campaign, at=at).filter(owner=owner, car__due_state__stale_since=None)
    items = list(rows.select_related("owner", "car__variant__model__make", "car__due_state"))
    busy = underway.services({item.car_id: item.car.due_state.computed_on or at.date() for item in items})
    free = [item for item in items if item.service not in busy.get(item.car_id, ())]
    return min(free, key=choosing.urgency, default=None)


def _context(
    campaign: Campaign, item: DueItem, offered: Sequence[Service], rows: list[LetterSlot], today: date
) -> dict[str, Any]:
    """What the letter says. `check`: by what is found out whether it is needed, where the times are for that; else
    empty."""
    check = [service.name for service in offered if service.key != item.service]
    price = loading.prices([campaign.service], item.car.variant).get(campaign.service.key)
    return {
        "shop_name": campaign.shop.name,
        "text": campaign.text,
        "service": words.title(item),
        "check": " + ".join(check),
        "car": content.car_name(item.car),
        "when": words.when(item),
        "why": words.why(item, today=today),
        "usual": content.usual_price(price, campaign.shop.city),
        "settings_url": settings.SITE_URL.rstrip("/") + reverse("notifications:preference"),
        **content.of_slots(rows, offered),
    }


def _try_later(campaign: Campaign, owner: int) -> None:
    cache.set(_tried(campaign, owner), "1", TRY_AGAIN.total_seconds())


def _tried(campaign: Campaign, owner: int) -> str:
    return f"reminders:campaign:{campaign.pk}:{owner}"
