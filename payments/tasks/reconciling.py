"""Celery entry points of reconciliation. Each run does whatever is to be done by now; running twice does it once."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from payments.providers import registry
from payments.reconciliation import book_check, comparing, reading_bills


@shared_task(name="payments.tasks.reconciling.reconcile")
def reconcile() -> int:
    """Read every bill that is there by now and compare it. Returns how many differences are open."""
    open_ones = 0
    for provider in registry.online():
        for day in reading_bills.days_to_read(provider.key, at=timezone.now()):
            reading_bills.read(provider=provider, day=day, at=timezone.now())
        open_ones += comparing.compare_all(provider=provider.key, at=timezone.now())
    return open_ones


@shared_task(name="payments.tasks.reconciling.check_books")
def check_books() -> bool:
    """Look at the books. Returns whether everything agrees."""
    return book_check.check(at=timezone.now()).is_balanced


@shared_task(name="payments.tasks.reconciling.check_books_fully")
def check_books_fully() -> bool:
    """Look at the books and at every entry in them."""
    return book_check.check(at=timezone.now(), is_full=True).is_balanced
