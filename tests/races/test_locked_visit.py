"""Who waits for a visit's row sees it as it is then, with the car that was named meanwhile."""

from __future__ import annotations

import threading

import pytest
from django.db import transaction

from bookings import actions
from bookings.actions import Holder
from bookings.models import Booking
from core import outbox
from tests.bookings.test_availability import local
from tests.factories.accounts import UserFactory
from tests.factories.jobs import CONTACT, NOW, bookable_job
from tests.factories.vehicles import CarFactory
from tests.races.test_settling import at_once
from tests.races.waiters import until_somebody_waits

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox, "_wake", lambda _event: None)


def _seen_after_waiting() -> str:
    """What somebody sees of a visit's car who waited for its row while the owner named one."""
    job, owner, is_locked = bookable_job(), UserFactory(), threading.Event()
    car, holder = CarFactory(owner=owner, variant=job.variant), Holder(user=owner)
    held = actions.hold(job=job, starts_at=local(13), holder=holder, at=NOW)
    seen: list[str] = []

    def work(number: int) -> str:
        if number:
            is_locked.wait(timeout=30)
            with transaction.atomic():
                seen.append("the car" if actions.locked(held).car == car else "none")
            return "waited"
        with transaction.atomic():
            actions.confirm(booking=held, by=owner, holder=holder, contact=CONTACT, car=car, at=NOW)
            is_locked.set()
            until_somebody_waits()
        return "confirmed"

    assert at_once(work, 2) == {"confirmed": 1, "waited": 1}
    return seen[0]


def test_who_waits_for_a_visit_sees_the_car_that_was_named_meanwhile() -> None:
    assert _seen_after_waiting() == "the car"


def test_joined_to_the_locked_row_the_car_that_was_named_meanwhile_looks_like_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def joined(booking: Booking) -> Booking:
        rows = Booking.objects.select_related("shop__city", "service", "variant__model__make", "car")
        return rows.select_for_update(of=("self",), no_key=True).get(pk=booking.pk)

    monkeypatch.setattr(actions, "locked", joined)
    assert _seen_after_waiting() == "none"
