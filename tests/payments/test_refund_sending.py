"""Refunds on their way: one number until the provider has said yes or no."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.models import OutboxEvent
from payments import alarms, collecting, orders, refund_sending, refunds
from payments.choices import AccountKind, AlarmKind, ProviderKey, Purpose, RefundReason, RefundStatus
from payments.errors import NotRefundableError, RefundNotWaitingError
from payments.ledger import totals
from payments.models import Alarm, Order, Payment, Refund
from payments.providers.base import Answer, Standing
from tests.factories.accounts import UserFactory
from tests.payments.books import check_books
from tests.payments.sandbox_process import SandboxProcess
from tests.payments.test_orders import opened, work

pytestmark = pytest.mark.django_db

FEN = 26800
LATER = timedelta(minutes=2)


@pytest.fixture
def at() -> datetime:
    """The sandbox has a clock of its own."""
    return datetime.now(UTC)


@pytest.fixture
def refund(sandbox_psp: SandboxProcess, at: datetime) -> Refund:
    """A refund of a part of what was paid."""
    order = opened(FEN)
    payment = collecting.start(
        order=order,
        provider_key="sandbox",
        amount_fen=FEN,
        purpose=Purpose.BALANCE,
        by=None,
        at=at,
        site_url="http://testserver",
    )
    sandbox_psp.pay(payment.request_no)
    collecting.ask(payment_id=payment.pk, at=at)
    return refunds.request(
        Order.objects.select_for_update().get(), amount_fen=6800, reason=RefundReason.GOODWILL, at=at
    )[0]


def send(refund: Refund, at: datetime) -> Refund:
    refund_sending.send(refund_id=refund.pk, at=at)
    refund.refresh_from_db()
    return refund


def theirs(psp: SandboxProcess) -> list[tuple[int, str]]:
    return [(row["amount_fen"], row["status"]) for row in psp.books()["refunds"]]


def test_refund_is_sent_and_booked_once(refund: Refund, at: datetime, sandbox_psp: SandboxProcess) -> None:
    assert totals()[AccountKind.REFUND_CLEARING, "CNY"] == 6800
    for minute in range(3):
        send(refund, at + timedelta(minutes=minute))
    assert (refund.status, refund.next_try_at, refund.tries) == (RefundStatus.DONE, None, 1)
    assert refund.done_at is not None
    assert theirs(sandbox_psp) == [(6800, "done")]
    assert totals() == {(AccountKind.PSP_CLEARING, "CNY"): FEN - 6800, (AccountKind.HELD, "CNY"): FEN - 6800}
    assert OutboxEvent.objects.filter(topic="refund.done", key=refund.public_id).count() == 1
    check_books()


def test_refund_is_not_sent_before_its_time(refund: Refund, at: datetime, sandbox_psp: SandboxProcess) -> None:
    assert not refund_sending.send(refund_id=refund.pk, at=at - timedelta(seconds=1))
    assert theirs(sandbox_psp) == []


def test_lost_answer_is_asked_for_and_never_sent_under_another_number(
    refund: Refund, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    sandbox_psp.lose_answer("refund")
    number = refund.request_no
    unknown = send(refund, at)
    assert (unknown.status, unknown.was_sent, unknown.next_try_at) == (RefundStatus.REQUESTED, True, at + LATER)
    assert unknown.last_error
    assert send(refund, at + LATER).status == RefundStatus.DONE
    assert refund.request_no == number
    assert theirs(sandbox_psp) == [(6800, "done")]
    check_books()


def test_call_that_never_arrived_is_sent_again_under_its_number(
    refund: Refund, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    sandbox_psp.fault("refund", "fail")
    assert send(refund, at).status == RefundStatus.REQUESTED
    assert theirs(sandbox_psp) == []
    assert send(refund, at + LATER).status == RefundStatus.DONE
    assert theirs(sandbox_psp) == [(6800, "done")]


def test_worker_that_died_before_the_call_leaves_a_refund_that_is_sent(
    refund: Refund, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    refund_sending._claim(refund.pk, at)
    assert not refund_sending.send(refund_id=refund.pk, at=at + timedelta(seconds=1))
    assert send(refund, at + LATER).status == RefundStatus.DONE
    assert theirs(sandbox_psp) == [(6800, "done")]


def test_refund_that_the_provider_decides_later_waits(
    refund: Refund, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    sandbox_psp.stay_pending("refund")
    assert send(refund, at).status == RefundStatus.REQUESTED
    assert totals()[AccountKind.REFUND_CLEARING, "CNY"] == 6800
    sandbox_psp.settle_refund(refund.request_no)
    assert send(refund, at + LATER).status == RefundStatus.DONE
    check_books()


def test_refused_refund_raises_an_alarm_and_can_be_sent_anew_by_hand(
    refund: Refund, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    sandbox_psp.refuse("refund", code="account_closed")
    number = refund.request_no
    failed = send(refund, at)
    assert (failed.status, failed.next_try_at) == (RefundStatus.FAILED, None)
    assert "account_closed" in failed.last_error
    alarm = Alarm.objects.get(kind=AlarmKind.REFUND_FAILED, key=refund.public_id)
    assert totals()[AccountKind.REFUND_CLEARING, "CNY"] == 6800
    check_books()

    person = UserFactory()
    refund = refund_sending.retry_failed(refund=refund, by=person, at=at)
    assert refund.request_no != number
    assert (refund.requested_by, refund.was_sent) == (person, False)
    assert send(refund, at).status == RefundStatus.DONE
    alarm.refresh_from_db()
    assert alarm.resolved_at == at
    check_books()


def test_refund_that_fails_after_a_while_raises_an_alarm(
    refund: Refund, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    sandbox_psp.stay_pending("refund")
    send(refund, at)
    sandbox_psp.settle_refund(refund.request_no, failure="card_expired")
    assert send(refund, at + LATER).status == RefundStatus.FAILED
    assert Alarm.objects.filter(kind=AlarmKind.REFUND_FAILED).count() == 1


def test_refused_refund_that_went_through_all_the_same_is_done_and_not_sent_twice(
    refund: Refund, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    sandbox_psp.refuse("refund", code="system_busy")
    assert send(refund, at).status == RefundStatus.FAILED
    done = Answer(Standing.DONE, amount_fen=6800, currency="CNY", provider_ref="r1")
    for _time in range(2):
        refund_sending.record(refund_id=refund.pk, request_no=refund.request_no, answer=done, at=at)
    refund.refresh_from_db()
    assert (refund.status, refund.last_error) == (RefundStatus.DONE, "")
    assert AccountKind.REFUND_CLEARING not in {kind for kind, _currency in totals()}
    assert Alarm.objects.get(kind=AlarmKind.REFUND_FAILED).resolved_at == at
    with pytest.raises(RefundNotWaitingError):
        refund_sending.retry_failed(refund=refund, by=UserFactory(), at=at)
    check_books()


def test_person_sends_a_refused_refund_only_after_asking_about_it(
    refund: Refund, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    send(refund, at)
    Refund.objects.filter(pk=refund.pk).update(status=RefundStatus.FAILED, done_at=None)
    with pytest.raises(RefundNotWaitingError):
        refund_sending.send_again(refund=refund, by=UserFactory(), at=at)
    refund.refresh_from_db()
    assert refund.status == RefundStatus.DONE
    assert theirs(sandbox_psp) == [(6800, "done")]


@pytest.mark.parametrize("status", [RefundStatus.REQUESTED, RefundStatus.DONE])
def test_only_a_refused_refund_gets_a_second_number(refund: Refund, at: datetime, status: str) -> None:
    if status == RefundStatus.DONE:
        send(refund, at)
    with pytest.raises(RefundNotWaitingError):
        refund_sending.retry_failed(refund=refund, by=UserFactory(), at=at)


@pytest.mark.parametrize(("amount_fen", "currency"), [(6799, "CNY"), (6801, "CNY"), (6800, "USD")])
def test_other_amount_than_asked_for_is_not_booked(
    refund: Refund, at: datetime, amount_fen: int, currency: str
) -> None:
    said = Answer(Standing.DONE, amount_fen=amount_fen, currency=currency)
    recorded = refund_sending.record(refund_id=refund.pk, request_no=refund.request_no, answer=said, at=at)
    assert (recorded.status, recorded.next_try_at) == (RefundStatus.REQUESTED, None)
    assert totals()[AccountKind.REFUND_CLEARING, "CNY"] == 6800
    assert Alarm.objects.get().kind == AlarmKind.REFUND_FAILED


def test_answer_about_an_earlier_number_changes_nothing(refund: Refund, at: datetime) -> None:
    said = Answer(Standing.DONE, amount_fen=6800, currency="CNY")
    assert (
        refund_sending.record(refund_id=refund.pk, request_no="earlier", answer=said, at=at).status
        == RefundStatus.REQUESTED
    )


def test_provider_that_is_not_configured_any_more_leaves_the_refund_waiting(
    refund: Refund, at: datetime, settings: object
) -> None:
    settings.PAYMENT_PROVIDERS = {}  # type: ignore[attr-defined]
    assert send(refund, at).status == RefundStatus.REQUESTED
    assert "ProviderNotConfigured" in refund.last_error


@pytest.mark.parametrize("amount", [FEN + 1, 0, -1, 0.01, True, "6800"])
def test_more_than_was_paid_or_no_amount_cannot_be_asked_for(refund: Refund, at: datetime, amount: object) -> None:
    order = Order.objects.get()
    with pytest.raises(NotRefundableError):
        refunds.request(order, amount_fen=amount, reason=RefundReason.GOODWILL, at=at)  # type: ignore[arg-type]
    assert Refund.objects.count() == 1


# --- At the counter ---------------------------------------------------------------------------------


def test_shop_confirms_what_it_gave_back_itself(at: datetime) -> None:
    order = opened(FEN)
    orders.complete(reference=order.reference, lines=[work(FEN)], at=at)
    refund = refunds.request(Order.objects.get(), amount_fen=800, reason=RefundReason.GOODWILL, at=at)[0]
    assert refund.payment.provider == ProviderKey.SHOP
    assert not refund_sending.send(refund_id=refund.pk, at=at)
    before = totals()
    for _again in range(2):
        refund = refund_sending.confirm_at_shop(refund=refund, by=UserFactory(), at=at)
    assert (refund.status, refund.done_at) == (RefundStatus.DONE, at)
    assert totals() == before
    assert OutboxEvent.objects.filter(topic="refund.done").count() == 1
    check_books()


def test_shop_cannot_confirm_what_goes_through_a_provider(refund: Refund, at: datetime) -> None:
    with pytest.raises(RefundNotWaitingError):
        refund_sending.confirm_at_shop(refund=refund, by=UserFactory(), at=at)


def test_refund_closes_no_alarm_of_another(refund: Refund, at: datetime) -> None:
    other = alarms.raise_alarm(kind=AlarmKind.REFUND_FAILED, key="another", at=at)
    send(refund, at)
    other.refresh_from_db()
    assert other.resolved_at is None
    assert Payment.objects.get().refunded_fen == 6800
