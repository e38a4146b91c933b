"""E-mail, through Django's mail backend: SMTP (EMAIL_URL), or what a test or a machine without a server puts there."""

from __future__ import annotations

import smtplib
from types import TracebackType
from typing import Self

from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend

from notifications.channels import letters, smtp_answers
from notifications.channels.base import (
    ChannelDownError,
    OutcomeUnknownError,
    Receipt,
    RefusedError,
    TryLaterError,
)
from notifications.channels.smtp import SmtpBackend
from notifications.models import Message

# After so many letters in a row under which the connection broke, the server counts as gone.
MAX_SILENCES = 2


class EmailSender:
    """One connection for many letters, opened with the first. `silences`: letters in a row that it broke under."""

    def __enter__(self) -> Self:
        self.connection: BaseEmailBackend = get_connection()
        self.silences = 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.connection.close()
        except OSError:  # smtplib's errors are OSErrors: it did not say goodbye
            _forget(self.connection)

    def send(self, message: Message) -> Receipt:
        """Hand a letter over. See `base.Sender`; a connection that was used before and broke is opened anew, once."""
        letter = letters.letter_of(message, self.connection)
        if self.silences >= MAX_SILENCES:
            raise ChannelDownError("The connection broke again and again.")
        was_open = self._open()
        try:
            letter.send()
        except smtplib.SMTPServerDisconnected as error:
            is_hanging = isinstance(error.__context__, TimeoutError)
            if not was_open or is_hanging or _is_handing(self.connection):
                raise self._broken(error) from error
            _forget(self.connection)
            self._open()
            try:
                letter.send()
            except smtplib.SMTPException as again:
                raise self._broken(again) from again
        except smtplib.SMTPException as error:
            raise self._broken(error) from error
        except (ValueError, UnicodeError) as error:  # a header that cannot be written
            raise RefusedError(f"{type(error).__name__}: {error}") from error
        self.silences = 0
        return Receipt(reference=letters.reference(message))

    def ask(self, message: Message) -> Receipt | None:
        """A mail server says nothing about a letter once it was handed over."""
        raise OutcomeUnknownError(message.public_id)

    def _open(self) -> bool:
        """Connect if need be; whether a connection was there. Raises ChannelDownError."""
        if getattr(self.connection, "connection", None) is not None:
            return True
        try:
            self.connection.open()
        except OSError as error:  # refused, timed out, no such host, bad certificate, wrong password
            _forget(self.connection)
            raise ChannelDownError(f"{type(error).__name__}: {error}"[:300]) from error
        return False

    def _broken(self, error: smtplib.SMTPException) -> Exception:
        """What an error means; a connection of which nothing more can be expected is dropped."""
        if not isinstance(error, smtplib.SMTPServerDisconnected):
            self.silences = 0
            return smtp_answers.meaning(error)
        said, command = f"{type(error).__name__}: {error}"[:300], _command(self.connection)
        is_handing = _is_handing(self.connection)
        _forget(self.connection)
        if is_handing:
            self.silences += 1
            return OutcomeUnknownError(said)
        if command in ("rcpt", "data"):  # it may be about this recipient
            self.silences += 1
            return TryLaterError(said)
        return ChannelDownError(said)


def _is_handing(connection: BaseEmailBackend) -> bool:
    return bool(getattr(getattr(connection, "connection", None), "is_handing", False))


def _command(connection: BaseEmailBackend) -> str:
    return str(getattr(getattr(connection, "connection", None), "command", "")).partition(" ")[0]


def _forget(connection: BaseEmailBackend) -> None:
    if isinstance(connection, SmtpBackend):
        connection.forget()
