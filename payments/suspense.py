"""Money that nobody can explain: put aside with an alarm, sent back by a person of the platform."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from payments import alarms, postings
from payments.choices import AlarmKind
from payments.errors import NothingDueError, PaymentRefusedError, ProviderSilentError
from payments.ledger import KeyReusedError, post
from payments.models import Alarm, LedgerTransaction
from payments.providers import registry
from payments.providers.base import Answer, ProviderRefusedError, ProviderUnavailableError, RefundOrder, Standing

# Alarms of money that is in suspense.
KINDS = (AlarmKind.WRONG_AMOUNT, AlarmKind.WRONG_CURRENCY, AlarmKind.UNKNOWN_PAYMENT)
_MAX_NUMBER = 32


@transaction.atomic
def put_aside(  # noqa: PLR0913  (what came, from where, and what is wrong with it)
    *,
    kind: AlarmKind,
    provider: str,
    request_no: str,
    amount_fen: int,
    currency: str,
    at: datetime,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Book money that came and belongs to nothing into suspense, once for its number, and raise the alarm about it.

    Only the first word about a number moves the books, and it is what can be sent back; a later one that names another
    amount raises an alarm of its own.
    """
    movement = postings.suspended(provider=provider, currency=currency, amount_fen=amount_fen, request_no=request_no)
    try:
        is_new = post(movement, at=at).is_new
    except KeyReusedError:
        told = {"provider": provider, "request_no": request_no, "said_fen": amount_fen, "currency": currency}
        alarms.raise_alarm(kind=kind, key=f"{request_no}:{amount_fen}{currency}", at=at, data=told)
        return
    if is_new:
        came = {"provider": provider, "request_no": request_no, "came_fen": amount_fen, "currency": currency}
        alarms.raise_alarm(kind=kind, key=request_no, at=at, data={**(data or {}), **came})


def holds(*, provider: str, request_no: str) -> bool:
    """Whether money that came under this number was put aside, sent back since or not. One query."""
    key = f"suspended:{provider}:{request_no}"
    return LedgerTransaction.objects.filter(idempotency_key=key).exists()


def can_send_back(alarm: Alarm) -> bool:
    """Whether an alarm is about money that waits in suspense."""
    return alarm.kind in KINDS and alarm.resolved_at is None and "came_fen" in alarm.data


def send_back(*, alarm: Alarm, by: User, at: datetime) -> bool:
    """Give unexplained money back to whoever paid it. Call it outside of transactions.

    The number of the refund follows from that of the payment, so that asking twice sends once. True once it is back:
    then suspense is cleared and the alarm closed; False while the provider still decides (call it again). Raises
    NothingDueError, ProviderSilentError, PaymentRefusedError.
    """
    if not can_send_back(alarm):
        raise NothingDueError
    order = refund_order(alarm.data)
    try:
        answer = _sent(alarm.data["provider"], order)
    except (ProviderUnavailableError, registry.ProviderNotConfigured) as trouble:
        raise ProviderSilentError from trouble
    except ProviderRefusedError as refusal:
        raise PaymentRefusedError from refusal
    if answer.standing is Standing.FAILED:
        raise PaymentRefusedError
    if not _is_done(answer, order):
        return False
    _clear(alarm, by, at)
    return True


def hear(*, provider_key: str, request_no: str, at: datetime) -> None:
    """The provider tells of a refund of unexplained money: ask, and record it where who sent it never heard the answer.

    Call it outside of transactions. Side effects as of `send_back`. Raises ProviderUnavailableError.
    """
    alarm = Alarm.objects.filter(kind__in=KINDS, key=request_no, resolved_at__isnull=True).first()
    if alarm is None or not can_send_back(alarm) or alarm.data["provider"] != provider_key:
        return
    order = refund_order(alarm.data)
    if _is_done(registry.get(provider_key).ask_refund(order), order):
        _clear(alarm, None, at)


def _is_done(answer: Answer, order: RefundOrder) -> bool:
    came = (answer.amount_fen, answer.currency)
    return answer.standing is Standing.DONE and came == (order.amount_fen, order.currency)


def refund_order(data: Mapping[str, Any]) -> RefundOrder:
    """The refund of what an alarm is about, under the one number it can have."""
    number, fen = str(data["request_no"]), int(data["came_fen"])
    own = f"s{number}"
    return RefundOrder(
        request_no=own if len(own) <= _MAX_NUMBER else f"s{hashlib.sha256(number.encode()).hexdigest()}"[:_MAX_NUMBER],
        payment_request_no=number,
        amount_fen=fen,
        payment_fen=fen,
        currency=str(data["currency"]),
        reason="CarKeeper",
    )


def _sent(provider_key: str, order: RefundOrder) -> Answer:
    provider = registry.get(provider_key)
    answer = provider.ask_refund(order)
    return provider.refund(order) if answer.standing is Standing.MISSING else answer


@transaction.atomic
def _clear(alarm: Alarm, by: User | None, at: datetime) -> None:
    data = alarm.data
    movement = postings.cleared(
        provider=data["provider"],
        currency=data["currency"],
        amount_fen=data["came_fen"],
        request_no=data["request_no"],
    )
    note = _("The money was sent back.")
    if by is None:
        alarms.settle_by_itself(kind=AlarmKind(alarm.kind), key=alarm.key, note=note, at=at)
    else:
        alarms.resolve(alarm=alarm, by=by, note=note, at=at)
    post(movement, at=at)
