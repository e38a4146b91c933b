"""A job that somebody wants done, and what a visit for it would be: its price, its phases, the terms frozen on it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _

from bookings.choices import Handover
from bookings.engine import phases, quoting
from bookings.engine.availability import Placement
from bookings.engine.phases import Plan
from bookings.errors import NotOfferedError, OutOfRadiusError
from bookings.models import BookedService, Booking
from catalog import pricing
from catalog.models import Service
from core.errors import InvalidInput
from core.geo import distance_m
from core.ids import ALPHABET
from shops import routing
from shops.models import Shop
from vehicles.models import Variant

# More than this in one visit is a workshop's project, not a booking (product decision).
MAX_SERVICES = 6


@dataclass(frozen=True, slots=True)
class VisitPlace:
    """Where an on-site team or a pick-up driver is asked to come (WGS-84 degrees)."""

    address: str
    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Job:
    """Some services on one car at one shop, in one visit."""

    shop: Shop
    service: Service
    variant: Variant
    also: tuple[Service, ...] = ()
    handover: str = Handover.DROP_OFF
    place: VisitPlace | None = None
    with_loaner: bool = False

    @property
    def services(self) -> tuple[Service, ...]:
        return (self.service, *self.also)

    def quoted(self) -> QuotedJob:
        """The job with the shop's present prices and times.

        Raises NotOfferedError (with the service's key), OutOfRadiusError or InvalidInput. Two queries, one where the
        services' phases are at hand.
        """
        self._check_handover()
        if len(self.services) > MAX_SERVICES or len({service.pk for service in self.services}) < len(self.services):
            raise InvalidInput(_("Choose each service once, six at most."), field="services")
        phases.bring_phases(self.services)
        by_shop = quoting.quotes(shop_ids=[self.shop.pk], services=self.services, variant=self.variant)
        quotes = by_shop[self.shop.pk]
        for service in self.services:
            if not (self.shop.is_listed and service.pk in quotes):
                raise NotOfferedError(field="service", extra={"service": service.key})
        return self.with_quotes([quotes[service.pk] for service in self.services])

    def with_quotes(self, quotes: Sequence[pricing.Quote]) -> QuotedJob:
        """The job with quotations that are at hand, one for each service in order."""
        return QuotedJob(self, tuple(quotes), self._plan(quotes))

    def _plan(self, quotes: Sequence[pricing.Quote]) -> Plan:
        known = (self.place.latitude, self.place.longitude) if self.place else None
        away = self.handover == Handover.PICK_UP and known is not None
        return phases.compose(
            self.shop,
            [(service, quote.minutes) for service, quote in zip(self.services, quotes, strict=True)],
            handover=self.handover,
            travel_minutes=routing.minutes((self.shop.latitude, self.shop.longitude), known) if away and known else 0,
            with_loaner=self.with_loaner,
            place=known,
        )

    def _check_handover(self) -> None:
        radius_km = self.shop.service_radius_km if self.shop.is_on_site else self.shop.pickup_radius_km
        if self.handover == Handover.PICK_UP and (self.shop.is_on_site or not radius_km):
            raise InvalidInput(_("This shop does not fetch cars."), field="handover")
        if self.place is None:
            if self.handover == Handover.PICK_UP:
                raise InvalidInput(_("Say where the driver should come."), field="visit_address")
            return
        place = self.place
        away_m = distance_m(self.shop.latitude, self.shop.longitude, place.latitude, place.longitude)
        if radius_km and away_m > radius_km * 1000:
            raise OutOfRadiusError(field="visit_address")

    def check_address(self) -> None:
        """Whether everything is known that a visit needs. Raises InvalidInput."""
        if not self.shop.is_on_site and self.handover != Handover.PICK_UP:
            return
        if self.place is None or not self.place.address.strip():
            raise InvalidInput(
                _("Say where the team should come.")
                if self.shop.is_on_site
                else _("Say where the driver should come."),
                field="visit_address",
            )


@dataclass(frozen=True, slots=True)
class Price:
    """What a visit costs at a certain hour, fen: the list price less the off-peak discount on labour."""

    labour_fen: int
    parts_fen: int
    discount_fen: int = 0

    @property
    def total_fen(self) -> int:
        return self.labour_fen + self.parts_fen - self.discount_fen


@dataclass(frozen=True, slots=True)
class QuotedJob:
    """A job with its prices and what it claims."""

    job: Job
    quotes: tuple[pricing.Quote, ...]
    plan: Plan

    @property
    def quote(self) -> pricing.Quote:
        """The quotation of the first service."""
        return self.quotes[0]

    def price(self, discount_percent: int = 0) -> Price:
        """The price of the whole visit with a discount on labour, each fen of it in the owner's favour."""
        labour_fen = sum(quote.labour_fen for quote in self.quotes)
        parts_fen = sum(quote.parts_fen for quote in self.quotes)
        return Price(labour_fen, parts_fen, discount_of(labour_fen, discount_percent))

    def terms(self, starts_at: datetime, placed: Placement) -> dict[str, Any]:
        """The fields of a new visit that never change with the shop's later prices and rules."""
        job, shop, price = self.job, self.job.shop, self.price(placed.discount_percent)
        local = starts_at.astimezone(shop.zone)
        return {
            "number": new_number(local),
            "shop": shop,
            "service": job.service,
            "variant": job.variant,
            "starts_at": starts_at,
            "ends_at": placed.ends_at,
            "timezone": shop.city.timezone,
            "local_date": local.date(),
            "local_time": local.time(),
            "plan": self.plan.as_json(),
            "handover": Handover.ON_SITE if shop.is_on_site else job.handover,
            "with_loaner": job.with_loaner,
            "labour_fen": price.labour_fen,
            "parts_fen": price.parts_fen,
            "discount_fen": price.discount_fen,
            "parts_note": " · ".join(quote.parts_note for quote in self.quotes if quote.parts_note)[:120],
            "deposit_fen": price.total_fen * shop.deposit_percent // 100,
            "late_cancel_fee_fen": fee_of(price, shop.late_cancel_fee_percent),
            "no_show_fee_fen": fee_of(price, shop.no_show_fee_percent),
            "free_cancel_until": starts_at - timedelta(minutes=shop.free_cancel_minutes),
            "visit_address": job.place.address if job.place else "",
            "visit_latitude": job.place.latitude if job.place else None,
            "visit_longitude": job.place.longitude if job.place else None,
        }

    def booked_services(self, booking: Booking) -> list[BookedService]:
        """The services of a new visit, not saved yet."""
        return [
            BookedService(
                booking=booking,
                service=service,
                position=position,
                labour_fen=quote.labour_fen,
                parts_fen=quote.parts_fen,
                parts_note=quote.parts_note,
                minutes=quote.minutes,
            )
            for position, (service, quote) in enumerate(zip(self.job.services, self.quotes, strict=True))
        ]


def discount_of(labour_fen: int, percent: int) -> int:
    """What an off-peak discount takes off the labour: rounded up to the fen, in the owner's favour."""
    return -(-labour_fen * percent // 100)


def fee_of(price: Price, percent: int) -> int:
    """A fee on the labour that is charged (after the discount), rounded down to the fen."""
    return (price.labour_fen - price.discount_fen) * percent // 100


def plan_of(booking: Booking) -> Plan:
    """What the visit claims, as it was agreed; for a visit from before plans were kept, by the present rules."""
    if booking.plan:
        return Plan.from_json(booking.plan)
    minutes = int((booking.ends_at - booking.starts_at).total_seconds() // 60)
    place = None
    if booking.visit_latitude is not None and booking.visit_longitude is not None:
        place = (booking.visit_latitude, booking.visit_longitude)
    return phases.compose(booking.shop, [(booking.service, minutes)], place=place)


def new_number(local_start: datetime) -> str:
    """A number to say over the phone: the day of the visit and six characters, "261121-7KQ2MX"."""
    tail = "".join(secrets.choice(ALPHABET) for _ in range(6))
    return f"{local_start:%y%m%d}-{tail.upper()}"
