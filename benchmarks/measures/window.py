"""The nearest 20 shops with a bay and a technician free in one window: eight processes beside pgbench's LATERAL query.

Processes, not threads: Python would let eight threads use one core, pgbench uses both.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier

from django.db import connection

from benchmarks import calls, engine, world
from benchmarks.load import Rate, pgbench
from benchmarks.measures.base import Bench, Line, Pairs


class Window:
    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.pairs = Pairs()
        self.numbers = {"service": world.service().pk}

    def take_round(self) -> str:
        bench = self.bench
        ours = _in_processes(bench.clients, bench.seconds)
        return self.pairs.add(ours, pgbench("window.sql", bench.clients, bench.seconds, **self.numbers))

    def lines(self) -> list[Line]:
        return [self.pairs.line("nearest 20 shops free in a window, engine and database", "ratio ≥ 0.5")]


def a_start() -> datetime:
    """A half hour at random in the opening time of the next 13 days."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=random.randint(1, 13), minutes=30 * random.randint(0, 21))


def _in_processes(processes: int, seconds: float) -> Rate:
    # A forked process must not write into its parent's connection.
    connection.close()
    fork = multiprocessing.get_context("fork")
    ready, found = fork.Barrier(processes), fork.SimpleQueue()
    children = [fork.Process(target=_ask, args=(ready, found, seconds)) for _ in range(processes)]
    for child in children:
        child.start()
    rate = sum(found.get() for _ in children)
    for child in children:
        child.join()
    return Rate(rate)


def _ask(ready: Barrier, found: multiprocessing.SimpleQueue[float], seconds: float) -> None:
    free, places, count = engine.free_in_window(), calls.places(500), 0
    random.seed()
    try:
        free(random.choice(places), a_start())
        ready.wait(timeout=60)
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            free(random.choice(places), a_start())
            count += 1
        found.put(count / (time.perf_counter() - began))
    except BaseException:
        found.put(float("nan"))
        raise
    finally:
        connection.close()
