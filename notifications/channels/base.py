"""What every channel is: hands one message over, and says what became of it.

A sender is used as a context: a connection is opened once for many messages. No transaction is open and no lock held
while it talks.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from notifications.choices import AddressFault
from notifications.models import Message


@dataclass(frozen=True, slots=True)
class Receipt:
    """The other side took it: under which number, and what that costs in thousandths of a yuan."""

    reference: str = ""
    cost_li: int = 0


class RefusedError(Exception):
    """The other side will never take this message; another one to the same address it may."""


class AddressRefusedError(Exception):
    """The address does not exist, or not any more."""

    def __init__(self, said: str, fault: AddressFault = AddressFault.BOUNCED) -> None:
        super().__init__(said)
        self.fault = fault


class TryLaterError(Exception):
    """Not now, as far as this message goes (greylisting, a limit for one number)."""


class ChannelDownError(Exception):
    """Nobody answers, or for nobody: nothing else is worth trying for a while."""


class OutcomeUnknownError(Exception):
    """It was handed over, and then there was silence."""


class Sender(Protocol):
    """A channel, opened."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def send(self, message: Message) -> Receipt:
        """Hand a message over. Raises one of the errors above; anything else counts as TryLaterError.

        It carries `message.public_id` in the channel's own way (Message-ID, OutId, Topic), so that the same message
        handed over twice can be recognised there.
        """
        ...

    def ask(self, message: Message) -> Receipt | None:
        """What became of a message whose outcome is not known: its receipt, or None if the other side never had it.

        Raises OutcomeUnknownError where the channel cannot say.
        """
        ...
