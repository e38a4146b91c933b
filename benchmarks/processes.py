"""The same work in several processes that begin at the same moment, as several workers do it."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Callable
from multiprocessing.synchronize import Barrier
from typing import Any, TypeVar

from django.db import connection

T = TypeVar("T")


def at_once(
    work: Callable[[], T], count: int, *, warm_up: Callable[[], object] = connection.ensure_connection
) -> tuple[float, list[T]]:
    """Let `count` processes do `work`, each with a connection and chances of its own, once all have done `warm_up`.
    Returns when they began (seconds, monotonic) and what each of them brought. Raises RuntimeError where one failed."""
    # A forked process must not write into its parent's connection.
    connection.close()
    fork = multiprocessing.get_context("fork")
    ready, found = fork.Barrier(count + 1), fork.SimpleQueue()
    children = [fork.Process(target=_work, args=(ready, found, work, warm_up)) for _ in range(count)]
    for child in children:
        child.start()
    ready.wait(timeout=60)
    began = time.monotonic()
    brought = [found.get() for _ in children]
    for child in children:
        child.join()
    if None in brought:
        raise RuntimeError("a worker failed")
    return began, brought


def rate_of(ask: Callable[[], object], seconds: float) -> float:
    """How often a second something can be asked, by asking it for so many seconds."""
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < seconds:
        ask()
        count += 1
    return count / (time.perf_counter() - began)


def _work(ready: Barrier, found: Any, work: Callable[[], object], warm_up: Callable[[], object]) -> None:
    random.seed()
    try:
        warm_up()
        ready.wait(timeout=60)
        found.put(work())
    except BaseException:
        found.put(None)
        raise
    finally:
        connection.close()
