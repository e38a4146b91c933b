"""Celery entry points of reminders."""

from time import monotonic

from celery import shared_task
from django.utils import timezone

from catalog.needs.loading import BookShelf
from reminders.computing import recompute, staleness
from reminders.sending.campaigns import sweep_campaigns
from reminders.sending.sweep import sweep

# Turns of this many seconds, well below the limit of a task.
TURN_SECONDS = 60


@shared_task
def compute_due() -> int:
    """Compute what cars need, those that have changed first. Two at once share the cars. Returns how many were; what
    is left at the end of a turn waits for the next."""
    until, done, books = monotonic() + TURN_SECONDS, 0, BookShelf()
    while monotonic() < until and (count := recompute.sweep(at=timezone.now(), limit=recompute.BATCH, books=books)):
        done += count
    return done


@shared_task
def find_new_cars() -> int:
    """Take up cars that no event told of."""
    return staleness.find_new(at=timezone.now())


@shared_task
def send_letters() -> int:
    """Write to the owners of what is due. Two at once write each letter once. Returns how many were written; what is
    left at the end of a turn waits for the next."""
    until, done = monotonic() + TURN_SECONDS, 0
    while monotonic() < until and (count := sweep(at=timezone.now())):
        done += count
    return done


@shared_task
def send_campaigns() -> int:
    """Go on with the campaigns of shops that are being sent. Two at once write each letter once."""
    return sweep_campaigns(at=timezone.now())
