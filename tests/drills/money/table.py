"""What a drill has moved, in a few lines."""

from __future__ import annotations

from django.db import connection

from tests.drills.money.crew import Crew

_COUNTS = {
    "orders": "SELECT count(*), sum(total_fen) FROM payments_order",
    "paid online": """SELECT count(*), sum(amount_fen) FROM payments_payment
        WHERE status = 'paid' AND provider <> 'shop'""",
    "paid at the shop": "SELECT count(*), sum(amount_fen) FROM payments_payment WHERE provider = 'shop'",
    "refunds": "SELECT count(*), sum(amount_fen) FROM payments_refund WHERE status = 'done'",
    "put aside": """SELECT count(*), sum(e.amount_fen) FROM payments_ledgertransaction t JOIN payments_ledgerentry e
        ON e.transaction_id = t.id AND e.amount_fen > 0 WHERE t.kind = 'suspended'""",
    "settlements": """SELECT count(*), sum(e.amount_fen) FROM payments_ledgertransaction t JOIN payments_ledgerentry e
        ON e.transaction_id = t.id AND e.amount_fen > 0 WHERE t.kind = 'settled'""",
    "payouts arrived": "SELECT count(*), sum(amount_fen) FROM payments_payout WHERE status = 'paid'",
    "payouts that came back": "SELECT count(*), sum(amount_fen) FROM payments_payout WHERE status = 'failed'",
    "disputes": "SELECT count(*), 0 FROM payments_dispute",
    "notices": "SELECT count(*), 0 FROM payments_providernotice WHERE verdict = 'accepted'",
}


def of(crew: Crew, *, flushes: int = 0, repeated: int = 0) -> list[str]:
    """The table: how many, how much (yuan); and what was done to the processes."""
    rows = []
    with connection.cursor() as cursor:
        for what, query in _COUNTS.items():
            cursor.execute(query)
            count, fen = cursor.fetchone()
            rows.append(f"{what:24}{count:8,}{(fen or 0) / 100:18,.2f}")
    log = crew.psp.notice_log()
    sent_again = len(log) - len({notice["event_id"] for notice in log}) + repeated
    kills = ", ".join(f"{kind} {times}" for kind, times in crew.kills.most_common())
    rows += [f"{'notices sent again':24}{sent_again:8,}", f"{'broker emptied':24}{flushes:8,}"]
    return [*rows, f"{'kill -9':24}{sum(crew.kills.values()):8,}  {kills}"] if kills else rows
