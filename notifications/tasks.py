"""Celery entry points of sending. Every channel has a queue of its own: one that hangs holds up no other."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from notifications import delivering, inbox

logger = logging.getLogger("notifications")


@shared_task
def deliver(channel: str) -> int:
    """Send what is due on a channel; see `notifications.delivering.deliver`."""
    return delivering.deliver(channel=channel, clock=timezone.now)


@shared_task
def sweep() -> list[str]:
    """Wake the senders of every channel with something to do: wake-ups that were lost, and what was put off."""
    channels = delivering.due_channels(at=timezone.now())
    for channel in channels:
        wake(channel)
    return channels


@shared_task
def forget_old() -> int:
    """Take lines out of inboxes after a year; see `notifications.inbox.forget_old`."""
    return inbox.forget_old(at=timezone.now())


def wake(channel: str) -> None:
    """Wake a sender of the channel. A dead broker is not an error: the sweep will find the rows."""
    try:
        deliver.apply_async(args=(channel,), queue=f"notices_{channel}", retry=False)
    except Exception:  # the broker is only a wake-up
        logger.warning("no broker to wake; messages by %s wait for the sweep", channel)
