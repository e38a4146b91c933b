"""Tables of the machine that tells people things (docs/adr/0024-one-machine-for-messages.md)."""

from notifications.models.channels import ChannelState, PushSubscription, SenderSlot, UnreachableAddress
from notifications.models.messages import Message, Notice
from notifications.models.people import ChannelChoice, Preference

__all__ = [
    "ChannelChoice",
    "ChannelState",
    "Message",
    "Notice",
    "Preference",
    "PushSubscription",
    "SenderSlot",
    "UnreachableAddress",
]
