"""Collecting an order's money through a provider: started, asked about, recorded once.

A provider is called with no lock held and outside of transactions, under a number that was committed before. What it
answers is recorded under the locks of order and payment; the books move only in `record`. Amounts are fen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse

from accounts.models import User
from core import faults, outbox
from core.ids import new_public_id
from payments import orders, postings, refunds, suspense
from payments.abandoning import OPEN
from payments.choices import ONLINE, AlarmKind, OrderStatus, PaymentStatus, ProviderKey, Purpose, RefundReason
from payments.errors import (
    AmountError,
    NothingDueError,
    OrderClosedError,
    PaymentRefusedError,
    PaymentReplacedError,
    ProviderNotOfferedError,
    ProviderSilentError,
)
from payments.ledger import post
from payments.models import Order, Payment
from payments.providers import registry
from payments.providers.base import (
    Answer,
    Charge,
    Provider,
    ProviderRefusedError,
    ProviderUnavailableError,
    Standing,
    Started,
)

# How long a payment that was started can be made (product decision: time to find card and telephone; a price does not
# stand open for longer).
PAYING_TIME = timedelta(minutes=15)
# With less time left than this, a payment is not taken up again but made anew.
_LEAST_TIME = timedelta(minutes=2)
# How long after its end a payment may still turn up as paid: clocks differ, and Alipay counts in minutes.
_AFTER_END = timedelta(minutes=2)
# WeChat Pay keeps what is to be split frozen for 180 days from the payment, then releases it by itself (its rules).
_WECHAT_FREEZE = timedelta(days=180)
# Between questions about the same payment. Notices make most of them needless.
_PAUSES_SECONDS = (10, 20, 30, 60, 120, 300, 600, 1800, 3600)
_MAX_ASKED = 32767
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class _Payer:
    """What a provider wants to know of the payer's browser."""

    site_url: str
    is_phone: bool
    client_ip: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    provider: ProviderKey
    amount_fen: int
    purpose: Purpose


# --- Start ------------------------------------------------------------------------------------------


def start(  # noqa: PLR0913  (what is paid, how, by whom, from where)
    *,
    order: Order,
    provider_key: str,
    amount_fen: int,
    purpose: Purpose,
    by: User | None,
    at: datetime,
    site_url: str,
    is_phone: bool = False,
    client_ip: str = "",
) -> Payment:
    """Start a payment, or take up the open one of the same order, provider and amount: nobody pays twice by asking
    twice. The payer goes on at `pay_url`, or scans `code_text`.

    Call it outside of transactions. Side effects, in order: another open payment of the order is closed at its provider
    (it may turn out to be paid: then less is due); the payment with its number, committed; the call; what came of it.
    Raises AmountError, NothingDueError, OrderClosedError, ProviderNotOfferedError; ProviderSilentError (whether the
    call arrived is not known: start again), PaymentRefusedError, PaymentReplacedError.
    """
    provider = _offered(provider_key)
    orders.check_amount(amount_fen)
    wanted = _Wanted(ProviderKey(provider_key), amount_fen, purpose)
    payment = _the_only_open(order, wanted, by, at)
    if payment.status == PaymentStatus.PENDING:
        return payment
    faults.point("payments.start.committed")
    return _announce(payment, provider, _Payer(site_url, is_phone, client_ip), at)


def _offered(key: str) -> Provider:
    if key not in ONLINE:
        raise ProviderNotOfferedError(field="provider")
    try:
        return registry.get(key)
    except registry.ProviderNotConfigured:
        raise ProviderNotOfferedError(field="provider") from None


def _the_only_open(order: Order, wanted: _Wanted, by: User | None, at: datetime) -> Payment:
    """The payment to be made, committed, with no other one open beside it."""
    while True:
        payment, others = _claim(order, wanted, by, at)
        if payment is not None:
            return payment
        # Others may start one while these are closed; each round leaves those before it closed.
        for other in others:
            _give_up(other, at)


@transaction.atomic
def _claim(order: Order, wanted: _Wanted, by: User | None, at: datetime) -> tuple[Payment | None, list[Payment]]:
    """The open payment that is wanted, or a new one; or none, and the open ones that have to be closed before."""
    order = orders.locked_row(order)
    _check_due(order, wanted)
    open_ones = list(Payment.objects.filter(order=order, status__in=OPEN).order_by("pk"))
    same = next((payment for payment in open_ones if _is_wanted(payment, wanted, at)), None)
    others = [payment for payment in open_ones if payment != same]
    if others:
        return None, others
    return same or _create(order, wanted, by, at), []


def _check_due(order: Order, wanted: _Wanted) -> None:
    if order.status == OrderStatus.COMPLETED:
        raise OrderClosedError
    if not order.due_fen:
        raise NothingDueError
    if wanted.amount_fen > order.due_fen:
        raise AmountError(field="amount")
    if wanted.purpose == Purpose.DEPOSIT:
        rest_fen = order.deposit_fen - order.kept_fen
        if wanted.amount_fen not in {rest_fen, order.due_fen}:
            raise AmountError(field="amount")


def _is_wanted(payment: Payment, wanted: _Wanted, at: datetime) -> bool:
    same = (payment.provider, payment.amount_fen) == (wanted.provider, wanted.amount_fen)
    return same and payment.expires_at - at >= _LEAST_TIME


def _create(order: Order, wanted: _Wanted, by: User | None, at: datetime) -> Payment:
    return Payment.objects.create(
        order=order,
        provider=wanted.provider,
        # What is still to be paid for a visit that is off is its fee.
        purpose=wanted.purpose if order.status == OrderStatus.OPEN else Purpose.FEE,
        amount_fen=wanted.amount_fen,
        currency=order.currency,
        request_no=new_public_id(),
        created_at=at,
        created_by=by,
        expires_at=at + PAYING_TIME,
        next_ask_at=at + timedelta(seconds=_PAUSES_SECONDS[0]),
    )


def _give_up(payment: Payment, at: datetime) -> None:
    """Close an open payment, at its provider first. One that does not answer is told by the sweep: what is paid through
    it all the same is refunded, and nobody is kept from paying in another way."""
    try:
        answer = registry.get(payment.provider).close(payment.request_no)
    except (ProviderUnavailableError, ProviderRefusedError, registry.ProviderNotConfigured) as trouble:
        _close_ours(payment, trouble, at)
        return
    if record(payment_id=payment.pk, answer=answer, at=at).status in OPEN:
        _close_ours(payment, None, at)


@transaction.atomic
def _close_ours(payment: Payment, trouble: Exception | None, at: datetime) -> None:
    """Close a payment in our books; its provider is asked at once."""
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment.pk)
    if payment.status in OPEN:
        payment.status, payment.next_ask_at = PaymentStatus.CLOSED, at
        payment.last_error = _words(trouble) if trouble else payment.last_error
        payment.save(update_fields=["status", "next_ask_at", "last_error"])


def _announce(payment: Payment, provider: Provider, payer: _Payer, at: datetime) -> Payment:
    """Tell the provider of a committed payment, and record how the payer goes on."""
    try:
        started = provider.start(_charge(payment, payer))
    except ProviderUnavailableError as trouble:
        _note(payment, trouble)
        raise ProviderSilentError from trouble
    except ProviderRefusedError as refusal:
        # Refused is this call; an earlier one under the same number may have got through, so it is asked about.
        _close_ours(payment, refusal, at)
        raise PaymentRefusedError from refusal
    faults.point("payments.start.called")
    return _record_start(payment, started)


def _charge(payment: Payment, payer: _Payer) -> Charge:
    order, site_url = payment.order, payer.site_url.rstrip("/")
    return Charge(
        request_no=payment.request_no,
        amount_fen=payment.amount_fen,
        currency=payment.currency,
        subject=f"{order.shop.name} · {order.number}"[:120],
        return_url=site_url + reverse("paying:payment", args=[order.public_id, payment.public_id]),
        notify_url=site_url + reverse("payments:notices", args=[payment.provider]),
        expires_at=payment.expires_at,
        client_ip=payer.client_ip,
        is_phone=payer.is_phone,
    )


@transaction.atomic
def _record_start(payment: Payment, started: Started) -> Payment:
    payment = Payment.objects.select_related("order").select_for_update(of=("self",), no_key=True).get(pk=payment.pk)
    if payment.status == PaymentStatus.CLOSED:
        raise PaymentReplacedError
    if payment.status == PaymentStatus.PAID:
        return payment
    payment.status, payment.last_error = PaymentStatus.PENDING, ""
    payment.pay_url, payment.code_text = started.pay_url, started.code_text
    payment.provider_ref = started.provider_ref[:80] or payment.provider_ref
    payment.save(update_fields=["status", "last_error", "pay_url", "code_text", "provider_ref"])
    return payment


def _note(payment: Payment, trouble: Exception) -> None:
    Payment.objects.filter(pk=payment.pk).update(last_error=_words(trouble))


def _words(trouble: Exception) -> str:
    return f"{type(trouble).__name__}: {trouble}".replace("\x00", "")[:300]


# --- Ask --------------------------------------------------------------------------------------------


def ask(*, payment_id: int, at: datetime) -> Payment:
    """Ask the provider where a payment stands and record it. Call it outside of transactions.

    A payment that is over for us and still open there is closed there. Raises ProviderUnavailableError.
    """
    payment = Payment.objects.select_related("order").get(pk=payment_id)
    if payment.provider == ProviderKey.SHOP or payment.status == PaymentStatus.PAID:
        return payment
    answer = _asked(payment, at)
    faults.point("payments.ask.called")
    return record(payment_id=payment_id, answer=answer, at=at)


def _asked(payment: Payment, at: datetime) -> Answer:
    try:
        provider = registry.get(payment.provider)
        answer = provider.ask(payment.request_no)
        is_over = payment.status == PaymentStatus.CLOSED or at >= payment.expires_at
        if answer.standing is Standing.PENDING and is_over:
            return provider.close(payment.request_no)
    except (ProviderRefusedError, registry.ProviderNotConfigured) as trouble:
        raise ProviderUnavailableError(_words(trouble)) from trouble
    return answer


def ask_if_due(*, payment_id: int, at: datetime) -> bool:
    """Ask about a payment if that is due and nobody else does; False if not, or without an answer.

    The next question is put off before the call, in a transaction of its own: two workers do no harm, one dead neither.
    """
    payment = _claim_question(payment_id, at)
    if payment is None:
        return False
    try:
        ask(payment_id=payment_id, at=at)
    except ProviderUnavailableError as trouble:
        _note(payment, trouble)
        return False
    return True


def due_ids(*, provider: str, at: datetime, limit: int) -> list[int]:
    """Payments of a provider that are to be asked about by `at`, longest waiting first."""
    due = Payment.objects.to_ask(at=at).filter(provider=provider)
    return list(due.values_list("pk", flat=True)[:limit])


@transaction.atomic
def _claim_question(payment_id: int, at: datetime) -> Payment | None:
    due = Payment.objects.to_ask(at=at).select_for_update(skip_locked=True, no_key=True)
    payment = due.filter(pk=payment_id).first()
    if payment is None:
        return None
    payment.next_ask_at = _next_question(payment, at)
    payment.asked = min(payment.asked + 1, _MAX_ASKED)
    payment.save(update_fields=["next_ask_at", "asked"])
    return payment


def _next_question(payment: Payment, at: datetime) -> datetime:
    """Later and later, but always once right after its end."""
    later = at + timedelta(seconds=_PAUSES_SECONDS[min(payment.asked, len(_PAUSES_SECONDS) - 1)])
    end = payment.expires_at + _AFTER_END
    return min(later, end) if at < end else later


# --- Record -----------------------------------------------------------------------------------------


def record(*, payment_id: int, answer: Answer, at: datetime) -> Payment:
    """Record what a provider says of a payment. The same again, and anything older, changes nothing.

    Side effects when it was paid, in order: payment and order; outbox `payment.paid`; the posting; what is too much now
    (the visit is off, or it was paid already) is refunded. Money in another amount or currency than was asked for moves
    nothing of the order: it is put into suspense, with an alarm.
    """
    with transaction.atomic():
        payment = _record(payment_id, answer, at)
        faults.point("payments.record.written")
    faults.point("payments.record.committed")
    return payment


def _record(payment_id: int, answer: Answer, at: datetime) -> Payment:
    order = orders.locked_row(Order.objects.get(payments=payment_id))
    payment = Payment.objects.select_for_update(no_key=True).get(pk=payment_id)
    payment.order = order
    if payment.status == PaymentStatus.PAID:
        return payment
    if answer.standing is Standing.DONE:
        _record_money(payment, answer, at)
    elif answer.standing is Standing.FAILED or (answer.standing is Standing.MISSING and at >= payment.expires_at):
        _record_end(payment, answer, at)
    return payment


def _record_money(payment: Payment, answer: Answer, at: datetime) -> None:
    if answer.amount_fen is None or answer.amount_fen <= 0 or not _CURRENCY.fullmatch(answer.currency):
        # Paid, but not how much: asked again.
        _note(payment, ProviderUnavailableError("paid, without an amount"))
    elif (answer.amount_fen, answer.currency) == (payment.amount_fen, payment.currency) and not suspense.holds(
        provider=payment.provider, request_no=payment.request_no
    ):
        _record_paid(payment, answer, at)
    else:
        _suspend(payment, answer.amount_fen, answer.currency, at)


def _record_paid(payment: Payment, answer: Answer, at: datetime) -> None:
    order = payment.order
    payment.status, payment.next_ask_at, payment.last_error = PaymentStatus.PAID, None, ""
    payment.paid_at = min(answer.at or at, at)
    payment.provider_ref = answer.provider_ref[:80] or payment.provider_ref
    if payment.provider == ProviderKey.WECHAT:
        payment.freeze_ends_at = payment.paid_at + _WECHAT_FREEZE
    payment.save(
        update_fields=["status", "next_ask_at", "last_error", "paid_at", "provider_ref", "freeze_ends_at"],
    )
    order.paid_fen += payment.amount_fen
    order.save(update_fields=["paid_fen"])
    outbox.emit(topic="payment.paid", key=order.reference, at=at, payload={"payment": payment.public_id})
    # An open order may hold more than it costs, for lines that are still agreed; this payment was not asked for that.
    too_much_fen = min(order.excess_fen, payment.amount_fen)
    if too_much_fen:
        postings.lock_all_of(order)
    post(postings.paid(payment), at=at)
    if too_much_fen:
        is_off = order.status == OrderStatus.CANCELLED
        reason = RefundReason.LATE_PAYMENT if is_off else RefundReason.OVERPAID
        refunds.request(order, amount_fen=too_much_fen, reason=reason, at=at)


def _record_end(payment: Payment, answer: Answer, at: datetime) -> None:
    """It was not paid. Asked once more after its end: a page at the provider can stay open until then."""
    end = payment.expires_at + _AFTER_END
    payment.status, payment.next_ask_at = PaymentStatus.CLOSED, end if at < end else None
    payment.last_error = answer.reason.replace("\x00", "")[:300] or payment.last_error
    payment.save(update_fields=["status", "next_ask_at", "last_error"])


def _suspend(payment: Payment, came_fen: int, currency: str, at: datetime) -> None:
    """Money came that was not asked for like this: it waits for a person, and the payment is asked about no more."""
    payment.status, payment.next_ask_at = PaymentStatus.CLOSED, None
    payment.last_error = f"paid {came_fen} {currency} instead of {payment.amount_fen} {payment.currency}"
    payment.save(update_fields=["status", "next_ask_at", "last_error"])
    kind = AlarmKind.WRONG_AMOUNT if currency == payment.currency else AlarmKind.WRONG_CURRENCY
    suspense.put_aside(
        kind=kind,
        provider=payment.provider,
        request_no=payment.request_no,
        amount_fen=came_fen,
        currency=currency,
        at=at,
        data={"order": payment.order.number, "asked_fen": payment.amount_fen, "asked_currency": payment.currency},
    )
