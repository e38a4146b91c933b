"""What owners are told of their visits, how, and in which language."""

from datetime import timedelta

import pytest
from django.db import transaction

from accounts.models import User
from bookings import actions, workshop
from bookings.actions import Actor, Holder
from bookings.choices import ActorRole
from bookings.models import Booking
from core import outbox
from core.models import OutboxEvent
from notifications.models import Message
from tests.bookings.test_availability import local
from tests.factories import floor
from tests.factories.accounts import UserFactory
from tests.factories.jobs import CONTACT, NOW, bookable_job, browser

pytestmark = pytest.mark.django_db
ONE_PM = local(13)


def book(owner: User) -> Booking:
    job, holder = bookable_job(), Holder(user=owner)
    booking = actions.hold(job=job, starts_at=ONE_PM, holder=holder, at=NOW)
    return actions.confirm(booking=booking, by=owner, holder=holder, contact=CONTACT, car=None, at=NOW)


def deliver() -> list[Message]:
    """What the outbox has to say, sent now."""
    before = set(Message.objects.values_list("pk", flat=True))
    for event_id in outbox.due_ids(at=NOW + timedelta(days=1)):
        assert outbox.handle(event_id=event_id, at=NOW + timedelta(days=1))
    return list(Message.objects.exclude(pk__in=before).order_by("pk"))


def test_a_booking_is_confirmed_by_mail_in_the_owners_language() -> None:
    booking = book(UserFactory(email="lin@example.com", language="en"))
    (message,) = deliver()
    assert (message.channel, message.recipient) == ("email", "lin@example.com")
    assert message.subject == "Booked: Minor service, Mon 23 Nov, 13:00"
    for words in (booking.number, "¥268", booking.shop.name_en, f"/bookings/{booking.public_id}/"):
        assert words in message.body


def test_a_proven_number_gets_a_text_message() -> None:
    book(UserFactory(phone="+8613816420957", language="zh-hans"))
    (message,) = deliver()
    assert (message.channel, message.recipient) == ("sms", "+8613816420957")
    assert "小保养" in message.body
    assert "11月23日" in message.body


def test_moving_cancelling_and_ready_are_told_once_each() -> None:
    owner, staff = UserFactory(language="en"), UserFactory()
    booking = book(owner)
    deliver()
    me = Actor(ActorRole.OWNER, owner)
    actions.reschedule(booking=booking, starts_at=local(15), by=me, at=NOW)
    assert [m.kind for m in deliver()] == ["bookings/rescheduled"]
    workshop.check_in(booking=booking, odometer_km=100, by=staff, at=NOW)
    workshop.start(booking=booking, by=staff, at=NOW)
    assert [m.kind for m in deliver()] == ["bookings/checked_in"]
    floor.make_ready(booking, by=staff, at=NOW)
    assert [m.kind for m in deliver()] == ["bookings/ready"]
    other = book(owner)
    deliver()
    actions.cancel(booking=other, by=me, at=NOW)
    assert [m.kind for m in deliver()] == ["bookings/cancelled"]
    assert deliver() == []


def test_news_that_is_no_longer_true_is_not_sent() -> None:
    owner = UserFactory(language="en")
    booking = book(owner)
    actions.cancel(booking=booking, by=Actor(ActorRole.OWNER, owner), at=NOW)
    assert [m.kind for m in deliver()] == ["bookings/cancelled"]


def test_a_hold_that_is_given_up_tells_nobody() -> None:
    job = bookable_job()
    booking = actions.hold(job=job, starts_at=ONE_PM, holder=browser(), at=NOW)
    actions.cancel(booking=booking, by=actions.SYSTEM, at=NOW)
    assert deliver() == []
    assert OutboxEvent.objects.filter(topic="booking.cancelled", handled_at__isnull=False).exists()


def test_an_event_handled_again_after_a_crash_is_one_message() -> None:
    """Sending and marking are one transaction: a crash in between leaves neither."""
    book(UserFactory(language="en"))
    event = OutboxEvent.objects.get(topic="booking.confirmed")

    def crash() -> None:
        with transaction.atomic():
            outbox.handle(event_id=event.pk, at=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        crash()
    assert Message.objects.count() == 0
    assert len(deliver()) == 1


def test_a_request_accepted_after_the_free_time_promises_no_free_cancelling() -> None:
    owner = UserFactory(email="lin@example.com", language="en")
    job = bookable_job(confirmation="by_hand", free_cancel_minutes=24 * 60, late_cancel_fee_percent=20)
    start = NOW + timedelta(hours=3)
    asked = actions.book(job=job, starts_at=start, by=owner, contact=CONTACT, car=None, at=NOW)
    deliver()
    workshop.accept(booking=asked, by=UserFactory(), at=NOW + timedelta(minutes=5))
    accepted = deliver()[-1]
    assert "Cancelling costs ¥16.80." in accepted.body
    assert "free until" not in accepted.body
