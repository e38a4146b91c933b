"""Telling owners of their visit on the evening before: once for each start that it has.

A visit that was booked or moved late is told of some hours after that, if there is time before it starts: right away
the confirmation has said it all. After an outage it is told late, up to the start and never after.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Max

from accounts.models import User
from bookings.choices import EventKind, Status
from bookings.message_kinds import TOMORROW
from bookings.models import Booking, BookingEvent
from bookings.notifications import word_of
from core import day_words
from notifications import keys, telling
from notifications.models import Notice
from notifications.telling import Word

# On the shop's wall clock, on the day before (product decision): people are home, and can still prepare.
EVENING = time(18)
# Not so soon after it was booked or moved (product decision).
NOT_BEFORE = timedelta(hours=6)
# From the evening before to the end of the next day, with an hour for a change of the clocks.
_AHEAD = timedelta(hours=31)
BATCH = 100

_SAYS_THE_TIME = (EventKind.CONFIRMED, EventKind.RESCHEDULED, EventKind.SWAPPED)


def due_at(starts_at: datetime, *, said_at: datetime, zone: ZoneInfo) -> datetime:
    """When the owner of a visit is told of it, whose start they learned last at `said_at` (UTC)."""
    day = starts_at.astimezone(zone).date() - timedelta(days=1)
    evening = datetime.combine(day, EVENING, zone).astimezone(starts_at.tzinfo)
    return max(evening, said_at + NOT_BEFORE)


def tell(*, at: datetime) -> int:
    """Tell every owner whose visit is due to be told of. Returns how many; two runs at once tell each once.

    Each `BATCH` is a transaction of its own.
    """
    ids, told = _due(at), 0
    for start in range(0, len(ids), BATCH):
        told += len(telling.tell_all(_words(ids[start : start + BATCH], at), at=at))
    return told


def _due(at: datetime) -> list[int]:
    """Visits to tell of that were not told of yet (primary keys), the next first. Three queries."""
    visits = Booking.objects.filter(
        status=Status.CONFIRMED, owner__is_active=True, starts_at__gt=at, starts_at__lte=at + _AHEAD
    )
    said = BookingEvent.objects.filter(booking__in=visits, kind__in=_SAYS_THE_TIME).order_by()
    said_at: dict[int, datetime] = dict(said.values_list("booking").annotate(Max("at")))
    keys_of = {
        _key(visit): visit.pk
        for visit in visits.select_related("shop__city").order_by("starts_at", "pk")
        if due_at(visit.starts_at, said_at=said_at.get(visit.pk, visit.created_at), zone=visit.zone) <= at
    }
    told = set(Notice.objects.filter(key__in=keys_of).values_list("key", flat=True))
    return [pk for key, pk in keys_of.items() if key not in told]


def _words(ids: Sequence[int], at: datetime) -> list[Word]:
    visits = Booking.objects.for_card().select_related("owner").filter(pk__in=ids, status=Status.CONFIRMED)
    return [_word(visit, visit.owner, at) for visit in visits.order_by("starts_at", "pk") if visit.owner is not None]


def _word(visit: Booking, owner: User, at: datetime) -> Word:
    return word_of(visit, owner, TOMORROW, once=_start(visit), more=lambda: _free(visit, at), until=visit.starts_at)


def _free(visit: Booking, at: datetime) -> dict[str, str]:
    until = visit.free_cancel_until
    return {"free_until": day_words.day_time(until, zone=visit.zone) if at < until else ""}


def _key(visit: Booking) -> str:
    return keys.make(TOMORROW, visit.public_id, _start(visit))


def _start(visit: Booking) -> int:
    """The start as a key has it: `message_kinds` asks by it whether the visit still starts then."""
    return int(visit.starts_at.timestamp())
