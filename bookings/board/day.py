"""The nouns of the shop's board: a day with its lanes of bays or technicians, the visits on them, and its counters.

Positions are columns of 5 minutes counted from 1, because the pages place everything with generated grid classes.
Instants are UTC; a day is a day of the shop.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import phonenumbers
from django.db.models import TextChoices
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from bookings.board.looks import Look, look_of
from bookings.choices import IN_SHOP, LAPSING, Stage, Status
from bookings.engine.slots import TICK_SECONDS
from bookings.models import Allocation, Booking
from bookings.rules import is_overdue
from bookings.visit_parts import Part, parts_of
from shops.choices import PLACES, BayCapability, ResourceKind, Skill
from shops.models import Resource, Shop
from shops.opening import DayOpening

TICK = timedelta(seconds=TICK_SECONDS)
TICKS_AN_HOUR = 12
# A customer is called late this long after the start; the no-show waits longer (`workshop.NO_SHOW_AFTER`).
LATE_AFTER = timedelta(minutes=5)
# Claims of a visit that end this close to its last one belong to its last phase (`workshop.OVERRUN_STEP`).
LAST_PHASE = timedelta(minutes=15)


class View(TextChoices):
    BAYS = "bays", _("Bays")
    TECHNICIANS = "technicians", _("Technicians")
    LIST = "list", _("List")


class Group(TextChoices):
    """The counters over the board; each is a filter."""

    TO_ARRIVE = "to_arrive", _("To arrive")
    IN_WORK = "in_work", _("In work")
    WAITING_OWNER = "waiting_owner", _("Owner asked")
    WAITING_PARTS = "waiting_parts", _("Need parts")
    READY = "ready", _("Ready")
    LATE = "late", _("Late")
    HANDED_OVER = "handed_over", _("Handed over")


_GROUP_OF: dict[str, Group] = {
    Status.CONFIRMED: Group.TO_ARRIVE,
    Status.CHECKED_IN: Group.IN_WORK,
    Status.IN_SERVICE: Group.IN_WORK,
    Status.READY: Group.READY,
    Status.COMPLETED: Group.HANDED_OVER,
}

# A car that waits is not counted as in work.
_WAITING: dict[str, Group] = {
    Stage.WAITING_OWNER: Group.WAITING_OWNER,
    Stage.WAITING_PARTS: Group.WAITING_PARTS,
}


@dataclass
class Card:
    """One visit as the board and the list show it at the moment `at`."""

    booking: Booking
    at: datetime
    # Its claim has ended, its car still stands there, and the next visit needs the bay or the technician.
    next_waits: bool = False

    @cached_property
    def parts(self) -> list[Part]:
        """Everything it claims, in order of time."""
        return parts_of(self.booking)

    @cached_property
    def work(self) -> list[Part]:
        """What it claims to get the work done: all but a loaner car, which stays out as long as it likes."""
        return [part for part in self.parts if part.resource.kind != ResourceKind.LOANER]

    @property
    def last(self) -> list[Part]:
        """The parts with which it ends."""
        ends = max((part.ends_at for part in self.work), default=None)
        return [part for part in self.work if ends is not None and part.ends_at >= ends - LAST_PHASE]

    @property
    def current(self) -> list[Part]:
        """What it is at now: the running parts; before all of them the first, after all of them the last."""
        running = [part for part in self.work if part.starts_at <= self.at < part.ends_at]
        if running or not self.work:
            return running
        begins, ends = self.occupies
        if self.at < begins:
            return [part for part in self.work if part.starts_at <= self.booking.starts_at]
        return self.last if self.at >= ends else []

    @cached_property
    def bays(self) -> list[Resource]:
        """The bays or mobile units it goes through, in order, each once."""
        return self._resources(PLACES)

    @cached_property
    def technicians(self) -> list[Resource]:
        """Who works on it, in order, each once; drivers too."""
        return self._resources((ResourceKind.TECHNICIAN,))

    def _resources(self, kinds: Sequence[str]) -> list[Resource]:
        return list(dict.fromkeys(part.resource for part in self.parts if part.resource.kind in kinds))

    @property
    def bay(self) -> Resource | None:
        """The first of its bays."""
        return self.bays[0] if self.bays else None

    @property
    def technician(self) -> Resource | None:
        """The first of its technicians."""
        return self.technicians[0] if self.technicians else None

    @property
    def bay_names(self) -> str:
        """ "Bay 1 → Bay 4"."""
        return " → ".join(resource.name for resource in self.bays)

    @property
    def technician_names(self) -> str:
        return str(_(", ")).join(resource.name for resource in self.technicians)

    @property
    def has_parts(self) -> bool:
        """Whether it is done in several phases, one after the other."""
        return any(part.count > 1 for part in self.parts)

    @property
    def is_tentative(self) -> bool:
        """Whether it may still come to nothing: held, or waiting for the shop's answer."""
        return self.booking.status in LAPSING

    @property
    def answer_minutes_left(self) -> int:
        """Whole minutes until a request lapses."""
        until = self.booking.hold_expires_at
        return max(0, int((until - self.at).total_seconds() // 60)) if until else 0

    @property
    def is_late(self) -> bool:
        """The customer has not come, or the work is over its time."""
        booking = self.booking
        missing = booking.status == Status.CONFIRMED and self.at > booking.starts_at + LATE_AFTER
        return missing or is_overdue(booking, at=self.at)

    @cached_property
    def look(self) -> Look:
        booking = self.booking
        return look_of(booking.status, stage=booking.stage, is_late=self.is_late, next_waits=self.next_waits)

    @property
    def unread(self) -> int:
        """How many messages of the owner nobody of the shop has seen, where that was asked for (`reading.load`)."""
        return int(getattr(self.booking, "unread", 0))

    @property
    def has_card(self) -> bool:
        """Whether there is a job card: its car is here, or was."""
        return self.booking.status in (*IN_SHOP, Status.COMPLETED)

    @property
    def groups(self) -> set[str]:
        group = _WAITING.get(self.booking.stage) or _GROUP_OF.get(self.booking.status)
        found: set[str] = {group} if group else set()
        return found | {Group.LATE} if self.is_late else found

    @property
    def is_movable(self) -> bool:
        """Whether it can be dragged: to another time before check-in, to another bay or technician until ready."""
        return self.booking.status in (Status.CONFIRMED, Status.CHECKED_IN, Status.IN_SERVICE)

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done with it."""
        return self.booking.status in (Status.CONFIRMED, *IN_SHOP)

    @property
    def phone_text(self) -> str:
        """The customer's number as people write it: 138 0013 8001."""
        try:
            number = phonenumbers.parse(self.booking.contact_phone, "CN")
        except phonenumbers.NumberParseException:
            return self.booking.contact_phone
        home = phonenumbers.region_code_for_number(number) == "CN"
        shape = phonenumbers.PhoneNumberFormat
        return phonenumbers.format_number(number, shape.NATIONAL if home else shape.INTERNATIONAL)

    @property
    def occupies(self) -> tuple[datetime, datetime]:
        """From the start of its first part to the end of its last; without any, the time that was agreed."""
        if not self.work:
            return self.booking.starts_at, self.booking.ends_at
        return min(part.starts_at for part in self.work), max(part.ends_at for part in self.work)


@dataclass(frozen=True)
class Window:
    """The hours that the board shows: `ticks` of 5 minutes from `start`."""

    start: datetime
    ticks: int
    zone: ZoneInfo

    @property
    def end(self) -> datetime:
        return self.start + self.ticks * TICK

    @property
    def hour_count(self) -> int:
        return self.ticks // TICKS_AN_HOUR

    @property
    def first_minute(self) -> int:
        """Minutes of the local day at which the first column begins."""
        local = self.start.astimezone(self.zone)
        return local.hour * 60 + local.minute

    @property
    def hours(self) -> list[tuple[int, str]]:
        """Column and wall clock of each full hour."""
        starts = ((n, self.start + n * TICK) for n in range(0, self.ticks, TICKS_AN_HOUR))
        return [(n + 1, f"{at.astimezone(self.zone):%H:%M}") for n, at in starts]

    def holds(self, at: datetime) -> bool:
        return self.start <= at < self.end

    def column(self, at: datetime, *, up: bool = False) -> int:
        """The column in which an instant lies (with `up`: the first that begins at or after it), kept inside."""
        seconds = int((at - self.start).total_seconds())
        tick = -(-seconds // TICK_SECONDS) if up else seconds // TICK_SECONDS
        return 1 + max(0, min(self.ticks, tick))


@dataclass(frozen=True)
class Block:
    """Something on a lane: a visit (`card`), a break or time out of use (`allocation`), or closed time."""

    start: int
    end: int
    row: int = 1
    card: Card | None = None
    part: Part | None = None
    allocation: Allocation | None = None
    text: str = ""

    @property
    def offset(self) -> int:
        """Columns from the start of the visit to the start of this part of it."""
        if self.card is None or self.part is None:
            return 0
        return (self.part.starts_at - self.card.booking.starts_at) // TICK

    @property
    def is_sliver(self) -> bool:
        """Too narrow for any words (under 20 minutes)."""
        return self.end - self.start < 4

    @property
    def is_short(self) -> bool:
        """Too narrow for more than one line of words (under 40 minutes)."""
        return self.end - self.start < 8


@dataclass
class Lane:
    """A row of the board: a bay, a mobile unit, a person, a loaner car; without a resource, the visits that need no
    bay. `begins_group` where rows of another kind begin."""

    resource: Resource | None
    blocks: list[Block] = field(default_factory=list)
    begins_group: bool = False

    @property
    def kind(self) -> str:
        """What a visit can be dropped on it as: bay (mobile units too), technician, advisor or loaner."""
        if self.resource is None or self.resource.kind in PLACES:
            return ResourceKind.BAY.value
        return self.resource.kind

    @property
    def is_person(self) -> bool:
        return self.kind in (ResourceKind.TECHNICIAN, ResourceKind.ADVISOR)

    @property
    def subtitle(self) -> str:
        """The first thing it is equipped or trained for, in words; of advisors and loaner cars, what they are."""
        if self.kind in (ResourceKind.ADVISOR, ResourceKind.LOANER):
            return str(ResourceKind(self.kind).label)
        names = dict(Skill.choices if self.is_person else BayCapability.choices)
        known = [str(names[code]) for code in (self.resource.capabilities if self.resource else ()) if code in names]
        return known[0] if known else ""


@dataclass(frozen=True)
class Person:
    """Somebody in the strip, and what they are doing."""

    resource: Resource
    text: str
    tone: str
    card: Card | None = None


@dataclass(frozen=True)
class Use:
    """How much of the bays' open time is claimed: of the day, and of each open hour (0–1; whether it has passed)."""

    fraction: float
    hours: Sequence[tuple[float, bool]]

    @property
    def percent(self) -> int:
        return round(self.fraction * 100)

    @property
    def width(self) -> int:
        return len(self.hours) * 9

    @property
    def bars(self) -> list[Bar]:
        """A bar for each open hour in a drawing 32 high, never lower than its own roundness."""
        heights = [max(4, round(share * 32)) for share, _past in self.hours]
        return [
            Bar(n * 9, 32 - height, height, past)
            for n, (height, (_, past)) in enumerate(zip(heights, self.hours, strict=True))
        ]


@dataclass(frozen=True)
class Bar:
    """A bar of the small chart, and whether its hour has passed."""

    x: int
    y: int
    height: int
    past: bool


@dataclass
class Day:
    """Everything the board shows of one day."""

    shop: Shop
    date: date
    at: datetime
    opening: DayOpening
    window: Window
    cards: list[Card]
    # Requests of whatever day that wait for the shop's answer, the oldest first.
    requests: list[Card]
    bays: list[Lane]
    technicians: list[Lane]
    people: list[Person]
    use: Use

    @property
    def is_today(self) -> bool:
        return self.at.astimezone(self.shop.zone).date() == self.date

    @property
    def before(self) -> dt.date:
        return self.date - timedelta(days=1)

    @property
    def after(self) -> dt.date:
        return self.date + timedelta(days=1)

    @property
    def now_column(self) -> int | None:
        return self.window.column(self.at) if self.is_today and self.window.holds(self.at) else None

    @property
    def hour_labels(self) -> list[tuple[int, str]]:
        """The full hours, without those under the label of the now-line."""
        now = self.now_column
        return [(column, text) for column, text in self.window.hours if now is None or not now - 9 < column < now + 5]

    @property
    def counts(self) -> dict[str, int]:
        return {group.value: sum(group in card.groups for card in self.cards) for group in Group}

    def lanes(self, view: str) -> list[Lane]:
        return self.technicians if view == View.TECHNICIANS else self.bays

    def listed(self, group: str) -> list[Card]:
        """The agenda: visits in order of time, those of one counter or all but lapsed holds."""
        return [card for card in self.cards if not group or group in card.groups]
