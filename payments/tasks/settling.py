"""Celery entry points of settlement and payouts. Any of them may run twice or beside itself: rows are claimed by locks
that others pass over, and a payout keeps its number."""

from __future__ import annotations

import time
from collections.abc import Callable

from celery import shared_task
from django.utils import timezone

from payments import payout_sending, payouts, settlement
from payments.payout_accounts import CHANNELS
from payments.providers import registry

# For how long one run takes on new work: well within the time limit of a task. What is left is gone on with later.
_SECONDS = 45
_SETTLED_AT_ONCE = 200


@shared_task(name="payments.tasks.settling.settle_due")
def settle_due() -> int:
    """Settle what is due. Returns how many settlements were made."""
    return _for_a_while(lambda: settlement.settle_due(at=timezone.now(), limit=_SETTLED_AT_ONCE))


@shared_task(name="payments.tasks.settling.make_payouts")
def make_payouts() -> int:
    """Make the payouts of the day through every provider that this installation has. Returns how many were made."""
    keys = [provider.key for provider in registry.online() if provider.key in CHANNELS]
    return sum(len(payouts.make_batch(channel=key, by=None, at=timezone.now()).payouts) for key in keys)


@shared_task(name="payments.tasks.settling.send_payouts")
def send_payouts() -> int:
    """Send payouts and ask about those on their way. Returns how many were tried."""
    return _for_a_while(lambda: payout_sending.send_due(at=timezone.now(), limit=1))


def _for_a_while(work: Callable[[], int]) -> int:
    """Repeat work until it finds nothing more to do, or the time is over; the sum of what it did."""
    ends, total = time.monotonic() + _SECONDS, 0
    while time.monotonic() < ends:
        done = work()
        if not done:
            break
        total += done
    return total
