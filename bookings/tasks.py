"""Celery entry points of bookings."""

from celery import shared_task
from django.utils import timezone

from bookings import actions


@shared_task
def expire_holds() -> int:
    """Tidy up holds whose time is over. Claims ignore them already: nothing depends on this running."""
    return actions.expire_holds(at=timezone.now())
