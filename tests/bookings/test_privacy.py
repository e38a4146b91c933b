"""A person's visits and cars, given out and erased."""

import pytest
from django.utils import timezone

from accounts import privacy
from bookings import actions
from bookings.choices import ActorRole
from bookings.privacy import OpenVisitError
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
