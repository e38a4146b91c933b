"""What the cars of the demo city need, computed, and the end of an insurance that only its owner knows."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from o2o_platform.demo import people
from o2o_platform.demo.lin import LAVIDA
from reminders import owner_dates
from reminders.choices import OwnerDateKind
from reminders.computing import recompute, staleness
from vehicles.models import Car

# Soon enough that a first notice is due.
_INSURED_FOR = timedelta(days=24)


def load(*, at: datetime) -> None:
    """Compute every car that is new; what owners say about theirs afterwards stays."""
    lavidas = Car.objects.filter(owner__email=people.address("lin"), variant__slug=LAVIDA, removed_at=None)
    for car in lavidas.filter(owner_dates=None).select_related("owner"):
        on = timezone.localdate(at) + _INSURED_FOR
        owner_dates.say(car=car, kind=OwnerDateKind.INSURANCE, on=on, by=car.owner, at=at)
    recompute.sweep(at=at, limit=staleness.find_new(at=at))
