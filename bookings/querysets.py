"""Reads of visits and claims, as chainable adjectives."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Count, F, OuterRef, Prefetch, Q, Subquery
from django.db.models.functions import Coalesce

from bookings.choices import ENDED, IN_SHOP, LAPSING, UPCOMING, LineState, WaitingStatus

if TYPE_CHECKING:
    from accounts.models import User
    from bookings.models import Booking, Line, VisitLink, WaitingEntry  # noqa: F401  (for the type parameters)
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
        """Holds and unanswered requests whose time is over but which still stand."""
        return self.filter(status__in=LAPSING, hold_expires_at__lte=at)

    def starting_between(self, start: datetime, end: datetime) -> Self:
        return self.filter(starts_at__gte=start, starts_at__lt=end)

    def for_card(self) -> Self:
        """With shop, services, car, bay and technician at hand: three queries for any number of visits."""
        from bookings.models import Allocation, BookedService  # the models import this module

        claims = Prefetch("allocations", Allocation.objects.select_related("resource__technician"))
        services = Prefetch("booked_services", BookedService.objects.select_related("service"))
        cards = self.select_related("shop__city", "service", "variant__model__make", "car")
        return cards.prefetch_related(claims, services)

    def with_unread(self) -> Self:
        """With `unread`: how many messages of the owner nobody of the shop has seen. No further query."""
        from bookings.models import VisitMessage  # the models import this module

        is_new = Q(at__gt=F("booking__shop_read_at")) | Q(booking__shop_read_at=None)
        news = VisitMessage.objects.filter(is_new, booking=OuterRef("pk"), is_from_owner=True).order_by()
        counted = news.values("booking").annotate(n=Count("pk")).values("n")
        return self.annotate(unread=Coalesce(Subquery(counted), 0))


class WaitingQuerySet(models.QuerySet["WaitingEntry"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(owner=user)

    def open(self) -> Self:
        """Places that still wait or hold an offer."""
        return self.filter(status__in=[WaitingStatus.WAITING, WaitingStatus.OFFERED])

    def in_line(self, shop: Shop) -> Self:
        """Who waits at a shop, the longest first."""
        return self.filter(shop=shop, status=WaitingStatus.WAITING).order_by("created_at", "pk")


class LineQuerySet(models.QuerySet["Line"]):
    def with_versions(self) -> Self:
        """With every version, its service or measure, decisions, photos and technician at hand: four queries for any
        number of lines."""
        from bookings.models import LineVersion  # the models import this module

        versions = Prefetch("versions", LineVersion.objects.select_related("service", "measure", "created_by"))
        lines = self.select_related("technician", "done_by").order_by("position", "pk")
        return lines.prefetch_related(versions, "decisions__recorded_by", "photos")

    def pending(self) -> Self:
        """Lines that the owner was asked about and has not answered."""
        return self.filter(state=LineState.PROPOSED, sent_at__isnull=False)

    def shown_to_owner(self) -> Self:
        """Everything but proposals that were not sent, or were withdrawn before they were."""
        return self.exclude(sent_at=None)


class VisitLinkQuerySet(models.QuerySet["VisitLink"]):
    def valid(self, *, at: datetime) -> Self:
        return self.filter(revoked_at=None, expires_at__gt=at)
