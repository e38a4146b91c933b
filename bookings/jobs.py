"""A job that somebody wants done, and what a visit for it would be: its price, its needs, the terms frozen on it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg2.extras import DateTimeTZRange

from bookings import availability
from bookings.availability import Need
from bookings.errors import NotOfferedError
from bookings.models import Booking
from bookings.slots import TICK_SECONDS
from catalog import pricing
from catalog.models import Service
from core.ids import ALPHABET
from shops.models import Shop
from vehicles.models import Variant


@dataclass(frozen=True, slots=True)
class Job:
    """One service on one car at one shop."""

    shop: Shop
    service: Service
    variant: Variant

    def quoted(self) -> QuotedJob:
        """The job with the shop's present price and time. Raises NotOfferedError; one query."""
        quote = None
        if self.shop.is_listed and self.service.is_listed and self.service.suits(self.variant):
            quote = pricing.quote(shop=self.shop, service=self.service, variant=self.variant)
        if quote is None:
            raise NotOfferedError(field="service")
        need = availability.need_of(shop=self.shop, service=self.service, minutes=quote.minutes)
        return QuotedJob(self, quote, need)


@dataclass(frozen=True, slots=True)
class QuotedJob:
    """A job with its price and what it claims."""

    job: Job
    quote: pricing.Quote
    need: Need

    def terms(self, starts_at: datetime) -> dict[str, Any]:
        """The fields of a new visit that never change with the shop's later prices and rules."""
        shop = self.job.shop
        local = starts_at.astimezone(shop.zone)
        return {
            "number": new_number(local),
            "local_date": local.date(),
            "local_time": local.time(),
            "shop": shop,
            "service": self.job.service,
            "variant": self.job.variant,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(minutes=self.need.minutes),
            "timezone": shop.city.timezone,
            "labour_fen": self.quote.labour_fen,
            "parts_fen": self.quote.parts_fen,
            "parts_note": self.quote.parts_note,
            "free_cancel_until": starts_at - timedelta(minutes=shop.free_cancel_minutes),
        }


def claimed_range(starts_at: datetime, need: Need) -> DateTimeTZRange:
    """The time a visit claims: its work and the turnaround after it."""
    return DateTimeTZRange(starts_at, starts_at + timedelta(seconds=need.claim_ticks * TICK_SECONDS))


def need_of_booking(booking: Booking) -> Need:
    """What the visit claims: its frozen duration and the shop's turnaround."""
    minutes = int((booking.ends_at - booking.starts_at).total_seconds() // 60)
    return availability.need_of(shop=booking.shop, service=booking.service, minutes=minutes)


def new_number(local_start: datetime) -> str:
    """A number to say over the phone: the day of the visit and six characters, "261121-7KQ2MX"."""
    tail = "".join(secrets.choice(ALPHABET) for _ in range(6))
    return f"{local_start:%y%m%d}-{tail.upper()}"
