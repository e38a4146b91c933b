"""A statement of 10,000 lines: its page and its first byte beside plain SQL, its queries, what streaming it holds."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median
from time import perf_counter

from django.db import connection, transaction

from benchmarks import engine
from benchmarks.measures.base import Bench, Line, ms
from core.ids import new_public_id
from payments.choices import LineKind, OrderStatus, ProviderKey, StatementKind, StatementSide, TransactionKind
from payments.ledger import Leg, Movement, post
from payments.models import Order, OrderLine, StatementLine
from payments.postings import at_provider, payable
from payments.statements import files, paper, reading, sums
from payments.statements import period as periods
from payments.statements.period import Period
from shops.models import Shop

LINES, LINES_AN_ORDER = 10_000, 2
PRICE_FEN, COMMISSION_FEN = 10_000, 600
AT = datetime(2026, 11, 9, tzinfo=UTC)
# What a statement cannot do without: its sums, and one row after the other.
_SQL = """
SELECT line.at, line.kind, line.gross_fen, line.refunded_fen, line.commission_fen, line.processing_fen,
       line.coupon_fen, line.net_fen, payments_order.number, payments_orderline.title_zh
FROM payments_statementline AS line
JOIN payments_order ON payments_order.id = line.order_id
LEFT JOIN payments_orderline ON payments_orderline.id = line.line_id
WHERE line.shop_id = %s AND line.at >= %s AND line.at < %s ORDER BY line.at, line.id
"""


class Statement:
    """Its rows are written and taken back in each round: they are of no use to other measures."""

    def __init__(self, _bench: Bench) -> None:
        self.pages, self.firsts, self.wholes = list[float](), list[float](), list[float]()
        self.plain, self.papers = list[float](), list[float]()
        self.page_queries = self.file_queries = 0
        self.peak_mb = 0.0

    def take_round(self) -> str:
        with transaction.atomic():
            shop = Shop.objects.select_related("city").order_by("pk")[0]
            period = periods.of_instant(AT, shop.zone)
            _write(shop)
            self._look(shop, period)
            transaction.set_rollback(True)
        return f"page {ms(self.pages)}, first byte {ms(self.firsts)}, whole {ms(self.wholes)}, SQL {ms(self.plain)}"

    def _look(self, shop: Shop, period: Period) -> None:
        def page() -> object:
            return sums.of_period(shop, period), reading.page_of(shop, period, tab="all", words="", number="1")

        def first() -> object:
            return next(files.as_csv(shop, period, sums=sums.of_period(shop, period)))

        def whole() -> int:
            return sum(1 for _piece in files.as_csv(shop, period, sums=sums.of_period(shop, period)))

        if whole() != LINES + 3:
            raise RuntimeError("the file has not every line")
        self.page_queries, _ = engine.asked(page)
        self.file_queries, _ = engine.asked(whole)
        for taken, run in ((self.pages, page), (self.firsts, first), (self.wholes, whole)):
            taken.append(_timed(run))
        self.plain.append(_timed(lambda: _fetch(shop, period)))
        totals = sums.of_period(shop, period)
        self.papers.append(_timed(lambda: paper.as_pdf(shop, period, sums=totals, at=AT)))
        self.peak_mb = max(self.peak_mb, _peak_mb(whole))

    def lines(self) -> list[Line]:
        what = f"statement of {LINES:,} lines"
        ratio = median(self.wholes) / median(self.plain)
        return [
            Line(f"{what}: page", ms(self.pages), f"{self.page_queries} queries", "constant"),
            Line(f"{what}: first byte of the CSV", ms(self.firsts), f"SQL for all rows {ms(self.plain)}"),
            Line(
                f"{what}: whole CSV",
                ms(self.wholes),
                f"{self.file_queries} queries, {ratio:.1f} × SQL, at most {self.peak_mb:.1f} MB held",
                "streamed",
            ),
            Line(f"{what}: PDF", ms(self.papers)),
        ]


def _timed(run: Callable[[], object]) -> float:
    began = perf_counter()
    run()
    return perf_counter() - began


def _peak_mb(run: Callable[[], object]) -> float:
    tracemalloc.start()
    run()
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def _fetch(shop: Shop, period: Period) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_SQL, [shop.pk, period.starts_at, period.ends_at])
        return sum(1 for _row in cursor)


def _write(shop: Shop) -> None:
    """Settled orders with their lines, each with a posting, so that the ledger has what the lines say."""
    orders = Order.objects.bulk_create(_order(shop, number) for number in range(LINES // LINES_AN_ORDER))
    lines = OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            position=position,
            kind=LineKind.WORK,
            title_zh="更换前刹车片",
            title_en="Front brake pads",
            amount_fen=PRICE_FEN,
        )
        for order in orders
        for position in range(1, LINES_AN_ORDER + 1)
    )
    transactions = {order.pk: _post(shop, order) for order in orders}
    StatementLine.objects.bulk_create(
        StatementLine(
            shop=shop,
            at=AT,
            kind=StatementKind.WORK,
            side=StatementSide.PAYABLE,
            transaction_id=transactions[line.order_id],
            order_id=line.order_id,
            line=line,
            gross_fen=PRICE_FEN,
            commission_fen=COMMISSION_FEN,
            net_fen=PRICE_FEN - COMMISSION_FEN,
        )
        for line in lines
    )


def _order(shop: Shop, number: int) -> Order:
    return Order(
        reference=new_public_id(),
        number=f"BN-{number:06d}",
        shop=shop,
        title_zh="刹车",
        title_en="Brakes",
        status=OrderStatus.COMPLETED,
        opened_at=AT - timedelta(days=8),
        closed_at=AT - timedelta(days=7, seconds=number),
        total_fen=PRICE_FEN * LINES_AN_ORDER,
        paid_fen=PRICE_FEN * LINES_AN_ORDER,
    )


def _post(shop: Shop, order: Order) -> int:
    fen = (PRICE_FEN - COMMISSION_FEN) * LINES_AN_ORDER
    legs = (Leg(at_provider(ProviderKey.ALIPAY), fen), Leg(payable(shop.pk), -fen))
    kind = TransactionKind.SETTLED
    return post(Movement(f"bench:{order.pk}", kind, legs, order_id=order.pk, shop_id=shop.pk), at=AT).transaction_id
