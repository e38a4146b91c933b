"""A person's visits and cars, given out and erased."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import privacy
from accounts.models import User
from bookings import actions, waiting
from bookings.actions import Actor
from bookings.choices import ActorRole
from bookings.engine.jobs import VisitPlace
from bookings.models import Booking, WaitingEntry
from bookings.privacy import OpenVisitError
from notifications.models import Message
from tests.bookings.test_actions import booked
from tests.factories.accounts import UserFactory
from tests.factories.jobs import NOW, bookable_job
from vehicles.models import Car

pytestmark = pytest.mark.django_db


def test_export_has_the_visits_and_the_cars() -> None:
    user = UserFactory()
    visit = booked(bookable_job(), owner=user)
    Car.objects.create(owner=user, variant=visit.variant, plate="沪AD8K21")
    keepers = privacy.keepers()
    assert keepers["visits"].export(user)[0]["contact_name"] == "林女士"
    assert keepers["cars"].export(user)[0]["plate"] == "沪AD8K21"


def test_nobody_vanishes_with_a_visit_ahead() -> None:
    user = UserFactory()
    booked(bookable_job(), owner=user)
    with pytest.raises(OpenVisitError):
        privacy.keepers()["visits"].erase(user, timezone.now())


def test_erasure_forgets_the_person_and_keeps_the_visit() -> None:
    user = UserFactory()
    visit = booked(bookable_job(), owner=user)
    car = Car.objects.create(owner=user, variant=visit.variant, plate="沪AD8K21", vin="LSVAB2BR0CN123456")
    actions.cancel(booking=visit, by=actions.Actor(ActorRole.OWNER, user), at=NOW)
    for keeper in privacy.keepers().values():
        keeper.erase(user, NOW)
    visit.refresh_from_db()
    car.refresh_from_db()
    assert (visit.contact_name, visit.contact_phone, visit.plate, visit.total_fen) == ("", "", "", 26_800)
    assert (car.plate, car.vin, car.removed_at) == ("", "", NOW)


def test_erasure_forgets_a_number_that_only_a_visit_had() -> None:
    user = UserFactory()
    visit = booked(bookable_job(), owner=user)
    rows = [
        Message.objects.create(channel="sms", kind=kind, recipient=number, body="x", status="sent")
        for kind, number in (("bookings/link", visit.contact_phone), ("bookings/link", "+8613900000000"))
    ]
    actions.cancel(booking=visit, by=actions.Actor(ActorRole.OWNER, user), at=NOW)
    privacy.keepers()["visits"].erase(user, NOW)
    kept = [Message.objects.get(pk=row.pk) for row in rows]
    assert [(row.recipient, row.body) for row in kept] == [("—", ""), ("+8613900000000", "x")]


@pytest.mark.parametrize("whose", ["another account", "another owner's visit", "a visit without an account"])
def test_erasure_leaves_messages_to_a_number_that_is_somebody_elses_too(whose: str) -> None:
    user, other, number = UserFactory(), UserFactory(), "+8613811112222"
    visit = booked(bookable_job(), owner=user)
    Booking.objects.filter(pk=visit.pk).update(contact_phone=number)
    if whose == "another account":
        User.objects.filter(pk=other.pk).update(phone=number)
    else:
        theirs = booked(bookable_job(), owner=other)
        Booking.objects.filter(pk=theirs.pk).update(contact_phone=number)
        if whose == "a visit without an account":
            Booking.objects.filter(pk=theirs.pk).update(owner=None, visitor_key="walk-in")
    row = Message.objects.create(channel="sms", kind="bookings/link", recipient=number, body="x", status="sent")
    actions.cancel(booking=visit, by=actions.Actor(ActorRole.OWNER, user), at=NOW)
    privacy.keepers()["visits"].erase(user, NOW)
    row.refresh_from_db()
    assert (row.recipient, row.body) == (number, "x")
    visit.refresh_from_db()
    assert visit.contact_phone == ""


def test_erasure_forgets_where_a_team_was_asked_to_come() -> None:
    user = UserFactory()
    job = bookable_job(kind="on_site", service_radius_km=10)
    job.shop.resources.filter(kind="bay").update(kind="mobile_unit")
    place = VisitPlace("天钥桥路 1 号", job.shop.latitude + 0.01, job.shop.longitude)
    held = actions.hold(
        job=replace(job, place=place), starts_at=NOW + timedelta(hours=3), holder=actions.Holder(user), at=NOW
    )
    assert held.plan["place"]
    actions.cancel(booking=held, by=Actor(ActorRole.OWNER, user), at=NOW)
    privacy.keepers()["visits"].erase(user, NOW)
    kept = Booking.objects.get(pk=held.pk)
    assert (kept.visit_address, kept.visit_latitude, kept.plan["place"]) == ("", None, None)
    assert kept.plan["phases"]


def test_places_on_waiting_lists_are_given_out_and_erased() -> None:
    user, job = UserFactory(), bookable_job()
    waiting.join(
        job=job,
        owner=user,
        car=None,
        not_before=NOW + timedelta(hours=2),
        not_after=NOW + timedelta(days=2),
        at=NOW,
    )
    (place,) = privacy.keepers()["waiting_lists"].export(user)
    assert (place["shop"], place["services"]) == (job.shop.slug, ["minor_service"])
    privacy.keepers()["waiting_lists"].erase(user, NOW)
    assert not WaitingEntry.objects.exists()
