"""A broker that does not answer is asked once: nobody's request waits while Celery tries again."""

from collections.abc import Iterator
from typing import Any

import pytest
from redis.connection import Connection
from redis.exceptions import ConnectionError as NoConnection

from core import outbox, tasks


@pytest.fixture
def _a_real_broker() -> Iterator[None]:
    conf = tasks.handle_event.app.conf
    conf.task_always_eager = False
    yield
    conf.task_always_eager = True


@pytest.mark.usefixtures("_a_real_broker")
def test_waking_a_worker_without_a_broker_tries_to_connect_once(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[int] = []

    def refused(_connection: Connection, *_: Any, **__: Any) -> None:
        attempts.append(1)
        raise NoConnection

    monkeypatch.setattr(Connection, "connect", refused)
    outbox._wake(1)
    assert len(attempts) == 1
