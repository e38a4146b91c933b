"""Text messages, through the gateway that SMS_GATEWAY names."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from django.conf import settings
from django.utils.module_loading import import_string

from notifications.channels.base import OutcomeUnknownError, Receipt
from notifications.models import Message
from notifications.sms import SmsGateway


class SmsSender:
    """The gateway as a sender."""

    def __enter__(self) -> Self:
        self.gateway: SmsGateway = import_string(settings.SMS_GATEWAY)()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""

    def send(self, message: Message) -> Receipt:
        """Hand a text message over. See `base.Sender`."""
        self.gateway.send(recipient=message.recipient, text=message.body)
        return Receipt()

    def ask(self, message: Message) -> Receipt | None:
        """This gateway cannot say."""
        raise OutcomeUnknownError(message.public_id)
