"""The books in plain SQL, and accounts to move money between: for tests that trust no code of ours."""

from django.db import connection

from payments.choices import AccountKind, TransactionKind
from payments.ledger import AccountRef, Leg, Movement

WRONG_BALANCES = """
SELECT a.code, a.debits_fen, a.credits_fen, coalesce(e.debits, 0), coalesce(e.credits, 0)
FROM payments_ledgeraccount a LEFT JOIN (
    SELECT account_id, sum(greatest(amount_fen, 0)) AS debits, sum(greatest(-amount_fen, 0)) AS credits
    FROM payments_ledgerentry GROUP BY account_id
) e ON e.account_id = a.id
WHERE (a.debits_fen, a.credits_fen) IS DISTINCT FROM (coalesce(e.debits, 0), coalesce(e.credits, 0))
    OR (a.is_floored AND a.balance_fen < 0)
"""
WRONG_TRANSACTIONS = """
SELECT t.idempotency_key, count(e.id), sum(e.amount_fen)
FROM payments_ledgertransaction t
    LEFT JOIN payments_ledgerentry e ON e.transaction_id = t.id
    LEFT JOIN payments_ledgeraccount a ON a.id = e.account_id
GROUP BY t.id
HAVING count(e.id) < 2 OR sum(e.amount_fen) <> 0 OR bool_or(a.currency <> t.currency)
"""


def wrongs() -> list[object]:
    """Whatever is wrong with the books; nothing in books that are right."""
    with connection.cursor() as cursor:
        found: list[object] = []
        for sql in (WRONG_BALANCES, WRONG_TRANSACTIONS):
            cursor.execute(sql)
            found += cursor.fetchall()
    return found


def provider(name: str = "alipay", currency: str = "CNY") -> AccountRef:
    return AccountRef(AccountKind.PSP_CLEARING, currency, provider=name)


def on_its_way_back(name: str = "alipay", currency: str = "CNY") -> AccountRef:
    """An account that cannot fall below zero."""
    return AccountRef(AccountKind.REFUND_CLEARING, currency, provider=name)


def movement(key: str, *legs: tuple[AccountRef, int], currency: str = "CNY") -> Movement:
    return Movement(key, TransactionKind.PAID, tuple(Leg(ref, fen) for ref, fen in legs), currency)
