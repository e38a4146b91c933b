"""What every gateway for text messages is."""

from __future__ import annotations

from typing import Protocol

from notifications.models import Message


class SmsGateway(Protocol):
    """Made for a batch and closed after it. Errors are those of `channels.base`."""

    def send(self, message: Message) -> str:
        """Hand one text over: `message.body` to `message.recipient` (E.164), known by `message.public_id`. The
        gateway's own number of it, empty if it gives none."""
        ...

    def ask(self, message: Message) -> str | None:
        """Whether it had a message whose outcome is not known: its number, or None if it never had it. Raises
        OutcomeUnknownError where it cannot say."""
        ...

    def close(self) -> None: ...
