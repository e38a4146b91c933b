"""A whole booking over HTTP beside pgbench's transaction, and what many clients on few bays do to each other."""

from __future__ import annotations

import random
from collections import Counter
from statistics import median

from benchmarks import calls, engine, world
from benchmarks.calls import Call
from benchmarks.load import Connection, Rate, Script, over_http, pgbench
from benchmarks.measures.base import Bench, Line, Pairs

RIVALS = 32
# Shops that the rivals fight for in a round: 8 bays, 12 technicians.
FEW = 2
SPREAD = 400


class Booking:
    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.tokens = world.tokens()
        many = random.sample(range(1, bench.size.shops + 1), min(bench.size.shops, SPREAD))
        self.starts = engine.free_starts(many, days=world.DAYS_ELSEWHERE - 2)
        self.is_one_request = _takes_whole_bookings(bench.port, self.starts.pop(), self.tokens[0])
        self.pairs = Pairs()
        self.alone, self.apart, self.crowd = list[Rate](), list[Rate](), list[Rate]()
        self.numbers = {
            "shops": bench.size.shops,
            "service": world.service().pk,
            "variant": world.variant().pk,
            "owner": world.User.objects.order_by("pk").values_list("pk", flat=True)[0],
        }

    def take_round(self) -> str:
        bench = self.bench
        ours = over_http(bench.port, bench.clients, bench.seconds, self._spread)
        said = self.pairs.add(ours, pgbench("booking.sql", bench.clients, bench.seconds, **self.numbers))
        self.alone.append(over_http(bench.port, 1, bench.seconds / 2, self._spread))
        self.apart.append(over_http(bench.port, RIVALS, bench.seconds / 2, self._spread))
        few = random.sample(range(1, bench.size.shops + 1), FEW)
        starts = engine.free_starts(few, days=world.DAYS_ELSEWHERE - 2)
        self.crowd.append(over_http(bench.port, RIVALS, bench.seconds / 2, lambda _client: self._fight(starts)))
        return f"{said}; {RIVALS} clients on {FEW} shops {dict(self.crowd[-1].statuses)}"

    def lines(self) -> list[Line]:
        how = "one request" if self.is_one_request else "hold, then confirm"
        ended = _ended([ours for ours, _ in self.pairs.taken])
        return [
            self.pairs.line(f"a booking over HTTP ({how})", "ratio ≥ 0.15, p95 ≤ 50 ms"),
            Line("the same: how they ended", ended, wanted="no 5xx"),
            self._crowd_line(),
            Line(f"{RIVALS} clients on {FEW} shops: how they ended", _ended(self.crowd), wanted="no 5xx"),
        ]

    def _crowd_line(self) -> Line:
        """Beside one client, whose p50 knows no queue for the two cores either, and beside as many on many shops."""
        beside = [
            f"{whose} p50 {median(rate.p50_ms for rate in calm):.1f} ms,"
            f" × **{median(c.p95_ms / a.p50_ms for a, c in zip(calm, self.crowd, strict=True)):.1f}**"
            for whose, calm in (("one client's", self.alone), (f"{RIVALS} clients' on many shops", self.apart))
        ]
        crowd = f"p95 {median(rate.p95_ms for rate in self.crowd):.1f} ms"
        return Line(f"{RIVALS} clients on {FEW} shops", crowd, "; ".join(beside), "≤ 10 ×")

    def _spread(self, _client: int) -> Script:
        """Book starts that nobody else wants, so that what is measured is booking, not refusing."""
        while self.starts:
            yield from self._book(self.starts.pop())

    def _fight(self, starts: list[tuple[str, str]]) -> Script:
        while True:
            yield from self._book(random.choice(starts))

    def _book(self, start: tuple[str, str]) -> Script:
        token = random.choice(self.tokens)
        if self.is_one_request:
            yield calls.booking(start, token)
            return
        status, held = yield calls.hold(start, token)
        if status == 201:
            yield calls.confirmation(held, token)


def _takes_whole_bookings(port: int, start: tuple[str, str], token: str) -> bool:
    """Whether the API books in one request; else it is asked for a hold and its confirmation."""
    connection = Connection(port)
    call: Call = calls.booking(start, token)
    status, _ = connection.ask(call)
    connection.close()
    return status == 201


def _ended(rates: list[Rate]) -> str:
    total = Counter[int]()
    for rate in rates:
        total.update(dict(rate.statuses))
    return ", ".join(f"{status}: {count:,}" for status, count in sorted(total.items()))
