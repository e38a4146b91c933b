"""Until nothing is open any more: time is moved near, and what is still to be done is counted."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from django.db import connection
from django.test import override_settings
from django.utils import timezone

from core.errors import Refusal
from payments import orders, refund_sending, suspense
from payments.choices import DISPUTE_OPEN, DisputeStatus, LineKind, OrderStatus, ProviderKey, RefundReason, RefundStatus
from payments.models import Alarm, Dispute, Order, Refund
from payments.orders import DISPUTE_WINDOW, LineDraft
from tests.drills.money import steps
from tests.drills.money.people import decide_pending
from tests.factories.accounts import UserFactory
from tests.payments.sandbox_process import SandboxProcess

# Rows that somebody holds are passed over: time never makes anybody wait.
_HURRY = """
UPDATE {table} SET {column} = now() WHERE id IN (
    SELECT id FROM {table} WHERE {column} > now() AND {condition} AND random() < %s FOR NO KEY UPDATE SKIP LOCKED
)
"""
_DUE = (
    ("payments_payment", "next_ask_at", "true"),
    ("payments_refund", "next_try_at", "true"),
    ("payments_payout", "next_try_at", "true"),
    ("payments_providernotice", "next_try_at", "true"),
    ("payments_settlement", "due_at", "status = 'due' AND attempts > 0"),
    ("core_outboxevent", "due_at", "handled_at IS NULL AND parked_at IS NULL AND attempts BETWEEN 1 AND 6"),
)
_EXPIRE = """
UPDATE payments_payment SET expires_at = now() - interval '3 minutes', next_ask_at = now() WHERE id IN (
    SELECT id FROM payments_payment WHERE next_ask_at IS NOT NULL FOR NO KEY UPDATE SKIP LOCKED
)
"""
# What is still to be done, each with a query for how many there are.
_OPEN = {
    "orders": "SELECT count(*) FROM payments_order WHERE status = 'open'",
    "notices": "SELECT count(*) FROM payments_providernotice WHERE next_try_at IS NOT NULL",
    "payments": """SELECT count(*) FROM payments_payment
        WHERE next_ask_at IS NOT NULL OR status IN ('created', 'pending')""",
    "refunds": """SELECT count(*) FROM payments_refund r JOIN payments_payment p ON p.id = r.payment_id
        WHERE r.status <> 'done' AND p.provider <> 'shop'""",
    "disputes": "SELECT count(*) FROM payments_dispute WHERE status IN ('open', 'answered')",
    "settlements": "SELECT count(*) FROM payments_settlement WHERE status <> 'settled'",
    "payouts": "SELECT count(*) FROM payments_payout WHERE status IN ('created', 'sent')",
    "shops to be paid out": """SELECT count(*) FROM (SELECT shop_id FROM payments_statementline
        WHERE payout_id IS NULL GROUP BY shop_id HAVING sum(net_fen) >= 100) owed""",
    "events": "SELECT count(*) FROM core_outboxevent WHERE handled_at IS NULL",
}


def hurry(*, part: float) -> None:
    """Make a part of what waits for its next try due now."""
    with connection.cursor() as cursor:
        for table, column, condition in _DUE:
            cursor.execute(_HURRY.format(table=table, column=column, condition=condition), [part])


def close_orders() -> None:
    """Every visit that is still open ends: every other is handed over, the others are off."""
    at = timezone.now()
    for number, order in enumerate(Order.objects.filter(status=OrderStatus.OPEN).order_by("pk")):
        if number % 2:
            orders.cancel(reference=order.reference, fee=None, at=at, reason=RefundReason.CANCELLED)
        else:
            line = LineDraft(LineKind.WORK, "工时", "Work", order.total_fen)
            orders.complete(reference=order.reference, lines=[line], at=at - DISPUTE_WINDOW)


def until_quiet(psp: SandboxProcess, *, seconds: float, trouble: Callable[[], str] = lambda: "") -> None:
    """Let the sweeps work, with time running quickly, until nothing is open here and there. Fails with what is."""
    deadline = time.monotonic() + seconds
    _send_back_again(psp)
    while left := {**_open_here(), **_open_there(psp)}:
        if time.monotonic() > deadline:
            raise AssertionError(f"still open after {seconds:.0f} seconds: {left}\n{_why()}\n{trouble()}")
        close_orders()
        _close_disputes()
        _retry_refused()
        decide_pending(psp, failures=0, dice=random.Random())
        hurry(part=1)
        with connection.cursor() as cursor:
            cursor.execute(_EXPIRE)
        time.sleep(1)


def _send_back_again(psp: SandboxProcess) -> None:
    """A person of the platform presses "Send back" again at every alarm that is still open: whoever pressed it before
    may have been killed before the answer came. The number is the same one."""
    person = UserFactory()
    with override_settings(PAYMENT_PROVIDERS={ProviderKey.SANDBOX.value: psp.options()}):
        for alarm in Alarm.objects.filter(kind__in=suspense.KINDS, resolved_at__isnull=True):
            with suppress(Refusal):  # dollars, or refused before: that stays where it is
                suspense.send_back(alarm=alarm, by=person, at=timezone.now())


def _open_here() -> dict[str, int]:
    left = {}
    with connection.cursor() as cursor:
        for what, query in _OPEN.items():
            cursor.execute(query)
            if count := cursor.fetchone()[0]:
                left[what] = count
    return left


def _open_there(psp: SandboxProcess) -> dict[str, int]:
    waiting = sum(notice["state"] in {"waiting", "held"} for notice in psp.notice_log())
    return {"notices at the provider": waiting} if waiting else {}


def _close_disputes() -> None:
    for dispute in Dispute.objects.filter(status__in=DISPUTE_OPEN).select_related("order"):
        if dispute.status == DisputeStatus.OPEN:
            steps.answer(dispute, agrees=False, at=timezone.now())
        steps.decide(dispute, part=1, at=timezone.now())


def _retry_refused() -> None:
    """A person sends again what the provider refused."""
    refused = list(Refund.objects.filter(status=RefundStatus.FAILED))
    if refused:
        person = UserFactory()
        for refund in refused:
            refund_sending.retry_failed(refund=refund, by=person, at=timezone.now() - timedelta(seconds=1))


def _why() -> str:
    """The last words of whatever is not done."""
    tables = ("payments_payment", "payments_refund", "payments_settlement", "payments_payout", "core_outboxevent")
    with connection.cursor() as cursor:
        words = []
        for table in tables:
            cursor.execute(f"SELECT last_error, count(*) FROM {table} WHERE last_error <> '' GROUP BY 1 LIMIT 5")
            words += [f"{table}: {count} × {error[:300]}" for error, count in cursor.fetchall()]
    return "\n".join(words)
