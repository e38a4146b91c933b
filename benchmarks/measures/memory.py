"""Whether a web worker grows: its memory over many searches."""

from __future__ import annotations

import subprocess
import time

import psutil
from django.db import connection

from benchmarks import calls, servers, worlds
from benchmarks.load import Connection
from benchmarks.measures.base import Bench, Line
from benchmarks.world import Size

SMALL = Size(shops=50, days=21)
WARM_UP, STEP = 2000, 5000
CLIENTS = 4


class Memory:
    """Taken once, not in rounds, with one worker of its own on a small city, so that it ends the same day."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def take_round(self) -> str:
        return "at the end"

    def lines(self) -> list[Line]:
        present = str(connection.settings_dict["NAME"])
        worlds.use(self.bench.server, worlds.ensure(self.bench.server, SMALL))
        try:
            with servers.web(workers=1, threads=CLIENTS) as (port, web):
                taken = self._watch(port, web)
        finally:
            worlds.use(self.bench.server, present)
        change = (taken[-1] / taken[0] - 1) * 100
        steps = " ".join(f"{value:.0f}" for value in taken)
        figure = f"{taken[0]:.1f} → {taken[-1]:.1f} MB, **{change:+.1f} %**"
        return [Line(f"memory of a worker over {self.bench.searches:,} searches", figure, f"MB: {steps}", "± 10 %")]

    def _watch(self, port: int, web: subprocess.Popen[bytes]) -> list[float]:
        """Megabytes after the warm-up, after each step and at the end."""
        asked = calls.searches()
        connections = [Connection(port) for _ in range(CLIENTS)]
        taken, began = [], time.monotonic()
        for number in range(min(WARM_UP, self.bench.searches)):
            _search(connections[number % CLIENTS], asked[number % len(asked)])
        taken.append(_megabytes(web))
        for number in range(1, self.bench.searches + 1):
            _search(connections[number % CLIENTS], asked[number % len(asked)])
            if number % STEP == 0 or number == self.bench.searches:
                taken.append(_megabytes(web))
                rate = number / (time.monotonic() - began)
                print(f"· memory: {number:,} searches, {taken[-1]:.1f} MB, {rate:.0f}/s", flush=True)
        for connection_ in connections:
            connection_.close()
        return taken


def _search(connection_: Connection, call: calls.Call) -> None:
    status, _ = connection_.ask(call)
    if status != 200:
        raise RuntimeError(f"a search was answered with {status}")


def _megabytes(web: subprocess.Popen[bytes]) -> float:
    """Resident memory of the one worker."""
    (worker,) = psutil.Process(web.pid).children()
    return float(worker.memory_info().rss) / 1_048_576
