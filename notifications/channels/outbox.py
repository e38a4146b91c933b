"""The local e-mail backend: nothing leaves the machine."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class OutboxEmailBackend(BaseEmailBackend):
    """Sends nothing: the row in the delivery log, shown in the developer outbox, is the message."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Accept everything."""
        return len(email_messages)
