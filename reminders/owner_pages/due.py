"""What a car needs as its owner's page shows it: rows in groups, each with its words, price and where to book."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import Prefetch, Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.choices import IN_SHOP, UPCOMING
from bookings.models import Booking
from catalog.models import Service
from catalog.needs import loading
from catalog.needs.rows import MEASURED_IN, PLAIN_ICON, book_url
from catalog.needs.shape import Price
from catalog.needs.words import money_range
from reminders import words
from reminders.choices import STANDING, ItemState, Source, StageOutcome
from reminders.computing import recompute
from reminders.models import CarState, DueItem, Reminder
from reminders.standing import Standing, standing_of
from vehicles.models import Car

# For how long what was settled can be taken up again where it is shown (product decision).
SETTLED_SHOWN = timedelta(days=90)
# What the owner closed themselves; what the record closed or what ran out is no longer theirs to open.
_OWN_WORD = (ItemState.DONE, ItemState.DISMISSED)
_ICONS = {Source.INSURANCE: "shield-check", Source.WARRANTY: "badge-check", Source.STATUTE: "scale"}


@dataclass(frozen=True)
class Told:
    """A notice that was sent about the item: which one, and when."""

    stage: str
    at: datetime


@dataclass(frozen=True)
class DueRow:
    """One thing, in the active language. `price`: its usual range, None where nobody knows or it is no work. `book_url`
    empty: nothing to book. `is_check`: what is booked is the measuring. `visit_url`: a visit that will do it is booked,
    on `visit_at`; `is_in_shop`: the car has come for it. `next_on`: the day of the next notice, None where none is to
    come or its day is over."""

    item: DueItem
    standing: Standing
    title: str
    when: str
    why: str
    source: str
    icon: str
    price: Price | None
    book_url: str
    is_check: bool
    visit_url: str
    visit_at: datetime | None
    is_in_shop: bool
    told: tuple[Told, ...]
    next_on: date | None

    @property
    def is_folded(self) -> bool:
        """Whether its reasons wait until they are asked for: what is far away shall not hide what is near."""
        return self.standing == Standing.LATER

    @property
    def short(self) -> str:
        """Why, in one line."""
        return words.short(self.item)

    @property
    def price_range(self) -> str:
        return money_range(self.price.low_fen, self.price.high_fen) if self.price else ""


@dataclass(frozen=True)
class Section:
    """Rows of one standing under a heading."""

    standing: Standing
    title: str | Promise
    tone: str
    icon: str
    rows: list[DueRow]


@dataclass(frozen=True)
class Due:
    """Everything that a car needs, as of a day. `settled`: what was closed lately."""

    sections: list[Section]
    settled: list[DueRow]

    def count(self, standing: Standing) -> int:
        return sum(len(section.rows) for section in self.sections if section.standing == standing)

    @property
    def overdue(self) -> int:
        return self.count(Standing.OVERDUE)

    @property
    def soon(self) -> int:
        return self.count(Standing.SOON)

    @property
    def rows(self) -> list[DueRow]:
        return [row for section in self.sections for row in section.rows]


_SECTIONS = (
    (Standing.OVERDUE, _("Overdue, or at its limit"), "bad", "triangle-alert"),
    (Standing.SOON, _("Soon, or time to measure"), "warn", "calendar-clock"),
    (Standing.LATER, pgettext_lazy("due item", "Later"), "brand", "calendar"),
    (Standing.PUT_OFF, _("Put off by you"), "mute", "alarm-clock"),
)


def refresh(car: Car, *, today: date, at: datetime) -> None:
    """Compute the car's items anew where something they depend on has changed, or a day has passed: its owner is
    looking. One query where they are fresh."""
    state = CarState.objects.filter(car=car).first()
    if state is None or state.stale_since is not None or state.computed_on != today:
        recompute.recompute_cars([car], today=today, at=at)


def due_of(car: Car, *, today: date, at: datetime) -> Due:
    """What the car (with its names at hand) needs. Ten queries at most for any number of items, without `refresh`."""
    items = _items(car, at=at)
    around = _around(car, items, today)
    rows = [_row(item, around) for item in items]
    return Due(
        sections=[
            Section(standing, title, tone, icon, chosen)
            for standing, title, tone, icon in _SECTIONS
            if (chosen := [row for row in rows if row.standing == standing])
        ],
        settled=[row for row in rows if row.standing == Standing.SETTLED],
    )


class _Visit(NamedTuple):
    """A visit that will do it: its page, its start, and whether the car is there already."""

    url: str = ""
    at: datetime | None = None
    is_in_shop: bool = False


@dataclass(frozen=True)
class _Around:
    """What rows of one car stand on. `bookable`: services that suit it; `visits`: by service."""

    car: Car
    today: date
    services: Mapping[str, Service]
    bookable: frozenset[str]
    prices: Mapping[str, Price]
    visits: Mapping[str, _Visit]


def _around(car: Car, items: Iterable[DueItem], today: date) -> _Around:
    keys = {item.service for item in items if item.service}
    if not keys:
        return _Around(car, today, {}, frozenset(), {}, {})
    services = {row.key: row for row in Service.objects.listed().filter(key__in=[*keys, MEASURED_IN])}
    suiting = [row for row in services.values() if row.suits(car.variant)]
    prices = loading.prices([row for row in suiting if row.key in keys], car.variant)
    return _Around(car, today, services, frozenset(row.key for row in suiting), prices, _visits(car))


def _items(car: Car, *, at: datetime) -> list[DueItem]:
    """What stands, and what the owner closed lately. The car is at hand on each. Two queries."""
    lately = Q(state__in=_OWN_WORD, closed_at__gte=at - SETTLED_SHOWN)
    told = Prefetch("reminders", Reminder.objects.filter(outcome=StageOutcome.SENT).order_by("at", "pk"))
    rows = DueItem.objects.filter(Q(state__in=STANDING) | lately, car=car)
    items = list(rows.prefetch_related(told).order_by("due_on", "due_km", "pk"))
    for item in items:
        item.car = car
    return items


def _visits(car: Car) -> dict[str, _Visit]:
    """The visits of the car that are booked or under way, by the services that were booked."""
    rows = Booking.objects.filter(car=car, status__in=[*UPCOMING, *IN_SHOP]).order_by("-starts_at", "-pk")
    return {
        key: _Visit(reverse("bookings:detail", args=[public_id]), starts_at, status in IN_SHOP)
        for key, public_id, starts_at, status in rows.values_list(
            "booked_services__service__key", "public_id", "starts_at", "status"
        )
        if key
    }


def _row(item: DueItem, around: _Around) -> DueRow:
    service = around.services.get(item.service)
    key = _booked_as(item, around.bookable)
    visit = around.visits.get(item.service, _Visit())
    return DueRow(
        item=item,
        standing=standing_of(item, around.today),
        title=words.title(item),
        when=words.when(item),
        why=words.why(item, today=around.today),
        source=words.source(item),
        icon=service.icon if service else _ICONS.get(Source(item.source), PLAIN_ICON),
        price=around.prices.get(item.service),
        book_url=book_url(around.car, [key]) if key else "",
        is_check=bool(key) and key != item.service,
        visit_url=visit.url,
        visit_at=visit.at,
        is_in_shop=visit.is_in_shop,
        next_on=item.next_stage_on if item.next_stage_on and item.next_stage_on >= around.today else None,
        told=tuple(Told(row.get_stage_display(), row.at) for row in item.reminders.all() if row.round == item.round),
    )


def _booked_as(item: DueItem, bookable: Collection[str]) -> str:
    """The service to book: where only a measurement will tell, the measuring. Nothing for what no shop does."""
    if item.service not in bookable:
        return ""
    return MEASURED_IN if item.is_likely and MEASURED_IN in bookable else item.service
