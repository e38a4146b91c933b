"""Postings a second, by one writer and by eight, beside pgbench doing the same inserts.

On accounts of each shop's own (spread), and with one account that is in every posting (hot): there nobody can be faster
than the lock on that row lets them. Processes, not threads: see `benchmarks.measures.window`.
"""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime
from functools import partial

from django.db import transaction

from benchmarks.load import Rate, pgbench
from benchmarks.measures.base import Bench, Line, Pairs
from benchmarks.processes import at_once, rate_of
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
    post_one = partial(_post, way, bench.size.shops)
    _began, rates = at_once(partial(rate_of, post_one, bench.seconds), writers, warm_up=post_one)
    return Rate(sum(rates))


def _post(way: str, shops: int) -> None:
    with transaction.atomic():
        post(_movement(random.randint(1, shops), way), at=datetime.now(UTC))
