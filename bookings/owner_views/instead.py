"""What a page offers instead of a start that cannot be had: other times, the visit without its bottleneck, other shops.

Each of them is a button that holds it (`bookings/_instead.html`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.urls import reverse

from bookings.engine import alternatives
from bookings.engine.alternatives import Elsewhere
from bookings.engine.availability import Slot
from bookings.engine.jobs import Job
from catalog.models import Service
from core.errors import Refusal


@dataclass(frozen=True, slots=True)
class Without:
    """The visit at the wanted time without one of its services, and what it costs then."""

    left_out: Service
    slot: Slot
    total_fen: int
    hold_url: str
    also: str


@dataclass(frozen=True, slots=True)
class There:
    """A start at another shop."""

    elsewhere: Elsewhere
    hold_url: str


@dataclass(frozen=True, slots=True)
class Instead:
    times: Sequence[Slot] = ()
    without: Sequence[Without] = ()
    shops: Sequence[There] = field(default=())
    also: str = ""

    def __bool__(self) -> bool:
        return bool(self.times or self.without or self.shops)


def of_job(job: Job, *, wanted: datetime, at: datetime) -> Instead:
    """What to offer instead of `wanted`; nothing where the job itself cannot be had any more."""
    try:
        found = alternatives.alternatives(job=job, wanted=wanted, at=at)
    except Refusal:
        return Instead()
    return Instead(
        times=found.times,
        without=[_without(job, service, slot) for service, slot in found.without],
        shops=[There(one, _hold_url(one.shop.slug, job.service)) for one in found.shops],
        also=_keys(job.also),
    )


def _without(job: Job, service: Service, slot: Slot) -> Without:
    first, *others = [one for one in job.services if one.pk != service.pk]
    smaller = replace(job, service=first, also=tuple(others))
    total_fen = smaller.quoted().price(slot.discount_percent).total_fen
    return Without(service, slot, total_fen, _hold_url(job.shop.slug, first), _keys(others))


def _hold_url(shop_slug: str, service: Service) -> str:
    return reverse("bookings:hold", args=[shop_slug, service.key])


def _keys(services: Sequence[Service]) -> str:
    return ",".join(service.key for service in services)
