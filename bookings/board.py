"""What the shop's board shows of one day: lanes of bays or technicians, visits on them, counters. Reads only.

The number of queries depends neither on the number of visits nor of bays. Positions are columns of 5 minutes counted
from 1, because the pages place everything with generated grid classes. Instants are UTC; a day is a day of the shop.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import phonenumbers
from django.db import connection
from django.db.models import Q, QuerySet, TextChoices
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from bookings.board_looks import LOOKS, Look, look_of
from bookings.choices import IN_SHOP, AllocationKind, Status
from bookings.claims import span_of
from bookings.models import Allocation, Booking, BookingEvent
from bookings.querysets import BookingQuerySet
from bookings.rules import is_overdue
from bookings.slots import TICK_SECONDS
from shops.choices import BayCapability, ResourceKind, Skill
from shops.models import Resource, Shop
from shops.opening import DayOpening, Opening

TICK = timedelta(seconds=TICK_SECONDS)
TICKS_AN_HOUR = 12
MAX_HOURS = 24
# A customer is called late this long after the start; the no-show waits longer (`workshop.NO_SHOW_AFTER`).
LATE_AFTER = timedelta(minutes=5)
# What the board shows of a shop that is closed all day and has no visits: something to look at.
_EMPTY_DAY = (9, 18)


class View(TextChoices):
    BAYS = "bays", _("Bays")
    TECHNICIANS = "technicians", _("Technicians")
    LIST = "list", _("List")


class Group(TextChoices):
    """The counters over the board; each is a filter."""

    TO_ARRIVE = "to_arrive", _("To arrive")
    IN_WORK = "in_work", _("In work")
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


@dataclass
class Card:
    """One visit as the board and the list show it at the moment `at`."""

    booking: Booking
    at: datetime
    # Its claim has ended, its car still stands there, and the next visit needs the bay or the technician.
    next_waits: bool = False

    @cached_property
    def claims(self) -> list[Allocation]:
        return list(self.booking.allocations.all())

    @cached_property
    def bay(self) -> Resource | None:
        return next((c.resource for c in self.claims if c.resource.kind != ResourceKind.TECHNICIAN), None)

    @cached_property
    def technician(self) -> Resource | None:
        return next((c.resource for c in self.claims if c.resource.kind == ResourceKind.TECHNICIAN), None)

    @property
    def is_late(self) -> bool:
        """The customer has not come, or the work is over its time."""
        booking = self.booking
        missing = booking.status == Status.CONFIRMED and self.at > booking.starts_at + LATE_AFTER
        return missing or is_overdue(booking, at=self.at)

    @cached_property
    def look(self) -> Look:
        return look_of(self.booking.status, is_late=self.is_late, next_waits=self.next_waits)

    @property
    def groups(self) -> set[str]:
        found: set[str] = {_GROUP_OF[self.booking.status]} if self.booking.status in _GROUP_OF else set()
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
        """From the start of the claim to its end; without a claim, the time that was agreed."""
        if not self.claims:
            return self.booking.starts_at, self.booking.ends_at
        spans = [span_of(claim) for claim in self.claims]
        return min(start for start, _end in spans), max(end for _start, end in spans)


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
    allocation: Allocation | None = None
    text: str = ""

    @property
    def is_short(self) -> bool:
        """Too narrow for more than one line of words (under 40 minutes)."""
        return self.end - self.start < 8


@dataclass
class Lane:
    """A row of the board: a bay, a mobile unit, a technician; without a resource, the visits that need no bay."""

    resource: Resource | None
    blocks: list[Block] = field(default_factory=list)

    @property
    def is_person(self) -> bool:
        return self.resource is not None and self.resource.kind == ResourceKind.TECHNICIAN

    @property
    def subtitle(self) -> str:
        """The first thing it is equipped or trained for, in words."""
        names = dict(Skill.choices if self.is_person else BayCapability.choices)
        known = [str(names[code]) for code in (self.resource.capabilities if self.resource else ()) if code in names]
        return known[0] if known else ""


@dataclass(frozen=True)
class Person:
    """A technician in the strip, and what they are doing."""

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

    def card_of(self, public_id: str) -> Card | None:
        return next((card for card in self.cards if card.booking.public_id == public_id), None)


@dataclass(frozen=True)
class Happening:
    """An event of a visit in words: when, what, who, why, and the tone of what followed."""

    at: datetime
    when: str
    text: str
    who: str
    note: str
    tone: str


# --- What others ask --------------------------------------------------------------------------------


def load(*, shop: Shop, day: date, at: datetime) -> Day:
    """The board of a local day as it is at `at`. Six queries."""
    resources = list(shop.resources.in_use().order_by("position", "pk"))
    opening = Opening.of(shop).on(day, today=at.astimezone(shop.zone).date())
    start, end = bounds(shop, day)
    cards = [Card(booking, at) for booking in visits(shop=shop, day=day, at=at).for_card()]
    pauses = list(_pauses(shop, start, end))
    opens = _utc(opening, shop.zone)
    window = _window(opens, cards, pauses, start, end, shop.zone)
    _mark_waiting(cards, at)
    places = [resource for resource in resources if resource.kind != ResourceKind.TECHNICIAN]
    people = [resource for resource in resources if resource.kind == ResourceKind.TECHNICIAN]
    closed = _closed_blocks(opens, window, opening)
    return Day(
        shop=shop,
        date=day,
        at=at,
        opening=opening,
        window=window,
        cards=cards,
        bays=_lanes(places, cards, pauses, window, closed) + _homeless(cards, window),
        technicians=_lanes(people, cards, pauses, window, closed),
        people=[_person(resource, cards, pauses, at) for resource in people],
        use=_use(places, cards, opens, at),
    )


def card(*, booking: Booking, at: datetime) -> Card:
    """One visit by itself, fetched with `for_card()`. One query more than that: whether the next visit waits."""
    alone = Card(booking, at)
    if is_overdue(booking, at=at):
        ids = [claim.resource_id for claim in alone.claims]
        _, ends = alone.occupies
        following = Allocation.objects.filter(resource__in=ids, during__startswith__gte=ends)
        alone.next_waits = following.filter(during__startswith__lte=at).exclude(booking=booking).exists()
    return alone


def history(booking: Booking) -> list[Happening]:
    """What happened to a visit, in order. One query."""
    return [_happening(event, booking) for event in booking.events.select_related("actor")]


def _happening(event: BookingEvent, booking: Booking) -> Happening:
    local = event.at.astimezone(booking.zone)
    same_day = local.date() == booking.local_start.date()
    text = event.get_kind_display()
    if isinstance(km := event.data.get("odometer_km"), int):
        text = f"{text} {km:,} km"
    who = event.actor.display_name if event.actor else event.get_actor_role_display()
    look = LOOKS.get(event.to_status)
    return Happening(
        event.at,
        f"{local:%H:%M}" if same_day else f"{local:%m-%d}",
        text,
        who,
        event.reason,
        look.tone if look else "mute",
    )


def visits(*, shop: Shop, day: date, at: datetime) -> BookingQuerySet:
    """The visits of a local day, in order of time: those that touch it, and today also every car still in the shop."""
    start, end = bounds(shop, day)
    wanted = Q(starts_at__lt=end, ends_at__gt=start)
    if start <= at < end:
        wanted |= Q(status__in=IN_SHOP)
    live_hold = Q(status=Status.HELD, hold_expires_at__gt=at)
    rows = Booking.objects.at_shop(shop).filter(wanted)
    return rows.filter(~Q(status__in=[Status.HELD, Status.EXPIRED]) | live_hold).order_by("starts_at", "pk")


def found(*, shop: Shop, text: str) -> BookingQuerySet:
    """Visits of the shop whose plate, number, name or telephone contains what was typed, the latest first."""
    text = text.strip()[:40].replace("\x00", "")
    bare = text.replace("·", "").replace(" ", "")
    wanted = Q(plate__icontains=bare) | Q(number__icontains=bare) | Q(contact_name__icontains=text)
    if sum(character.isdigit() for character in bare) >= 4:
        wanted |= Q(contact_phone__contains=bare.lstrip("+"))
    known = Booking.objects.at_shop(shop).exclude(status__in=[Status.HELD, Status.EXPIRED])
    return known.filter(wanted).order_by("-starts_at", "-pk") if bare else known.none()


def bounds(shop: Shop, day: date) -> tuple[datetime, datetime]:
    """From the local day's midnight to the next one."""
    return _midnight(shop.zone, day), _midnight(shop.zone, day + timedelta(days=1))


_MARKER = """
SELECT concat_ws('|',
  (SELECT string_agg(concat_ws(':', b.id, b.status, b.revision), ',' ORDER BY b.id)
     FROM bookings_booking b
    WHERE b.shop_id = %(shop)s
      AND ((b.starts_at < %(end)s AND b.ends_at > %(start)s) OR b.status = ANY(%(in_shop)s))),
  (SELECT string_agg(concat_ws(':', a.id, a.resource_id, a.during), ',' ORDER BY a.id)
     FROM bookings_allocation a JOIN shops_resource r ON r.id = a.resource_id
    WHERE r.shop_id = %(shop)s AND a.during && tstzrange(%(start)s, %(end)s)
      AND (a.held_until IS NULL OR a.held_until > %(at)s)))
"""


def marker(*, shop: Shop, day: date, at: datetime, reader: str = "") -> str:
    """An ETag that changes whenever the board of the day would look different to this `reader`. One query.

    The minute belongs to it because the now-line and lateness move; changes of hours and bays follow within it.
    """
    start, end = bounds(shop, day)
    with connection.cursor() as cursor:
        params: dict[str, Any] = {"shop": shop.pk, "start": start, "end": end, "at": at, "in_shop": list(IN_SHOP)}
        cursor.execute(_MARKER, params)
        (state,) = cursor.fetchone()
    facts = f"{day}|{at:%Y%m%d%H%M}|{reader}|{state}"
    return f'"{hashlib.sha256(facts.encode()).hexdigest()[:32]}"'


# --- How it is put together -------------------------------------------------------------------------


def _midnight(zone: ZoneInfo, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _utc(opening: DayOpening, zone: ZoneInfo) -> list[tuple[datetime, datetime]]:
    return [
        tuple(datetime.combine(opening.date, wall, tzinfo=zone).astimezone(UTC) for wall in stretch)  # type: ignore[misc]
        for stretch in opening.intervals
    ]


def _pauses(shop: Shop, start: datetime, end: datetime) -> QuerySet[Allocation]:
    rows = Allocation.objects.filter(resource__shop=shop, during__overlap=(start, end)).order_by("during", "pk")
    return rows.exclude(kind=AllocationKind.WORK).select_related("resource")


def _window(
    opens: Sequence[tuple[datetime, datetime]],
    cards: Iterable[Card],
    pauses: Iterable[Allocation],
    start: datetime,
    end: datetime,
    zone: ZoneInfo,
) -> Window:
    """Whole hours of the day that hold the opening hours and everything planned, at most 24."""
    spans = [*opens, *(card.occupies for card in cards)]
    # A block over several days has no say: it would stretch the board to midnight.
    spans += [(low, high) for low, high in map(span_of, pauses) if start <= low and high <= end]
    inside = [(max(low, start), min(high, end)) for low, high in spans if low < end and high > start]
    if not inside:
        inside = [(start + timedelta(hours=_EMPTY_DAY[0]), start + timedelta(hours=_EMPTY_DAY[1]))]
    first = (min(low for low, _high in inside) - start) // timedelta(hours=1)
    last = -((start - max(high for _low, high in inside)) // timedelta(hours=1))
    hours = max(1, min(MAX_HOURS, last - first))
    return Window(start + timedelta(hours=first), hours * TICKS_AN_HOUR, zone)


def _lanes(
    resources: Iterable[Resource],
    cards: Iterable[Card],
    pauses: Iterable[Allocation],
    window: Window,
    closed: Sequence[Block],
) -> list[Lane]:
    lanes = {resource.pk: Lane(resource, list(closed)) for resource in resources}
    for pause in pauses:
        if pause.resource_id in lanes:
            text = pause.reason or pause.get_kind_display()
            low, high = span_of(pause)
            start, end = window.column(low), window.column(high, up=True)
            if start < end:
                lanes[pause.resource_id].blocks.append(Block(start, end, allocation=pause, text=text))
    for one in cards:
        for claim in one.claims:
            if claim.resource_id in lanes:
                lanes[claim.resource_id].blocks.append(_visit_block(one, *span_of(claim), window))
    return list(lanes.values())


def _visit_block(one: Card, start: datetime, end: datetime, window: Window, row: int = 1) -> Block:
    column = min(window.column(start), window.ticks)
    return Block(column, max(column + 1, window.column(end, up=True)), row, card=one)


def _homeless(cards: Iterable[Card], window: Window) -> list[Lane]:
    """A lane for visits without a bay (the job needs none, or the car has left it), stacked where they overlap."""
    shown = (Status.CONFIRMED, *IN_SHOP)
    lane, ends = Lane(None), list[int]()
    for one in cards:
        if one.bay is not None or one.booking.status not in shown:
            continue
        block = _visit_block(one, *one.occupies, window)
        row = next((n for n, end in enumerate(ends) if end <= block.start), len(ends))
        ends[row : row + 1] = [block.end]
        lane.blocks.append(_visit_block(one, *one.occupies, window, row + 1))
    return [lane] if lane.blocks else []


def _closed_blocks(opens: Sequence[tuple[datetime, datetime]], window: Window, opening: DayOpening) -> list[Block]:
    """Hatched time outside the hours. Between two stretches it is the shop's break."""
    edges = [window.start, *(instant for stretch in opens for instant in stretch), window.end]
    gaps = list(zip(edges[::2], edges[1::2], strict=True))
    blocks = []
    for number, (low, high) in enumerate(gaps):
        between = 0 < number < len(gaps) - 1
        text = opening.closed.text if opening.closed else str(_("Break") if between else _("Closed"))
        block = Block(window.column(low), window.column(high, up=True), text=text)
        if low < high and block.start < block.end:
            blocks.append(block)
    return blocks


def _mark_waiting(cards: Sequence[Card], at: datetime) -> None:
    """Find visits that stand in the way of the next one on their bay or with their technician."""
    due = [(c.resource_id, span_of(c)[0], one) for one in cards for c in one.claims if span_of(c)[0] <= at]
    for one in cards:
        if not is_overdue(one.booking, at=at):
            continue
        mine = {claim.resource_id: span_of(claim)[1] for claim in one.claims}
        one.next_waits = any(
            other is not one and pk in mine and lower >= mine[pk] and other.booking.status == Status.CONFIRMED
            for pk, lower, other in due
        )


def _person(resource: Resource, cards: Sequence[Card], pauses: Iterable[Allocation], at: datetime) -> Person:
    mine = [one for one in cards if one.technician is not None and one.technician.pk == resource.pk]
    for status in (Status.IN_SERVICE, Status.CHECKED_IN):
        now = next((one for one in mine if one.booking.status == status), None)
        if now is not None:
            return Person(resource, str(now.look.label), now.look.tone, now)
    for pause in pauses:
        low, high = span_of(pause)
        if pause.resource_id == resource.pk and low <= at < high:
            return Person(resource, pause.reason or pause.get_kind_display(), "mute")
    return Person(resource, str(pgettext_lazy("a technician without work", "Free")), "ok")


def _use(
    places: Sequence[Resource], cards: Iterable[Card], opens: Sequence[tuple[datetime, datetime]], at: datetime
) -> Use:
    ids = {resource.pk for resource in places}
    claims = [span_of(c) for one in cards for c in one.claims if c.resource_id in ids]

    def share(low: datetime, high: datetime) -> float:
        taken = sum((max(min(end, high) - max(start, low), timedelta()) for start, end in claims), timedelta())
        return min(1.0, taken / ((high - low) * len(ids))) if ids and high > low else 0.0

    whole = sum(((high - low) for low, high in opens), timedelta())
    if not whole:
        return Use(0.0, ())
    fraction = sum(share(low, high) * ((high - low) / whole) for low, high in opens)
    hours = [
        (share(start, min(start + timedelta(hours=1), high)), start + timedelta(hours=1) <= at)
        for low, high in opens
        for start in (low + timedelta(hours=n) for n in range(-((low - high) // timedelta(hours=1))))
    ]
    return Use(fraction, hours)
