"""The door for what somebody waits for just now: codes, and letters about an account. Every message is a row in the
delivery log; everything else is told (`notifications.telling`) and leaves by the queue, through the same senders."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils import timezone, translation

from core import secret_addresses
from core.secret_addresses import MASK
from notifications import addresses, rendering
from notifications.channels.base import AddressRefusedError, OutcomeUnknownError
from notifications.channels.opening import open_sender
from notifications.choices import Channel, MessageStatus
from notifications.models import Message

logger = logging.getLogger("notifications")

_CODE = re.compile(r"\d{6}")


def send(  # noqa: PLR0913  (a message has that many parts, all named)
    *, channel: str, kind: str, recipient: str, subject: str, body: str, html: str = "", secret: bool = False
) -> Message:
    """Send one message now and return its row in the log; `status` says whether it was handed over. Never raises for a
    server that refuses.

    `channel` is "email" or "sms"; `kind` names the message ("sign_in_code"); `recipient` is an address or an E.164
    number; `html` joins an e-mail as its richer form. It talks to a server for up to EMAIL_TIMEOUT seconds: hold no row
    lock while calling. What was sent is kept without its secrets, except for the developer outbox (DEBUG): those of
    addresses that open something, and with `secret` six-digit codes. No row is sent a second time, a new message has
    new secrets.
    """
    message = Message(channel=channel, kind=kind, recipient=recipient, subject=subject, body=body, html=html)
    _hand_over(message)
    message.subject, message.body = (_kept(text, codes=secret) for text in (subject, body))
    message.subject, message.html = message.subject[:200], ""
    message.error = _kept(message.error, codes=secret)
    message.save()
    if message.status == MessageStatus.SENT:
        logger.info("%s to %s (%s): %s", channel, recipient, kind, body if settings.DEBUG else message.subject)
    return message


def _hand_over(message: Message) -> None:
    """Hand it over, whole, and write down what became of it; saves nothing of the message."""
    message.attempts = 1
    try:
        with open_sender(message.channel) as sender:
            receipt = sender.send(message)
    except Exception as problem:  # whatever the server or its library raises
        # Its words and its traceback may repeat the message with its codes and links: the row has them masked.
        logger.error("message %s failed: %s", message.kind, type(problem).__name__)
        message.error = f"{type(problem).__name__}: {problem}"[:2000]
        match problem:
            case AddressRefusedError():
                message.status = MessageStatus.BOUNCED
                addresses.mark(
                    channel=message.channel,
                    recipient=message.recipient,
                    fault=problem.fault,
                    said=_kept(str(problem), codes=True),
                    at=timezone.now(),
                )
            case OutcomeUnknownError():
                message.status = MessageStatus.UNKNOWN
            case _:
                message.status = MessageStatus.FAILED
    else:
        message.status, message.sent_at = MessageStatus.SENT, timezone.now()
        message.reference, message.cost_li = receipt.reference[:120], receipt.cost_li


def _kept(text: str, *, codes: bool) -> str:
    """What of a text may be kept."""
    if settings.DEBUG:
        return text
    text = secret_addresses.mask(text)
    return _CODE.sub(MASK, text) if codes else text


def send_template(
    *, channel: str, kind: str, recipient: str, context: Mapping[str, Any], language: str = "", secret: bool = False
) -> Message:
    """Render `kind` (`notifications.rendering`) and send it; see `send`.

    `language` is the recipient's (empty: the active one, that of the request). Raises MissingVariableError.
    """
    render = rendering.sms if channel == Channel.SMS else rendering.email
    words = render(kind, context, language or translation.get_language() or settings.LANGUAGE_CODE)
    return send(
        channel=channel,
        kind=kind,
        recipient=recipient,
        subject=words.subject,
        body=words.body,
        html=words.html,
        secret=secret,
    )
