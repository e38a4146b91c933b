"""Payments through a provider: started, asked about, recorded. The provider is the sandbox, a process of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import faults
from core.models import OutboxEvent
from payments import collecting, orders
from payments.choices import (
    AccountKind,
    AlarmKind,
    LineKind,
    PaymentStatus,
    ProviderKey,
    Purpose,
    RefundReason,
    RefundStatus,
)
from payments.errors import (
    AmountError,
    NothingDueError,
    OrderClosedError,
    PaymentRefusedError,
    PaymentReplacedError,
    ProviderNotOfferedError,
    ProviderSilentError,
)
from payments.ledger import balance_fen, totals
from payments.models import Alarm, Order, Payment, Refund
from payments.orders import LineDraft
from payments.postings import held
from payments.providers.base import Answer, Charge, ProviderUnavailableError, Standing, Started
from payments.providers.sandbox import SandboxProvider
from tests.payments.books import check_books
from tests.payments.sandbox_process import SandboxProcess
from tests.payments.test_orders import opened, work

pytestmark = pytest.mark.django_db

FEN = 26800


@pytest.fixture
def at() -> datetime:
    """The sandbox has a clock of its own."""
    return datetime.now(UTC)


@pytest.fixture
def order(sandbox_psp: SandboxProcess) -> Order:
    return opened(FEN)


def start(order: Order, at: datetime, **changes: Any) -> Payment:
    how: dict[str, Any] = {"provider_key": "sandbox", "amount_fen": FEN, "purpose": Purpose.BALANCE, "by": None}
    return collecting.start(order=order, at=at, **{**how, "site_url": "http://testserver", **changes})


def ask(payment: Payment, at: datetime) -> Payment:
    return collecting.ask(payment_id=payment.pk, at=at)


def now_due(order: Order) -> int:
    return Order.objects.get(pk=order.pk).due_fen


def events(topic: str) -> int:
    return OutboxEvent.objects.filter(topic=topic).count()


def cancelled(order: Order, at: datetime, fee_fen: int = 0) -> None:
    fee = LineDraft(LineKind.LATE_CANCEL, "取消费", "Late cancellation", fee_fen) if fee_fen else None
    orders.cancel(reference=order.reference, fee=fee, at=at)


# --- The ordinary way -------------------------------------------------------------------------------


def test_payment_is_started_paid_and_recorded_once(order: Order, at: datetime, sandbox_psp: SandboxProcess) -> None:
    payment = start(order, at)
    assert (payment.status, payment.expires_at) == (PaymentStatus.PENDING, at + collecting.PAYING_TIME)
    assert payment.pay_url.startswith(f"{sandbox_psp.url}/pay/")
    assert ask(payment, at).status == PaymentStatus.PENDING
    sandbox_psp.pay(payment.request_no)
    for _again in range(3):
        payment = ask(payment, datetime.now(UTC))
    assert (payment.status, payment.next_ask_at, payment.freeze_ends_at) == (PaymentStatus.PAID, None, None)
    assert payment.paid_at is not None
    assert payment.provider_ref
    assert totals() == {(AccountKind.PSP_CLEARING, "CNY"): FEN, (AccountKind.HELD, "CNY"): FEN}
    assert (now_due(order), events("payment.paid")) == (0, 1)
    check_books()


def test_provider_is_told_what_it_needs_to_know(order: Order, at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Charge] = []

    def remembered(_provider: SandboxProvider, charge: Charge) -> Started:
        told.append(charge)
        return Started(code_text="weixin://pay/1")

    monkeypatch.setattr(SandboxProvider, "start", remembered)
    payment = start(order, at, site_url="https://carkeeper.example/", is_phone=True, client_ip="203.0.113.9")
    assert (payment.code_text, payment.pay_url) == ("weixin://pay/1", "")
    (charge,) = told
    assert (charge.request_no, charge.amount_fen, charge.currency) == (payment.request_no, FEN, "CNY")
    assert charge.notify_url == "https://carkeeper.example/payments/notices/sandbox/"
    assert charge.return_url == f"https://carkeeper.example/pay/{order.public_id}/{payment.public_id}/"
    assert charge.subject == f"{order.shop.name} · {order.number}"
    assert (charge.expires_at, charge.is_phone, charge.client_ip) == (payment.expires_at, True, "203.0.113.9")


def test_deposit_then_the_rest(order: Order, at: datetime, sandbox_psp: SandboxProcess) -> None:
    orders.reprice(reference=order.reference, at=at, total_fen=FEN, deposit_fen=5000)
    deposit = start(order, at, amount_fen=5000, purpose=Purpose.DEPOSIT)
    sandbox_psp.pay(deposit.request_no)
    ask(deposit, at)
    rest = start(order, at, amount_fen=FEN - 5000)
    sandbox_psp.pay(rest.request_no)
    ask(rest, at)
    assert now_due(order) == 0
    assert balance_fen(held(order)) == FEN
    check_books()


def test_wechat_freezes_for_180_days(order: Order, at: datetime) -> None:
    payment = Payment.objects.create(
        order=order,
        provider=ProviderKey.WECHAT,
        purpose=Purpose.BALANCE,
        amount_fen=FEN,
        request_no="w1",
        created_at=at,
        expires_at=at,
    )
    paid_at = at - timedelta(minutes=3)
    done = Answer(Standing.DONE, amount_fen=FEN, currency="CNY", provider_ref="4200", at=paid_at)
    payment = collecting.record(payment_id=payment.pk, answer=done, at=at)
    assert (payment.paid_at, payment.freeze_ends_at) == (paid_at, paid_at + timedelta(days=180))


# --- Asked twice, asked otherwise ---------------------------------------------------------------------


def test_started_twice_is_one_payment(order: Order, at: datetime, sandbox_psp: SandboxProcess) -> None:
    first = start(order, at)
    assert start(order, at + timedelta(minutes=1)).pk == first.pk
    assert len(sandbox_psp.books()["payments"]) == 1


def test_payment_about_to_expire_is_closed_and_made_anew(order: Order, at: datetime) -> None:
    first = start(order, at)
    second = start(order, at + timedelta(minutes=14))
    assert second.pk != first.pk
    first.refresh_from_db()
    assert first.status == PaymentStatus.CLOSED


def test_other_amount_closes_the_open_payment_at_its_provider(
    order: Order, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    first = start(order, at)
    orders.reprice(reference=order.reference, at=at, total_fen=30000)
    second = start(order, at, amount_fen=30000)
    first.refresh_from_db()
    assert (first.status, second.status) == (PaymentStatus.CLOSED, PaymentStatus.PENDING)
    standings = {row["request_no"]: row["status"] for row in sandbox_psp.books()["payments"]}
    assert standings == {first.request_no: "closed", second.request_no: "pending"}


def test_open_payment_that_turns_out_to_be_paid_leaves_nothing_due(
    order: Order, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    first = start(order, at)
    sandbox_psp.pay(first.request_no)
    with pytest.raises(NothingDueError):
        start(order, at, amount_fen=10000)
    assert Payment.objects.get().status == PaymentStatus.PAID
    check_books()


def test_open_payment_whose_provider_is_silent_is_closed_by_the_sweep(
    order: Order, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    first = start(order, at)
    sandbox_psp.fault("close", "fail")
    start(order, at, amount_fen=10000)
    first.refresh_from_db()
    assert (first.status, first.next_ask_at) == (PaymentStatus.CLOSED, at)
    assert collecting.ask_if_due(payment_id=first.pk, at=at)
    states = {row["request_no"]: row["status"] for row in sandbox_psp.books()["payments"]}
    assert states[first.request_no] == "closed"


# --- The provider is silent, or says no -----------------------------------------------------------------


def test_silent_start_is_unknown_and_the_next_start_is_the_same_payment(
    order: Order, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    sandbox_psp.lose_answer("start")
    with pytest.raises(ProviderSilentError):
        start(order, at)
    unknown = Payment.objects.get()
    assert (unknown.status, unknown.pay_url) == (PaymentStatus.CREATED, "")
    assert unknown.next_ask_at is not None
    assert unknown.last_error
    again = start(order, at)
    assert (again.pk, again.status) == (unknown.pk, PaymentStatus.PENDING)
    assert again.pay_url
    assert len(sandbox_psp.books()["payments"]) == 1


def test_refused_start_closes_the_payment_and_asks_once_more(
    order: Order, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    sandbox_psp.refuse("start")
    with pytest.raises(PaymentRefusedError):
        start(order, at)
    payment = Payment.objects.get()
    assert (payment.status, payment.next_ask_at) == (PaymentStatus.CLOSED, at)
    assert start(order, at).pk != payment.pk


def test_answer_that_comes_after_another_start_is_not_followed(
    order: Order, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_start(_name: str) -> None:
        Payment.objects.update(status=PaymentStatus.CLOSED)

    monkeypatch.setattr(faults, "point", other_start)
    with pytest.raises(PaymentReplacedError):
        start(order, at)


def test_questions_come_later_and_later_and_once_after_the_end(
    order: Order, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    payment = start(order, at)
    sandbox_psp.fault("ask", "fail", times=30)
    asked: list[float] = []
    while len(asked) < 9:
        payment.refresh_from_db()
        assert payment.next_ask_at is not None
        asked.append((payment.next_ask_at - at).total_seconds())
        assert not collecting.ask_if_due(payment_id=payment.pk, at=payment.next_ask_at)
    assert asked == [10, 20, 40, 70, 130, 250, 550, 1020, 2820]


def test_question_is_not_asked_before_its_time(order: Order, at: datetime) -> None:
    payment = start(order, at)
    assert not collecting.ask_if_due(payment_id=payment.pk, at=at)
    assert collecting.ask_if_due(payment_id=payment.pk, at=at + timedelta(seconds=10))
    assert not collecting.ask_if_due(payment_id=payment.pk, at=at + timedelta(seconds=10))


# --- It ends without money ------------------------------------------------------------------------------


def test_declined_payment_is_closed_and_another_can_be_started(
    order: Order, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    payment = start(order, at)
    sandbox_psp.decline(payment.request_no)
    assert ask(payment, at).status == PaymentStatus.CLOSED
    assert start(order, at).pk != payment.pk


def test_payment_that_nobody_made_is_closed_at_its_end(order: Order, at: datetime, sandbox_psp: SandboxProcess) -> None:
    payment = start(order, at)
    end = payment.expires_at + timedelta(minutes=2)
    payment = ask(payment, end)
    assert (payment.status, payment.next_ask_at) == (PaymentStatus.CLOSED, None)
    assert [row["status"] for row in sandbox_psp.books()["payments"]] == ["closed"]


def test_payment_that_the_provider_never_heard_of_is_closed_after_its_end_only(
    order: Order, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    sandbox_psp.fault("start", "fail")
    with pytest.raises(ProviderSilentError):
        start(order, at)
    payment = Payment.objects.get()
    sandbox_psp.empty()
    assert ask(payment, at).status == PaymentStatus.CREATED
    assert ask(payment, payment.expires_at).status == PaymentStatus.CLOSED


# --- Late, twice, otherwise than asked --------------------------------------------------------------------


def test_word_that_comes_late_never_makes_paid_unpaid(order: Order, at: datetime, sandbox_psp: SandboxProcess) -> None:
    payment = start(order, at)
    sandbox_psp.pay(payment.request_no)
    ask(payment, at)
    for late in (Standing.PENDING, Standing.FAILED, Standing.MISSING):
        after = collecting.record(payment_id=payment.pk, answer=Answer(late), at=at + timedelta(days=1))
        assert after.status == PaymentStatus.PAID
    check_books()


def test_closed_payment_that_was_paid_after_all_is_paid(
    order: Order, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    payment = start(order, at)
    sandbox_psp.decline(payment.request_no)
    ask(payment, at)
    sandbox_psp.pay(payment.request_no, after_close=True)
    assert ask(payment, at).status == PaymentStatus.PAID
    assert now_due(order) == 0
    check_books()


def test_paid_after_the_visit_was_cancelled_is_given_back(
    order: Order, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    payment = start(order, at)
    cancelled(order, at)
    payment.refresh_from_db()
    assert (payment.status, payment.next_ask_at) == (PaymentStatus.CLOSED, at)
    sandbox_psp.pay(payment.request_no)
    assert ask(payment, at).status == PaymentStatus.PAID
    refund = Refund.objects.get()
    assert (refund.amount_fen, refund.reason) == (FEN, RefundReason.LATE_PAYMENT)
    assert (refund.status, refund.next_try_at) == (RefundStatus.REQUESTED, at)
    assert balance_fen(held(order)) == 0
    assert events("refund.requested") == 1
    check_books()


def test_paid_after_a_cancelling_with_a_fee_pays_the_fee(
    order: Order, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    payment = start(order, at)
    cancelled(order, at, fee_fen=3000)
    sandbox_psp.pay(payment.request_no)
    ask(payment, at)
    assert Refund.objects.get().amount_fen == FEN - 3000
    assert balance_fen(held(order)) == 3000
    check_books()


def test_paid_after_the_handover_is_given_back_through_the_provider(
    order: Order, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    payment = start(order, at)
    orders.complete(reference=order.reference, lines=[work(FEN)], at=at)
    sandbox_psp.pay(payment.request_no)
    ask(payment, at)
    refund = Refund.objects.get()
    assert (refund.payment_id, refund.amount_fen, refund.reason) == (payment.pk, FEN, RefundReason.OVERPAID)
    check_books()


def test_paid_twice_gives_back_what_is_too_much(order: Order, at: datetime, sandbox_psp: SandboxProcess) -> None:
    first = start(order, at)
    sandbox_psp.fault("close", "fail")
    second = start(order, at, amount_fen=10000)
    for payment in (first, second):
        sandbox_psp.pay(payment.request_no)
        ask(payment, at)
    assert Refund.objects.get().amount_fen == 10000
    order.refresh_from_db()
    assert (order.paid_fen, order.refunded_fen, order.due_fen) == (FEN + 10000, 10000, 0)
    check_books()


def test_what_an_open_order_holds_for_later_lines_is_not_given_back_with_another_payment(
    order: Order, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    first = start(order, at, amount_fen=20000)
    sandbox_psp.pay(first.request_no)
    ask(first, at)
    second = start(order, at, amount_fen=6800)
    orders.reprice(reference=order.reference, at=at, total_fen=15000)
    sandbox_psp.pay(second.request_no)
    ask(second, at)
    assert Refund.objects.get().amount_fen == 6800
    check_books()


@pytest.mark.parametrize("came_fen", [1, FEN - 1, FEN + 1])
def test_wrong_amount_moves_nothing_of_the_order(
    order: Order, at: datetime, sandbox_psp: SandboxProcess, came_fen: int
) -> None:
    payment = start(order, at)
    sandbox_psp.pay(payment.request_no, amount_fen=came_fen)
    for _again in range(2):
        payment = ask(payment, at)
    assert (payment.status, payment.next_ask_at) == (PaymentStatus.CLOSED, None)
    assert str(came_fen) in payment.last_error
    assert (now_due(order), events("payment.paid")) == (FEN, 0)
    assert totals() == {(AccountKind.PSP_CLEARING, "CNY"): came_fen, (AccountKind.SUSPENSE, "CNY"): came_fen}
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.key, alarm.times) == (AlarmKind.WRONG_AMOUNT, payment.request_no, 1)
    check_books()


def test_other_currency_moves_nothing_of_the_order(order: Order, at: datetime, sandbox_psp: SandboxProcess) -> None:
    payment = start(order, at)
    sandbox_psp.pay(payment.request_no, currency="JPY")
    ask(payment, at)
    assert now_due(order) == FEN
    assert totals() == {(AccountKind.PSP_CLEARING, "JPY"): FEN, (AccountKind.SUSPENSE, "JPY"): FEN}
    assert Alarm.objects.get().kind == AlarmKind.WRONG_CURRENCY
    check_books()


@pytest.mark.parametrize(
    "answer",
    [
        Answer(Standing.DONE),
        Answer(Standing.DONE, amount_fen=0, currency="CNY"),
        Answer(Standing.DONE, amount_fen=-FEN, currency="CNY"),
        Answer(Standing.DONE, amount_fen=FEN, currency=""),
    ],
)
def test_paid_without_a_clear_amount_is_asked_again(order: Order, at: datetime, answer: Answer) -> None:
    payment = start(order, at)
    collecting.record(payment_id=payment.pk, answer=answer, at=at)
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.PENDING
    assert payment.next_ask_at is not None
    assert totals() == {}


# --- Bad input -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("amount", [0.01, 268.0, "26800", True, 0, -1, FEN + 1, 10**12, None])
def test_amount_that_is_none_is_refused(order: Order, at: datetime, amount: Any) -> None:
    with pytest.raises(AmountError):
        start(order, at, amount_fen=amount)
    assert not Payment.objects.exists()


def test_deposit_is_the_deposit_or_everything(order: Order, at: datetime) -> None:
    orders.reprice(reference=order.reference, at=at, total_fen=FEN, deposit_fen=5000)
    with pytest.raises(AmountError):
        start(order, at, amount_fen=4999, purpose=Purpose.DEPOSIT)
    assert start(order, at, amount_fen=FEN, purpose=Purpose.DEPOSIT).amount_fen == FEN


@pytest.mark.parametrize("key", ["alipay", "shop", "bank", "", "nobody"])
def test_provider_that_is_not_offered_is_refused(order: Order, at: datetime, key: str) -> None:
    with pytest.raises(ProviderNotOfferedError):
        start(order, at, provider_key=key)


def test_visit_that_is_over_takes_no_payment(order: Order, at: datetime) -> None:
    orders.complete(reference=order.reference, lines=[work(FEN)], at=at)
    with pytest.raises(OrderClosedError):
        start(order, at)


def test_fee_of_a_cancelled_visit_can_be_paid(order: Order, at: datetime, sandbox_psp: SandboxProcess) -> None:
    cancelled(order, at, fee_fen=3000)
    with pytest.raises(AmountError):
        start(order, at)
    payment = start(order, at, amount_fen=3000)
    assert payment.purpose == Purpose.FEE
    sandbox_psp.pay(payment.request_no)
    ask(payment, at)
    assert now_due(order) == 0
    assert not Refund.objects.exists()
    check_books()


def test_visit_cancelled_without_a_fee_takes_no_payment(order: Order, at: datetime) -> None:
    cancelled(order, at)
    with pytest.raises(NothingDueError):
        start(order, at, amount_fen=1)


def test_asking_a_silent_provider_leaves_the_payment_as_it_is(
    order: Order, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    payment = start(order, at)
    sandbox_psp.fault("ask", "garble")
    with pytest.raises(ProviderUnavailableError):
        ask(payment, at)
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.PENDING
