"""Waking workers for money. Only a wake-up: sweeps (`payments.tasks.collecting`) find what nobody was woken for."""

from __future__ import annotations

import logging

from celery import Task
from django.db import transaction

from core import outbox
from core.models import OutboxEvent
from payments.models import Refund

logger = logging.getLogger(__name__)


def connect() -> None:
    """Have a worker send a refund as soon as it is asked for."""
    outbox.subscribe("refund.requested")(_refund_requested)


def notice_came(notice_id: int) -> None:
    """Have a worker look into a notice that was written down."""
    from payments.tasks.collecting import handle_notice  # tasks stand above what wakes them

    _wake(handle_notice, notice_id)


def _refund_requested(event: OutboxEvent) -> None:
    """A handler runs inside a transaction, where no provider is called: a task does that after it."""
    from payments.tasks.collecting import send_refund  # tasks stand above what wakes them

    refund_id = Refund.objects.filter(public_id=event.key).values_list("pk", flat=True).first()
    if refund_id is not None:
        transaction.on_commit(lambda: _wake(send_refund, refund_id), robust=True)


def _wake(task: Task[[int], object], row_id: int) -> None:
    try:
        task.apply_async(args=(row_id,), retry=False)
    except Exception:  # the broker is only a wake-up: the sweep will find the row
        logger.warning("no broker to wake: %s %s waits for the sweep", task.name, row_id)
