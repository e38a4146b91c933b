"""What an unreachable address was told goes to another address of the same person, where the topic matters enough."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from notifications import preferences
from notifications.choices import Channel, MessageStatus, Topic
from notifications.models import Message
from notifications.preferences import ALWAYS

_IN_VAIN = (MessageStatus.BOUNCED, MessageStatus.FAILED, MessageStatus.DROPPED)


def by_another_way(message: Message, *, at: datetime) -> Message | None:
    """Queue the words of a message that does not arrive for the next address that works, once; None if there is no
    other, the person is told by mail or text already, or the topic can wait for the inbox.

    A letter's rich form is dropped; an SMS carries the short words of the inbox and the site's address.
    """
    notice = message.notice
    if notice is None or notice.person is None or notice.topic not in ALWAYS:
        return None
    others = list(notice.messages.exclude(pk=message.pk))
    if any(other.channel != Channel.PUSH and other.status not in _IN_VAIN for other in others):
        return None
    told = {(other.channel, other.recipient) for other in (message, *others)}
    wishes = preferences.wishes_of([notice.person])[notice.person.pk]
    # A way they did not choose rather than none.
    for reach in (*wishes.reaches(Topic(notice.topic)), *wishes.reachable):
        if (reach.channel, reach.recipient) in told or reach.channel == Channel.PUSH:
            continue
        link = settings.SITE_URL.rstrip("/") + (notice.path or "/inbox/")
        is_sms = reach.channel == Channel.SMS
        return Message.objects.create(
            notice=notice,
            channel=reach.channel,
            kind=message.kind,
            recipient=reach.recipient,
            subject="" if is_sms else notice.title,
            body=f"[{settings.SITE_NAME}] {notice.text} {link}" if is_sms else f"{notice.text}\n\n{link}\n",
            status=MessageStatus.QUEUED,
            due_at=at,
        )
    return None
