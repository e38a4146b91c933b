"""The books beside a dictionary: whatever owners, shops, platform and providers do, in whatever order, both agree.

The model knows nothing of accounts and entries: it is a handful of sums kept by plain arithmetic. After every step the
ledger has the same sums; at the end the books are right by `tests.payments.books`, in plain SQL.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from core import outbox
from core.ids import new_public_id
from payments import collecting, coupons, late_refunds, orders, payouts, refund_sending, settlement
from payments.choices import (
    AccountKind,
    CouponFunder,
    LineKind,
    PaymentStatus,
    PayoutStatus,
    ProviderKey,
    Purpose,
    RefundStatus,
    SettlementStatus,
    ShopMethod,
)
from payments.commission import RuleDraft, publish
from payments.errors import AmountError, CouponError, NothingDueError, OrderClosedError
from payments.ledger import totals
from payments.models import Order, OrderLine, Payment, Payout, PayoutAccount, Refund, Settlement
from payments.orders import LineDraft, OrderDraft
from payments.providers.base import Answer, Standing
from tests.factories.accounts import UserFactory
from tests.factories.shops import open_shop
from tests.payments.books import check_books

START = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
COMMISSION_PERCENT = 8
FEN = st.integers(1, 50_000)


@dataclass
class Visit:
    """What the model knows of a visit."""

    order_id: int
    total: int
    status: str = "open"
    online: int = 0  # paid online and not asked back
    counter: int = 0  # paid at the counter and not given back
    coupon: int = 0
    settled: int = 0
    # Lines by position: what is left of each; and of settled ones what was kept and taken when it was settled.
    lines: dict[int, int] = field(default_factory=dict)
    at_settlement: dict[int, tuple[int, int]] = field(default_factory=dict)
    pending: list[tuple[int, int]] = field(default_factory=list)  # payments that are open at the provider
    # Of the shop's statement and in no payout; paid out once the visit is settled.
    payable: int = 0
    receivable: int = 0
    is_settled: bool = False

    @property
    def kept(self) -> int:
        return self.online + self.counter + self.coupon

    @property
    def due(self) -> int:
        return max(0, self.total - self.kept)


class Books(RuleBasedStateMachine):
    """Visits of one shop, and everything that can happen to their money."""

    def __init__(self) -> None:
        super().__init__()
        self._atomic = transaction.atomic()
        self._atomic.__enter__()
        self._silence = outbox.silence()
        self._silence.__enter__()
        self.at = START
        self.shop, self.owner, self.admin = open_shop(), UserFactory(), UserFactory(admin=True)
        self.visits: list[Visit] = []
        # The model: what is at the provider, on its way back and out, earned, given away.
        self.sums: Counter[str] = Counter()
        drafts = [RuleDraft(commission_bp=COMMISSION_PERCENT * 100)]
        publish(rules=drafts, note="First.", valid_from=START, by=None, at=START)
        coupons.create(_coupon(), by=self.admin, at=START)
        PayoutAccount.objects.create(
            shop=self.shop,
            channel=ProviderKey.SANDBOX,
            holder="Shop",
            number="6222000011112222",
            added_at=START,
            verified_at=START,
            verified_by=self.admin,
        )

    def teardown(self) -> None:
        check_books()
        self._silence.__exit__(None, None, None)
        transaction.set_rollback(True)
        self._atomic.__exit__(None, None, None)

    # --- Owners ---

    @rule(total=FEN)
    def book(self, total: int) -> None:
        reference = new_public_id()
        draft = OrderDraft(reference, reference[:8], self.shop, self.owner, "小保养", "Oil service", total)
        self.visits.append(Visit(orders.open_order(draft, at=self.at).pk, total))

    @precondition(lambda self: self._open())
    @rule(data=st.data(), fen=FEN)
    def ask_for_a_payment(self, data: Any, fen: int) -> None:
        visit = data.draw(st.sampled_from(self._open()))
        payment = Payment.objects.create(
            order_id=visit.order_id,
            provider=ProviderKey.SANDBOX,
            purpose=Purpose.BALANCE,
            amount_fen=fen,
            request_no=new_public_id(),
            status=PaymentStatus.PENDING,
            created_at=self.at,
            expires_at=self.at + timedelta(minutes=15),
        )
        visit.pending.append((payment.pk, fen))

    @precondition(lambda self: any(visit.pending for visit in self.visits))
    @rule(data=st.data(), times=st.integers(1, 3))
    def owner_pays(self, data: Any, times: int) -> None:
        """Told once or more often, before or after the visit was closed."""
        visit = data.draw(st.sampled_from([visit for visit in self.visits if visit.pending]))
        payment_id, fen = visit.pending.pop(data.draw(st.integers(0, len(visit.pending) - 1)))
        for _time in range(times):
            self._tell(payment_id, Standing.DONE, fen)
        visit.online += fen
        self.sums["provider"] += fen
        self._give_back(visit, min(fen, max(0, visit.kept - visit.total)))

    @precondition(lambda self: any(visit.pending for visit in self.visits))
    @rule(data=st.data(), fen=FEN)
    def owner_pays_something_else(self, data: Any, fen: int) -> None:
        visit = data.draw(st.sampled_from([visit for visit in self.visits if visit.pending]))
        payment_id, asked = visit.pending[-1]
        assume(fen != asked)
        visit.pending.pop()
        self._tell(payment_id, Standing.DONE, fen)
        self.sums["provider"] += fen
        self.sums["suspense"] += fen

    @precondition(lambda self: any(visit.pending for visit in self.visits))
    @rule(data=st.data())
    def payment_fails(self, data: Any) -> None:
        """It stays open in the model: closed payments can be paid all the same."""
        visit = data.draw(st.sampled_from([visit for visit in self.visits if visit.pending]))
        self._tell(visit.pending[0][0], Standing.FAILED, None)

    @precondition(lambda self: self._open())
    @rule(data=st.data())
    def use_a_coupon(self, data: Any) -> None:
        visit = data.draw(st.sampled_from(self._open()))
        worth = min(3000, max(0, visit.total - visit.online - visit.counter))
        try:
            with transaction.atomic():
                coupons.use(order=self._order(visit), code="MODEL30", person=self.owner, at=self.at)
        except (CouponError, NothingDueError):
            assert worth == 0
        else:
            self.sums["coupons"] += worth - visit.coupon
            visit.coupon = worth

    # --- The shop ---

    @precondition(lambda self: self._open())
    @rule(data=st.data(), total=FEN)
    def price_changes(self, data: Any, total: int) -> None:
        visit = data.draw(st.sampled_from(self._open()))
        orders.reprice(reference=self._order(visit).reference, total_fen=total, at=self.at)
        visit.total = total

    @precondition(lambda self: self._open())
    @rule(data=st.data(), fen=FEN)
    def pay_at_the_counter(self, data: Any, fen: int) -> None:
        visit = data.draw(st.sampled_from(self._open()))
        try:
            with transaction.atomic():
                order = orders.locked_row(self._order(visit))
                orders.take_at_shop(order, amount_fen=fen, method=ShopMethod.CASH, by=None, at=self.at)
        except AmountError:
            assert fen > visit.due
        else:
            visit.counter += fen
            visit.receivable += fen

    @precondition(lambda self: self._open())
    @rule(data=st.data(), amounts=st.lists(st.integers(0, 30_000), min_size=1, max_size=3))
    def hand_over(self, data: Any, amounts: list[int]) -> None:
        visit = data.draw(st.sampled_from(self._open()))
        lines = [LineDraft(LineKind.WORK, "项目", "Work", fen) for fen in amounts]
        orders.complete(reference=self._order(visit).reference, lines=lines, at=self.at)
        visit.status, visit.total = "completed", sum(amounts)
        visit.lines = dict(enumerate(amounts, start=1))
        fitting = min(visit.coupon, visit.total)
        self.sums["coupons"] -= visit.coupon - fitting
        visit.coupon = fitting
        visit.receivable += visit.due
        visit.counter += visit.due
        self._give_back(visit, max(0, visit.kept - visit.total))

    @precondition(lambda self: self._open())
    @rule(data=st.data(), fee=st.integers(0, 9000))
    def cancel(self, data: Any, fee: int) -> None:
        visit = data.draw(st.sampled_from(self._open()))
        draft = LineDraft(LineKind.LATE_CANCEL, "取消费", "Late cancellation", fee)
        orders.cancel(reference=self._order(visit).reference, fee=draft, at=self.at)
        self.sums["coupons"] -= visit.coupon
        visit.coupon = 0
        visit.status, visit.total = "cancelled", fee
        visit.lines = {1: fee} if fee else {}
        visit.is_settled = not fee
        self._give_back(visit, max(0, visit.kept - fee))

    @rule(data=st.data(), fen=FEN)
    def closed_order_refuses(self, data: Any, fen: int) -> None:
        closed = [visit for visit in self.visits if visit.status != "open"]
        assume(closed)
        visit = data.draw(st.sampled_from(closed))
        with pytest.raises(OrderClosedError), transaction.atomic():
            orders.reprice(reference=self._order(visit).reference, total_fen=fen, at=self.at)

    # --- Time, platform, providers ---

    @rule(days=st.integers(1, 20))
    def time_passes_and_everything_due_is_settled(self, days: int) -> None:
        self.at += timedelta(days=days)
        settlement.settle_due(at=self.at, limit=100)
        settled = set(Settlement.objects.filter(status=SettlementStatus.SETTLED).values_list("order_id", flat=True))
        for visit in self.visits:
            if visit.order_id in settled:
                self._settle(visit)

    @precondition(lambda self: any(visit.status == "completed" for visit in self.visits))
    @rule(data=st.data(), fen=FEN)
    def give_back_part_of_a_line(self, data: Any, fen: int) -> None:
        visit = data.draw(st.sampled_from([visit for visit in self.visits if visit.status == "completed"]))
        position = data.draw(st.sampled_from(sorted(visit.lines)))
        order = self._order(visit)
        line = OrderLine.objects.get(order=order, position=position)
        assume(fen <= late_refunds.refundable_fen(order, line))
        late_refunds.give_back(order=order, line=line, amount_fen=fen, by=self.admin, note="", at=self.at)
        left = visit.lines[position] - fen
        if position in visit.at_settlement:
            kept, taken = visit.at_settlement[position]
            back = taken * visit.lines[position] // kept - taken * left // kept
            self.sums["commission"] -= back
            visit.receivable += fen - back
            visit.settled -= fen
        visit.lines[position] = left
        visit.total -= fen
        self._give_back(visit, fen)

    @rule(is_done=st.booleans())
    def provider_answers_refunds(self, is_done: bool) -> None:
        waiting = Refund.objects.filter(payment__provider=ProviderKey.SANDBOX, status=RefundStatus.REQUESTED)
        for refund in waiting:
            standing = Standing.DONE if is_done else Standing.PENDING
            answer = Answer(standing, refund.amount_fen, "CNY", at=self.at)
            refund_sending.record(refund_id=refund.pk, request_no=refund.request_no, answer=answer, at=self.at)
            if is_done:
                self.sums["returning"] -= refund.amount_fen
                self.sums["provider"] -= refund.amount_fen

    @rule()
    def pay_the_shop(self) -> None:
        ready = [visit for visit in self.visits if visit.is_settled]
        owed = sum(visit.payable - visit.receivable for visit in ready)
        is_due = owed >= payouts.MIN_FEN and not self.sums["leaving"]
        made = payouts.make_batch(channel=ProviderKey.SANDBOX, by=None, at=self.at)
        assert [payout.amount_fen for payout in made.payouts] == [owed] * is_due
        if is_due:
            self.leaving = [(visit, visit.payable, visit.receivable) for visit in ready]
            self.sums["leaving"] = owed
            for visit in ready:
                visit.payable = visit.receivable = 0

    @precondition(lambda self: self.sums["leaving"] > 0)
    @rule(is_paid=st.booleans())
    def bank_answers(self, is_paid: bool) -> None:
        payout = Payout.objects.get(status__in=[PayoutStatus.CREATED, PayoutStatus.SENT])
        if is_paid:
            payouts.arrived(payout_id=payout.pk, at=self.at)
            self.sums["provider"] -= payout.amount_fen
        else:
            payouts.came_back(payout_id=payout.pk, reason="no such account", at=self.at)
            for visit, payable, receivable in self.leaving:
                visit.payable += payable
                visit.receivable += receivable
        self.sums["leaving"] = 0

    # --- Both agree ---

    @invariant()
    def ledger_and_model_agree(self) -> None:
        expected = {
            AccountKind.PSP_CLEARING: self.sums["provider"],
            AccountKind.HELD: sum(visit.kept - visit.settled for visit in self.visits),
            AccountKind.SHOP_PAYABLE: sum(visit.payable for visit in self.visits),
            AccountKind.SHOP_RECEIVABLE: sum(visit.receivable for visit in self.visits),
            AccountKind.COMMISSION: self.sums["commission"],
            AccountKind.COUPON_FUNDING: self.sums["coupons"],
            AccountKind.REFUND_CLEARING: self.sums["returning"],
            AccountKind.PAYOUT_CLEARING: self.sums["leaving"],
            AccountKind.SUSPENSE: self.sums["suspense"],
        }
        found = totals()
        assert {kind: found.get((kind, "CNY"), 0) for kind in expected} == expected
        assert {kind for kind, _currency in found} <= set(expected)
        for visit in self.visits:
            order = self._order(visit)
            assert (order.total_fen, order.kept_fen, order.due_fen) == (visit.total, visit.kept, visit.due)

    # --- Parts ---

    def _open(self) -> list[Visit]:
        return [visit for visit in self.visits if visit.status == "open"]

    @staticmethod
    def _order(visit: Visit) -> Order:
        return Order.objects.get(pk=visit.order_id)

    def _tell(self, payment_id: int, standing: Standing, fen: int | None) -> None:
        answer = Answer(standing, fen, "CNY" if fen else "", at=self.at)
        collecting.record(payment_id=payment_id, answer=answer, at=self.at)

    def _give_back(self, visit: Visit, fen: int) -> None:
        """Online money goes back first; what was paid at the counter the shop gives back, and is owed it."""
        fen = min(fen, visit.online + visit.counter)
        online = min(fen, visit.online)
        visit.online -= online
        visit.counter -= fen - online
        self.sums["returning"] += online
        visit.payable += fen - online

    def _settle(self, visit: Visit) -> None:
        visit.is_settled = True
        if visit.status == "cancelled" and visit.due:
            visit.lines[1] = visit.total = visit.kept  # waived
        for position, left in visit.lines.items():
            if position not in visit.at_settlement:
                taken = left * COMMISSION_PERCENT // 100
                visit.at_settlement[position] = (left, taken)
                visit.payable += left - taken
                self.sums["commission"] += taken
                visit.settled += left


def _coupon() -> coupons.CouponDraft:
    return coupons.CouponDraft(
        code="MODEL30",
        name_zh="立减",
        name_en="Off",
        funder=CouponFunder.PLATFORM,
        value_fen=3000,
        starts_at=START,
        ends_at=START + timedelta(days=3650),
        limit_per_person=1000,
    )


@pytest.mark.django_db
def test_books_agree_with_a_dictionary_whatever_happens() -> None:
    run_state_machine_as_test(
        Books,
        settings=settings(
            max_examples=int(os.environ.get("BOOKS_EXAMPLES", "8")),
            stateful_step_count=int(os.environ.get("BOOKS_STEPS", "20")),
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
