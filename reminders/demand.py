"""What a shop can expect: cars it has served that will be due, week by week. Counts only; whose cars they are, the shop
does not learn."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet

from bookings.choices import UPCOMING, Status
from bookings.models import BookedService, Booking
from reminders.models import DueItem
from shops.models import Shop
from vehicles.models import Car

WEEKS = 8
# Who was here so long ago goes somewhere else by now (product decision).
CUSTOMER_FOR = timedelta(days=730)
# A smaller number could be a person whom the shop would recognise.
SMALLEST_SHOWN = 3


@dataclass(slots=True)
class Week:
    """Cars due in the week that begins on `start` (Monday); `likely`: only a test will tell; `booked`: of them have a
    visit for it here."""

    start: date
    sure: int = 0
    likely: int = 0
    booked: int = 0

    @property
    def total(self) -> int:
        return self.sure + self.likely


@dataclass(slots=True)
class ServiceDemand:
    """Cars that are due for one service within the weeks shown, and of them those overdue already."""

    service: str
    cars: int = 0
    overdue: int = 0
    booked: int = 0


@dataclass(slots=True)
class Demand:
    """`overdue`: cars due before this week that have not been booked. `others`: cars due for services with too few to
    name."""

    weeks: list[Week]
    services: list[ServiceDemand] = field(default_factory=list)
    overdue: int = 0
    others: int = 0
    customers: int = 0

    @property
    def highest(self) -> int:
        return max((week.total for week in self.weeks), default=0) or 1


def customers_of(shop: Shop, *, at: datetime) -> QuerySet[Car]:
    """Cars still in a garage that had a visit here within the last two years."""
    visits = Booking.objects.filter(
        shop=shop, car=OuterRef("pk"), status=Status.COMPLETED, completed_at__gte=at - CUSTOMER_FOR
    )
    return Car.objects.filter(Exists(visits), removed_at=None)


def expected(shop: Shop, *, at: datetime) -> Demand:
    """The next eight weeks from this week's Monday, in the shop's zone. Two queries."""
    today = at.astimezone(shop.zone).date()
    monday = today - timedelta(days=today.weekday())
    until = monday + timedelta(weeks=WEEKS)
    cars = customers_of(shop, at=at)
    demand = Demand([Week(monday + timedelta(weeks=n)) for n in range(WEEKS)], customers=cars.count())
    seen: dict[tuple[int, int], _Car] = {}
    per_service: dict[str, ServiceDemand] = {}
    for row in _rows(shop, cars, until):
        _count_service(per_service, row, today)
        place = max((row.due_on - monday).days // 7, -1)
        known = seen.setdefault((place, row.car_id), _Car())
        known.is_sure |= not row.is_likely
        known.is_booked |= row.is_booked
    _count_weeks(demand, seen)
    ordered = sorted(per_service.values(), key=lambda one: (-one.cars, one.service))
    demand.services = [one for one in ordered if one.cars >= SMALLEST_SHOWN]
    demand.others = sum(one.cars for one in ordered if one.cars < SMALLEST_SHOWN)
    return demand


@dataclass(slots=True)
class _Car:
    is_sure: bool = False
    is_booked: bool = False


@dataclass(frozen=True, slots=True)
class _Row:
    car_id: int
    service: str
    due_on: date
    is_likely: bool
    is_booked: bool


def _rows(shop: Shop, cars: QuerySet[Car], until: date) -> list[_Row]:
    """Open items of services, one row each, with whether a visit for it stands here."""
    here = BookedService.objects.filter(
        booking__shop=shop,
        booking__car=OuterRef("car"),
        booking__status__in=UPCOMING,
        service__key=OuterRef("service"),
    )
    items = DueItem.objects.open().filter(car__in=cars, due_on__lt=until).exclude(service="")
    values = items.annotate(is_booked=Exists(here)).values_list("car_id", "service", "due_on", "is_likely", "is_booked")
    return [_Row(*value) for value in values]  # type: ignore[arg-type]  # a day is asked for


def _count_service(found: dict[str, ServiceDemand], row: _Row, today: date) -> None:
    one = found.setdefault(row.service, ServiceDemand(row.service))
    one.cars += 1
    one.overdue += row.due_on < today
    one.booked += row.is_booked


def _count_weeks(demand: Demand, seen: dict[tuple[int, int], _Car]) -> None:
    overdue: defaultdict[bool, int] = defaultdict(int)
    for (place, _car), known in seen.items():
        if place < 0:
            overdue[known.is_booked] += 1
            continue
        week = demand.weeks[place]
        week.sure += known.is_sure
        week.likely += not known.is_sure
        week.booked += known.is_booked
    demand.overdue = overdue[False]
