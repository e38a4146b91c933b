"""Clicks at the same moment: what is checked before it is written must still be true when it is."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts import actions as people
from accounts.contacts import parse_login
from bookings import actions
from bookings.actions import Contact, Holder
from bookings.choices import Status
from bookings.engine import availability
from bookings.models import Booking, BookingEvent
from core.errors import Refusal
from shops.actions import members
from shops.models import ShopMember
from tests.factories.accounts import UserFactory
from tests.factories.jobs import bookable_job
from tests.factories.shops import InvitationFactory
from vehicles.actions import CarDetails, add_car
from vehicles.models import Car

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]


def together(*acts: Callable[[], Any]) -> list[str]:
    """Do all at once, each in a thread and connection of its own; what each was refused with, empty if it was not."""
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> str:
        try:
            barrier.wait(timeout=10)
            act()
        except Refusal as refusal:
            return refusal.code
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def _first_start(job: Any) -> Any:
    now = timezone.now()
    day = now.astimezone(job.shop.zone).date() + timedelta(days=2)
    return (
        availability.day_slots(shop=job.shop, plan=job.quoted().plan, first=day, days=1, at=now)[0].slots[0].starts_at
    )


def _holds_at_once(holder: Holder) -> int:
    jobs = [bookable_job() for _n in range(8)]
    at = timezone.now()
    starts = [_first_start(job) for job in jobs]
    acts = [
        lambda job=job, start=start: actions.hold(job=job, starts_at=start, holder=holder, at=at)
        for job, start in zip(jobs, starts, strict=True)
    ]
    assert together(*acts) == [""] * len(acts)
    return Booking.objects.filter(status=Status.HELD).count()


@pytest.mark.parametrize("signed_in", [True, False])
def test_holding_everywhere_at_once_keeps_the_limit(signed_in: bool) -> None:
    holder = Holder(UserFactory()) if signed_in else Holder(None, "a browser")
    assert _holds_at_once(holder) == actions.MAX_HOLDS


def test_without_the_queue_the_limit_is_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard bites: without it, holds of one moment do not see one another."""
    monkeypatch.setattr(actions, "_one_at_a_time", lambda _holder: nullcontext())
    assert _holds_at_once(Holder(None, "a browser")) > actions.MAX_HOLDS


def test_confirming_twice_at_once_books_once() -> None:
    job, user, at = bookable_job(), UserFactory(), timezone.now()
    holder = Holder(user)
    held = actions.hold(job=job, starts_at=_first_start(job), holder=holder, at=at)
    act = lambda: actions.confirm(booking=held, by=user, holder=holder, contact=Contact("A"), car=None, at=at)  # noqa: E731
    assert together(act, act, act, act) == [""] * 4
    assert BookingEvent.objects.filter(kind="confirmed").count() == 1


def test_accepting_twice_at_once_joins_once() -> None:
    user, at = UserFactory(), timezone.now()
    people.confirm_contact(user=user, contact=parse_login(user.email), at=at)
    invitation = InvitationFactory(email=user.email)
    act = lambda: members.accept(invitation=invitation, user=user, at=at)  # noqa: E731
    assert sorted(together(act, act, act)) == ["", "invitation_unusable", "invitation_unusable"]
    assert ShopMember.objects.filter(user=user).count() == 1


def test_adding_a_plate_twice_at_once_adds_one_car() -> None:
    job, user, at = bookable_job(), UserFactory(), timezone.now()
    act = lambda: add_car(owner=user, variant=job.variant, details=CarDetails(plate="沪AD90613"), at=at)  # noqa: E731
    assert sorted(together(act, act, act)) == ["", "plate_taken", "plate_taken"]
    assert Car.objects.count() == 1
