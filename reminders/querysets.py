"""Every read of what is due."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db import models

from reminders.choices import STANDING, ItemState

if TYPE_CHECKING:
    from accounts.models import User
    from reminders.models import Campaign, DueItem  # noqa: F401  (named below)
    from shops.models import Shop


class DueItemQuerySet(models.QuerySet["DueItem"]):
    def visible_to(self, user: User) -> DueItemQuerySet:
        """Items of the cars in the person's garage."""
        return self.filter(owner_id=user.pk, car__removed_at=None)

    def standing(self) -> DueItemQuerySet:
        """Open or put off."""
        return self.filter(state__in=STANDING)

    def open(self) -> DueItemQuerySet:
        return self.filter(state=ItemState.OPEN)

    def to_remind(self, today: date) -> DueItemQuerySet:
        """Open items of cars still in a garage of which a stage has come."""
        return self.open().filter(next_stage_on__lte=today, car__removed_at=None)


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def at_shop(self, shop: Shop) -> CampaignQuerySet:
        return self.filter(shop=shop)
