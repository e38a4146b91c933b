"""What the cars of the demo city need, computed; what their owners wrote down from their folders, and the end of an
insurance that only its owner knows."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from o2o_platform.demo import data, people
from o2o_platform.demo.lin import LAVIDA
from reminders import owner_dates
from reminders.choices import OwnerDateKind
from reminders.computing import recompute, staleness
from vehicles.choices import EntrySource, Powertrain
from vehicles.models import Car, HealthEntry, OdometerReading
from vehicles.record import actions as records
from vehicles.record.actions import OwnEntry
from vehicles.record.known_items import known

# Soon enough that a first notice is due.
_INSURED_FOR = timedelta(days=24)


# Work of a year ago and the year before, by whether the car burns anything.
_FOLDER = {True: ("minor_service", "cabin_filter"), False: ("cabin_filter", "tyre_rotation")}
_YEARS = 2


def load(*, at: datetime) -> None:
    """Compute every car that is new; what owners say about theirs afterwards stays."""
    for car in people.customers():
        if not HealthEntry.objects.filter(record=car.record_id, source=EntrySource.OWNER).exists():
            _folder(car, at)
    lavidas = Car.objects.filter(owner__email=people.address("lin"), variant__slug=LAVIDA, removed_at=None)
    for car in lavidas.filter(owner_dates=None).select_related("owner"):
        on = timezone.localdate(at) + _INSURED_FOR
        owner_dates.say(car=car, kind=OwnerDateKind.INSURANCE, on=on, by=car.owner, at=at)
    recompute.sweep(at=at, limit=staleness.find_new(at=at))


def _folder(car: Car, at: datetime) -> None:
    """A service a year, the last one so long ago that the next is due within the coming weeks, or was lately."""
    rng, items = data.chance("folder", car.plate), {item.key: item for item in known()}
    first = OdometerReading.objects.filter(car=car).earliest("read_at")
    pace, ago = rng.randint(20, 40), rng.randint(310, 380)  # kilometres a day; days since the last service
    for year in range(_YEARS):
        days = ago + 365 * year
        km = first.km - pace * (days - (at - first.read_at).days)
        if km < pace * 30:
            return
        own = OwnEntry(
            occurred_on=timezone.localdate(at) - timedelta(days=days),
            odometer_km=km,
            items=tuple(items[key] for key in _FOLDER[car.variant.powertrain != Powertrain.BEV]),
            shop_name="路边修车铺",
            total_fen=100 * rng.randint(280, 520),
        )
        records.add_own_entry(car=car, own=own, by=car.owner, at=car.created_at, reference=f"demo:{days}")
