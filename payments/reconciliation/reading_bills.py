"""Fetching the providers' bills: each day of each provider once.

The bill is fetched with no transaction open, then written whole in one. What it says of money that only the provider
moves (its fees, transfers to our bank) goes into our books with it.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Min

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
_BATCH = 2000


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
    lines = [_line(bill, position, row) for position, row in enumerate(rows, start=1)]
    BillLine.objects.bulk_create(lines, batch_size=_BATCH)
    settle_by_itself(kind=AlarmKind.BILL_MISSING, key=f"{provider}:{day}", note="", at=at)
    _take_in(bill, lines, at)
    return bill


def _line(bill: ProviderBill, position: int, row: BillRow) -> BillLine:
    return BillLine(
        bill=bill,
        position=position,
        subject=str(row.subject),
        request_no=_clean(row.request_no, 64),
        provider_ref=_clean(row.provider_ref, 80),
        amount_fen=row.amount_fen,
        currency=row.currency[:3],
        at=row.at,
    )


def _clean(text: str, length: int) -> str:
    """Somebody else's words as a column takes them."""
    return text.replace("\x00", "")[:length]


def _take_in(bill: ProviderBill, lines: Sequence[BillLine], at: datetime) -> None:
    """Post what only the provider moves: all fees of a currency as one, each withdrawal by itself."""
    fees: dict[str, list[BillLine]] = defaultdict(list)
    for line in lines:
        if line.subject == Subject.FEE and line.amount_fen:
            fees[line.currency].append(line)
    movements: list[tuple[Movement, list[BillLine]]] = []
    for currency, kept in sorted(fees.items()):
        total_fen = sum(line.amount_fen for line in kept)
        if total_fen:
            movements.append((postings.provider_fees(bill, currency=currency, amount_fen=total_fen), kept))
    withdrawn = [line for line in lines if line.subject == Subject.WITHDRAWAL and line.amount_fen]
    movements += [(postings.withdrawal(line), [line]) for line in withdrawn]
    lock([leg.account for movement, _lines in movements for leg in movement.legs])
    for movement, taken in movements:
        posted = post(movement, at=at)
        BillLine.objects.filter(pk__in=[line.pk for line in taken]).update(transaction_id=posted.transaction_id)


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
