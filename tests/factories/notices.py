"""Lines of an inbox, without the machine that tells them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import factory
from factory.django import DjangoModelFactory

from notifications.choices import Channel, MessageStatus, Topic
from notifications.models import Message, Notice
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


def queued(notice: Notice, recipient: str, **more: Any) -> Message:
    """A letter that carries the notice and waits."""
    values = {"channel": Channel.EMAIL, "status": MessageStatus.QUEUED, "due_at": notice.created_at, **more}
    return Message.objects.create(
        notice=notice, kind=notice.kind, recipient=recipient, subject=notice.title, body=notice.text, **values
    )
