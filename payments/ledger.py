"""The one way into the books: `post`. What is posted when: `payments.postings`.

Amounts are integer fen; in a leg a debit is positive, a credit negative. The database refuses whatever is not balanced
(`migrations/0002_ledger_guards`), so that a mistake here cannot become a mistake in the books.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection

from payments.choices import DEBIT_KINDS, FLOORED_KINDS, AccountKind, TransactionKind

# Far below bigint's limit, far above what any account will ever hold: ten million million yuan.
MAX_LEG_FEN = 10**15


class LedgerError(Exception):
    """A posting that the books refuse. A mistake of ours, never of a person's input."""


class OverdrawnError(LedgerError):
    """An account would fall below zero: there is not that much."""


class KeyReusedError(LedgerError):
    """The idempotency key stands for another movement."""


@dataclass(frozen=True, slots=True)
class AccountRef:
    """An account by what it is for; it is opened with its first posting."""

    kind: AccountKind
    currency: str = "CNY"
    provider: str = ""
    shop_id: int | None = None
    order_id: int | None = None

    @property
    def code(self) -> str:
        """What makes it one of a kind: `held:CNY:o42`, `shop_payable:CNY:s7`, `psp_clearing:CNY:alipay`."""
        whose = self.provider or (f"o{self.order_id}" if self.order_id else f"s{self.shop_id}" if self.shop_id else "")
        return ":".join(part for part in (str(self.kind), self.currency, whose) if part)


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of a movement."""

    account: AccountRef
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Movement:
    """A balanced movement, ready to be posted. `key` is posted once, whoever asks how often."""

    key: str
    kind: TransactionKind
    legs: tuple[Leg, ...]
    currency: str = "CNY"
    order_id: int | None = None
    shop_id: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that makes it this movement; its time does not."""
        legs = sorted((leg.account.code, leg.amount_fen) for leg in self.legs)
        content = [self.kind, self.currency, legs, self.order_id, self.shop_id, dict(self.data)]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Posted:
    """The transaction in the books; `is_new` is False when the same was posted before."""

    transaction_id: int
    is_new: bool


def post(movement: Movement, *, at: datetime) -> Posted:
    """Write a movement into the books, once for its key. Call inside a transaction, last: it locks its accounts.

    The same key and movement again changes nothing and gives the first transaction. Raises KeyReusedError for the key
    of another movement, OverdrawnError where an account would fall below zero, LedgerError for what can never be right.
    Where one transaction posts several movements, `lock` all their accounts first.
    """
    _check(movement)
    ids = _locked_accounts(sorted({leg.account for leg in movement.legs}, key=lambda ref: ref.code))
    legs = [(ids[leg.account.code], leg.amount_fen) for leg in movement.legs]
    transaction_id = _insert(movement, legs, at)
    if transaction_id is not None:
        return Posted(transaction_id, is_new=True)
    return _posted_before(movement)


def lock(refs: Iterable[AccountRef]) -> None:
    """Lock accounts in the one order in which everybody locks them, before several movements are posted in one
    transaction: two that do so cannot wait for each other. Opens those that are missing."""
    _locked_accounts(sorted(set(refs), key=lambda ref: ref.code))


def _check(movement: Movement) -> None:
    amounts = [leg.amount_fen for leg in movement.legs]
    if any(type(amount) is not int or not 0 < abs(amount) <= MAX_LEG_FEN for amount in amounts):
        raise LedgerError(f"{movement.key}: every leg moves a whole amount of fen")
    if len(amounts) < 2 or sum(amounts) != 0:
        raise LedgerError(f"{movement.key}: legs {amounts} do not balance")
    if any(leg.account.currency != movement.currency for leg in movement.legs):
        raise LedgerError(f"{movement.key}: mixes currencies")


def _locked_accounts(refs: Sequence[AccountRef]) -> dict[str, int]:
    """Ids of the accounts by code, locked in ascending order of ids; those that are missing are opened."""
    codes = [ref.code for ref in refs]
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [codes])
        found: dict[str, int] = dict(cursor.fetchall())
        if len(found) == len(codes):
            return found
        for ref in refs:
            if ref.code not in found:
                cursor.execute(_OPEN, _columns(ref))
        cursor.execute(_LOCK, [codes])
        return dict(cursor.fetchall())


def _columns(ref: AccountRef) -> list[Any]:
    grows_by_debit, is_floored = ref.kind in DEBIT_KINDS, ref.kind in FLOORED_KINDS
    return [ref.code, ref.kind, ref.currency, ref.provider, ref.shop_id, ref.order_id, grows_by_debit, is_floored]


def _insert(movement: Movement, legs: Sequence[tuple[int, int]], at: datetime) -> int | None:
    """Write header and entries in one statement; None if the key is there already."""
    header: list[Any] = [movement.kind, movement.key, movement.digest, movement.currency, at]
    header += [movement.order_id, movement.shop_id]
    accounts, amounts = [leg[0] for leg in legs], [leg[1] for leg in legs]
    try:
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [*header, json.dumps(dict(movement.data)), accounts, amounts])
            row = cursor.fetchone()
    except IntegrityError as error:
        if "account_floor" in str(error):
            raise OverdrawnError(movement.key) from error
        raise
    return row[0] if row else None


def _posted_before(movement: Movement) -> Posted:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, request_hash FROM payments_ledgertransaction WHERE idempotency_key = %s", [movement.key]
        )
        transaction_id, digest = cursor.fetchone()
    if digest != movement.digest:
        raise KeyReusedError(movement.key)
    return Posted(transaction_id, is_new=False)


# Raw SQL: a posting costs three round trips, and through the ORM several times the work of the database.
_LOCK = "SELECT code, id FROM payments_ledgeraccount WHERE code = ANY(%s) ORDER BY id FOR NO KEY UPDATE"
_OPEN = """
INSERT INTO payments_ledgeraccount
    (code, kind, currency, provider, shop_id, order_id, grows_by_debit, is_floored, debits_fen, credits_fen)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 0, 0) ON CONFLICT (code) DO NOTHING
"""
_INSERT = """
WITH header AS (
    INSERT INTO payments_ledgertransaction
        (kind, idempotency_key, request_hash, currency, at, order_id, shop_id, data, written_in)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 0)
    ON CONFLICT (idempotency_key) DO NOTHING RETURNING id
), written AS (
    INSERT INTO payments_ledgerentry (transaction_id, account_id, amount_fen)
    SELECT header.id, leg.account_id, leg.amount_fen
    FROM header, unnest(%s::bigint[], %s::bigint[]) AS leg (account_id, amount_fen)
)
SELECT id FROM header
"""


def balance_fen(ref: AccountRef) -> int:
    """What an account holds now, on the side on which it grows; 0 for one that was never used."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT balance_fen FROM payments_ledgeraccount WHERE code = %s", [ref.code])
        row = cursor.fetchone()
    return row[0] if row else 0


def totals() -> dict[tuple[str, str], int]:
    """The balance of each kind of account and currency, fen, on the side on which it grows. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT kind, currency, sum(balance_fen)::bigint FROM payments_ledgeraccount"
            " WHERE debits_fen <> credits_fen GROUP BY kind, currency"
        )
        return {(kind, currency): fen for kind, currency, fen in cursor.fetchall()}


def trial_balance_fen() -> dict[str, int]:
    """Debits less credits over all accounts, by currency: 0 in books that are right. One query."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT currency, sum(debits_fen - credits_fen)::bigint FROM payments_ledgeraccount GROUP BY currency"
        )
        return dict(cursor.fetchall())
