"""Events between apps: written with the change, handled after it, never lost with the broker.

A lower app emits; a higher app subscribes. `emit` writes a row in the caller's transaction and, once that commits,
wakes a worker. When no broker answers, the beat's sweep (`core.tasks.dispatch_outbox`) finds the row.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction
from django.db.models import QuerySet

from core.models import OutboxEvent

logger = logging.getLogger(__name__)

Handler = Callable[[OutboxEvent], None]
_handlers: dict[str, list[Handler]] = defaultdict(list)

MAX_ATTEMPTS = 12  # with doubling pauses from 10 s that is about eleven hours
FIRST_PAUSE = timedelta(seconds=10)


def subscribe(topic: str) -> Callable[[Handler], Handler]:
    """Register a handler for `topic`. Handlers run at least once per event and must be idempotent."""

    def register(handler: Handler) -> Handler:
        _handlers[topic].append(handler)
        return handler

    return register


_silent: ContextVar[bool] = ContextVar("outbox_silent", default=False)


@contextmanager
def silence() -> Iterator[None]:
    """Emit nothing inside: for rows that tell of what never happened (the demo city), so that nobody is written to."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)


def emit(*, topic: str, key: str, at: datetime, payload: Mapping[str, Any] | None = None) -> OutboxEvent:
    """Write an event in the current transaction; wake a worker after commit. A dead broker is not an error."""
    event = OutboxEvent(topic=topic, key=key, payload=dict(payload or {}), due_at=at)
    if _silent.get():
        return event
    _insert(event)
    if _handlers[topic]:
        transaction.on_commit(lambda: _wake(event.pk), robust=True)
    return event


def schedule(*, topic: str, key: str, due_at: datetime, payload: Mapping[str, Any] | None = None) -> OutboxEvent:
    """Write an event in the current transaction for later: nobody is woken, the sweep finds it once it is due."""
    event = OutboxEvent(topic=topic, key=key, payload=dict(payload or {}), due_at=due_at)
    if not _silent.get():
        _insert(event)
    return event


def _insert(event: OutboxEvent) -> None:
    """By hand: every booking writes an event, and the ORM takes longer over it than the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT, [event.topic, event.key, json.dumps(event.payload, cls=DjangoJSONEncoder), event.due_at]
        )
        event.pk = cursor.fetchone()[0]
    event._state.adding = False


_INSERT = """
INSERT INTO core_outboxevent (topic, key, payload, created_at, due_at, attempts, last_error)
VALUES (%s, %s, %s, now(), %s, 0, '') RETURNING id
"""


def _wake(event_id: int) -> None:
    from core.tasks import handle_event

    try:
        handle_event.apply_async(args=(event_id,), retry=False)
    except Exception:  # the broker is only a wake-up: the sweep will find the row
        logger.warning("outbox: no broker to wake; event %s waits for the sweep", event_id)


def handle(*, event_id: int, at: datetime) -> bool:
    """Run the handlers of one event and mark it handled, in one transaction. False if another worker has it.

    A failing handler rolls its effects back; the event is tried again later with growing pauses and is parked
    after `MAX_ATTEMPTS`.
    """
    try:
        with transaction.atomic():
            event = _waiting().select_for_update(skip_locked=True).filter(pk=event_id).first()
            if event is None:
                return False
            for handler in _handlers[event.topic]:
                handler(event)
            event.handled_at = at
            event.attempts += 1
            event.save(update_fields=["handled_at", "attempts"])
    except Exception as error:
        logger.exception("outbox: event %s failed", event_id)
        _postpone(event_id=event_id, at=at, error=error)
        return False
    return True


@transaction.atomic
def _postpone(*, event_id: int, at: datetime, error: Exception) -> None:
    event = _waiting().select_for_update().filter(pk=event_id).first()
    if event is None:
        return
    event.attempts += 1
    event.due_at = at + FIRST_PAUSE * 2 ** (event.attempts - 1)
    event.last_error = f"{type(error).__name__}: {error}"[:2000]
    event.parked_at = at if event.attempts >= MAX_ATTEMPTS else None
    event.save(update_fields=["attempts", "due_at", "last_error", "parked_at"])


@transaction.atomic
def retry(events: QuerySet[OutboxEvent], *, at: datetime) -> int:
    """Queue those of `events` that were given up, due at once and with all attempts left. Returns how many."""
    ids = list(events.filter(parked_at__isnull=False).select_for_update().values_list("pk", flat=True))
    return OutboxEvent.objects.filter(pk__in=ids).update(parked_at=None, attempts=0, due_at=at)


def due_ids(*, at: datetime, limit: int = 500) -> list[int]:
    """Ids of events waiting to be handled at `at`, oldest first."""
    return list(_waiting().filter(due_at__lte=at).order_by("due_at", "pk").values_list("pk", flat=True)[:limit])


def _waiting() -> QuerySet[OutboxEvent]:
    return OutboxEvent.objects.filter(handled_at__isnull=True, parked_at__isnull=True)
