"""One shop's slots of 14 days: over HTTP beside pgbench reading the same ranges, and the engine without the fetch."""

from __future__ import annotations

import random
from statistics import median

from benchmarks import calls, engine
from benchmarks.load import Script, over_http, pgbench
from benchmarks.measures.base import Bench, Line, Pairs, ms


class Slots:
    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.calls = calls.slots(bench.size.shops)
        self.pairs, self.engine = Pairs(), list[float]()
        self.nothing = list[float]()

    def warm_up(self) -> None:
        """Ask for some seconds what is not counted."""
        over_http(self.bench.port, 4 * self.bench.clients, 3, self._script)

    def take_round(self) -> str:
        bench = self.bench
        ours = over_http(bench.port, bench.clients, bench.seconds, self._script)
        said = self.pairs.add(ours, pgbench("slots.sql", bench.clients, bench.seconds, shops=bench.size.shops))
        refused = over_http(bench.port, bench.clients, bench.seconds / 2, self._refused)
        self.nothing.append(sum(count for _, count in refused.statuses) / (bench.seconds / 2))
        for _ in range(10):
            read = engine.shops_days(random.randint(1, bench.size.shops))
            self.engine += engine.timed(read, -(-bench.repeats // 10))
        return f"{said}; engine {ms(self.engine)}"

    def lines(self) -> list[Line]:
        return [
            self.pairs.line("slots of one shop, 14 days, bay and technician, over HTTP", "ratio ≥ 0.12"),
            Line("the same server refusing a request that asks nothing", f"{median(self.nothing):.0f}/s"),
            Line("the same: engine without the fetch", ms(self.engine), wanted="≤ 2 ms"),
        ]

    def _refused(self, _client: int) -> Script:
        refused = calls.nothing()
        while True:
            yield refused

    def _script(self, _client: int) -> Script:
        while True:
            yield random.choice(self.calls)
