"""A visit as the staff's lists show it: the board's card with its lines, and what is known beside them. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.db.models import Count, F, OuterRef, Prefetch, Q, Subquery

from bookings.board.day import Card
from bookings.board.looks import Look
from bookings.choices import IN_SHOP, EventKind, LineState, Status
from bookings.floor import lines as floor_lines
from bookings.floor.lines import Totals
from bookings.floor_lists.looks import PLACE_LOOKS, Place, place_of
from bookings.models import Booking, BookingEvent, Line, LineVersion, QualityCheck, VisitLink
from bookings.querysets import BookingQuerySet

# After these events a car is in another stage than before.
STAGE_EVENTS = (EventKind.STAGE, EventKind.CHECKED_IN, EventKind.STARTED, EventKind.REOPENED, EventKind.READY)


@dataclass(frozen=True, slots=True)
class Aside:
    """What stands beside a visit: since when it is in its stage, what the owner wrote, the link, the last check."""

    since: datetime | None = None
    unread: int = 0
    links: int = 0
    link_sent_at: datetime | None = None
    link_used_at: datetime | None = None
    failed_note: str = ""


@dataclass(frozen=True)
class Job:
    """One visit in a list at the moment `card.at`."""

    card: Card
    aside: Aside

    @property
    def booking(self) -> Booking:
        return self.card.booking

    @property
    def is_here(self) -> bool:
        """Whether the car is in the shop, and so has a job card."""
        return self.booking.status in IN_SHOP

    @cached_property
    def place(self) -> Place:
        return place_of(self.booking)

    @property
    def look(self) -> Look:
        return PLACE_LOOKS[self.place]

    @cached_property
    def lines(self) -> list[Line]:
        """Every line with its present version; no query after `with_jobs`."""
        return list(self.booking.lines.all())

    @cached_property
    def totals(self) -> Totals:
        return floor_lines.totals(self.lines)

    @property
    def price_fen(self) -> int:
        """What is agreed: before check-in as booked, then the approved lines, in the end the bill."""
        if self.booking.final_fen is None and self.lines:
            return self.totals.approved_fen
        return self.booking.total_fen

    @property
    def to_do(self) -> list[Line]:
        """Approved and not done."""
        return [line for line in self.lines if line.state == LineState.APPROVED]

    @property
    def done(self) -> list[Line]:
        return [line for line in self.lines if line.state == LineState.DONE]

    @property
    def agreed(self) -> list[Line]:
        """Approved, done or not: what the work is counted against."""
        return [line for line in self.lines if line.state in (LineState.APPROVED, LineState.DONE)]

    @property
    def waiting(self) -> list[Line]:
        """The approved lines whose parts are missing."""
        return [line for line in self.lines if line.lacks_parts]

    @property
    def agreed_count(self) -> int:
        return len(self.agreed)

    @property
    def done_count(self) -> int:
        return len(self.done)

    @property
    def waiting_count(self) -> int:
        return len(self.waiting)

    @property
    def failed_note(self) -> str:
        """What the last quality check found, until it is put right."""
        return self.aside.failed_note if self.place == Place.WORKING else ""

    @property
    def asked_at(self) -> datetime | None:
        """Since when the owner has been asked: the oldest of the open questions."""
        return min((line.sent_at for line in self.lines if line.is_pending and line.sent_at), default=None)

    @property
    def since(self) -> datetime | None:
        """Since when the car is where it is; where the owner is waited for, since when they have been asked."""
        return (self.asked_at if self.place == Place.WAITING_OWNER else None) or self.aside.since

    @property
    def late_by(self) -> timedelta:
        """How long the customer is missing or the promise is past; nothing while in time."""
        if not self.card.is_late:
            return timedelta()
        booking = self.booking
        due = booking.starts_at if booking.status == Status.CONFIRMED else booking.ends_at
        return self.card.at - due

    @property
    def late_minutes(self) -> int:
        return int(self.late_by.total_seconds() // 60)

    def did_work(self, user_id: int) -> bool:
        """Whether this person did some of it, and so may not check it."""
        return any(line.done_by_id == user_id for line in self.done)


def with_jobs(visits: BookingQuerySet, *, at: datetime) -> list[Job]:
    """The visits in the order given, with all that the lists show at hand: six queries for any number."""
    current = LineVersion.objects.filter(number=F("line__version")).select_related("service", "measure")
    lines = Line.objects.order_by("position", "pk").prefetch_related(Prefetch("versions", current))
    rows = list(visits.for_card().prefetch_related(Prefetch("lines", lines)))
    found = asides(rows)
    return [Job(Card(row, at), found.get(row.pk, Aside())) for row in rows]


def asides(rows: Iterable[Booking]) -> dict[int, Aside]:
    """What stands beside each of these visits. One query."""
    events = BookingEvent.objects.filter(booking=OuterRef("pk"), kind__in=STAGE_EVENTS).order_by("-at", "-pk")
    links = VisitLink.objects.filter(booking=OuterRef("pk")).order_by("-created_at", "-pk")
    checks = QualityCheck.objects.filter(booking=OuterRef("pk")).order_by("-at", "-pk")
    unread = Q(messages__is_from_owner=True) & (Q(shop_read_at__isnull=True) | Q(messages__at__gt=F("shop_read_at")))
    known = Booking.objects.filter(pk__in=[row.pk for row in rows]).annotate(
        stage_since=Subquery(events.values("at")[:1]),
        unread=Count("messages", filter=unread, distinct=True),
        link_count=Count("links", distinct=True),
        link_sent_at=Subquery(links.values("created_at")[:1]),
        link_used_at=Subquery(links.values("used_at")[:1]),
        check_passed=Subquery(checks.values("is_passed")[:1]),
        check_note=Subquery(checks.values("note")[:1]),
    )
    return {
        pk: Aside(since, count, link_count, sent_at, used_at, note if passed is False else "")
        for pk, since, count, link_count, sent_at, used_at, passed, note in known.values_list(
            "pk",
            "stage_since",
            "unread",
            "link_count",
            "link_sent_at",
            "link_used_at",
            "check_passed",
            "check_note",
        )
    }
