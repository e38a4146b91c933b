"""Celery entry points of reviews."""

import logging
from time import monotonic

from celery import shared_task
from django.utils import timezone

from reviews import invitations, ranking, signals, tallies
from reviews.follow_ups import figures, sweeping

logger = logging.getLogger(__name__)
# The turn of a month is gone through in turns of this many seconds, well below the limit of a task.
TURN_SECONDS = 60


@shared_task
def sweep_follow_ups() -> int:
    """Late contact, offers that end, asking owners whether it was put right, lapsing. Two at once do it all once."""
    return sweeping.sweep(at=timezone.now())


@shared_task
def send_invitations() -> int:
    """Ask owners how a visit was, and remind them once. Two at once tell once."""
    return invitations.sweep(at=timezone.now())


@shared_task
def refresh_scores() -> int:
    """Make scores anew whose month is over. Returns how many; what is left at the end of a turn is due in the next."""
    until, done = monotonic() + TURN_SECONDS, 0
    while monotonic() < until and (count := ranking.refresh_due(at=timezone.now())):
        done += count
    return done


@shared_task
def search_signals() -> int:
    """Look for patterns over many reviews and votes. A run that finds another one at it leaves it alone."""
    return signals.search(at=timezone.now())


@shared_task
def check_counts() -> bool:
    """Compare every count, list and figure with the reviews and cases themselves; what differs is an alarm in the log.
    Returns whether everything agrees."""
    faults = {**tallies.faults(), "follow-ups": figures.faults()}
    if any(faults.values()):
        logger.error("counts of reviews differ from the reviews: %s", faults)
    return not any(faults.values())
