"""One thing is told once, by the channels that people chose, and each channel goes its own way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import User
from core.strict_templates import MissingVariableError
from notifications import delivering, kinds, preferences, telling
from notifications.channels.base import ChannelDownError, Receipt
from notifications.choices import Channel, MessageStatus, Topic
from notifications.kinds import Kind
from notifications.models import ChannelState, Message, Notice

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 4, tzinfo=UTC)  # noon in Shanghai
KIND = "contact_changed"
FACTS = {"old": "a", "new": "b"}


@pytest.fixture(autouse=True)
def _kind() -> None:
    kinds.register(Kind(KIND, Topic.REMINDERS, "Test"))


@pytest.fixture
def owner() -> User:
    return User.objects.create_user(
        email="lin@example.com", phone="+8613800138001", phone_verified_at=AT, language="en"
    )


def told(owner: User, **more: Any) -> Notice | None:
    return telling.tell(**{"kind": KIND, "key": "k", "to": owner, "context": FACTS, "at": AT, **more})


def test_the_same_is_told_once(owner: User) -> None:
    assert told(owner) is not None
    assert told(owner) is None
    assert Notice.objects.count() == Message.objects.count() == 1


def test_a_variable_that_is_missing_stops_the_whole(owner: User) -> None:
    with pytest.raises(MissingVariableError, match="new"):
        told(owner, context={"old": "a"})
    assert not Notice.objects.exists()


def test_what_was_told_leaves_by_mail_with_a_number_of_its_own(owner: User) -> None:
    told(owner)
    assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT) == 1
    message = Message.objects.get()
    assert (message.status, message.attempts, message.html) == (MessageStatus.SENT, 1, "")
    assert mail.outbox[0].extra_headers["Message-ID"].startswith(f"<{message.public_id}@")
    assert "/unsubscribe/" in mail.outbox[0].body
    assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT) == 0


def test_who_switched_it_off_meanwhile_is_not_written_to(owner: User) -> None:
    told(owner)
    preferences.choose(user=owner, choices={(Topic.REMINDERS, Channel.EMAIL): False}, at=AT)
    assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT) == 0
    assert Message.objects.get().dropped_for == "switched_off"
    assert Notice.objects.get().in_inbox


def test_a_kind_that_waits_for_the_morning_waits(owner: User) -> None:
    kinds.register(Kind(KIND, Topic.REMINDERS, "Test", waits_for_morning=True))
    night = datetime(2026, 11, 20, 15, tzinfo=UTC)  # 23:00 in Shanghai
    told(owner, at=night)
    assert Message.objects.get().due_at == datetime(2026, 11, 21, 1, tzinfo=UTC)
    assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: night) == 0


def test_one_that_is_late_does_not_wake_anybody_either(owner: User) -> None:
    kinds.register(Kind(KIND, Topic.REMINDERS, "Test", waits_for_morning=True))
    evening, night = datetime(2026, 11, 20, 12, 50, tzinfo=UTC), datetime(2026, 11, 20, 15, tzinfo=UTC)
    told(owner, at=evening)
    assert Message.objects.get().due_at == evening
    assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: night) == 0
    morning = datetime(2026, 11, 21, 1, tzinfo=UTC)
    assert Message.objects.values_list("status", "due_at", "attempts").get() == ("queued", morning, 0)
    assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: morning) == 1


class _Down:
    def __enter__(self) -> _Down:
        return self

    def __exit__(self, *_: object) -> None: ...

    def send(self, _message: Message) -> Receipt:
        raise ChannelDownError("away")


def test_a_channel_that_is_down_is_paused_and_loses_nothing(owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        told(owner, key=f"k{number}")
    with monkeypatch.context() as patch:
        patch.setattr(delivering, "open_sender", lambda _channel: _Down())
        assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT) == 0
    assert set(Message.objects.values_list("status", "attempts")) == {("queued", 0)}
    assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT) == 0
    later = ChannelState.objects.get(channel="email").paused_until
    assert later == AT + timedelta(seconds=15)
    assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: later) == 3


def test_a_sender_that_died_before_it_handed_over_is_taken_up(owner: User) -> None:
    told(owner)
    Message.objects.update(status=MessageStatus.CLAIMED, claimed_until=AT, attempts=1)
    assert delivering.deliver(channel=Channel.EMAIL, clock=lambda: AT + timedelta(seconds=1)) == 1


@pytest.mark.parametrize(("again", "status"), [(True, "queued"), (False, "unknown")])
def test_what_nobody_knows_goes_again_only_where_its_kind_says_so(owner: User, again: bool, status: str) -> None:
    kinds.register(Kind(KIND, Topic.REMINDERS, "Test", again=again))
    told(owner)
    Message.objects.update(status=MessageStatus.HANDING, claimed_until=timezone.now(), attempts=1)
    delivering.recover(channel=Channel.EMAIL, at=timezone.now() + timedelta(seconds=1))
    assert Message.objects.get().status == status
