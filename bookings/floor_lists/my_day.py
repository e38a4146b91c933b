"""The day of one technician, or of all of them: what is claimed of their time, and what waits for them. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q

from accounts.models import User
from bookings.board import reading
from bookings.choices import IN_SHOP, LAPSING, PAUSES, Stage, Status
from bookings.engine.claims import span_of
from bookings.floor_lists.jobs import Job, with_jobs
from bookings.floor_lists.looks import Place
from bookings.models import Allocation, Booking, CheckIn, Line
from bookings.visit_parts import Part
from shops.choices import ResourceKind
from shops.models import Resource, Shop

# In an address, instead of a person.
EVERYBODY = "all"
# Visits that claim nobody's time, or not for good.
_NOBODYS = (*LAPSING, Status.EXPIRED, Status.CANCELLED, Status.NO_SHOW)
# What a technician can go on with, the nearest first; elsewhere somebody else is waited for.
_TURN: dict[Place, int] = {Place.WORKING: 0, Place.INSPECTING: 0, Place.RECEIVED: 1, Place.TO_ARRIVE: 2}


@dataclass(frozen=True)
class Entry:
    """A stretch of the day: a part of a visit, or a break. `is_first` where the visit has none before it."""

    starts_at: datetime
    ends_at: datetime
    job: Job | None = None
    part: Part | None = None
    pause: Allocation | None = None
    is_first: bool = True

    @property
    def place(self) -> str:
        """Tells the stretches of one visit apart on the page."""
        return f"e{self.part.number or 0}" if self.part else "e"

    @property
    def part_text(self) -> str:
        """Which part of the visit it is; empty if it has but one."""
        return f"{self.part.label}, {self.part.position}" if self.part and self.part.position else ""

    @property
    def pause_text(self) -> str:
        """The kind of break and why: "Break: lunch"."""
        if self.pause is None:
            return ""
        kind = self.pause.get_kind_display()
        return f"{kind} · {self.pause.reason}" if self.pause.reason else kind

    def is_running(self, at: datetime) -> bool:
        return self.starts_at <= at < self.ends_at


@dataclass(frozen=True)
class MyDay:
    """A local day of `person` (None: of every technician) as it is at `at`."""

    date: date
    at: datetime
    person: Resource | None
    entries: list[Entry]
    jobs: list[Job]
    # Finished work of the shop that this member may look over, because somebody else did it.
    to_check: list[Job]
    # Cars here with a doubtful odometer that this member may look at, because somebody else read it.
    to_read_again: list[Job]

    @property
    def now(self) -> Job | None:
        """What to go on with: work that runs, then a car that has come, then the next one to arrive."""
        possible = [job for job in self.jobs if job.place in _TURN]
        return min(possible, key=lambda job: (_TURN[job.place], job.booking.ends_at, job.booking.pk), default=None)

    @property
    def to_redo(self) -> list[Job]:
        return [job for job in self.jobs if job.failed_note]

    @property
    def to_do(self) -> list[tuple[Job, list[Line]]]:
        """The approved lines that are not done, of the cars that are in work."""
        in_work = [job for job in self.jobs if job.booking.status == Status.IN_SERVICE]
        return [(job, lines) for job in in_work if (lines := [line for line in job.to_do if not line.waits_for_parts])]

    @property
    def lines_to_do(self) -> int:
        return sum(len(lines) for _job, lines in self.to_do)

    @property
    def finished(self) -> int:
        return sum(job.place in (Place.CHECKING, Place.READY, Place.GONE) for job in self.jobs)


def own_resource(shop: Shop, user: User) -> Resource | None:
    """The technician that this person is at the shop. One query."""
    mine = shop.resources.in_use().filter(kind=ResourceKind.TECHNICIAN, technician__user=user)
    return mine.order_by("position", "pk").first()


def load(*, shop: Shop, day: date, at: datetime, person: Resource | None, user: User, may_read_again: bool) -> MyDay:
    """The claims of a local day in order, with all that is shown of them. `may_read_again`: whether this member may
    look at doubtful odometers (`Permission.CHECK_IN`). Seven queries."""
    start, end = reading.bounds(shop, day)
    wanted = {"resource": person} if person else {"resource__kind": ResourceKind.TECHNICIAN}
    of_day = reading.visits(shop=shop, day=day, at=at).exclude(status__in=_NOBODYS).order_by()
    claimed = Allocation.objects.filter(booking__in=of_day, **wanted).values("booking")
    shown = Q(pk__in=claimed)
    if start <= at < end:
        shown |= Q(stage=Stage.CHECKING)
    if may_read_again and start <= at < end:
        shown |= Q(status__in=IN_SHOP, check_in__odometer_reason__gt="", check_in__odometer_second_by=None)
    visits = Booking.objects.at_shop(shop).filter(shown).select_related("check_in").order_by("starts_at", "pk")
    jobs = with_jobs(visits, at=at)
    entries = [entry for job in jobs for entry in _stretches(job, person, start, end)]
    pauses = Allocation.objects.filter(
        resource__shop=shop, during__overlap=(start, end), kind__in=PAUSES, **wanted
    ).select_related("resource")
    entries += [Entry(*span_of(pause), pause=pause) for pause in pauses]
    return MyDay(
        date=day,
        at=at,
        person=person,
        entries=sorted(entries, key=lambda entry: (entry.starts_at, entry.ends_at)),
        jobs=[job for job in jobs if _parts(job, person)],
        to_check=[job for job in jobs if job.place == Place.CHECKING and not job.did_work(user.pk)],
        to_read_again=[job for job in jobs if may_read_again and _waits_for_another(job.booking, user)],
    )


def _waits_for_another(booking: Booking, user: User) -> bool:
    """Whether the car is here with an odometer that waits for somebody else than who read it. No query."""
    sheet: CheckIn | None = getattr(booking, "check_in", None)
    if sheet is None or booking.status not in IN_SHOP:
        return False
    return sheet.is_odometer_questioned and sheet.recorded_by_id != user.pk


def _parts(job: Job, person: Resource | None) -> list[Part]:
    """What a visit claims of the person's time, or of any technician's."""
    if person is None:
        return [part for part in job.card.work if part.resource.kind == ResourceKind.TECHNICIAN]
    return [part for part in job.card.work if part.resource.pk == person.pk]


def _stretches(job: Job, person: Resource | None, start: datetime, end: datetime) -> list[Entry]:
    """One person's stretches of a visit on the day; in everybody's list a visit stands once. A car that is still here
    stands where its last stretch was."""
    parts = _parts(job, person)
    today = [part for part in parts if part.starts_at < end and part.ends_at > start] or parts[-1:]
    if person is None and today:
        return [Entry(min(part.starts_at for part in today), max(part.ends_at for part in today), job)]
    return [Entry(part.starts_at, part.ends_at, job, part, is_first=part is today[0]) for part in today]
