"""Celery entry points of the outbox and of what is swept now and then."""

from importlib import import_module

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from core import idempotency, outbox, photos


@shared_task
def handle_event(event_id: int) -> bool:
    """Handle one outbox event; see `core.outbox.handle`."""
    return outbox.handle(event_id=event_id, at=timezone.now())


@shared_task
def dispatch_outbox() -> int:
    """Handle every event that is due: those whose wake-up was lost and those that failed before. Returns how many."""
    now = timezone.now()
    return sum(outbox.handle(event_id=event_id, at=now) for event_id in outbox.due_ids(at=now))


@shared_task
def clear_sessions() -> None:
    """Remove sessions whose time is over: visitors and API sign-ins leave many."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


@shared_task
def forget_answers() -> int:
    """Remove remembered answers that nobody will ask for again; see `core.idempotency.forget_old`."""
    return idempotency.forget_old(at=timezone.now())


@shared_task
def sweep_photos() -> int:
    """Remove photo files that belong to no row; see `core.photos.sweep_all_orphans`."""
    return photos.sweep_all_orphans(at=timezone.now())
