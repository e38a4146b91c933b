"""A shop's statements: sums that add up by construction, verified against the ledger, closed once, told in words."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from payments import late_refunds
from payments.choices import AlarmKind, PayoutStatus
from payments.models import Alarm, Order, Statement, StatementLine
from payments.statements import closing, files, paper, reading, sums, words
from payments.statements import period as periods
from payments.statements.period import Period
from shops.models import Shop
from tests.factories.shops import ShopFactory
from tests.factories.statements import (
    completed_order,
    fee_rule,
    open_dispute,
    paid_out,
    settle,
    settled_order,
    work,
)

pytestmark = pytest.mark.django_db
NOV_A = datetime(2026, 11, 3, 2, tzinfo=UTC)
NET = 26_800 - 1_608 - 160  # 6 % and 0.6 % of ¥268, rounded down
AFTERWARDS = datetime(2026, 11, 16, 18, tzinfo=UTC)


@pytest.fixture
def shop() -> Shop:
    return ShopFactory(slug="xuhui")


@pytest.fixture
def november(shop: Shop) -> Period:
    return periods.of_day(date(2026, 11, 9), shop.zone)


def test_a_period_is_half_a_month_on_the_shops_wall(shop: Shop, november: Period) -> None:
    assert (november.starts_on, november.ends_on, november.key) == (date(2026, 11, 1), date(2026, 11, 15), "202611A")
    assert november.starts_at == datetime(2026, 10, 31, 16, tzinfo=UTC)
    assert november.ends_at == november.next().starts_at
    assert november.next().ends_on == date(2026, 11, 30)
    assert november.next().next().key == "202612A"
    assert periods.of_instant(datetime(2026, 11, 15, 16, tzinfo=UTC), shop.zone).key == "202611B"
    assert periods.of_key("202611A", shop.zone) == november
    assert periods.number_of(shop, november) == "ST-202611A-XUHUI"


@pytest.mark.parametrize("key", ["", "202613A", "202600B", "202611C", "202611a", "1999-11A", "２０２６11A"])
def test_what_is_no_key_is_no_period(shop: Shop, key: str) -> None:
    assert periods.of_key(key, shop.zone) is None


def test_numbers_of_long_names_stay_apart_and_short(november: Period) -> None:
    first, second = ShopFactory(slug="a" * 40), ShopFactory(slug="a" * 41)
    numbers = {periods.number_of(shop, november) for shop in (first, second)}
    assert len(numbers) == 2
    assert max(map(len, numbers)) <= 30


def test_sums_follow_from_lines_and_agree_with_the_ledger(shop: Shop, november: Period) -> None:
    settled_order(shop=shop, at=NOV_A, lines=[work(30_000), work(28_000)])
    completed_order(shop=shop, at=NOV_A, online=False, lines=[work(10_000)])
    found = sums.of_period(shop, november)
    assert found.kinds == sums.Kinds(
        price_fen=58_000,
        refunded_fen=0,
        commission_fen=3_480,
        processing_fen=348,
        coupon_fen=0,
        at_shop_fen=-10_000,
    )
    assert (found.order_count, found.line_count) == (1, 3)
    assert (found.opening_fen, found.lines_net_fen, found.closing_fen) == (0, 44_172, 44_172)
    assert found.agrees


def test_payouts_leave_and_come_back(shop: Shop, november: Period) -> None:
    settled_order(shop=shop, at=NOV_A)
    paid_out(shop, at=datetime(2026, 11, 12, tzinfo=UTC), status=PayoutStatus.FAILED)
    paid_out(shop, at=datetime(2026, 11, 17, tzinfo=UTC))
    first, second = sums.of_period(shop, november), sums.of_period(shop, november.next())
    assert (first.paid_out_fen, first.closing_fen) == (0, NET)
    assert (second.opening_fen, second.paid_out_fen, second.closing_fen) == (NET, NET, 0)
    assert first.agrees
    assert second.agrees


def test_a_refund_before_settlement_is_shown_and_not_paid(shop: Shop, november: Period) -> None:
    order = completed_order(shop=shop, at=NOV_A, lines=[work(30_000)])
    late_refunds.give_back(order=order, line=order.lines.get(), amount_fen=10_000, by=None, note="", at=NOV_A)
    settle(order)
    found = sums.of_period(shop, november)
    assert (found.kinds.price_fen, found.kinds.refunded_fen, found.kinds.commission_fen) == (30_000, 10_000, 1_200)
    assert found.agrees


def test_a_refund_after_settlement_is_taken_back_with_its_commission(shop: Shop, november: Period) -> None:
    order = settled_order(shop=shop, at=NOV_A, lines=[work(30_000)])
    late = NOV_A + timedelta(days=8)
    late_refunds.give_back(order=order, line=order.lines.get(), amount_fen=10_000, by=None, note="", at=late)
    found = sums.of_period(shop, november)
    assert (found.kinds.price_fen, found.kinds.refunded_fen, found.kinds.commission_fen) == (30_000, 10_000, 1_200)
    assert found.agrees
    (row,) = reading.page_of(shop, november, tab="refunded", words="", number="").rows
    assert (row.state, row.price_fen, row.refunded_fen, row.net_fen) == ("refunded", 30_000, 10_000, 18_620)


def _tamper(line: StatementLine, **columns: int) -> None:
    """Change a line behind the back of its guard, as only the owner of the database can."""
    assignments = ", ".join(f"{name} = {value}" for name, value in columns.items())
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE payments_statementline DISABLE TRIGGER payments_guard_statement_line")
        cursor.execute(f"UPDATE payments_statementline SET {assignments} WHERE id = %s", [line.pk])
        cursor.execute("ALTER TABLE payments_statementline ENABLE TRIGGER payments_guard_statement_line")


def test_a_changed_line_is_found(shop: Shop, november: Period) -> None:
    settled_order(shop=shop, at=NOV_A)
    _tamper(StatementLine.objects.get(), gross_fen=26_801, net_fen=NET + 1)
    found = sums.of_period(shop, november)
    assert not found.agrees
    assert found.difference_fen == 1
    with translation.override("en"):
        assert "do not agree: difference ¥0.01" in paper.agreement_words(found)


def test_ended_periods_are_closed_once_and_each_goes_on_where_the_last_ended(shop: Shop, november: Period) -> None:
    settled_order(shop=shop, at=NOV_A)
    settled_order(shop=shop, at=NOV_A + timedelta(days=14))
    paid_out(shop, at=datetime(2026, 11, 20, tzinfo=UTC))
    later = datetime(2026, 12, 2, tzinfo=UTC)
    assert closing.close_ended(at=AFTERWARDS) == 1
    assert closing.close_ended(at=AFTERWARDS) == 0
    assert closing.close_ended(at=later) == 1
    second, first = Statement.objects.all()
    assert (first.number, first.closing_fen, first.line_count) == ("ST-202611A-XUHUI", NET, 1)
    assert (second.opening_fen, second.net_fen, second.paid_out_fen, second.closing_fen) == (NET, NET, 2 * NET, 0)
    found = sums.of_period(shop, november)
    assert found.written == first
    assert found.agrees


def test_a_period_is_not_closed_in_its_last_hour(shop: Shop, november: Period) -> None:
    settled_order(shop=shop, at=NOV_A)
    assert closing.close_ended(at=november.ends_at + timedelta(minutes=59)) == 0
    assert closing.close_ended(at=november.ends_at + timedelta(minutes=60)) == 1


def test_a_period_without_movement_has_no_statement(shop: Shop) -> None:
    settled_order(shop=shop, at=NOV_A)
    settled_order(shop=shop, at=NOV_A + timedelta(days=60))
    closing.close_ended(at=datetime(2027, 3, 1, tzinfo=UTC))
    assert [(row.number, row.opening_fen) for row in Statement.objects.order_by("pk")] == [
        ("ST-202611A-XUHUI", 0),
        ("ST-202701A-XUHUI", NET),
    ]


def test_a_statement_that_does_not_agree_stays_open_and_raises_an_alarm(shop: Shop, november: Period) -> None:
    settled_order(shop=shop, at=NOV_A)
    line = StatementLine.objects.get()
    _tamper(line, gross_fen=26_801, net_fen=NET + 1)
    assert closing.close_ended(at=AFTERWARDS) == 0
    assert not Statement.objects.exists()
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.key, alarm.data["difference_fen"]) == (
        AlarmKind.BOOKS_OFF,
        "statement:ST-202611A-XUHUI",
        1,
    )
    _tamper(line, gross_fen=26_800, net_fen=NET)
    assert closing.close_ended(at=AFTERWARDS) == 1
    alarm.refresh_from_db()
    assert alarm.resolved_at == AFTERWARDS


def test_a_line_written_into_a_closed_statement_is_found(shop: Shop, november: Period) -> None:
    settled_order(shop=shop, at=NOV_A)
    closing.close_ended(at=AFTERWARDS)
    settled_order(shop=shop, at=NOV_A)
    found = sums.of_period(shop, november)
    assert found.lines_net_fen == found.books.net_fen
    assert found.difference_fen == NET


def test_disputed_orders_stand_on_the_statement_and_are_counted(shop: Shop, november: Period) -> None:
    order = completed_order(shop=shop, at=NOV_A, lines=[work(20_000), work(6_800)])
    first = order.lines.first()
    assert first is not None
    open_dispute(order, first, at=NOV_A)
    settle(order)
    plain = settled_order(shop=shop, at=NOV_A)
    assert reading.held_of(shop, november) == (20_000, 1)
    listing = reading.page_of(shop, november, tab="all", words="", number="1")
    assert listing.counts == {"all": 2, "settled": 1, "waiting": 0, "disputed": 1, "refunded": 0}
    states = {row.order.pk: (row.state, row.price_fen) for row in listing.rows}
    assert states == {order.pk: ("disputed", 6_800), plain.pk: ("settled", 26_800)}


def test_an_order_is_found_by_number_and_by_what_was_done(shop: Shop, november: Period) -> None:
    found = settled_order(shop=shop, at=NOV_A, number="XH-1103-047", title_en="Brake pads", title_zh="刹车片")
    settled_order(shop=shop, at=NOV_A)
    for asked in ("1103-047", "brake", "刹车", " XH-1103-047 "):
        listing = reading.page_of(shop, november, tab="all", words=asked, number="")
        assert [row.order for row in listing.rows] == [found]


@pytest.mark.parametrize("orders", [3, 12])
def test_a_page_takes_the_same_queries_for_any_number_of_orders(
    shop: Shop, november: Period, orders: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _n in range(orders):
        settled_order(shop=shop, at=NOV_A, lines=[work(10_000), work(5_000)])
    paid_out(shop, at=AFTERWARDS)
    with django_assert_num_queries(9):
        listing = reading.page_of(shop, november, tab="all", words="", number="")
        told = [(words.story(row), words.shares(row.earned)[0].words, row.payouts) for row in listing.rows]
    assert len(told) == orders


def test_the_story_and_the_rule_of_an_order_are_told_in_words(shop: Shop, november: Period) -> None:
    fee_rule(commission_bp=600, processing_bp=65)
    settled_order(shop=shop, at=NOV_A)
    paid_out(shop, at=NOV_A + timedelta(days=9))
    with translation.override("en"):
        (row,) = reading.page_of(shop, november, tab="all", words="", number="").rows
        (share,) = words.shares(row.earned)
        assert (share.commission, share.processing) == ("6 %", "0.65 %")
        assert share.words == "Rules v3, no. 1: every shop and service"
        assert [step.text.split(",")[0] for step in words.story(row)] == [
            "The owner paid: Test payment",
            "Car handed over; the platform holds the money",
            "Settled: owed to the shop",
            "In a payout to the shop",
            "Paid out",
        ]
    with translation.override("zh-hans"):
        assert words.percent(600) == "6%"


# --- Files --------------------------------------------------------------------------------------


def _csv(shop: Shop, period: Period) -> tuple[list[str], list[dict[str, str]]]:
    with translation.override("en"):
        pieces = files.as_csv(shop, period, sums=sums.of_period(shop, period))
        text = "".join(pieces)
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
    rows: list[dict[str, Any]] = list(reader)
    return list(reader.fieldnames or []), rows


def test_csv_pdf_and_page_have_the_same_sums(shop: Shop, november: Period) -> None:
    settled_order(shop=shop, at=NOV_A, lines=[work(30_000), work(28_000)])
    completed_order(shop=shop, at=NOV_A, online=False, lines=[work(10_000)])
    found = sums.of_period(shop, november)
    _names, rows = _csv(shop, november)
    added, stated = rows[-2], rows[-1]
    money = ("Price, yuan", "Commission, yuan", "Payment fee, yuan", "At the shop, yuan", "For the shop, yuan")
    assert [added[name] for name in money] == ["580.00", "34.80", "3.48", "-100.00", "441.72"]
    assert {**added, "Time": ""} == {**stated, "Time": ""}
    of_orders = list(paper.order_sums(shop, november))
    assert sum(row["net_fen"] for row in of_orders) == found.kinds.net_fen == found.lines_net_fen == 44_172
    assert sum(row["price_fen"] for row in of_orders) == found.kinds.price_fen
    listing = reading.page_of(shop, november, tab="all", words="", number="")
    assert sum(row.net_fen for row in listing.rows) == 44_172


def test_a_formula_in_a_title_stays_text(shop: Shop, november: Period) -> None:
    formula = '=HYPERLINK("http://evil.example","x")'
    settled_order(shop=shop, at=NOV_A, lines=[work(30_000, title_en=formula, title_zh="@SUM(1)")], number="+1-1")
    _names, rows = _csv(shop, november)
    assert rows[0]["What"] == "'" + formula
    assert rows[0]["Number"].startswith("'+")


def test_csv_comes_in_pieces_and_its_head_before_any_row_is_read(
    shop: Shop, november: Period, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _n in range(3):
        settled_order(shop=shop, at=NOV_A)
    pieces = files.as_csv(shop, november, sums=sums.of_period(shop, november))
    with django_assert_num_queries(0):
        assert next(pieces).startswith("\ufeff")
    assert len(list(pieces)) == 3 + 2


def test_pdf_has_a_row_for_each_order_in_either_language(shop: Shop, november: Period) -> None:
    settled_order(
        shop=shop,
        at=NOV_A,
        title_zh="更换前刹车片与刹车油、四轮定位",
        title_en="Front brake pads, brake fluid, alignment",
    )
    found = sums.of_period(shop, november)
    for language in ("en", "zh-hans"):
        with translation.override(language):
            assert paper.as_pdf(shop, november, sums=found, at=AFTERWARDS).startswith(b"%PDF-")


def test_orders_of_another_shop_are_not_on_it(shop: Shop, november: Period) -> None:
    other: Order = settled_order(at=NOV_A)
    assert not reading.orders_of(shop, november).exists()
    assert reading.orders_of(other.shop, november).get() == other
