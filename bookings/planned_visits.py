"""Tells the shops' room which visits stand in the way of a closure, or of changing what a resource can do and when."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Prefetch, Q
from django.urls import reverse

from bookings.choices import IN_SHOP, UPCOMING
from bookings.engine.claims import span_of
from bookings.engine.jobs import plan_of
from bookings.engine.slots import TICK_MINUTES
from bookings.models import Allocation, Booking
from shops import planned
from shops.models import Resource, Shop
from shops.planned import PlannedVisit
from vehicles import plates


def connect() -> None:
    """Register with `shops.planned`; called once when the app is ready."""
    planned.register(planned_visits)


def planned_visits(shop: Shop, start: datetime, end: datetime | None, resource: Resource | None) -> list[PlannedVisit]:
    """Visits requested or confirmed that begin from `start` until before `end`, and cars in the shop.

    With `resource` only those that claim it, with what they need of it and when they claim it; else from when to when
    each lasts.
    """
    begins = Q(status__in=UPCOMING, starts_at__gte=start)
    begins |= Q(status__in=IN_SHOP, ends_at__gt=start)
    visits = Booking.objects.at_shop(shop).filter(begins)
    if end is not None:
        visits = visits.filter(starts_at__lt=end)
    if resource is not None:
        claims = Prefetch("allocations", Allocation.objects.filter(resource=resource), to_attr="claims_here")
        visits = visits.filter(allocations__resource=resource).distinct()
        visits = visits.prefetch_related(claims)
    rows = visits.select_related("shop", "service", "variant__model__make").order_by("starts_at", "pk")
    return [_planned(shop, row, resource) for row in rows]


def _planned(shop: Shop, row: Booking, resource: Resource | None) -> PlannedVisit:
    claims: list[Allocation] = getattr(row, "claims_here", [])
    return PlannedVisit(
        number=row.number,
        starts_at=row.starts_at,
        title=" · ".join(filter(None, [plates.display(row.plate), row.variant.short_name, row.service.name])),
        url=reverse("board:visit", args=[shop.slug, row.public_id]),
        needs=_needs(row, resource, claims) if resource else frozenset(),
        spans=tuple(span_of(claim) for claim in claims) if resource else ((row.starts_at, row.ends_at),),
    )


def _needs(row: Booking, resource: Resource, claims: list[Allocation]) -> frozenset[str]:
    """What the visit's plan asks of the resource: of those claims in it that are as long as what is claimed here."""
    lengths = {claim.during.upper - claim.during.lower for claim in claims}  # type: ignore[operator]  # both ends are set
    suiting = [claim for claim in plan_of(row).claims if claim.suits(resource.kind, resource.capabilities)]
    exact = [claim for claim in suiting if timedelta(minutes=claim.ticks * TICK_MINUTES) in lengths]
    # Work that was lengthened or cut short by hand: whatever the resource can be needed for.
    return frozenset(capability for claim in exact or suiting for capability in claim.capabilities)
