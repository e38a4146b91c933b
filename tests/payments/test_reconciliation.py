"""A provider's bill beside our books: every bucket, how differences open and close, and what a bill brings along."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.errors import InvalidInput
from payments import postings
from payments.choices import AccountKind, AlarmKind, Bucket, ProviderKey
from payments.ledger import balance_fen, post
from payments.models import Alarm, BillLine, Difference, LedgerTransaction, Payment, ProviderBill
from payments.postings import at_provider, platform
from payments.providers.base import BillRow, Charge, ProviderUnavailableError, Subject
from payments.providers.registry import get
from payments.reconciliation import comparing, days, reading_bills
from payments.suspense import refund_order
from tests.factories.accounts import UserFactory
from tests.factories.money import money_order, paid_online
from tests.payments.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
SANDBOX = ProviderKey.SANDBOX
DAY, NEXT = date(2026, 11, 2), date(2026, 11, 3)
NOON = datetime(2026, 11, 2, 4, 0, tzinfo=UTC)
# 23:40 in Shanghai, where the sandbox cuts its bills.
LATE = datetime(2026, 11, 2, 15, 40, tzinfo=UTC)
MORNING = datetime(2026, 11, 3, 2, 0, tzinfo=UTC)


class Bills:
    """A provider of which only the bills are asked."""

    key: str = SANDBOX

    def __init__(self, **rows: list[BillRow]) -> None:
        self.rows = rows
        self.asked: list[date] = []

    def bill(self, day: date) -> Iterable[BillRow]:
        self.asked.append(day)
        if f"d{day.day}" not in self.rows:
            raise ProviderUnavailableError("not ready")
        return self.rows[f"d{day.day}"]


def row(
    request_no: str, fen: int, *, subject: Subject = Subject.PAYMENT, at: datetime = NOON, currency: str = "CNY"
) -> BillRow:
    return BillRow(subject, request_no, f"ref-{request_no}", fen, currency, at)


def row_of(payment: Payment, **changes: Any) -> BillRow:
    values = {"fen": payment.amount_fen, "at": payment.paid_at, **changes}
    return row(payment.request_no, **values)


def paid(fen: int = 26800, at: datetime = NOON) -> Payment:
    return paid_online(money_order(fen, at=at), fen, at=at)


def reconcile(day: date, *rows: BillRow, at: datetime = MORNING) -> dict[str, int]:
    """Read a day's bill, compare all there is, and give the day's buckets by their counts."""
    reading_bills.write(provider=SANDBOX, day=day, rows=rows, at=at)
    comparing.compare_all(provider=SANDBOX, at=at)
    return buckets(day)


def put_aside(request_no: str, fen: int, at: datetime = NOON) -> None:
    post(postings.suspended(provider=SANDBOX, currency="CNY", amount_fen=fen, request_no=request_no), at=at)


def buckets(day: date) -> dict[str, int]:
    bill = ProviderBill.objects.get(provider=SANDBOX, day=day)
    return {bucket: count for bucket, (count, _ours, _theirs) in bill.buckets.items()}


def differences() -> list[tuple[str, str, int | None, int | None]]:
    found = Difference.objects.filter(resolved_at__isnull=True)
    return [(row.bucket, row.request_no, row.ours_fen, row.theirs_fen) for row in found]


def alarms(kind: AlarmKind = AlarmKind.DIFFERENCE) -> list[str]:
    return list(Alarm.objects.filter(kind=kind, resolved_at__isnull=True).values_list("key", flat=True))


def test_movement_on_both_sides_is_matched() -> None:
    payment = paid()
    assert reconcile(DAY, row_of(payment)) == {Bucket.MATCHED: 1}
    assert ProviderBill.objects.get().buckets == {"matched": [1, 26800, 26800]}
    assert differences() == []
    assert alarms() == []


def test_movement_missing_on_the_bill_is_only_ours() -> None:
    payment = paid()
    assert reconcile(DAY) == {Bucket.OURS_ONLY: 1}
    assert differences() == [(Bucket.OURS_ONLY, payment.request_no, 26800, None)]
    assert alarms() == ["sandbox:2026-11-02"]
    assert Alarm.objects.get().data["off_fen"] == 26800


def test_row_of_the_bill_that_we_do_not_know_is_only_theirs() -> None:
    assert reconcile(DAY, row("stranger", 100), row("", -5, subject=Subject.OTHER)) == {Bucket.THEIRS_ONLY: 2}
    assert sorted(differences()) == [
        (Bucket.THEIRS_ONLY, "ref-", None, -5),
        (Bucket.THEIRS_ONLY, "stranger", None, 100),
    ]


@pytest.mark.parametrize("change", [{"fen": 26799}, {"currency": "USD"}])
def test_another_amount_or_currency_differs(change: dict[str, Any]) -> None:
    payment = paid()
    assert reconcile(DAY, row_of(payment, **change)) == {Bucket.AMOUNT: 1}
    assert differences() == [(Bucket.AMOUNT, payment.request_no, 26800, change.get("fen", 26800))]


def test_number_twice_on_a_bill_is_added_up() -> None:
    payment = paid()
    assert reconcile(DAY, row_of(payment), row_of(payment)) == {Bucket.AMOUNT: 1}
    assert differences() == [(Bucket.AMOUNT, payment.request_no, 26800, 53600)]


def test_movement_near_midnight_waits_for_the_next_bill_and_is_found_there() -> None:
    payment = paid(at=LATE)
    assert reconcile(DAY) == {Bucket.TIMING: 1}
    assert differences() == [(Bucket.TIMING, payment.request_no, 26800, None)]
    assert alarms() == []
    reconcile(NEXT, row_of(payment), at=MORNING + timedelta(days=1))
    assert (buckets(DAY), buckets(NEXT)) == ({Bucket.TIMING: 1}, {Bucket.TIMING: 1})
    assert differences() == []


def test_movement_near_midnight_that_the_next_bill_has_not_either_is_only_ours() -> None:
    payment = paid(at=LATE)
    reconcile(DAY)
    reconcile(NEXT, at=MORNING + timedelta(days=1))
    assert buckets(DAY) == {Bucket.OURS_ONLY: 1}
    assert differences() == [(Bucket.OURS_ONLY, payment.request_no, 26800, None)]
    assert alarms() == ["sandbox:2026-11-02"]


def test_difference_closes_by_itself_once_our_books_know_of_it() -> None:
    reconcile(DAY, row("learnt", 500))
    assert differences() == [(Bucket.THEIRS_ONLY, "learnt", None, 500)]
    assert alarms() == ["sandbox:2026-11-02"]
    put_aside("learnt", 500, at=MORNING + timedelta(days=5))
    comparing.compare_all(provider=SANDBOX, at=MORNING + timedelta(days=6))
    assert differences() == []
    assert alarms() == []
    assert buckets(DAY) == {Bucket.TIMING: 1}


def test_bill_of_another_day_closes_what_was_missing() -> None:
    payment = paid()
    reconcile(DAY)
    reconcile(date(2026, 11, 6), row_of(payment), at=MORNING + timedelta(days=4))
    assert differences() == []
    assert alarms() == []
    closed = Difference.objects.get()
    assert (closed.resolved_by, closed.ours_fen, closed.theirs_fen) == (None, 26800, 26800)


def test_difference_is_closed_by_a_person_who_says_why_and_stays_closed() -> None:
    paid()
    reconcile(DAY)
    difference, admin = Difference.objects.get(), UserFactory(admin=True)
    with pytest.raises(InvalidInput):
        comparing.resolve(difference=difference, by=admin, note="  ", at=MORNING)
    comparing.resolve(difference=difference, by=admin, note="Charged back.", at=MORNING)
    assert alarms() == []
    comparing.compare(provider=SANDBOX, day=DAY, at=MORNING)
    assert differences() == []
    assert Difference.objects.count() == 1


def test_the_same_day_twice_is_the_day_once() -> None:
    payment = paid()
    rows = [row_of(payment), row("stranger", 7), row("fee", -60, subject=Subject.FEE)]
    for _again in range(2):
        reconcile(DAY, *rows)
        comparing.compare(provider=SANDBOX, day=DAY, at=MORNING)
    assert (ProviderBill.objects.count(), BillLine.objects.count(), Difference.objects.count()) == (1, 3, 1)
    assert LedgerTransaction.objects.filter(kind="provider_fee").count() == 1
    assert buckets(DAY) == {Bucket.MATCHED: 1, Bucket.THEIRS_ONLY: 1}


def test_fees_and_withdrawals_of_a_bill_go_into_the_books() -> None:
    payment = paid()
    fees = [row(payment.request_no, -160, subject=Subject.FEE), row("refund-1", 10, subject=Subject.FEE)]
    reconcile(DAY, row_of(payment), *fees, row("W1", -20000, subject=Subject.WITHDRAWAL))
    assert balance_fen(at_provider(SANDBOX)) == 26800 - 150 - 20000
    assert balance_fen(at_provider(ProviderKey.BANK)) == 20000
    assert balance_fen(platform(AccountKind.FEES)) == -150
    taken = BillLine.objects.exclude(transaction=None).values_list("subject", "transaction__kind")
    assert sorted(taken) == [("fee", "provider_fee"), ("fee", "provider_fee"), ("withdrawal", "withdrawal")]


def test_refunds_and_money_put_aside_count_as_ours() -> None:
    long_number = "4" * 40
    for number in ("odd", long_number):
        put_aside(number, 300)
        cleared = postings.cleared(provider=SANDBOX, currency="CNY", amount_fen=300, request_no=number)
        post(cleared, at=NOON)
    payment = paid()
    payment.refunds.create(
        order=payment.order,
        amount_fen=800,
        reason="goodwill",
        request_no="back-1",
        status="done",
        requested_at=NOON,
        done_at=NOON,
    )
    back = [
        refund_order({"request_no": number, "came_fen": 300, "currency": "CNY"}).request_no
        for number in ("odd", long_number)
    ]
    rows = [row("odd", 300), row(long_number, 300), row_of(payment)]
    rows += [
        row(number, fen, subject=Subject.REFUND) for number, fen in [(back[0], -300), (back[1], -300), ("back-1", -800)]
    ]
    assert reconcile(DAY, *rows) == {Bucket.MATCHED: 6}


def test_bill_is_read_once_and_no_earlier_than_it_is_there() -> None:
    paid()
    provider: Any = Bills()
    assert reading_bills.days_to_read(SANDBOX, at=MORNING) == [DAY]
    assert reading_bills.read(provider=provider, day=DAY, at=MORNING) is None
    assert alarms(AlarmKind.BILL_MISSING) == []
    assert reading_bills.read(provider=provider, day=DAY, at=MORNING + timedelta(days=2)) is None
    assert alarms(AlarmKind.BILL_MISSING) == ["sandbox:2026-11-02"]
    provider.rows = {"d2": []}
    for _again in range(2):
        assert reading_bills.read(provider=provider, day=DAY, at=MORNING + timedelta(days=3)) is not None
    assert provider.asked == [DAY, DAY, DAY]
    assert alarms(AlarmKind.BILL_MISSING) == []
    assert reading_bills.days_to_read(SANDBOX, at=MORNING) == []


def test_provider_without_payments_is_not_asked() -> None:
    assert reading_bills.days_to_read(ProviderKey.ALIPAY, at=MORNING) == []


def test_days_are_the_providers() -> None:
    late = datetime(2026, 11, 2, 17, 0, tzinfo=UTC)
    assert (days.day_at(SANDBOX, late), days.day_at(ProviderKey.STRIPE, late)) == (NEXT, DAY)
    assert days.bounds(ProviderKey.STRIPE, DAY)[0] == datetime(2026, 11, 2, tzinfo=UTC)


@pytest.mark.parametrize("size", [3, 300])
def test_number_of_queries_does_not_grow_with_the_day(size: int) -> None:
    payment = paid()
    rows = [row_of(payment), *(row(f"s{number}", number + 1) for number in range(size))]
    rows += [row(f"s{number}", -1, subject=Subject.FEE) for number in range(size)]
    with CaptureQueriesContext(connection) as seen:
        reading_bills.write(provider=SANDBOX, day=DAY, rows=rows, at=MORNING)
    assert len(seen) == 18
    with CaptureQueriesContext(connection) as seen:
        comparing.compare(provider=SANDBOX, day=DAY, at=MORNING)
        comparing.close_explained(provider=SANDBOX, at=MORNING)
    assert len(seen) == 6
    assert buckets(DAY) == {Bucket.MATCHED: 1, Bucket.THEIRS_ONLY: size}


def test_rows_of_a_bill_stay() -> None:
    reconcile(DAY, row("stranger", 100))
    for change in ("UPDATE payments_billline SET amount_fen = 1", "DELETE FROM payments_billline"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)


def test_manipulated_bills_of_a_real_provider_are_seen(sandbox_psp: SandboxProcess) -> None:
    """Over HTTP, with the sandbox's own books: one bill says what it should, then each kind of lie."""
    at = datetime.now(UTC)
    provider, today = get(SANDBOX), days.day_at(SANDBOX, at)
    payments = [_paid_there(sandbox_psp, fen, at) for fen in (11000, 22000, 33000)]
    sandbox_psp.change_bill("missing", today, payments[1].request_no)
    sandbox_psp.change_bill("amount", today, payments[2].request_no, amount_fen=33001)
    sandbox_psp.change_bill("extra", today, "never-heard-of", amount_fen=700)
    assert reading_bills.read(provider=provider, day=today, at=at) is None
    sandbox_psp.allow_early_bills()
    assert reading_bills.read(provider=provider, day=today, at=at) is not None
    comparing.compare_all(provider=SANDBOX, at=at)
    found = {row[1]: row[0] for row in differences()}
    missing = found.pop(payments[1].request_no)
    assert missing in (Bucket.OURS_ONLY, Bucket.TIMING)  # the last hours of a day wait for the next bill
    assert found == {payments[2].request_no: Bucket.AMOUNT, "never-heard-of": Bucket.THEIRS_ONLY}


def _paid_there(sandbox: SandboxProcess, fen: int, at: datetime) -> Payment:
    payment = paid_online(money_order(fen), fen, at=at)
    charge = Charge(
        request_no=payment.request_no,
        amount_fen=fen,
        currency="CNY",
        subject="Oil service",
        return_url="http://testserver/",
        notify_url="http://testserver/",
        expires_at=at + timedelta(hours=1),
    )
    get(SANDBOX).start(charge)
    sandbox.pay(payment.request_no)
    return payment
