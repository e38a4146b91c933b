"""Notices of providers: believed only where they are signed, and even then only as a hint whom to ask."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from core.models import OutboxEvent
from payments import collecting, notices, orders, refund_sending, waking
from payments.choices import AccountKind, AlarmKind, NoticeVerdict, PaymentStatus, Purpose, RefundStatus
from payments.ledger import totals
from payments.models import Alarm, Payment, ProviderNotice, Refund
from payments.providers import registry
from payments.providers.base import Charge, NoticeRefusedError
from tests.payments.books import check_books
from tests.payments.sandbox_process import SandboxProcess, SignedNotice
from tests.payments.test_orders import opened

pytestmark = pytest.mark.django_db

FEN = 26800
PAGE = "/payments/notices/sandbox/"


@pytest.fixture
def at() -> datetime:
    """The sandbox has a clock of its own."""
    return datetime.now(UTC)


@pytest.fixture
def payment(sandbox_psp: SandboxProcess, at: datetime) -> Payment:
    return collecting.start(
        order=opened(FEN),
        provider_key="sandbox",
        amount_fen=FEN,
        purpose=Purpose.BALANCE,
        by=None,
        at=at,
        site_url="http://testserver",
    )


@pytest.fixture
def nobody_wakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker hears of a notice: the sweep has to find it."""
    monkeypatch.setattr(waking, "_wake", lambda *_args: None)


def paid_notice(payment: Payment, psp: SandboxProcess, **how: Any) -> SignedNotice:
    psp.pay(payment.request_no, **how)
    return psp.take()[-1]


def nothing_moved(fault: str) -> None:
    assert totals() == {}
    assert Payment.objects.get().status == PaymentStatus.PENDING
    notice = ProviderNotice.objects.get()
    assert (notice.verdict, notice.fault, notice.handled_at) == (NoticeVerdict.REFUSED, fault, None)
    assert Alarm.objects.get().kind == AlarmKind.NOTICE_REFUSED


# --- The ordinary way -------------------------------------------------------------------------------


def test_notice_of_a_payment_is_acknowledged_and_the_provider_is_asked(
    payment: Payment, sandbox_psp: SandboxProcess
) -> None:
    answer = paid_notice(payment, sandbox_psp).post()
    assert (answer.status_code, answer.content) == (200, b"success")
    assert not answer.cookies
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.PAID
    notice = ProviderNotice.objects.get()
    assert (notice.request_no, notice.outcome, notice.next_try_at) == (payment.request_no, "paid", None)
    assert notice.handled_at is not None
    check_books()


def test_five_copies_of_each_notice_in_any_order_move_money_once(payment: Payment, sandbox_psp: SandboxProcess) -> None:
    sandbox_psp.pay(payment.request_no, how="unordered")
    copies = sandbox_psp.take() * 5
    assert len(copies) == 10
    random.Random(5).shuffle(copies)
    assert {copy.post().content for copy in copies} == {b"success"}
    assert ProviderNotice.objects.count() == 2
    assert OutboxEvent.objects.filter(topic="payment.paid").count() == 1
    assert totals() == {(AccountKind.PSP_CLEARING, "CNY"): FEN, (AccountKind.HELD, "CNY"): FEN}
    check_books()


def test_notice_of_an_older_state_after_the_payment_changes_nothing(
    payment: Payment, sandbox_psp: SandboxProcess
) -> None:
    sandbox_psp.decline(payment.request_no)
    declined = sandbox_psp.take()[-1]
    sandbox_psp.pay(payment.request_no, after_close=True)
    for notice in (sandbox_psp.take()[-1], declined):
        assert notice.post().status_code == 200
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.PAID
    check_books()


def test_amount_in_a_notice_is_not_believed(payment: Payment, sandbox_psp: SandboxProcess) -> None:
    sandbox_psp.hold_notices(amount_fen=1, currency="USD")
    assert paid_notice(payment, sandbox_psp).post().status_code == 200
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.PAID
    assert totals()[AccountKind.HELD, "CNY"] == FEN


def test_payment_that_a_notice_claims_and_the_provider_denies_is_not_paid(
    payment: Payment, sandbox_psp: SandboxProcess
) -> None:
    notice = paid_notice(payment, sandbox_psp)
    sandbox_psp.empty()
    assert notice.post().status_code == 200
    payment.refresh_from_db()
    assert payment.status == PaymentStatus.PENDING
    assert totals() == {}


def test_notice_of_a_wrong_amount_puts_the_money_aside(payment: Payment, sandbox_psp: SandboxProcess) -> None:
    paid_notice(payment, sandbox_psp, amount_fen=1).post()
    assert totals()[AccountKind.SUSPENSE, "CNY"] == 1
    assert Alarm.objects.get().kind == AlarmKind.WRONG_AMOUNT
    check_books()


def test_notice_of_a_refund_finishes_it(payment: Payment, sandbox_psp: SandboxProcess, at: datetime) -> None:
    paid_notice(payment, sandbox_psp).post()
    orders.cancel(reference=payment.order.reference, fee=None, at=at)
    refund = Refund.objects.get()
    sandbox_psp.stay_pending("refund")
    refund_sending.send(refund_id=refund.pk, at=at)
    sandbox_psp.hold_notices()
    sandbox_psp.settle_refund(refund.request_no)
    # The refund names the address of this installation, which is not the test's.
    assert sandbox_psp.take()[-1].post().status_code == 200
    refund.refresh_from_db()
    assert refund.status == RefundStatus.DONE
    assert totals() == {}
    check_books()


# --- Later ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("nobody_wakes")
def test_notice_that_no_worker_was_woken_for_waits_for_the_sweep(payment: Payment, sandbox_psp: SandboxProcess) -> None:
    paid_notice(payment, sandbox_psp).post()
    now = datetime.now(UTC)
    assert Payment.objects.get().status == PaymentStatus.PENDING
    (notice_id,) = notices.due_ids(provider="sandbox", at=now, limit=10)
    assert notices.handle(notice_id=notice_id, at=now)
    assert not notices.handle(notice_id=notice_id, at=now)
    assert Payment.objects.get().status == PaymentStatus.PAID
    assert notices.due_ids(provider="sandbox", at=now + timedelta(days=1), limit=10) == []


@pytest.mark.usefixtures("nobody_wakes")
def test_notice_is_tried_again_while_the_provider_is_silent_and_then_given_up(
    payment: Payment, sandbox_psp: SandboxProcess
) -> None:
    paid_notice(payment, sandbox_psp).post()
    sandbox_psp.fault("ask", "fail", times=30)
    notice, now = ProviderNotice.objects.get(), datetime.now(UTC)
    for _try in range(14):
        assert not notices.handle(notice_id=notice.pk, at=now)
        notice.refresh_from_db()
        now = notice.next_try_at or now
    assert (notice.tries, notice.outcome, notice.next_try_at) == (14, "given_up", None)


# --- Not believed -----------------------------------------------------------------------------------


def test_notice_with_one_byte_changed_is_refused(payment: Payment, sandbox_psp: SandboxProcess) -> None:
    notice = paid_notice(payment, sandbox_psp)
    changed = replace(notice, body=notice.body.replace(b"26800", b"26801"))
    assert changed.body != notice.body
    assert changed.post().status_code == 400
    nothing_moved("signature")


def test_notice_from_2001_is_refused(payment: Payment, sandbox_psp: SandboxProcess) -> None:
    sandbox_psp.pay(payment.request_no)
    sandbox_psp.set_clock(datetime(2001, 9, 9, tzinfo=UTC))
    notice = sandbox_psp.take()[-1]
    sandbox_psp.set_clock(None)
    assert notice.post().status_code == 400
    nothing_moved("stale")


def test_notice_for_another_merchant_is_refused(payment: Payment, sandbox_psp: SandboxProcess) -> None:
    sandbox_psp.hold_notices(merchant="somebody-else")
    assert paid_notice(payment, sandbox_psp).post().status_code == 400
    nothing_moved("merchant")


def test_notice_with_an_unknown_key_is_refused(payment: Payment, sandbox_psp: SandboxProcess) -> None:
    notice = paid_notice(payment, sandbox_psp)
    headers = {name: "f00" if name.lower() == "sandbox-key" else value for name, value in notice.headers.items()}
    assert replace(notice, headers=headers).post().status_code == 400
    nothing_moved("unknown_key")


@pytest.mark.parametrize("body", [b"", b"\x00\xff not json", b"{}", b"[" * 5000])
def test_nonsense_is_refused_and_written_down(payment: Payment, body: bytes) -> None:
    answer = Client().post(PAGE, data=body, content_type="application/json")
    assert answer.status_code == 400
    kept = ProviderNotice.objects.get().body
    assert "\x00" not in kept
    assert len(kept) <= 4096


def test_same_refused_notice_is_written_down_once(payment: Payment) -> None:
    for _again in range(3):
        Client().post(PAGE, data=b"{}", content_type="application/json")
    assert ProviderNotice.objects.count() == 1
    assert Alarm.objects.get().times == 1


def test_stranger_cannot_fill_the_table(payment: Payment, sandbox_psp: SandboxProcess) -> None:
    for number in range(15):
        answer = Client().post(PAGE, data=b"%d" % number, content_type="application/json")
        assert answer.status_code == 400
    assert ProviderNotice.objects.count() == 10
    assert paid_notice(payment, sandbox_psp).post().status_code == 200
    assert Payment.objects.get().status == PaymentStatus.PAID


def test_stranger_cannot_fill_the_table_over_a_day(
    payment: Payment, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "_REFUSED_A_DAY", 3)
    for number in range(5):
        with pytest.raises(NoticeRefusedError):
            notices.accept(provider_key="sandbox", headers={}, body=b"%d" % number, at=at + timedelta(hours=number))
    assert ProviderNotice.objects.count() == 3


def test_large_body_is_not_read(payment: Payment) -> None:
    answer = Client().post(PAGE, data=b"x" * (64 * 1024 + 1), content_type="application/json")
    assert answer.status_code == 413
    assert not ProviderNotice.objects.exists()


def test_only_posts_to_a_provider_that_is_configured_are_taken(payment: Payment) -> None:
    assert Client().get(PAGE).status_code == 405
    for provider in ("alipay", "nobody"):
        address = f"/payments/notices/{provider}/"
        assert Client().post(address, data=b"{}", content_type="application/json").status_code == 404


def test_form_token_and_session_are_not_asked_for(payment: Payment, sandbox_psp: SandboxProcess) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert paid_notice(payment, sandbox_psp).post(strict).status_code == 200


# --- About what we never asked for ------------------------------------------------------------------


def stray_payment(psp: SandboxProcess, *, paid: bool) -> SignedNotice:
    """Somebody uses our merchant account, but not our platform."""
    charge = Charge(
        request_no="stray1",
        amount_fen=5000,
        currency="CNY",
        subject="?",
        return_url="http://testserver/",
        notify_url=f"http://testserver{PAGE}",
        expires_at=datetime.now(UTC) + timedelta(minutes=5),
    )
    registry.get("sandbox").start(charge)
    if paid:
        psp.pay("stray1")
    else:
        psp.decline("stray1")
    return psp.take("stray1")[-1]


def test_payment_that_was_never_asked_for_is_put_aside(sandbox_psp: SandboxProcess) -> None:
    notice = stray_payment(sandbox_psp, paid=True)
    for _again in range(2):
        assert notice.post().status_code == 200
    assert totals() == {(AccountKind.PSP_CLEARING, "CNY"): 5000, (AccountKind.SUSPENSE, "CNY"): 5000}
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.key, alarm.data["came_fen"]) == (AlarmKind.UNKNOWN_PAYMENT, "stray1", 5000)
    check_books()


def test_unknown_payment_without_money_raises_an_alarm_only(sandbox_psp: SandboxProcess) -> None:
    stray_payment(sandbox_psp, paid=False).post()
    assert totals() == {}
    assert Alarm.objects.get().kind == AlarmKind.UNKNOWN_PAYMENT
    assert ProviderNotice.objects.get().outcome == "unknown"


# --- Kept as long as it matters ---------------------------------------------------------------------


def test_old_notices_are_forgotten(payment: Payment, sandbox_psp: SandboxProcess, at: datetime) -> None:
    paid_notice(payment, sandbox_psp).post()
    Client().post(PAGE, data=b"{}", content_type="application/json")
    assert notices.forget_old(at=at + timedelta(days=29)) == 0
    assert notices.forget_old(at=at + timedelta(days=31)) == 1
    assert notices.forget_old(at=at + timedelta(days=181)) == 1
    kept = ProviderNotice.objects.get()
    assert (kept.outcome, kept.body) == ("paid", "")
