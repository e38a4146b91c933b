"""What waits goes to whom it was meant for, where they are now: addresses change, bounce, and move to others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from accounts.models import User
from notifications import addresses, delivering, keeping, kinds, telling
from notifications.choices import AddressFault, Channel, DropReason, MessageStatus, Topic
from notifications.kinds import Kind
from notifications.models import Message, Notice
from notifications.preferences import Reach

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 4, tzinfo=UTC)  # noon in Shanghai
LATER = AT + timedelta(hours=1)
KIND = "contact_changed"


@pytest.fixture
def owner() -> User:
    return User.objects.create_user(
        email="lin@example.com", phone="+8613800138001", phone_verified_at=AT, language="en"
    )


def told(to: User | Reach, topic: Topic = Topic.PLATFORM, **more: object) -> Notice | None:
    kinds.register(Kind(KIND, topic, "Test", **more))
    return telling.tell(kind=KIND, key="k", to=to, context={"old": "a", "new": "b"}, at=AT, due_at=LATER)


def sent(channel: Channel = Channel.EMAIL) -> int:
    return delivering.deliver(channel=channel, clock=lambda: LATER)


def test_what_waits_for_an_address_that_is_found_gone_goes_another_way(owner: User) -> None:
    told(owner)
    addresses.mark(channel=Channel.EMAIL, recipient="lin@example.com", fault=AddressFault.BOUNCED, said="5.1.1", at=AT)
    assert sent() == 0
    other = Message.objects.exclude(status=MessageStatus.DROPPED).get()
    assert (other.channel, other.recipient) == (Channel.SMS, "+8613800138001")
    assert sent(Channel.SMS) == 1


def test_what_waits_for_an_address_that_was_changed_goes_to_the_new_one(owner: User) -> None:
    told(owner)
    User.objects.filter(pk=owner.pk).update(email="new@example.com")
    sent(), sent()
    assert [letter.to for letter in mail.outbox] == [["new@example.com"]]


def test_what_can_be_left_is_not_sent_to_an_address_that_was_changed(owner: User) -> None:
    told(owner, Topic.REMINDERS)
    User.objects.filter(pk=owner.pk).update(email="new@example.com")
    assert sent() == sent() == 0
    assert not mail.outbox


def test_what_was_told_to_a_deleted_person_is_not_sent(owner: User) -> None:
    told(owner)
    Notice.objects.all().delete()
    assert sent() == 0
    assert Message.objects.get().dropped_for == DropReason.NO_ACCOUNT


def test_a_letter_to_an_address_left_behind_goes_with_the_account(owner: User) -> None:
    told(owner)
    owner.email = "new@example.com"
    owner.save(update_fields=["email"])
    keeping.erase(owner, AT)
    keeping.erase_inbox(owner, AT)
    assert sent() == 0
    assert not mail.outbox


def test_nobody_without_an_account_is_written_to_where_no_mailbox_is() -> None:
    addresses.mark(channel=Channel.EMAIL, recipient="no@example.com", fault=AddressFault.BOUNCED, said="550", at=AT)
    told(Reach(Channel.EMAIL, "no@example.com"))
    assert sent() == 0
    assert Message.objects.get().dropped_for == DropReason.UNREACHABLE


def test_who_has_a_number_now_gets_nothing_of_what_was_told_to_who_had_it_before(owner: User) -> None:
    told(owner, Topic.VISITS)
    sent(Channel.SMS)
    User.objects.filter(pk=owner.pk).update(phone=None, phone_verified_at=None)
    heir = User.objects.create_user(phone="+8613800138001", phone_verified_at=LATER)
    assert keeping.export(heir) == []
    keeping.erase(heir, LATER)
    assert Notice.objects.inbox_of(owner).exists()


def test_one_message_of_which_nobody_can_say_whether_it_is_true_holds_up_no_other(owner: User) -> None:
    def fails(notice: Notice) -> bool:
        raise ValueError(notice.key)

    told(owner, still=fails)
    kinds.register(Kind("payments/test", Topic.PLATFORM, "Test"))
    message = Message.objects.get()
    other = Message.objects.create(
        notice=None,
        kind=KIND,
        channel=Channel.EMAIL,
        recipient="x@example.com",
        subject="s",
        body="b",
        status=MessageStatus.QUEUED,
        due_at=LATER,
    )
    other.notice = Notice.objects.create(
        key="k2",
        kind="payments/test",
        topic=Topic.PLATFORM,
        language="en",
        title="t",
        text="t",
        in_inbox=False,
        created_at=AT,
    )
    other.save()
    assert sent() == 1
    message.refresh_from_db()
    assert (message.status, message.attempts) == (MessageStatus.QUEUED, 1)
    assert "ValueError" in message.error


def test_a_browser_that_is_gone_brings_no_second_message_to_who_got_a_text(owner: User) -> None:
    told(owner, Topic.VISITS)
    message = Message.objects.create(
        notice=Notice.objects.get(),
        kind=KIND,
        channel=Channel.PUSH,
        recipient="gone",
        status=MessageStatus.QUEUED,
        due_at=LATER,
    )
    delivering.bounced(message=message, fault=AddressFault.BOUNCED, said="410", at=LATER)
    assert set(Message.objects.values_list("channel", flat=True)) == {Channel.SMS, Channel.PUSH}
