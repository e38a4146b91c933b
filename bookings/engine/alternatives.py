"""What to offer somebody who cannot have the start they want: another time, the visit without its bottleneck, another
shop. Every one of them is real at the moment it is offered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bookings.choices import Handover
from bookings.engine import availability, search
from bookings.engine.availability import Slot
from bookings.engine.jobs import Job
from catalog.models import Service
from core.geo import distance_m
from shops.models import Shop

# Another shop counts if it has a start this near to the one that was wanted (product decision).
ABOUT = timedelta(hours=2)
MAX_SHOPS = 3
# How many of the nearest shops are asked for them.
ASKED = 12


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A start at another shop with its all-in price (fen, with the discount of that hour) and the way to it."""

    shop: Shop
    slot: Slot
    total_fen: int
    distance_m: float


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Instead of one start: times at the same shop; the visit without one of its services at the wanted time (the
    service left out, the slot); other shops at about the time."""

    times: list[Slot] = field(default_factory=list)
    without: list[tuple[Service, Slot]] = field(default_factory=list)
    shops: list[Elsewhere] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.times or self.without or self.shops)


def alternatives(*, job: Job, wanted: datetime, at: datetime) -> Alternatives:
    """What could be had instead of `wanted` (UTC). A bounded number of queries, whatever the number of shops."""
    plan = job.quoted().plan
    return Alternatives(
        times=availability.nearest(shop=job.shop, plan=plan, wanted=wanted, at=at),
        without=[found for service in job.services if (found := _without(job, service, wanted, at))],
        shops=_elsewhere(job, wanted, at),
    )


def _without(job: Job, service: Service, wanted: datetime, at: datetime) -> tuple[Service, Slot] | None:
    """The wanted start for the visit without one of its services, if that can be had."""
    rest = [other for other in job.services if other.pk != service.pk]
    if not rest:
        return None
    smaller = replace(job, service=rest[0], also=tuple(rest[1:]))
    placed = availability.placement(shop=job.shop, plan=smaller.quoted().plan, starts_at=wanted, at=at)
    if placed.reason or placed.ends_at is None:
        return None
    return service, Slot(wanted, placed.ends_at, placed.discount_percent)


def _elsewhere(job: Job, wanted: datetime, at: datetime) -> list[Elsewhere]:
    """The nearest other shops that do the whole visit at about the wanted time."""
    if job.handover != Handover.DROP_OFF or job.with_loaner or job.shop.is_on_site or wanted < at:
        return []
    origin = search.Point(job.shop.latitude, job.shop.longitude)
    near = [
        shop for shop in search.nearest_shops(job.shop.city, origin, job.variant, limit=ASKED + 1) if shop != job.shop
    ]
    quoted = search.quoted_everywhere(job, near)
    plans = {shop: of_shop.plan for shop, of_shop in quoted.items()}
    begin = max(wanted - ABOUT, at)
    found = availability.next_slots(plans=plans, at=at, limit=1, not_before=begin) if plans else {}
    rows = [
        Elsewhere(
            shop=shop,
            slot=found[shop.pk][0],
            total_fen=of_shop.price(found[shop.pk][0].discount_percent).total_fen,
            distance_m=distance_m(origin.latitude, origin.longitude, shop.latitude, shop.longitude),
        )
        for shop, of_shop in quoted.items()
        if found[shop.pk] and found[shop.pk][0].starts_at <= wanted + ABOUT
    ]
    return rows[:MAX_SHOPS]
