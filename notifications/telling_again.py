"""What an unreachable address was told goes to another address of the same person, where the topic matters enough."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from notifications import preferences
from notifications.choices import Channel, MessageStatus, Topic
from notifications.models import Message
from notifications.preferences import ALWAYS


def by_another_way(message: Message, *, at: datetime) -> Message | None:
    """Queue the words of a bounced message for the next address that works, once; None if there is no other, it has
    been told there, or the topic can wait for the inbox.

    A letter's rich form is dropped; an SMS carries the short words of the inbox and the site's address.
    """
    notice = message.notice
    if notice is None or notice.person is None or notice.topic not in ALWAYS:
        return None
    told = set(notice.messages.values_list("channel", flat=True))
    wishes = preferences.wishes_of([notice.person])[notice.person.pk]
    # A way they did not choose rather than none.
    for reach in (*wishes.reaches(Topic(notice.topic)), *wishes.reachable):
        if reach.channel in told or reach.channel == Channel.PUSH:
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
