"""Celery entry points of reviews."""

from celery import shared_task
from django.utils import timezone

from reviews import invitations
from reviews.follow_ups import sweeping


@shared_task
def sweep_follow_ups() -> int:
    """Late contact, offers that end, asking owners whether it was put right, lapsing. Two at once do it all once."""
    return sweeping.sweep(at=timezone.now())


@shared_task
def send_invitations() -> int:
    """Ask owners how a visit was, and remind them once. A row is claimed before it is sent: two at once send once."""
    return invitations.sweep(at=timezone.now())
