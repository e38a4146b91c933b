"""Settlement: what each line comes to, when, once; and what happens when something goes wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import faults
from core.models import OutboxEvent
from payments import coupons, late_refunds, orders, postings, refunds, settlement
from payments.choices import (
    AccountKind,
    AlarmKind,
    CouponFunder,
    DisputeReason,
    DisputeStatus,
    LineKind,
    RefundReason,
    SettlementKind,
    SettlementStatus,
    StatementKind,
    StatementSide,
)
from payments.commission import FeeBook, RuleDraft, publish
from payments.errors import LineInDisputeError, NotRefundableError
from payments.ledger import AccountRef, balance_fen, post, totals
from payments.models import Alarm, Coupon, Dispute, DisputedLine, Order, OrderLine, Settlement, StatementLine
from payments.orders import LineDraft
from payments.postings import held, payable, receivable
from payments.settlement import FIRST_PAUSE, MAX_ATTEMPTS
from payments.tasks import settling
from tests.factories.accounts import UserFactory
from tests.factories.money import CLOSED, completed_order, money_order, paid_online, work
from tests.payments.books import check_books

pytestmark = pytest.mark.django_db
DUE = CLOSED + timedelta(days=7)
PUBLISHED = datetime(2026, 10, 1, tzinfo=UTC)
COMMISSION = AccountRef(AccountKind.COMMISSION)


@pytest.fixture(autouse=True)
def _books(db: None) -> Iterator[None]:
    yield
    check_books()


@pytest.fixture
def rules(db: None) -> None:
    """8 percent, and 0.6 percent of what is paid online."""
    drafts = [RuleDraft(commission_bp=800, processing_bp=60)]
    publish(rules=drafts, note="First.", valid_from=PUBLISHED, by=None, at=PUBLISHED)


def settle(order: Order, at: datetime = DUE) -> bool:
    return settlement.settle(settlement_id=due(order).pk, at=at)


def due(order: Order) -> Settlement:
    return order.settlements.filter(status=SettlementStatus.DUE).get()


def settled(order: Order) -> list[tuple[int, int, int, int, int]]:
    """Kept, commission, payment fee, coupon and net of each line."""
    lines = StatementLine.objects.filter(order=order, settlement__isnull=False).order_by("line__position")
    return [
        (row.gross_fen - row.refunded_fen, row.commission_fen, row.processing_fen, row.coupon_fen, row.net_fen)
        for row in lines
    ]


# --- What it comes to ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("rules")
def test_visit_paid_online_is_settled_after_the_dispute_window() -> None:
    order = completed_order((20000, 6833))
    assert settle(order, DUE - timedelta(seconds=1)) is False
    row = due(order)
    assert settle(order) is True
    assert settled(order) == [(20000, 1600, 120, 0, 18280), (6833, 546, 40, 0, 6247)]
    assert balance_fen(held(order)) == 0
    assert totals() == {
        (AccountKind.PSP_CLEARING, "CNY"): 26833,
        (AccountKind.SHOP_PAYABLE, "CNY"): 24527,
        (AccountKind.COMMISSION, "CNY"): 2146,
        (AccountKind.FEES, "CNY"): 160,
    }
    row.refresh_from_db()
    assert (row.status, row.settled_at) == (SettlementStatus.SETTLED, DUE)
    assert OutboxEvent.objects.filter(topic="order.settled", key=order.reference).count() == 1
    assert {line.rule.schedule.version for line in StatementLine.objects.exclude(rule=None)} == {1}


@pytest.mark.usefixtures("rules")
def test_settled_again_is_settled_once() -> None:
    order = completed_order()
    row = due(order)
    assert [settlement.settle(settlement_id=row.pk, at=DUE) for _again in range(2)] == [True, False]
    assert len(settled(order)) == 2
    assert settlement.settle_due(at=DUE, limit=10) == 0


@pytest.mark.usefixtures("rules")
def test_payment_fee_is_taken_of_the_part_paid_online() -> None:
    order = completed_order((20000, 10000), online_fen=10000)
    assert settle(order)
    assert settled(order) == [(20000, 1600, 40, 0, 18360), (10000, 800, 19, 0, 9181)]
    assert balance_fen(receivable(order.shop_id)) == 20000


def test_without_rules_nothing_is_taken() -> None:
    order = completed_order((20000,))
    assert settle(order)
    assert settled(order) == [(20000, 0, 0, 0, 20000)]


def test_visit_that_cost_nothing_is_settled_without_a_posting() -> None:
    order = completed_order((0,))
    assert settle(order)
    assert settled(order) == []
    assert totals() == {}


def used_coupon(order: Order, value_fen: int, shop_percent: int) -> None:
    """The order's row with a coupon on it that the shop shares."""
    coupon = Coupon.objects.create(
        code="AUTUMN26",
        name_zh="秋",
        name_en="Autumn",
        funder=CouponFunder.SHARED if shop_percent < 100 else CouponFunder.SHOP,
        shop=order.shop,
        shop_percent=shop_percent,
        value_fen=value_fen,
        starts_at=PUBLISHED,
        ends_at=CLOSED + timedelta(days=90),
        created_at=PUBLISHED,
    )
    coupons.put(order, coupon=coupon, person_id=UserFactory().pk, amount_fen=value_fen, at=CLOSED)


def completed_with_coupon(amounts: tuple[int, ...], coupon_fen: int, shop_percent: int) -> Order:
    order = money_order(sum(amounts))
    used_coupon(order, coupon_fen, shop_percent)
    paid_online(order, sum(amounts) - coupon_fen)
    orders.complete(reference=order.reference, lines=[work(fen) for fen in amounts], at=CLOSED)
    order.refresh_from_db()
    return order


@pytest.mark.usefixtures("rules")
def test_shop_bears_its_share_of_a_coupon_and_no_commission_on_it() -> None:
    order = completed_with_coupon((20000, 10000), coupon_fen=3000, shop_percent=50)
    assert settle(order)
    assert settled(order) == [(20000, 1520, 108, 1000, 17372), (10000, 760, 54, 500, 8686)]
    # What the shop gave is charged to it; what the platform gave stays its own expense.
    assert balance_fen(postings.coupons_of(order.shop_id)) == 0
    assert balance_fen(postings.coupons_of(None)) == 1500


def test_shop_whose_coupon_was_worth_more_than_what_is_left_owes_the_rest() -> None:
    order = completed_with_coupon((10000, 10000), coupon_fen=10000, shop_percent=100)
    orders.locked_row(order)
    # By decision of the platform, which may give back more than the owner paid for a line.
    line = order.lines.get(position=1)
    refunds.request(order, amount_fen=10000, reason=RefundReason.CORRECTION, line=line, at=CLOSED)
    assert settle(order)
    assert settled(order) == [(0, 0, 0, 5000, -5000), (10000, 0, 0, 5000, 5000)]
    assert balance_fen(payable(order.shop_id)) == balance_fen(receivable(order.shop_id)) == 5000
    assert StatementLine.objects.get(line=line).side == StatementSide.RECEIVABLE


# --- Fees ------------------------------------------------------------------------------------------------------


def cancelled(paid_fen: int, fee_fen: int = 5000) -> Order:
    order = money_order(26800)
    if paid_fen:
        paid_online(order, paid_fen)
    fee = LineDraft(LineKind.LATE_CANCEL, "晚取消", "Late cancellation", fee_fen)
    orders.cancel(reference=order.reference, fee=fee, at=CLOSED)
    order.refresh_from_db()
    return order


@pytest.mark.usefixtures("rules")
def test_fee_that_was_paid_is_settled() -> None:
    order = cancelled(paid_fen=26800)
    assert settle(order)
    assert settled(order) == [(5000, 400, 30, 0, 4570)]
    assert StatementLine.objects.get(order=order, settlement__isnull=False).kind == StatementKind.FEE


def test_unpaid_fee_waits_and_settles_when_it_is_paid() -> None:
    order = cancelled(paid_fen=2000)
    assert settle(order) is False
    assert due(order).due_at == DUE + timedelta(days=1)
    paid_online(order, 3000, at=DUE)
    assert settle(order, DUE + timedelta(days=1))
    assert settled(order) == [(5000, 0, 0, 0, 5000)]


def test_what_is_not_paid_of_a_fee_after_thirty_days_is_waived() -> None:
    order = cancelled(paid_fen=2000)
    last = CLOSED + timedelta(days=30)
    assert settle(order, last - timedelta(seconds=1)) is False
    assert due(order).due_at == last
    assert settle(order, last)
    assert settled(order) == [(2000, 0, 0, 0, 2000)]
    order.refresh_from_db()
    assert (order.total_fen, order.due_fen, order.lines.get().refunded_fen) == (2000, 0, 3000)


def test_fee_of_which_nothing_was_paid_is_waived_without_a_posting() -> None:
    order = cancelled(paid_fen=0)
    assert settle(order, CLOSED + timedelta(days=30))
    assert (settled(order), totals()) == ([], {})


# --- Disputes --------------------------------------------------------------------------------------------------


def disputed(order: Order, line: OrderLine) -> Dispute:
    """An open dispute about one line, its money held back."""
    dispute = Dispute.objects.create(
        order=order, reason=DisputeReason.BADLY_DONE, opened_at=CLOSED, answer_due_at=CLOSED + timedelta(days=3)
    )
    DisputedLine.objects.create(dispute=dispute, line=line, held_fen=line.kept_fen, claimed_fen=line.kept_fen)
    post(postings.dispute_held(dispute, line.kept_fen), at=CLOSED)
    return dispute


def close(dispute: Dispute, at: datetime) -> None:
    """As if the owner had withdrawn it: what was held back is to be settled now."""
    dispute.status, dispute.closed_at = DisputeStatus.WITHDRAWN, at
    dispute.save()
    (line,) = dispute.lines.all()
    post(postings.dispute_released(dispute, line.held_fen), at=at)
    Settlement.objects.create(order=dispute.order, kind=SettlementKind.DISPUTE, dispute=dispute, due_at=at)


AMOUNTS = (10001, 3333, 6667)
ONLINE_FEN = 15000


@pytest.mark.usefixtures("rules")
def test_only_disputed_lines_wait_and_come_to_the_same_afterwards() -> None:
    undisputed = completed_order(AMOUNTS, online_fen=ONLINE_FEN)
    assert settle(undisputed)
    order = completed_order(AMOUNTS, online_fen=ONLINE_FEN)
    dispute = disputed(order, order.lines.get(position=2))
    assert settle(order)
    assert settled(order) == [settled(undisputed)[0], settled(undisputed)[2]]
    assert (balance_fen(held(order)), balance_fen(postings.reserve(order))) == (0, 3333)
    check_books()
    close(dispute, DUE + timedelta(days=5))
    assert settle(order, DUE + timedelta(days=5))
    assert settled(order) == settled(undisputed)
    assert balance_fen(postings.reserve(order)) == 0


@pytest.mark.usefixtures("rules")
def test_dispute_closed_within_the_window_settles_its_lines_and_no_others() -> None:
    order = completed_order(AMOUNTS)
    dispute = disputed(order, order.lines.get(position=2))
    close(dispute, CLOSED + timedelta(days=2))
    early, normal = order.settlements.order_by("due_at")
    assert settlement.settle(settlement_id=early.pk, at=early.due_at)
    assert [row[0] for row in settled(order)] == [3333]
    assert balance_fen(held(order)) == 16668
    check_books()
    assert settlement.settle(settlement_id=normal.pk, at=DUE)
    assert [row[0] for row in settled(order)] == [10001, 3333, 6667]


def test_order_of_which_every_line_is_disputed_settles_nothing() -> None:
    order = completed_order((5000,))
    disputed(order, order.lines.get())
    assert settle(order)
    assert settled(order) == []
    assert balance_fen(postings.reserve(order)) == 5000


# --- When it goes wrong ----------------------------------------------------------------------------------------


def spoil(order: Order) -> None:
    """Money is held for it that none of its lines explains."""
    paid_online(order, 1)


def test_order_whose_books_differ_is_given_up_in_the_end_and_holds_up_nobody() -> None:
    bad, good = completed_order((5000,)), completed_order((7000,))
    spoil(bad)
    row, at = due(bad), DUE
    assert settlement.settle_due(at=at, limit=10) == 1
    assert settled(good)[0][0] == 7000
    for attempt in range(1, MAX_ATTEMPTS + 1):
        row.refresh_from_db()
        assert (row.attempts, row.due_at) == (attempt, at + FIRST_PAUSE * 2 ** (attempt - 1))
        assert "HeldDiffersError" in row.last_error
        assert (row.parked_at is not None) == (attempt == MAX_ATTEMPTS)
        assert settlement.settle_due(at=row.due_at - timedelta(seconds=1), limit=10) == 0
        at = row.due_at
        settlement.settle_due(at=at, limit=10)
    alarm = Alarm.objects.get()
    assert (alarm.kind, alarm.key, alarm.times) == (AlarmKind.SETTLEMENT_PARKED, str(row.pk), 1)
    assert settled(bad) == []


def test_settlement_given_up_is_taken_up_again_by_hand() -> None:
    order = completed_order((5000,))
    row = due(order)
    row.parked_at, row.attempts = DUE, MAX_ATTEMPTS
    row.save()
    Alarm.objects.create(kind=AlarmKind.SETTLEMENT_PARKED, key=str(row.pk), raised_at=DUE, seen_at=DUE)
    assert settle(order) is False
    settlement.retry(settlement_id=row.pk, at=DUE)
    assert settle(order) is True
    assert Alarm.objects.get().resolved_at == DUE


@pytest.mark.parametrize("point", ["claimed", "posted", "written"])
@pytest.mark.usefixtures("rules")
def test_failure_in_the_middle_leaves_nothing_half_done(point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    order = completed_order((5000, 3000))

    def fail(name: str) -> None:
        if name == f"payments.settle.{point}":
            raise OSError(name)

    before = totals()
    with monkeypatch.context() as patch:
        patch.setattr(faults, "point", fail)
        assert settle(order) is False
    assert (settled(order), totals(), due(order).attempts) == ([], before, 1)
    check_books()
    assert settle(order, DUE + FIRST_PAUSE) is True
    assert len(settled(order)) == 2


def test_sweep_takes_the_longest_due_first_and_stops_at_its_limit() -> None:
    made = [completed_order((1000 + number,), at=CLOSED - timedelta(hours=number)) for number in range(3)]
    assert settlement.settle_due(at=DUE, limit=2) == 2
    assert [len(settled(order)) for order in made] == [0, 1, 1]


@pytest.mark.usefixtures("rules")
def test_order_of_many_lines_takes_as_many_queries_as_one_of_one(django_assert_num_queries: Any) -> None:
    shop = completed_order((500,)).shop
    for amounts in ((5000,), (5000, 3000, 2000)):
        completed_order(amounts, shop=shop)
    settlement.settle_due(at=DUE, limit=1)
    for _one_line_then_three in range(2):
        # Rules 2; savepoint 2; claim, order, lines, held, paid online; accounts, posting, lines, status, event.
        with django_assert_num_queries(14):
            assert settlement.settle_due(at=DUE, limit=1) == 1


def test_task_settles_what_is_due_now() -> None:
    order = completed_order((5000,), at=CLOSED - timedelta(days=365))
    assert (settling.settle_due(), settling.settle_due()) == (1, 0)
    assert len(settled(order)) == 1


# --- Refunds after settlement ----------------------------------------------------------------------------------


def give_back(order: Order, amount_fen: int, position: int = 1) -> None:
    line = order.lines.get(position=position)
    late_refunds.give_back(order=order, line=line, amount_fen=amount_fen, by=None, note="Kulanz", at=DUE)


@pytest.mark.usefixtures("rules")
def test_before_settlement_it_is_a_plain_refund() -> None:
    order = completed_order((20000, 6800))
    give_back(order, 5000)
    assert settle(order)
    assert settled(order)[0] == (15000, 1200, 90, 0, 13710)
    assert not StatementLine.objects.filter(kind=StatementKind.LATE_REFUND).exists()


@pytest.mark.usefixtures("rules")
def test_after_settlement_shop_and_platform_give_back_their_parts() -> None:
    order = completed_order((20000,))
    assert settle(order)
    give_back(order, 5000)
    line = StatementLine.objects.get(kind=StatementKind.LATE_REFUND)
    assert (line.gross_fen, line.commission_fen, line.net_fen) == (-5000, -400, -4600)
    assert (balance_fen(COMMISSION), balance_fen(receivable(order.shop_id))) == (1200, 4600)
    assert balance_fen(held(order)) == 0
    order.refresh_from_db()
    assert order.refunded_fen == 5000


@pytest.mark.usefixtures("rules")
def test_all_given_back_in_parts_returns_all_of_the_commission() -> None:
    order = completed_order((9999,))
    assert settle(order)
    for amount_fen in (1, 3333, 4000, 2665):
        give_back(order, amount_fen)
    assert balance_fen(COMMISSION) == 0
    with pytest.raises(NotRefundableError):
        give_back(order, 1)


@pytest.mark.usefixtures("rules")
def test_after_settlement_a_counter_payment_is_given_back_at_the_counter() -> None:
    order = completed_order((20000,), online_fen=0)
    assert settle(order)
    give_back(order, 5000)
    # It owes what was settled to it, and is owed what it hands over the counter.
    assert balance_fen(receivable(order.shop_id)) == 20000 + 4600
    assert balance_fen(payable(order.shop_id)) == 18400 + 5000


@pytest.mark.parametrize("amount_fen", [0, -1, 20001, 1.5, True])
def test_amount_that_cannot_be_given_back_is_refused(amount_fen: Any) -> None:
    order = completed_order((20000, 6800))
    assert settle(order)
    before = totals()
    with pytest.raises(NotRefundableError):
        give_back(order, amount_fen)
    assert totals() == before


def test_what_a_coupon_paid_is_not_given_back() -> None:
    order = completed_with_coupon((10000, 10000), coupon_fen=4000, shop_percent=50)
    with pytest.raises(NotRefundableError):
        give_back(order, 8001)
    give_back(order, 8000)


def test_line_in_dispute_is_decided_there() -> None:
    order = completed_order((20000,))
    disputed(order, order.lines.get())
    with pytest.raises(LineInDisputeError):
        give_back(order, 100)


def test_shares_can_be_asked_without_settling() -> None:
    order = completed_order((20000,))
    (share,) = settlement.shares_of(order, list(order.lines.all()), FeeBook())
    assert (share.net_fen, totals()[AccountKind.HELD, "CNY"]) == (20000, 20000)


@pytest.mark.usefixtures("rules")
def test_payment_fee_is_not_taken_of_what_was_overpaid() -> None:
    order = money_order(26800)
    paid_online(order, 26800)
    orders.complete(reference=order.reference, lines=[work(10000)], at=CLOSED)
    assert settle(order)
    assert settled(order) == [(10000, 800, 60, 0, 9140)]
