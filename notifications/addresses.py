"""Addresses that cannot be reached: written down when the other side says so, until their owner proves them."""

from __future__ import annotations

from datetime import datetime

from accounts.contacts import Contact
from notifications.choices import AddressFault, Channel
from notifications.models import PushSubscription, UnreachableAddress


def mark(*, channel: str, recipient: str, fault: AddressFault, said: str, at: datetime) -> None:
    """Send nothing more to an address. A browser's subscription that is gone is removed. Twice is once."""
    if channel == Channel.PUSH:
        PushSubscription.objects.filter(public_id=recipient).delete()
        return
    UnreachableAddress.objects.get_or_create(
        channel=channel, recipient=recipient.lower(), defaults={"fault": fault, "note": said[:300], "since": at}
    )


def is_gone(*, channel: str, recipient: str) -> bool:
    """Whether nothing is sent to the address."""
    return UnreachableAddress.objects.filter(channel=channel, recipient=recipient.lower()).exists()


def works(*, channel: str, recipient: str) -> bool:
    """The owner has proved the address (a code that arrived, an answer): it is used again. Whether it was marked."""
    return bool(UnreachableAddress.objects.filter(channel=channel, recipient=recipient.lower()).delete()[0])


def proven(contact: Contact) -> None:
    """A code came back from the contact: it works, whatever was said of it."""
    works(channel=Channel.SMS if contact.is_phone else Channel.EMAIL, recipient=contact.value)
