"""Celery entry points of payments, refunds and notices. A task is a wake-up for a row: what is due says the database.

Every row is claimed before its provider is called (`*_if_due`, `send`, `handle`), so two beats, a task delivered twice
or a killed worker do no harm. A call to a provider ends after a minute at most (`payments.providers.http`), a task is
asked to end after 100 seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from payments import collecting, freezing, notices, refund_sending

# A sweep takes up new rows for so long; then the next one goes on. A last slow call still ends before the task must.
_SWEEP_SECONDS = 25
_MOST_ROWS = 200
# After so many rows without an answer a provider is left alone until the next sweep.
_MOST_SILENT = 3


@shared_task(name="payments.tasks.collecting.ask_payment")
def ask_payment(payment_id: int) -> bool:
    """Ask where a payment stands, if that is due."""
    return collecting.ask_if_due(payment_id=payment_id, at=timezone.now())


@shared_task(name="payments.tasks.collecting.send_refund")
def send_refund(refund_id: int) -> bool:
    """Send a refund, or ask about it, if that is due."""
    return refund_sending.send(refund_id=refund_id, at=timezone.now())


@shared_task(name="payments.tasks.collecting.handle_notice")
def handle_notice(notice_id: int) -> bool:
    """Look into a notice, if nobody has."""
    return notices.handle(notice_id=notice_id, at=timezone.now())


@shared_task(name="payments.tasks.collecting.sweep")
def sweep() -> None:
    """Have everything done that is due, each provider by a task of its own: one that is slow keeps no other waiting."""
    for provider in settings.PAYMENT_PROVIDERS:
        sweep_provider.apply_async(args=(provider,), expires=30)


@shared_task(name="payments.tasks.collecting.sweep_provider")
def sweep_provider(provider: str) -> int:
    """Notices, payments and refunds of a provider that are due: those whose wake-up was lost and those whose time has
    come again. Returns how many were answered."""
    answered, silent, end = 0, 0, time.monotonic() + _SWEEP_SECONDS
    for do in _due(provider):
        if time.monotonic() > end or silent >= _MOST_SILENT:
            break
        if do():
            answered, silent = answered + 1, 0
        else:
            silent += 1
    return answered


def _due(provider: str) -> Iterator[Callable[[], bool]]:
    now = timezone.now()
    for pk in notices.due_ids(provider=provider, at=now, limit=_MOST_ROWS):
        yield partial(handle_notice, pk)
    for pk in collecting.due_ids(provider=provider, at=now, limit=_MOST_ROWS):
        yield partial(ask_payment, pk)
    for pk in refund_sending.due_ids(provider=provider, at=now, limit=_MOST_ROWS):
        yield partial(send_refund, pk)


@shared_task(name="payments.tasks.collecting.watch_freezes")
def watch_freezes() -> int:
    """Raise alarms about money that its provider will soon release by itself. Returns how many payments that are."""
    return freezing.warn(at=timezone.now())


@shared_task(name="payments.tasks.collecting.forget_notices")
def forget_notices() -> int:
    """Remove old notices; see `payments.notices.forget_old`."""
    return notices.forget_old(at=timezone.now())
