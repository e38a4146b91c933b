"""Sending refunds: each under its one number until the provider has said yes or no.

`payments.refunds` asks for a refund and books it as on its way; here it goes out. A provider is called with no lock
held and outside of transactions; before that it is committed that the call may have gone out.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from accounts.models import User
from core import faults, outbox
from core.ids import new_public_id
from payments import alarms, orders, postings
from payments.choices import AlarmKind, ProviderKey, RefundStatus
from payments.errors import ProviderSilentError, RefundNotWaitingError
from payments.ledger import post
from payments.models import Order, Refund
from payments.providers import registry
from payments.providers.base import Answer, ProviderRefusedError, ProviderUnavailableError, RefundOrder, Standing

# Between tries, and for how long no other worker takes a refund up: longer than a call takes at most.
_PAUSES_SECONDS = (120, 120, 300, 600, 1800, 3600, 6 * 3600)
_MAX_TRIES = 32767


def send(*, refund_id: int, at: datetime) -> bool:
    """Send a refund if it is due and nobody else does, or ask about one that was sent. False if neither, or no answer.

    Call it outside of transactions. It is tried until the provider has decided, always under the same number.
    """
    claimed = _claim(refund_id, at)
    if claimed is None:
        return False
    refund, was_sent = claimed
    faults.point("payments.refund.claimed")
    try:
        answer = _answer(refund, was_sent=was_sent)
    except ProviderUnavailableError as trouble:
        _note(refund, trouble)
        return False
    faults.point("payments.refund.called")
    record(refund_id=refund_id, request_no=refund.request_no, answer=answer, at=at)
    return True


@transaction.atomic
def _claim(refund_id: int, at: datetime) -> tuple[Refund, bool] | None:
    """The refund and whether it was sent before. From the commit on it counts as sent."""
    due = Refund.objects.to_try(at=at).filter(pk=refund_id, status=RefundStatus.REQUESTED)
    refund = due.select_related("payment", "order").select_for_update(of=("self",), skip_locked=True).first()
    if refund is None:
        return None
    was_sent, refund.was_sent = refund.was_sent, True
    refund.next_try_at = at + timedelta(seconds=_PAUSES_SECONDS[min(refund.tries, len(_PAUSES_SECONDS) - 1)])
    refund.tries = min(refund.tries + 1, _MAX_TRIES)
    refund.save(update_fields=["was_sent", "next_try_at", "tries"])
    return refund, was_sent


def _answer(refund: Refund, *, was_sent: bool) -> Answer:
    """What the provider says; sent only where it was not, or where the provider has never heard of it."""
    order = _order(refund)
    try:
        provider = registry.get(refund.payment.provider)
        before = provider.ask_refund(order) if was_sent else Answer(Standing.MISSING)
    except (ProviderRefusedError, registry.ProviderNotConfigured) as trouble:
        raise ProviderUnavailableError(_words(trouble)) from trouble
    if before.standing is not Standing.MISSING:
        return before
    try:
        return provider.refund(order)
    except ProviderRefusedError as refusal:
        return Answer(Standing.FAILED, reason=str(refusal))


def _order(refund: Refund) -> RefundOrder:
    payment = refund.payment
    return RefundOrder(
        request_no=refund.request_no,
        payment_request_no=payment.request_no,
        amount_fen=refund.amount_fen,
        payment_fen=payment.amount_fen,
        currency=refund.currency,
        reason=f"CarKeeper {refund.order.number}",
        notify_url=settings.SITE_URL.rstrip("/") + reverse("payments:notices", args=[payment.provider]),
    )


def ask(*, refund_id: int, at: datetime) -> Refund:
    """Ask about a refund that was sent and is not done, and record the answer. Raises ProviderUnavailableError."""
    refund = Refund.objects.select_related("payment", "order").get(pk=refund_id)
    if refund.status == RefundStatus.DONE or not refund.was_sent or refund.payment.provider == ProviderKey.SHOP:
        return refund
    answer = registry.get(refund.payment.provider).ask_refund(_order(refund))
    return record(refund_id=refund_id, request_no=refund.request_no, answer=answer, at=at)


def record(*, refund_id: int, request_no: str, answer: Answer, at: datetime) -> Refund:
    """Record what a provider says of a refund under a number. The same again changes nothing; one that was refused and
    went through all the same is done, so that nobody sends it a second time.

    Side effects when it is done, in order: the refund; outbox `refund.done`; its alarm is closed; the posting. When it
    was refused, or another amount is named than the one asked for: an alarm.
    """
    with transaction.atomic():
        refund = _record(refund_id, request_no, answer, at)
        faults.point("payments.refund.written")
    faults.point("payments.refund.committed")
    return refund


def _record(refund_id: int, request_no: str, answer: Answer, at: datetime) -> Refund:
    refund = _locked(refund_id)
    if refund.status == RefundStatus.DONE or refund.request_no != request_no:
        return refund
    if answer.standing is Standing.FAILED and refund.status == RefundStatus.REQUESTED:
        _record_failure(refund, answer.reason, at)
    elif answer.standing is Standing.DONE and answer.amount_fen is not None:
        if (answer.amount_fen, answer.currency) == (refund.amount_fen, refund.currency):
            _record_done(refund, answer, at)
        else:
            _record_difference(refund, answer, at)
    return refund


def _locked(refund_id: int) -> Refund:
    """The refund, its order and payment with it, locked in that order."""
    order = orders.locked_row(Order.objects.get(refunds=refund_id))
    refund = Refund.objects.select_related("payment").select_for_update(of=("self",), no_key=True).get(pk=refund_id)
    refund.order = refund.payment.order = order
    return refund


def _record_done(refund: Refund, answer: Answer, at: datetime) -> None:
    refund.status, refund.next_try_at, refund.last_error = RefundStatus.DONE, None, ""
    refund.done_at = min(answer.at or at, at)
    refund.provider_ref = answer.provider_ref[:80] or refund.provider_ref
    refund.save(update_fields=["status", "next_try_at", "last_error", "done_at", "provider_ref"])
    outbox.emit(topic="refund.done", key=refund.public_id, at=at)
    note = "The refund arrived."
    alarms.settle_by_itself(kind=AlarmKind.REFUND_FAILED, key=refund.public_id, note=note, at=at)
    post(postings.refund_done(refund), at=at)


def _record_failure(refund: Refund, reason: str, at: datetime) -> None:
    """A definite no: the money is still at the provider and still the owner's."""
    refund.status, refund.next_try_at = RefundStatus.FAILED, None
    refund.last_error = reason.replace("\x00", "")[:300]
    refund.save(update_fields=["status", "next_try_at", "last_error"])
    _alarm(refund, refund.last_error, at)


def _record_difference(refund: Refund, answer: Answer, at: datetime) -> None:
    """Done, the provider says, but not what was asked for: nothing is booked until a person has looked."""
    refund.next_try_at = None
    refund.last_error = f"{answer.amount_fen} {answer.currency} instead of {refund.amount_fen} {refund.currency}"
    refund.save(update_fields=["next_try_at", "last_error"])
    _alarm(refund, refund.last_error, at)


def _alarm(refund: Refund, why: str, at: datetime) -> None:
    data = {
        "order": refund.order.number,
        "provider": refund.payment.provider,
        "request_no": refund.request_no,
        "amount_fen": refund.amount_fen,
        "why": why,
    }
    alarms.raise_alarm(kind=AlarmKind.REFUND_FAILED, key=refund.public_id, at=at, data=data)


def _note(refund: Refund, trouble: Exception) -> None:
    Refund.objects.filter(pk=refund.pk).update(last_error=_words(trouble))


def _words(trouble: Exception) -> str:
    return f"{type(trouble).__name__}: {trouble}".replace("\x00", "")[:300]


def due_ids(*, provider: str, at: datetime, limit: int) -> list[int]:
    """Refunds through a provider that are to be sent or asked about by `at`, longest waiting first."""
    due = Refund.objects.to_try(at=at).filter(payment__provider=provider)
    return list(due.values_list("pk", flat=True)[:limit])


# --- By a person ------------------------------------------------------------------------------------


def send_again(*, refund: Refund, by: User, at: datetime) -> Refund:
    """Send a refund again that its provider refused, after asking whether it went through all the same. Call it outside
    of transactions. Raises ProviderSilentError without an answer, RefundNotWaitingError as `retry_failed`."""
    try:
        ask(refund_id=refund.pk, at=at)
    except (ProviderUnavailableError, ProviderRefusedError, registry.ProviderNotConfigured) as trouble:
        raise ProviderSilentError from trouble
    return retry_failed(refund=refund, by=by, at=at)


@transaction.atomic
def retry_failed(*, refund: Refund, by: User, at: datetime) -> Refund:
    """Send a refund again that its provider refused, under a new number. Raises RefundNotWaitingError for any other: as
    long as the first number may still arrive there is no second one. Its alarm is closed when the money has arrived."""
    refund = _locked(refund.pk)
    if refund.status != RefundStatus.FAILED:
        raise RefundNotWaitingError
    refund.status, refund.request_no, refund.was_sent = RefundStatus.REQUESTED, new_public_id(), False
    refund.requested_by, refund.next_try_at, refund.tries, refund.last_error = by, at, 0, ""
    refund.save(
        update_fields=["status", "request_no", "was_sent", "requested_by", "next_try_at", "tries", "last_error"]
    )
    outbox.emit(topic="refund.requested", key=refund.public_id, at=at)
    return refund


@transaction.atomic
def confirm_at_shop(*, refund: Refund, by: User, at: datetime) -> Refund:
    """The shop has given back what it took at its counter. Confirmed twice is confirmed once.

    It was owed that much from when the refund was asked for, so nothing is posted. Side effect: outbox `refund.done`.
    Raises RefundNotWaitingError for a refund that goes through a provider.
    """
    refund = _locked(refund.pk)
    if refund.payment.provider != ProviderKey.SHOP:
        raise RefundNotWaitingError
    if refund.status == RefundStatus.REQUESTED:
        refund.status, refund.done_at = RefundStatus.DONE, at
        refund.last_error = ""
        refund.save(update_fields=["status", "done_at", "last_error"])
        outbox.emit(topic="refund.done", key=refund.public_id, at=at, payload={"by": by.pk})
    return refund
