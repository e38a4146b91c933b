"""A crowd that does everything at once to two small shops, and reports what it was told."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import connections

from accounts.models import User
from bookings import actions, waiting, workshop
from bookings.actions import Actor, Holder, Wanted
from bookings.choices import ActorRole, AllocationKind, EventKind, Status
from bookings.engine.jobs import Job, VisitPlace
from bookings.models import Allocation, Booking, WaitingEntry
from catalog.models import Offer, ServicePhase
from core.errors import Refusal
from shops.choices import ResourceKind
from tests.bookings.test_availability import local
from tests.factories import floor
from tests.factories.accounts import UserFactory
from tests.factories.jobs import CONTACT, NOW, STAFF, bookable_job, minor_service
from tests.factories.shops import BayFactory, TechnicianResourceFactory

# Seconds that pass with each operation: holds of ten minutes lapse while the crowd is at work.
SECONDS_A_STEP = 3


@dataclass
class World:
    """A workshop with two bays, two technicians and an advisor, and a team on the road that answers by hand."""

    jobs: list[Job]
    team: Job
    people: list[User]
    staff: User
    reported: Counter[tuple[str, int]] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    surprises: list[BaseException] = field(default_factory=list)
    steps: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def shops(self) -> list[int]:
        return [self.jobs[0].shop.pk, self.team.shop.pk]

    def now(self) -> datetime:
        with self._lock:
            self.steps += 1
            return NOW + timedelta(seconds=SECONDS_A_STEP * self.steps)

    def told(self, kind: str, *visits: Booking) -> None:
        """Somebody was told that this has happened to the visits."""
        with self._lock:
            self.reported.update((str(kind), visit.pk) for visit in visits)

    def refused(self, refusal: Refusal) -> None:
        with self._lock:
            self.refusals[refusal.code] += 1


def build(people: int) -> World:
    """The two shops and their customers."""
    small = bookable_job(bays=0, technicians=1, slot_step_minutes=15, lead_time_minutes=0, write_up_minutes=10)
    shop = small.shop
    # Technicians before, between and after the bays: nobody can count on an order of ids.
    BayFactory(shop=shop)
    TechnicianResourceFactory(shop=shop, capabilities=["maintenance", "alignment"])
    BayFactory(shop=shop, capabilities=["lift", "alignment"])
    BayFactory(shop=shop, kind=ResourceKind.ADVISOR, capabilities=[])
    alignment = minor_service(key="wheel_alignment", bay="alignment", skill="alignment", standard_minutes=60)
    phases = [
        {"kind": "work", "minutes": None, "bay": "lift", "skill": "maintenance"},
        {"kind": "alignment", "minutes": 20, "bay": "alignment", "skill": "alignment", "max_wait_minutes": 45},
        {"kind": "road_test", "minutes": 10, "bay": "none", "skill": "maintenance", "max_wait_minutes": 15},
    ]
    for position, phase in enumerate(phases):
        ServicePhase.objects.create(service=alignment, position=position, **phase)
    Offer.objects.create(shop=shop, service=alignment, scope="all", labour_fen=20_000, parts_fen=0)
    team = bookable_job(
        kind="on_site", service_radius_km=20, slot_step_minutes=15, lead_time_minutes=0, confirmation="by_hand"
    )
    team.shop.resources.filter(kind=ResourceKind.BAY).update(kind=ResourceKind.MOBILE_UNIT)
    both = replace(small, also=(alignment,))
    longer = replace(small, service=alignment)
    return World([small, longer, both], team, [UserFactory() for _ in range(people)], UserFactory())


def let_loose(world: World, *, clients: int, steps: int, seed: int) -> None:
    """Everybody at once, each with a connection of their own, `steps` things each; then what is due is tidied up."""
    ready = threading.Barrier(clients)

    def one(number: int) -> None:
        dice = random.Random(seed * 1000 + number)
        try:
            ready.wait(timeout=60)
            for _ in range(steps):
                try:
                    dice.choices(_DEEDS, _WEIGHTS)[0](world, dice)
                except Refusal as refusal:
                    world.refused(refusal)
        except BaseException as surprise:  # whatever it is, the test must hear of it
            world.surprises.append(surprise)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(one, range(clients)))


def settle(world: World) -> None:
    """What the sweeps would do next."""
    for job in (world.jobs[0], world.team):
        waiting.serve(shop=job.shop, at=world.now())


# --- What people do -------------------------------------------------------------------------------------


def _job(world: World, dice: random.Random) -> Job:
    if dice.random() < 0.3:
        north, east = dice.uniform(-0.1, 0.1), dice.uniform(-0.1, 0.1)
        shop = world.team.shop
        return replace(world.team, place=VisitPlace("somewhere", shop.latitude + north, shop.longitude + east))
    return dice.choice(world.jobs)


def _start(dice: random.Random) -> datetime:
    return local(11) + timedelta(minutes=15 * dice.randrange(32))


def _holder(world: World, dice: random.Random) -> Holder:
    return Holder(dice.choice(world.people)) if dice.random() < 0.8 else Holder(None, f"tablet {dice.randrange(9)}")


def _some(dice: random.Random, world: World, *statuses: str) -> Booking:
    """A visit in one of the states, as it was a moment ago."""
    rows = Booking.objects.filter(status__in=statuses, shop__in=world.shops)
    ids = list(rows.order_by("-pk").values_list("pk", flat=True)[:30])
    if not ids:
        raise Refusal("nothing to do")
    return Booking.objects.select_related("shop__city", "owner").get(pk=dice.choice(ids))


def _hold(world: World, dice: random.Random) -> None:
    job, start, holder = _job(world, dice), _start(dice), _holder(world, dice)
    world.told(EventKind.HELD, actions.hold(job=job, starts_at=start, holder=holder, at=world.now()))


def _confirm(world: World, dice: random.Random) -> None:
    held = _some(dice, world, Status.HELD)
    user = held.owner or dice.choice(world.people)
    holder = Holder(user, held.visitor_key)
    done = actions.confirm(booking=held, by=user, holder=holder, contact=CONTACT, car=None, at=world.now())
    world.told(done.status, done)


def _book(world: World, dice: random.Random) -> None:
    job, start, by = _job(world, dice), _start(dice), dice.choice(world.people)
    done = actions.book(job=job, starts_at=start, by=by, contact=CONTACT, car=None, at=world.now())
    world.told(done.status, done)


def _expire(world: World, _dice: random.Random) -> None:
    actions.expire_holds(at=world.now())


def _move(world: World, dice: random.Random) -> None:
    visit = _some(dice, world, Status.CONFIRMED)
    by = STAFF if dice.random() < 0.5 else Actor(ActorRole.OWNER, visit.owner)
    wanted = _wanted(visit, dice, by)
    world.told("moved", actions.reschedule(booking=visit, starts_at=_start(dice), by=by, at=world.now(), wanted=wanted))


def _wanted(visit: Booking, dice: random.Random, by: Actor) -> Wanted:
    if by is not STAFF or dice.random() < 0.5:
        return Wanted()
    bays = list(visit.shop.resources.filter(kind=ResourceKind.BAY).values_list("pk", flat=True))
    return Wanted(bay=dice.choice(bays)) if bays else Wanted()


def _swap(world: World, dice: random.Random) -> None:
    one, two = _some(dice, world, Status.CONFIRMED), _some(dice, world, Status.CONFIRMED)
    world.told(EventKind.SWAPPED, *actions.swap(booking=one, other=two, by=STAFF, at=world.now()))


def _cancel(world: World, dice: random.Random) -> None:
    visit = _some(dice, world, Status.CONFIRMED, Status.REQUESTED, Status.HELD)
    world.told(EventKind.CANCELLED, actions.cancel(booking=visit, by=STAFF, at=world.now()))


def _walk_in(world: World, dice: random.Random) -> None:
    job = dice.choice(world.jobs)
    bays = list(job.shop.resources.filter(kind=ResourceKind.BAY).values_list("pk", flat=True))
    wanted = Wanted(bay=dice.choice(bays)) if dice.random() < 0.5 else Wanted()
    start, at = _start(dice), world.now()
    done = workshop.walk_in(job=job, starts_at=start, wanted=wanted, contact=CONTACT, by=world.staff, at=at)
    world.told(EventKind.CONFIRMED, done)


def _answer(world: World, dice: random.Random) -> None:
    asked = _some(dice, world, Status.REQUESTED)
    if dice.random() < 0.7:
        world.told(EventKind.CONFIRMED, workshop.accept(booking=asked, by=world.staff, at=world.now()))
    else:
        no = workshop.decline(booking=asked, by=world.staff, at=world.now(), reason="no parts")
        world.told(EventKind.CANCELLED, no)


def _check_in(world: World, dice: random.Random) -> None:
    visit = _some(dice, world, Status.CONFIRMED)
    done = workshop.check_in(booking=visit, odometer_km=58_263, by=world.staff, at=world.now())
    world.told(EventKind.CHECKED_IN, done)


def _reassign(world: World, dice: random.Random) -> None:
    visit = _some(dice, world, Status.CHECKED_IN, Status.IN_SERVICE)
    wanted = _wanted(visit, dice, STAFF)
    world.told("moved", workshop.reassign(booking=visit, wanted=wanted, by=world.staff, at=world.now()))


def _work(world: World, dice: random.Random) -> None:
    visit = _some(dice, world, Status.CHECKED_IN, Status.IN_SERVICE)
    if visit.status == Status.CHECKED_IN:
        world.told(EventKind.STARTED, workshop.start(booking=visit, by=world.staff, at=world.now()))
    else:
        world.told(EventKind.READY, floor.make_ready(visit, by=world.staff, at=world.now()))


def _block(world: World, dice: random.Random) -> None:
    resource = dice.choice(list(dice.choice([world.jobs[0], world.team]).shop.resources.order_by("pk")))
    start = _start(dice)
    end = start + timedelta(minutes=15)
    workshop.block(
        resource=resource, starts_at=start, ends_at=end, kind=AllocationKind.BREAK, reason="lunch", at=world.now()
    )


def _unblock(world: World, dice: random.Random) -> None:
    breaks = Allocation.objects.filter(booking=None, resource__shop__in=world.shops)
    if (found := breaks.select_related("resource__shop").first()) is not None:
        workshop.unblock(allocation=found, at=world.now())


def _join(world: World, dice: random.Random) -> None:
    job, begin, at = _job(world, dice), _start(dice), world.now()
    end = begin + timedelta(hours=4)
    waiting.join(job=job, owner=dice.choice(world.people), car=None, not_before=begin, not_after=end, at=at)


def _leave(world: World, dice: random.Random) -> None:
    entry = WaitingEntry.objects.open().filter(owner=dice.choice(world.people)).first()
    if entry is not None:
        left = waiting.leave(entry=entry, at=world.now())
        world.told(EventKind.CANCELLED, *Booking.objects.filter(pk=left.offered_id, status=Status.CANCELLED))


def _serve(world: World, dice: random.Random) -> None:
    waiting.serve(shop=dice.choice([world.jobs[0], world.team]).shop, at=world.now())


Deed = Callable[[World, random.Random], None]
_ODDS: Sequence[tuple[Deed, int]] = (
    (_hold, 20), (_confirm, 16), (_book, 8), (_expire, 3), (_move, 10), (_swap, 5), (_cancel, 9), (_walk_in, 5),
    (_answer, 5), (_check_in, 2), (_reassign, 2), (_work, 3), (_block, 1), (_unblock, 2), (_join, 4), (_leave, 1),
    (_serve, 4),
)  # fmt: skip
_DEEDS = [deed for deed, _ in _ODDS]
_WEIGHTS = [weight for _, weight in _ODDS]
