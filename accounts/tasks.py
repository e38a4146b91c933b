"""Celery entry points of accounts."""

from celery import shared_task
from django.utils import timezone

from accounts import devices


@shared_task
def forget_devices() -> int:
    """Forget devices that were not seen for a year."""
    return devices.forget_old(at=timezone.now())
