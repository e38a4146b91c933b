"""Many who post at once, on real PostgreSQL: nobody waits in a circle, nothing is posted twice or overdrawn."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from django.db import OperationalError, connection, transaction

from payments import ledger
from payments.ledger import AccountRef, Movement, OverdrawnError, balance_fen, post
from payments.models import LedgerTransaction
from tests.payments.ledger_rows import movement, on_its_way_back, provider, wrongs
from tests.races.test_one_slot import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]
AT = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
NAMES = ("alipay", "wechat", "stripe", "sandbox")


def _shuffled(client: int, number: int) -> Movement:
    """Money between four accounts, whose legs come in another order each time."""
    chance = random.Random(client * 1000 + number)
    legs = [(provider(name), fen) for name, fen in zip(NAMES, (3, -1, -1, -1), strict=True)]
    chance.shuffle(legs)
    return movement(f"{client}-{number}", *legs)


def _post_many(client: int) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SET deadlock_timeout = '50ms'")
    try:
        for number in range(15):
            with transaction.atomic():
                post(_shuffled(client, number), at=AT)
    except OperationalError:
        return "deadlock"
    return "posted"


def _open_accounts() -> None:
    for name in NAMES:
        post(movement(f"open {name}", (provider(name), 1), (on_its_way_back(name), -1)), at=AT)


def test_posting_in_any_order_of_legs_never_waits_in_a_circle() -> None:
    _open_accounts()
    assert at_once(_post_many, clients=8) == {"posted": 8}
    assert balance_fen(provider("alipay")) == 1 + 8 * 15 * 3
    assert wrongs() == []


def test_posting_waits_in_a_circle_when_accounts_are_locked_in_the_order_of_legs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def locked_one_by_one(refs: Sequence[AccountRef]) -> dict[str, int]:
        found = {}
        for ref in random.sample(refs, len(refs)):
            with connection.cursor() as cursor:
                cursor.execute(ledger._LOCK, [[ref.code]])
                found.update(cursor.fetchall())
        return found

    _open_accounts()
    monkeypatch.setattr(ledger, "_locked_accounts", locked_one_by_one)
    assert at_once(_post_many, clients=8)["deadlock"] > 0


def test_one_key_posted_by_many_is_one_transaction() -> None:
    def post_it(_client: int) -> str:
        with transaction.atomic():
            return str(post(movement("once", (provider(), 100), (on_its_way_back(), -100)), at=AT).is_new)

    assert at_once(post_it, clients=16) == {"True": 1, "False": 15}
    assert (LedgerTransaction.objects.count(), balance_fen(provider())) == (1, 100)


def test_no_more_is_given_away_than_there_is() -> None:
    post(movement("in", (provider(), 100), (on_its_way_back(), -100)), at=AT)

    def take(client: int) -> str:
        try:
            with transaction.atomic():
                post(movement(f"out {client}", (on_its_way_back(), 30), (provider(), -30)), at=AT)
        except OverdrawnError:
            return "refused"
        return "taken"

    assert at_once(take, clients=10) == {"taken": 3, "refused": 7}
    assert balance_fen(on_its_way_back()) == 10
    assert wrongs() == []
