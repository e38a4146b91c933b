"""What workers do about money: sweeps find whatever is due, one silent provider keeps no other waiting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from core import outbox
from core.models import OutboxEvent
from o2o_platform.celery import app
from payments import collecting, commission, freezing, orders, settlement, waking
from payments.choices import AlarmKind, PaymentStatus, ProviderKey, Purpose, RefundStatus
from payments.ledger import balance_fen, totals
from payments.models import Alarm, Order, Payment, ProviderNotice, Refund
from payments.postings import held
from payments.providers.base import Answer, Standing
from payments.tasks import collecting as tasks
from tests.factories.statements import paid_out
from tests.payments.books import check_books
from tests.payments.sandbox_process import SandboxProcess
from tests.payments.test_orders import opened, work

pytestmark = pytest.mark.django_db

FEN = 26800


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


def make_due() -> None:
    Payment.objects.filter(next_ask_at__isnull=False).update(next_ask_at=timezone.now())


def test_sweep_asks_about_payments_and_sends_refunds_that_nobody_was_woken_for(
    sandbox_psp: SandboxProcess,
) -> None:
    order = opened(FEN)
    payment = start(order)
    sandbox_psp.pay(payment.request_no)
    orders.cancel(reference=order.reference, fee=None, at=timezone.now())
    tasks.sweep()
    assert Payment.objects.get().status == PaymentStatus.PAID
    tasks.sweep()
    assert Refund.objects.get().status == RefundStatus.DONE
    assert totals() == {}
    check_books()


def test_sweep_looks_into_notices(sandbox_psp: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waking, "_wake", lambda *_args: None)
    payment = start(opened(FEN))
    sandbox_psp.pay(payment.request_no)
    sandbox_psp.take()[-1].post()
    assert tasks.sweep_provider("sandbox") == 1
    assert ProviderNotice.objects.get().outcome == "paid"


def test_sweep_of_a_silent_provider_ends_after_three_rows(sandbox_psp: SandboxProcess) -> None:
    for number in range(5):
        start(opened(FEN, reference=f"visit{number}"))
    make_due()
    sandbox_psp.fault("ask", "fail", times=10)
    assert tasks.sweep_provider("sandbox") == 0
    assert Payment.objects.filter(asked=1).count() == 3
    sandbox_psp.clear_faults()
    make_due()
    assert tasks.sweep_provider("sandbox") == 5


def test_requested_refund_wakes_a_worker(
    sandbox_psp: SandboxProcess, django_capture_on_commit_callbacks: object
) -> None:
    order = opened(FEN)
    payment = start(order)
    orders.cancel(reference=order.reference, fee=None, at=timezone.now())
    sandbox_psp.pay(payment.request_no)
    tasks.ask_payment(payment.pk)
    event = OutboxEvent.objects.get(topic="refund.requested")
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        assert outbox.handle(event_id=event.pk, at=timezone.now())
    assert Refund.objects.get().status == RefundStatus.DONE


def test_dead_broker_fails_nobody(sandbox_psp: SandboxProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_broker(*_args: object, **_options: object) -> None:
        raise ConnectionError

    payment = start(opened(FEN))
    sandbox_psp.pay(payment.request_no)
    monkeypatch.setattr(tasks.handle_notice, "apply_async", no_broker)
    assert sandbox_psp.take()[-1].post().status_code == 200
    assert ProviderNotice.objects.get().handled_at is None


def test_money_has_its_own_queue() -> None:
    for task in (tasks.sweep, tasks.send_refund, tasks.handle_notice):
        assert app.amqp.router.route({}, task.name)["queue"].name == "money"
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert {"payments.tasks.collecting.sweep", "payments.tasks.collecting.watch_freezes"} <= scheduled


# --- Frozen money -----------------------------------------------------------------------------------


def frozen(at: datetime) -> Payment:
    payment = Payment.objects.create(
        order=opened(FEN),
        provider=ProviderKey.WECHAT,
        purpose=Purpose.BALANCE,
        amount_fen=FEN,
        request_no="w1",
        created_at=at,
        expires_at=at,
    )
    paid = Answer(Standing.DONE, amount_fen=FEN, currency="CNY", at=at)
    return collecting.record(payment_id=payment.pk, answer=paid, at=at)


def test_alarm_two_weeks_before_the_freeze_ends() -> None:
    at = datetime(2026, 5, 1, tzinfo=UTC)
    payment = frozen(at)
    assert freezing.warn(at=at + timedelta(days=165, hours=23)) == 0
    assert freezing.warn(at=at + timedelta(days=166)) == 1
    assert freezing.warn(at=at + timedelta(days=167)) == 1
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.key, alarm.times) == (AlarmKind.FREEZE_ENDS, payment.public_id, 2)


def test_money_that_was_given_back_ends_no_freeze() -> None:
    at = datetime(2026, 5, 1, tzinfo=UTC)
    payment = frozen(at)
    orders.cancel(reference=payment.order.reference, fee=None, at=at)
    assert freezing.warn(at=at + timedelta(days=170)) == 0


def test_freeze_matters_until_the_shop_is_paid_out() -> None:
    at = datetime(2026, 5, 1, tzinfo=UTC)
    payment = frozen(at)
    commission.publish(rules=[commission.RuleDraft(800, 60)], note="First.", valid_from=at, by=None, at=at)
    orders.complete(reference=payment.order.reference, lines=[work(FEN)], at=at)
    soon = at + timedelta(days=170)
    assert settlement.settle_due(at=soon, limit=10) == 1
    assert balance_fen(held(payment.order)) == 0
    assert freezing.warn(at=soon) == 1
    paid_out(payment.order.shop, at=soon)
    assert freezing.warn(at=soon) == 0
