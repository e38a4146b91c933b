"""What owners do to a visit: hold, confirm, move, cancel."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError
from psycopg2.extras import DateTimeTZRange

from accounts.models import User
from bookings import actions, workshop
from bookings.actions import Actor, Contact, Holder, Wanted
from bookings.choices import ActorRole, EventKind, Status
from bookings.engine import claims
from bookings.engine.jobs import Job, VisitPlace
from bookings.errors import (
    HoldExpiredError,
    NotOfferedError,
    OutOfRadiusError,
    SlotTakenError,
    SlotUnavailableError,
    TooLateError,
    WrongStatusError,
)
from bookings.models import Allocation, Booking, BookingEvent
from catalog.models import Offer
from core.errors import InvalidInput
from core.models import OutboxEvent
from tests.bookings.test_availability import local
from tests.factories.accounts import UserFactory
from tests.factories.jobs import CONTACT, NOW, STAFF, bookable_job, browser
from vehicles.models import Car

pytestmark = pytest.mark.django_db

ONE_PM = local(13)
TWO_PM = local(14)


def hold(job: Job, start: datetime = ONE_PM, holder: Holder | None = None, at: datetime = NOW) -> Booking:
    return actions.hold(job=job, starts_at=start, holder=holder or browser(), at=at)


def booked(job: Job, start: datetime = ONE_PM, owner: User | None = None, at: datetime = NOW) -> Booking:
    holder = Holder(user=owner or UserFactory())
    held = hold(job, start, holder, at)
    assert holder.user
    return actions.confirm(booking=held, by=holder.user, holder=holder, contact=CONTACT, car=None, at=at)


def owner_of(booking: Booking) -> Actor:
    return Actor(ActorRole.OWNER, booking.owner)


# --- Hold -----------------------------------------------------------------------------------------


def test_hold_claims_a_bay_and_a_technician_and_freezes_the_terms() -> None:
    job = bookable_job(turnaround_minutes=20)
    booking = hold(job)
    assert booking.status == Status.HELD
    assert (booking.total_fen, booking.parts_note, booking.timezone) == (26_800, "0W-20", "Asia/Shanghai")
    assert booking.hold_expires_at == NOW + timedelta(minutes=10)
    assert booking.ends_at == ONE_PM + timedelta(minutes=40)
    assert booking.free_cancel_until == ONE_PM - timedelta(minutes=60)
    kinds = {a.resource.kind: a.during for a in booking.allocations.select_related("resource")}
    assert set(kinds) == {"bay", "technician"}
    assert kinds["bay"].upper == ONE_PM + timedelta(minutes=60)
    assert [event.kind for event in booking.events.all()] == [EventKind.HELD]


def test_a_later_price_does_not_change_what_was_agreed() -> None:
    job = bookable_job()
    booking = hold(job)
    Offer.objects.update(labour_fen=99_900)
    booking.refresh_from_db()
    assert booking.total_fen == 26_800


def test_a_taken_slot_is_refused_with_the_nearest_ones() -> None:
    job = bookable_job(slot_step_minutes=60)
    hold(job)
    with pytest.raises(SlotTakenError) as refusal:
        hold(job, holder=browser("another"))
    offered = [slot.starts_at for slot in refusal.value.alternatives]
    assert offered == [local(11), local(12), local(14), local(15)]
    assert refusal.value.status == 409
    assert Booking.objects.count() == 1


def test_a_start_outside_hours_is_bad_input_with_its_reason() -> None:
    job = bookable_job()
    with pytest.raises(SlotUnavailableError) as refusal:
        hold(job, local(22))
    assert (refusal.value.status, refusal.value.field) == (400, "starts_at")
    assert Booking.objects.count() == 0


def test_a_second_hold_at_the_shop_gives_up_the_first() -> None:
    job = bookable_job()
    first, second = hold(job, ONE_PM), hold(job, TWO_PM)
    first.refresh_from_db()
    assert (first.status, second.status) == (Status.CANCELLED, Status.HELD)
    assert first.allocations.count() == 0


def test_a_browser_holds_at_three_shops_at_most() -> None:
    held = [hold(bookable_job()) for _ in range(4)]
    statuses = [Booking.objects.get(pk=booking.pk).status for booking in held]
    assert statuses == [Status.CANCELLED, Status.HELD, Status.HELD, Status.HELD]


def test_a_lapsed_hold_is_removed_by_the_next_claim_without_any_worker() -> None:
    job = bookable_job()
    first = hold(job)
    later = NOW + timedelta(minutes=10)
    second = hold(job, holder=browser("another"), at=later)
    first.refresh_from_db()
    assert (first.status, second.status) == (Status.EXPIRED, Status.HELD)


def test_a_car_the_service_makes_no_sense_for_is_refused() -> None:
    job = bookable_job()
    job.service.powertrains = ["bev"]
    with pytest.raises(NotOfferedError):
        hold(job)


def test_a_shop_without_a_price_for_it_is_refused() -> None:
    job = bookable_job()
    Offer.objects.update(is_active=False)
    with pytest.raises(NotOfferedError):
        hold(job)


def test_an_on_site_team_comes_only_within_its_radius() -> None:
    job = bookable_job(kind="on_site", service_radius_km=10)
    job.shop.resources.filter(kind="bay").update(kind="mobile_unit")
    near = VisitPlace("天钥桥路 1 号", job.shop.latitude + 0.05, job.shop.longitude)
    far = VisitPlace("崇明", job.shop.latitude + 0.5, job.shop.longitude)
    with pytest.raises(InvalidInput):
        actions.hold(job=job, starts_at=ONE_PM, holder=browser(), at=NOW)
    with pytest.raises(OutOfRadiusError):
        actions.hold(job=replace(job, place=far), starts_at=ONE_PM, holder=browser(), at=NOW)
    held = actions.hold(job=replace(job, place=near), starts_at=ONE_PM, holder=browser(), at=NOW)
    assert held.visit_address == "天钥桥路 1 号"
    assert {a.resource.kind for a in held.allocations.all()} == {"mobile_unit", "technician"}


# --- Confirm --------------------------------------------------------------------------------------


def test_confirm_makes_the_claims_stand_and_tells_the_outbox() -> None:
    booking = booked(bookable_job())
    assert (booking.status, booking.plate) == (Status.CONFIRMED, "沪AD8K21")
    assert set(booking.allocations.values_list("held_until", flat=True)) == {None}
    assert OutboxEvent.objects.filter(topic="booking.confirmed", key=booking.public_id).count() == 1


def test_confirm_twice_is_the_same_booking() -> None:
    booking = booked(bookable_job())
    assert booking.owner
    again = actions.confirm(
        booking=booking, by=booking.owner, holder=Holder(booking.owner), contact=Contact(), car=None, at=NOW
    )
    assert (again.pk, again.contact_name) == (booking.pk, "林女士")
    assert booking.events.filter(kind=EventKind.CONFIRMED).count() == 1


def test_a_hold_made_before_sign_in_becomes_the_signed_in_persons() -> None:
    held = hold(bookable_job(), holder=browser("tablet"))
    user = UserFactory()
    holder = Holder(user=user, visitor_key="tablet")
    assert actions.confirm(booking=held, by=user, holder=holder, contact=CONTACT, car=None, at=NOW).owner == user


def test_someone_elses_hold_cannot_be_confirmed() -> None:
    held = hold(bookable_job(), holder=browser("tablet"))
    user = UserFactory()
    with pytest.raises(WrongStatusError):
        actions.confirm(
            booking=held, by=user, holder=Holder(user, "another browser"), contact=CONTACT, car=None, at=NOW
        )
    held.refresh_from_db()
    assert held.status == Status.HELD


@pytest.mark.parametrize("swept", [True, False])
def test_an_expired_hold_cannot_be_confirmed(swept: bool) -> None:
    user = UserFactory()
    held = hold(bookable_job(), holder=Holder(user))
    later = NOW + timedelta(minutes=10)
    if swept:
        assert actions.expire_holds(at=later) == 1
    with pytest.raises(HoldExpiredError):
        actions.confirm(booking=held, by=user, holder=Holder(user), contact=CONTACT, car=None, at=later)


def test_a_car_of_another_variant_or_owner_cannot_ride_on_the_price() -> None:
    job, user = bookable_job(), UserFactory()
    held = hold(job, holder=Holder(user))
    foreign = Car.objects.create(owner=UserFactory(), variant=job.variant)
    with pytest.raises(InvalidInput):
        actions.confirm(booking=held, by=user, holder=Holder(user), contact=CONTACT, car=foreign, at=NOW)


# --- Reschedule -----------------------------------------------------------------------------------


def test_reschedule_moves_time_claims_and_free_cancellation() -> None:
    booking = booked(bookable_job())
    moved = actions.reschedule(booking=booking, starts_at=local(15), by=owner_of(booking), at=NOW)
    assert (moved.starts_at, moved.ends_at) == (local(15), local(15, 40))
    assert moved.free_cancel_until == local(14)
    assert {a.during.lower for a in moved.allocations.all()} == {local(15)}
    assert moved.revision == booking.revision + 1


def test_reschedule_by_less_than_its_own_length_does_not_collide_with_itself() -> None:
    booking = booked(bookable_job(slot_step_minutes=30))
    assert actions.reschedule(
        booking=booking, starts_at=local(13, 30), by=owner_of(booking), at=NOW
    ).starts_at == local(13, 30)


def test_a_refused_reschedule_keeps_the_old_slot() -> None:
    job = bookable_job(slot_step_minutes=60)
    mine, other = booked(job, ONE_PM), booked(job, TWO_PM)
    with pytest.raises(SlotTakenError) as refusal:
        actions.reschedule(booking=mine, starts_at=other.starts_at, by=owner_of(mine), at=NOW)
    assert refusal.value.alternatives
    mine.refresh_from_db()
    assert mine.starts_at == ONE_PM
    assert {a.during.lower for a in mine.allocations.all()} == {ONE_PM}


def test_the_old_slot_comes_back_when_the_new_one_is_lost_at_the_last_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    booking = booked(bookable_job())

    def lose(**_: object) -> None:
        raise SlotTakenError

    monkeypatch.setattr(claims, "claim", lose)
    with pytest.raises(SlotTakenError):
        actions.reschedule(booking=booking, starts_at=local(15), by=owner_of(booking), at=NOW)
    assert booking.allocations.count() == 2


def test_an_owner_cannot_move_a_visit_that_has_begun_but_staff_can() -> None:
    booking = booked(bookable_job())
    late = ONE_PM + timedelta(minutes=1)
    with pytest.raises(TooLateError):
        actions.reschedule(booking=booking, starts_at=local(15), by=owner_of(booking), at=late)
    assert actions.reschedule(booking=booking, starts_at=local(15, 5), by=STAFF, at=late).starts_at == local(15, 5)


def test_staff_can_ask_for_a_certain_bay_and_are_refused_if_it_is_taken() -> None:
    job = bookable_job(bays=2, technicians=2)
    booking = booked(job)
    bays = list(job.shop.resources.filter(kind="bay").order_by("pk"))
    Allocation.objects.create(resource=bays[1], kind="block", during=DateTimeTZRange(local(15), local(16)))
    moved = actions.reschedule(booking=booking, starts_at=local(16), by=STAFF, at=NOW, wanted=Wanted(bay=bays[1].pk))
    assert bays[1].pk in actions.resource_ids(moved)
    with pytest.raises(SlotUnavailableError):
        actions.reschedule(booking=booking, starts_at=local(15), by=STAFF, at=NOW, wanted=Wanted(bay=bays[1].pk))


# --- Cancel ---------------------------------------------------------------------------------------


def test_cancel_frees_the_slot_at_once_and_keeps_whether_it_was_late() -> None:
    job = bookable_job()
    booking = booked(job)
    actions.cancel(booking=booking, by=owner_of(booking), at=ONE_PM - timedelta(minutes=30), reason="plans_changed")
    event = booking.events.get(kind=EventKind.CANCELLED)
    assert (event.data, event.reason) == ({"late": True, "fee_fen": 0}, "plans_changed")
    assert hold(job, holder=browser("next")).starts_at == ONE_PM


def test_cancel_twice_is_once() -> None:
    booking = booked(bookable_job())
    for _ in range(2):
        actions.cancel(booking=booking, by=owner_of(booking), at=NOW)
    assert booking.events.filter(kind=EventKind.CANCELLED).count() == 1


def test_an_owner_cannot_cancel_after_the_start() -> None:
    booking = booked(bookable_job())
    with pytest.raises(TooLateError):
        actions.cancel(booking=booking, by=owner_of(booking), at=ONE_PM)


def test_an_owner_cannot_cancel_a_car_that_is_in_the_shop_even_before_the_start() -> None:
    booking = booked(bookable_job())
    early = booking.starts_at - timedelta(minutes=5)
    staff = UserFactory()
    workshop.check_in(booking=booking, odometer_km=100, by=staff, at=early)
    with pytest.raises(TooLateError):
        actions.cancel(booking=booking, by=owner_of(booking), at=early)
    actions.cancel(booking=booking, by=Actor(ActorRole.STAFF, staff), at=early)
    booking.refresh_from_db()
    assert (booking.status, booking.stage) == (Status.CANCELLED, "")


# --- What the database guards ---------------------------------------------------------------------


def test_the_database_refuses_an_overlap() -> None:
    job = bookable_job()
    booking = hold(job)
    bay = job.shop.resources.get(kind="bay")
    overlap = DateTimeTZRange(ONE_PM + timedelta(minutes=39), ONE_PM + timedelta(minutes=50))
    with pytest.raises(IntegrityError, match="allocation_no_overlap"), transaction.atomic():
        Allocation.objects.create(resource=bay, booking=booking, during=overlap)
    Allocation.objects.create(
        resource=bay, kind="block", during=DateTimeTZRange(ONE_PM + timedelta(minutes=40), local(15))
    )


@pytest.mark.parametrize(
    "change", ["UPDATE bookings_bookingevent SET reason = 'x'", "DELETE FROM bookings_bookingevent"]
)
def test_the_database_keeps_the_history(change: str) -> None:
    booking = hold(bookable_job())
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    assert BookingEvent.objects.filter(booking=booking).exists()
