"""A gateway of one's own: anything that takes JSON over HTTP."""

from __future__ import annotations

import requests
from django.conf import settings

from notifications.channels import calling
from notifications.channels.base import ChannelDownError, OutcomeUnknownError, RefusedError, TryLaterError
from notifications.models import Message


class HttpGateway:
    """Posts `{"id": …, "to": …, "text": …}` to SMS_GATEWAY_URL with SMS_GATEWAY_TOKEN as bearer token.

    The same message handed over twice has the same `id`. An answer 2xx takes it (`{"id": …}` in it is the gateway's own
    number), a redirect, 401, 403 and 503 concern every message, 429 and other 5xx this one for now, other 4xx for good.
    """

    def __init__(self) -> None:
        self.session = requests.Session()

    def send(self, message: Message) -> str:
        """Hand one text over. See `gateways.base`."""
        url = settings.SMS_GATEWAY_URL
        if not url.startswith(("https://", "http://")):
            raise ChannelDownError("Set SMS_GATEWAY_URL to the gateway's http(s) address.")
        answer = calling.post(
            self.session,
            url,
            json={"id": message.public_id, "to": message.recipient, "text": message.body},
            headers={"Authorization": f"Bearer {settings.SMS_GATEWAY_TOKEN}"},
        )
        if 200 <= answer.status_code < 300:
            return _number(answer)
        said = f"{answer.status_code} {answer.reason}"
        if answer.status_code < 400 or answer.status_code in (401, 403, 503):
            raise ChannelDownError(said)
        raise TryLaterError(said) if answer.status_code == 429 or answer.status_code >= 500 else RefusedError(said)

    def ask(self, message: Message) -> str | None:
        """This gateway cannot say."""
        raise OutcomeUnknownError(message.public_id)

    def close(self) -> None:
        self.session.close()


def _number(answer: requests.Response) -> str:
    try:
        said = answer.json()
    except requests.JSONDecodeError:
        return ""
    number = said.get("id") if isinstance(said, dict) else None
    return number if isinstance(number, str) else ""
