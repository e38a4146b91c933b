"""The pipeline of a shop: every car of the day by where it is, the overdue first. Reads only, in UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from bookings.board import reading
from bookings.board.looks import Look
from bookings.choices import IN_SHOP, Status
from bookings.floor_lists.jobs import Job, with_jobs
from bookings.floor_lists.looks import COLUMNS, PLACE_LOOKS, Place
from bookings.models import Booking
from shops.models import Resource, Shop


@dataclass(frozen=True)
class Column:
    """The cars in one place."""

    place: Place
    jobs: list[Job]

    @property
    def look(self) -> Look:
        return PLACE_LOOKS[self.place]

    @property
    def pending_fen(self) -> int:
        """The money that waits for an answer in this column."""
        return sum(job.totals.pending_fen for job in self.jobs)


@dataclass(frozen=True)
class Pipeline:
    """Every column in order, and the requests that wait for the shop's answer, the oldest first."""

    columns: list[Column]
    requests: list[Job]

    @property
    def count(self) -> int:
        return sum(len(column.jobs) for column in self.columns)

    @property
    def late(self) -> int:
        return sum(job.card.is_late for column in self.columns for job in column.jobs)


def load(*, shop: Shop, at: datetime, person: Resource | None = None) -> Pipeline:
    """Who is to arrive on the shop's local day and every car in the shop, all or those that claim this advisor or
    technician. Six queries."""
    start, end = reading.bounds(shop, at.astimezone(shop.zone).date())
    is_asked = Q(status=Status.REQUESTED, hold_expires_at__gt=at)
    is_expected = Q(status=Status.CONFIRMED, starts_at__gte=start, starts_at__lt=end)
    visits = Booking.objects.at_shop(shop).filter(is_asked | is_expected | Q(status__in=IN_SHOP))
    if person is not None:
        visits = visits.filter(allocations__resource=person).distinct()
    jobs = with_jobs(visits.order_by("starts_at", "pk"), at=at)
    requests = [job for job in jobs if job.booking.status == Status.REQUESTED]
    requests.sort(key=lambda job: (job.booking.created_at, job.booking.pk))
    here = sorted((job for job in jobs if job.booking.status != Status.REQUESTED), key=_urgency)
    return Pipeline([Column(place, [job for job in here if job.place == place]) for place in COLUMNS], requests)


def _urgency(job: Job) -> tuple[float, datetime, int]:
    """The overdue first, the longest before the others, then by what comes next: the arrival or the promise."""
    booking = job.booking
    due = booking.starts_at if job.place == Place.TO_ARRIVE else booking.ends_at
    return -job.late_by.total_seconds(), due, booking.pk
