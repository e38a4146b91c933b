"""Reads of reviews and what belongs to them, as chainable adjectives."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Prefetch

from reviews.choices import FOLLOW_UP_OPEN, AppealStatus, ItemKind, ReplyStatus, ReviewStatus

if TYPE_CHECKING:
    from accounts.models import User
    from reviews.models import Appeal, FollowUp, ModerationItem, Reply, Review  # noqa: F401  (for the type parameters)
    from shops.models import Shop


class ReviewQuerySet(models.QuerySet["Review"]):
    def visible_to(self, user: User) -> Self:
        """The reviews that this person wrote. A shop's staff see theirs through `at_shop`, everybody `published`."""
        return self.filter(author=user)

    def at_shop(self, shop: Shop) -> Self:
        return self.filter(shop=shop)

    def published(self) -> Self:
        return self.filter(status=ReviewStatus.PUBLISHED)

    def for_card(self) -> Self:
        """With what a published review shows at hand: four queries for any number of reviews."""
        from reviews.models import Reply, ReviewPerson  # the models import this module

        replies = Prefetch("replies", Reply.objects.published(), to_attr="published_replies")
        people = Prefetch("people", ReviewPerson.objects.select_related("person"))
        reviews = self.select_related("shown", "author", "shop__city", "service", "model__make", "booking")
        return reviews.prefetch_related(people, "shown__photos", replies)


class ReplyQuerySet(models.QuerySet["Reply"]):
    def published(self) -> Self:
        return self.filter(status=ReplyStatus.PUBLISHED)


class ItemQuerySet(models.QuerySet["ModerationItem"]):
    def open(self) -> Self:
        """What still waits."""
        return self.filter(decided_at=None)

    def queue(self, *kinds: ItemKind) -> Self:
        """What waits, in the order in which it is to be looked at: risk, then what was skipped least, then age."""
        waiting = self.open().filter(kind__in=kinds) if kinds else self.open()
        return waiting.order_by("-band", "skips", "waiting_since", "pk")


class AppealQuerySet(models.QuerySet["Appeal"]):
    def open(self) -> Self:
        return self.filter(status=AppealStatus.OPEN)


class FollowUpQuerySet(models.QuerySet["FollowUp"]):
    def visible_to(self, user: User) -> Self:
        """Those about this owner's visits. A shop's staff see theirs through `at_shop`."""
        return self.filter(owner=user)

    def at_shop(self, shop: Shop) -> Self:
        return self.filter(shop=shop)

    def open(self) -> Self:
        return self.filter(status__in=FOLLOW_UP_OPEN)

    def late(self, *, at: datetime) -> Self:
        """Nobody has contacted the owner, and the time for it has passed."""
        return self.open().filter(contacted_at=None, contact_due_at__lt=at)
