"""The one door through which a message leaves the platform. Every message is a row in the delivery log."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import TemplateDoesNotExist
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.module_loading import import_string

from core import secret_addresses
from core.secret_addresses import MASK
from notifications.choices import Channel, MessageStatus
from notifications.models import Message
from notifications.sms import SmsGateway

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
    error = ""
    try:
        if channel == Channel.SMS:
            _gateway().send(recipient=recipient, text=body)
        else:
            _mail(recipient=recipient, subject=subject, body=body, html=html)
    except Exception as problem:  # whatever the server or its library raises
        # Its words and its traceback may repeat the message with its codes and links: the row has them masked.
        logger.error("message %s failed: %s", kind, type(problem).__name__)
        error = f"{type(problem).__name__}: {problem}"[:2000]
    if not settings.DEBUG:
        subject, body, error = (_without_secrets(text, codes=secret) for text in (subject, body, error))
    message = Message.objects.create(
        channel=channel,
        kind=kind,
        recipient=recipient,
        subject=subject[:200],
        body=body,
        status=MessageStatus.FAILED if error else MessageStatus.SENT,
        error=error,
    )
    if not error:
        logger.info("%s to %s (%s): %s", channel, recipient, kind, body if settings.DEBUG else subject)
    return message


def _without_secrets(text: str, *, codes: bool) -> str:
    text = secret_addresses.mask(text)
    return _CODE.sub(MASK, text) if codes else text


def send_template(
    *, channel: str, kind: str, recipient: str, context: Mapping[str, Any], language: str = "", secret: bool = False
) -> Message:
    """Render `kind` and send it; see `send`.

    An SMS is `templates/sms/<kind>.txt`; an e-mail is `templates/emails/<kind>_subject.txt`, `<kind>.txt` and, if
    there is one, `<kind>.html`. `language` is the recipient's (empty: the active one, that of the request).
    """
    with translation.override(language or translation.get_language()):
        values = {"site_name": str(settings.SITE_NAME), "site_url": settings.SITE_URL.rstrip("/"), **context}
        if channel == Channel.SMS:
            subject, html = "", ""
            body = " ".join(render_to_string(f"sms/{kind}.txt", values).split())
        else:
            subject = " ".join(render_to_string(f"emails/{kind}_subject.txt", values).split())
            body = render_to_string(f"emails/{kind}.txt", values).strip() + "\n"
            html = _html(kind, {**values, "subject": subject})
        return send(
            channel=channel, kind=kind, recipient=recipient, subject=subject, body=body, html=html, secret=secret
        )


def _html(kind: str, values: dict[str, Any]) -> str:
    try:
        return render_to_string(f"emails/{kind}.html", values)
    except TemplateDoesNotExist:
        return ""


def _mail(*, recipient: str, subject: str, body: str, html: str) -> None:
    message = EmailMultiAlternatives(subject=subject, body=body, to=[recipient])
    if html:
        message.attach_alternative(html, "text/html")
    message.send()


def _gateway() -> SmsGateway:
    gateway: SmsGateway = import_string(settings.SMS_GATEWAY)()
    return gateway
