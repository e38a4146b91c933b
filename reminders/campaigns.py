"""Writing, starting and stopping a shop's campaign. Sending it is `reminders.sending.campaigns`."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from catalog.models import Offer, Service
from core.errors import Conflict, InvalidInput
from reminders.choices import CampaignStatus
from reminders.models import Campaign
from reviews import words
from reviews.hints import contacts
from shops.models import Shop

MAX_TEXT = 200
MAX_WEEKS = 8
# A shop that writes more often is not read (product decision).
EVERY = timedelta(days=14)


class CampaignRunningError(Conflict):
    code = "campaign_running"
    message = _("A campaign of this shop is being sent. Wait for it, or stop it.")


class TooSoonError(Conflict):
    code = "campaign_too_soon"
    message = _("A shop may write to its customers once in two weeks.")


class StartedError(Conflict):
    code = "campaign_started"
    message = _("This campaign was started already. It can be stopped, not changed.")


class NotSendingError(Conflict):
    code = "campaign_not_sending"
    message = _("This campaign is not being sent.")


@transaction.atomic
def draft(*, shop: Shop, service: Service, weeks: int, text: str, by: User, at: datetime) -> Campaign:
    """Write a campaign for cars due for a service that the shop offers, from today until `weeks` weeks on.

    Raises InvalidInput with the field: not offered here, weeks outside 1 to 8, words that are too long or name an
    address or number.
    """
    today = at.astimezone(shop.zone).date()
    if not Offer.objects.active().filter(shop=shop, service=service).exists():
        raise InvalidInput(_("Your shop does not offer this service."), field="service")
    if not 1 <= weeks <= MAX_WEEKS:
        raise InvalidInput(_("Choose between 1 and 8 weeks."), field="weeks")
    return Campaign.objects.create(
        shop=shop,
        service=service,
        text=_checked(text),
        due_from=today - timedelta(days=90),  # those overdue for a season as well
        due_until=today + timedelta(weeks=weeks),
        created_by=by,
        created_at=at,
    )


@transaction.atomic
def start(*, campaign: Campaign, at: datetime) -> Campaign:
    """Begin to send. Raises StartedError, CampaignRunningError, TooSoonError."""
    Shop.objects.select_for_update(no_key=True).get(pk=campaign.shop_id)  # one start at a time
    campaign = _locked(campaign)
    if campaign.status != CampaignStatus.DRAFT:
        raise StartedError
    others = Campaign.objects.at_shop(campaign.shop).exclude(pk=campaign.pk)
    if others.filter(status=CampaignStatus.SENDING).exists():
        raise CampaignRunningError
    if others.filter(started_at__gt=at - EVERY).exists():
        raise TooSoonError
    campaign.status, campaign.started_at = CampaignStatus.SENDING, at
    campaign.save(update_fields=["status", "started_at"])
    return campaign


@transaction.atomic
def stop(*, campaign: Campaign, at: datetime) -> Campaign:
    """Send no more of it. What was sent stays sent. Raises NotSendingError."""
    campaign = _locked(campaign)
    if campaign.status != CampaignStatus.SENDING:
        raise NotSendingError
    campaign.status, campaign.ended_at = CampaignStatus.STOPPED, at
    campaign.save(update_fields=["status", "ended_at"])
    return campaign


def _locked(campaign: Campaign) -> Campaign:
    rows = Campaign.objects.select_for_update(no_key=True, of=("self",)).select_related("shop__city", "service")
    return rows.get(pk=campaign.pk)


def _checked(text: str) -> str:
    checked = words.checked(text, limit=MAX_TEXT, needed=False)
    if contacts.find(checked):
        raise InvalidInput(
            _("Leave out numbers, addresses and accounts: the letter has a button that leads to your shop."),
            field="text",
        )
    return checked
