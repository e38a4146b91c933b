"""What must be equal in the books, looked at from outside: each account beside the rows that it should follow from.

All of it is one SQL statement, so that everything is seen at the same moment, whatever is being written meanwhile. The
right-hand sides never look at the ledger: they are added up from orders, payments, refunds, statement lines and payouts
(but for money put aside, which stands nowhere else).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from payments.alarms import raise_alarm, settle_by_itself
from payments.choices import AlarmKind
from payments.models import Alarm, BookCheck


@dataclass(frozen=True, slots=True)
class Equation:
    """Two sides that must be equal, in one currency. `off` counts the accounts that are not, `which` names the first:
    ids of orders, shops or transactions, a provider, an account's code."""

    name: str
    currency: str
    books_fen: int
    rows_fen: int
    off: int
    which: list[str]

    @property
    def holds(self) -> bool:
        return self.off == 0

    @property
    def off_fen(self) -> int:
        """How much more is in the books."""
        return self.books_fen - self.rows_fen

    @property
    def sides(self) -> tuple[str | Promise, str | Promise]:
        """What stands on either side, in words."""
        return SIDES.get(self.name, (self.name, ""))


def check(*, at: datetime, is_full: bool = False) -> BookCheck:
    """Look at the books, write down what was found, and raise BOOKS_OFF for each equation that does not hold (closed by
    itself once it does). With `is_full` also every account against all of its entries, and every transaction."""
    equations = find(is_full=is_full)
    with transaction.atomic():
        looked = BookCheck.objects.create(
            at=at,
            is_balanced=all(equation.holds for equation in equations),
            figures={"is_full": is_full, "equations": [asdict(equation) for equation in equations]},
        )
        _alarm(equations, at)
    return looked


def find(*, is_full: bool = False) -> list[Equation]:
    """Both sides of every equation, those without any money left out. One query."""
    queries = {**_HOURLY, **(_NIGHTLY if is_full else {})}
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(_SELECT % {"name": name, "sides": sql} for name, sql in queries.items()))
        return [Equation(*row) for row in cursor.fetchall()]


def equations_of(looked: BookCheck) -> list[Equation]:
    """What a check found, as it was written down."""
    return [Equation(**equation) for equation in looked.figures.get("equations", [])]


def _alarm(equations: list[Equation], at: datetime) -> None:
    off = {f"{equation.name}:{equation.currency}": equation for equation in equations if not equation.holds}
    for key, equation in off.items():
        data: Mapping[str, Any] = {**asdict(equation), "off_fen": equation.off_fen}
        raise_alarm(kind=AlarmKind.BOOKS_OFF, key=key, at=at, data=data)
    seen = {f"{equation.name}:{equation.currency}" for equation in equations}
    open_ones = Alarm.objects.filter(kind=AlarmKind.BOOKS_OFF, resolved_at__isnull=True)
    for key in open_ones.values_list("key", flat=True):
        if key in seen and key not in off:
            settle_by_itself(kind=AlarmKind.BOOKS_OFF, key=key, note="", at=at)


# What each equation says: what the books hold, and what it must be equal to.
SIDES: dict[str, tuple[str | Promise, str | Promise]] = {
    "trial": (_("All debits less all credits"), _("nothing")),
    "held": (_("Held for owners and for disputes"), _("paid, less given back, less settled, of every order")),
    "forgotten": (_("Held for closed visits that nobody will settle"), _("nothing")),
    "payable": (_("Owed to shops"), _("lines of their statements not paid out yet")),
    "receivable": (_("Owed by shops"), _("what they took at the counter and owe back, not netted yet")),
    "refunds": (_("Refunds on their way"), _("refunds asked for and not done")),
    "payouts": (_("Payouts on their way"), _("payouts made and not arrived")),
    "provider": (_("At providers and the bank"), _("paid, less refunds and payouts, less fees and transfers")),
    "commission": (_("Commission"), _("commission on every settled line")),
    "fees": (_("Payment fees"), _("fees on settled lines, less what providers kept")),
    "coupons": (_("Coupons paid for"), _("coupons in use, less what shops have borne")),
    "accounts": (_("Balance of every account"), _("its entries")),
    "transactions": (_("Every transaction"), _("balanced")),
}

# Each equation adds up rows (whose, currency, what the books say, what the rows say); the first five that are off are
# named.
_SELECT = """
SELECT '%(name)s', currency, sum(books)::bigint, sum(fen)::bigint, (count(*) FILTER (WHERE books <> fen))::int,
    coalesce((array_agg(whose ORDER BY whose) FILTER (WHERE books <> fen))[1:5], '{}')
FROM (
    SELECT whose, currency, sum(books) AS books, sum(fen) AS fen FROM (%(sides)s) AS both_sides
    GROUP BY whose, currency
) AS compared
GROUP BY currency
"""

_HOURLY = {
    "trial": """
        SELECT '' AS whose, currency, debits_fen - credits_fen AS books, 0 AS fen FROM payments_ledgeraccount
    """,
    "held": """
        SELECT order_id::text AS whose, currency, balance_fen AS books, 0 AS fen FROM payments_ledgeraccount
            WHERE kind IN ('held', 'dispute_reserve')
        UNION ALL
        SELECT id::text, currency, 0, paid_fen - refunded_fen + coupon_fen FROM payments_order
        UNION ALL
        SELECT order_id::text, currency, 0, refunded_fen - gross_fen FROM payments_statementline
            WHERE kind IN ('work', 'fee', 'late_refund')
    """,
    "forgotten": """
        SELECT o.id::text AS whose, a.currency, 0 AS fen, CASE
            WHEN o.status = 'open' OR a.balance_fen = 0
                OR EXISTS (SELECT FROM payments_settlement s WHERE s.order_id = o.id AND s.status = 'due')
                OR EXISTS (SELECT FROM payments_dispute d WHERE d.order_id = o.id AND d.status IN ('open', 'answered'))
            THEN 0 ELSE a.balance_fen END AS books
            FROM payments_ledgeraccount a JOIN payments_order o ON o.id = a.order_id
    """,
    "payable": """
        SELECT shop_id::text AS whose, currency, balance_fen AS books, 0 AS fen FROM payments_ledgeraccount
            WHERE kind = 'shop_payable'
        UNION ALL
        SELECT shop_id::text, currency, 0, net_fen FROM payments_statementline
            WHERE side = 'payable' AND payout_id IS NULL
    """,
    "receivable": """
        SELECT shop_id::text AS whose, currency, balance_fen AS books, 0 AS fen FROM payments_ledgeraccount
            WHERE kind = 'shop_receivable'
        UNION ALL
        SELECT shop_id::text, currency, 0, -net_fen FROM payments_statementline
            WHERE side = 'receivable' AND payout_id IS NULL
    """,
    "refunds": """
        SELECT provider AS whose, currency, balance_fen AS books, 0 AS fen FROM payments_ledgeraccount
            WHERE kind = 'refund_clearing'
        UNION ALL
        SELECT p.provider, r.currency, 0, r.amount_fen
            FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
            WHERE r.status <> 'done' AND p.provider <> 'shop'
    """,
    "payouts": """
        SELECT provider AS whose, currency, balance_fen AS books, 0 AS fen FROM payments_ledgeraccount
            WHERE kind = 'payout_clearing'
        UNION ALL
        SELECT b.channel, o.currency, 0, o.amount_fen
            FROM payments_payout o JOIN payments_payoutbatch b ON b.id = o.batch_id
            WHERE o.status IN ('created', 'sent')
    """,
    "provider": """
        SELECT provider AS whose, currency, balance_fen AS books, 0 AS fen FROM payments_ledgeraccount
            WHERE kind = 'psp_clearing'
        UNION ALL
        SELECT provider, currency, 0, amount_fen FROM payments_payment WHERE status = 'paid' AND provider <> 'shop'
        UNION ALL
        SELECT p.provider, r.currency, 0, -r.amount_fen
            FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
            WHERE r.status = 'done' AND p.provider <> 'shop'
        UNION ALL
        SELECT b.channel, o.currency, 0, -o.amount_fen
            FROM payments_payout o JOIN payments_payoutbatch b ON b.id = o.batch_id WHERE o.status = 'paid'
        UNION ALL
        SELECT b.provider, l.currency, 0, l.amount_fen
            FROM payments_billline l JOIN payments_providerbill b ON b.id = l.bill_id
            WHERE l.subject IN ('fee', 'withdrawal')
        UNION ALL
        SELECT 'bank', l.currency, 0, -l.amount_fen FROM payments_billline l WHERE l.subject = 'withdrawal'
        UNION ALL
        SELECT split_part(t.idempotency_key, ':', 2), a.currency, 0, -e.amount_fen
            FROM payments_ledgeraccount a
            JOIN payments_ledgerentry e ON e.account_id = a.id
            JOIN payments_ledgertransaction t ON t.id = e.transaction_id
            WHERE a.kind = 'suspense'
    """,
    "commission": """
        SELECT '' AS whose, currency, balance_fen AS books, 0 AS fen FROM payments_ledgeraccount
            WHERE kind = 'commission'
        UNION ALL
        SELECT '', currency, 0, commission_fen FROM payments_statementline
    """,
    "fees": """
        SELECT '' AS whose, currency, balance_fen AS books, 0 AS fen FROM payments_ledgeraccount WHERE kind = 'fees'
        UNION ALL
        SELECT '', currency, 0, processing_fen FROM payments_statementline
        UNION ALL
        SELECT '', currency, 0, amount_fen FROM payments_billline WHERE subject = 'fee'
    """,
    "coupons": """
        SELECT coalesce(shop_id::text, '') AS whose, currency, balance_fen AS books, 0 AS fen
            FROM payments_ledgeraccount WHERE kind = 'coupon_funding'
        UNION ALL
        SELECT '', o.currency, 0, u.platform_fen
            FROM payments_couponuse u JOIN payments_order o ON o.id = u.order_id WHERE u.status = 'used'
        UNION ALL
        SELECT o.shop_id::text, o.currency, 0, u.shop_fen
            FROM payments_couponuse u JOIN payments_order o ON o.id = u.order_id WHERE u.status = 'used'
        UNION ALL
        SELECT shop_id::text, currency, 0, -coupon_fen FROM payments_statementline
    """,
}
# Reads every entry there is.
_NIGHTLY = {
    "accounts": """
        SELECT code AS whose, currency, debits_fen - credits_fen AS books, 0::bigint AS fen FROM payments_ledgeraccount
        UNION ALL
        SELECT a.code, a.currency, 0, sum(e.amount_fen)::bigint
            FROM payments_ledgerentry e JOIN payments_ledgeraccount a ON a.id = e.account_id GROUP BY a.code, a.currency
    """,
    "transactions": """
        SELECT t.id::text AS whose, t.currency, coalesce(sum(e.amount_fen), 0) AS books, 0 AS fen
            FROM payments_ledgertransaction t LEFT JOIN payments_ledgerentry e ON e.transaction_id = t.id
            GROUP BY t.id, t.currency
    """,
}
