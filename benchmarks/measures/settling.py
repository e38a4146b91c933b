"""Settling many due orders with two workers: as fast at the end as at the beginning, in the same memory."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import accumulate

import psutil
from django.db import connection, transaction

from benchmarks.load import SQL
from benchmarks.measures.base import Bench, Line
from benchmarks.processes import at_once
from payments import settlement
from payments.choices import AccountKind, ProviderKey
from payments.commission import RuleDraft, publish
from payments.ledger import AccountRef, lock, totals, trial_balance_fen
from payments.models import Settlement
from shops.choices import ShopKind

WORKERS = 2
# Sweeps that a worker makes of the whole: so many that a tenth holds several, so few that each is as long as in use.
SWEEPS = 100
BUILT_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Worked:
    """What one worker did: when each sweep ended and how many it settled, and its memory after the first and last."""

    sweeps: tuple[tuple[float, int], ...]
    megabytes: tuple[float, float]


class Settling:
    """Taken once, not in rounds: `bench.orders` orders are made due and settled."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def take_round(self) -> str:
        return ""

    def lines(self) -> list[Line]:
        count = self.bench.orders
        _build(count, self.bench.size.shops)
        began, workers = at_once(partial(_work, count), WORKERS)
        _check(count)
        sweeps = sorted(sweep for worker in workers for sweep in worker.sweeps)
        ended = sweeps[-1][0]
        first, last = _seconds_of_tenths(sweeps, began)
        memory = ", ".join(f"{before:.0f} → {after:.0f} MB" for before, after in (each.megabytes for each in workers))
        speed = (
            f"{count / (ended - began):.0f}/s; first tenth {count / 10 / first:.0f}/s, last {count / 10 / last:.0f}/s"
        )
        return [
            Line(
                f"settling {count:,} due orders, {WORKERS} workers",
                speed,
                f"last : first **{first / last:.2f}**",
                "≈ 1",
            ),
            Line("memory of these workers, first to last sweep", memory, "", "flat"),
        ]


def _build(count: int, shops: int) -> None:
    now = datetime.now(UTC)
    rules = [RuleDraft(800, 60), RuleDraft(600, 60, shop_kind=ShopKind.CHAIN), RuleDraft(700, 60, min_volume_fen=10**8)]
    with transaction.atomic():
        publish(rules=rules, note="Benchmark.", valid_from=now, by=None, at=now)
        lock([AccountRef(AccountKind.PSP_CLEARING, provider=ProviderKey.SANDBOX)])
    query = (SQL / "due_orders.sql").read_text()
    for first in range(1, count + 1, BUILT_AT_ONCE):
        last = min(first + BUILT_AT_ONCE - 1, count)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(query, {"first": first, "last": last, "shops": shops, "now": now})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _work(count: int) -> Worked:
    sweeps, megabytes = [], []
    while Settlement.objects.due(at=datetime.now(UTC)).exists():
        done = settlement.settle_due(at=datetime.now(UTC), limit=max(1, count // SWEEPS))
        sweeps.append((time.monotonic(), done))
        megabytes.append(psutil.Process().memory_info().rss / 1_048_576)
    return Worked(tuple(sweeps), (megabytes[0], megabytes[-1]))


def _check(count: int) -> None:
    """Fail unless all were settled, each once, and the books balance."""
    settled = Settlement.objects.filter(status="settled", attempts=0).count()
    books = totals()
    if settled != count or any(trial_balance_fen().values()) or books.get((AccountKind.HELD, "CNY")):
        raise RuntimeError(f"{settled} of {count} were settled; books: {books}")


def _seconds_of_tenths(sweeps: list[tuple[float, int]], began: float) -> tuple[float, float]:
    """How long the first tenth of all settlements took, and the last."""
    done = list(accumulate(settled for _, settled in sweeps))
    count = done[-1]
    first = next(ended for (ended, _), so_far in zip(sweeps, done, strict=True) if so_far >= count / 10)
    before = [(ended, so_far) for (ended, _), so_far in zip(sweeps, done, strict=True) if so_far <= count * 0.9]
    from_, so_far = before[-1] if before else (began, 0)
    # Sweeps end where they end: each stretch is told for a whole tenth.
    reached = next(so_far for so_far in done if so_far >= count / 10)
    return (first - began) * (count / 10) / reached, (sweeps[-1][0] - from_) * (count / 10) / (count - so_far)
