"""How the demo city's customers book: a free slot of a day, some time before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from accounts.models import User
from bookings import actions
from bookings.actions import Contact, Holder
from bookings.engine import availability, phases
from bookings.engine.jobs import Job, VisitPlace
from bookings.models import Booking
from catalog.models import Service
from core.errors import Refusal
from o2o_platform.demo import data
from shops.models import Shop
from vehicles.models import Car

FLAGSHIP = "shenchi-xuhui"
NOTES = ("", "", "", "", "刹车时有异响", "请顺便看一下胎压", "麻烦旧件留给我看", "下午要用车，请尽量准时")
LANDING = VisitPlace("田林路 388 号地下车库 B2", 31.1745, 121.4120)


@dataclass(frozen=True)
class Day:
    """A shop's local day, seen from `now`."""

    shop: Shop
    date: date
    now: datetime
    desk: User

    @property
    def noon(self) -> datetime:
        return datetime.combine(self.date, time(12), self.shop.zone)


def book(day: Day, key: str, car: Car, *, latest: datetime | None = None) -> Booking | None:
    """Book a service on a customer's car; None where nothing is free, or nothing up to `latest`."""
    service = Service.objects.get(key=key)
    try:
        rng = data.chance("book", key, day.date)
        return book_one(day, service, service.standard_minutes, car, rng, latest=latest)
    except Refusal:
        return None


def starts(day: Day, service: Service, minutes: int, *, seen_at: datetime) -> list[datetime]:
    """The free starts of a service on the day, as somebody saw them who looked at `seen_at`."""
    place = (LANDING.latitude, LANDING.longitude) if day.shop.is_on_site else None
    plan = phases.compose(day.shop, [(service, minutes)], place=place)
    days = availability.day_slots(shop=day.shop, plan=plan, first=day.date, days=1, at=seen_at)
    return [slot.starts_at for slot in days[0].slots]


def book_one(
    day: Day, service: Service, minutes: int, car: Car, rng: Random, *, latest: datetime | None = None
) -> Booking | None:
    """Book a free slot some time before the day, as an owner does: any, or the last one up to `latest`."""
    seen_at = min(day.noon - timedelta(hours=rng.randint(14, 90)), day.now - timedelta(minutes=rng.randint(5, 600)))
    free = starts(day, service, minutes, seen_at=seen_at)
    if latest is not None:
        free = [start for start in free if start <= latest][-1:]
    if not free:
        return None
    job = Job(day.shop, service, car.variant, place=LANDING if day.shop.is_on_site else None)
    holder = Holder(car.owner)
    booking = actions.hold(job=job, starts_at=rng.choice(free), holder=holder, at=seen_at)
    contact = Contact(car.owner.name, car.owner.phone or "", car.plate, rng.choice(NOTES))
    confirmed_at = seen_at + timedelta(minutes=rng.randint(1, 4))
    return actions.confirm(booking=booking, by=car.owner, holder=holder, contact=contact, car=car, at=confirmed_at)
