"""What is free when work is done before its time, and what goes along when visits and people are moved."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bookings import actions, waiting, workshop
from bookings.actions import Wanted
from bookings.choices import AllocationKind, Handover, Status
from bookings.engine.jobs import Job, VisitPlace
from bookings.models import Allocation, Booking
from core.models import OutboxEvent
from shops.models import Shop
from tests.factories import floor
from tests.factories.accounts import UserFactory
from tests.factories.board import visit
from tests.factories.jobs import NOW, STAFF, bookable_job, browser
from tests.factories.phased import phased_job
from tests.factories.shops import TechnicianResourceFactory

pytestmark = pytest.mark.django_db

START = NOW + timedelta(hours=2)


def in_work(job: Job) -> Booking:
    return visit(job, starts_at=START, status=Status.IN_SERVICE)


def claimed_after(booking: Booking, at: object) -> list[str]:
    claims = Allocation.objects.filter(booking=booking, during__endswith__gt=at).order_by("resource__kind")
    return list(claims.values_list("resource__kind", flat=True))


def fetched_job() -> Job:
    job = bookable_job()
    TechnicianResourceFactory(shop=job.shop, name_zh="小周", name_en="Zhou", capabilities=["driver"])
    Shop.objects.filter(pk=job.shop.pk).update(pickup_radius_km=20)
    job.shop.refresh_from_db()
    place = VisitPlace("漕溪北路 88 号", job.shop.latitude + 0.02, job.shop.longitude)
    return replace(job, handover=Handover.PICK_UP, place=place)


def test_a_loaner_car_stays_out_until_the_customer_has_their_own_back() -> None:
    booking = in_work(phased_job(with_loaner=True))
    soon = START + timedelta(minutes=50)
    floor.make_ready(booking, by=UserFactory(), at=soon)
    assert claimed_after(booking, soon) == ["loaner"]
    workshop.hand_over(booking=booking, by=UserFactory(), at=soon + timedelta(minutes=10))
    assert claimed_after(booking, soon + timedelta(minutes=10)) == []


def test_the_driver_who_brings_the_car_back_stays_claimed() -> None:
    booking = in_work(fetched_job())
    legs = booking.allocations.filter(resource__capabilities=["driver"]).count()
    assert legs == 2  # there and back
    soon = START + timedelta(minutes=45)
    floor.make_ready(booking, by=UserFactory(), at=soon)
    assert claimed_after(booking, soon) == ["technician"]
    assert booking.allocations.filter(resource__kind="bay", during__endswith__gt=soon).count() == 0


def test_who_waits_hears_of_the_time_that_frees() -> None:
    job = bookable_job()
    booking = in_work(job)
    waiting.join(
        job=job,
        owner=UserFactory(),
        car=None,
        not_before=START,
        not_after=START + timedelta(days=1),
        at=NOW,
    )
    OutboxEvent.objects.all().delete()
    floor.make_ready(booking, by=UserFactory(), at=START + timedelta(minutes=5))
    assert OutboxEvent.objects.filter(topic="slots.freed", key=job.shop.public_id).count() == 1


def test_whoever_was_chosen_by_hand_goes_along_when_two_visits_change_places() -> None:
    job = bookable_job(bays=2, technicians=2, minutes=60)
    chosen = job.shop.resources.filter(kind="technician").order_by("-pk")[0]
    early = visit(job, starts_at=START, wanted=Wanted(technician=chosen.pk))
    late = visit(job, starts_at=START + timedelta(hours=2))
    actions.swap(booking=early, other=late, by=STAFF, at=NOW)
    moved = Allocation.objects.get(booking=early, resource__kind="technician")
    assert (moved.resource, moved.is_pinned) == (chosen, True)


def test_a_lapsed_hold_does_not_stand_in_the_way_of_a_break() -> None:
    job = bookable_job()
    held = actions.hold(job=job, starts_at=START, holder=browser(), at=NOW)
    bay = held.allocations.get(resource__kind="bay").resource
    later = NOW + timedelta(minutes=job.shop.hold_minutes)
    end = START + timedelta(minutes=30)
    workshop.block(resource=bay, starts_at=START, ends_at=end, kind=AllocationKind.BREAK, reason="", at=later)
    held.refresh_from_db()
    assert held.status == Status.EXPIRED


def test_another_unit_in_the_middle_of_a_day_takes_the_drives_over() -> None:
    job = bookable_job(kind="on_site", service_radius_km=30, technicians=2, bays=2)
    job.shop.resources.filter(kind="bay").update(kind="mobile_unit")
    place = VisitPlace("天钥桥路 1 号", job.shop.latitude + 0.1, job.shop.longitude)
    booking = visit(replace(job, place=place), starts_at=START, status=Status.CHECKED_IN)
    used = booking.allocations.filter(resource__kind="mobile_unit", kind="work").get().resource
    other = job.shop.resources.filter(kind="mobile_unit").exclude(pk=used.pk).get()
    workshop.reassign(booking=booking, wanted=Wanted(bay=other.pk), by=UserFactory(), at=START)
    units = booking.allocations.filter(resource__kind="mobile_unit")
    assert set(units.values_list("resource", "kind")) == {(other.pk, "work"), (other.pk, "travel")}
