"""The waiting list: what frees is held for the first in line, and goes on to the next when it is let pass."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import time_machine

from accounts.models import User
from bookings import actions, tasks, waiting, workshop
from bookings.actions import Actor, Contact, Holder
from bookings.choices import ActorRole, EventKind, Handover, Source, Status, WaitingStatus
from bookings.engine.jobs import Job, VisitPlace
from bookings.errors import NotOfferedError
from bookings.models import Booking, WaitingEntry
from core.errors import InvalidInput
from core.models import OutboxEvent
from tests.bookings.test_actions import booked
from tests.bookings.test_availability import MONDAY, local, starts, taken
from tests.factories.accounts import UserFactory
from tests.factories.jobs import CONTACT, NOW, STAFF, bookable_job, browser, minor_service
from tests.factories.shops import BayFactory, TechnicianResourceFactory
from vehicles.models import Car

pytestmark = pytest.mark.django_db


@pytest.fixture
def job() -> Job:
    """A shop with one bay that is taken all Monday."""
    job = bookable_job(slot_step_minutes=60, lead_time_minutes=0)
    bay = job.shop.resources.get(kind="bay")
    taken(bay, local(8), local(13))
    taken(bay, local(14), local(20))
    return job


@pytest.fixture
def standing(job: Job) -> Booking:
    """The visit in the last free hour."""
    return booked(job, local(13))


def join(job: Job, owner: User | None = None, at: datetime = NOW, **window: datetime) -> WaitingEntry:
    window = {"not_before": local(10), "not_after": local(20), **window}
    return waiting.join(job=job, owner=owner or UserFactory(), car=None, at=at, **window)


def serve(job: Job, at: datetime = NOW) -> int:
    return waiting.serve(shop=job.shop, at=at)


def fresh(entry: WaitingEntry) -> WaitingEntry:
    return WaitingEntry.objects.select_related("offered").get(pk=entry.pk)


def confirm(entry: WaitingEntry, at: datetime = NOW) -> Booking:
    offered = fresh(entry).offered
    assert offered
    holder = Holder(entry.owner)
    return actions.confirm(booking=offered, by=entry.owner, holder=holder, contact=CONTACT, car=None, at=at)


# --- Who gets it ------------------------------------------------------------------------------------------


def test_nothing_is_offered_while_nothing_is_free(job: Job, standing: Booking) -> None:
    entry = join(job)
    assert serve(job) == 0
    assert fresh(entry).status == WaitingStatus.WAITING


def test_what_frees_is_held_for_the_first_in_line(job: Job, standing: Booking) -> None:
    first, second = join(job), join(job)
    actions.cancel(booking=standing, by=STAFF, at=NOW)
    assert serve(job) == 1
    offered = fresh(first).offered
    assert offered
    assert (fresh(first).status, fresh(second).status) == (WaitingStatus.OFFERED, WaitingStatus.WAITING)
    assert (offered.status, offered.starts_at, offered.owner) == (Status.HELD, local(13), first.owner)
    assert offered.source == Source.WAITING_LIST
    assert offered.hold_expires_at == NOW + timedelta(minutes=waiting.OFFER_MINUTES)
    assert set(offered.allocations.values_list("held_until", flat=True)) == {offered.hold_expires_at}
    assert OutboxEvent.objects.filter(topic="waiting.offered", key=first.public_id).count() == 1
    assert serve(job) == 0
    assert "13:00" not in starts(job)


def test_time_that_frees_is_told_to_the_outbox_only_where_somebody_waits(job: Job, standing: Booking) -> None:
    freed = OutboxEvent.objects.filter(topic="slots.freed", key=job.shop.public_id)
    other = actions.cancel(booking=standing, by=STAFF, at=NOW)
    assert freed.count() == 0
    again = booked(job, other.starts_at)
    join(job)
    before = freed.count()
    actions.cancel(booking=again, by=STAFF, at=NOW)
    assert freed.count() == before + 1


def test_an_offer_that_is_taken_ends_the_place(job: Job) -> None:
    entry = join(job)
    serve(job)
    assert confirm(entry).status == Status.CONFIRMED
    assert serve(job) == 0
    assert fresh(entry).status == WaitingStatus.TAKEN
    assert fresh(entry).ended_at == NOW


def test_a_start_that_is_let_pass_goes_to_the_next_in_line(job: Job) -> None:
    first, second = join(job), join(job)
    serve(job)
    later = NOW + timedelta(minutes=waiting.OFFER_MINUTES)
    assert serve(job, later) == 1
    assert (fresh(first).status, fresh(second).status) == (WaitingStatus.WAITING, WaitingStatus.OFFERED)
    assert fresh(first).offered is None
    # And not back to the first one when the second lets it pass too; the place is kept for other times.
    assert serve(job, later + timedelta(minutes=waiting.OFFER_MINUTES)) == 0
    assert {fresh(entry).status for entry in (first, second)} == {WaitingStatus.WAITING}


def test_who_let_one_start_pass_is_offered_another(job: Job) -> None:
    entry = join(job)
    serve(job)
    first = fresh(entry).offered
    assert first
    actions.cancel(booking=first, by=Actor(ActorRole.OWNER, entry.owner), at=NOW)
    job.shop.resources.get(kind="bay").allocations.filter(kind="block").delete()
    assert serve(job) == 1
    offered = fresh(entry).offered
    assert offered
    assert offered.starts_at != local(13)


def test_an_offer_is_never_longer_than_until_the_visit_begins(job: Job) -> None:
    entry = join(job)
    serve(job, at=local(12, 50))
    offered = fresh(entry).offered
    assert offered
    assert offered.hold_expires_at == local(13)


def test_of_the_window_the_start_counts(job: Job) -> None:
    before = join(job, not_after=local(13))
    after = join(job, not_before=local(13, 1))
    assert serve(job) == 0
    exact = join(job, not_before=local(13), not_after=local(13, 1))
    assert serve(job) == 1
    assert [fresh(entry).status for entry in (before, after, exact)] == ["waiting", "waiting", "offered"]


def test_a_place_whose_window_is_over_ends(job: Job, standing: Booking) -> None:
    entry = join(job, not_after=local(12))
    serve(job, at=local(11, 59))
    assert fresh(entry).status == WaitingStatus.WAITING
    serve(job, at=local(12))
    assert (fresh(entry).status, fresh(entry).ended_at) == (WaitingStatus.OVER, local(12))


def test_who_has_a_hold_there_is_not_robbed_of_it(job: Job) -> None:
    user = UserFactory()
    join(job, user)
    held = actions.hold(job=job, starts_at=local(13), holder=Holder(user), at=NOW)
    job.shop.resources.get(kind="bay").allocations.filter(kind="block").delete()
    assert serve(job) == 0
    held.refresh_from_db()
    assert held.status == Status.HELD


def test_one_whose_wish_cannot_be_met_does_not_block_the_line(job: Job) -> None:
    first, second = join(job), join(job)
    first.owner.save()
    WaitingEntry.objects.filter(pk=first.pk).update(not_after=local(12))
    assert serve(job) == 1
    assert fresh(second).status == WaitingStatus.OFFERED


def test_a_service_that_is_no_longer_offered_does_not_stop_the_others(job: Job) -> None:
    gone = minor_service(key="gone")
    offer = job.shop.offers.create(service=gone, scope="all", labour_fen=100, parts_fen=0)
    first, second = join(replace(job, service=gone)), join(job)
    offer.is_active = False
    offer.save()
    assert serve(job) == 1
    assert [fresh(entry).status for entry in (first, second)] == ["waiting", "offered"]


def test_a_visit_that_was_answered_by_hand_counts_as_taken(job: Job) -> None:
    job.shop.confirmation = "by_hand"
    job.shop.save()
    entry = join(job)
    serve(job)
    asked = confirm(entry)
    assert asked.status == Status.REQUESTED
    serve(job)
    assert fresh(entry).status == WaitingStatus.TAKEN


# --- All or nothing -----------------------------------------------------------------------------------------


def test_several_services_are_offered_together_or_not_at_all(job: Job, standing: Booking) -> None:
    tyres = minor_service(key="tyres", bay="tyre", skill="tyre")
    job.shop.offers.create(service=tyres, scope="all", labour_fen=5000, parts_fen=0)
    machine = BayFactory(shop=job.shop, capabilities=["tyre"])
    TechnicianResourceFactory(shop=job.shop, capabilities=["tyre"])
    block = machine.allocations.create(kind="block", during=(local(8), local(20)))
    entry = join(replace(job, also=(tyres,)))
    actions.cancel(booking=standing, by=STAFF, at=NOW)
    assert serve(job) == 0
    assert not Booking.objects.filter(status=Status.HELD).exists()
    block.delete()
    assert serve(job) == 1
    offered = fresh(entry).offered
    assert offered
    assert [line.service.key for line in offered.booked_services.order_by("position")] == ["minor_service", "tyres"]
    assert offered.labour_fen == 8400 + 5000


def test_the_wishes_of_the_place_are_those_of_the_visit() -> None:
    job = bookable_job(technicians=1, pickup_radius_km=20, slot_step_minutes=60, lead_time_minutes=0)
    TechnicianResourceFactory(shop=job.shop, capabilities=["driver"])
    BayFactory(shop=job.shop, kind="loaner", capabilities=[])
    place = VisitPlace("天钥桥路 1 号", job.shop.latitude + 0.02, job.shop.longitude)
    wanted = replace(job, handover=Handover.PICK_UP, place=place, with_loaner=True)
    entry = join(wanted)
    assert replace(waiting.job_of(fresh(entry)), shop=job.shop) == wanted
    serve(job)
    offered = fresh(entry).offered
    assert offered
    assert (offered.handover, offered.with_loaner, offered.visit_address) == ("pick_up", True, place.address)


def test_the_car_of_the_place_is_the_car_of_the_offer(job: Job) -> None:
    user = UserFactory()
    car = Car.objects.create(owner=user, variant=job.variant, plate="沪AD8K21")
    entry = waiting.join(job=job, owner=user, car=car, not_before=local(10), not_after=local(20), at=NOW)
    serve(job)
    offered = fresh(entry).offered
    assert offered
    assert offered.car == car


# --- Joining and leaving ---------------------------------------------------------------------------------------


def test_one_place_at_a_shop_and_five_in_all(job: Job) -> None:
    user = UserFactory()
    join(job, user)
    with pytest.raises(waiting.AlreadyWaitingError):
        join(job, user)
    for _ in range(waiting.MAX_PLACES - 1):
        join(bookable_job(), user)
    with pytest.raises(waiting.TooManyPlacesError):
        join(bookable_job(), user)
    waiting.leave(entry=WaitingEntry.objects.filter(owner=user).latest("pk"), at=NOW)
    assert join(bookable_job(), user).status == WaitingStatus.WAITING


@pytest.mark.parametrize(
    ("window", "field"),
    [
        ({"not_after": NOW}, "not_after"),
        ({"not_before": local(15), "not_after": local(15)}, "not_after"),
        ({"not_before": NOW + timedelta(days=31), "not_after": NOW + timedelta(days=32)}, "not_before"),
    ],
)
def test_a_window_that_cannot_be_is_refused(job: Job, window: dict[str, datetime], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        join(job, **window)
    assert refusal.value.field == field
    assert WaitingEntry.objects.count() == 0


def test_a_window_that_has_begun_begins_now(job: Job) -> None:
    assert join(job, not_before=NOW - timedelta(days=1)).not_before == NOW


def test_nobody_waits_for_what_is_not_offered(job: Job) -> None:
    with pytest.raises(NotOfferedError):
        join(replace(job, service=minor_service(key="never")))


def test_leaving_gives_an_offer_back_and_leaving_twice_is_once(job: Job) -> None:
    first, second = join(job), join(job)
    serve(job)
    offered = fresh(first).offered
    assert offered
    for _ in range(2):
        assert waiting.leave(entry=first, at=NOW).status == WaitingStatus.WITHDRAWN
    offered.refresh_from_db()
    assert (offered.status, offered.allocations.count()) == (Status.CANCELLED, 0)
    assert offered.events.filter(kind=EventKind.CANCELLED).count() == 1
    assert serve(job) == 1
    assert fresh(second).status == WaitingStatus.OFFERED


def test_leaving_after_the_offer_was_taken_keeps_the_booking(job: Job) -> None:
    entry = join(job)
    serve(job)
    visit = confirm(entry)
    waiting.leave(entry=entry, at=NOW)
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED


# --- Nothing depends on a wake-up ---------------------------------------------------------------------------------


def test_the_sweep_serves_without_the_outbox(job: Job, standing: Booking) -> None:
    entry = join(job)
    actions.cancel(booking=standing, by=STAFF, at=NOW)
    OutboxEvent.objects.all().delete()
    with time_machine.travel(NOW, tick=False):
        assert tasks.serve_waiting_lists() == 1
    assert fresh(entry).status == WaitingStatus.OFFERED


def test_a_lapsed_hold_of_a_stranger_is_offered_by_the_sweep(job: Job) -> None:
    actions.hold(job=job, starts_at=local(13), holder=browser(), at=NOW)
    entry = join(job)
    assert serve(job, NOW + timedelta(minutes=9)) == 0
    assert serve(job, NOW + timedelta(minutes=10)) == 1
    assert fresh(entry).status == WaitingStatus.OFFERED


@pytest.mark.parametrize("freed_by", ["no_show", "moved", "unblocked"])
def test_whatever_frees_time_tells_the_list(job: Job, standing: Booking, freed_by: str) -> None:
    join(job)
    OutboxEvent.objects.filter(topic="slots.freed").delete()
    if freed_by == "no_show":
        workshop.mark_no_show(booking=standing, by=UserFactory(), at=local(13, 15))
    elif freed_by == "moved":
        tomorrow = local(13, day=MONDAY + timedelta(days=1))
        actions.reschedule(booking=standing, starts_at=tomorrow, by=STAFF, at=NOW)
    else:
        block = job.shop.resources.get(kind="bay").allocations.filter(booking=None)[0]
        workshop.unblock(allocation=block, at=NOW)
    assert OutboxEvent.objects.filter(topic="slots.freed", key=job.shop.public_id).exists()


@pytest.mark.django_db(transaction=True)
def test_the_outbox_serves_the_list_by_itself() -> None:
    """With a worker at hand (tasks run at once here) nobody has to sweep."""
    job = bookable_job(slot_step_minutes=60, lead_time_minutes=0)
    bay = job.shop.resources.get(kind="bay")
    taken(bay, local(8), local(13))
    taken(bay, local(14), local(20, day=MONDAY))
    with time_machine.travel(NOW, tick=False):
        visit = actions.book(job=job, starts_at=local(13), by=UserFactory(), contact=Contact(), car=None, at=NOW)
        first = join(job, not_after=local(14))
        second = join(job, not_after=local(14))
        actions.cancel(booking=visit, by=STAFF, at=NOW)
        assert fresh(first).status == WaitingStatus.OFFERED
        waiting.leave(entry=first, at=NOW)
        assert fresh(second).status == WaitingStatus.OFFERED
        confirm(second)
    assert fresh(second).status in (WaitingStatus.TAKEN, WaitingStatus.OFFERED)
    assert serve(job) == 0
    assert fresh(second).status == WaitingStatus.TAKEN
