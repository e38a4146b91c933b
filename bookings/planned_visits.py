"""Tells the shops' room which visits stand in the way of a closure or of taking a bay out of use."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Q
from django.urls import reverse

from bookings.choices import IN_SHOP, Status
from bookings.models import Booking
from shops import planned
from shops.models import Resource, Shop
from shops.planned import PlannedVisit
from vehicles import plates


def connect() -> None:
    """Register with `shops.planned`; called once when the app is ready."""
    planned.register(planned_visits)


def planned_visits(shop: Shop, start: datetime, end: datetime | None, resource: Resource | None) -> list[PlannedVisit]:
    """Confirmed visits that begin from `start` until before `end`, and cars in the shop; on `resource` if given."""
    begins = Q(status=Status.CONFIRMED, starts_at__gte=start)
    begins |= Q(status__in=IN_SHOP, ends_at__gt=start)
    visits = Booking.objects.at_shop(shop).filter(begins)
    if end is not None:
        visits = visits.filter(starts_at__lt=end)
    if resource is not None:
        visits = visits.filter(allocations__resource=resource).distinct()
    rows = visits.select_related("service", "variant__model__make").order_by("starts_at", "pk")
    return [
        PlannedVisit(
            number=row.number,
            starts_at=row.starts_at,
            title=" · ".join(filter(None, [plates.display(row.plate), row.variant.short_name, row.service.name])),
            url=reverse("board:visit", args=[shop.slug, row.public_id]),
        )
        for row in rows
    ]
