"""Money collected by several at once, beside the sandbox provider; and the same without locks, where it goes wrong."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from core import outbox
from core.errors import Refusal
from core.models import OutboxEvent
from payments import collecting, notices, orders, refund_sending, waking
from payments.choices import PaymentStatus, Purpose, RefundStatus
from payments.models import Alarm, Order, Payment, ProviderNotice, Refund
from payments.providers.sandbox import SandboxProvider
from tests.payments.books import check_books
from tests.payments.sandbox_process import SandboxProcess
from tests.payments.test_orders import opened
from tests.races.test_one_slot import at_once
from tests.races.test_without_guards import meeting, nothing

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

FEN = 26800
Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: Patch) -> None:
    monkeypatch.setattr(outbox, "_wake", nothing)
    monkeypatch.setattr(waking, "_wake", nothing)


@pytest.fixture
def without_row_locks(monkeypatch: Patch) -> None:
    """Every row is read as if nobody else could write it. The ledger's own locks stay."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda rows, **_how: rows.all())


def start(order: Order, amount_fen: int = FEN) -> Payment:
    return collecting.start(
        order=order,
        provider_key="sandbox",
        amount_fen=amount_fen,
        purpose=Purpose.BALANCE,
        by=None,
        at=timezone.now(),
        site_url="http://testserver",
    )


def started(order: Order, amount_fen: int = FEN) -> str:
    try:
        return start(order, amount_fen).status
    except Refusal as refusal:
        return refusal.code


def paid_at_sandbox(psp: SandboxProcess) -> Payment:
    payment = start(opened(FEN))
    psp.pay(payment.request_no)
    return payment


def paid_events() -> int:
    return OutboxEvent.objects.filter(topic="payment.paid").count()


# --- Two starts at once -----------------------------------------------------------------------------


def test_two_starts_at_once_are_one_payment(sandbox_psp: SandboxProcess, monkeypatch: Patch) -> None:
    order = opened(FEN)
    meeting(monkeypatch, collecting, "_create")
    assert at_once(lambda _number: started(order), clients=2) == {"pending": 2}
    assert Payment.objects.count() == 1
    assert len(sandbox_psp.books()["payments"]) == 1


@pytest.mark.usefixtures("without_row_locks")
def test_without_the_lock_two_starts_at_once_are_two_payments(sandbox_psp: SandboxProcess, monkeypatch: Patch) -> None:
    order = opened(FEN)
    meeting(monkeypatch, collecting, "_create")
    at_once(lambda _number: started(order), clients=2)
    assert Payment.objects.count() == 2


def test_starts_of_other_amounts_at_once_leave_one_open(sandbox_psp: SandboxProcess) -> None:
    order = opened(FEN)
    answers = at_once(lambda number: started(order, FEN - number), clients=4)
    assert set(answers) <= {"pending", "payment_replaced", "payment_refused", "closed"}
    assert Payment.objects.filter(status=PaymentStatus.PENDING).count() <= 1
    assert not Payment.objects.filter(status=PaymentStatus.CREATED).exists()


# --- Two answers at once ----------------------------------------------------------------------------


def test_five_workers_that_hear_of_a_payment_record_it_once(sandbox_psp: SandboxProcess, monkeypatch: Patch) -> None:
    payment = paid_at_sandbox(sandbox_psp)
    meeting(monkeypatch, collecting, "_asked", parties=5)
    answers = at_once(lambda _number: collecting.ask(payment_id=payment.pk, at=timezone.now()).status, clients=5)
    assert answers == {"paid": 5}
    assert (paid_events(), Order.objects.get().paid_fen) == (1, FEN)
    check_books()


@pytest.mark.usefixtures("without_row_locks")
def test_without_the_lock_a_payment_is_told_of_twice(sandbox_psp: SandboxProcess, monkeypatch: Patch) -> None:
    payment = paid_at_sandbox(sandbox_psp)
    everybody_has_read = threading.Barrier(2)
    record = collecting._record_money

    def wait_then_record(*told: Any) -> None:
        everybody_has_read.wait(timeout=20)
        record(*told)

    monkeypatch.setattr(collecting, "_record_money", wait_then_record)
    at_once(lambda _number: collecting.ask(payment_id=payment.pk, at=timezone.now()).status, clients=2)
    assert paid_events() == 2


def test_payment_and_cancelling_at_once_end_with_the_money_back(sandbox_psp: SandboxProcess) -> None:
    payment = paid_at_sandbox(sandbox_psp)
    order = payment.order

    def work(number: int) -> str:
        if number:
            collecting.ask(payment_id=payment.pk, at=timezone.now())
        else:
            orders.cancel(reference=order.reference, fee=None, at=timezone.now())
        return "done"

    assert at_once(work, clients=2) == {"done": 2}
    order.refresh_from_db()
    assert (order.paid_fen, order.refunded_fen) == (FEN, FEN)
    check_books()


# --- The same notice, the same refund ---------------------------------------------------------------


def test_copies_of_a_notice_at_once_are_one(sandbox_psp: SandboxProcess) -> None:
    payment = paid_at_sandbox(sandbox_psp)
    notice = sandbox_psp.take()[-1]
    assert at_once(lambda _number: str(notice.post().status_code), clients=5) == {"200": 5}
    row = ProviderNotice.objects.get()
    at_once(lambda _number: str(notices.handle(notice_id=row.pk, at=timezone.now())), clients=5)
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.PAID
    assert paid_events() == 1
    check_books()


@pytest.fixture
def calls(monkeypatch: Patch) -> list[str]:
    """Refunds that were called for, at the provider's door."""
    made: list[str] = []
    refund = SandboxProvider.refund

    def counted(provider: SandboxProvider, order: Any) -> Any:
        made.append(order.request_no)
        return refund(provider, order)

    monkeypatch.setattr(SandboxProvider, "refund", counted)
    return made


@pytest.fixture
def refund(sandbox_psp: SandboxProcess) -> Refund:
    payment = paid_at_sandbox(sandbox_psp)
    collecting.ask(payment_id=payment.pk, at=timezone.now())
    orders.cancel(reference=payment.order.reference, fee=None, at=timezone.now())
    return Refund.objects.get()


def send(refund: Refund) -> str:
    return str(refund_sending.send(refund_id=refund.pk, at=timezone.now()))


def test_of_five_workers_one_sends_a_refund(refund: Refund, calls: list[str], sandbox_psp: SandboxProcess) -> None:
    assert at_once(lambda _number: send(refund), clients=5) == {"True": 1, "False": 4}
    refund.refresh_from_db()
    assert (calls, refund.status) == ([refund.request_no], RefundStatus.DONE)
    assert sandbox_psp.books()["refunded_fen"] == FEN
    check_books()


@pytest.mark.usefixtures("without_row_locks")
def test_without_the_claim_several_workers_send_it_and_its_number_saves_the_money(
    refund: Refund, calls: list[str], sandbox_psp: SandboxProcess, monkeypatch: Patch
) -> None:
    read = threading.Barrier(2)
    order_of = refund_sending._order
    now = datetime.now(UTC)

    def wait_for_the_other(*told: Any) -> Any:
        read.wait(timeout=20)
        return order_of(*told)

    save = Refund.save

    def read_before_anybody_saves(row: Refund, **how: Any) -> None:
        if how.get("update_fields", [""])[0] == "was_sent":
            read.wait(timeout=20)
        save(row, **how)

    monkeypatch.setattr(Refund, "save", read_before_anybody_saves)
    monkeypatch.setattr(refund_sending, "_order", wait_for_the_other)
    at_once(lambda _number: str(refund_sending.send(refund_id=refund.pk, at=now)), clients=2)
    assert len(calls) == 2
    assert sandbox_psp.books()["refunded_fen"] == FEN


# --- No call inside a transaction -------------------------------------------------------------------


@pytest.fixture
def provider_calls(monkeypatch: Patch) -> list[str]:
    """Every call to the provider, with whether a transaction was open."""
    inside: list[str] = []
    for name in ("start", "ask", "close", "refund", "ask_refund"):
        call = getattr(SandboxProvider, name)

        def watched(provider: SandboxProvider, told: Any, call: Any = call, name: str = name) -> Any:
            inside.append(f"{name} {connection.in_atomic_block}")
            return call(provider, told)

        monkeypatch.setattr(SandboxProvider, name, watched)
    return inside


def test_no_provider_is_called_with_a_transaction_open(sandbox_psp: SandboxProcess, provider_calls: list[str]) -> None:
    order = opened(FEN)
    start(order)
    payment = start(order, 10000)
    sandbox_psp.pay(payment.request_no)
    sandbox_psp.take()[-1].post()
    notices.handle(notice_id=ProviderNotice.objects.get().pk, at=timezone.now())
    collecting.ask(payment_id=payment.pk, at=timezone.now())
    orders.cancel(reference=order.reference, fee=None, at=timezone.now())
    refund = Refund.objects.get()
    sandbox_psp.stay_pending("refund")
    send(refund)
    refund_sending.ask(refund_id=refund.pk, at=timezone.now())
    assert {call.split()[0] for call in provider_calls} == {"start", "ask", "close", "refund", "ask_refund"}
    assert not [call for call in provider_calls if call.endswith("True")]
    assert not Alarm.objects.exists()
