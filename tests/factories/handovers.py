"""Visits of a known car, taken through the real actions up to the handover and beyond."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import User
from bookings import actions, workshop
from bookings.actions import Contact
from bookings.engine.jobs import Job
from bookings.models import Booking
from tests.factories import floor
from tests.factories.accounts import UserFactory
from tests.factories.jobs import NOW, bookable_job, lavida
from tests.factories.vehicles import CarFactory
from vehicles import actions as vehicle_actions
from vehicles.choices import OdometerSource
from vehicles.models import Car

# A Monday, 12:00 in Shanghai.
START = NOW + timedelta(hours=2)
MS_LIN = Contact(name="林女士", phone="+8613816420957", plate="沪AD8K21", note="刹车有异响")


def driven_car(km: int) -> Car:
    """A car whose owner read its odometer the day before the visit."""
    car: Car = CarFactory(variant=lavida())
    source = OdometerSource.OWNER
    vehicle_actions.record_odometer(car=car, km=km, by=car.owner, source=source, at=START - timedelta(days=1))
    return car


def in_work(
    job: Job | None = None,
    *,
    car: Car | None = None,
    by: User | None = None,
    starts_at: datetime = START,
    km: int = 50_000,
    note: str = "",
) -> Booking:
    """A visit booked by the car's owner, checked in at its start and in work five minutes later."""
    car = car or CarFactory(variant=lavida())
    booking = actions.book(
        job=job or bookable_job(),
        starts_at=starts_at,
        by=car.owner,
        contact=MS_LIN,
        car=car,
        at=starts_at - timedelta(hours=2),
    )
    by = by or UserFactory(name="Advisor Ma")
    booking = workshop.check_in(booking=booking, odometer_km=km, by=by, at=starts_at, odometer_note=note)
    return workshop.start(booking=booking, by=by, at=starts_at + timedelta(minutes=5))


def ready(booking: Booking, *, by: User | None = None) -> Booking:
    """The work is done and checked at the promised end."""
    return floor.make_ready(booking, by=by or UserFactory(name="Wang Lei"), at=booking.ends_at)


def handed_over(
    job: Job | None = None, *, car: Car | None = None, starts_at: datetime = START, km: int = 50_000
) -> Booking:
    """A visit handed over ten minutes after its promised end (12:50 in Shanghai, unless told otherwise)."""
    booking = ready(in_work(job, car=car, starts_at=starts_at, km=km))
    at = booking.ends_at + timedelta(minutes=10)
    return workshop.hand_over(booking=booking, by=UserFactory(name="Advisor Ma"), at=at)
