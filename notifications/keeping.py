"""What the delivery log keeps about a person: for their export, and what goes with their account."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from notifications import preferences
from notifications.choices import DropReason, MessageStatus
from notifications.models import (
    ChannelChoice,
    Message,
    Notice,
    Preference,
    PushSubscription,
    UnreachableAddress,
)

ERASED = "—"


def export(user: User) -> list[dict[str, Any]]:
    """Messages sent to the person's contacts, newest first; codes and secret links are masked as in the log."""
    return [
        {
            "sent_at": message.created_at.isoformat(),
            "channel": message.channel,
            "kind": message.kind,
            "recipient": message.recipient,
            "subject": message.subject,
            "text": message.body,
            "status": message.status,
        }
        for message in _messages(user)
    ]


def export_inbox(user: User) -> list[dict[str, Any]]:
    """What stands in the person's inbox, newest first."""
    return [
        {
            "told_at": notice.created_at.isoformat(),
            "topic": notice.topic,
            "title": notice.title,
            "text": notice.text,
            "read_at": notice.read_at.isoformat() if notice.read_at else None,
        }
        for notice in Notice.objects.inbox_of(user)
    ]


def erase(user: User, at: datetime) -> None:  # noqa: ARG001  (the signature of accounts.privacy)
    """Empty the messages to the person's contacts; that something was sent, and when, stays in the log. What was said
    of their addresses goes."""
    empty(_messages(user))
    contacts = [reach.recipient.lower() for reach in preferences.contacts_of(user)]
    UnreachableAddress.objects.filter(recipient__in=contacts).delete()


def erase_inbox(user: User, at: datetime) -> None:  # noqa: ARG001  (the signature of accounts.privacy)
    """Forget what the person was told on the site, whatever became of the messages."""
    Notice.objects.filter(person=user).delete()


def empty(messages: QuerySet[Message]) -> None:
    """Take recipient and words out of rows of the log, and what was told with them; that something was sent, and when,
    stays. What still waited is not sent; of what is being handed over just now nobody will know more
    (`delivering` writes nothing more to it)."""
    ids = list(messages.values_list("pk", flat=True))
    told = list(Notice.objects.filter(messages__in=ids).values_list("pk", flat=True))
    rows = Message.objects.filter(pk__in=ids)
    rows.filter(status__in=[MessageStatus.QUEUED, MessageStatus.CLAIMED]).update(
        status=MessageStatus.DROPPED, dropped_for=DropReason.NO_ACCOUNT, claimed_until=None
    )
    rows.filter(status=MessageStatus.HANDING).update(status=MessageStatus.UNKNOWN, claimed_until=None)
    rows.update(recipient=ERASED, notice=None, subject="", body="", html="", error="")
    Notice.objects.filter(pk__in=told).delete()


def export_preference(user: User) -> dict[str, Any]:
    """When the person is left alone, what they chose for each topic and channel, and which browsers are told."""
    preference = Preference.objects.filter(user=user).first()
    choices = ChannelChoice.objects.filter(user=user)
    return {
        "quiet": None
        if preference is None
        else {
            "zone": preference.zone,
            "from": f"{preference.quiet_from:%H:%M}",
            "until": f"{preference.quiet_until:%H:%M}",
        },
        "channels": [{"topic": row.topic, "channel": row.channel, "on": row.is_on} for row in choices],
        "browsers": [
            {"device": row.device, "since": row.created_at.isoformat()}
            for row in PushSubscription.objects.filter(user=user)
        ],
    }


def erase_preference(user: User, at: datetime) -> None:  # noqa: ARG001  (the signature of accounts.privacy)
    """Forget the choices, and the browsers that were told."""
    Preference.objects.filter(user=user).delete()
    ChannelChoice.objects.filter(user=user).delete()
    PushSubscription.objects.filter(user=user).delete()


def _messages(user: User) -> QuerySet[Message]:
    return Message.objects.to_person(user)
