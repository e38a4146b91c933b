"""Whether our books and the provider's say the same, to the fen and to the single payment. Plain SQL on our side."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection

Rows = dict[str, tuple[Any, ...]]

_OURS = {
    "payments": """SELECT request_no, amount_fen, currency FROM payments_payment
        WHERE provider = 'sandbox' AND status = 'paid'""",
    "suspended": """SELECT t.data ->> 'request_no', abs(e.amount_fen), t.currency FROM payments_ledgertransaction t
        JOIN payments_ledgerentry e ON e.transaction_id = t.id AND e.amount_fen > 0 WHERE t.kind = 'suspended'""",
    "refunds": """SELECT r.request_no, r.amount_fen, r.currency FROM payments_refund r
        JOIN payments_payment p ON p.id = r.payment_id WHERE p.provider = 'sandbox' AND r.status = 'done'""",
    "cleared": """SELECT 's' || (t.data ->> 'request_no'), abs(e.amount_fen), t.currency
        FROM payments_ledgertransaction t
        JOIN payments_ledgerentry e ON e.transaction_id = t.id AND e.amount_fen > 0 WHERE t.kind = 'cleared'""",
    "payouts": "SELECT request_no, amount_fen, currency FROM payments_payout WHERE status = 'paid'",
}
# Each finds rows that must not be there once everything is quiet.
_ENDED = {
    "events given up": "SELECT id, topic, last_error FROM core_outboxevent WHERE parked_at IS NOT NULL",
    "settlements given up": "SELECT id, last_error FROM payments_settlement WHERE parked_at IS NOT NULL",
    "orders that cost something without exactly one settlement": """
        SELECT o.id, count(s.id) FROM payments_order o
        LEFT JOIN payments_settlement s ON s.order_id = o.id AND s.dispute_id IS NULL AND s.status = 'settled'
        WHERE EXISTS (SELECT FROM payments_orderline l WHERE l.order_id = o.id) GROUP BY o.id HAVING count(s.id) <> 1
    """,
    "settlements posted more than once": """
        SELECT idempotency_key, count(*) FROM payments_ledgertransaction WHERE kind = 'settled'
        GROUP BY 1 HAVING count(*) > 1
    """,
    "lines with money on them that are not on a statement exactly once": """
        SELECT l.id, count(s.id) FROM payments_orderline l
        LEFT JOIN payments_statementline s ON s.line_id = l.id AND s.kind IN ('work', 'fee')
        GROUP BY l.id HAVING count(s.id) > 1 OR (count(s.id) = 0 AND l.amount_fen > l.refunded_fen)
    """,
    "money held or on its way although everything is done": """
        SELECT code, balance_fen FROM payments_ledgeraccount
        WHERE kind IN ('held', 'dispute_reserve', 'payout_clearing', 'refund_clearing') AND balance_fen <> 0
    """,
    "events of money that are not there exactly once": """
        SELECT p.id, count(e.id) FROM payments_payment p
        LEFT JOIN core_outboxevent e ON e.topic = 'payment.paid' AND e.payload ->> 'payment' = p.public_id
        WHERE p.provider = 'sandbox' AND p.status = 'paid' GROUP BY p.id HAVING count(e.id) <> 1
    """,
}


def findings(theirs: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    """What does not agree once all is quiet, with the rows that show it. `theirs`: the provider's books."""
    ours = {what: _rows(query) for what, query in _OURS.items()}
    paid = {row["request_no"]: (row["paid_fen"], row["currency"]) for row in theirs["payments"] if row["paid_fen"]}
    back, out = _done(theirs["refunds"]), _done(theirs["payouts"])
    found: dict[str, Sequence[Any]] = {
        "payments both booked and put aside": sorted(ours["payments"].keys() & ours["suspended"].keys()),
        "payments made there that are not here": _missing(paid, {**ours["suspended"], **ours["payments"]}),
        "payments here that were not made there": _missing({**ours["suspended"], **ours["payments"]}, paid),
        "refunds done there that are not here": _missing(back, {**ours["refunds"], **ours["cleared"]}),
        "refunds here that were not made there": _missing({**ours["refunds"], **ours["cleared"]}, back),
        "payouts done there that are not here": _missing(out, ours["payouts"]),
        "payouts here that were not made there": _missing(ours["payouts"], out),
        "our account at the provider is not what the provider says": _sums(theirs),
    }
    return {what: rows for what, rows in {**found, **_ended()}.items() if rows}


def sent_twice(theirs: Mapping[str, Any]) -> list[str]:
    """Refunds and payouts that were done there under a number that none of ours bears. True at any moment: a number is
    written down before it is sent."""
    done = {row["request_no"] for row in [*theirs["refunds"], *theirs["payouts"]] if row["status"] == "done"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT request_no FROM payments_refund UNION ALL SELECT request_no FROM payments_payout")
        ours = {number for (number,) in cursor.fetchall()}
        cursor.execute("SELECT 's' || (data ->> 'request_no') FROM payments_ledgertransaction WHERE kind = 'suspended'")
        ours |= {number for (number,) in cursor.fetchall()}
    return sorted(done - ours)


def _rows(query: str) -> Rows:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return {number: (fen, currency) for number, fen, currency in cursor.fetchall()}


def _done(rows: Sequence[Mapping[str, Any]]) -> Rows:
    return {row["request_no"]: (row["amount_fen"], row["currency"]) for row in rows if row["status"] == "done"}


def _missing(these: Rows, those: Rows) -> list[Any]:
    return sorted((number, row, those.get(number)) for number, row in these.items() if those.get(number) != row)


def _sums(theirs: Mapping[str, Any]) -> list[tuple[str, int, int]]:
    """The balance there by currency (its fees apart, which its bill brings) beside our ledger's."""
    there: dict[str, int] = defaultdict(int)
    for row in theirs["payments"]:
        there[row["currency"]] += row["paid_fen"]
    for row in [*theirs["refunds"], *theirs["payouts"]]:
        there[row["currency"]] -= row["amount_fen"] if row["status"] == "done" else 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT currency, balance_fen FROM payments_ledgeraccount"
            " WHERE kind = 'psp_clearing' AND provider = 'sandbox'"
        )
        here: dict[str, int] = dict(cursor.fetchall())
    both = [(currency, here.get(currency, 0), there.get(currency, 0)) for currency in sorted({*here, *there})]
    return [row for row in both if row[1] != row[2]]


def _ended() -> dict[str, Sequence[Any]]:
    found = {}
    with connection.cursor() as cursor:
        for what, query in _ENDED.items():
            cursor.execute(query)
            found[what] = cursor.fetchall()
    return found
