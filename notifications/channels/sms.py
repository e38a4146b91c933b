"""Text messages, through the gateway that SMS_GATEWAY names."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from django.conf import settings
from django.utils.module_loading import import_string

from notifications.channels.base import Receipt
from notifications.channels.gateways.base import SmsGateway
from notifications.models import Message

# 3GPP TS 23.038: what one seven-bit part may have; the second line takes two places each.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWICE = frozenset("^{}\\[~]|€")


class SmsSender:
    """The gateway as a sender."""

    def __enter__(self) -> Self:
        self.gateway: SmsGateway = import_string(settings.SMS_GATEWAY)()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gateway.close()

    def send(self, message: Message) -> Receipt:
        """Hand a text message over. See `base.Sender`."""
        return Receipt(self.gateway.send(message), cost_li(message))

    def ask(self, message: Message) -> Receipt | None:
        """Ask the gateway. See `base.Sender`."""
        reference = self.gateway.ask(message)
        return None if reference is None else Receipt(reference, cost_li(message))


def cost_li(message: Message) -> int:
    """What a text costs by SMS_PRICE_LI (thousandths of a yuan for a part): an estimate, the gateway's bill counts."""
    price: int = settings.SMS_PRICE_LI
    return parts(message.body, message.recipient) * price


def parts(text: str, recipient: str) -> int:
    """How many parts a text is sent in.

    Chinese networks count 70 characters, or 67 for each of several, in every script (gateways' terms); elsewhere plain
    Latin text has 160 or 153.
    """
    if not recipient.startswith("+86") and all(letter in _GSM or letter in _GSM_TWICE for letter in text):
        size, one, several = sum(2 if letter in _GSM_TWICE else 1 for letter in text), 160, 153
    else:
        size, one, several = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if size <= one else -(-size // several)
