"""A dispute from its opening to its end: who may what and when, what moves, and that everybody reads the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.db.utils import IntegrityError

from accounts.models import User
from core.errors import InvalidInput, NotAllowed, Refusal
from payments import late_refunds, settlement, whatif
from payments.choices import DisputeReason, DisputeStatus, DisputeStep, MoneyRole, RefundReason, SettlementStatus
from payments.commission import RuleDraft, publish
from payments.disputes import actions, reading, rules
from payments.disputes.actions import Decision, Said
from payments.disputes.errors import (
    AnsweredError,
    AnswerFirstError,
    ClaimError,
    DisputeMovedOnError,
    DisputeOverError,
    DisputeRunningError,
    NotDisputableError,
    WordsError,
)
from payments.errors import LineInDisputeError, WindowClosedError
from payments.ledger import balance_fen
from payments.models import Dispute, DisputeEvent, Order, OrderLine, Settlement, StatementLine
from payments.orders import DISPUTE_WINDOW
from payments.postings import held, payable, reserve
from tests.factories.accounts import UserFactory
from tests.factories.money import CLOSED, OPENED, completed_order, money_order, paid_online
from tests.payments.books import check_books
from tests.races.test_one_slot import at_once

AT = CLOSED + timedelta(days=1)
END = CLOSED + DISPUTE_WINDOW


@pytest.fixture(autouse=True)
def _books(request: pytest.FixtureRequest) -> Iterator[None]:
    request.getfixturevalue("transactional_db" if request.node.get_closest_marker("race") else "db")
    yield
    check_books()


def payer_of(order: Order) -> User:
    assert order.payer is not None
    return order.payer


def lines_of(order: Order) -> list[OrderLine]:
    return list(order.lines.order_by("position"))


def disputed(order: Order, claimed_fen: int = 5000, *, at: Any = AT, **more: Any) -> Dispute:
    """The first line of an order in dispute."""
    fields: dict[str, Any] = {"reason": DisputeReason.BADLY_DONE, "said": Said("It still rattles."), **more}
    claims = fields.pop("claims", None) or {lines_of(order)[0].pk: claimed_fen}
    return actions.open_dispute(order=order, claims=claims, by=fields.pop("by", payer_of(order)), at=at, **fields)


def decision(dispute: Dispute, *fens: int, text: str = "The photos show it.") -> Decision:
    read = reading.record(dispute)
    return Decision({row.line_id: fen for row, fen in zip(read.lines, fens, strict=True)}, text, read.last_event)


def answered(dispute: Dispute) -> Dispute:
    return actions.answer(dispute=dispute, said=Said("It was tight."), agrees=False, by=UserFactory(), at=AT)


def test_only_the_disputed_line_waits_and_the_rest_is_settled() -> None:
    order = completed_order((20000, 6800))
    dispute = disputed(order)
    assert (balance_fen(held(order)), balance_fen(reserve(order))) == (6800, 20000)
    due = Settlement.objects.get(order=order)
    assert settlement.settle(settlement_id=due.pk, at=END)
    assert balance_fen(payable(order.shop_id)) == 6800
    assert (balance_fen(held(order)), balance_fen(reserve(order))) == (0, 20000)
    assert dispute.answer_due_at == AT + timedelta(days=3)


def test_decision_refunds_a_part_and_settles_the_rest_at_once() -> None:
    order = completed_order((20000, 6800))
    dispute = answered(disputed(order))
    actions.decide(dispute=dispute, decision=decision(dispute, 4000), by=UserFactory(), at=END)
    dispute.refresh_from_db()
    assert (dispute.status, dispute.closed_at) == (DisputeStatus.DECIDED, END)
    assert dispute.lines.get().refund_fen == 4000
    refund = order.refunds.get()
    assert (refund.amount_fen, refund.reason, refund.line_id) == (4000, RefundReason.DISPUTE, lines_of(order)[0].pk)
    for due in Settlement.objects.filter(order=order).order_by("pk"):
        settlement.settle(settlement_id=due.pk, at=END)
    assert not Settlement.objects.filter(order=order, status=SettlementStatus.DUE).exists()
    assert balance_fen(payable(order.shop_id)) == 22800
    assert (balance_fen(held(order)), balance_fen(reserve(order))) == (0, 0)
    assert StatementLine.objects.filter(order=order, line__isnull=False).count() == 2


def test_shop_that_agrees_gives_back_what_was_wanted() -> None:
    order = completed_order((20000, 6800), online_fen=0)
    dispute = disputed(order, 20000)
    actions.answer(dispute=dispute, said=Said(""), agrees=True, by=UserFactory(), at=AT)
    dispute.refresh_from_db()
    assert dispute.status == DisputeStatus.DECIDED
    assert order.refunds.get().amount_fen == 20000
    assert balance_fen(held(order)) == 6800
    assert [event.step for event in dispute.events.all()] == [DisputeStep.OPENED, DisputeStep.ANSWERED]


def test_withdrawn_dispute_is_settled_in_full() -> None:
    order = completed_order((20000,))
    dispute = disputed(order)
    actions.withdraw(dispute=dispute, by=payer_of(order), at=AT)
    own = Settlement.objects.get(dispute=dispute)
    assert settlement.settle(settlement_id=own.pk, at=AT)
    assert balance_fen(payable(order.shop_id)) == 20000
    dispute.refresh_from_db()
    assert (dispute.status, order.refunds.count()) == (DisputeStatus.WITHDRAWN, 0)


@pytest.mark.parametrize(
    ("at", "is_open"), [(END - timedelta(microseconds=1), True), (END, False), (END + timedelta(seconds=1), False)]
)
def test_dispute_can_be_opened_until_the_window_ends(at: Any, is_open: bool) -> None:
    order = completed_order()
    assert rules.can_open(payer_of(order), order, at=at) is is_open
    if is_open:
        disputed(order, at=at)
    else:
        with pytest.raises(WindowClosedError):
            disputed(order, at=at)


def test_dispute_of_an_open_order_or_by_somebody_else_is_refused() -> None:
    order = money_order()
    paid_online(order, 26800)
    with pytest.raises(WindowClosedError):
        actions.open_dispute(
            order=order, claims={1: 1}, reason=DisputeReason.OTHER, said=Said("x"), by=payer_of(order), at=AT
        )
    done = completed_order()
    with pytest.raises(NotAllowed):
        disputed(done, by=UserFactory())
    with pytest.raises(NotAllowed):
        actions.withdraw(dispute=disputed(done), by=UserFactory(), at=AT)


@pytest.mark.parametrize("fen", [0, -1, 20001, 50.0, True, "5000", None])
def test_claim_must_be_a_whole_amount_up_to_what_was_paid_for_the_line(fen: Any) -> None:
    order = completed_order((20000, 6800))
    with pytest.raises(ClaimError) as refused:
        disputed(order, claims={lines_of(order)[0].pk: fen})
    assert refused.value.field == f"amount_{lines_of(order)[0].pk}"
    assert balance_fen(reserve(order)) == 0


def test_lines_of_others_settled_ones_and_none_are_refused() -> None:
    order, other = completed_order(), completed_order()
    with pytest.raises(NotDisputableError):
        disputed(order, claims={lines_of(other)[0].pk: 100})
    with pytest.raises(InvalidInput):
        actions.open_dispute(
            order=order, claims={}, reason=DisputeReason.OTHER, said=Said("x"), by=payer_of(order), at=AT
        )
    Settlement.objects.filter(order=order).update(due_at=AT)
    assert settlement.settle(settlement_id=order.settlements.get().pk, at=AT)
    with pytest.raises(NotDisputableError):
        disputed(order)


def test_second_dispute_of_an_order_waits_for_the_first_and_never_for_the_same_line() -> None:
    order = completed_order((20000, 6800))
    first, second = lines_of(order)
    dispute = disputed(order)
    with pytest.raises(DisputeRunningError):
        disputed(order, claims={second.pk: 100})
    with pytest.raises(IntegrityError), transaction.atomic():
        Dispute.objects.create(order=order, reason="other", opened_at=AT, answer_due_at=AT)
    actions.withdraw(dispute=dispute, by=payer_of(order), at=AT)
    with pytest.raises(NotDisputableError):
        disputed(order, claims={first.pk: 100})
    assert disputed(order, claims={second.pk: 100}).pk != dispute.pk


@pytest.mark.parametrize("text", ["", "   ", "a\x00b", "x" * 2001])
def test_words_are_needed_and_bounded(text: str) -> None:
    order = completed_order()
    with pytest.raises(WordsError):
        disputed(order, said=Said(text))
    assert balance_fen(reserve(order)) == 0


def test_platform_decides_only_after_the_answer_or_when_its_time_is_over() -> None:
    order = completed_order()
    dispute = disputed(order)
    judge = UserFactory(admin=True)
    just_before = dispute.answer_due_at - timedelta(microseconds=1)
    with pytest.raises(AnswerFirstError):
        actions.decide(dispute=dispute, decision=decision(dispute, 0), by=judge, at=just_before)
    actions.decide(dispute=dispute, decision=decision(dispute, 0), by=judge, at=dispute.answer_due_at)
    with pytest.raises(DisputeOverError):
        actions.decide(dispute=dispute, decision=decision(dispute, 0), by=judge, at=dispute.answer_due_at)
    assert order.refunds.count() == 0


@pytest.mark.parametrize("fen", [-1, 20001, 1.0, True])
def test_decision_gives_back_nothing_to_all_that_was_paid(fen: Any) -> None:
    order = completed_order((20000, 6800))
    dispute = answered(disputed(order))
    with pytest.raises(ClaimError):
        actions.decide(dispute=dispute, decision=decision(dispute, fen), by=UserFactory(), at=AT)
    with pytest.raises(ClaimError):
        actions.decide(dispute=dispute, decision=Decision({}, "Nothing.", 10**9), by=UserFactory(), at=AT)


def test_decision_on_what_was_not_read_is_refused() -> None:
    order = completed_order()
    dispute = answered(disputed(order))
    made_up = decision(dispute, 100)
    actions.comment(dispute=dispute, role=MoneyRole.OWNER, said=Said("One more thing."), by=payer_of(order), at=AT)
    with pytest.raises(DisputeMovedOnError):
        actions.decide(dispute=dispute, decision=made_up, by=UserFactory(), at=AT)
    actions.decide(dispute=dispute, decision=decision(dispute, 100), by=UserFactory(), at=AT)


def test_answer_comes_once_and_nothing_is_said_after_the_end() -> None:
    order = completed_order()
    dispute = answered(disputed(order))
    with pytest.raises(AnsweredError):
        answered(dispute)
    actions.withdraw(dispute=dispute, by=payer_of(order), at=AT)
    with pytest.raises(DisputeOverError):
        actions.comment(dispute=dispute, role=MoneyRole.SHOP, said=Said("Well."), by=UserFactory(), at=AT)


def test_goodwill_for_a_disputed_line_is_left_to_the_dispute() -> None:
    order = completed_order((20000, 6800))
    first, second = lines_of(order)
    disputed(order)
    with pytest.raises(LineInDisputeError):
        late_refunds.give_back(order=order, line=first, amount_fen=100, by=None, note="", at=AT)
    late_refunds.give_back(order=order, line=second, amount_fen=100, by=None, note="", at=AT)


def test_effect_of_a_decision_is_what_deciding_does() -> None:
    publish(
        rules=[RuleDraft(commission_bp=800, processing_bp=60)],
        note="First.",
        valid_from=OPENED - timedelta(days=1),
        by=None,
        at=OPENED - timedelta(days=1),
    )
    order = completed_order((20000, 6800), online_fen=15000)
    dispute = answered(disputed(order, 20000))
    judge, made_up = UserFactory(admin=True), decision(dispute, 18000)
    shown = whatif.effect_of(
        lambda: actions.decide(dispute=dispute, decision=made_up, by=judge, at=AT), then_settle=order, at=AT
    )
    assert balance_fen(reserve(order)) == 20000
    assert shown.now.owner_fen == 18000
    actions.decide(dispute=dispute, decision=made_up, by=judge, at=AT)
    assert order.refunds.count() == (1 if shown.now.owner_counter_fen == 0 else 2)
    due = Settlement.objects.filter(order=order).order_by("due_at")
    assert [step.at for step in shown.steps] == [row.due_at for row in due] == [AT, END]
    for row, step in zip(due, shown.steps, strict=True):
        before = balance_fen(payable(order.shop_id))
        assert settlement.settle(settlement_id=row.pk, at=row.due_at)
        assert balance_fen(payable(order.shop_id)) - before == step.moved.shop_account_fen
    assert shown.held_later_fen == 0


def test_record_is_kept_by_the_database() -> None:
    dispute = disputed(completed_order())
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        DisputeEvent.objects.filter(dispute=dispute).update(text="Something else.")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        DisputeEvent.objects.filter(dispute=dispute).delete()


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_line_is_settled_or_disputed_never_both() -> None:
    """At the same moment many workers settle and the owner opens a dispute: the order's lock decides."""
    for _round in range(4):
        order = completed_order((20000, 6800))
        Settlement.objects.filter(order=order).update(due_at=AT)
        due = order.settlements.get()

        def one(number: int, order: Order = order, due: Settlement = due) -> str:
            if number % 2:
                return "settled" if settlement.settle(settlement_id=due.pk, at=AT) else "passed"
            try:
                disputed(order)
            except Refusal:
                return "refused"
            return "disputed"

        counted = at_once(one, 4)
        assert counted["disputed"] <= 1
        lines = StatementLine.objects.filter(order=order, line__isnull=False).count()
        in_dispute = Dispute.objects.filter(order=order).exists()
        if in_dispute:
            assert counted["disputed"] == 1
            assert balance_fen(reserve(order)) == 20000
            assert lines in {0, 1}
        else:
            assert (lines, counted["settled"]) == (2, 1)
        assert balance_fen(payable(order.shop_id)) == {0: 0, 1: 6800, 2: 26800}[lines]
