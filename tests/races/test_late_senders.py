"""A sender that comes back after its lease changes nothing of what another has taken up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from notifications import delivering, kinds, telling
from notifications.channels.base import Receipt, TryLaterError
from notifications.choices import Channel, MessageStatus, Topic
from notifications.kinds import Kind
from notifications.models import Message
from tests.factories.accounts import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.race]
AT = datetime(2026, 11, 20, 4, tzinfo=UTC)
KIND = "contact_changed"


class Slow:
    """Hangs until somebody else has taken the message up, then fails."""

    def __enter__(self) -> Slow:
        return self

    def __exit__(self, *_: object) -> None: ...

    def send(self, message: Message) -> Receipt:
        Message.objects.filter(pk=message.pk).update(
            status=MessageStatus.HANDING, claimed_until=AT + 3 * delivering.LEASE
        )
        raise TryLaterError("451")

    def ask(self, message: Message) -> Receipt | None:
        """Nothing is known; while it was asked, another has queued, claimed and begun to send it."""
        Message.objects.filter(pk=message.pk).update(claimed_until=AT + 3 * delivering.LEASE)
        return None


@pytest.fixture(autouse=True)
def _channel(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds.register(Kind(KIND, Topic.PLATFORM, "Test"))
    monkeypatch.setattr(delivering, "open_sender", lambda _channel: Slow())
    person = UserFactory(email="a@example.com")
    telling.tell(kind=KIND, key="k", to=person, context={"old": "a", "new": "b"}, at=AT)


def test_who_fails_after_their_lease_does_not_queue_what_another_sends() -> None:
    delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT)
    assert Message.objects.get().status == MessageStatus.HANDING


def test_who_asked_too_long_does_not_queue_what_another_sends() -> None:
    Message.objects.update(status=MessageStatus.HANDING, claimed_until=AT, attempts=1)
    delivering.recover(channel=Channel.EMAIL, at=AT + timedelta(minutes=4))
    assert Message.objects.get().status == MessageStatus.HANDING
