"""Many senders at once, and senders that die: each message leaves once, and none is lost."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest

from accounts.models import User
from core import faults
from notifications import delivering, kinds, telling
from notifications.channels.base import OutcomeUnknownError, Receipt
from notifications.choices import Channel, MessageStatus, Topic
from notifications.kinds import Kind
from notifications.models import Message, Notice, SenderSlot
from notifications.truth import Truth
from tests.factories.accounts import UserFactory
from tests.races.test_settling import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

Patch = pytest.MonkeyPatch
AT = datetime(2026, 11, 20, 4, tzinfo=UTC)
KIND = "contact_changed"
MESSAGES = 120


class Counting:
    """A channel that only counts."""

    sent: ClassVar[Counter[str]] = Counter()
    lock: ClassVar[threading.Lock] = threading.Lock()

    def __enter__(self) -> Counting:
        return self

    def __exit__(self, *_: object) -> None: ...

    def send(self, message: Message) -> Receipt:
        with self.lock:
            self.sent[message.public_id] += 1
        return Receipt()

    def ask(self, message: Message) -> Receipt | None:
        raise OutcomeUnknownError(message.public_id)


@pytest.fixture(autouse=True)
def _channel(monkeypatch: Patch) -> None:
    Counting.sent = Counter()
    kinds.register(Kind(KIND, Topic.REMINDERS, "Test"))
    monkeypatch.setattr(delivering, "open_sender", lambda _channel: Counting())
    monkeypatch.setattr("notifications.tasks.wake", lambda _channel: None)


def word(person: User, key: str) -> telling.Word:
    return telling.Word(kind=KIND, key=key, to=person, context={"old": "a", "new": "b"})


def send(at: datetime = AT) -> int:
    return delivering.deliver(channel=Channel.EMAIL, clock=lambda: at)


def test_the_same_told_by_eight_at_once_is_one_notice() -> None:
    person = UserFactory()
    ended = at_once(lambda _number: len(telling.tell_all([word(person, "same")], at=AT)), 8)
    assert ended == {"1": 1, "0": 7}
    assert Notice.objects.count() == Message.objects.count() == 1


def test_eight_senders_send_each_message_once(monkeypatch: Patch) -> None:
    monkeypatch.setattr(delivering, "SLOTS", 8)
    monkeypatch.setattr(delivering, "BATCH", 7)
    person = UserFactory()
    telling.tell_all([word(person, f"k{number}") for number in range(MESSAGES)], at=AT)
    at_once(lambda _number: send() >= 0, 8)
    assert len(Counting.sent) == MESSAGES
    assert set(Counting.sent.values()) == {1}
    assert set(Message.objects.values_list("status", flat=True)) == {MessageStatus.SENT}


def test_a_channel_has_no_more_senders_than_places() -> None:
    inside, most, lock = 0, 0, threading.Lock()
    enough = threading.Barrier(8)

    def hold(_number: int) -> bool:
        nonlocal inside, most
        enough.wait(20)
        with delivering._slot(Channel.EMAIL, AT) as is_ours:
            if is_ours:
                with lock:
                    inside += 1
                    most = max(most, inside)
            enough.wait(20)  # nobody leaves before all have asked
            with lock:
                inside -= is_ours
            return is_ours

    assert at_once(hold, 8) == {"True": delivering.SLOTS, "False": 8 - delivering.SLOTS}
    assert most == delivering.SLOTS
    assert not SenderSlot.objects.exclude(held_by="").exists()


class _DiedError(BaseException):
    """Stands for kill -9: nothing catches it, nothing is tidied up but what the database does."""


@pytest.mark.parametrize(
    ("seam", "left", "then"),
    [
        ("notifications.claimed", MessageStatus.CLAIMED, {1: 3}),
        # Nobody knows of the one that was in hand; its kind lets it go again, under the same number.
        ("notifications.handing", MessageStatus.HANDING, {1: 3}),
        ("notifications.handed", MessageStatus.HANDING, {1: 2, 2: 1}),
    ],
)
def test_a_sender_that_dies_loses_nothing(
    monkeypatch: Patch, seam: str, left: MessageStatus, then: dict[int, int]
) -> None:
    telling.tell_all([word(UserFactory(), f"k{number}") for number in range(3)], at=AT)

    def die(name: str) -> None:
        if name == seam:
            raise _DiedError

    with monkeypatch.context() as patch:
        patch.setattr(faults, "point", die)
        with pytest.raises(_DiedError):
            send()
    assert Message.objects.filter(status=left).exists()
    for minutes in (4, 10):
        send(AT + timedelta(minutes=minutes))
    assert Counter(Counting.sent.values()) == then
    assert set(Message.objects.values_list("status", flat=True)) == {MessageStatus.SENT}


def test_without_the_lock_a_message_leaves_twice(monkeypatch: Patch) -> None:
    def unlocked(channel: str, at: datetime) -> list[Message]:
        rows = list(Message.objects.filter(channel=channel, status=MessageStatus.QUEUED).select_related("notice"))
        met.wait(20)
        Message.objects.filter(pk__in=[row.pk for row in rows]).update(
            status=MessageStatus.CLAIMED, claimed_until=at + delivering.LEASE
        )
        met.wait(20)
        return rows

    met = threading.Barrier(2)
    telling.tell_all([word(UserFactory(), f"k{number}") for number in range(20)], at=AT)
    monkeypatch.setattr(delivering, "_claim", unlocked)
    # The second guard as well: the change of status that only one of them can make.
    monkeypatch.setattr(delivering, "_send", _sent_anyhow)
    at_once(lambda _number: _once() >= 0, 2)
    assert max(Counting.sent.values()) == 2


def _sent_anyhow(sender: Any, message: Message, *_: Any) -> bool:
    sender.send(message)
    return True


def _once() -> int:
    with delivering.open_sender(Channel.EMAIL) as sender:
        batch = delivering._claim(Channel.EMAIL, AT)
        return sum(delivering._send(sender, message, {}, Truth([]), lambda: AT) for message in batch)
