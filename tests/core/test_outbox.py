"""Events: written with the change, handled at least once, never lost with the broker, parked when they are poison."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from core import outbox, tasks
from core.models import OutboxEvent

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys that a handler of the topic `thing.happened` was told."""
    keys: list[str] = []
    monkeypatch.setitem(outbox._handlers, "thing.happened", [lambda event: keys.append(event.key)])
    return keys


def emit(key: str = "one") -> OutboxEvent:
    return outbox.emit(topic="thing.happened", key=key, at=NOW)


def test_an_event_wakes_a_worker_after_commit(heard: list[str], django_capture_on_commit_callbacks: object) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        emit()
        assert heard == []
    assert heard == ["one"]


def test_an_event_of_a_rolled_back_change_never_happened(heard: list[str]) -> None:
    with transaction.atomic():
        emit()
        transaction.set_rollback(True)
    tasks.dispatch_outbox()
    assert heard == []


def test_the_sweep_finds_what_nobody_was_woken_for(heard: list[str]) -> None:
    emit("one")
    emit("two")
    assert tasks.dispatch_outbox() == 2
    assert heard == ["one", "two"]
    assert tasks.dispatch_outbox() == 0


def test_an_event_for_later_wakes_nobody_and_waits_until_it_is_due(
    heard: list[str], django_capture_on_commit_callbacks: object
) -> None:
    now = timezone.now()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        outbox.schedule(topic="thing.happened", key="later", due_at=now + timedelta(hours=1))
        outbox.schedule(topic="thing.happened", key="due", due_at=now)
    assert heard == []
    assert tasks.dispatch_outbox() == 1
    assert heard == ["due"]


def test_a_broker_that_is_down_is_no_error(
    heard: list[str], monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: object
) -> None:
    def down(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(tasks.handle_event, "apply_async", down)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        emit()
    assert heard == []
    tasks.dispatch_outbox()
    assert heard == ["one"]


def test_a_failing_handler_is_tried_again_later_and_its_effects_are_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(event: OutboxEvent) -> None:
        OutboxEvent.objects.create(topic="effect", key=event.key, due_at=NOW)
        raise ValueError("no")

    monkeypatch.setitem(outbox._handlers, "thing.happened", [fails])
    event = emit()
    assert outbox.handle(event_id=event.pk, at=NOW) is False
    event.refresh_from_db()
    assert (event.attempts, event.due_at, event.handled_at) == (1, NOW + outbox.FIRST_PAUSE, None)
    assert "ValueError: no" in event.last_error
    assert not OutboxEvent.objects.filter(topic="effect").exists()
    assert outbox.due_ids(at=NOW) == []
    assert outbox.due_ids(at=NOW + timedelta(seconds=10)) == [event.pk]


def test_poison_is_parked_after_many_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(outbox._handlers, "thing.happened", [lambda _event: 1 / 0])
    event = emit()
    for _ in range(outbox.MAX_ATTEMPTS):
        outbox.handle(event_id=event.pk, at=NOW)
    event.refresh_from_db()
    assert event.parked_at == NOW
    assert outbox.due_ids(at=NOW + timedelta(days=30)) == []


def test_retry_takes_back_only_what_was_given_up():
    waiting = outbox.emit(topic="test.unheard", key="waiting", at=NOW)
    parked = outbox.emit(topic="test.unheard", key="parked", at=NOW)
    OutboxEvent.objects.filter(pk=parked.pk).update(parked_at=NOW, attempts=outbox.MAX_ATTEMPTS)
    later = NOW + timedelta(hours=1)

    assert outbox.retry(OutboxEvent.objects.all(), at=later) == 1

    parked.refresh_from_db()
    waiting.refresh_from_db()
    assert (parked.parked_at, parked.attempts, parked.due_at) == (None, 0, later)
    assert waiting.due_at == NOW
