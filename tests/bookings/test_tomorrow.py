"""Owners are told of their visit on the evening before: once for each start, late after an outage, never after it."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection

from accounts.models import User
from bookings import actions, tomorrow
from bookings.actions import Actor, Holder
from bookings.choices import ActorRole
from bookings.models import Booking
from notifications import delivering
from notifications.models import Message, Notice
from tests.factories.accounts import UserFactory
from tests.factories.jobs import CONTACT, NOW, bookable_job

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")
TODAY = NOW.astimezone(SHANGHAI).date()


def wall(days: int, hour: int, minute: int = 0) -> datetime:
    """An instant on the wall clock in Shanghai, so many days after the tests' day."""
    day = TODAY + timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def booked(starts_at: datetime, *, at: datetime = NOW, owner: User | None = None) -> Booking:
    owner = owner or UserFactory(email="lin@example.com", language="en")
    with time_machine.travel(at, tick=False):
        held = actions.hold(job=bookable_job(), starts_at=starts_at, holder=Holder(owner), at=at)
        return actions.confirm(booking=held, by=owner, holder=Holder(owner), contact=CONTACT, car=None, at=at)


def mails(at: datetime) -> int:
    return delivering.deliver(channel="email", clock=lambda: at)


def test_a_visit_is_told_of_once_at_six_on_the_evening_before() -> None:
    booking = booked(wall(2, 10))
    assert tomorrow.tell(at=wall(1, 17, 59)) == 0
    assert tomorrow.tell(at=wall(1, 18)) == 1
    assert tomorrow.tell(at=wall(1, 18, 5)) == 0
    message = Message.objects.get(kind="bookings/tomorrow")
    assert booking.shop.name_en in message.subject
    assert booking.number in message.body
    assert mails(wall(1, 18, 6)) == 1


@pytest.mark.parametrize(
    ("made", "starts", "due"),
    [
        (wall(1, 10), wall(2, 10), wall(1, 18)),  # eight hours before the evening
        (wall(1, 14), wall(2, 10), wall(1, 20)),  # four hours before it: six after it was booked
        (wall(1, 23), wall(2, 10), wall(2, 5)),
        (wall(2, 8), wall(2, 15), wall(2, 14)),
    ],
)
def test_one_booked_late_is_told_of_six_hours_later(made: datetime, starts: datetime, due: datetime) -> None:
    assert tomorrow.due_at(starts, said_at=made, zone=SHANGHAI) == due


def test_one_booked_a_moment_before_it_starts_is_not_told_of() -> None:
    booked(wall(2, 12), at=wall(2, 8))
    for hour in range(8, 20):
        assert tomorrow.tell(at=wall(2, hour)) == 0


def test_the_evening_is_the_shops_also_where_the_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    starts = datetime(2026, 10, 25, 9, tzinfo=berlin).astimezone(UTC)  # the clocks went back in the night
    due = tomorrow.due_at(starts, said_at=starts - timedelta(days=5), zone=berlin)
    assert due.astimezone(berlin) == datetime(2026, 10, 24, 18, tzinfo=berlin)
    assert due.tzinfo is UTC


def test_late_after_an_outage_it_is_told_until_it_starts_and_never_after() -> None:
    booked(wall(2, 10))
    assert tomorrow.tell(at=wall(2, 9, 30)) == 1
    booked(wall(3, 10), owner=UserFactory(email="ma@example.com"))
    assert tomorrow.tell(at=wall(3, 10)) == 0
    assert mails(wall(2, 10, 1)) == 0
    assert Message.objects.get(kind="bookings/tomorrow").dropped_for == "too_late"


def test_one_that_was_moved_is_told_of_for_its_new_day_and_not_for_the_old() -> None:
    booking = booked(wall(2, 10))
    assert tomorrow.tell(at=wall(1, 18)) == 1
    me = Actor(ActorRole.OWNER, booking.owner)
    actions.reschedule(booking=booking, starts_at=wall(4, 10), by=me, at=wall(1, 18, 1))
    assert mails(wall(1, 18, 2)) == 0
    assert Message.objects.get(kind="bookings/tomorrow").dropped_for == "not_true"
    assert tomorrow.tell(at=wall(2, 9)) == 0
    assert tomorrow.tell(at=wall(3, 18)) == 1
    assert mails(wall(3, 18)) == 1


def test_one_that_was_cancelled_is_not_told_of() -> None:
    booking = booked(wall(2, 10))
    actions.cancel(booking=booking, by=Actor(ActorRole.OWNER, booking.owner), at=NOW)
    assert tomorrow.tell(at=wall(1, 18)) == 0


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_tell_once() -> None:
    booked(wall(2, 10))
    both, told = threading.Barrier(2), []

    def run() -> None:
        try:
            both.wait(10)
            told.append(tomorrow.tell(at=wall(1, 18)))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [0, 1]
    assert Notice.objects.filter(kind="bookings/tomorrow").count() == 1
