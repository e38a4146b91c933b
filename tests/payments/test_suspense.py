"""Money that nobody can explain, sent back by a person."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from payments import alarms, collecting, suspense
from payments.choices import AccountKind, AlarmKind, PaymentStatus, Purpose
from payments.errors import NothingDueError, PaymentRefusedError, ProviderSilentError
from payments.ledger import totals
from payments.models import Alarm, Payment, ProviderNotice
from payments.providers.base import Answer, Standing
from tests.factories.accounts import UserFactory
from tests.payments.books import check_books
from tests.payments.sandbox_process import SandboxProcess
from tests.payments.test_orders import opened

pytestmark = pytest.mark.django_db


@pytest.fixture
def at() -> datetime:
    """The sandbox has a clock of its own."""
    return datetime.now(UTC)


@pytest.fixture
def alarm(sandbox_psp: SandboxProcess, at: datetime) -> Alarm:
    """The owner's bank sent 2 yuan more than were asked for."""
    payment = collecting.start(
        order=opened(26800),
        provider_key="sandbox",
        amount_fen=26800,
        purpose=Purpose.BALANCE,
        by=None,
        at=at,
        site_url="http://testserver",
    )
    sandbox_psp.pay(payment.request_no, amount_fen=27000)
    collecting.ask(payment_id=payment.pk, at=at)
    return Alarm.objects.get()


def refunds_of(psp: SandboxProcess) -> list[tuple[int, str]]:
    return [(row["amount_fen"], row["status"]) for row in psp.books()["refunds"]]


def test_money_is_sent_back_once_and_the_alarm_is_closed(
    alarm: Alarm, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    person = UserFactory()
    assert suspense.can_send_back(alarm)
    assert suspense.send_back(alarm=alarm, by=person, at=at)
    assert refunds_of(sandbox_psp) == [(27000, "done")]
    assert totals() == {}
    alarm.refresh_from_db()
    assert (alarm.resolved_by, alarm.resolved_at) == (person, at)
    with pytest.raises(NothingDueError):
        suspense.send_back(alarm=alarm, by=person, at=at)
    check_books()


def test_lost_answer_is_asked_for_and_the_money_goes_back_once(
    alarm: Alarm, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    sandbox_psp.lose_answer("refund")
    with pytest.raises(ProviderSilentError):
        suspense.send_back(alarm=alarm, by=UserFactory(), at=at)
    assert totals()[AccountKind.SUSPENSE, "CNY"] == 27000
    assert suspense.send_back(alarm=alarm, by=UserFactory(), at=at)
    assert refunds_of(sandbox_psp) == [(27000, "done")]
    check_books()


def test_what_the_provider_decides_later_stays_in_suspense(
    alarm: Alarm, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    sandbox_psp.stay_pending("refund")
    assert not suspense.send_back(alarm=alarm, by=UserFactory(), at=at)
    assert totals()[AccountKind.SUSPENSE, "CNY"] == 27000


def test_refused_by_the_provider_stays_in_suspense(alarm: Alarm, at: datetime, sandbox_psp: SandboxProcess) -> None:
    sandbox_psp.refuse("refund")
    with pytest.raises(PaymentRefusedError):
        suspense.send_back(alarm=alarm, by=UserFactory(), at=at)
    assert totals()[AccountKind.SUSPENSE, "CNY"] == 27000


@pytest.mark.parametrize(
    ("kind", "data"), [(AlarmKind.BOOKS_OFF, {"came_fen": 1}), (AlarmKind.UNKNOWN_PAYMENT, {"request_no": "x"})]
)
def test_alarm_about_something_else_sends_nothing(at: datetime, kind: AlarmKind, data: dict[str, object]) -> None:
    other = alarms.raise_alarm(kind=kind, key="x", at=at, data=data)
    assert not suspense.can_send_back(other)
    with pytest.raises(NothingDueError):
        suspense.send_back(alarm=other, by=UserFactory(), at=at)


def test_notice_of_the_money_sent_back_raises_no_alarm(alarm: Alarm, at: datetime, sandbox_psp: SandboxProcess) -> None:
    suspense.send_back(alarm=alarm, by=UserFactory(), at=at)
    for notice in sandbox_psp.take(suspense.refund_order(alarm.data).request_no):
        notice.post()
    assert {row.outcome for row in ProviderNotice.objects.all()} <= {"suspense"}
    assert Alarm.objects.count() == 1


def test_number_longer_than_providers_take_is_shortened() -> None:
    data = {"request_no": "n" * 64, "came_fen": 5, "currency": "CNY"}
    assert len(suspense.refund_order(data).request_no) == 32


def test_second_word_about_another_amount_is_an_alarm_and_moves_nothing(alarm: Alarm, at: datetime) -> None:
    suspense.put_aside(
        kind=AlarmKind.WRONG_AMOUNT,
        provider="sandbox",
        request_no=alarm.key,
        amount_fen=1,
        currency="CNY",
        at=at,
    )
    # What can be sent back is what came; the other word is an alarm of its own, and sends nothing.
    alarm.refresh_from_db()
    other = Alarm.objects.exclude(pk=alarm.pk).get()
    assert (alarm.data["came_fen"], other.data["said_fen"]) == (27000, 1)
    assert suspense.can_send_back(alarm)
    assert not suspense.can_send_back(other)
    assert totals()[AccountKind.SUSPENSE, "CNY"] == 27000


def test_right_amount_told_after_a_wrong_one_is_not_booked_as_well(alarm: Alarm, at: datetime) -> None:
    payment = Payment.objects.get()
    collecting.record(payment_id=payment.pk, answer=Answer(Standing.DONE, 26800, "CNY", at=at), at=at)
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.CLOSED
    assert totals() == {(AccountKind.PSP_CLEARING, "CNY"): 27000, (AccountKind.SUSPENSE, "CNY"): 27000}
    assert Alarm.objects.exclude(pk=alarm.pk).get().data["said_fen"] == 26800


def test_who_dies_before_the_answer_is_made_up_for_by_the_notice(
    alarm: Alarm, at: datetime, sandbox_psp: SandboxProcess
) -> None:
    sandbox_psp.lose_answer("refund")
    with pytest.raises(ProviderSilentError):
        suspense.send_back(alarm=alarm, by=UserFactory(), at=at)
    for notice in sandbox_psp.take(suspense.refund_order(alarm.data).request_no):
        notice.post()
    alarm.refresh_from_db()
    assert alarm.resolved_at is not None
    assert totals() == {}
    check_books()
