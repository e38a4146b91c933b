"""Which sender stands behind each channel: NOTICE_SENDERS names a class for each."""

from __future__ import annotations

from django.conf import settings
from django.utils.module_loading import import_string

from notifications.channels.base import Sender


def open_sender(channel: str) -> Sender:
    """The sender of a channel, not entered yet."""
    sender: Sender = import_string(settings.NOTICE_SENDERS[channel])()
    return sender
