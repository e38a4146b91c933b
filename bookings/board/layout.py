"""Where everything stands on the shop's board: from rows to lanes, blocks and shares. No queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from bookings.board.day import TICKS_AN_HOUR, Block, Card, Lane, Person, Use, Window
from bookings.choices import IN_SHOP, Status
from bookings.engine.claims import span_of
from bookings.models import Allocation
from bookings.rules import is_overdue
from bookings.visit_parts import Part
from shops.models import Resource
from shops.opening import DayOpening

Stretch = tuple[datetime, datetime]

MAX_HOURS = 24
# What the board shows of a shop that is closed all day and has no visits: something to look at.
_EMPTY_DAY = (9, 18)


def open_stretches(opening: DayOpening, zone: ZoneInfo) -> list[Stretch]:
    """The day's opening hours as instants in UTC."""
    return [
        tuple(datetime.combine(opening.date, wall, tzinfo=zone).astimezone(UTC) for wall in stretch)  # type: ignore[misc]
        for stretch in opening.intervals
    ]


def window_of(
    opens: Sequence[Stretch],
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


def lanes_of(
    resources: Iterable[Resource],
    cards: Iterable[Card],
    pauses: Iterable[Allocation],
    window: Window,
    closed: Sequence[Block],
) -> list[Lane]:
    """A lane for each resource with what is closed, paused and planned on it."""
    lanes = {resource.pk: Lane(resource, list(closed)) for resource in resources}
    for pause in pauses:
        if pause.resource_id in lanes:
            text = pause.reason or pause.get_kind_display()
            low, high = span_of(pause)
            start, end = window.column(low), window.column(high, up=True)
            if start < end:
                lanes[pause.resource_id].blocks.append(Block(start, end, allocation=pause, text=text))
    for one in cards:
        for part in one.parts:
            if part.resource.pk in lanes and part.starts_at < window.end and part.ends_at > window.start:
                lanes[part.resource.pk].blocks.append(_part_block(one, part, window))
    return list(lanes.values())


def grouped(lanes: list[Lane]) -> list[Lane]:
    """The same lanes, each that begins another kind of resource marked."""
    for before, lane in pairwise(lanes):
        lane.begins_group = before.kind != lane.kind
    return lanes


def _part_block(one: Card, part: Part, window: Window) -> Block:
    column = min(window.column(part.starts_at), window.ticks)
    return Block(column, max(column + 1, window.column(part.ends_at, up=True)), card=one, part=part)


def _visit_block(one: Card, start: datetime, end: datetime, window: Window, row: int = 1) -> Block:
    column = min(window.column(start), window.ticks)
    return Block(column, max(column + 1, window.column(end, up=True)), row, card=one)


def without_bay(cards: Iterable[Card], window: Window) -> list[Lane]:
    """A lane for visits without a bay (the job needs none, or the car has left it), stacked where they overlap."""
    shown = (Status.REQUESTED, Status.CONFIRMED, *IN_SHOP)
    lane, ends = Lane(None), list[int]()
    for one in cards:
        if one.bay is not None or one.booking.status not in shown:
            continue
        block = _visit_block(one, *one.occupies, window)
        row = next((n for n, end in enumerate(ends) if end <= block.start), len(ends))
        ends[row : row + 1] = [block.end]
        lane.blocks.append(_visit_block(one, *one.occupies, window, row + 1))
    return [lane] if lane.blocks else []


def closed_blocks(opens: Sequence[Stretch], window: Window, opening: DayOpening) -> list[Block]:
    """Hatched time outside the hours. Between two stretches it is the shop's break."""
    edges = [window.start, *(instant for stretch in opens for instant in stretch), window.end]
    gaps = list(zip(edges[::2], edges[1::2], strict=True))
    blocks = []
    for number, (low, high) in enumerate(gaps):
        between = 0 < number < len(gaps) - 1
        text = _("Break") if between else pgettext("time outside the opening hours", "Closed")
        if opening.closed:
            text = opening.closed.text
        block = Block(window.column(low), window.column(high, up=True), text=text)
        if low < high and block.start < block.end:
            blocks.append(block)
    return blocks


def mark_waiting(cards: Sequence[Card], at: datetime) -> None:
    """Find visits that stand in the way of the next one where they should have ended: on a bay, with a person."""
    due = [(part.resource.pk, part.starts_at, one) for one in cards for part in one.work if part.starts_at <= at]
    for one in cards:
        if not is_overdue(one.booking, at=at):
            continue
        mine = {part.resource.pk: part.ends_at for part in one.last}
        one.next_waits = any(
            other is not one and pk in mine and lower >= mine[pk] and other.booking.status == Status.CONFIRMED
            for pk, lower, other in due
        )


def doing(resource: Resource, cards: Sequence[Card], pauses: Iterable[Allocation], at: datetime) -> Person:
    """What somebody is at: their visit, the road, a break, or nothing."""
    mine = [(one, part) for one in cards for part in one.current if part.resource.pk == resource.pk]
    for one, part in mine:
        if part.is_on_the_way and part.starts_at <= at < part.ends_at and one.is_open:
            return Person(resource, part.label, "info", one)
    for status in (Status.IN_SERVICE, Status.CHECKED_IN):
        now = next((one for one, _part in mine if one.booking.status == status), None)
        if now is not None:
            return Person(resource, str(now.look.label), now.look.tone, now)
    for pause in pauses:
        low, high = span_of(pause)
        if pause.resource_id == resource.pk and low <= at < high:
            return Person(resource, pause.reason or pause.get_kind_display(), "mute")
    return Person(resource, pgettext("a technician without work", "Free"), "ok")


def use_of(places: Sequence[Resource], cards: Iterable[Card], opens: Sequence[Stretch], at: datetime) -> Use:
    """The share of the open time of `places` that visits claim, in all and for each open hour."""
    ids = {resource.pk for resource in places}
    claims = [(part.starts_at, part.ends_at) for one in cards for part in one.work if part.resource.pk in ids]

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
