"""Payouts: everything unpaid of a shop's statement, netted, in one transfer. Each line is in one payout, once.

A payout takes all lines of a shop that no payout has yet: what the platform owes it, less what it owes. Where that is
less than `MIN_FEN` nothing happens, and the lines are netted next time. What came back frees its lines, and the next
batch makes a new payout with a new number. Sent by `payments.payout_sending`, or by the bank (`payments.bank_files`).

Product decision: batches are made every night at 03:00 in China, so that a shop is paid on the day after its visits
were settled (T+1); those through the bank by a person of the platform.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core import faults, outbox
from core.errors import Conflict
from core.ids import new_public_id
from payments import alarms, postings
from payments.choices import AlarmKind, PayoutStatus, ProviderKey
from payments.errors import AccountNotVerifiedError, NothingDueError
from payments.ledger import post
from payments.models import Payout, PayoutAccount, PayoutBatch, StatementLine
from shops.models import Shop

# Product decision: less than a yuan is not worth a transfer; it waits for more.
MIN_FEN = 100
CURRENCY = "CNY"
_CHINA = ZoneInfo("Asia/Shanghai")
OPEN = (PayoutStatus.CREATED, PayoutStatus.SENT)


class PayoutOnItsWayError(Conflict):
    code = "payout_on_its_way"
    message = _("A payout to this shop is on its way.")


class Skip(StrEnum):
    """Why a shop that is owed money is not in a batch."""

    NO_ACCOUNT = "no_account"
    NOT_VERIFIED = "not_verified"
    ON_ITS_WAY = "on_its_way"


@dataclass(frozen=True, slots=True)
class Skipped:
    """A shop that is owed `net_fen` and gets nothing now."""

    shop_id: int
    net_fen: int
    reason: Skip


@dataclass(frozen=True, slots=True)
class Made:
    """What came of making a batch; no batch where nobody gets anything."""

    batch: PayoutBatch | None
    payouts: Sequence[Payout]
    skipped: Sequence[Skipped]


def make_batch(*, channel: str, by: User | None, at: datetime) -> Made:
    """Make a payout for every shop that is owed at least `MIN_FEN` and has a verified account of this channel.

    Each shop in a transaction of its own: two batches at once, or one that is killed, pay no line twice and leave none
    half paid. Shops without an account are told of by the bank's batches only. Side effects: see `_start`.
    """
    shops = owed(channel)
    skipped = [Skipped(shop_id, net_fen, reason) for shop_id, net_fen, reason in shops if reason is not None]
    if len(skipped) == len(shops):
        return Made(None, [], skipped)
    batch = _new_batch(channel, by, at)
    started = [_start(batch, shop_id, at) for shop_id, _net_fen, reason in shops if reason is None]
    return Made(batch, [payout for payout in started if payout is not None], skipped)


def make_one(*, shop: Shop, by: User | None, at: datetime) -> Payout:
    """Pay one shop out now. Raises AccountNotVerifiedError, PayoutOnItsWayError, NothingDueError where it is not owed
    at least `MIN_FEN`."""
    account = _account(shop.pk)
    if account is None:
        raise AccountNotVerifiedError
    if Payout.objects.filter(shop=shop, status__in=OPEN).exists():
        raise PayoutOnItsWayError
    with transaction.atomic():
        payout = _start(_new_batch(account.channel, by, at), shop.pk, at)
        if payout is None:
            raise NothingDueError
        return payout


def owed(channel: str) -> list[tuple[int, int, Skip | None]]:
    """Shops that are owed enough, what, and why they are to be skipped. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_OWED, [CURRENCY, MIN_FEN, channel, channel, ProviderKey.BANK])
        rows = cursor.fetchall()
    return [
        (shop_id, net_fen, _skip(has_account, is_verified, is_on_its_way))
        for shop_id, net_fen, has_account, is_verified, is_on_its_way in rows
    ]


# What the shop took at its counter for a visit counts against it once that visit is settled, not before: else its own
# till would keep its other money back for the dispute window. So a visit's lines are paid out, or set off, together.
_READY = """
coalesce(
    (SELECT bool_and(s.status = 'settled') FROM payments_settlement s WHERE s.order_id = line.order_id),
    (SELECT o.status = 'cancelled' FROM payments_order o WHERE o.id = line.order_id)
)
"""
_OWED = """
SELECT owed.shop_id, owed.net_fen, account.id IS NOT NULL, account.verified_at IS NOT NULL,
    EXISTS (SELECT FROM payments_payout p WHERE p.shop_id = owed.shop_id AND p.status IN ('created', 'sent'))
FROM (
    SELECT shop_id, sum(net_fen)::bigint AS net_fen FROM payments_statementline line
    WHERE payout_id IS NULL AND currency = %s AND READY GROUP BY shop_id HAVING sum(net_fen) >= %s
) owed
LEFT JOIN payments_payoutaccount account ON account.shop_id = owed.shop_id AND account.replaced_at IS NULL
WHERE account.channel = %s OR (account.id IS NULL AND %s = %s)
ORDER BY owed.shop_id
""".replace("READY", _READY)


def _skip(has_account: bool, is_verified: bool, is_on_its_way: bool) -> Skip | None:
    if not has_account:
        return Skip.NO_ACCOUNT
    if not is_verified:
        return Skip.NOT_VERIFIED
    return Skip.ON_ITS_WAY if is_on_its_way else None


def _new_batch(channel: str, by: User | None, at: datetime) -> PayoutBatch:
    number = _next_id("payments_payoutbatch")
    day = at.astimezone(_CHINA).strftime("%Y%m%d")
    return PayoutBatch.objects.create(
        pk=number, number=f"P{day}-{number}", channel=channel, currency=CURRENCY, created_at=at, created_by=by
    )


class _NotEnough(Exception):
    """Undoes what was taken."""


def _start(batch: PayoutBatch, shop_id: int, at: datetime) -> Payout | None:
    """Make the payout of one shop; None where it has no verified account, a payout on its way, or is not owed enough
    any more. Side effects, in order: its lines, the payout, posting `payout_started`; one that goes through a provider
    is sent by the sweep."""
    try:
        with transaction.atomic():
            return _started(batch, shop_id, at)
    except _NotEnough:
        return None


def _started(batch: PayoutBatch, shop_id: int, at: datetime) -> Payout | None:
    account = _account(shop_id, is_locked=True)
    if account is None or account.channel != batch.channel:
        return None
    if Payout.objects.filter(shop_id=shop_id, status__in=OPEN).exists():
        return None
    number = _next_id("payments_payout")
    payable_fen, receivable_fen = _take_lines(shop_id, number)
    if payable_fen - receivable_fen < MIN_FEN:
        raise _NotEnough
    payout = Payout.objects.create(
        pk=number,
        batch=batch,
        shop_id=shop_id,
        account=account,
        payable_fen=payable_fen,
        receivable_fen=receivable_fen,
        amount_fen=payable_fen - receivable_fen,
        currency=CURRENCY,
        request_no=new_public_id(),
        created_at=at,
        next_try_at=None if batch.channel == ProviderKey.BANK else at,
    )
    faults.point("payments.payout.taken")
    post(postings.payout_started(payout), at=at)
    return payout


def _account(shop_id: int, *, is_locked: bool = False) -> PayoutAccount | None:
    """The shop's verified account. Locked, it is what two payouts to the same shop wait for."""
    accounts = PayoutAccount.objects.filter(shop_id=shop_id, replaced_at__isnull=True, verified_at__isnull=False)
    return (accounts.select_for_update(no_key=True) if is_locked else accounts).first()


def _take_lines(shop_id: int, payout_id: int) -> tuple[int, int]:
    """Put every unpaid line of a shop's settled visits into a payout; what they make on each side, fen.

    Read and taken in one statement: a line that is written meanwhile is either in it and in the sum, or in neither.
    """
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [payout_id, shop_id, CURRENCY])
        payable_fen, receivable_fen = cursor.fetchone()
    return payable_fen, receivable_fen


# The payout is written after its lines, with their sum: the foreign key is checked at the end.
_TAKE = """
WITH taken AS (
    UPDATE payments_statementline line SET payout_id = %s
    WHERE shop_id = %s AND currency = %s AND payout_id IS NULL AND READY RETURNING side, net_fen
)
SELECT coalesce(sum(net_fen) FILTER (WHERE side = 'payable'), 0)::bigint,
    coalesce(-sum(net_fen) FILTER (WHERE side = 'receivable'), 0)::bigint
FROM taken
""".replace("READY", _READY)


def _next_id(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence(%s, 'id'))", [table])
        number: int = cursor.fetchone()[0]
    return number


@transaction.atomic
def arrived(*, payout_id: int, at: datetime, provider_ref: str = "") -> Payout:
    """The shop has its money. Told twice is told once. Side effects: posting, outbox `payout.paid`. Raises
    PayoutClosedError for one that came back."""
    payout = _locked(payout_id)
    if payout.status == PayoutStatus.PAID:
        return payout
    _check_open(payout)
    _close(payout, PayoutStatus.PAID, at, provider_ref=provider_ref)
    post(postings.payout_done(payout), at=at)
    outbox.emit(topic="payout.paid", key=payout.public_id, at=at)
    return payout


@transaction.atomic
def came_back(*, payout_id: int, reason: str, at: datetime, provider_ref: str = "") -> Payout:
    """The money did not reach the shop: its lines are free for the next batch. Told twice is told once.

    Side effects, in order: lines, posting, alarm PAYOUT_FAILED, outbox `payout.failed`. Raises PayoutClosedError for
    one that has arrived.
    """
    payout = _locked(payout_id)
    if payout.status == PayoutStatus.FAILED:
        return payout
    _check_open(payout)
    _close(payout, PayoutStatus.FAILED, at, provider_ref=provider_ref, last_error=reason)
    StatementLine.objects.filter(payout=payout).update(payout=None)
    alarms.raise_alarm(
        kind=AlarmKind.PAYOUT_FAILED,
        key=payout.public_id,
        at=at,
        data={"number": payout.request_no, "shop": payout.shop.slug, "fen": payout.amount_fen, "error": reason[:300]},
    )
    outbox.emit(topic="payout.failed", key=payout.public_id, at=at)
    post(postings.payout_failed(payout), at=at)
    return payout


class PayoutClosedError(Conflict):
    code = "payout_closed"
    message = _("This payout was closed already, and otherwise.")


def _locked(payout_id: int) -> Payout:
    payouts = Payout.objects.select_related("batch", "shop", "account")
    return payouts.select_for_update(of=("self",), no_key=True).get(pk=payout_id)


def _check_open(payout: Payout) -> None:
    if payout.status not in OPEN:
        raise PayoutClosedError


def _close(payout: Payout, status: PayoutStatus, at: datetime, *, provider_ref: str, last_error: str = "") -> None:
    payout.status, payout.closed_at, payout.next_try_at = status, at, None
    payout.provider_ref = provider_ref[:80] or payout.provider_ref
    payout.last_error = last_error[:300]
    payout.save(update_fields=["status", "closed_at", "next_try_at", "provider_ref", "last_error"])
