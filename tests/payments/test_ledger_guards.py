"""Attempts to break the books with raw SQL, as the role that the application uses: by hand, and at random."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from payments.ledger import post
from payments.models import LedgerAccount, LedgerEntry, LedgerTransaction
from tests.payments.ledger_rows import movement, on_its_way_back, provider, wrongs

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)

# Whoever may read and write every row of the application, and nothing else.
ROLE = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'books_attacker') THEN CREATE ROLE books_attacker; END IF;
END $$;
GRANT USAGE ON SCHEMA public TO books_attacker;
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA public TO books_attacker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO books_attacker;
"""
KEEP_WHOLE_TABLES = """
ALTER TABLE payments_ledgertransaction ENABLE ALWAYS TRIGGER payments_keep_all_transactions;
ALTER TABLE payments_ledgerentry ENABLE ALWAYS TRIGGER payments_keep_all_entries;
ALTER TABLE payments_ledgeraccount ENABLE ALWAYS TRIGGER payments_keep_all_accounts;
"""
# As if another database transaction had written it: a test is but one.
WRITTEN_EARLIER = """
ALTER TABLE payments_ledgertransaction DISABLE TRIGGER payments_keep_transactions;
UPDATE payments_ledgertransaction SET written_in = 1;
ALTER TABLE payments_ledgertransaction ENABLE ALWAYS TRIGGER payments_keep_transactions;
"""
_ACCOUNT = "(SELECT id FROM payments_ledgeraccount WHERE kind = 'psp_clearing')"
_OTHER = "(SELECT id FROM payments_ledgeraccount WHERE kind = 'refund_clearing')"
_FIRST = "(SELECT min(id) FROM payments_ledgertransaction)"
_HEADER = """
INSERT INTO payments_ledgertransaction (kind, idempotency_key, request_hash, currency, at, data, written_in)
VALUES ('paid', '{key}', repeat('0', 64), 'CNY', now(), '{{}}', 0) RETURNING id
"""


def header(key: str = "forged") -> str:
    return _HEADER.format(key=key)


def with_legs(*amounts: int) -> str:
    accounts = [_ACCOUNT, _OTHER] * len(amounts)
    legs = ", ".join(f"({account}, {fen})" for account, fen in zip(accounts, amounts, strict=False))
    return f"""WITH h AS ({header()})
        INSERT INTO payments_ledgerentry (transaction_id, account_id, amount_fen)
        SELECT h.id, l.* FROM h, (VALUES {legs}) AS l"""


ATTACKS = {
    "write a balance": f"UPDATE payments_ledgeraccount SET debits_fen = debits_fen + 1 WHERE id = {_ACCOUNT}",
    "move between totals": "UPDATE payments_ledgeraccount SET debits_fen = credits_fen, credits_fen = debits_fen",
    "take the floor away": "UPDATE payments_ledgeraccount SET is_floored = false",
    "turn an account round": "UPDATE payments_ledgeraccount SET grows_by_debit = NOT grows_by_debit",
    "rename an account": "UPDATE payments_ledgeraccount SET code = code || 'x'",
    "change an account's currency": "UPDATE payments_ledgeraccount SET currency = 'USD'",
    "remove an account": "DELETE FROM payments_ledgeraccount",
    "open an account that is not empty": (
        "INSERT INTO payments_ledgeraccount (code, kind, currency, provider, grows_by_debit, is_floored, debits_fen,"
        " credits_fen) VALUES ('new', 'commission', 'CNY', '', false, false, 5, 5)"
    ),
    "open an account without its floor": (
        "INSERT INTO payments_ledgeraccount (code, kind, currency, provider, grows_by_debit, is_floored, debits_fen,"
        " credits_fen) VALUES ('new', 'refund_clearing', 'CNY', 'wechat', false, false, 0, 0)"
    ),
    "change an entry": "UPDATE payments_ledgerentry SET amount_fen = amount_fen * 2",
    "change all entries of a transaction alike": (
        f"UPDATE payments_ledgerentry SET amount_fen = -amount_fen WHERE transaction_id = {_FIRST}"
    ),
    "remove entries": "DELETE FROM payments_ledgerentry",
    "change a transaction": "UPDATE payments_ledgertransaction SET at = now()",
    "change a key": "UPDATE payments_ledgertransaction SET idempotency_key = idempotency_key || 'x'",
    "remove a transaction": "DELETE FROM payments_ledgertransaction",
    "use a key twice": header("in"),
    "a key that is empty": header(""),
    "a transaction without legs": header(),
    "one leg": with_legs(5),
    "a leg of nothing": with_legs(5, 0, -5),
    "legs that do not balance": with_legs(5, -4),
    "legs in another currency": with_legs(5, -5).replace("'CNY'", "'USD'"),
    "more than there is": with_legs(-1001, 1001),
    "join a closed transaction": (
        f"INSERT INTO payments_ledgerentry (transaction_id, account_id, amount_fen)"
        f" VALUES ({_FIRST}, {_ACCOUNT}, 5), ({_FIRST}, {_OTHER}, -5)"
    ),
    "empty the entries": "TRUNCATE payments_ledgerentry",
    "empty everything": "TRUNCATE payments_ledgeraccount CASCADE",
}


@pytest.fixture
def books() -> None:
    """Two accounts with ¥10.00 moved between them, closed."""
    post(movement("in", (provider(), 1000), (on_its_way_back(), -1000)), at=AT)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(WRITTEN_EARLIER)
        cursor.execute(KEEP_WHOLE_TABLES)
        cursor.execute(ROLE)


@contextmanager
def as_role(name: str) -> Iterator[None]:
    """As the application's role; as "replica", as an owner who has turned ordinary triggers off."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL session_replication_role = replica" if name == "replica" else f"SET LOCAL ROLE {name}"
        )
        try:
            yield
        finally:
            if (
                connection.connection.info.transaction_status != 3
            ):  # a failed transaction is rolled back by its savepoint
                cursor.execute("RESET ROLE")


def snapshot() -> list[object]:
    rows: list[object] = []
    for model in (LedgerAccount, LedgerTransaction, LedgerEntry):
        rows += model.objects.order_by("pk").values_list()
    return rows


def run(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("role", ["books_attacker", "replica"])
@pytest.mark.usefixtures("books")
def test_attack_is_refused_and_nothing_moves(attack: str, role: str) -> None:
    before = snapshot()
    with pytest.raises(DatabaseError), transaction.atomic(), as_role(role):
        run(ATTACKS[attack], "SET CONSTRAINTS ALL IMMEDIATE")
    assert snapshot() == before
    assert wrongs() == []


@pytest.mark.usefixtures("books")
def test_entries_cannot_join_by_claiming_to_be_of_this_transaction() -> None:
    """`written_in` is what the database says, whatever is written into it."""
    run(with_legs(5, -5).replace("'{}', 0)", "'{}', 12345)"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        assert LedgerTransaction.objects.get(idempotency_key="forged").written_in == cursor.fetchone()[0]


# Statements put together at random from what an attacker could try, several in one transaction.
_amounts = st.integers(-2000, 2000)
_columns = st.sampled_from(["debits_fen", "credits_fen", "is_floored", "grows_by_debit", "currency", "kind"])
_values = st.sampled_from(
    ["0", "1", "-1", "true", "false", "'USD'", "''", "'held'", "debits_fen + 1", "credits_fen - 1"]
)
_statements = st.one_of(
    st.builds(lambda column, value: f"UPDATE payments_ledgeraccount SET {column} = {value}", _columns, _values),
    st.builds(lambda fen: f"UPDATE payments_ledgerentry SET amount_fen = {fen}", _amounts),
    st.sampled_from(sorted(ATTACKS.values())),
    st.sampled_from(["SET CONSTRAINTS ALL IMMEDIATE", "SET CONSTRAINTS ALL DEFERRED"]),
    st.lists(_amounts, min_size=1, max_size=4).map(lambda amounts: with_legs(*amounts)),
    st.builds(
        lambda one, other: (
            f"INSERT INTO payments_ledgerentry (transaction_id, account_id, amount_fen)"
            f" VALUES ((SELECT max(id) FROM payments_ledgertransaction), {_ACCOUNT}, {one}),"
            f" ((SELECT max(id) FROM payments_ledgertransaction), {_OTHER}, {other})"
        ),
        _amounts,
        _amounts,
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(statements=st.lists(_statements, min_size=1, max_size=4))
@pytest.mark.usefixtures("books")
def test_random_statements_leave_the_books_right(statements: list[str]) -> None:
    """A statement may pass where it is an honest movement; the books are right whatever passed."""
    try:
        with transaction.atomic():
            with as_role("books_attacker"), connection.cursor() as cursor:
                for statement in statements:
                    with suppress(DatabaseError), transaction.atomic():
                        cursor.execute(statement)
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            assert wrongs() == []
            raise _Undo
    except (_Undo, DatabaseError):
        pass
    assert wrongs() == []


class _Undo(Exception):
    pass


@pytest.mark.usefixtures("books")
def test_guards_taken_away_let_an_attack_through() -> None:
    """That the attacks above fail is due to the triggers."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE payments_ledgeraccount DISABLE TRIGGER payments_guard_account")
        cursor.execute(ATTACKS["write a balance"])
    assert wrongs() != []
