"""A provider's bill of a day beside what our books say of that day.

Set by set in SQL: a day of a hundred thousand rows takes as many queries as a day of three. Movements are matched by
our number (a row without one stands under the provider's). What does not agree becomes a `Difference`, which closes by
itself once a bill or a booking explains it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, F, Q, Sum, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.errors import InvalidInput
from payments.alarms import raise_alarm, settle_by_itself
from payments.choices import AlarmKind, BillSubject, Bucket
from payments.models import Alarm, Difference, ProviderBill
from payments.reconciliation.days import NEAR_MIDNIGHT, bounds

MAX_NOTE = 500
_OFF_FEN = Coalesce(F("ours_fen"), Value(0)) - Coalesce(F("theirs_fen"), Value(0))


@dataclass(frozen=True, slots=True)
class BucketSum:
    """How many movements fell into a bucket, and what they come to on either side, fen."""

    count: int
    ours_fen: int
    theirs_fen: int


@dataclass(frozen=True, slots=True)
class Pair:
    """A movement as both sides know it; None where a side does not."""

    subject: str
    number: str
    bucket: str
    ours_fen: int | None
    theirs_fen: int | None
    currency: str

    @property
    def about(self) -> str:
        """What it is about, in words."""
        return str(BillSubject(self.subject).label)


def days_to_compare(provider: str) -> list[date]:
    """Days whose comparison may have changed: never compared, neighbours of those (a bill explains the days beside it),
    and those with open differences. Two queries."""
    bills = ProviderBill.objects.filter(provider=provider)
    new = set(bills.filter(compared_at__isnull=True).values_list("day", flat=True))
    beside = {day + timedelta(days=step) for day in new for step in (-1, 0, 1)}
    is_open = Q(resolved_at__isnull=True)
    unsettled = set(Difference.objects.filter(is_open, provider=provider).values_list("day", flat=True))
    return sorted(bills.filter(day__in=beside | unsettled).values_list("day", flat=True))


def compare_all(*, provider: str, at: datetime) -> int:
    """Compare every day that may have changed, then close what has been explained meanwhile, and raise or close the
    alarms. Returns how many differences are open."""
    for day in days_to_compare(provider):
        compare(provider=provider, day=day, at=at)
    close_explained(provider=provider, at=at)
    return update_alarms(provider=provider, at=at)


@transaction.atomic
def compare(*, provider: str, day: date, at: datetime) -> dict[str, BucketSum]:
    """Compare a day's bill with our books, open the differences that are new, and give the buckets. Raises
    ProviderBill.DoesNotExist. Three queries. Compared twice is compared once."""
    bill = ProviderBill.objects.select_for_update().get(provider=provider, day=day)
    with connection.cursor() as cursor:
        cursor.execute(
            _with(_ASIDE, _KEYS_OF_DAY, _SIDES, _COMPARED, _OPENED) + _COUNTED, {**_facts(provider, day), "at": at}
        )
        sums = {bucket: BucketSum(count, ours, theirs) for bucket, count, ours, theirs in cursor.fetchall()}
    buckets = {bucket: [found.count, found.ours_fen, found.theirs_fen] for bucket, found in sorted(sums.items())}
    bill.compared_at, bill.buckets = at, buckets
    bill.save(update_fields=["compared_at", "buckets"])
    return sums


def pairs(*, provider: str, day: date, bucket: str, offset: int = 0, limit: int = 100) -> list[Pair]:
    """The movements of a day's bucket, by number. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            _with(_ASIDE, _KEYS_OF_DAY, _SIDES, _COMPARED) + _ROWS,
            {**_facts(provider, day), "bucket": bucket, "offset": offset, "limit": limit},
        )
        return [Pair(*row) for row in cursor.fetchall()]


def close_explained(*, provider: str, at: datetime) -> int:
    """Close the open differences that both sides now agree on, on whichever days they stand. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_with(_ASIDE, _KEYS_OPEN, _SIDES) + _CLOSED, {"provider": provider, "day": None, "at": at})
        return int(cursor.rowcount)


@transaction.atomic
def resolve(*, difference: Difference, by: User, note: str, at: datetime) -> Difference:
    """Close a difference with what was found. Closed twice is closed once. Raises InvalidInput without a note."""
    note = note.strip()
    if not note or len(note) > MAX_NOTE:
        raise InvalidInput(_("Say what you found."), field="note")
    difference = Difference.objects.select_for_update().get(pk=difference.pk)
    if difference.resolved_at is None:
        difference.resolved_at, difference.resolved_by, difference.note = at, by, note
        difference.save(update_fields=["resolved_at", "resolved_by", "note"])
        update_alarms(provider=difference.provider, at=at, days=[difference.day])
    return difference


@transaction.atomic
def update_alarms(*, provider: str, at: datetime, days: Iterable[date] | None = None) -> int:
    """One alarm for each day with open differences (those that only wait for the next bill are none); closed with the
    last of them. With `days`, only alarms of these are closed and none is raised. Returns how many are open."""
    unexplained = Difference.objects.filter(provider=provider, resolved_at__isnull=True).exclude(bucket=Bucket.TIMING)
    off = {
        row["day"]: row for row in unexplained.order_by().values("day").annotate(count=Count("pk"), fen=Sum(_OFF_FEN))
    }
    raised = Alarm.objects.filter(
        kind=AlarmKind.DIFFERENCE, key__startswith=f"{provider}:", resolved_at__isnull=True
    ).values_list("key", flat=True)
    for key in raised:
        day = date.fromisoformat(key.partition(":")[2])
        if day not in off and (days is None or day in days):
            settle_by_itself(kind=AlarmKind.DIFFERENCE, key=key, note="", at=at)
    if days is None:
        for day, row in off.items():
            data = {"provider": provider, "day": day.isoformat(), "count": row["count"], "off_fen": row["fen"]}
            raise_alarm(kind=AlarmKind.DIFFERENCE, key=f"{provider}:{day}", at=at, data=data)
    return sum(row["count"] for row in off.values())


def _with(*tables: str) -> str:
    return "WITH " + ",".join(tables)


def _facts(provider: str, day: date) -> dict[str, Any]:
    start, end = bounds(provider, day)
    return {
        "provider": provider,
        "day": day,
        "before": day - timedelta(days=1),
        "after": day + timedelta(days=1),
        "start": start,
        "end": end,
        "early": start + NEAR_MIDNIGHT,
        "late": end - NEAR_MIDNIGHT,
    }


# Money that nobody could explain has moved at the provider all the same: it came as a payment and was sent back as a
# refund, under the number that `payments.suspense.refund_order` gives it.
_ASIDE = """
aside AS (
    SELECT CASE t.kind WHEN 'suspended' THEN 'payment' ELSE 'refund' END AS subject,
        CASE
            WHEN t.kind = 'suspended' THEN no.no
            WHEN length(no.no) < 32 THEN 's' || no.no
            ELSE left('s' || encode(sha256(convert_to(no.no, 'UTF8')), 'hex'), 32)
        END AS number,
        -e.amount_fen AS fen, t.currency, t.at
    FROM payments_ledgeraccount a
    JOIN payments_ledgerentry e ON e.account_id = a.id
    JOIN payments_ledgertransaction t ON t.id = e.transaction_id
    CROSS JOIN LATERAL (SELECT t.data ->> 'request_no' AS no) AS no
    WHERE a.kind = 'suspense' AND split_part(t.idempotency_key, ':', 2) = %(provider)s
)
"""
# What either side says of each of `keys` (subject, number), whichever day it says it on.
_SIDES = """
ours_rows AS (
    SELECT k.subject, k.number, p.amount_fen AS fen, p.currency, p.paid_at AS at
        FROM keys k JOIN payments_payment p ON p.request_no = k.number
        WHERE k.subject = 'payment' AND p.provider = %(provider)s AND p.status = 'paid'
    UNION ALL
    SELECT k.subject, k.number, -r.amount_fen, r.currency, r.done_at
        FROM keys k JOIN payments_refund r ON r.request_no = k.number JOIN payments_payment p ON p.id = r.payment_id
        WHERE k.subject = 'refund' AND p.provider = %(provider)s AND r.status = 'done'
    UNION ALL
    SELECT k.subject, k.number, -o.amount_fen, o.currency, o.closed_at
        FROM keys k JOIN payments_payout o ON o.request_no = k.number JOIN payments_payoutbatch b ON b.id = o.batch_id
        WHERE k.subject = 'payout' AND b.channel = %(provider)s AND o.status = 'paid'
    UNION ALL
    SELECT subject, number, fen, currency, at FROM keys JOIN aside USING (subject, number)
), ours AS (
    SELECT subject, number, sum(fen)::bigint AS fen, min(at) AS at,
        CASE WHEN min(currency) = max(currency) THEN min(currency) ELSE '' END AS currency
    FROM ours_rows GROUP BY subject, number
), theirs AS (
    SELECT k.subject, k.number, sum(l.amount_fen)::bigint AS fen, bool_or(b.day = %(day)s) AS is_here,
        CASE WHEN min(l.currency) = max(l.currency) THEN min(l.currency) ELSE '' END AS currency
    FROM keys k
    JOIN payments_billline l ON l.request_no = k.number AND l.subject = k.subject
    JOIN payments_providerbill b ON b.id = l.bill_id AND b.provider = %(provider)s
    GROUP BY k.subject, k.number
    UNION ALL
    SELECT l.subject, coalesce(nullif(l.provider_ref, ''), '#' || l.position), sum(l.amount_fen)::bigint, true,
        min(l.currency)
    FROM payments_billline l JOIN payments_providerbill b ON b.id = l.bill_id
    WHERE b.provider = %(provider)s AND b.day = %(day)s AND l.request_no = ''
        AND l.subject NOT IN ('fee', 'withdrawal')
    GROUP BY 1, 2
)
"""
_KEYS_OF_DAY = """
keys AS (
    SELECT l.subject, coalesce(nullif(l.request_no, ''), nullif(l.provider_ref, ''), '#' || l.position) AS number
        FROM payments_billline l JOIN payments_providerbill b ON b.id = l.bill_id
        WHERE b.provider = %(provider)s AND b.day = %(day)s AND l.subject NOT IN ('fee', 'withdrawal')
    UNION
    SELECT 'payment', request_no FROM payments_payment
        WHERE provider = %(provider)s AND status = 'paid' AND paid_at >= %(start)s AND paid_at < %(end)s
    UNION
    SELECT 'refund', r.request_no FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
        WHERE p.provider = %(provider)s AND r.status = 'done' AND r.done_at >= %(start)s AND r.done_at < %(end)s
    UNION
    SELECT 'payout', o.request_no FROM payments_payout o JOIN payments_payoutbatch b ON b.id = o.batch_id
        WHERE b.channel = %(provider)s AND o.status = 'paid' AND o.closed_at >= %(start)s AND o.closed_at < %(end)s
    UNION
    SELECT subject, number FROM aside WHERE at >= %(start)s AND at < %(end)s
)
"""
_COMPARED = """
read AS (
    SELECT
        NOT EXISTS (SELECT FROM payments_providerbill WHERE provider = %(provider)s AND day = %(after)s) AS no_next,
        NOT EXISTS (SELECT FROM payments_providerbill WHERE provider = %(provider)s AND day = %(before)s)
            AND EXISTS (SELECT FROM payments_providerbill WHERE provider = %(provider)s AND day < %(before)s) AS no_last
), compared AS MATERIALIZED (
    SELECT k.subject, k.number, o.fen AS ours_fen, t.fen AS theirs_fen, coalesce(o.currency, t.currency) AS currency,
        CASE
            WHEN o.fen IS NULL THEN 'theirs_only'
            WHEN t.fen IS NULL AND (o.at >= %(late)s AND no_next OR o.at < %(early)s AND no_last) THEN 'timing'
            WHEN t.fen IS NULL THEN 'ours_only'
            WHEN o.fen <> t.fen OR o.currency <> t.currency THEN 'amount'
            WHEN t.is_here AND o.at >= %(start)s AND o.at < %(end)s THEN 'matched'
            ELSE 'timing'
        END AS bucket
    FROM keys k
    LEFT JOIN ours o ON o.subject = k.subject AND o.number = k.number
    LEFT JOIN theirs t ON t.subject = k.subject AND t.number = k.number
    CROSS JOIN read
)
"""
# What a person has closed stays closed as long as it is the same; an open one follows what is known now.
_OPENED = """
opened AS (
    INSERT INTO payments_difference
        (provider, subject, request_no, bucket, ours_fen, theirs_fen, currency, day, found_at, note)
    SELECT %(provider)s, c.subject, c.number, c.bucket, c.ours_fen, c.theirs_fen, c.currency, %(day)s, %(at)s, ''
    FROM compared c
    WHERE (c.bucket IN ('ours_only', 'theirs_only', 'amount') OR c.bucket = 'timing' AND c.theirs_fen IS NULL)
        AND NOT EXISTS (
            SELECT FROM payments_difference d
            WHERE d.provider = %(provider)s AND d.subject = c.subject AND d.request_no = c.number
                AND d.resolved_by_id IS NOT NULL
                AND d.ours_fen IS NOT DISTINCT FROM c.ours_fen AND d.theirs_fen IS NOT DISTINCT FROM c.theirs_fen
        )
    ON CONFLICT (provider, subject, request_no) WHERE resolved_at IS NULL
    DO UPDATE SET bucket = excluded.bucket, ours_fen = excluded.ours_fen, theirs_fen = excluded.theirs_fen,
        currency = excluded.currency
)
"""
_COUNTED = """
SELECT bucket, count(*), coalesce(sum(ours_fen), 0)::bigint, coalesce(sum(theirs_fen), 0)::bigint
FROM compared GROUP BY bucket
"""
_ROWS = """
SELECT subject, number, bucket, ours_fen, theirs_fen, currency FROM compared
WHERE bucket = %(bucket)s ORDER BY number, subject OFFSET %(offset)s LIMIT %(limit)s
"""
_KEYS_OPEN = """
keys AS (
    SELECT subject, request_no AS number FROM payments_difference
    WHERE provider = %(provider)s AND resolved_at IS NULL
)
"""
_CLOSED = """
UPDATE payments_difference d
    SET resolved_at = %(at)s, ours_fen = o.fen, theirs_fen = t.fen
    FROM ours o JOIN theirs t ON t.subject = o.subject AND t.number = o.number
    WHERE d.provider = %(provider)s AND d.resolved_at IS NULL
        AND d.subject = o.subject AND d.request_no = o.number
        AND o.fen = t.fen AND o.currency = t.currency
"""
