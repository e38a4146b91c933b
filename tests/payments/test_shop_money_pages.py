"""A shop's money pages: who may see them, what they say, their queries, and what is done there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from core.ids import new_public_id
from payments import late_refunds
from payments.choices import AlarmKind, PayoutStatus, RefundStatus
from payments.models import Alarm, Order, PayoutAccount, Refund, StatementLine
from payments.statements import closing
from shops.choices import Role
from shops.models import Shop, ShopChange
from tests.factories.board import member
from tests.factories.shops import ShopFactory
from tests.factories.statements import completed_order, open_dispute, paid_out, payout_account, settled_order, work

pytestmark = pytest.mark.django_db

HANDED_OVER = datetime(2026, 11, 3, 2, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
KEY = "202611A"


@pytest.fixture
def shop() -> Shop:
    return ShopFactory(slug="xuhui")


@pytest.fixture
def boss(shop: Shop, client: Client) -> Client:
    return signed_in(client, member(shop, Role.OWNER))


def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def get(client: Client, name: str, *args: object, **query: str) -> HttpResponse:
    with time_machine.travel(NOW, tick=False):
        return client.get(reverse(f"money:{name}", args=["xuhui", *args], query=query or None))


def text_of(client: Client, name: str, *args: object, **query: str) -> str:
    response = get(client, name, *args, **query)
    assert response.status_code == 200
    return response.content.decode()


def post(client: Client, name: str, *args: object, **fields: str) -> HttpResponse:
    with time_machine.travel(NOW, tick=False):
        return client.post(reverse(f"money:{name}", args=["xuhui", *args]), fields)


# --- Who may ------------------------------------------------------------------------------------

MONEY_PAGES = ["overview", "statements", "statement", "statement_csv", "statement_pdf", "payouts", "account", "order"]
PAGES = [*MONEY_PAGES, "give_back", "counter_refunds"]
SEES = {
    Role.OWNER: PAGES,
    Role.MANAGER: PAGES,
    Role.ADVISOR: ["counter_refunds"],
    Role.TECHNICIAN: [],
    Role.CASHIER: ["counter_refunds"],
}


def _arguments(name: str, order: Order) -> list[object]:
    if name.startswith("statement") and name != "statements":
        return [KEY]
    return {"order": [order.public_id], "give_back": [order.public_id, 1]}.get(name, [])


@pytest.mark.parametrize("role", Role)
def test_each_role_sees_what_its_permission_opens(shop: Shop, client: Client, role: Role) -> None:
    order = settled_order(shop=shop, at=HANDED_OVER)
    signed_in(client, member(shop, role))
    found = {name: get(client, name, *_arguments(name, order)).status_code for name in PAGES}
    assert found == {name: 200 if name in SEES[role] else 403 for name in PAGES}


@pytest.mark.parametrize("name", PAGES)
def test_strangers_find_nothing_and_nobody_signs_in(shop: Shop, client: Client, name: str) -> None:
    order = settled_order(shop=shop, at=HANDED_OVER)
    assert get(client, name, *_arguments(name, order)).status_code == 302
    signed_in(client, member(ShopFactory(), Role.OWNER))
    assert get(client, name, *_arguments(name, order)).status_code == 404


def test_an_order_or_a_refund_of_another_shop_looks_missing(shop: Shop, boss: Client) -> None:
    foreign = settled_order(at=HANDED_OVER, online=False)
    refund = _counter_refund(foreign)
    assert get(boss, "order", foreign.public_id).status_code == 404
    assert post(boss, "give_back", foreign.public_id, 1, amount="1", note="x").status_code == 404
    assert post(boss, "counter_refund_given", refund.public_id).status_code == 404
    assert get(boss, "order", new_public_id()).status_code == 404


@pytest.mark.parametrize("key", ["202613A", "nonsense", "202612A", "209911B"])
def test_a_period_that_is_none_or_has_not_begun_is_not_found(boss: Client, key: str) -> None:
    for name in ("statement", "statement_csv", "statement_pdf"):
        assert get(boss, name, key).status_code == 404


def test_the_navigation_leads_each_role_where_it_may_go(shop: Shop, client: Client) -> None:
    signed_in(client, member(shop, Role.CASHIER))
    page = text_of(client, "counter_refunds")
    assert reverse("money:counter_refunds", args=["xuhui"]) in page
    assert reverse("money:overview", args=["xuhui"]) + '"' not in page


# --- What they say ------------------------------------------------------------------------------


def test_overview_says_where_the_money_is(shop: Shop, boss: Client) -> None:
    settled_order(shop=shop, at=HANDED_OVER)
    completed_order(shop=shop, at=NOW - timedelta(days=2), lines=[work(12_300)])
    disputed = completed_order(shop=shop, at=NOW - timedelta(days=1), lines=[work(45_600)])
    open_dispute(disputed, at=NOW)
    page = text_of(boss, "overview")
    for words in ("Owed to you now", "¥250.32", "¥123.00", "Fri 27 Nov", "¥456.00", "1 dispute is open"):
        assert words in page
    assert "There is no account yet to pay to" in page
    paid_out(shop, at=NOW, status=PayoutStatus.SENT)
    assert "On its way" in text_of(boss, "overview")


def test_overview_says_what_the_shop_owes(shop: Shop, boss: Client) -> None:
    """The commission on what it took at its counter; before that visit is settled it owes nothing."""
    completed_order(shop=shop, at=NOW, online=False, lines=[work(12_300)])
    assert "You owe the platform" not in text_of(boss, "overview")
    settled_order(shop=shop, at=HANDED_OVER, online=False, lines=[work(20_000)])
    page = text_of(boss, "overview")
    assert "You owe the platform" in page
    assert "¥12.00" in page


@pytest.mark.parametrize("name", ["overview", "statements", "payouts", "counter_refunds", "account"])
def test_a_shop_without_money_is_told_what_comes(boss: Client, name: str) -> None:
    page = text_of(boss, name)
    assert "Name an account" in page or "yet" in page or "Nobody waits" in page


def test_a_statement_shows_its_sums_and_that_they_agree(shop: Shop, boss: Client) -> None:
    settled_order(shop=shop, at=HANDED_OVER, lines=[work(30_000), work(28_000)], number="XH-1103-047")
    paid_out(shop, at=datetime(2026, 11, 12, tzinfo=UTC))
    page = text_of(boss, "statement", KEY)
    for words in (
        "ST-202611A-XUHUI",
        "XH-1103-047",
        "¥580.00",
        "¥34.80",
        "¥3.48",
        "¥541.72",
        "Commission 6 % × ¥580.00",
    ):
        assert words in page
    assert "2 lines added up = the totals = the ledger: difference ¥0.00" in page
    assert not Alarm.objects.exists()


def test_a_changed_line_makes_the_statement_say_so_and_raises_an_alarm(shop: Shop, boss: Client) -> None:
    settled_order(shop=shop, at=HANDED_OVER)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE payments_statementline DISABLE TRIGGER payments_guard_statement_line")
        cursor.execute("UPDATE payments_statementline SET gross_fen = gross_fen + 7, net_fen = net_fen + 7")
    page = text_of(boss, "statement", KEY)
    assert "do not agree: difference ¥0.07" in page
    assert "Being checked" in page
    assert Alarm.objects.get().kind == AlarmKind.BOOKS_OFF
    assert "Being checked" in text_of(boss, "statements")


def test_tabs_and_search_narrow_the_list(shop: Shop, boss: Client) -> None:
    settled_order(shop=shop, at=HANDED_OVER, number="XH-1", title_en="Brake pads")
    disputed = completed_order(shop=shop, at=HANDED_OVER, number="XH-2")
    open_dispute(disputed, at=HANDED_OVER)
    assert "XH-2" not in text_of(boss, "statement", KEY, tab="settled")
    assert "XH-1" not in text_of(boss, "statement", KEY, tab="disputed")
    found = text_of(boss, "statement", KEY, q="brake")
    assert "XH-1" in found
    assert "XH-2" not in found
    assert "No visit matches" in text_of(boss, "statement", KEY, q="nothing like it")
    for tab in ("everything", "x" * 500, "%00"):
        assert get(boss, "statement", KEY, tab=tab, q="x" * 5000, page="9" * 50).status_code == 200


def test_closed_statements_are_listed_with_the_open_one(shop: Shop, boss: Client) -> None:
    settled_order(shop=shop, at=HANDED_OVER)
    closing.close_ended(at=NOW)
    settled_order(shop=shop, at=NOW - timedelta(days=8))
    page = text_of(boss, "statements")
    assert page.index("Nov 2026, second half") < page.index("Nov 2026, first half")
    assert "Closed" in page


def test_an_orders_page_shows_every_entry(shop: Shop, boss: Client) -> None:
    order = settled_order(shop=shop, at=HANDED_OVER)
    page = text_of(boss, "order", order.public_id)
    for words in ("Paid online", "Settled with the shop", "At the provider", "Owed to the shop", "Payment fees"):
        assert words in page


# --- Queries ------------------------------------------------------------------------------------


@pytest.mark.parametrize("orders", [1, 6])
@pytest.mark.parametrize(
    ("name", "queries"), [("overview", 13), ("statements", 12), ("statement", 16), ("payouts", 6), ("order", 14)]
)
def test_pages_take_the_same_queries_for_any_number_of_orders(
    shop: Shop,
    boss: Client,
    name: str,
    queries: int,
    orders: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for _n in range(orders):
        order = settled_order(shop=shop, at=HANDED_OVER, lines=[work(10_000), work(5_000)])
        paid_out(shop, at=HANDED_OVER + timedelta(days=8))
    with django_assert_num_queries(queries):
        assert get(boss, name, *_arguments(name, order)).status_code == 200


def test_files_come_as_attachments_and_csv_is_streamed(shop: Shop, boss: Client) -> None:
    settled_order(shop=shop, at=HANDED_OVER)
    response = get(boss, "statement_csv", KEY)
    assert response.streaming
    assert response["Content-Disposition"] == 'attachment; filename="statement-ST-202611A-XUHUI.csv"'
    assert b"250.32" in b"".join(response.streaming_content)  # type: ignore[attr-defined]
    assert get(boss, "statement_pdf", KEY).content.startswith(b"%PDF-")


# --- What is done there -------------------------------------------------------------------------

ACCOUNT = {"channel": "bank", "holder": "Shenchi Ltd", "bank": "CMB Xuhui", "number": "6214 8502 1234 6620"}


def test_an_account_is_named_masked_and_logged(shop: Shop, boss: Client) -> None:
    assert post(boss, "account", **ACCOUNT).status_code == 302
    account = PayoutAccount.objects.get()
    assert (account.number, account.verified_at) == ("6214850212346620", None)
    page = text_of(boss, "account")
    assert "•••• 6620" in page
    assert "62148502" not in page
    assert "Waiting to be verified" in page
    change = ShopChange.objects.get()
    assert (change.kind, change.after) == ("payout_account", {"payout_account": "Shenchi Ltd · CMB Xuhui · •••• 6620"})


def test_a_replaced_account_stays_in_the_list(shop: Shop, boss: Client) -> None:
    payout_account(shop)
    assert "Verified" in text_of(boss, "account")
    post(boss, "account", **{**ACCOUNT, "number": "62148502123499990"})
    page = text_of(boss, "account")
    assert "•••• 9990" in page
    assert "•••• 6620" in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "12ab"),
        ("number", "1" * 33),
        ("holder", ""),
        ("holder", "a\x00b"),
        ("bank", ""),
        ("channel", "wechat"),
    ],
)
def test_what_cannot_be_an_account_is_refused_beside_its_field(boss: Client, field: str, value: str) -> None:
    response = post(boss, "account", **{**ACCOUNT, field: value})
    assert response.status_code in {400, 422}
    assert field in response.context["form"].errors
    assert not PayoutAccount.objects.exists()


def test_money_is_given_back_after_its_effect_was_read(shop: Shop, boss: Client) -> None:
    order = settled_order(shop=shop, at=HANDED_OVER, lines=[work(30_000)])
    asked = post(boss, "give_back", order.public_id, 1, amount="100", note="A scratch")
    assert "¥100.00 go back. This is what it does:" in asked.content.decode()
    assert "−¥94.00" in asked.content.decode()
    assert not Refund.objects.exists()
    done = post(boss, "give_back", order.public_id, 1, amount="100", note="A scratch", understood="yes")
    assert done.status_code == 302
    assert Refund.objects.get().amount_fen == 10_000
    assert StatementLine.objects.filter(kind="late_refund").get().net_fen == -9_400


@pytest.mark.parametrize("amount", ["0", "300.01", "-1", "1.005", "abc", "9" * 30, ""])
def test_more_than_was_paid_or_no_amount_is_refused(shop: Shop, boss: Client, amount: str) -> None:
    order = settled_order(shop=shop, at=HANDED_OVER, lines=[work(30_000)])
    for extra in ({}, {"understood": "yes"}):
        response = post(boss, "give_back", order.public_id, 1, amount=amount, note="x", **extra)
        assert response.status_code in {400, 422}
        assert response.context["form"].errors["amount"]
    assert not Refund.objects.exists()


def _counter_refund(order: Order) -> Refund:
    line = order.lines.get()
    return late_refunds.give_back(order=order, line=line, amount_fen=5_000, by=None, note="Scratch", at=NOW)[0]


def test_a_cashier_says_that_a_refund_was_given(shop: Shop, client: Client) -> None:
    refund = _counter_refund(settled_order(shop=shop, at=HANDED_OVER, online=False))
    signed_in(client, member(shop, Role.CASHIER))
    assert "To be given back: ¥50.00" in text_of(client, "counter_refunds")
    for _again in range(2):
        assert post(client, "counter_refund_given", refund.public_id).status_code == 302
    refund.refresh_from_db()
    assert (refund.status, refund.done_at) == (RefundStatus.DONE, NOW)
    assert get(client, "counter_refund_given", refund.public_id).status_code == 405
