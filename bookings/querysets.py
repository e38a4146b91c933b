"""Reads of visits and claims, as chainable adjectives."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Prefetch

from bookings.choices import ENDED, IN_SHOP, UPCOMING, Status

if TYPE_CHECKING:
    from accounts.models import User
    from bookings.models import Booking  # noqa: F401  (for the type parameter)
    from shops.models import Shop


class BookingQuerySet(models.QuerySet["Booking"]):
    def visible_to(self, user: User) -> Self:
        """The visits of this owner. A shop's staff see theirs through `at_shop`."""
        return self.filter(owner=user)

    def of_visitor(self, *, visitor_key: str) -> Self:
        """Holds made in this browser before signing in."""
        return self.filter(visitor_key=visitor_key).exclude(visitor_key="")

    def at_shop(self, shop: Shop) -> Self:
        return self.filter(shop=shop)

    def upcoming(self) -> Self:
        return self.filter(status__in=UPCOMING).order_by("starts_at", "pk")

    def in_shop(self) -> Self:
        return self.filter(status__in=IN_SHOP).order_by("starts_at", "pk")

    def ended(self) -> Self:
        return self.filter(status__in=ENDED).order_by("-starts_at", "-pk")

    def lapsed(self, *, at: datetime) -> Self:
        """Holds whose time is over but which still stand as held."""
        return self.filter(status=Status.HELD, hold_expires_at__lte=at)

    def starting_between(self, start: datetime, end: datetime) -> Self:
        return self.filter(starts_at__gte=start, starts_at__lt=end)

    def for_card(self) -> Self:
        """With shop, service, car, bay and technician at hand: two queries for any number of visits."""
        from bookings.models import Allocation  # the model imports this module

        claims = Prefetch("allocations", Allocation.objects.select_related("resource__technician"))
        return self.select_related("shop__city", "service", "variant__model__make", "car").prefetch_related(claims)
