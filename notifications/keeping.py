"""What the delivery log keeps about a person: for their export, and what goes with their account."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from accounts.models import User
from notifications.models import Message, Preference

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
        }
        for message in _messages(user)
    ]


def erase(user: User, at: datetime) -> None:  # noqa: ARG001  (the signature of accounts.privacy)
    """Empty the messages to the person's contacts; that something was sent, and when, stays in the log."""
    empty(_messages(user))


def empty(messages: QuerySet[Message]) -> None:
    """Take recipient and words out of rows of the log; that something was sent, and when, stays."""
    messages.update(recipient=ERASED, subject="", body="", error="")


def export_preference(user: User) -> str | None:
    """Where the person wants to read about their visits; None if they never chose."""
    return Preference.objects.filter(user=user).values_list("visit_channels", flat=True).first()


def erase_preference(user: User, at: datetime) -> None:  # noqa: ARG001  (the signature of accounts.privacy)
    """Forget the choice."""
    Preference.objects.filter(user=user).delete()


def _messages(user: User) -> QuerySet[Message]:
    contacts = [contact for contact in (user.email, user.phone) if contact]
    return Message.objects.filter(recipient__in=contacts)
