"""Which starts a shop can really keep: hours − closures − claims, with a bay AND a technician who can do the job.

Computed on every request, never stored. The number of queries depends neither on the number of shops, nor of days,
nor of bookings: resources, hours, closures, claims. Instants are UTC; days are the shop's local days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from bookings import slots
from bookings.models import MAX_CLAIM
from bookings.slots import TICK_SECONDS
from catalog.choices import BayNeed
from catalog.models import Service
from shops import calendar
from shops.choices import ResourceKind
from shops.models import Closure, OpeningHours, Resource, Shop

# How far "the next slots" look, in days, in passes: most shops answer in the first, few need the last.
HORIZONS = (2, 14)


class Reason(TextChoices):
    """Why a day has no slot, or why a start cannot be had."""

    CLOSED = "closed", _("Closed at that time")
    PAST = "past", _("That time has passed")
    LEAD_TIME = "lead_time", _("Too soon: the shop needs notice")
    BEYOND_WINDOW = "beyond_window", _("Further ahead than the shop takes bookings")
    OFF_GRID = "off_grid", _("Visits do not start at that minute here")
    NO_BAY = "no_bay", _("No bay here is equipped for this")
    NO_TECHNICIAN = "no_technician", _("Nobody here is trained for this")
    TOO_LONG = "too_long", _("The work does not fit before the shop closes")
    BAYS_TAKEN = "bays_taken", _("Every bay for this is taken")
    TECHNICIANS_TAKEN = "technicians_taken", _("Everybody trained for this is busy")
    FULL = "full", _("Fully booked")


@dataclass(frozen=True, slots=True)
class Need:
    """What a job claims: minutes of work, then a turnaround, on a bay with a capability, by someone with a skill."""

    minutes: int
    turnaround_minutes: int
    bay: str
    skill: str
    bay_kind: str

    @property
    def work_ticks(self) -> int:
        return slots.ticks_for(self.minutes)

    @property
    def claim_ticks(self) -> int:
        """Ticks of the claim: the work and the turnaround after it."""
        return self.work_ticks + (slots.ticks_for(self.turnaround_minutes) if self.turnaround_minutes else 0)

    @property
    def needs_bay(self) -> bool:
        # An on-site team goes out with its unit even for a job that needs no bay.
        return self.bay != BayNeed.NONE or self.bay_kind == ResourceKind.MOBILE_UNIT

    def suits_bay(self, kind: str, capabilities: Sequence[str]) -> bool:
        return kind == self.bay_kind and (self.bay in (BayNeed.ANY, BayNeed.NONE) or self.bay in capabilities)

    def suits_technician(self, kind: str, capabilities: Sequence[str]) -> bool:
        return kind == ResourceKind.TECHNICIAN and self.skill in capabilities


def need_of(*, shop: Shop, service: Service, minutes: int) -> Need:
    """What `service` claims at `shop` when it takes `minutes` there."""
    return Need(
        minutes=minutes,
        turnaround_minutes=shop.turnaround_minutes,
        bay=service.bay,
        skill=service.skill,
        bay_kind=ResourceKind.MOBILE_UNIT if shop.is_on_site else ResourceKind.BAY,
    )


@dataclass(frozen=True, slots=True)
class Slot:
    """A start that can be had, and when the work would be ready (both UTC)."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class DaySlots:
    """The slots of one local day; with none, the reason why and, where there is one, its detail ("National Day")."""

    date: date
    slots: tuple[Slot, ...]
    reason: Reason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Candidates:
    """Resources that are free for a start, the least capable first, so that rare equipment stays free."""

    bays: tuple[int, ...]
    technicians: tuple[int, ...]
    reason: Reason | None = None

    def narrowed(self, *, bay: int | None, technician: int | None) -> Candidates:
        """Only the wanted bay and the wanted technician; with a reason where the wanted one is not free."""
        if self.reason:
            return self
        if bay is not None and bay not in self.bays:
            return Candidates((), (), Reason.BAYS_TAKEN)
        if technician is not None and technician not in self.technicians:
            return Candidates((), (), Reason.TECHNICIANS_TAKEN)
        bays = self.bays if bay is None else (bay,)
        return Candidates(bays, self.technicians if technician is None else (technician,))


@dataclass(slots=True)
class _ShopTime:
    """One shop's fetched facts: who it has, when it is open, what is claimed (as ticks from `base`)."""

    shop: Shop
    base: int
    resources: list[tuple[int, str, list[str]]] = field(default_factory=list)
    hours: list[calendar.Hours] = field(default_factory=list)
    closures: list[calendar.ClosedDays] = field(default_factory=list)
    taken: dict[int, int] = field(default_factory=dict)

    def taken_from(self, resource: int, base: int) -> int:
        """The claimed ticks of a resource, counted from a later base than the fetched one."""
        return self.taken.get(resource, 0) >> (base - self.base) // TICK_SECONDS

    def facts(self, day: date) -> calendar.Facts:
        return {
            "hours": self.hours,
            "closures": self.closures,
            "policy": self.shop.holiday_policy,
            "works_makeup_days": self.shop.works_makeup_days,
            "country": self.shop.city.country,
            "date": day,
        }

    def suitable(self, need: Need) -> tuple[list[int], list[int]]:
        """Ids of bays and of technicians that could do the job, the least capable first."""
        rows = sorted(self.resources, key=lambda row: (len(row[2]), row[0]))
        bays = [pk for pk, kind, capabilities in rows if need.suits_bay(kind, capabilities)]
        technicians = [pk for pk, kind, capabilities in rows if need.suits_technician(kind, capabilities)]
        return bays, technicians


# --- What others ask --------------------------------------------------------------------------------


def day_slots(*, shop: Shop, need: Need, first: date, days: int, at: datetime) -> list[DaySlots]:
    """The slots of `days` local days from `first`, as they are at `at`. Four queries."""
    found = _fetch([shop], first, first + timedelta(days=days), at=at)[shop.pk]
    return [_day(found, need, first + timedelta(days=n), at) for n in range(days)]


def next_slots(
    *, needs: Mapping[Shop, Need], at: datetime, limit: int = 3, not_before: datetime | None = None
) -> dict[int, list[Slot]]:
    """The next `limit` slots of many shops by shop id, looking up to `HORIZONS[-1]` days ahead.

    Queries: four for each horizon at most, whatever the number of shops.
    """
    result: dict[int, list[Slot]] = {shop.pk: [] for shop in needs}
    start = max(at, not_before or at)
    done = 0
    for horizon in HORIZONS:
        waiting = [shop for shop in needs if len(result[shop.pk]) < limit]
        if not waiting:
            break
        local_dates = {start.astimezone(shop.zone).date() for shop in waiting}
        first, last = min(local_dates) + timedelta(days=done), max(local_dates) + timedelta(days=horizon)
        found = _fetch(waiting, first, last, at=at)
        for shop in waiting:
            today = start.astimezone(shop.zone).date()
            for n in range(done, horizon):
                day = _day(found[shop.pk], needs[shop], today + timedelta(days=n), at)
                result[shop.pk] += [slot for slot in day.slots if slot.starts_at >= start]
                if len(result[shop.pk]) >= limit:
                    del result[shop.pk][limit:]
                    break
        done = horizon
    return result


def nearest(*, shop: Shop, need: Need, wanted: datetime, at: datetime, limit: int = 4) -> list[Slot]:
    """The slots of the shop nearest to `wanted`, in order of time: what to offer someone whose slot has gone."""
    today = at.astimezone(shop.zone).date()
    last = today + timedelta(days=shop.booking_window_days)
    # However far away the wanted time is: the nearest days are inside the window.
    first = max(today, min(wanted.astimezone(shop.zone).date(), last) - timedelta(days=2))
    every = [slot for day in day_slots(shop=shop, need=need, first=first, days=7, at=at) for slot in day.slots]
    every.sort(key=lambda slot: abs(slot.starts_at - wanted))
    return sorted(every[:limit], key=lambda slot: slot.starts_at)


def candidates(
    *, shop: Shop, need: Need, starts_at: datetime, at: datetime, ignore_booking: int | None = None, staff: bool = False
) -> Candidates:
    """Who could take a visit that starts at `starts_at`; if nobody, the reason.

    `staff` may place a visit at any tick from now on: lead time, window and grid bind only online bookings.
    `ignore_booking` leaves out the claims of a visit that is being moved.
    """
    reason = None if staff else _policy_reason(shop, starts_at, at)
    if starts_at < at - timedelta(seconds=TICK_SECONDS):
        reason = Reason.PAST
    if reason:
        return Candidates((), (), reason)
    day = starts_at.astimezone(shop.zone).date()
    found = _fetch([shop], day, day + timedelta(days=1), at=at, ignore_booking=ignore_booking)[shop.pk]
    return _candidates_on(found, need, day, starts_at, staff=staff)


# --- How it is computed -----------------------------------------------------------------------------


def _candidates_on(found: _ShopTime, need: Need, day: date, starts_at: datetime, *, staff: bool) -> Candidates:
    base = _midnight(found.shop, day)
    tick, off = divmod(int(starts_at.timestamp()) - base, TICK_SECONDS)
    bays, technicians = found.suitable(need)
    missing = _missing(need, bays, technicians)
    if missing:
        return Candidates((), (), missing)
    open_ticks, starts = _open(found, need, day, base)
    if off or not (starts if not staff else slots.fitting_starts(open_ticks, need.work_ticks)) >> tick & 1:
        return Candidates((), (), _not_open_reason(open_ticks, need, tick))
    free_bays = tuple(pk for pk in bays if _is_free(found, pk, need, base, tick))
    free_technicians = tuple(pk for pk in technicians if _is_free(found, pk, need, base, tick))
    if need.needs_bay and not free_bays:
        return Candidates((), (), Reason.BAYS_TAKEN)
    if not free_technicians:
        return Candidates((), (), Reason.TECHNICIANS_TAKEN)
    return Candidates(free_bays if need.needs_bay else (), free_technicians)


def _not_open_reason(open_ticks: int, need: Need, tick: int) -> Reason:
    if not open_ticks >> tick & 1:
        return Reason.CLOSED
    if not slots.fitting_starts(open_ticks, need.work_ticks) >> tick & 1:
        return Reason.TOO_LONG
    return Reason.OFF_GRID


def _is_free(found: _ShopTime, resource: int, need: Need, base: int, tick: int) -> bool:
    return not found.taken_from(resource, base) & slots.span(tick, tick + need.claim_ticks)


def _policy_reason(shop: Shop, starts_at: datetime, at: datetime) -> Reason | None:
    if starts_at < at:
        return Reason.PAST
    if starts_at < at + timedelta(minutes=shop.lead_time_minutes):
        return Reason.LEAD_TIME
    last = at.astimezone(shop.zone).date() + timedelta(days=shop.booking_window_days)
    return Reason.BEYOND_WINDOW if starts_at.astimezone(shop.zone).date() > last else None


def _day(found: _ShopTime, need: Need, day: date, at: datetime) -> DaySlots:
    shop, base = found.shop, _midnight(found.shop, day)
    today = at.astimezone(shop.zone).date()
    if day < today:
        return DaySlots(day, (), Reason.PAST)
    if day > today + timedelta(days=shop.booking_window_days):
        return DaySlots(day, (), Reason.BEYOND_WINDOW)
    bays, technicians = found.suitable(need)
    open_ticks, starts = _open(found, need, day, base)
    if not open_ticks:
        return DaySlots(day, (), Reason.CLOSED, calendar.why_closed(**found.facts(day)).text)
    missing = _missing(need, bays, technicians) or (None if starts else Reason.TOO_LONG)
    if missing:
        return DaySlots(day, (), missing)
    earliest = int(at.timestamp()) + shop.lead_time_minutes * 60
    in_time = starts & ~slots.span(0, -((base - earliest) // TICK_SECONDS))
    if not in_time:
        return DaySlots(day, (), Reason.LEAD_TIME)
    free = in_time & _any_free(found, technicians, need, base)
    if need.needs_bay:
        free &= _any_free(found, bays, need, base)
    if not free:
        return DaySlots(day, (), Reason.FULL)
    return DaySlots(day, tuple(_slot(base, tick, need) for tick in slots.ticks_of(free)))


def _missing(need: Need, bays: list[int], technicians: list[int]) -> Reason | None:
    if need.needs_bay and not bays:
        return Reason.NO_BAY
    return None if technicians else Reason.NO_TECHNICIAN


def _open(found: _ShopTime, need: Need, day: date, base: int) -> tuple[int, int]:
    """The open ticks of a day, and the ticks at which a visit may start by hours and grid."""
    intervals = calendar.utc_intervals(**found.facts(day), zone=found.shop.zone)
    open_ticks = slots.inside([(int(a.timestamp()), int(b.timestamp())) for a, b in intervals], base)
    step = found.shop.slot_step_minutes // slots.TICK_MINUTES
    on_grid = slots.grid(0, step, open_ticks.bit_length() // step + 1)
    return open_ticks, slots.fitting_starts(open_ticks, need.work_ticks) & on_grid


def _any_free(found: _ShopTime, resources: Iterable[int], need: Need, base: int) -> int:
    """The ticks at which at least one of the resources is free for the whole claim."""
    result = 0
    # Two days: a claim of up to a working day that starts late must see what stands after midnight.
    whole = slots.span(0, 2 * 86_400 // TICK_SECONDS)
    for pk in resources:
        result |= slots.fitting_starts(whole & ~found.taken_from(pk, base), need.claim_ticks)
    return result


def _slot(base: int, tick: int, need: Need) -> Slot:
    start = datetime.fromtimestamp(base + tick * TICK_SECONDS, UTC)
    return Slot(start, start + timedelta(seconds=need.work_ticks * TICK_SECONDS))


def _midnight(shop: Shop, day: date) -> int:
    """Epoch seconds of the start of a local day; the base of its ticks."""
    return int(datetime(day.year, day.month, day.day, tzinfo=shop.zone).timestamp())


# --- What is fetched --------------------------------------------------------------------------------


def _fetch(
    shops: Sequence[Shop], first: date, last: date, *, at: datetime, ignore_booking: int | None = None
) -> dict[int, _ShopTime]:
    """The facts of many shops for the local days from `first` up to, not including, `last`. Four queries."""
    found = {shop.pk: _ShopTime(shop, _midnight(shop, first)) for shop in shops}
    ids = list(found)
    owner_of = {}
    rows = Resource.objects.in_use().filter(shop_id__in=ids).values_list("pk", "shop_id", "kind", "capabilities")
    for pk, shop_id, kind, capabilities in rows.order_by("pk"):
        found[shop_id].resources.append((pk, kind, capabilities))
        owner_of[pk] = shop_id
    hours = OpeningHours.objects.filter(shop_id__in=ids).values_list("shop_id", "day", "opens_at", "closes_at")
    for shop_id, day, opens_at, closes_at in hours.order_by("day", "opens_at"):
        found[shop_id].hours.append((day, opens_at, closes_at))
    closed = Closure.objects.filter(shop_id__in=ids, last_date__gte=first, first_date__lte=last)
    days = closed.order_by("first_date").values_list("shop_id", "first_date", "last_date", "reason")
    for shop_id, first_date, last_date, reason in days:
        found[shop_id].closures.append(calendar.ClosedDays(first_date, last_date, reason))
    start = datetime.fromtimestamp(min(of_shop.base for of_shop in found.values()), UTC)
    # A day more: work that starts late may claim time after midnight.
    end = datetime.fromtimestamp(max(_midnight(shop, last) for shop in shops), UTC) + timedelta(days=1)
    for pk, claims in _claims(list(owner_of), start, end, at=at, ignore_booking=ignore_booking).items():
        of_shop = found[owner_of[pk]]
        of_shop.taken[pk] = slots.touching(claims, of_shop.base)
    return found


# Epoch integers instead of range objects: turning ranges into Python is the dear part of a search.
# Read from the index of starts alone: no claim is longer than MAX_CLAIM, so none that matters starts earlier than that.
_CLAIMS = """
SELECT a.resource_id, extract(epoch from lower(a.during))::bigint, extract(epoch from upper(a.during))::bigint
FROM bookings_allocation a
WHERE a.resource_id = ANY(%(resources)s)
    AND lower(a.during) > %(earliest)s AND lower(a.during) < %(end)s AND upper(a.during) > %(start)s
    AND (a.held_until IS NULL OR a.held_until > %(at)s) AND a.booking_id IS DISTINCT FROM %(ignore)s
"""


def _claims(
    resources: list[int], start: datetime, end: datetime, *, at: datetime, ignore_booking: int | None
) -> dict[int, list[tuple[int, int]]]:
    claims: dict[int, list[tuple[int, int]]] = defaultdict(list)
    if not resources:
        return claims
    with connection.cursor() as cursor:
        # -1 is no booking's id: NULL would leave out breaks and blocks, which belong to no booking.
        params: dict[str, Any] = {"resources": resources, "start": start, "end": end, "at": at}
        params |= {"earliest": start - MAX_CLAIM - timedelta(seconds=1), "ignore": ignore_booking or -1}
        cursor.execute(_CLAIMS, params)
        for resource_id, lower, upper in cursor.fetchall():
            claims[resource_id].append((lower, upper))
    return claims
