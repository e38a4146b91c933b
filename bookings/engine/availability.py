"""Which starts a shop can really keep: hours − closures − shifts − claims, with somebody free for every phase.

Computed on every request, never stored. Facts are fetched in one query (`shop_time`); the rest is arithmetic on
integers. Instants are UTC; days are the shop's local days. What is offered and what can be claimed come from the
same function of the same facts (`Search`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from bookings.engine import routes, shop_time, slots
from bookings.engine.phases import Claim, Plan
from bookings.engine.shop_time import TICKS_A_DAY, ShopTime, Unit
from bookings.engine.slots import TICK_SECONDS
from shops import calendar
from shops.choices import PLACES, ResourceKind, Skill
from shops.models import Shop

# How far "the next slots" look, in days, in passes: most shops answer in the first, few need the last.
HORIZONS = (2, 14)


class Reason(TextChoices):
    """Why a day has no slot, or why a start cannot be had."""

    CLOSED = "closed", _("Closed at that time")
    PAST = "past", _("That time has passed")
    LEAD_TIME = "lead_time", _("Too soon: the shop needs notice")
    BEYOND_WINDOW = "beyond_window", _("Further ahead than the shop takes bookings")
    OFF_GRID = "off_grid", _("Visits do not start at that minute here")
    LAST_START = "last_start", _("Too late in the day: the shop starts no visit then")
    NO_BAY = "no_bay", _("No bay here is equipped for this")
    NO_TECHNICIAN = "no_technician", _("Nobody here is trained for this")
    NO_ADVISOR = "no_advisor", _("No service advisor is there to write it up")
    NO_DRIVER = "no_driver", _("The shop has no driver")
    NO_LOANER = "no_loaner", _("The shop has no loaner car")
    TOO_LONG = "too_long", _("The work does not fit before the shop closes")
    BAYS_TAKEN = "bays_taken", _("Every bay for this is taken")
    TECHNICIANS_TAKEN = "technicians_taken", _("Everybody trained for this is busy")
    ADVISORS_TAKEN = "advisors_taken", _("Every service advisor is busy")
    DRIVERS_TAKEN = "drivers_taken", _("Every driver is on the way")
    LOANERS_TAKEN = "loaners_taken", _("Every loaner car is out")
    KEPT_FREE = "kept_free", _("The last bays are kept for customers without a booking")
    TOO_FAR = "too_far", _("The team cannot be there in time from its other visits")
    FULL = "full", _("Fully booked")


# Reasons that say that somebody was faster: a conflict, not bad input.
TAKEN = frozenset(
    {
        Reason.BAYS_TAKEN,
        Reason.TECHNICIANS_TAKEN,
        Reason.ADVISORS_TAKEN,
        Reason.DRIVERS_TAKEN,
        Reason.LOANERS_TAKEN,
        Reason.KEPT_FREE,
        Reason.TOO_FAR,
        Reason.FULL,
    }
)


@dataclass(frozen=True, slots=True)
class Slot:
    """A start that can be had, and when the work would be ready (both UTC); the discount on labour at that hour."""

    starts_at: datetime
    ends_at: datetime
    discount_percent: int = 0


@dataclass(frozen=True, slots=True)
class DaySlots:
    """The slots of one local day; with none, the reason why and, where there is one, its detail ("National Day")."""

    date: date
    slots: tuple[Slot, ...]
    reason: Reason | None = None
    detail: str = ""

    @property
    def best_discount(self) -> int:
        """The highest discount of the day, percent of labour."""
        return max((slot.discount_percent for slot in self.slots), default=0)


@dataclass(frozen=True, slots=True)
class Wish:
    """One resource that a start needs, for certain ticks, and which ones are free then, the least capable first."""

    claim: Claim
    phase: int
    first: int
    last: int
    free: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Placement:
    """What a visit at a certain start would claim; with a reason, and nothing to claim, if it cannot be had."""

    wishes: tuple[Wish, ...] = ()
    ends_at: datetime | None = None
    reason: Reason | None = None
    discount_percent: int = 0
    found: ShopTime | None = None

    def preferring(self, liked: Collection[int]) -> Placement:
        """The same with these resources (ids) first wherever they are free."""
        wishes = tuple(replace(w, free=tuple(sorted(w.free, key=lambda pk: pk not in liked))) for w in self.wishes)
        return replace(self, wishes=wishes)

    def narrowed(self, wanted: Sequence[int]) -> Placement:
        """Only the wanted resources (ids) where they can do what is needed; a reason where a wanted one is not free."""
        if self.reason or not wanted or self.found is None:
            return self
        kinds = {unit.pk: unit.kind for unit in self.found.units}
        asked = {kinds.get(pk) for pk in wanted}
        wishes: list[Wish] = []
        used: set[int] = set()
        for wish in self.wishes:
            chosen = tuple(pk for pk in wish.free if pk in wanted)
            used.update(chosen)
            wishes.append(Wish(wish.claim, wish.phase, wish.first, wish.last, chosen or wish.free))
        missing = next((pk for pk in wanted if pk not in used), None)
        if missing is not None or None in asked:
            is_person = kinds.get(missing or 0) == ResourceKind.TECHNICIAN
            return Placement(reason=Reason.TECHNICIANS_TAKEN if is_person else Reason.BAYS_TAKEN)
        return Placement(tuple(wishes), self.ends_at, None, self.discount_percent, self.found)


# --- What others ask --------------------------------------------------------------------------------


def day_slots(*, shop: Shop, plan: Plan, first: date, days: int, at: datetime) -> list[DaySlots]:
    """The slots of `days` local days from `first`, as they are at `at`. One query."""
    found = shop_time.fetch([shop], first, first + timedelta(days=days), at=at)[shop.pk]
    return read_days(found, plan, at=at)


def read_days(found: ShopTime, plan: Plan, *, at: datetime) -> list[DaySlots]:
    """The slots of every day of facts that are fetched already; no query."""
    search = Search(found, plan)
    return [search.day(day, at) for day in search.days()]


def next_slots(
    *, plans: Mapping[Shop, Plan], at: datetime, limit: int = 3, not_before: datetime | None = None
) -> dict[int, list[Slot]]:
    """The next `limit` slots of many shops by shop id, looking up to `HORIZONS[-1]` days ahead.

    Queries: one for each horizon at most (two with on-site teams), whatever the number of shops.
    """
    result: dict[int, list[Slot]] = {shop.pk: [] for shop in plans}
    start = max(at, not_before or at)
    done = 0
    for horizon in HORIZONS:
        waiting = [shop for shop in plans if len(result[shop.pk]) < limit]
        if not waiting:
            break
        today = min(start.astimezone(shop.zone).date() for shop in waiting)
        found = shop_time.fetch(waiting, today + timedelta(days=done), today + timedelta(days=horizon), at=at)
        for shop in waiting:
            search = Search(found[shop.pk], plans[shop])
            result[shop.pk] += search.first_slots(limit - len(result[shop.pk]), start, at)
        done = horizon
    return result


def nearest(*, shop: Shop, plan: Plan, wanted: datetime, at: datetime, limit: int = 4) -> list[Slot]:
    """The slots of the shop nearest to `wanted`, in order of time: what to offer someone whose slot has gone."""
    today = at.astimezone(shop.zone).date()
    last = today + timedelta(days=shop.booking_window_days)
    # However far away the wanted time is: the nearest days are inside the window.
    first = max(today, min(wanted.astimezone(shop.zone).date(), last) - timedelta(days=2))
    every = [slot for day in day_slots(shop=shop, plan=plan, first=first, days=7, at=at) for slot in day.slots]
    every.sort(key=lambda slot: abs(slot.starts_at - wanted))
    return sorted(every[:limit], key=lambda slot: slot.starts_at)


def placement(
    *, shop: Shop, plan: Plan, starts_at: datetime, at: datetime, ignore: Sequence[int] = (), staff: bool = False
) -> Placement:
    """What a visit that starts at `starts_at` would claim, and who is free for it; if nobody, the reason. One query.

    `staff` may place a visit at any tick from now on: lead time, window, grid, last start and online share bind only
    online bookings. `ignore` leaves out the claims of visits that are being moved (ids).
    """
    reason = None if staff else policy_reason(shop, starts_at, at)
    if starts_at < at - timedelta(seconds=TICK_SECONDS):
        reason = Reason.PAST
    if reason:
        return Placement(reason=reason)
    day = starts_at.astimezone(shop.zone).date()
    found = shop_time.fetch([shop], day, day + timedelta(days=1), at=at, ignore=ignore)[shop.pk]
    return place(found, plan, starts_at, staff=staff)


def place(found: ShopTime, plan: Plan, starts_at: datetime, *, staff: bool = False) -> Placement:
    """As `placement`, on facts of the day that are fetched already and without the rules that depend on the clock."""
    return Search(found, plan, staff=staff).placement(starts_at)


def possible_starts(found: ShopTime, plan: Plan, day: date, *, at: datetime) -> list[Slot]:
    """The starts that hours and rules allow on a day of fetched facts, whoever is taken; each without a wait."""
    return Search(found, plan).possible(day, at)


def policy_reason(shop: Shop, starts_at: datetime, at: datetime) -> Reason | None:
    """Why an online booking cannot start then whatever is free: past, notice, window."""
    if starts_at < at:
        return Reason.PAST
    if starts_at < at + timedelta(minutes=shop.lead_time_minutes):
        return Reason.LEAD_TIME
    last = at.astimezone(shop.zone).date() + timedelta(days=shop.booking_window_days)
    return Reason.BEYOND_WINDOW if starts_at.astimezone(shop.zone).date() > last else None


# --- How it is computed -----------------------------------------------------------------------------


@dataclass(slots=True)
class Search:
    """One plan against one shop's facts. Every set of ticks covers all days of the facts at once."""

    found: ShopTime
    plan: Plan
    staff: bool = False
    _fits: dict[Claim, list[tuple[Unit, int]]] = field(default_factory=dict)
    _feasible: list[int] | None = None
    _open_ticks: int | None = None
    _possible: int | None = None
    _discounts: dict[date, list[tuple[time, time, int]]] = field(default_factory=dict)

    def days(self) -> Iterator[date]:
        day = self.found.first
        while day < self.found.last:
            yield day
            day += timedelta(days=1)

    # --- answers

    def day(self, day: date, at: datetime) -> DaySlots:
        """The slots of a day that is inside the facts, or why there are none."""
        shop = self.found.shop
        today = at.astimezone(shop.zone).date()
        if day < today:
            return DaySlots(day, (), Reason.PAST)
        if day > today + timedelta(days=shop.booking_window_days):
            return DaySlots(day, (), Reason.BEYOND_WINDOW)
        if not self.found.open_ticks(day):
            return DaySlots(day, (), Reason.CLOSED, calendar.why_closed(**self.found.facts(day)).text)
        possible = self.grid_ticks(day) & self.long_enough()
        missing = self.missing() or (None if possible else Reason.TOO_LONG)
        if missing:
            return DaySlots(day, (), missing)
        in_time = possible & self._in_time(at)
        if not in_time:
            return DaySlots(day, (), Reason.LEAD_TIME)
        free = in_time & self.feasible()[0]
        if not free:
            return DaySlots(day, (), Reason.FULL)
        return DaySlots(day, tuple(self._slots(free, day)))

    def possible_ticks(self, day: date, at: datetime) -> int:
        """The ticks of a day at which hours and rules allow a visit to start."""
        return self.grid_ticks(day) & self.long_enough() & self._in_time(at)

    def possible(self, day: date, at: datetime) -> list[Slot]:
        """The starts of a day that hours and rules allow, as if nobody were taken."""
        ticks = self.possible_ticks(day, at)
        moment, length = self.found.moment, self.plan.ticks
        return [Slot(moment(t), moment(t + length), self.discount(day, t)) for t in slots.ticks_of(ticks)]

    def first_slots(self, limit: int, start: datetime, at: datetime) -> list[Slot]:
        """The first `limit` slots not before `start`."""
        shop, result = self.found.shop, list[Slot]()
        if self.missing():
            return result
        today = at.astimezone(shop.zone).date()
        since = self._in_time(at) & ~slots.span(0, self._tick_from(start))
        for day in self.days():
            if today <= day <= today + timedelta(days=shop.booking_window_days):
                free = self.grid_ticks(day) & since & self.feasible()[0]
                for slot in self._slots(free, day):
                    result.append(slot)
                    if len(result) == limit:
                        return result
        return result

    def best_of_days(self, start: datetime, end: datetime, at: datetime) -> list[Slot]:
        """Of each day the slot with the largest discount, the earliest of equals, from `start` up to `end` excluded."""
        result = list[Slot]()
        within = slots.span(self._tick_from(start), self._tick_from(end))
        last = at.astimezone(self.found.shop.zone).date() + timedelta(days=self.found.shop.booking_window_days)
        for day in self.days():
            free = self.possible_ticks(day, at) & within & self.feasible()[0] if day <= last else 0
            if free:
                best = max(slots.ticks_of(free), key=lambda tick: self.discount(day, tick))
                result += self._slots(1 << best, day)
        return result

    def placement(self, starts_at: datetime) -> Placement:
        """What a start claims, else the first reason against it."""
        found, day = self.found, starts_at.astimezone(self.found.shop.zone).date()
        tick, off = found.tick(starts_at)
        missing = self.missing()
        if missing:
            return Placement(reason=missing)
        if not found.open_ticks(day) >> tick & 1:
            return Placement(reason=Reason.CLOSED)
        if not self.long_enough() >> tick & 1:
            return Placement(reason=Reason.TOO_LONG)
        if off or not (self.staff or self.grid_ticks(day) >> tick & 1):
            late = not off and self.late_ticks(day) >> tick & 1
            return Placement(reason=Reason.LAST_START if late else Reason.OFF_GRID)
        if not self.feasible()[0] >> tick & 1:
            return Placement(reason=self.why_taken(tick), found=found)
        wishes, end = self._wishes(tick)
        discount = self.discount(day, tick)
        return Placement(tuple(wishes), found.moment(end), None, discount, found)

    # --- sets of ticks

    def feasible(self) -> list[int]:
        """For each phase the ticks at which it can begin so that it and all that follow can be done."""
        if self._feasible is None:
            self._feasible = self._feasible_without(None)
        return self._feasible

    def _feasible_without(self, left_out: Claim | None) -> list[int]:
        """As `feasible`, with one claim left out: what would be possible if there were enough of that."""
        result: list[int] = []
        wait = 0
        for phase in reversed(self.plan.phases):
            starts = slots.fitting_starts(self._open(), phase.ticks)
            for claim in phase.claims:
                if claim != left_out:
                    starts &= self._starts(claim)
            if result:
                starts &= slots.within(result[0] >> phase.ticks, wait)
            result.insert(0, starts)
            wait = phase.max_wait
        return result

    def _starts(self, claim: Claim) -> int:
        """The ticks at which the claim's phase can begin as far as this claim goes."""
        needed = 1 + (self._kept_free(claim) if not self.staff else 0)
        at_least = [0] * needed
        for _unit, fits in self._units(claim):
            for n in range(needed - 1, 0, -1):
                at_least[n] |= at_least[n - 1] & fits
            at_least[0] |= fits
        return _shifted(at_least[-1], claim.offset)

    def _units(self, claim: Claim) -> list[tuple[Unit, int]]:
        """Whoever suits the claim, with the ticks at which their part can begin."""
        if claim not in self._fits:
            able = [unit for unit in self.found.units if claim.suits(unit.kind, unit.capabilities)]
            self._fits[claim] = [(unit, self._fitting(unit, claim)) for unit in able]
        return self._fits[claim]

    def _fitting(self, unit: Unit, claim: Claim) -> int:
        if not self.plan.is_on_site:
            return slots.fitting_starts(unit.free, claim.ticks)
        result = 0
        for day in self.days():
            result |= routes.starts(self.found, unit, self.plan.place, claim.ticks, day)
        return result

    def _kept_free(self, claim: Claim) -> int:
        """How many places of the kind must stay free beside an online booking."""
        share = self.found.shop.online_share_percent
        if share == 100 or claim.kind not in PLACES:
            return 0
        places = len(self._units(claim))
        return places - max(1, places * share // 100) if places else 0

    def _open(self) -> int:
        """The open ticks of all days and of the day after: a car may wait past midnight."""
        if self._open_ticks is None:
            self._open_ticks = self.found.open_ticks(self.found.last)
            for day in self.days():
                self._open_ticks |= self.found.open_ticks(day)
        return self._open_ticks

    def long_enough(self) -> int:
        """The ticks at which a visit could begin if nobody else were there: its phases fit into the hours."""
        if self._possible is None:
            fits, wait = -1, 0
            for phase in reversed(self.plan.phases):
                following = fits if fits < 0 else slots.within(fits >> phase.ticks, wait)
                fits = slots.fitting_starts(self._open(), phase.ticks) & following
                wait = phase.max_wait
            self._possible = fits
        return self._possible

    def grid_ticks(self, day: date) -> int:
        """The ticks of a day at which visits start here."""
        found, step = self.found, self.found.shop.slot_step_minutes // slots.TICK_MINUTES
        first = found.midnight(day)
        on_grid = slots.grid(first, step, (found.open_ticks(day).bit_length() - first) // step + 1)
        return on_grid & found.open_ticks(day) & ~self.late_ticks(day)

    def late_ticks(self, day: date) -> int:
        """The ticks of a day after the last start."""
        minutes = self.found.shop.last_start_minutes
        end = self.found.open_ticks(day).bit_length()
        return slots.span(end - minutes // slots.TICK_MINUTES + 1, end) if minutes else 0

    def _tick_from(self, moment: datetime) -> int:
        """The first tick that is not before a moment."""
        tick, past = self.found.tick(moment)
        return tick + (past > 0)

    def _in_time(self, at: datetime) -> int:
        earliest = int(at.timestamp()) + self.found.shop.lead_time_minutes * 60
        first = -((self.found.base - earliest) // TICK_SECONDS)
        end = self.found.midnight(self.found.last) + TICKS_A_DAY
        return slots.span(first, end)

    # --- one start

    def _wishes(self, tick: int) -> tuple[list[Wish], int]:
        """Each phase as early as can be, with who is free for it; and the tick after the last phase."""
        wishes = []
        for n, (phase, feasible) in enumerate(zip(self.plan.phases, self.feasible(), strict=True)):
            later = feasible >> tick
            tick += (later & -later).bit_length() - 1
            for claim in phase.claims:
                first = tick + claim.offset
                free = tuple(unit.pk for unit, fits in self._units(claim) if first >= 0 and fits >> first & 1)
                wishes.append(Wish(claim, n, first, first + claim.ticks, free))
            tick += phase.ticks
        return wishes, tick

    def _end(self, tick: int) -> int:
        for phase, feasible in zip(self.plan.phases, self.feasible(), strict=True):
            later = feasible >> tick
            tick += (later & -later).bit_length() - 1 + phase.ticks
        return tick

    def _slots(self, free: int, day: date) -> Iterator[Slot]:
        moment, one_phase = self.found.moment, len(self.plan.phases) == 1
        length = self.plan.ticks
        for tick in slots.ticks_of(free):
            end = tick + length if one_phase else self._end(tick)
            yield Slot(moment(tick), moment(end), self.discount(day, tick))

    def discount(self, day: date, tick: int) -> int:
        """The off-peak discount of a start, percent of labour."""
        if not self.found.off_peak:
            return 0
        if day not in self._discounts:
            rules = shop_time.day_of_rules(self.found, day)
            self._discounts[day] = [(start, end, p) for of_day, start, end, p in self.found.off_peak if of_day == rules]
        if not self._discounts[day]:
            return 0
        wall = self.found.moment(tick).astimezone(self.found.shop.zone).time()
        return max((percent for start, end, percent in self._discounts[day] if start <= wall < end), default=0)

    # --- why not

    def missing(self) -> Reason | None:
        """What the shop does not have at all."""
        return next((_missing(claim) for claim in self.plan.claims if not self._units(claim)), None)

    def why_taken(self, tick: int) -> Reason:
        """Which claim is the bottleneck of a start: the one without which it could be had."""
        claim = self.bottleneck_at(tick)
        if claim is None:
            return Reason.FULL
        begin = tick + claim.offset
        if self.plan.is_on_site:
            at_rest = (slots.fitting_starts(unit.free, claim.ticks) for unit, _ in self._units(claim))
            return Reason.TOO_FAR if any(fits >> begin & 1 for fits in at_rest) else _taken(claim)
        if self._kept_free(claim) and any(fits >> begin & 1 for _, fits in self._units(claim)):
            return Reason.KEPT_FREE
        return _taken(claim)

    def bottleneck_at(self, tick: int) -> Claim | None:
        """The claim for which a start cannot be had."""
        return self.bottleneck(slots.span(tick, tick + 1)) or self._first_missing(tick)

    def _first_missing(self, tick: int) -> Claim | None:
        """Of several that are taken together, the bay before the people."""
        first = sorted(self.plan.phases[0].claims, key=lambda claim: claim.kind not in PLACES)
        return next((claim for claim in first if not self._starts(claim) >> tick & 1), None)

    def bottleneck(self, ticks: int) -> Claim | None:
        """The claim that stands most in the way of the starts in `ticks`; None if several do only together."""
        gained = [(self._feasible_without(c)[0] & ticks, c) for c in dict.fromkeys(self.plan.claims)]
        best = max(gained, key=lambda row: row[0].bit_count(), default=(0, None))
        return best[1] if best[0] else None


def _shifted(ticks: int, offset: int) -> int:
    return ticks >> offset if offset >= 0 else ticks << -offset


def _missing(claim: Claim) -> Reason:
    if claim.kind == ResourceKind.TECHNICIAN:
        return Reason.NO_DRIVER if claim.capabilities == (Skill.DRIVER,) else Reason.NO_TECHNICIAN
    return {ResourceKind.ADVISOR: Reason.NO_ADVISOR, ResourceKind.LOANER: Reason.NO_LOANER}.get(
        ResourceKind(claim.kind), Reason.NO_BAY
    )


def _taken(claim: Claim) -> Reason:
    if claim.kind == ResourceKind.TECHNICIAN:
        return Reason.DRIVERS_TAKEN if claim.capabilities == (Skill.DRIVER,) else Reason.TECHNICIANS_TAKEN
    return {ResourceKind.ADVISOR: Reason.ADVISORS_TAKEN, ResourceKind.LOANER: Reason.LOANERS_TAKEN}.get(
        ResourceKind(claim.kind), Reason.BAYS_TAKEN
    )
