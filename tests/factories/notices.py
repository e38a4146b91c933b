"""Lines of an inbox, without the machine that tells them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import factory
from factory.django import DjangoModelFactory

from accounts.models import User
from notifications import addresses, preferences
from notifications.choices import AddressFault, Channel, MessageStatus, Topic
from notifications.models import ChannelState, Message, Notice, PushSubscription, SenderSlot
from notifications.quiet import Quiet
from tests.factories.accounts import UserFactory


class NoticeFactory(DjangoModelFactory[Notice]):
    """An unread line about a visit."""

    class Meta:
        model = Notice

    key = factory.Sequence(lambda n: f"test:{n}")
    kind = "bookings/ready"
    topic = Topic.VISITS
    person = factory.SubFactory(UserFactory)
    language = "en"
    title = factory.Sequence(lambda n: f"Car {n} is ready")
    text = "Pick it up until 18:00."
    path = "/bookings/"
    created_at = datetime(2026, 11, 20, 4, tzinfo=UTC)


def machine_at_work(at: datetime) -> User:
    """One row of everything that the machine for messages keeps, of one person, who is returned."""
    person = UserFactory()
    queued(NoticeFactory(person=person, created_at=at), "lin@example.com", cost_li=45)
    preferences.choose(user=person, choices={(Topic.VISITS, Channel.SMS): True}, at=at)
    preferences.keep_quiet(user=person, quiet=Quiet("Asia/Urumqi"), at=at)
    addresses.mark(channel=Channel.EMAIL, recipient="lin@example.com", fault=AddressFault.BOUNCED, said="550", at=at)
    PushSubscription.objects.create(
        user=person,
        endpoint="https://secret.example/",
        p256dh="secret-p",
        auth="secret-a",
        device="Firefox",
        created_at=at,
    )
    ChannelState.objects.create(channel=Channel.EMAIL, failures=3, paused_until=at, last_error="away")
    SenderSlot.objects.create(channel=Channel.EMAIL, number=1, held_by="x", held_until=at)
    return person


def queued(notice: Notice, recipient: str, **more: Any) -> Message:
    """A letter that carries the notice and waits."""
    values = {"channel": Channel.EMAIL, "status": MessageStatus.QUEUED, "due_at": notice.created_at, **more}
    return Message.objects.create(
        notice=notice, kind=notice.kind, recipient=recipient, subject=notice.title, body=notice.text, **values
    )
