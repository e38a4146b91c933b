"""Those who lead a shop read what others did to its bookings: in the inbox, and further only if they chose it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from bookings import actions, workshop
from bookings.actions import Actor
from bookings.choices import ActorRole
from bookings.engine.jobs import Job
from core import outbox
from notifications import preferences
from notifications.choices import Channel, Topic
from notifications.models import Message, Notice
from shops.choices import Role
from tests.bookings.test_availability import local
from tests.factories.accounts import UserFactory
from tests.factories.jobs import CONTACT, NOW, bookable_job
from tests.factories.shops import ShopMemberFactory

pytestmark = pytest.mark.django_db


def lead(job: Job) -> User:
    boss: User = ShopMemberFactory(shop=job.shop, user=UserFactory(language="en"), role=Role.MANAGER).user
    ShopMemberFactory(shop=job.shop, role=Role.ADVISOR)
    return boss


def told(boss: User) -> list[str]:
    """Which kinds the person is told newly, when every event is handled."""
    before = set(boss.notices.values_list("pk", flat=True))
    with time_machine.travel(NOW, tick=False):
        for event_id in outbox.due_ids(at=NOW + timedelta(days=1)):
            assert outbox.handle(event_id=event_id, at=NOW)
    assert not Notice.objects.filter(kind__startswith="bookings/shop_").exclude(person=boss).exists()
    return list(boss.notices.exclude(pk__in=before).order_by("pk").values_list("kind", flat=True))


def test_booked_moved_and_cancelled_by_the_owner_are_in_the_inbox_alone() -> None:
    job, owner = bookable_job(), UserFactory()
    boss, me = lead(job), Actor(ActorRole.OWNER, owner)
    booking = actions.book(job=job, starts_at=local(13), by=owner, contact=CONTACT, car=None, at=NOW)
    assert told(boss) == ["bookings/shop_booked"]
    notice = boss.notices.get()
    assert notice.path == f"/shop/{job.shop.slug}/visits/{booking.public_id}/"
    assert notice.title == "New booking: Minor service, Mon 23 Nov, 13:00"
    actions.reschedule(booking=booking, starts_at=local(15), by=me, at=NOW)
    assert told(boss) == ["bookings/shop_moved"]
    actions.cancel(booking=booking, by=me, at=NOW)
    assert told(boss) == ["bookings/shop_cancelled"]
    assert not Message.objects.filter(recipient=boss.email).exists()


def test_a_request_is_sent_to_who_chose_it_until_it_lapses() -> None:
    job = bookable_job(confirmation="by_hand")
    boss = lead(job)
    preferences.choose(user=boss, choices={(Topic.SHOP_VISITS, Channel.EMAIL): True}, at=timezone.now())
    asked = actions.book(job=job, starts_at=local(13), by=UserFactory(), contact=CONTACT, car=None, at=NOW)
    assert told(boss) == ["bookings/shop_requested"]
    message = Message.objects.get(recipient=boss.email)
    assert "Answer by" in message.body
    assert message.notice is not None
    assert message.notice.expires_at == asked.hold_expires_at
    workshop.accept(booking=asked, by=boss, at=NOW)
    assert told(boss) == []


def test_what_the_shop_did_itself_is_not_told() -> None:
    job = bookable_job()
    boss = lead(job)
    booking = actions.book(job=job, starts_at=local(13), by=UserFactory(), contact=CONTACT, car=None, at=NOW)
    told(boss)
    staff = Actor(ActorRole.STAFF, boss)
    actions.reschedule(booking=booking, starts_at=local(15), by=staff, at=NOW)
    actions.cancel(booking=booking, by=staff, at=NOW)
    assert told(boss) == []


def test_a_hold_that_is_given_up_is_not_told() -> None:
    job = bookable_job()
    boss, owner = lead(job), UserFactory()
    held = actions.hold(job=job, starts_at=local(13), holder=actions.Holder(owner), at=NOW)
    actions.cancel(booking=held, by=Actor(ActorRole.OWNER, owner), at=NOW)
    assert told(boss) == []
