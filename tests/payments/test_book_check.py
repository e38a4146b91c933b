"""Every equation of the books: it holds through the life of an order, and each one broken on purpose is named."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from payments import orders, postings, settlement
from payments.choices import AlarmKind, CouponFunder, ProviderKey
from payments.commission import RuleDraft, publish
from payments.coupons import CouponDraft, create, use
from payments.ledger import post
from payments.models import Alarm, BookCheck, Order
from payments.providers.base import BillRow, Subject
from payments.reconciliation import book_check, reading_bills
from tests.factories.accounts import UserFactory
from tests.factories.money import CLOSED, OPENED, completed_order, money_order, paid_online, work
from tests.payments.books import check_books

pytestmark = pytest.mark.django_db
AT = CLOSED + timedelta(days=8)


@pytest.fixture
def order(db: None) -> Order:
    """Books with something in every account but payouts: a coupon, both ways of paying, fees, a refund, suspense."""
    at = datetime(2026, 10, 1, tzinfo=UTC)
    publish(rules=[RuleDraft(commission_bp=800, processing_bp=60)], note="First.", valid_from=at, by=None, at=at)
    person = UserFactory()
    order = money_order(26800, payer=person)
    draft = CouponDraft(
        code="AUTUMN",
        name_zh="秋",
        name_en="Autumn",
        funder=CouponFunder.SHARED,
        shop=order.shop,
        shop_percent=40,
        value_fen=3000,
        starts_at=OPENED,
        ends_at=CLOSED,
    )
    create(draft, by=UserFactory(admin=True), at=OPENED)
    use(order=order, code="AUTUMN", person=person, at=OPENED)
    order.refresh_from_db()
    paid_online(order, 21800)
    orders.complete(reference=order.reference, lines=[work(20000), work(6700)], at=CLOSED)
    settlement.settle_due(at=AT, limit=10)
    completed_order((5000, 100), online_fen=100)  # waits for its settlement
    post(postings.suspended(provider=ProviderKey.SANDBOX, currency="CNY", amount_fen=70, request_no="odd"), at=CLOSED)
    rows = [
        BillRow(Subject.FEE, "x", "", -160, "CNY", CLOSED),
        BillRow(Subject.WITHDRAWAL, "y", "", -9000, "CNY", CLOSED),
    ]
    reading_bills.write(provider=ProviderKey.SANDBOX, day=date(2026, 11, 2), rows=rows, at=AT)
    order.refresh_from_db()
    return order


def broken(*statements: str) -> dict[str, list[str]]:
    """The equations that do not hold after what the triggers would refuse, with those that are named."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in ("ledgeraccount", "ledgerentry", "ledgertransaction", "statementline", "payment"):
            cursor.execute(f"ALTER TABLE payments_{table} DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement)
    looked = book_check.check(at=AT, is_full=True)
    return {equation.name: equation.which for equation in book_check.equations_of(looked) if not equation.holds}


def test_money_of_a_closed_visit_that_nobody_will_settle_is_named(order: Order) -> None:
    waiting = Order.objects.get(settlements__status="due")
    assert broken(f"DELETE FROM payments_settlement WHERE order_id = {waiting.pk}") == {"forgotten": [str(waiting.pk)]}


def test_books_in_use_agree(order: Order) -> None:
    check_books()
    looked = book_check.check(at=AT, is_full=True)
    equations = {equation.name: equation for equation in book_check.equations_of(looked)}
    assert looked.is_balanced, [equation for equation in equations.values() if not equation.holds]
    assert set(equations) >= set(book_check.SIDES) - {"refunds", "payouts"}
    assert equations["held"].rows_fen == 5100
    assert equations["commission"].books_fen == equations["commission"].rows_fen > 0
    assert not Alarm.objects.exists()


def test_no_money_is_no_equation(db: None) -> None:
    looked = book_check.check(at=AT)
    assert looked.is_balanced
    assert book_check.equations_of(looked) == []


def _more(kind: str) -> str:
    return (
        "UPDATE payments_ledgeraccount SET debits_fen = debits_fen + 3 * grows_by_debit::int,"
        f" credits_fen = credits_fen + 3 * (NOT grows_by_debit)::int WHERE kind = '{kind}'"
    )


ACCOUNTS_OFF = {
    "payable": "shop_payable",
    "receivable": "shop_receivable",
    "provider": "psp_clearing",
    "commission": "commission",
    "fees": "fees",
    "coupons": "coupon_funding",
}


@pytest.mark.parametrize("name", ACCOUNTS_OFF)
def test_balance_that_was_tampered_with_is_named(name: str, order: Order) -> None:
    found = broken(_more(ACCOUNTS_OFF[name]))
    assert set(found) == {"trial", name, "accounts"}


ROWS_OFF = {
    "held": "UPDATE payments_order SET paid_fen = paid_fen + 1 WHERE id = {order}",
    "refunds": (
        "INSERT INTO payments_refund (public_id, order_id, payment_id, amount_fen, currency, reason, note, request_no,"
        " provider_ref, status, requested_at, was_sent, tries, last_error) SELECT 'r', order_id, id, 1, 'CNY',"
        " 'goodwill', '', 'r', '', 'requested', paid_at, false, 0, '' FROM payments_payment WHERE provider = 'sandbox'"
        " LIMIT 1"
    ),
    "provider": "UPDATE payments_payment SET amount_fen = amount_fen + 1 WHERE provider = 'sandbox'",
    "transactions": (
        "UPDATE payments_ledgerentry SET amount_fen = amount_fen + 1"
        " WHERE id = (SELECT min(id) FROM payments_ledgerentry)"
    ),
}


@pytest.mark.parametrize("name", ROWS_OFF)
def test_row_that_was_tampered_with_is_named(name: str, order: Order) -> None:
    found = broken(ROWS_OFF[name].format(order=order.pk))
    assert name in found
    if name == "held":
        assert found == {"held": [str(order.pk)]}


def test_payout_without_a_posting_is_named(order: Order) -> None:
    shop_id = order.shop_id
    found = broken(
        "INSERT INTO payments_payoutaccount (public_id, shop_id, channel, holder, bank, number, added_at)"
        f" VALUES ('a', {shop_id}, 'bank', 'h', '', '1', now())",
        "INSERT INTO payments_payoutbatch (public_id, number, channel, currency, created_at)"
        " VALUES ('b', 'B1', 'bank', 'CNY', now())",
        "INSERT INTO payments_payout (public_id, batch_id, shop_id, account_id, payable_fen, receivable_fen,"
        " amount_fen, currency, request_no, provider_ref, status, created_at, tries, last_error)"
        " SELECT 'p', b.id, a.shop_id, a.id, 7, 0, 7, 'CNY', 'p', '', 'created', now(), 0, ''"
        " FROM payments_payoutbatch b, payments_payoutaccount a",
    )
    assert found == {"payouts": ["bank"]}


def test_one_alarm_for_each_equation_closed_by_itself(order: Order) -> None:
    broken("UPDATE payments_order SET paid_fen = paid_fen + 5")
    alarm = Alarm.objects.get(kind=AlarmKind.BOOKS_OFF)
    assert (alarm.key, alarm.data["off_fen"], alarm.data["off"]) == ("held:CNY", -10, 2)
    assert not BookCheck.objects.latest("at").is_balanced
    with connection.cursor() as cursor:
        cursor.execute("UPDATE payments_order SET paid_fen = paid_fen - 5")
    assert book_check.check(at=AT + timedelta(hours=1)).is_balanced
    alarm.refresh_from_db()
    assert alarm.resolved_at == AT + timedelta(hours=1)


def test_looks_take_one_query_for_all(order: Order, django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        book_check.find(is_full=True)


def test_what_was_found_stays(order: Order) -> None:
    book_check.check(at=AT)
    with pytest.raises(DatabaseError), transaction.atomic():
        BookCheck.objects.update(is_balanced=False)
