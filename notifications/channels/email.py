"""E-mail by SMTP, through Django's mail backend (EMAIL_URL)."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from notifications.channels.base import OutcomeUnknownError, Receipt
from notifications.models import Message


class EmailSender:
    """One connection for many letters."""

    def __enter__(self) -> Self:
        self.connection = get_connection()
        self.connection.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def send(self, message: Message) -> Receipt:
        """Hand a letter over. See `base.Sender`."""
        letter = EmailMultiAlternatives(
            subject=message.subject, body=message.body, to=[message.recipient], connection=self.connection
        )
        if message.html:
            letter.attach_alternative(message.html, "text/html")
        host = settings.SITE_URL.rpartition("/")[2].partition(":")[0]
        letter.extra_headers["Message-ID"] = reference = f"<{message.public_id}@{host}>"
        letter.send()
        return Receipt(reference=reference)

    def ask(self, message: Message) -> Receipt | None:
        """A mail server says nothing about a letter once it was handed over."""
        raise OutcomeUnknownError(message.public_id)
