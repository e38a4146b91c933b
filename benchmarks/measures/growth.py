"""How the cost of a search grows with the number of shops and with how much is booked."""

from __future__ import annotations

import random
from statistics import median

from django.db import connection

from benchmarks import calls, engine, worlds
from benchmarks.measures.base import Bench, Line
from benchmarks.world import Size

FEW_SHOPS, MANY_SHOPS = Size(1000, 60), Size(10_000, 60)
LITTLE_BOOKED, MUCH_BOOKED = Size(1000, 10), Size(1000, 90)
STEPS = {
    "growth from 1,000 to 10,000 shops": (FEW_SHOPS, MANY_SHOPS),
    "growth from 10 % to 90 % booked": (LITTLE_BOOKED, MUCH_BOOKED),
}


class Growth:
    """Reads only, so the worlds themselves are used: nothing is copied."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.present = str(connection.settings_dict["NAME"])
        self.databases = {size: worlds.ensure(bench.server, size) for pair in STEPS.values() for size in pair}
        self.places = calls.places(500)
        self.taken: dict[Size, list[float]] = {size: [] for size in self.databases}
        worlds.use(bench.server, self.present)

    def take_round(self) -> str:
        medians = []
        for size, database in self.databases.items():
            worlds.use(self.bench.server, database)
            near = engine.search_near()
            taken = engine.timed(lambda ask=near: ask(random.choice(self.places)), -(-self.bench.repeats // 4))  # type: ignore[misc]
            self.taken[size].append(median(taken) * 1000)
            medians.append(f"{size}: {self.taken[size][-1]:.1f} ms")
        worlds.use(self.bench.server, self.present)
        return "; ".join(medians)

    def lines(self) -> list[Line]:
        return [self._line(what, *pair) for what, pair in STEPS.items()]

    def _line(self, what: str, before: Size, after: Size) -> Line:
        ratio = median(b / a for a, b in zip(self.taken[before], self.taken[after], strict=True))
        figure = f"{median(self.taken[before]):.1f} → {median(self.taken[after]):.1f} ms"
        return Line(f"search (engine and database): {what}", figure, f"× **{ratio:.2f}**", "≤ 1.5 ×")
