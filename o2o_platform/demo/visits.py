"""A day's visits at some shops of the demo city, in every state, made by the same actions that people use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random

from accounts.models import User
from bookings import actions, workshop
from bookings.actions import Actor, Contact, Wanted
from bookings.choices import IN_SHOP, ActorRole, CancelReason, Source, Status
from bookings.engine.jobs import Job
from bookings.models import Booking
from catalog import pricing
from catalog.models import Service
from core.errors import Refusal
from o2o_platform.demo import data, floor, lin, money, people
from o2o_platform.demo.booking import FLAGSHIP, Day, book_one, starts
from shops.models import City, Shop
from vehicles.models import Car, Variant

# Visits by shop and day from the demo day on: the flagship's board is full, the others have some.
# Those of ten days ago and before are settled and paid out by now (`demo.money`), and reviewed (`demo.reviews`).
_FLAGSHIP_DAYS = {-24: 9, -10: 4, -1: 9, 0: 14, 1: 9, 2: 6, 3: 4}
_OTHER_DAYS = {-24: 1, -10: 1, -1: 1, 0: 3, 1: 2, 2: 1}
_OTHERS = (
    "hucheng-xujiahui",
    "xiaoman-caohejing",
    "qinghe-luban",
    "cheyouyi-lujiazui",
    "pujiang-vw-longhua",
    "yunqi-byd-minhang",
    "laozhou-garage",
    "shenchi-pudong",
    "dianhu-ev",
    "daojia-xuhui",
)
_WISHES = (
    *("minor_service",) * 6,
    *("brake_pads_front", "cabin_filter", "brake_fluid", "wheel_alignment", "tyre_repair", "battery_12v"),
    *("full_inspection", "ac_clean", "tyre_rotation", "obd_diagnosis", "major_service", "ev_battery_check"),
)


def top_up(*, city: City, at: datetime) -> int:
    """Finish what is left of earlier demo days; if this day has no demo visits yet, make them. Return how many."""
    today = at.astimezone(Shop(city=city).zone).date()
    start = datetime.combine(today, time(0), Shop(city=city).zone)
    demo = Booking.objects.filter(source=Source.DEMO)
    desk = User.objects.filter(email=people.address("wang")).first()
    if desk is None:
        return 0
    for booking in demo.filter(starts_at__lt=start, status__in=[Status.CONFIRMED, *IN_SHOP]).order_by("starts_at"):
        _advance(booking, desk=desk, now=at, rng=data.chance("finish", booking.number))
    if demo.filter(starts_at__gte=start, starts_at__lt=start + timedelta(days=1), created_at__gte=start).exists():
        return 0
    return _fill(city, today, at, desk, is_first=not demo.exists())


def _fill(city: City, today: date, at: datetime, desk: User, *, is_first: bool) -> int:
    shops = {shop.slug: shop for shop in Shop.objects.for_card().filter(city=city, is_listed=True)}
    made = list(lin.load(shops=shops, at=at)) if is_first else []
    cars = people.customers()
    there = Counter(Booking.objects.filter(source=Source.DEMO).values_list("shop__slug", "starts_at__date"))
    for offset in sorted(_FLAGSHIP_DAYS):
        if offset < 0 and not is_first:
            continue
        rng = data.chance("day", today, offset)
        waiting = rng.sample(cars, len(cars))
        for slug in (FLAGSHIP, *_OTHERS):
            if slug not in shops:
                continue
            day = Day(shops[slug], today + timedelta(days=offset), at, desk)
            wanted = (_FLAGSHIP_DAYS if slug == FLAGSHIP else _OTHER_DAYS).get(offset, 0)
            made += _visits(day, max(wanted - there[slug, day.date], 0), waiting, rng)
    Booking.objects.filter(pk__in=[booking.pk for booking in made]).update(source=Source.DEMO)
    return len(made)


def _visits(day: Day, count: int, waiting: list[Car], rng: Random) -> Iterator[Booking]:
    services = {service.key: service for service in Service.objects.listed().prefetch_related("phases")}
    for car in waiting[:count]:
        quotes = pricing.quotes_of_shop(shop=day.shop, services=services.values(), variant=car.variant)
        wishes = [services[key] for key in _WISHES if services[key].pk in quotes]
        try:
            service = rng.choice(wishes) if wishes else None
            booking = _one_visit(day, service, quotes[service.pk].minutes, car, rng) if service else None
        except Refusal:  # no slot left: that customer goes elsewhere
            continue
        if booking is not None:
            _live(booking, day, rng)
            yield booking
    del waiting[:count]


def _one_visit(day: Day, service: Service, minutes: int, car: Car, rng: Random) -> Booking | None:
    walks_in = rng.random() < 0.35 and not day.shop.is_on_site
    return (_walk_in(day, service, minutes, car.variant, rng) if walks_in else None) or book_one(
        day, service, minutes, car, rng
    )


def _walk_in(day: Day, service: Service, minutes: int, variant: Variant, rng: Random) -> Booking | None:
    """Somebody comes to the counter without a booking; None for times that are still to come."""
    midnight = day.noon - timedelta(hours=12)
    if midnight > day.now:
        return None
    free = [start for start in starts(day, service, minutes, seen_at=midnight) if start <= day.now]
    if not free:
        return None
    starts_at = rng.choice(free)
    contact = Contact(
        f"{rng.choice('张王李赵刘陈杨黄周吴')}{rng.choice(['先生', '女士', '师傅'])}",
        f"+86139000300{rng.randrange(100):02d}",
        people.plate(rng, variant.slug),
    )
    job = Job(day.shop, service, variant)
    return workshop.walk_in(job=job, starts_at=starts_at, wanted=Wanted(), contact=contact, by=day.desk, at=starts_at)


# --- What becomes of a visit --------------------------------------------------------------------


def _live(booking: Booking, day: Day, rng: Random) -> None:
    """Some are cancelled, some do not come, most run their course up to now."""
    fate = rng.random()
    confirmed_at = booking.confirmed_at or day.now
    if fate < 0.07 and booking.owner is not None:
        span = min(day.now, booking.starts_at) - confirmed_at
        at = confirmed_at + span * rng.uniform(0.2, 0.9)
        owner = Actor(ActorRole.OWNER, booking.owner)
        actions.cancel(booking=booking, by=owner, at=at, reason=CancelReason.PLANS_CHANGED)
    elif fate < 0.14 and booking.starts_at + timedelta(minutes=25) <= day.now and booking.owner is not None:
        workshop.mark_no_show(booking=booking, by=day.desk, at=booking.starts_at + timedelta(minutes=25))
    else:
        _advance(booking, desk=day.desk, now=day.now, rng=rng)


def _advance(booking: Booking, *, desk: User, now: datetime, rng: Random) -> Booking:
    """Take a visit as far as it would have come by `now`: in, work, ready, handed over."""

    # Of its own: what happens on the floor must not change who comes to the next visit of the day.
    floor_rng = data.chance("floor", booking.plate, booking.starts_at)

    def minutes(low: int, high: int) -> timedelta:
        return timedelta(minutes=rng.randint(low, high))

    if booking.status == Status.CONFIRMED:
        came_at = booking.starts_at + minutes(-9, 7)
        if came_at > now:
            return booking
        known = Car.objects.filter(bookings=booking).values_list("odometer_km", flat=True).first()
        km = (known or rng.randint(12_000, 90_000)) + rng.randint(15, 600)
        booking = floor.receive(booking, km=km, by=desk, at=came_at, rng=floor_rng)
    if booking.status == Status.CHECKED_IN and booking.checked_in_at:
        started_at = booking.checked_in_at + minutes(4, 14)
        if started_at > now:
            return booking
        floor.add_work(booking, by=desk, at=booking.checked_in_at + timedelta(minutes=2), rng=floor_rng)
        booking = workshop.start(booking=booking, by=desk, at=started_at)
    if booking.status == Status.IN_SERVICE and booking.started_at:
        ready_at = max(booking.ends_at + minutes(-8, 12), booking.started_at + minutes(5, 9))
        if ready_at > now or booking.lines.pending().exists():  # the owner one signs in as still has to answer
            return booking
        booking = floor.finish(booking, by=desk, checked_by=people.second(), at=ready_at)
    if booking.status == Status.READY and booking.ready_at:
        collected_at = booking.ready_at + minutes(8, 75)
        if collected_at <= now:
            money.pay_ahead(booking, at=booking.ready_at + timedelta(minutes=3), now=now)
            booking = workshop.hand_over(booking=booking, by=desk, at=collected_at)
    return booking
