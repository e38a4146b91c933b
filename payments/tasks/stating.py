"""Celery entry point of statements."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from payments.statements import closing


@shared_task(name="payments.tasks.stating.close_statements")
def close_statements() -> int:
    """Close the statements of periods that have ended. Running twice closes nothing twice."""
    return closing.close_ended(at=timezone.now())
