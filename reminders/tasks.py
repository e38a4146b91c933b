"""Celery entry points of reminders."""

from time import monotonic

from celery import shared_task
from django.utils import timezone

from reminders.computing import recompute, staleness

# Turns of this many seconds, well below the limit of a task.
TURN_SECONDS = 60


@shared_task
def compute_due() -> int:
    """Compute what cars need, those that have changed first. Two at once share the cars. Returns how many were; what
    is left at the end of a turn waits for the next."""
    until, done = monotonic() + TURN_SECONDS, 0
    while monotonic() < until and (count := recompute.sweep(at=timezone.now(), limit=recompute.BATCH)):
        done += count
    return done


@shared_task
def find_new_cars() -> int:
    """Take up cars that no event told of."""
    return staleness.find_new(at=timezone.now())
