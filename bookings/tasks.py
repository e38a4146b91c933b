"""Celery entry points of bookings."""

from celery import shared_task
from django.utils import timezone

from bookings import actions, tomorrow, waiting, workshop
from bookings.engine import durations
from bookings.floor import figures


@shared_task
def expire_holds() -> int:
    """Tidy up holds whose time is over. Claims ignore them already: nothing depends on this running."""
    return actions.expire_holds(at=timezone.now())


@shared_task
def serve_waiting_lists() -> int:
    """Offer what is free to those who wait. The wake-up when something frees does the same, only sooner."""
    return waiting.serve_all(at=timezone.now())


@shared_task
def tell_tomorrow() -> int:
    """Tell owners of their visit on the evening before. Two at once tell each once."""
    return tomorrow.tell(at=timezone.now())


@shared_task
def extend_overruns() -> int:
    """Keep bays taken whose cars are still in work. Rows locked by another run are left to it."""
    return workshop.extend_overruns(at=timezone.now())


@shared_task
def learn_durations() -> int:
    """Learn anew how long services take everywhere. Each visit that ended has taught already: this forgets the old."""
    return durations.learn_all(at=timezone.now())


@shared_task
def refresh_figures() -> int:
    """Count anew how honest shops and technicians are. A run that finds another one at it leaves it alone."""
    return figures.refresh(at=timezone.now())
