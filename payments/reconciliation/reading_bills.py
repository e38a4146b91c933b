"""Fetching the providers' bills: each day of each provider once.

The bill is fetched with no transaction open, then written whole in one. What it says of money that only the provider
moves (its fees, transfers to our bank) goes into our books with it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.db.models import Min, QuerySet, Sum

from payments import postings
from payments.alarms import raise_alarm, settle_by_itself
from payments.choices import AlarmKind
from payments.ledger import Movement, lock, post
from payments.models import BillLine, Payment, ProviderBill
from payments.providers.base import BillRow, Provider, ProviderError, Subject
from payments.reconciliation.days import bounds, day_at

logger = logging.getLogger(__name__)

# How far back a bill is still asked for. Providers keep them for months; what is missing longer needs a person.
LOOK_BACK_DAYS = 14
# A bill is there the next morning; when it has been missing for two days somebody has to ask for it.
MISSING_AFTER = timedelta(days=2)


def days_to_read(provider: str, *, at: datetime) -> list[date]:
    """The provider's days that are over and whose bill has not been read, oldest first; none from before the first
    payment that we started there. Two queries."""
    first = Payment.objects.filter(provider=provider).aggregate(at=Min("created_at"))["at"]
    if first is None:
        return []
    today = day_at(provider, at)
    start = max(day_at(provider, first), today - timedelta(days=LOOK_BACK_DAYS))
    read = set(ProviderBill.objects.filter(provider=provider, day__gte=start).values_list("day", flat=True))
    days = [start + timedelta(days=passed) for passed in range((today - start).days)]
    return [day for day in days if day not in read]


def read(*, provider: Provider, day: date, at: datetime) -> ProviderBill | None:
    """Fetch and write a day's bill; None while there is none. Read twice is read once.

    Call with no transaction open. Side effects: the bill, its rows, the postings of its fees and withdrawals; alarm
    BILL_MISSING where it has been missing for `MISSING_AFTER`, closed by the bill.
    """
    known = ProviderBill.objects.filter(provider=provider.key, day=day).first()
    if known is not None:
        return known
    try:
        rows = list(provider.bill(day))
    except ProviderError as error:
        _not_there(provider.key, day, error, at)
        return None
    return write(provider=provider.key, day=day, rows=rows, at=at)


@transaction.atomic
def write(*, provider: str, day: date, rows: Iterable[BillRow], at: datetime) -> ProviderBill:
    """Write a bill that was fetched. Whoever comes second finds the first one's."""
    rows = list(rows)
    bill, is_new = ProviderBill.objects.get_or_create(
        provider=provider,
        day=day,
        defaults={"read_at": at, "row_count": len(rows), "total_fen": sum(row.amount_fen for row in rows)},
    )
    if not is_new:
        return bill
    _insert(bill, rows)
    settle_by_itself(kind=AlarmKind.BILL_MISSING, key=f"{provider}:{day}", note="", at=at)
    _take_in(bill, at)
    return bill


def _insert(bill: ProviderBill, rows: Sequence[BillRow]) -> None:
    """All rows of a bill in one statement: through the ORM a busy day takes a minute."""
    columns = (
        list(range(1, len(rows) + 1)),
        [str(row.subject) for row in rows],
        [_clean(row.request_no, 64) for row in rows],
        [_clean(row.provider_ref, 80) for row in rows],
        [row.amount_fen for row in rows],
        [_clean(row.currency, 3) for row in rows],
        [row.at for row in rows],
    )
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, [bill.pk, *columns])


_INSERT = """
INSERT INTO payments_billline (bill_id, position, subject, request_no, provider_ref, amount_fen, currency, at)
SELECT %s, new.* FROM unnest(
    %s::integer[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::timestamptz[]
) AS new
"""


def _clean(text: str, length: int) -> str:
    """Somebody else's words as a column takes them."""
    return text.replace("\x00", "")[:length]


def _take_in(bill: ProviderBill, at: datetime) -> None:
    """Post what only the provider moves: all fees of a currency as one, each withdrawal by itself."""
    moved = bill.lines.exclude(amount_fen=0)
    fees = moved.filter(subject=Subject.FEE).order_by("currency")
    withdrawn = moved.filter(subject=Subject.WITHDRAWAL).select_related("bill").order_by("position")
    movements: list[tuple[Movement, QuerySet[BillLine]]] = [
        (postings.provider_fees(bill, currency=currency, amount_fen=total_fen), fees.filter(currency=currency))
        for currency, total_fen in fees.values_list("currency").annotate(fen=Sum("amount_fen"))
        if total_fen
    ]
    movements += [(postings.withdrawal(line), bill.lines.filter(pk=line.pk)) for line in withdrawn]
    lock([leg.account for movement, _lines in movements for leg in movement.legs])
    for movement, lines in movements:
        lines.update(transaction_id=post(movement, at=at).transaction_id)


def _not_there(provider: str, day: date, error: ProviderError, at: datetime) -> None:
    logger.info("no bill of %s for %s yet: %s", provider, day, error)
    _start, end = bounds(provider, day)
    if at >= end + MISSING_AFTER:
        with transaction.atomic():
            raise_alarm(
                kind=AlarmKind.BILL_MISSING,
                key=f"{provider}:{day}",
                at=at,
                data={"provider": provider, "day": day.isoformat(), "error": str(error)[:300]},
            )
