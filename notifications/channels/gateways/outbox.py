"""The local gateway: nothing leaves the machine."""

from __future__ import annotations

from notifications.channels.base import OutcomeUnknownError
from notifications.models import Message


class OutboxGateway:
    """Sends nothing: the row in the delivery log, shown in the developer outbox, is the message."""

    def send(self, message: Message) -> str:  # noqa: ARG002
        """Accept everything."""
        return ""

    def ask(self, message: Message) -> str | None:
        raise OutcomeUnknownError(message.public_id)

    def close(self) -> None:
        """Nothing to close."""
