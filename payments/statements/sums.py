"""The sums of a statement, taken three times: from its lines, from what they say of themselves, and from the ledger.

All of them are read by one SQL statement, so that nothing can happen in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection

from payments.models import Statement
from payments.statements.period import Period, number_of
from shops.models import Shop

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Kinds:
    """What was added and taken, by kind, fen. Everything but `at_shop_fen` (signed) is the size of it."""

    price_fen: int
    refunded_fen: int
    commission_fen: int
    processing_fen: int
    coupon_fen: int
    at_shop_fen: int

    @property
    def net_fen(self) -> int:
        """What is left for the shop: the kinds added up."""
        taken = self.refunded_fen + self.commission_fen + self.processing_fen + self.coupon_fen
        return self.price_fen - taken + self.at_shop_fen


@dataclass(frozen=True, slots=True)
class Books:
    """The same movements as the ledger has them: the shop's two accounts, what it is owed less what it owes."""

    opening_fen: int
    net_fen: int
    paid_out_fen: int

    @property
    def closing_fen(self) -> int:
        return self.opening_fen + self.net_fen - self.paid_out_fen


@dataclass(frozen=True, slots=True)
class Sums:
    """A statement in numbers. `opening_fen` and `closing_fen` are what the shop was owed; negative: what it owed."""

    line_count: int
    order_count: int
    kinds: Kinds
    opening_fen: int
    lines_net_fen: int
    paid_out_fen: int
    books: Books
    written: Statement | None

    @property
    def closing_fen(self) -> int:
        return self.opening_fen + self.lines_net_fen - self.paid_out_fen

    @property
    def differences(self) -> tuple[int, ...]:
        """What each comparison differs by, fen: lines and kinds, then the ledger, then the statement as written."""
        found = [
            self.lines_net_fen - self.kinds.net_fen,
            self.lines_net_fen - self.books.net_fen,
            self.paid_out_fen - self.books.paid_out_fen,
            self.closing_fen - self.books.closing_fen,
        ]
        if self.written is not None:
            found.append(self.lines_net_fen - self.written.net_fen)
            found.append(self.paid_out_fen - self.written.paid_out_fen)
            found.append(self.closing_fen - self.written.closing_fen)
        return tuple(found)

    @property
    def difference_fen(self) -> int:
        """The largest of the differences, with its sign; 0 when lines, totals and ledger agree."""
        return max(self.differences, key=abs)

    @property
    def agrees(self) -> bool:
        return not any(self.differences)


def of_period(shop: Shop, period: Period) -> Sums:
    """The sums of a shop's statement, open or closed. Three queries, whatever its length."""
    number = number_of(shop, period)
    closed = list(Statement.objects.filter(shop=shop, starts_on__lte=period.starts_on).order_by("-starts_on")[:2])
    written = next((row for row in closed if row.number == number), None)
    before = next((row for row in closed if row.number != number), None)
    since = Period(before.starts_on, period.zone).ends_at if before else _BEGINNING
    row = _read(shop, since=since, period=period)
    return Sums(
        line_count=row["line_count"],
        order_count=row["order_count"],
        kinds=Kinds(**{f"{name}_fen": row[f"{name}_fen"] for name in _KINDS}),
        opening_fen=(before.closing_fen if before else 0) + row["earlier_fen"],
        lines_net_fen=row["net_fen"],
        paid_out_fen=row["paid_out_fen"],
        books=Books(row["books_opening_fen"], row["books_net_fen"], row["books_paid_out_fen"]),
        written=written,
    )


def _read(shop: Shop, *, since: datetime, period: Period) -> Mapping[str, Any]:
    values: dict[str, int | datetime] = {
        "shop": shop.pk,
        "since": since,
        "start": period.starts_at,
        "end": period.ends_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, values)
        names = [column.name for column in cursor.description or ()]
        return dict(zip(names, cursor.fetchone() or (), strict=True))


_KINDS = ("price", "refunded", "commission", "processing", "coupon", "at_shop")

# A refund after settlement may stand as a negative price or as what was given back: it counts as given back.
_SUMS = """
WITH line AS (
    SELECT *, at >= %(start)s AS is_inside FROM payments_statementline
    WHERE shop_id = %(shop)s AND at >= %(since)s AND at < %(end)s
), lines AS (
    SELECT
        count(*) FILTER (WHERE is_inside) AS line_count,
        count(DISTINCT order_id) FILTER (WHERE is_inside AND kind IN ('work', 'fee')) AS order_count,
        coalesce(sum(gross_fen) FILTER (WHERE is_inside AND kind IN ('work', 'fee')), 0)::bigint AS price_fen,
        (coalesce(sum(refunded_fen) FILTER (WHERE is_inside), 0)
            - coalesce(sum(gross_fen) FILTER (WHERE is_inside AND kind = 'late_refund'), 0))::bigint AS refunded_fen,
        coalesce(sum(commission_fen) FILTER (WHERE is_inside), 0)::bigint AS commission_fen,
        coalesce(sum(processing_fen) FILTER (WHERE is_inside), 0)::bigint AS processing_fen,
        coalesce(sum(coupon_fen) FILTER (WHERE is_inside), 0)::bigint AS coupon_fen,
        coalesce(sum(gross_fen) FILTER (WHERE is_inside AND kind IN ('paid_at_shop', 'refunded_at_shop')), 0)::bigint
            AS at_shop_fen,
        coalesce(sum(net_fen) FILTER (WHERE is_inside), 0)::bigint AS net_fen,
        coalesce(sum(net_fen) FILTER (WHERE NOT is_inside), 0)::bigint AS earlier_net_fen
    FROM line
), payouts AS (
    SELECT
        (coalesce(sum(amount_fen) FILTER (WHERE created_at >= %(start)s AND created_at < %(end)s), 0)
            - coalesce(sum(amount_fen) FILTER (
                WHERE status = 'failed' AND closed_at >= %(start)s AND closed_at < %(end)s), 0))::bigint
            AS paid_out_fen,
        (coalesce(sum(amount_fen) FILTER (WHERE created_at >= %(since)s AND created_at < %(start)s), 0)
            - coalesce(sum(amount_fen) FILTER (
                WHERE status = 'failed' AND closed_at >= %(since)s AND closed_at < %(start)s), 0))::bigint
            AS earlier_paid_out_fen
    FROM payments_payout WHERE shop_id = %(shop)s
), entry AS (
    SELECT entry.amount_fen, transaction.at >= %(start)s AS is_inside,
           transaction.kind IN ('payout_started', 'payout_failed') AS is_payout
    FROM payments_ledgeraccount AS account
    JOIN payments_ledgerentry AS entry ON entry.account_id = account.id
    JOIN payments_ledgertransaction AS transaction ON transaction.id = entry.transaction_id
    WHERE account.shop_id = %(shop)s AND account.kind IN ('shop_payable', 'shop_receivable')
      AND transaction.at < %(end)s
), books AS (
    SELECT
        -coalesce(sum(amount_fen) FILTER (WHERE NOT is_inside), 0)::bigint AS books_opening_fen,
        -coalesce(sum(amount_fen) FILTER (WHERE is_inside AND NOT is_payout), 0)::bigint AS books_net_fen,
        coalesce(sum(amount_fen) FILTER (WHERE is_inside AND is_payout), 0)::bigint AS books_paid_out_fen
    FROM entry
)
SELECT lines.*, earlier_net_fen - earlier_paid_out_fen AS earlier_fen, paid_out_fen, books.*
FROM lines, payouts, books
"""
