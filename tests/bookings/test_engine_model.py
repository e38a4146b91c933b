"""The engine against a slow and obvious one: random shops, random services, random days; they must always agree."""

import os
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from bookings import actions, workshop
from bookings.actions import Holder, Wanted
from bookings.choices import AllocationKind, EventKind, Status
from bookings.engine import availability
from bookings.engine.jobs import Job
from bookings.errors import SlotTakenError
from bookings.models import Allocation, Booking, BookingEvent
from catalog.models import ServicePhase
from core.errors import Refusal
from shops.choices import Day
from shops.models import OpeningHours, Shift
from tests.bookings.reference import A_DAY, Reference, moment_of, tick_of
from tests.bookings.test_availability import MONDAY
from tests.factories.accounts import UserFactory
from tests.factories.jobs import CONTACT, NOW, STAFF, lavida, minor_service
from tests.factories.shops import BayFactory, ShopFactory, TechnicianResourceFactory
from tests.races import checker

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "10"))
STEPS = int(os.environ.get("MODEL_STEPS", "12"))

_HOURS = (
    [(time(8), time(18))],
    [(time(9), time(12)), (time(13), time(17))],
    [(time(8, 2), time(11, 58)), (time(12, 30), time(19, 3))],
)
_SHIFTS = ([], [(time(8), time(12)), (time(12, 45), time(16))], [(time(11), time(20))])
_BAYS = st.lists(st.sampled_from(["lift", "alignment"]), unique=True)
_SKILLS = st.lists(st.sampled_from(["maintenance", "alignment"]), unique=True, min_size=1)
_FIVES = st.integers(1, 10).map(lambda n: 5 * n)


@st.composite
def phases(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One to three stretches; the first takes what is left of the service's time."""
    rows = []
    for number in range(draw(st.integers(1, 3))):
        row = {
            "kind": draw(st.sampled_from(["work", "work", "alignment", "road_test"])),
            "minutes": draw(_FIVES) if number else None,
            "bay": draw(st.sampled_from(["lift", "lift", "alignment", "any", "none"])),
            "skill": draw(st.sampled_from(["maintenance", "maintenance", "alignment", ""])),
            "max_wait_minutes": draw(st.sampled_from([0, 5, 30, 90])),
            "before_minutes": draw(st.sampled_from([0, 0, 10])),
            "after_minutes": draw(st.sampled_from([0, 0, 5])),
            "shared_minutes": 0 if not number else draw(st.sampled_from([0, 5])),
        }
        rows.append(row)
    return rows


class Shops(RuleBasedStateMachine):
    """One shop, its customers and its staff."""

    def __init__(self) -> None:
        super().__init__()
        self.all_of_it = transaction.atomic()
        self.all_of_it.__enter__()
        self.at = NOW
        self.visits: list[int] = []

    def teardown(self) -> None:
        try:
            assert checker.faults() == {}
        finally:
            transaction.set_rollback(True)
            self.all_of_it.__exit__(None, None, None)

    @initialize(data=st.data())
    def open_a_shop(self, data: st.DataObject) -> None:
        draw = data.draw
        self.shop = ShopFactory(
            slot_step_minutes=draw(st.sampled_from([15, 30, 60])),
            lead_time_minutes=draw(st.sampled_from([0, 60, 90])),
            turnaround_minutes=draw(st.sampled_from([0, 0, 10])),
            setup_minutes=draw(st.sampled_from([0, 0, 5])),
            last_start_minutes=draw(st.sampled_from([0, 0, 120])),
            online_share_percent=draw(st.sampled_from([100, 100, 50])),
            write_up_minutes=draw(st.sampled_from([0, 0, 10])),
        )
        for day in Day:
            for opens, closes in draw(st.sampled_from(_HOURS)):
                OpeningHours.objects.create(shop=self.shop, day=day, opens_at=opens, closes_at=closes)
        for able in draw(st.lists(_BAYS, min_size=1, max_size=3)):
            BayFactory(shop=self.shop, capabilities=able)
        for able in draw(st.lists(_SKILLS, min_size=1, max_size=3)):
            person = TechnicianResourceFactory(shop=self.shop, capabilities=able)
            self._give_shifts(person, draw(st.sampled_from(_SHIFTS)))
        self._give_shifts(BayFactory(shop=self.shop, kind="advisor", capabilities=[]), draw(st.sampled_from(_SHIFTS)))
        services = []
        for number in range(2):
            rows, rest = draw(phases()), draw(_FIVES)
            minutes = rest + sum(row["minutes"] or 0 for row in rows)
            service = minor_service(key=f"model_{number}", standard_minutes=minutes)
            for position, row in enumerate(rows):
                ServicePhase.objects.create(service=service, position=position, **row)
            self.shop.offers.create(service=service, scope="all", labour_fen=100, parts_fen=0)
            services.append(service)
        one, other = (Job(self.shop, service, lavida()) for service in services)
        self.jobs = [one, other, replace(one, also=(other.service,))]
        self.people = [Holder(UserFactory()) for _ in range(4)]

    def _give_shifts(self, person: Any, shifts: list[tuple[time, time]]) -> None:
        for day in (1, 2):
            for begin, end in shifts:
                Shift.objects.create(resource=person, day=day, starts_at=begin, ends_at=end)

    # --- what must always agree

    @invariant()
    def the_same_starts_are_offered(self) -> None:
        if not hasattr(self, "jobs"):
            return
        slow = Reference(self.shop, self.at)
        for job in self.jobs:
            plan = job.quoted().plan
            days = availability.day_slots(shop=self.shop, plan=plan, first=MONDAY, days=2, at=self.at)
            for number, day in enumerate(days):
                offered = {int(tick_of(slot.starts_at)): int(tick_of(slot.ends_at)) for slot in day.slots}
                assert offered == slow.starts(plan, number), (number, plan)
                assert bool(day.slots) == (day.reason is None)

    # --- what happens

    @rule(job=st.integers(0, 2), who=st.integers(0, 3), start=st.integers(-30, 2 * A_DAY + 30), near=st.booleans())
    def hold(self, job: int, who: int, start: int, near: bool) -> None:
        plan, holder = self.jobs[job].quoted().plan, self.people[who]
        start = self._near_a_slot(plan, start) if near else start
        own = Booking.objects.filter(owner=holder.user, status=Status.HELD).first()
        self._compare_placement(plan, start)
        # A person's own hold here is given up first.
        expected = Reference(self.shop, self.at, ignore=own.pk if own else None).end_of(plan, start)
        try:
            held = actions.hold(job=self.jobs[job], starts_at=moment_of(start), holder=holder, at=self.at)
        except SlotTakenError:
            assert expected is None
            return
        self.visits.append(held.pk)
        self._had(held, expected)

    @rule(job=st.integers(0, 2), start=st.integers(0, 2 * A_DAY), near=st.booleans())
    def walk_in(self, job: int, start: int, near: bool) -> None:
        plan = self.jobs[job].quoted().plan
        start = self._near_a_slot(plan, start) if near else start
        expected = Reference(self.shop, self.at, staff=True).end_of(plan, start)
        by = self.people[0].user
        assert by
        try:
            visit = workshop.walk_in(
                job=self.jobs[job], starts_at=moment_of(start), wanted=Wanted(), contact=CONTACT, by=by, at=self.at
            )
        except SlotTakenError:
            assert expected is None
            return
        self.visits.append(visit.pk)
        self._had(visit, expected)

    @precondition(lambda self: self.visits)
    @rule(which=st.integers(0), start=st.integers(0, 2 * A_DAY), near=st.booleans())
    def move(self, which: int, start: int, near: bool) -> None:
        visit = self._one(which)
        if visit.status != Status.CONFIRMED:
            return
        plan = type(self.jobs[0].quoted().plan).from_json(visit.plan)
        # Often by less than its own length: it must not stand in its own way.
        start = int(tick_of(visit.starts_at)) + start % 13 - 6 if near else start
        expected = Reference(self.shop, self.at, ignore=visit.pk, staff=True).end_of(plan, start)
        try:
            moved = actions.reschedule(booking=visit, starts_at=moment_of(start), by=STAFF, at=self.at)
        except SlotTakenError:
            assert expected is None
            return
        self._had(moved, expected)

    @precondition(lambda self: self.visits)
    @rule(which=st.integers(0), sure=st.booleans())
    def confirm_or_cancel(self, which: int, sure: bool) -> None:
        visit = self._one(which)
        try:
            if sure and visit.owner:
                parts = {"by": visit.owner, "holder": Holder(visit.owner), "contact": CONTACT, "car": None}
                actions.confirm(booking=visit, at=self.at, **parts)
            else:
                actions.cancel(booking=visit, by=STAFF, at=self.at)
        except Refusal:
            assert visit.status in (Status.EXPIRED, Status.CANCELLED) or visit.hold_expires_at <= self.at  # type: ignore[operator]

    @rule(who=st.integers(0), start=st.integers(600, 2400), minutes=st.integers(1, 200))
    def block(self, who: int, start: int, minutes: int) -> None:
        units = list(self.shop.resources.order_by("pk"))
        begin = moment_of(0) + timedelta(minutes=start)
        parts = {"starts_at": begin, "ends_at": begin + timedelta(minutes=minutes)}
        kind = AllocationKind.BREAK
        unit = units[who % len(units)]
        stands = any(
            claim.during.lower < parts["ends_at"] and begin < claim.during.upper
            for claim in Allocation.objects.filter(resource=unit)
        )
        try:
            workshop.block(resource=unit, kind=kind, reason="", at=self.at, **parts)
        except SlotTakenError:
            assert stands
        else:
            assert not stands

    @rule(which=st.integers(0))
    def unblock(self, which: int) -> None:
        blocks = list(Allocation.objects.filter(booking=None, resource__shop=self.shop).order_by("pk"))
        if blocks:
            workshop.unblock(allocation=blocks[which % len(blocks)], at=self.at)

    @rule(minutes=st.integers(1, 45))
    def time_passes(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)

    # --- parts

    def _one(self, which: int) -> Booking:
        return Booking.objects.select_related("shop__city", "owner").get(pk=self.visits[which % len(self.visits)])

    def _near_a_slot(self, plan: Any, start: int) -> int:
        """The first start from there on that can be had, or any."""
        slow = Reference(self.shop, self.at)
        found = [*slow.starts(plan, 0), *slow.starts(plan, 1)]
        return min((tick for tick in found if tick >= start), default=found[0] if found else start)

    def _compare_placement(self, plan: Any, start: int) -> None:
        wanted = moment_of(start)
        placed = availability.placement(shop=self.shop, plan=plan, starts_at=wanted, at=self.at)
        end = Reference(self.shop, self.at).end_of(plan, start)
        assert (placed.reason is None) == (end is not None), (start, placed.reason)
        assert placed.ends_at == (moment_of(end) if end is not None else None)

    def _had(self, visit: Booking, expected: int | None) -> None:
        """What was had was to be had, if nobody had to make room for it."""
        latest: datetime = self.at
        made_room = BookingEvent.objects.filter(kind=EventKind.REPACKED, at=latest).exists()
        assert expected is not None or made_room
        if expected is not None:
            assert tick_of(visit.ends_at) == expected


@pytest.mark.django_db
def test_the_engine_agrees_with_a_slow_and_obvious_one() -> None:
    run_state_machine_as_test(
        Shops,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize="MODEL_EXAMPLES" not in os.environ,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
            # A smaller example costs minutes here; the blob brings this one back.
            phases=(Phase.explicit, Phase.generate),
        ),
    )
