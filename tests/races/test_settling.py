"""Settlement and payouts by many workers at once: each fen once, and each guard shown to be what does it."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections
from django.db.models import QuerySet

from core import outbox
from payments import late_refunds, payout_accounts, payouts, settlement
from payments.commission import RuleDraft, publish
from payments.errors import NotRefundableError
from payments.models import Order, Payout, Settlement, StatementLine
from shops.models import Shop
from tests.factories.accounts import UserFactory
from tests.factories.money import CLOSED, completed_order
from tests.factories.shops import open_shop
from tests.payments.books import check_books, faults

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

Patch = pytest.MonkeyPatch
DUE = CLOSED + timedelta(days=7)
WORKERS = 8


@pytest.fixture(autouse=True)
def _rules_and_no_broker(monkeypatch: Patch) -> None:
    monkeypatch.setattr(outbox, "_wake", lambda _event: None)
    published = datetime(2026, 10, 1, tzinfo=UTC)
    publish(rules=[RuleDraft(800, 60)], note="First.", valid_from=published, by=None, at=published)


def at_once(work: Callable[[int], Any], workers: int = WORKERS) -> Counter[str]:
    """Run `work` in threads, each with its own connection, starting together; count how they ended."""
    ready = threading.Barrier(workers)

    def one(number: int) -> str:
        try:
            ready.wait(timeout=30)
            return str(work(number))
        except Exception as error:
            return type(error).__name__
        finally:
            connections.close_all()

    with ThreadPoolExecutor(workers) as pool:
        return Counter(pool.map(one, range(workers)))


def meeting(monkeypatch: Patch, module: Any, name: str, parties: int = WORKERS) -> None:
    """Whoever has done `name` waits until all have, if all can; a guard makes them miss each other, and then nobody
    waits longer than a moment."""
    done, barrier = getattr(module, name), threading.Barrier(parties)

    def wait_for_the_others(*args: Any, **kwargs: Any) -> Any:
        result = done(*args, **kwargs)
        with suppress(threading.BrokenBarrierError):
            barrier.wait(timeout=0.7)
        return result

    monkeypatch.setattr(module, name, wait_for_the_others)


# --- One settlement --------------------------------------------------------------------------------------------


@pytest.fixture
def failures(monkeypatch: Patch) -> list[str]:
    """The name of every error that stopped a settlement."""
    seen: list[str] = []
    postpone = settlement._postpone

    def note(settlement_id: int, *, at: datetime, error: Exception) -> None:
        seen.append(type(error).__name__)
        postpone(settlement_id, at=at, error=error)

    monkeypatch.setattr(settlement, "_postpone", note)
    return seen


def settle_by_all(order: Order) -> Counter[str]:
    row = order.settlements.get()
    return at_once(lambda _number: settlement.settle(settlement_id=row.pk, at=DUE))


def test_one_settlement_by_many_workers_is_made_once_and_nobody_fails(failures: list[str], monkeypatch: Patch) -> None:
    order = completed_order((20000, 6800))
    meeting(monkeypatch, settlement, "_lines")
    assert settle_by_all(order) == {"True": 1, "False": WORKERS - 1}
    assert failures == []
    assert StatementLine.objects.filter(settlement__order=order).count() == 2
    check_books()


@pytest.fixture
def without_the_locks(monkeypatch: Patch) -> None:
    def only_read(rows: QuerySet[Settlement]) -> Settlement | None:
        return rows.first()

    monkeypatch.setattr(settlement, "_claim", only_read)
    monkeypatch.setattr(
        settlement, "_claimed_order", lambda row: Order.objects.select_related("shop__city").get(pk=row.order_id)
    )


@pytest.mark.usefixtures("without_the_locks")
def test_without_the_locks_workers_run_into_each_other_and_the_ledger_still_refuses_the_second(
    failures: list[str], monkeypatch: Patch
) -> None:
    order = completed_order((20000, 6800))
    meeting(monkeypatch, settlement, "_lines")
    assert settle_by_all(order)["True"] == 1
    # With the locks nobody ever fails.
    assert set(failures) == {"IntegrityError"}
    check_books()


@pytest.fixture
def without_any_guard(without_the_locks: None, monkeypatch: Patch) -> Iterator[None]:
    """Nor the one line of a statement for each line of an order, nor the ledger's key for each settlement."""
    keyed, number = settlement._movement, iter(range(1000))

    def without_key(*args: Any) -> Any:
        movement = keyed(*args)
        return type(movement)(
            key=f"{movement.key}:{next(number)}",
            kind=movement.kind,
            legs=tuple(type(leg)(leg.account, leg.amount_fen) for leg in movement.legs if leg.account.kind != "held")
            + tuple(
                type(leg)(settlement.postings.at_provider("sandbox"), leg.amount_fen)
                for leg in movement.legs
                if leg.account.kind == "held"
            ),
            order_id=movement.order_id,
            shop_id=movement.shop_id,
        )

    monkeypatch.setattr(settlement, "_movement", without_key)
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX a_line_settles_once")
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE payments_statementline, payments_statement CASCADE")
        cursor.execute(
            "CREATE UNIQUE INDEX a_line_settles_once ON payments_statementline (line_id) WHERE kind IN ('work', 'fee')"
        )


@pytest.mark.usefixtures("without_any_guard")
def test_without_any_guard_lines_are_settled_twice(monkeypatch: Patch) -> None:
    order = completed_order((20000, 6800))
    meeting(monkeypatch, settlement, "_lines")
    settle_by_all(order)
    assert "a line was settled twice" in faults()


# --- Many settlements ------------------------------------------------------------------------------------------


def test_sweeps_at_once_share_the_work_and_settle_each_order_once() -> None:
    shop = open_shop()
    for number in range(24):
        completed_order((1000 + number, 777), shop=shop, online_fen=900)
    made: list[int] = []
    at_once(lambda _number: made.append(settlement.settle_due(at=DUE, limit=100)), workers=4)
    # What one finds in another's hands it passes over; a last sweep finds nothing, or what all had passed over.
    made.append(settlement.settle_due(at=DUE, limit=100))
    assert sum(made) == 24
    assert not Settlement.objects.exclude(status="settled", attempts=0).exists()
    check_books()


def test_refunds_and_settlement_at_once_keep_the_books(failures: list[str]) -> None:
    order = completed_order((20000, 6800))
    row, line = order.settlements.get(), order.lines.get(position=1)

    def work(number: int) -> str:
        if number % 2:
            return str(settlement.settle(settlement_id=row.pk, at=DUE))
        try:
            late_refunds.give_back(order=order, line=line, amount_fen=7000, by=None, note="", at=DUE)
        except NotRefundableError:
            return "refused"
        return "given back"

    ended = at_once(work)
    assert (ended["given back"], ended["refused"]) == (2, 2)
    settlement.settle(settlement_id=row.pk, at=DUE)
    assert failures == []
    check_books()


# --- Payouts ---------------------------------------------------------------------------------------------------


def shop_to_pay() -> Shop:
    order = completed_order((20000, 6800))
    settlement.settle(settlement_id=order.settlements.get().pk, at=DUE)
    account = payout_accounts.add_account(
        shop=order.shop, channel="bank", holder="甲", bank="工行", number="6222021001112223", by=None, at=DUE
    )
    payout_accounts.verify_account(account=account, by=UserFactory(), at=DUE)
    return order.shop


def batches_at_once() -> Counter[str]:
    return at_once(lambda _number: len(payouts.make_batch(channel="bank", by=None, at=DUE).payouts))


def test_batches_at_once_pay_each_line_once(monkeypatch: Patch) -> None:
    shop_to_pay()
    meeting(monkeypatch, payouts, "owed")
    meeting(monkeypatch, payouts, "_account")
    assert batches_at_once() == {"1": 1, "0": WORKERS - 1}
    assert Payout.objects.count() == 1
    check_books()


# The same read and write, but what was read is taken without asking again whether somebody took it meanwhile.
_READ_THEN_TAKE = payouts._TAKE.replace(
    "AND payout_id IS NULL",
    "AND id = ANY(SELECT id FROM payments_statementline WHERE payout_id IS NULL)",
)


@pytest.fixture
def without_the_account_lock(monkeypatch: Patch) -> None:
    read = payouts._account
    monkeypatch.setattr(payouts, "_account", lambda shop_id, **_locked: read(shop_id))
    monkeypatch.setattr(payouts, "_TAKE", _READ_THEN_TAKE)


@pytest.mark.usefixtures("without_the_account_lock")
def test_without_the_lock_two_batches_take_the_same_lines_and_the_database_refuses(monkeypatch: Patch) -> None:
    shop_to_pay()
    meeting(monkeypatch, payouts, "owed")
    meeting(monkeypatch, payouts, "_account")
    ended = batches_at_once()
    # With the lock every batch ends well; now some are only stopped by triggers and constraints.
    assert set(ended) - {"0", "1"}
    assert Payout.objects.count() == 1
    check_books()


@pytest.fixture
def without_any_guard_of_payouts(without_the_account_lock: None) -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE payments_statementline DISABLE TRIGGER payments_guard_statement_line")
        cursor.execute("DROP INDEX one_payout_on_its_way_a_shop")
        cursor.execute("ALTER TABLE payments_ledgeraccount DROP CONSTRAINT account_floor")
    yield
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE payments_payout, payments_ledgeraccount CASCADE")
        cursor.execute(
            "CREATE UNIQUE INDEX one_payout_on_its_way_a_shop ON payments_payout (shop_id)"
            " WHERE status IN ('created', 'sent')"
        )
        cursor.execute("ALTER TABLE payments_statementline ENABLE TRIGGER payments_guard_statement_line")
        cursor.execute(
            "ALTER TABLE payments_ledgeraccount ADD CONSTRAINT account_floor CHECK (NOT is_floored"
            " OR (grows_by_debit AND debits_fen >= credits_fen) OR (NOT grows_by_debit AND credits_fen >= debits_fen))"
        )


@pytest.mark.usefixtures("without_any_guard_of_payouts")
def test_without_any_guard_a_shop_is_paid_twice(monkeypatch: Patch) -> None:
    shop_to_pay()
    meeting(monkeypatch, payouts, "owed")
    meeting(monkeypatch, payouts, "_account")
    batches_at_once()
    assert Payout.objects.count() > 1
    assert faults()
