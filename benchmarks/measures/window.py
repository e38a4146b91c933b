"""The nearest 20 shops with a bay and a technician free in one window: eight processes beside pgbench's LATERAL query.

Processes, not threads: Python would let eight threads use one core, pgbench uses both.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import partial

from benchmarks import calls, engine, world
from benchmarks.load import Rate, pgbench
from benchmarks.measures.base import Bench, Line, Pairs
from benchmarks.processes import at_once, rate_of


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
    free, places = engine.free_in_window(), calls.places(500)

    def ask() -> object:
        return free(random.choice(places), a_start())

    _began, rates = at_once(partial(rate_of, ask, seconds), processes, warm_up=ask)
    return Rate(sum(rates))
