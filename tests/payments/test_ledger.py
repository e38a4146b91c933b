"""Posting: once for each key, balanced, and never more than there is."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from payments import ledger
from payments.choices import AccountKind, TransactionKind
from payments.ledger import AccountRef, KeyReusedError, LedgerError, OverdrawnError, balance_fen, post
from payments.models import LedgerAccount, LedgerEntry, LedgerTransaction
from tests.payments.ledger_rows import movement, on_its_way_back, provider, wrongs

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)


def test_movement_changes_both_accounts() -> None:
    posted = post(movement("in", (provider(), 26800), (on_its_way_back(), -26800)), at=AT)
    assert posted.is_new
    assert (balance_fen(provider()), balance_fen(on_its_way_back())) == (26800, 26800)
    assert sorted(LedgerEntry.objects.values_list("amount_fen", flat=True)) == [-26800, 26800]
    assert LedgerTransaction.objects.get().at == AT


def test_same_movement_again_is_the_first_one() -> None:
    first = post(movement("in", (provider(), 100), (on_its_way_back(), -100)), at=AT)
    again = post(movement("in", (on_its_way_back(), -100), (provider(), 100)), at=datetime.now(UTC))
    assert (again.transaction_id, again.is_new) == (first.transaction_id, False)
    assert balance_fen(provider()) == 100


@pytest.mark.parametrize("fen", [101, 99])
def test_key_of_another_movement_is_refused(fen: int) -> None:
    post(movement("in", (provider(), 100), (on_its_way_back(), -100)), at=AT)
    with pytest.raises(KeyReusedError):
        post(movement("in", (provider(), fen), (on_its_way_back(), -fen)), at=AT)
    assert balance_fen(provider()) == 100


@pytest.mark.parametrize(
    "legs",
    [
        [],
        [(provider(), 100)],
        [(provider(), 100), (on_its_way_back(), -99)],
        [(provider(), 0), (on_its_way_back(), 0)],
        [(provider(), 0.01), (on_its_way_back(), -0.01)],
        [(provider(), True), (on_its_way_back(), -1)],
        [(provider(), 10**15 + 1), (on_its_way_back(), -(10**15) - 1)],
        [(provider(), 100), (on_its_way_back(currency="USD"), -100)],
        [(provider(currency="USD"), 100), (on_its_way_back(currency="USD"), -100)],
    ],
)
def test_movement_that_cannot_be_right_is_refused(legs: list[Any]) -> None:
    with pytest.raises(LedgerError):
        post(movement("bad", *legs), at=AT)
    assert not LedgerTransaction.objects.exists()


def test_more_than_there_is_is_refused() -> None:
    post(movement("in", (provider(), 100), (on_its_way_back(), -100)), at=AT)
    with pytest.raises(OverdrawnError), transaction.atomic():
        post(movement("out", (on_its_way_back(), 101), (provider(), -101)), at=AT)
    assert balance_fen(on_its_way_back()) == 100
    assert wrongs() == []


def test_currencies_have_books_of_their_own() -> None:
    for currency in ("CNY", "USD"):
        legs = [(provider(currency=currency), 5), (on_its_way_back(currency=currency), -5)]
        post(movement(currency, *legs, currency=currency), at=AT)
    assert ledger.trial_balance_fen() == {"CNY": 0, "USD": 0}
    assert ledger.totals()[AccountKind.REFUND_CLEARING, "USD"] == 5


def test_legs_on_one_account_are_added_up() -> None:
    post(movement("in", (provider(), 60), (provider(), 40), (on_its_way_back(), -100)), at=AT)
    account = LedgerAccount.objects.get(kind=AccountKind.PSP_CLEARING)
    assert (account.debits_fen, account.credits_fen, account.balance_fen) == (100, 0, 100)


def test_posting_between_known_accounts_takes_two_queries(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    post(movement("first", (provider(), 100), (on_its_way_back(), -100)), at=AT)
    with django_assert_num_queries(2):
        post(movement("second", (provider(), 100), (on_its_way_back(), -100)), at=AT)


def test_accounts_are_told_apart_by_what_they_are_for() -> None:
    refs = [
        AccountRef(AccountKind.SHOP_PAYABLE, shop_id=1),
        AccountRef(AccountKind.SHOP_PAYABLE, shop_id=11),
        AccountRef(AccountKind.SHOP_RECEIVABLE, shop_id=1),
        AccountRef(AccountKind.SHOP_PAYABLE, "USD", shop_id=1),
        AccountRef(AccountKind.HELD, order_id=1),
        AccountRef(AccountKind.COUPON_FUNDING),
        AccountRef(AccountKind.COUPON_FUNDING, shop_id=1),
        AccountRef(AccountKind.PSP_CLEARING, provider="alipay"),
    ]
    assert len({ref.code for ref in refs}) == len(refs)


@pytest.mark.parametrize(
    "columns",
    [
        {"kind": "held", "grows_by_debit": False, "is_floored": True},
        {"kind": "shop_payable", "grows_by_debit": False, "is_floored": True},
        {"kind": "psp_clearing", "grows_by_debit": True, "is_floored": False},
        {"kind": "commission", "grows_by_debit": True, "is_floored": False},
        {"kind": "refund_clearing", "provider": "alipay", "grows_by_debit": False, "is_floored": False},
    ],
)
def test_account_that_belongs_to_nothing_or_grows_the_wrong_way_is_not_opened(columns: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        LedgerAccount.objects.create(code="odd", currency="CNY", **columns)


def test_books_are_checked_before_a_transaction_can_commit() -> None:
    """Written past `post`: the database finds it by itself, at the latest when it commits."""
    LedgerTransaction.objects.create(
        kind=TransactionKind.PAID, idempotency_key="bare", request_hash="0" * 64, currency="CNY", at=AT
    )
    with pytest.raises(IntegrityError, match="0 legs"), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
