"""SMS gateways. SMS_GATEWAY names the class; a gateway raises when it could not hand the message over."""

from __future__ import annotations

import json
from typing import Protocol
from urllib.request import Request, urlopen

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

TIMEOUT_SECONDS = 10


class SmsGateway(Protocol):
    """What sends an SMS. `recipient` is in E.164."""

    def send(self, *, recipient: str, text: str) -> None: ...


class OutboxSmsGateway:
    """Sends nothing: the row in the delivery log, shown in the developer outbox, is the message."""

    def send(self, *, recipient: str, text: str) -> None:
        """Do nothing."""


class HttpSmsGateway:
    """Posts `{"to": …, "text": …}` as JSON to SMS_GATEWAY_URL with SMS_GATEWAY_TOKEN as bearer token.

    Any answer but 2xx counts as a refusal.
    """

    def send(self, *, recipient: str, text: str) -> None:
        """Hand one SMS over. Raises OSError (or its HTTPError) when the gateway is away or refuses."""
        url = settings.SMS_GATEWAY_URL
        if not url.startswith(("https://", "http://")):
            raise ImproperlyConfigured("Set SMS_GATEWAY_URL to the gateway's http(s) address.")
        request = Request(  # noqa: S310  (the scheme is checked above)
            url,
            data=json.dumps({"to": recipient, "text": text}).encode(),
            headers={"Content-Type": "application/json", "Authorization": f"Bearer {settings.SMS_GATEWAY_TOKEN}"},
            method="POST",
        )
        with urlopen(request, timeout=TIMEOUT_SECONDS):  # noqa: S310
            pass
