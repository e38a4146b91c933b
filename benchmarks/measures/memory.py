"""Whether a web worker grows: its memory over many searches."""

from __future__ import annotations

import math
import random
import subprocess
import time

import psutil
from django.db import connection

from benchmarks import calls, servers, worlds
from benchmarks.load import Script, over_http
from benchmarks.measures.base import Bench, Line
from benchmarks.world import Size

SMALL = Size(shops=8, days=21)
WARM_UP, STEP = 2000, 5000
CLIENTS = 4


class Memory:
    """Taken once, not in rounds, with one worker of its own on a very small city, so that it ends within the hour."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def take_round(self) -> str:
        return ""

    def lines(self) -> list[Line]:
        present = str(connection.settings_dict["NAME"])
        worlds.use(self.bench.server, worlds.ensure(self.bench.server, SMALL))
        try:
            with servers.web(workers=1, threads=CLIENTS) as (port, web):
                taken = self._watch(port, web)
        finally:
            worlds.use(self.bench.server, present)
        changes = [(value / taken[0] - 1) * 100 for value in taken[1:]]
        steps = " ".join(f"{value:.0f}" for value in taken)
        figure = f"{taken[0]:.1f} → {taken[-1]:.1f} MB, **{changes[-1]:+.1f} %** (at most {max(changes):+.1f} %)"
        return [Line(f"memory of a worker over {self.bench.searches:,} searches", figure, f"MB: {steps}", "± 10 %")]

    def _watch(self, port: int, web: subprocess.Popen[bytes]) -> list[float]:
        """Megabytes after the warm-up and after each step."""
        done, total, began = 0, self.bench.searches, time.monotonic()
        _search(port, min(WARM_UP, total))
        taken = [_megabytes(web)]
        while done < total:
            step = min(STEP, total - done)
            _search(port, step)
            done += step
            taken.append(_megabytes(web))
            seconds = time.monotonic() - began
            print(f"· memory: {done:,} searches, {taken[-1]:.1f} MB, after {seconds:.0f} s", flush=True)
        return taken


def _search(port: int, count: int) -> None:
    asked = calls.searches()

    def share(number: int) -> Script:
        for _ in range(number, count, CLIENTS):
            yield random.choice(asked)

    ended = over_http(port, CLIENTS, math.inf, share).statuses
    if ended != ((200, count),):
        raise RuntimeError(f"searches were answered with {dict(ended)}")


def _megabytes(web: subprocess.Popen[bytes]) -> float:
    """Resident memory of the one worker."""
    (worker,) = psutil.Process(web.pid).children()
    return float(worker.memory_info().rss) / 1_048_576
