"""The SMTP connection. It remembers how far a letter got: once its text has left, silence means that nobody knows."""

from __future__ import annotations

import smtplib

from django.core.mail.backends.smtp import EmailBackend

_GO_AHEAD = 354


class _Stages:
    """Mixed into a connection: the command that was sent last, and whether a letter's text is on its way."""

    command = ""
    is_handing = False

    def putcmd(self, cmd: str, args: str = "") -> None:
        self.command, self.is_handing = cmd.lower(), False
        super().putcmd(cmd, args)  # type: ignore[misc]

    def getreply(self) -> tuple[int, bytes]:
        code, said = super().getreply()  # type: ignore[misc]
        self.is_handing = self.command == "data" and code == _GO_AHEAD
        return code, said


class _Plain(_Stages, smtplib.SMTP):
    """SMTP, with STARTTLS where EMAIL_URL says so."""


class _Encrypted(_Stages, smtplib.SMTP_SSL):
    """SMTP inside TLS from the first byte."""


class SmtpBackend(EmailBackend):
    """Django's mail backend over such a connection (EMAIL_URL)."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _Encrypted if self.use_ssl else _Plain

    def forget(self) -> None:
        """Drop a connection that is of no use any more, without a word."""
        partial: smtplib.SMTP | None = self._partial_connection  # type: ignore[has-type]
        for connection in (self.connection, partial):
            if connection is not None:
                connection.close()
        self.connection = self._partial_connection = None
