"""What the page "why is this time offered, or not?" asks of the engine. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from bookings.engine import availability, explain, repack
from bookings.engine.availability import TAKEN
from bookings.engine.explain import Explanation
from bookings.engine.jobs import Job, QuotedJob
from bookings.errors import NotOfferedError
from catalog.models import Service
from shops.models import Shop
from vehicles.models import Variant

# Cars of a price class that are asked for a price until one has it: a class has battery cars and others.
MAX_CARS = 8


@dataclass(frozen=True)
class Answer:
    """Why a start is offered or not, and what stands most in the way on that day."""

    job: Job
    why: Explanation
    # Offered all the same, because visits that were placed automatically would be moved to another bay.
    makes_room: bool
    day_bottleneck: str

    @property
    def is_offered(self) -> bool:
        return self.why.is_offered or self.makes_room


def quoted_for_class(*, shop: Shop, services: Sequence[Service], price_class: str) -> QuotedJob:
    """The services on a car of a class that the shop has a price for. Raises NotOfferedError if there is none."""
    refusal = NotOfferedError(field="service")
    for variant in _cars(services, price_class):
        try:
            return Job(shop, services[0], variant, also=tuple(services[1:])).quoted()
        except NotOfferedError as error:
            refusal = error
    raise refusal


def _cars(services: Sequence[Service], price_class: str) -> list[Variant]:
    """Cars of a class on which all of the services are done, of different models."""
    fitting = set.intersection(*(set(service.powertrains) for service in services))
    listed = Variant.objects.listed().with_names().filter(model__price_class=price_class, powertrain__in=fitting)
    return list(listed.order_by("model_id", "pk").distinct("model_id")[:MAX_CARS])


def answer(*, quoted: QuotedJob, starts_at: datetime, at: datetime) -> Answer:
    """The whole answer for an online booking of `quoted` at `starts_at` (UTC). Eight queries at most."""
    shop, plan = quoted.job.shop, quoted.plan
    why = explain.explain(shop=shop, plan=plan, starts_at=starts_at, at=at)
    day = starts_at.astimezone(shop.zone).date()
    makes_room = why.reason in TAKEN and _makes_room(quoted, day, starts_at, at)
    return Answer(quoted.job, why, makes_room, explain.day_bottleneck(shop=shop, plan=plan, day=day, at=at))


def _makes_room(quoted: QuotedJob, day: date, starts_at: datetime, at: datetime) -> bool:
    shop, plan = quoted.job.shop, quoted.plan
    days = availability.day_slots(shop=shop, plan=plan, first=day, days=1, at=at)
    opened = repack.reopened(days, shop=shop, plan=plan, at=at)
    return any(slot.starts_at == starts_at for slot in opened[0].slots)
