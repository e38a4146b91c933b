"""Messages that were taken and came back: what the other side reports later, by mail or by call.

A report counts only for a message that we handed over, to the very address it names; whoever makes one up without
knowing both changes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from notifications import addresses, delivering, preferences, unsubscribing
from notifications.choices import AddressFault, Channel, MessageStatus, Topic
from notifications.models import Message

# What a report can still change. A message that is being handed over may be reported on before we have written that.
_HANDED_OVER = (MessageStatus.SENT, MessageStatus.UNKNOWN, MessageStatus.HANDING)
# An address whose last messages all came back, over so long, is treated as gone (product decision: a mailbox may be
# full, a phone off, for a day or two).
RETURNS, OVER = 3, timedelta(days=3)


@transaction.atomic
def undeliverable(
    *, channel: str, public_id: str, recipient: str, fault: AddressFault, said: str, at: datetime
) -> bool:
    """The address does not exist: nothing more is sent to it, and its owner is told another way. Whether it counts."""
    message = _handed_over(channel, public_id, recipient)
    if message is None:
        return False
    delivering.bounced(message=message, fault=fault, said=said, at=at)
    return True


@transaction.atomic
def not_delivered(*, channel: str, public_id: str, recipient: str, said: str, lasts: bool, at: datetime) -> bool:
    """It could not be delivered this time. Whether it counts.

    `lasts`: for a reason that may stay (a full mailbox, a phone that is off), so that an address to which nothing gets
    through for days is given up; else it was about this message (its text, its size, our name with the other side).
    """
    message = _handed_over(channel, public_id, recipient)
    if message is None:
        return False
    delivering.came_back(message=message, said=said, at=at)
    if lasts and _again_and_again(message):
        addresses.mark(channel=channel, recipient=message.recipient, fault=AddressFault.FULL, said=said, at=at)
    return True


@transaction.atomic
def delivered(*, channel: str, public_id: str, recipient: str, at: datetime) -> bool:
    """It arrived: news only for a message of which nobody knew. Whether it counts."""
    message = _handed_over(channel, public_id, recipient)
    if message is None:
        return False
    if message.status != MessageStatus.SENT:
        delivering.arrived(message=message, at=at)
    return True


@transaction.atomic
def complained(*, public_id: str, recipient: str, said: str, at: datetime) -> bool:
    """A reader called a letter spam: the topic is switched off for their e-mail, if it can be left. Whether it counts.

    A letter about a visit or money is none: they get the next one, too. Who has no account has no choice to switch, so
    an address of theirs gets nothing more.
    """
    message = _handed_over(Channel.EMAIL, public_id, recipient)
    if message is None:
        return False
    notice = message.notice
    if notice is None or notice.topic not in unsubscribing.CAN_BE_LEFT:
        return True
    if notice.person is not None:
        choices = {(Topic(notice.topic), Channel.EMAIL): False}
        preferences.choose(user=notice.person, choices=choices, at=at)
    else:
        fault = AddressFault.COMPLAINED
        addresses.mark(channel=Channel.EMAIL, recipient=message.recipient, fault=fault, said=said, at=at)
    return True


def stopped(*, phone: str, at: datetime) -> bool:
    """Whoever has the number (E.164) answered a text with "T": no more texts on anything that can be left. Whether
    somebody has it."""
    person = User.objects.filter(phone=phone, phone_verified_at__isnull=False, is_active=True).first()
    if person is None:
        return False
    preferences.choose(user=person, choices={(topic, Channel.SMS): False for topic in unsubscribing.CAN_BE_LEFT}, at=at)
    return True


def _handed_over(channel: str, public_id: str, recipient: str) -> Message | None:
    """The message, locked; None unless it went, or may have gone, to that very address."""
    ours = Message.objects.filter(channel=channel, public_id=public_id, status__in=_HANDED_OVER)
    message = ours.select_for_update(no_key=True).first()
    return message if message is not None and message.recipient.lower() == recipient.lower() else None


def _again_and_again(message: Message) -> bool:
    sent = Message.objects.filter(channel=message.channel, recipient__iexact=message.recipient, sent_at__isnull=False)
    newest = sent.order_by("-sent_at", "-pk")[:RETURNS]
    times = [other.sent_at for other in newest if other.status == MessageStatus.FAILED and other.sent_at is not None]
    return len(times) == RETURNS and times[0] - times[-1] >= OVER
