"""A message as a letter: its text, its rich form, and the headers that mail programs and servers go by."""

from __future__ import annotations

from email.utils import formataddr, parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import translation
from django.utils.translation import gettext

from notifications import unsubscribing
from notifications.channels.base import AddressRefusedError, RefusedError
from notifications.choices import Channel, Topic
from notifications.models import Message


def letter_of(message: Message, connection: BaseEmailBackend) -> EmailMultiAlternatives:
    """The letter, ready to be sent. Raises RefusedError for a subject of several lines, AddressRefusedError for an
    address that no server takes."""
    if "\n" in message.subject or "\r" in message.subject:
        raise RefusedError("The subject has a line break.")
    local, _at, domain = message.recipient.rpartition("@")
    if not (local and domain and local.isascii()) or any(part.isspace() for part in message.recipient):
        raise AddressRefusedError("Not an e-mail address.")
    letter = EmailMultiAlternatives(
        subject=message.subject,
        body=message.body,
        from_email=envelope_sender(message),
        to=[message.recipient],
        headers=_headers(message),
        connection=connection,
    )
    if message.html:
        letter.attach_alternative(message.html, "text/html")
    return letter


def reference(message: Message) -> str:
    """The letter's Message-ID: the same each time the message is handed over."""
    return f"<{message.public_id}@{_host()}>"


def envelope_sender(message: Message) -> str:
    """Where the letter comes back to: BOUNCE_ADDRESS, in which {id} is the message's number; else who it is from."""
    address: str = settings.BOUNCE_ADDRESS or settings.DEFAULT_FROM_EMAIL
    return address.replace("{id}", message.public_id)


def sender_of(message: Message) -> str:
    """Who the letter is from: DEFAULT_FROM_EMAIL, its name as the reader's language has it."""
    name, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    with translation.override(message.notice.language if message.notice else None):
        return formataddr((gettext(name), address)) if name else address


def _headers(message: Message) -> dict[str, str]:
    headers = {
        "From": sender_of(message),
        "Message-ID": reference(message),
        # RFC 3834: nobody's absence notice answers it.
        "Auto-Submitted": "auto-generated",
    }
    notice = message.notice
    if notice is not None and notice.person is not None:
        leave = unsubscribing.address(notice.person, Topic(notice.topic), Channel.EMAIL)
        if leave:  # RFC 8058: one click in the mail program, without opening the letter
            headers["List-Unsubscribe"] = f"<{leave}>"
            headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _host() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"
