"""What the shop's board shows of one day, read from the database. Reads only.

The number of queries depends neither on the number of visits nor of bays. `day` has the nouns, `layout`
puts them where they stand. Instants are UTC; a day is a day of the shop.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from bookings.board import layout
from bookings.board.day import Card, Day, Lane
from bookings.board.looks import LOOKS
from bookings.choices import IN_SHOP, LAPSING, PAUSES, EventKind, Stage, Status
from bookings.models import Allocation, Booking, BookingEvent
from bookings.querysets import BookingQuerySet
from bookings.rules import is_overdue
from core.money import format_fen_exact
from shops.choices import PEOPLE, PLACES, ResourceKind
from shops.models import Shop
from shops.opening import Opening


@dataclass(frozen=True)
class Happening:
    """An event of a visit in words: when, what, who, why, and the tone of what followed."""

    at: datetime
    when: str
    text: str
    who: str
    note: str
    tone: str


def load(*, shop: Shop, day: date, at: datetime) -> Day:
    """The board of a local day as it is at `at`. Eight queries."""
    resources = list(shop.resources.in_use().order_by("position", "pk"))
    opening = Opening.of(shop).on(day, today=at.astimezone(shop.zone).date())
    start, end = bounds(shop, day)
    cards, requests = _cards(shop, start, end, at)
    pauses = list(_pauses(shop, start, end))
    opens = layout.open_stretches(opening, shop.zone)
    window = layout.window_of(opens, cards, pauses, start, end, shop.zone)
    layout.mark_waiting(cards, at)

    def lanes(*kinds: str) -> list[Lane]:
        of_kinds = [resource for resource in resources if resource.kind in kinds]
        return layout.lanes_of(of_kinds, cards, pauses, window, closed)

    closed = layout.closed_blocks(opens, window, opening)
    places = [resource for resource in resources if resource.kind in PLACES]
    people = sorted((r for r in resources if r.kind in PEOPLE), key=lambda r: r.kind != ResourceKind.TECHNICIAN)
    return Day(
        shop=shop,
        date=day,
        at=at,
        opening=opening,
        window=window,
        cards=cards,
        requests=requests,
        bays=layout.grouped(lanes(*PLACES) + layout.without_bay(cards, window) + lanes(ResourceKind.LOANER)),
        technicians=layout.grouped(lanes(ResourceKind.TECHNICIAN) + lanes(ResourceKind.ADVISOR)),
        people=[layout.doing(resource, cards, pauses, at) for resource in people],
        use=layout.use_of(places, cards, opens, at),
    )


def _cards(shop: Shop, start: datetime, end: datetime, at: datetime) -> tuple[list[Card], list[Card]]:
    """The visits of a day in order of time, and the open requests of whatever day in the order they were made."""
    rows = Booking.objects.at_shop(shop).filter(_of_day(start, end, at) | _open_request(at)).for_card().with_unread()
    rows = rows.prefetch_related("lines")  # the agenda's next step asks them
    every = [Card(row, at) for row in rows.order_by("starts_at", "pk")]
    requests = [one for one in every if one.booking.status == Status.REQUESTED]
    requests.sort(key=lambda one: (one.booking.created_at, one.booking.pk))
    in_shop = IN_SHOP if start <= at < end else ()
    cards = [
        one
        for one in every
        if (one.booking.starts_at < end and one.booking.ends_at > start) or one.booking.status in in_shop
    ]
    return cards, requests


def card(*, booking: Booking, at: datetime) -> Card:
    """One visit by itself, fetched with `for_card()`. One query more than that: whether the next visit waits."""
    alone = Card(booking, at)
    if is_overdue(booking, at=at):
        ids = [part.resource.pk for part in alone.last]
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
    look = LOOKS.get(event.to_status)
    return Happening(
        event.at,
        f"{local:%H:%M}" if same_day else f"{local:%m-%d}",
        _text_of(event, booking),
        event.actor.display_name if event.actor else event.get_actor_role_display(),
        event.reason,
        look.tone if look else "mute",
    )


def _text_of(event: BookingEvent, booking: Booking) -> str:
    """What happened, with what belongs to it: the reading, the new time, the fee."""
    text = str(_("Request declined")) if event.data.get("declined") else event.get_kind_display()
    if event.kind == EventKind.STAGE and event.data.get("after") in Stage.values:
        text = str(Stage(event.data["after"]).label)
    if event.kind == EventKind.PROMISE and "after" in event.data:
        text = f"{text} · {_wall(event.data['before'], booking)} → {_wall(event.data['after'], booking)}"
    if title := event.data.get("title"):
        text = f"{text} · {title}"
    if isinstance(km := event.data.get("odometer_km"), int):
        text = f"{text} {km:,} km"
    if isinstance(fee_fen := event.data.get("fee_fen"), int) and fee_fen:
        text = _("%(text)s, fee %(fee)s") % {"text": text, "fee": format_fen_exact(fee_fen, currency=booking.currency)}
    if event.kind in (EventKind.RESCHEDULED, EventKind.SWAPPED) and "after" in event.data:
        before, after = (_wall(event.data[name]["starts_at"], booking) for name in ("before", "after"))
        text = f"{text} · {before} → {after}"
    return text


def _wall(instant: str, booking: Booking) -> str:
    """An instant of an event on the shop's wall clock: "11-23 14:00"."""
    return f"{datetime.fromisoformat(instant).astimezone(booking.zone):%m-%d %H:%M}"


def visits(*, shop: Shop, day: date, at: datetime) -> BookingQuerySet:
    """The visits of a local day, in order of time: those that touch it, and today also every car still in the shop."""
    return Booking.objects.at_shop(shop).filter(_of_day(*bounds(shop, day), at)).order_by("starts_at", "pk")


def requests(*, shop: Shop, at: datetime) -> BookingQuerySet:
    """What owners have asked the shop and it can still answer, the oldest first."""
    return Booking.objects.at_shop(shop).filter(_open_request(at)).order_by("created_at", "pk")


def _of_day(start: datetime, end: datetime, at: datetime) -> Q:
    wanted = Q(starts_at__lt=end, ends_at__gt=start)
    if start <= at < end:
        wanted |= Q(status__in=IN_SHOP)
    is_alive = ~Q(status__in=[*LAPSING, Status.EXPIRED]) | Q(status__in=LAPSING, hold_expires_at__gt=at)
    return wanted & is_alive


def _open_request(at: datetime) -> Q:
    return Q(status=Status.REQUESTED, hold_expires_at__gt=at)


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
  (SELECT string_agg(concat_ws(':', b.id, b.status, b.revision, b.shop_read_at), ',' ORDER BY b.id)
     FROM bookings_booking b
    WHERE b.shop_id = %(shop)s
      AND ((b.starts_at < %(end)s AND b.ends_at > %(start)s) OR b.status = ANY(%(open)s))),
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
        params: dict[str, Any] = {
            "shop": shop.pk,
            "start": start,
            "end": end,
            "at": at,
            "open": [*IN_SHOP, Status.REQUESTED],
        }
        cursor.execute(_MARKER, params)
        (state,) = cursor.fetchone()
    facts = f"{day}|{at:%Y%m%d%H%M}|{reader}|{state}"
    return f'"{hashlib.sha256(facts.encode()).hexdigest()[:32]}"'


def _midnight(zone: ZoneInfo, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def _pauses(shop: Shop, start: datetime, end: datetime) -> QuerySet[Allocation]:
    rows = Allocation.objects.filter(resource__shop=shop, during__overlap=(start, end)).order_by("during", "pk")
    return rows.filter(kind__in=PAUSES).select_related("resource")
