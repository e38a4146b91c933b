"""What is kept of messages about a person: given out on request, gone with the account."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.core import mail
from django.utils import timezone

from accounts import actions
from accounts.models import User
from notifications import addresses, delivering, delivery, kinds, preferences
from notifications.channels.base import AddressRefusedError, Receipt, TryLaterError
from notifications.choices import AddressFault, Channel, MessageStatus, Topic
from notifications.kinds import Kind
from notifications.models import ChannelChoice, Message, Notice, Preference, PushSubscription, UnreachableAddress
from notifications.quiet import Quiet
from tests.factories.accounts import UserFactory
from tests.factories.notices import NoticeFactory, queued

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 4, tzinfo=UTC)
MAIL, PHONE = "lin@example.com", "+8613800138001"


@pytest.fixture
def lin() -> User:
    kinds.register(Kind("bookings/ready", Topic.VISITS, "Test"))
    return UserFactory(email=MAIL, phone=PHONE)


def erase(person: User) -> None:
    actions.erase(user=person, at=timezone.now())


def test_messages_are_exported_and_erased_with_the_person() -> None:
    person = UserFactory(email="a@example.com", phone=PHONE)
    for recipient in ("a@example.com", PHONE, "other@example.com"):
        channel = "email" if "@" in recipient else "sms"
        delivery.send(channel=channel, kind="t", recipient=recipient, subject="s", body="your visit")
    exported = actions.export(user=person, at=timezone.now())["messages"]
    assert {message["recipient"] for message in exported} == {"a@example.com", PHONE}
    erase(person)
    assert set(Message.objects.values_list("recipient", "body")) == {("—", ""), ("other@example.com", "your visit")}


def test_inbox_choices_quiet_hours_and_browsers_are_exported(lin: User) -> None:
    NoticeFactory(person=lin, title="Ready", created_at=AT)
    NoticeFactory(title="of somebody else")
    preferences.choose(user=lin, choices={(Topic.REVIEWS, Channel.SMS): False}, at=AT)
    preferences.keep_quiet(user=lin, quiet=Quiet("Asia/Urumqi"), at=AT)
    PushSubscription.objects.create(user=lin, endpoint="https://secret", device="Firefox, Mac", created_at=AT)
    exported = actions.export(user=lin, at=AT)
    assert [(line["title"], line["read_at"]) for line in exported["inbox"]] == [("Ready", None)]
    assert exported["message_channels"] == {
        "quiet": {"zone": "Asia/Urumqi", "from": "21:00", "until": "09:00"},
        "channels": [{"topic": "reviews", "channel": "sms", "on": False}],
        "browsers": [{"device": "Firefox, Mac", "since": AT.isoformat()}],
    }


def test_nothing_of_an_erased_person_is_left_or_sent(lin: User) -> None:
    browser = PushSubscription.objects.create(user=lin, endpoint="https://secret", created_at=AT)
    notice = NoticeFactory(person=lin, title="Ms Lin")
    queued(notice, MAIL)
    queued(notice, browser.public_id, channel=Channel.PUSH)
    queued(NoticeFactory(person=lin), "old@example.com", status=MessageStatus.SENT, html="<p>")
    queued(NoticeFactory(person=None, in_inbox=False), PHONE, channel=Channel.SMS)  # told before they had an account
    preferences.choose(user=lin, choices={(Topic.REVIEWS, Channel.SMS): False}, at=AT)
    preferences.keep_quiet(user=lin, quiet=Quiet(), at=AT)
    addresses.mark(channel=Channel.EMAIL, recipient=MAIL, fault=AddressFault.FULL, said="", at=AT)
    erase(lin)
    for model in (Notice, ChannelChoice, Preference, PushSubscription, UnreachableAddress):
        assert not model.objects.exists(), model
    assert set(Message.objects.values_list("recipient", "subject", "body", "html", "error")) == {("—", "", "", "", "")}
    assert sorted(Message.objects.values_list("status", "dropped_for")) == [
        *[("dropped", "no_account")] * 3,
        ("sent", ""),
    ]
    for channel in Channel:
        assert delivering.deliver(channel=channel, clock=timezone.now) == 0
    assert not mail.outbox


class _ErasesMeanwhile:
    """A mail server at which the person is erased while it takes their letter."""

    answer: Exception | None = None

    def __enter__(self) -> _ErasesMeanwhile:
        return self

    def __exit__(self, *_: object) -> None: ...

    def send(self, message: Message) -> Receipt:
        erase(User.objects.get(email=message.recipient))
        if self.answer is not None:
            raise self.answer
        return Receipt()


@pytest.mark.parametrize("answer", [None, AddressRefusedError("550"), TryLaterError("450")])
def test_what_is_erased_while_it_is_handed_over_does_not_come_back(
    lin: User, answer: Exception | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = _ErasesMeanwhile()
    sender.answer = answer
    monkeypatch.setattr(delivering, "open_sender", lambda _channel: sender)
    preferences.choose(user=lin, choices={(Topic.VISITS, Channel.EMAIL): True}, at=AT)
    queued(NoticeFactory(person=lin), MAIL)
    delivering.deliver(channel=Channel.EMAIL, clock=timezone.now)
    message = Message.objects.get()
    assert (message.status, message.recipient, message.body, message.error) == (MessageStatus.UNKNOWN, "—", "", "")
    assert not UnreachableAddress.objects.exists()


def test_what_was_told_while_the_account_was_closed_is_emptied_when_its_turn_comes(lin: User) -> None:
    erase(lin)
    queued(NoticeFactory(person=User.objects.get()), MAIL)  # by somebody who had read the person before
    assert delivering.deliver(channel=Channel.EMAIL, clock=timezone.now) == 0
    message = Message.objects.get()
    assert (message.status, message.dropped_for, message.recipient, message.body) == ("dropped", "no_account", "—", "")
    assert not Notice.objects.exists()
