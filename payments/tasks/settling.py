"""Celery entry points of settlement and payouts. Any of them may run twice or beside itself: rows are claimed by locks
that others pass over, and a payout keeps its number."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from payments import payout_sending, payouts, settlement
from payments.payout_accounts import CHANNELS
from payments.providers import registry

# What one run takes on at most, well within a task's time limit; a longer queue is gone on with a minute later.
SETTLED_AT_MOST = 5000
SENT_AT_MOST = 20


@shared_task(name="payments.tasks.settling.settle_due")
def settle_due() -> int:
    """Settle what is due. Returns how many settlements were made."""
    return settlement.settle_due(at=timezone.now(), limit=SETTLED_AT_MOST)


@shared_task(name="payments.tasks.settling.make_payouts")
def make_payouts() -> int:
    """Make the payouts of the day through every provider that this installation has. Returns how many were made."""
    keys = [provider.key for provider in registry.online() if provider.key in CHANNELS]
    return sum(len(payouts.make_batch(channel=key, by=None, at=timezone.now()).payouts) for key in keys)


@shared_task(name="payments.tasks.settling.send_payouts")
def send_payouts() -> int:
    """Send payouts and ask about those on their way. Returns how many were tried."""
    return payout_sending.send_due(at=timezone.now(), limit=SENT_AT_MOST)
