"""Closing statements: once a period has ended and its sums agree with the ledger, they are written down for good."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, Min, OuterRef

from core import outbox
from payments.alarms import raise_alarm, settle_by_itself
from payments.choices import AlarmKind
from payments.models import Payout, Statement, StatementLine
from payments.statements import period as periods
from payments.statements.period import Period, number_of
from payments.statements.sums import Sums, of_period
from shops.models import Shop

# What was written at the last instant of a period may still be on its way to the database.
SETTLING_IN = timedelta(hours=1)


def close_ended(*, at: datetime) -> int:
    """Close every statement whose period has ended, oldest first; how many were closed. Run twice closes nothing twice.

    A statement whose sums do not agree with the ledger stays open, and so do the later ones of its shop: an alarm
    BOOKS_OFF is raised instead.
    """
    shops = Shop.objects.filter(Exists(StatementLine.objects.filter(shop=OuterRef("pk")))).select_related("city")
    return sum(_close_shop(shop, at) for shop in shops.order_by("pk").iterator(chunk_size=500))


def _close_shop(shop: Shop, at: datetime) -> int:
    closed = 0
    for period in _ended(shop, at):
        if not close(shop=shop, period=period, at=at):
            break
        closed += 1
    return closed


@transaction.atomic
def close(*, shop: Shop, period: Period, at: datetime) -> bool:
    """Write a statement down; False where its sums do not agree with the ledger. Closed twice is closed once.

    Side effect: outbox `statement.closed`.
    """
    sums = of_period(shop, period)
    if not check(shop=shop, period=period, sums=sums, at=at):
        return False
    row = Statement(
        shop=shop,
        number=number_of(shop, period),
        starts_on=period.starts_on,
        ends_on=period.ends_on,
        opening_fen=sums.opening_fen,
        net_fen=sums.lines_net_fen,
        paid_out_fen=sums.paid_out_fen,
        closing_fen=sums.closing_fen,
        line_count=sums.line_count,
        made_at=at,
    )
    Statement.objects.bulk_create([row], ignore_conflicts=True)
    outbox.emit(topic="statement.closed", key=row.number, at=at)
    return True


def check(*, shop: Shop, period: Period, sums: Sums, at: datetime) -> bool:
    """Whether a statement's sums agree with the ledger. Raises the alarm BOOKS_OFF where they do not, and closes it
    once they do."""
    number = number_of(shop, period)
    key = f"statement:{number}"
    if sums.agrees:
        settle_by_itself(kind=AlarmKind.BOOKS_OFF, key=key, note="The sums agree again.", at=at)
        return True
    data = {"statement": number, "shop": shop.slug, "difference_fen": sums.difference_fen}
    raise_alarm(kind=AlarmKind.BOOKS_OFF, key=key, data=data, at=at)
    return False


def _ended(shop: Shop, at: datetime) -> Iterator[Period]:
    """The periods to be closed at a shop, oldest first; those in which nothing moved are left out."""
    last = Statement.objects.filter(shop=shop).order_by("-starts_on").first()
    after = Period(last.starts_on, shop.zone).ends_at if last else None
    while (moved_at := first_movement(shop, after)) is not None:
        period = periods.of_instant(moved_at, shop.zone)
        if not period.has_ended(at - SETTLING_IN):
            return
        yield period
        after = period.ends_at


def first_movement(shop: Shop, after: datetime | None) -> datetime | None:
    """When something first moved what the shop is owed, from an instant on (None: ever). Three queries."""
    lines, payouts = StatementLine.objects.filter(shop=shop), Payout.objects.filter(shop=shop)
    came_back = payouts.filter(status="failed")
    if after is not None:
        lines, payouts = lines.filter(at__gte=after), payouts.filter(created_at__gte=after)
        came_back = came_back.filter(closed_at__gte=after)
    found = [
        lines.aggregate(at=Min("at"))["at"],
        payouts.aggregate(at=Min("created_at"))["at"],
        came_back.aggregate(at=Min("closed_at"))["at"],
    ]
    return min((moment for moment in found if moment is not None), default=None)
