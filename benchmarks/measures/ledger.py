"""Postings a second, by one writer and by eight, beside pgbench doing the same inserts.

On accounts of each shop's own (spread), and with one account that is in every posting (hot): there nobody can be faster
than the lock on that row lets them. Processes, not threads: see `benchmarks.measures.window`.
"""

from __future__ import annotations

import multiprocessing
import random
import time
import uuid
from datetime import UTC, datetime
from multiprocessing.synchronize import Barrier

from django.db import connection, transaction

from benchmarks.load import Rate, pgbench
from benchmarks.measures.base import Bench, Line, Pairs
from payments.choices import AccountKind, TransactionKind
from payments.ledger import AccountRef, Leg, Movement, lock, post, trial_balance_fen

WRITERS = (1, 8)
WAYS = ("spread", "hot")
WANTED = {(1, "spread"): "ratio ≥ 0.4", (8, "hot"): "no worse than the lock's limit"}


class Ledger:
    """Opens the accounts of all shops; each round posts for each number of writers in each way, ours and pgbench."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.pairs = {(writers, way): Pairs() for way in WAYS for writers in WRITERS}
        shops = range(1, bench.size.shops + 1)
        with transaction.atomic():
            lock([*(account for shop in shops for account in _accounts(shop, "spread")), *_accounts(1, "hot")])

    def take_round(self) -> str:
        said = []
        for (writers, way), pairs in self.pairs.items():
            ours = _in_processes(writers, way, self.bench)
            numbers = {"shops": self.bench.size.shops, "hot": int(way == "hot")}
            theirs = pgbench("ledger.sql", writers, self.bench.seconds, **numbers)
            said.append(f"{writers} {way}: {pairs.add(ours, theirs)}")
        if any(trial_balance_fen().values()):
            raise RuntimeError(f"the books do not balance: {trial_balance_fen()}")
        return "; ".join(said)

    def lines(self) -> list[Line]:
        return [
            pairs.line(
                f"postings, {writers} writer{'s' * (writers > 1)}, {way} accounts", WANTED.get((writers, way), "")
            )
            for (writers, way), pairs in self.pairs.items()
        ]


def _accounts(shop: int, way: str) -> tuple[AccountRef, AccountRef]:
    credit = AccountRef(AccountKind.COMMISSION) if way == "hot" else AccountRef(AccountKind.SHOP_PAYABLE, shop_id=shop)
    return AccountRef(AccountKind.COUPON_FUNDING, shop_id=shop), credit


def _movement(shop: int, way: str) -> Movement:
    debit, credit = _accounts(shop, way)
    return Movement(
        key=f"bench:{uuid.uuid4()}",
        kind=TransactionKind.SETTLED,
        legs=(Leg(debit, 100), Leg(credit, -100)),
        shop_id=shop,
    )


def _in_processes(writers: int, way: str, bench: Bench) -> Rate:
    # A forked process must not write into its parent's connection.
    connection.close()
    fork = multiprocessing.get_context("fork")
    ready, found = fork.Barrier(writers), fork.SimpleQueue()
    children = [fork.Process(target=_write, args=(ready, found, way, bench)) for _ in range(writers)]
    for child in children:
        child.start()
    rate = sum(found.get() for _ in children)
    for child in children:
        child.join()
    return Rate(rate)


def _write(ready: Barrier, found: multiprocessing.SimpleQueue[float], way: str, bench: Bench) -> None:
    count = 0
    random.seed()
    try:
        _post(way, bench.size.shops)
        ready.wait(timeout=60)
        began = time.perf_counter()
        while time.perf_counter() - began < bench.seconds:
            _post(way, bench.size.shops)
            count += 1
        found.put(count / (time.perf_counter() - began))
    except BaseException:
        found.put(float("nan"))
        raise
    finally:
        connection.close()


def _post(way: str, shops: int) -> None:
    with transaction.atomic():
        post(_movement(random.randint(1, shops), way), at=datetime.now(UTC))
