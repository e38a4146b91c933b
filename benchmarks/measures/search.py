"""The next three slots at the 50 nearest shops: engine and database in this process, and over HTTP beside pgbench."""

from __future__ import annotations

import random

from benchmarks import calls, engine, world
from benchmarks.load import Script, over_http, p95, pgbench
from benchmarks.measures.base import Bench, Line, Pairs, ms


class Search:
    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.calls = calls.searches()
        self.near, self.places = engine.search_near(), calls.places(500)
        self.queries = max(engine.asked(self._search)[0] for _ in range(20))
        self.pairs, self.engine = Pairs(), list[float]()
        self.numbers = {"service": world.service().pk}

    def take_round(self) -> str:
        bench = self.bench
        self.engine += engine.timed(self._search, -(-bench.repeats // 4))
        ours = over_http(bench.port, bench.clients, bench.seconds, self._script)
        said = self.pairs.add(ours, pgbench("search.sql", bench.clients, bench.seconds, **self.numbers))
        return f"{said}; engine and database {ms(self.engine)}"

    def lines(self) -> list[Line]:
        figure = f"{ms(self.engine)}, p95 {p95(self.engine) * 1000:.1f} ms, {self.queries} queries"
        return [
            Line("next slots at the 50 nearest shops: engine and database", figure, wanted="≤ 60 ms, ≤ 3 queries"),
            self.pairs.line("the same, over HTTP", ""),
        ]

    def _search(self) -> object:
        return self.near(random.choice(self.places))

    def _script(self, _client: int) -> Script:
        while True:
            yield random.choice(self.calls)
