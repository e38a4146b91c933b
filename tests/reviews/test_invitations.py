"""Owners are asked once, by day, and reminded once: whatever crashes, doubles or races."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction

from bookings.choices import EventKind
from bookings.models import Booking
from core import outbox
from core.models import OutboxEvent
from notifications import delivering
from notifications.models import Message
from reviews import answering, invitations
from reviews.limits import INVITE_AFTER, REMIND_AFTER, REVIEW_WITHIN
from reviews.models import ReviewInvitation
from tests.factories.accounts import UserFactory
from tests.factories.reviews import review, reviewable_visit
from tests.factories.shops import ShopMemberFactory, open_shop

pytestmark = pytest.mark.django_db
SHANGHAI = ZoneInfo("Asia/Shanghai")


def wall(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def handed_over(at: datetime, **fields: object) -> Booking:
    """A visit that the shop handed over at `at`, and what is heard of it."""
    starts_at = at - timedelta(minutes=60)
    booking = reviewable_visit(open_shop(), starts_at=starts_at, **fields)
    hear(booking)
    return booking


def hear(booking: Booking) -> None:
    event = OutboxEvent(topic=f"booking.{EventKind.COMPLETED}", key=booking.public_id, due_at=booking.completed_at)
    invitations.invite(event)


def sent() -> list[str]:
    return list(Message.objects.order_by("pk").values_list("kind", flat=True))


# --- When -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hour", "minute", "due"),
    [
        (8, 0, wall(23, 11)),
        (16, 59, wall(23, 19, 59)),
        (17, 0, wall(24, 9)),
        (20, 0, wall(24, 9)),
        (3, 0, wall(23, 9)),
    ],
)
def test_the_invitation_comes_some_hours_later_and_by_day(hour: int, minute: int, due: datetime) -> None:
    booking = handed_over(wall(23, hour, minute))
    row = ReviewInvitation.objects.get(booking=booking)
    assert row.due_at == due
    assert invitations.FROM <= row.remind_at.astimezone(SHANGHAI).time() < invitations.UNTIL
    assert row.remind_at >= due + REMIND_AFTER


def test_the_day_is_the_shops() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    night = datetime(2026, 10, 24, 23, 0, tzinfo=berlin)  # the clocks go back in this night
    morning = invitations.by_day(night.astimezone(UTC), zone=berlin)
    assert morning.astimezone(berlin) == datetime(2026, 10, 25, 9, 0, tzinfo=berlin)


def test_late_after_an_outage_the_night_is_left_alone() -> None:
    booking = handed_over(wall(23, 10))
    assert invitations.sweep(at=wall(23, 22)) == 0
    assert ReviewInvitation.objects.get(booking=booking).due_at == wall(24, 9)
    assert invitations.sweep(at=wall(24, 9)) == 1


# --- Whom -------------------------------------------------------------------------------------------


def test_heard_twice_it_is_written_once() -> None:
    booking = handed_over(wall(23, 10))
    hear(booking)
    assert ReviewInvitation.objects.count() == 1


def test_a_visit_without_an_account_is_not_asked_about() -> None:
    handed_over(wall(23, 10), owner=None)
    assert not ReviewInvitation.objects.exists()


def test_who_works_at_the_shop_is_not_asked() -> None:
    booking = reviewable_visit(open_shop())
    ShopMemberFactory(shop=booking.shop, user=booking.owner)
    hear(booking)
    assert not ReviewInvitation.objects.exists()


def test_a_comeback_is_not_asked_about() -> None:
    first = reviewable_visit(open_shop())
    free = {"labour_fen": 0, "parts_fen": 0}
    hear(reviewable_visit(first.shop, owner=first.owner, comeback_of=first, **free))
    assert not ReviewInvitation.objects.exists()


def test_what_never_happened_is_silent() -> None:
    booking = reviewable_visit(open_shop())
    with outbox.silence():
        outbox.emit(topic=f"booking.{EventKind.COMPLETED}", key=booking.public_id, at=booking.completed_at)
    assert not OutboxEvent.objects.filter(key=booking.public_id).exists()


# --- Once -------------------------------------------------------------------------------------------


def test_one_invitation_and_one_reminder_and_never_more() -> None:
    booking = handed_over(wall(1, 10))
    for day in range(1, 30):
        for hour in (9, 14, 19):
            invitations.sweep(at=wall(day, hour))
    assert sent() == ["reviews/invitation", "reviews/reminder"]
    row = ReviewInvitation.objects.get(booking=booking)
    assert row.sent_at == wall(1, 14)
    assert row.reminded_at == row.ended_at == wall(7, 14)


def test_nothing_is_sent_before_its_time() -> None:
    handed_over(wall(23, 10))
    assert invitations.sweep(at=wall(23, 10) + INVITE_AFTER - timedelta(seconds=1)) == 0
    assert invitations.sweep(at=wall(23, 10) + INVITE_AFTER) == 1


@pytest.mark.parametrize("word", ["review", "happy", "closed account", "own shop"])
def test_after_a_word_nothing_more_is_sent(word: str) -> None:
    booking = handed_over(wall(1, 10))
    assert invitations.sweep(at=wall(1, 14)) == 1
    if word == "review":
        review(booking, at=wall(1, 15))
    elif word == "happy":
        answering.answer(booking=booking, by=booking.owner, is_happy=True, at=wall(1, 15))
    elif word == "own shop":
        ShopMemberFactory(shop=booking.shop, user=booking.owner)
    else:
        booking.owner.is_active = False
        booking.owner.save()
    assert invitations.sweep(at=wall(10, 12)) == 0
    assert ReviewInvitation.objects.get(booking=booking).ended_at is not None
    assert sent() == ["reviews/invitation"]


def test_after_the_window_nothing_is_sent() -> None:
    booking = handed_over(wall(1, 10))
    invitations.sweep(at=invitations.by_day(wall(1, 10) + REVIEW_WITHIN + timedelta(hours=1), zone=SHANGHAI))
    assert sent() == []
    assert ReviewInvitation.objects.get(booking=booking).ended_at is not None


def test_a_crash_between_mark_and_message_loses_nothing_and_sends_nothing_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class KilledError(Exception):
        pass

    def die(name: str) -> None:
        assert name == "reviews.invitation_marked"
        raise KilledError

    booking = handed_over(wall(1, 10))
    with monkeypatch.context() as patched:
        patched.setattr(invitations.faults, "point", die)
        with pytest.raises(KilledError):
            invitations.sweep(at=wall(1, 14))
    assert ReviewInvitation.objects.get(booking=booking).sent_at is None
    assert sent() == []
    assert invitations.sweep(at=wall(1, 15)) == 1
    assert invitations.sweep(at=wall(1, 16)) == 0
    assert sent() == ["reviews/invitation"]


def test_who_has_answered_meanwhile_is_not_written_to() -> None:
    booking = handed_over(wall(1, 10))
    invitations.sweep(at=wall(1, 14))
    answering.answer(booking=booking, by=booking.owner, is_happy=True, words="", at=wall(1, 14, 1))
    delivering.deliver(channel="email", clock=lambda: wall(1, 14, 2))
    assert Message.objects.get().dropped_for == "not_true"


def test_the_message_is_in_the_owners_language_and_leads_to_the_question() -> None:
    booking = handed_over(wall(1, 10), owner=UserFactory(language="en"))
    invitations.sweep(at=wall(1, 14))
    message = Message.objects.get()
    assert message.subject == f"How was it at {booking.shop.name_en}?"
    assert f"/bookings/{booking.public_id}/answer/" in message.body
    assert "Minor service" in message.body


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_send_one_message() -> None:
    handed_over(wall(1, 10))
    claimed, both = threading.Barrier(2), []

    def run() -> None:
        try:
            claimed.wait(10)
            both.append(invitations.sweep(at=wall(1, 14)))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(both) == [0, 1]
    assert sent() == ["reviews/invitation"]


@pytest.mark.django_db(transaction=True)
def test_a_row_that_another_sweep_holds_is_left_to_it() -> None:
    booking = handed_over(wall(1, 10))
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                ReviewInvitation.objects.select_for_update().get(booking=booking)
                held.set()
                done.wait(10)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    assert invitations.sweep(at=wall(1, 14)) == 0
    done.set()
    thread.join()
    assert invitations.sweep(at=wall(1, 14)) == 1
