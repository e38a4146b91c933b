"""What the demo owner's cars need, computed, and the end of an insurance that only she knows. The beat finds the other
cars."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from o2o_platform.demo import people
from o2o_platform.demo.lin import LAVIDA
from reminders import owner_dates
from reminders.choices import OwnerDateKind
from reminders.computing import recompute
from reminders.models import OwnerDate
from vehicles.models import Car

# Soon enough that a first notice is due.
_INSURED_FOR = timedelta(days=24)


def load(*, at: datetime) -> None:
    """Compute her cars once; what she says about them afterwards stays."""
    cars = list(Car.objects.filter(owner__email=people.address("lin"), removed_at=None, due_state=None))
    today = timezone.localdate(at)
    for car in cars:
        if car.variant.slug == LAVIDA and not OwnerDate.objects.filter(car=car).exists():
            owner_dates.say(car=car, kind=OwnerDateKind.INSURANCE, on=today + _INSURED_FOR, by=car.owner, at=at)
    recompute.recompute_cars(cars, today=today, at=at)
