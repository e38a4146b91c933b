"""Sending payouts through a provider: under the number that was committed before, and asked about until it is known.

A provider is called with no lock held and outside of transactions. After no answer it is unknown whether the money
moves: the provider is asked, and only where it has never heard of the number the same number is sent again. A new
number comes only with a new payout, after a definite no.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import transaction

from core import faults
from payments import alarms, payouts
from payments.choices import AlarmKind, PayoutStatus
from payments.models import Payout, PayoutAccount
from payments.providers import registry
from payments.providers.base import (
    Answer,
    PayoutOrder,
    Provider,
    ProviderRefusedError,
    ProviderUnavailableError,
    Standing,
)

logger = logging.getLogger(__name__)

# While one worker is at a payout the sweep leaves it alone; longer than any call takes.
_LEASE = timedelta(minutes=3)
# Between tries and questions about the same payout; providers decide within minutes or on the next working day.
_PAUSES_SECONDS = (30, 60, 300, 900, 3600)
_MAX_TRIES = 32767


def send(*, payout_id: int, at: datetime) -> Payout:
    """Send a payout, or ask where it stands if it may have been sent before. Does nothing to one that is closed, or
    that goes through the bank.

    Call it outside of transactions. Side effects: see `payouts.arrived` and `payouts.came_back`; what is not known yet
    is asked again after a pause.
    """
    payout, was_sent = _begin(payout_id, at)
    if payout.next_try_at is None:
        return payout
    faults.point("payments.payout.committed")
    try:
        provider = registry.get(payout.batch.channel)
        answer = _ask(provider, payout) if was_sent else _pay_out(provider, payout)
    except (ProviderUnavailableError, ProviderRefusedError, registry.ProviderNotConfigured) as trouble:
        logger.warning("payout %s: %s", payout.request_no, trouble)
        return _later(payout_id, str(trouble), at)
    faults.point("payments.payout.answered")
    return record(payout_id=payout_id, answer=answer, at=at)


def send_due(*, at: datetime, limit: int) -> int:
    """Send or ask about the payouts whose time has come, longest waiting first; how many were tried."""
    ids = list(Payout.objects.to_try(at=at).values_list("pk", flat=True)[:limit])
    for payout_id in ids:
        try:
            send(payout_id=payout_id, at=at)
        except Exception:  # one that fails holds up no other; its lease brings it back
            logger.exception("payout %s failed", payout_id)
    return len(ids)


def record(*, payout_id: int, answer: Answer, at: datetime) -> Payout:
    """Record what the provider says of a payout. A different amount is never taken for an answer: alarm DIFFERENCE."""
    payout = Payout.objects.get(pk=payout_id)
    if answer.standing == Standing.FAILED:
        return payouts.came_back(
            payout_id=payout_id, reason=answer.reason or "failed", at=at, provider_ref=answer.provider_ref
        )
    if answer.standing != Standing.DONE:
        return _later(payout_id, "", at)
    if _differs(payout, answer):
        return _differ(payout, answer, at)
    return payouts.arrived(payout_id=payout_id, at=at, provider_ref=answer.provider_ref)


@transaction.atomic
def _begin(payout_id: int, at: datetime) -> tuple[Payout, bool]:
    """The payout, marked as sent before it is: from now on it is asked about first. And whether it was so before."""
    payout = Payout.objects.select_related("batch", "account").select_for_update(of=("self",)).get(pk=payout_id)
    was_sent = payout.status == PayoutStatus.SENT
    if payout.next_try_at is None or payout.status not in payouts.OPEN:
        payout.next_try_at = None
        return payout, was_sent
    if not was_sent:
        payout.status, payout.sent_at = PayoutStatus.SENT, at
    payout.next_try_at = at + _LEASE
    payout.tries = min(payout.tries + 1, _MAX_TRIES)
    payout.save(update_fields=["status", "sent_at", "next_try_at", "tries"])
    return payout, was_sent


def hear(*, request_no: str, at: datetime) -> str:
    """A provider has something to say about a payout; what came of it, in a word. Call it outside of transactions.

    One that is open is asked about at once by its sweep. One that is closed is asked about here: where the provider
    says the opposite of what our books say, its lines may be paid twice or not at all, so nothing more is paid to the
    shop until a person has looked. Side effects then: the account is to be verified again, alarm PAYOUT_FAILED.
    """
    waiting = Payout.objects.filter(request_no=request_no, next_try_at__gt=at)
    if waiting.update(next_try_at=at):
        return "payout"
    payout = Payout.objects.select_related("batch", "account", "shop").filter(request_no=request_no).first()
    if payout is None or payout.status in payouts.OPEN:
        return "nothing_to_do"
    answer = registry.get(payout.batch.channel).ask_payout(_order(payout))
    opposite = {PayoutStatus.PAID: Standing.FAILED, PayoutStatus.FAILED: Standing.DONE}
    if answer.standing is not opposite[PayoutStatus(payout.status)]:
        return "nothing_to_do"
    _stop(payout, answer, at)
    return "contradiction"


@transaction.atomic
def _stop(payout: Payout, answer: Answer, at: datetime) -> None:
    accounts = PayoutAccount.objects.filter(shop_id=payout.shop_id, replaced_at__isnull=True)
    accounts.update(verified_at=None, verified_by=None)
    alarms.raise_alarm(
        kind=AlarmKind.PAYOUT_FAILED,
        key=f"{payout.public_id}:contradiction",
        at=at,
        data={
            "number": payout.request_no,
            "shop": payout.shop.slug,
            "fen": payout.amount_fen,
            "ours": payout.status,
            "provider": answer.standing,
        },
    )


def _ask(provider: Provider, payout: Payout) -> Answer:
    answer = provider.ask_payout(_order(payout))
    return _pay_out(provider, payout) if answer.standing == Standing.MISSING else answer


def _pay_out(provider: Provider, payout: Payout) -> Answer:
    try:
        return provider.pay_out(_order(payout))
    except ProviderRefusedError as refusal:
        return Answer(Standing.FAILED, reason=str(refusal))


def _order(payout: Payout) -> PayoutOrder:
    return PayoutOrder(
        request_no=payout.request_no,
        amount_fen=payout.amount_fen,
        currency=payout.currency,
        account=payout.account.number,
        name=payout.account.holder,
        reason=f"CarKeeper {payout.batch.number}",
    )


@transaction.atomic
def _later(payout_id: int, trouble: str, at: datetime) -> Payout:
    payout = Payout.objects.select_for_update(no_key=True).get(pk=payout_id)
    if payout.status in payouts.OPEN:
        pause = _PAUSES_SECONDS[min(payout.tries, len(_PAUSES_SECONDS)) - 1]
        payout.next_try_at, payout.last_error = at + timedelta(seconds=pause), trouble[:300]
        payout.save(update_fields=["next_try_at", "last_error"])
    return payout


def _differs(payout: Payout, answer: Answer) -> bool:
    return (answer.amount_fen is not None and answer.amount_fen != payout.amount_fen) or (
        bool(answer.currency) and answer.currency != payout.currency
    )


def _differ(payout: Payout, answer: Answer, at: datetime) -> Payout:
    said = f"{answer.amount_fen} {answer.currency}".strip()
    with transaction.atomic():
        alarms.raise_alarm(
            kind=AlarmKind.DIFFERENCE,
            key=f"payout:{payout.request_no}",
            at=at,
            data={"number": payout.request_no, "fen": payout.amount_fen, "said": said},
        )
        return _later(payout.pk, f"The provider says {said}.", at)
