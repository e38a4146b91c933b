"""What waits for parts: every approved line of a car in the shop whose parts are missing, by the day they come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import groupby

from django.db import transaction
from django.db.models import F, Prefetch, QuerySet

from accounts.models import User
from bookings.actions import locked
from bookings.choices import EventKind, LineState
from bookings.floor import lines as floor_lines
from bookings.models import Booking, BookingEvent, Line, LineVersion
from shops.models import Shop

# A further delivery than this is a typing error (product decision).
MAX_DAYS_AHEAD = 400


@dataclass(frozen=True)
class Wait:
    """A line that waits, on the shop's local day `today`. `since` is when the shop said so."""

    line: Line
    since: datetime | None
    today: date

    @property
    def booking(self) -> Booking:
        return self.line.booking

    @property
    def expected_on(self) -> date | None:
        return self.line.parts_expected_on

    @property
    def late_days(self) -> int:
        """Whole days past the day on which they should have come; 0 where there is none."""
        return max(0, (self.today - self.expected_on).days) if self.expected_on else 0

    @property
    def breaks_promise(self) -> bool:
        """Whether the car is promised before the parts come, or without a day for them."""
        promised = self.booking.ends_at.astimezone(self.booking.zone).date()
        return max(self.expected_on or self.today, self.today) > promised


@dataclass(frozen=True)
class Delivery:
    """The waits of one expected day; None: nobody has said when."""

    day: date | None
    waits: list[Wait]

    @cached_property
    def late_days(self) -> int:
        return self.waits[0].late_days


@dataclass(frozen=True)
class PartsWait:
    """Everything that waits at a shop, the latest first, what has no day at the end."""

    deliveries: list[Delivery]

    @property
    def waits(self) -> list[Wait]:
        return [wait for delivery in self.deliveries for wait in delivery.waits]

    @property
    def late(self) -> int:
        return sum(bool(wait.late_days) for wait in self.waits)

    @property
    def cars(self) -> int:
        return len({wait.booking.pk for wait in self.waits})


def waiting(shop: Shop) -> QuerySet[Line]:
    """The lines of cars in this shop whose parts are missing."""
    here = Line.objects.filter(booking__shop=shop, booking__status__in=floor_lines.OPEN)
    return here.filter(state=LineState.APPROVED, waits_for_parts=True)


def load(*, shop: Shop, at: datetime) -> PartsWait:
    """Everything that waits. Three queries."""
    current = LineVersion.objects.filter(number=F("line__version")).select_related("service", "measure")
    rows = waiting(shop).select_related("booking__variant__model__make").prefetch_related(Prefetch("versions", current))
    lines = list(rows.order_by(F("parts_expected_on").asc(nulls_last=True), "booking__ends_at", "booking", "position"))
    since, today = _since(lines), at.astimezone(shop.zone).date()
    waits = [Wait(line, since.get(line.public_id), today) for line in lines]
    return PartsWait([Delivery(day, list(group)) for day, group in groupby(waits, key=lambda wait: wait.expected_on)])


def _since(lines: list[Line]) -> dict[str, datetime]:
    """When each line began to wait: a changed day does not begin it anew. One query."""
    found: dict[str, datetime] = {}
    events = BookingEvent.objects.filter(kind=EventKind.PARTS, booking__in={line.booking_id for line in lines})
    for at, data in events.order_by("at", "pk").values_list("at", "data"):
        if not data.get("waits"):
            found.pop(data["line"], None)
        else:
            found.setdefault(data["line"], at)
    return found


@transaction.atomic
def arrived(*, line: Line, by: User, at: datetime) -> Line:
    """The parts of a line have come; a line that does not wait is left alone. When nothing of the car waits any more
    and it stood there for its parts, it goes on to where it was by its status.

    Raises LineSettledError, WrongStatusError. Side effects: event and outbox `booking.parts`, and `booking.stage`.
    """
    locked(line.booking)
    line = Line.objects.select_related("booking").get(pk=line.pk)
    if line.state == LineState.DONE or (line.state == LineState.APPROVED and not line.waits_for_parts):
        return line
    return floor_lines.wait_for_parts(line=line, expected_on=None, waits=False, by=by, at=at)
