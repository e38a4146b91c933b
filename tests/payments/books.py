"""The books, checked in plain SQL: what must be true after whatever happened. `check_books()` is for the end of a test.

Nothing here uses the code under test: not the ORM, not `payments.ledger`.
"""

from __future__ import annotations

from django.db import connection

# Each finds rows that must not be there.
FAULTS = {
    "the trial balance is not zero": """
        SELECT currency, sum(amount_fen) FROM payments_ledgerentry e
        JOIN payments_ledgertransaction t ON t.id = e.transaction_id
        GROUP BY currency HAVING sum(amount_fen) <> 0
    """,
    "a transaction is not balanced, or has fewer than two legs": """
        SELECT t.id, t.idempotency_key FROM payments_ledgertransaction t
        LEFT JOIN payments_ledgerentry e ON e.transaction_id = t.id
        GROUP BY t.id HAVING count(e.id) < 2 OR sum(e.amount_fen) <> 0
    """,
    "an account is not the sum of its entries": """
        SELECT a.code FROM payments_ledgeraccount a LEFT JOIN payments_ledgerentry e ON e.account_id = a.id
        GROUP BY a.id
        HAVING a.debits_fen <> coalesce(sum(e.amount_fen) FILTER (WHERE e.amount_fen > 0), 0)
            OR a.credits_fen <> coalesce(-sum(e.amount_fen) FILTER (WHERE e.amount_fen < 0), 0)
    """,
    "an account that has a floor is below zero": """
        SELECT code, debits_fen, credits_fen FROM payments_ledgeraccount
        WHERE (kind IN ('held', 'dispute_reserve', 'shop_payable', 'payout_clearing', 'refund_clearing')
               AND credits_fen < debits_fen)
           OR (kind = 'shop_receivable' AND debits_fen < credits_fen)
    """,
    # Kept = paid - given back + coupon; what was taken back from the shop after settlement was settled before.
    "held and reserve are not what is kept of an order and not settled": """
        SELECT o.id, o.paid_fen - o.refunded_fen + o.coupon_fen AS kept, s.settled, a.held
        FROM payments_order o
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(gross_fen - refunded_fen), 0) AS settled FROM payments_statementline
            WHERE order_id = o.id AND kind IN ('work', 'fee', 'late_refund')
        ) s ON true
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(credits_fen - debits_fen), 0) AS held FROM payments_ledgeraccount
            WHERE order_id = o.id AND kind IN ('held', 'dispute_reserve')
        ) a ON true
        WHERE o.paid_fen - o.refunded_fen + o.coupon_fen - s.settled <> a.held
    """,
    "what is held back is not what open disputes are about": """
        SELECT a.order_id, a.credits_fen - a.debits_fen AS reserved, d.held FROM payments_ledgeraccount a
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(l.held_fen), 0) AS held FROM payments_disputedline l
            JOIN payments_dispute x ON x.id = l.dispute_id
            WHERE x.order_id = a.order_id AND x.status IN ('open', 'answered')
        ) d ON true
        WHERE a.kind = 'dispute_reserve' AND a.credits_fen - a.debits_fen <> d.held
    """,
    "what a shop is owed or owes is not the sum of its unpaid lines": """
        SELECT s.id, side.name, coalesce(a.balance, 0) AS ledger, coalesce(l.net, 0) AS lines
        FROM shops_shop s
        CROSS JOIN (VALUES ('payable', 'shop_payable', 1), ('receivable', 'shop_receivable', -1))
            AS side (name, kind, sign)
        LEFT JOIN LATERAL (
            SELECT sum(abs(credits_fen - debits_fen)) AS balance FROM payments_ledgeraccount
            WHERE shop_id = s.id AND kind = side.kind
        ) a ON true
        LEFT JOIN LATERAL (
            SELECT side.sign * sum(net_fen) AS net FROM payments_statementline
            WHERE shop_id = s.id AND side = side.name AND payout_id IS NULL
        ) l ON true
        WHERE coalesce(a.balance, 0) <> coalesce(l.net, 0)
    """,
    "a payout is not the sum of its lines": """
        SELECT p.id, p.amount_fen, sum(l.net_fen) FROM payments_payout p
        LEFT JOIN payments_statementline l ON l.payout_id = p.id
        WHERE p.status <> 'failed' GROUP BY p.id HAVING p.amount_fen <> coalesce(sum(l.net_fen), 0)
    """,
    "payouts on their way are not what the ledger says": """
        SELECT a.provider, a.credits_fen - a.debits_fen, coalesce(p.fen, 0) FROM payments_ledgeraccount a
        LEFT JOIN (
            SELECT b.channel, sum(x.amount_fen) AS fen FROM payments_payout x
            JOIN payments_payoutbatch b ON b.id = x.batch_id
            WHERE x.status IN ('created', 'sent') GROUP BY b.channel
        ) p ON p.channel = a.provider
        WHERE a.kind = 'payout_clearing' AND a.credits_fen - a.debits_fen <> coalesce(p.fen, 0)
    """,
    "a line was settled twice": """
        SELECT line_id FROM payments_statementline WHERE kind IN ('work', 'fee')
        GROUP BY line_id HAVING count(*) > 1
    """,
    "commission is not what the lines say": """
        SELECT a.currency, a.credits_fen - a.debits_fen, l.fen FROM payments_ledgeraccount a
        JOIN (SELECT currency, sum(commission_fen) AS fen FROM payments_statementline GROUP BY currency) l
            USING (currency)
        WHERE a.kind = 'commission' AND a.credits_fen - a.debits_fen <> l.fen
    """,
}


def faults() -> dict[str, list[tuple[object, ...]]]:
    """What is wrong with the books, with the rows that show it."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for fault, query in FAULTS.items():
            cursor.execute(query)
            if rows := cursor.fetchall():
                found[fault] = rows
    return found


def check_books() -> None:
    """Fail unless the books are right to the fen."""
    assert faults() == {}
