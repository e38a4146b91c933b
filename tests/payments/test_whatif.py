"""What a what-if shows is what happens, and nothing of it stays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models, transaction
from django.utils import translation
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.errors import Refusal
from core.models import OutboxEvent
from payments import alarms, coupons, effect_words, orders, refunds, settlement, whatif
from payments.choices import AccountKind, AlarmKind, CouponFunder, LineKind, ProviderKey, RefundReason, SettlementStatus
from payments.commission import RuleDraft, publish
from payments.coupons import CouponDraft
from payments.errors import NotRefundableError, OrderClosedError
from payments.ledger import totals
from payments.models import Order, Refund
from payments.orders import DISPUTE_WINDOW, LineDraft
from payments.whatif import Effect, Moved, Step
from tests.factories.accounts import UserFactory
from tests.factories.money import CLOSED, OPENED, completed_order, money_order, paid_online

pytestmark = pytest.mark.django_db
FEE = LineDraft(LineKind.LATE_CANCEL, "临时取消", "Late cancellation", 3000)

# Without shrinking: each example is a few seconds' worth of transactions.
RANDOM_ORDERS = settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def rows_of_everything() -> dict[str, Any]:
    """How many rows each table of money and the outbox have, and the content of those that are changed in place."""
    counted: dict[str, Any] = {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for model in [*apps.get_app_config("payments").get_models(), OutboxEvent]
        if issubclass(model, models.Model)
    }
    return counted


def give_coupon(order: Order, funder: CouponFunder, value_fen: int, shop_percent: int) -> None:
    draft = CouponDraft(
        code=f"C{order.pk:08d}",
        name_zh="券",
        name_en="Coupon",
        funder=funder,
        value_fen=value_fen,
        starts_at=OPENED - timedelta(days=1),
        ends_at=OPENED + timedelta(days=1),
        shop=None if funder == CouponFunder.PLATFORM else order.shop,
        shop_percent=shop_percent,
    )
    coupons.create(draft, by=UserFactory(admin=True), at=OPENED)
    assert order.payer is not None
    coupons.use(order=order, code=draft.code, person=order.payer, at=OPENED)
    order.refresh_from_db()


def goodwill(order: Order, amount_fen: int) -> Callable[[], object]:
    """Give an amount of the order's first line back, as a page would."""

    def run() -> object:
        with transaction.atomic():
            locked = orders.locked_row(order)
            return refunds.request(
                locked,
                amount_fen=amount_fen,
                reason=RefundReason.GOODWILL,
                at=CLOSED,
                line=locked.lines.order_by("position").first(),
            )

    return run


def really(run: Callable[[], object]) -> Moved:
    """What it did to each party, read off the balances of the accounts and the refunds that the shop pays out."""

    def shops_coupons() -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT coalesce(sum(balance_fen), 0)::bigint FROM payments_ledgeraccount"
                " WHERE kind = 'coupon_funding' AND shop_id IS NOT NULL"
            )
            return int(cursor.fetchone()[0])

    def counter() -> int:
        at_shop = Refund.objects.filter(payment__provider=ProviderKey.SHOP)
        return at_shop.aggregate(fen=models.Sum("amount_fen"))["fen"] or 0

    before, coupon_before, counter_before = totals(), shops_coupons(), counter()
    run()
    after = totals()
    change = {kind: after.get((kind, "CNY"), 0) - before.get((kind, "CNY"), 0) for kind in AccountKind.values}
    shop_coupon = shops_coupons() - coupon_before
    handed = counter() - counter_before
    return Moved(
        owner_online_fen=change["refund_clearing"] - change["psp_clearing"],
        owner_counter_fen=handed,
        shop_account_fen=change["shop_payable"] - change["shop_receivable"],
        shop_counter_fen=-handed,
        commission_fen=change["commission"],
        processing_fen=change["fees"],
        platform_coupon_fen=-(change["coupon_funding"] - shop_coupon),
        shop_coupon_fen=-shop_coupon,
        held_fen=change["held"] + change["dispute_reserve"],
    )


def assert_settles_as_shown(shown: Effect, order: Order) -> None:
    """What follows by itself follows as it was shown, to the fen."""
    due = order.settlements.filter(status=SettlementStatus.DUE).first()
    if due is None or shown.owes_fen:
        assert shown.steps == ()
        return
    done = really(lambda: settlement.settle(settlement_id=due.pk, at=due.due_at))
    assert shown.steps == (() if done == Moved() else (Step(due.due_at, done),))
    assert everybody(done) == 0
    assert shown.held_later_fen == 0


@pytest.fixture
def rules() -> None:
    drafts = [RuleDraft(commission_bp=800, processing_bp=60), RuleDraft(commission_bp=100, shop_kind="4s")]
    publish(
        rules=drafts, note="First.", valid_from=OPENED - timedelta(days=30), by=None, at=OPENED - timedelta(days=30)
    )


def everybody(moved: Moved) -> int:
    return moved.owner_fen + moved.shop_fen + moved.platform_fen + moved.held_fen + moved.other_fen


@RANDOM_ORDERS
@given(data=st.data())
def test_effect_of_cancelling_is_what_cancelling_does(rules: None, data: st.DataObject) -> None:
    total_fen = data.draw(st.integers(2, 90000), label="total")
    order = money_order(total_fen)
    shop_percent = data.draw(st.sampled_from([0, 33, 100]), label="borne by the shop")
    funder = {0: CouponFunder.PLATFORM, 33: CouponFunder.SHARED, 100: CouponFunder.SHOP}[shop_percent]
    if data.draw(st.booleans(), label="with a coupon"):
        give_coupon(order, funder, data.draw(st.integers(1, total_fen), label="coupon"), shop_percent)
    for fen in data.draw(st.lists(st.integers(1, 20000), max_size=2), label="paid online"):
        paid_online(order, fen)
    fee_fen = data.draw(st.integers(0, 30000), label="fee")
    fee = LineDraft(LineKind.LATE_CANCEL, "临时取消", "Late cancellation", fee_fen) if fee_fen else None

    shown = whatif.cancelling(order, fee, at=CLOSED)
    done = really(lambda: orders.cancel(reference=order.reference, fee=fee, at=CLOSED))
    assert shown.now == done
    assert everybody(shown.now) == 0
    order.refresh_from_db()
    assert shown.owes_fen == order.due_fen
    assert shown.held_now_fen == order.kept_fen
    assert_settles_as_shown(shown, order)


@RANDOM_ORDERS
@given(data=st.data())
def test_effect_of_giving_back_is_what_giving_back_does(rules: None, data: st.DataObject) -> None:
    amounts = data.draw(st.lists(st.integers(1, 40000), min_size=1, max_size=3), label="lines")
    online_fen = data.draw(st.integers(0, sum(amounts)), label="online")
    order = completed_order(amounts, online_fen=online_fen)
    run = goodwill(order, data.draw(st.integers(1, amounts[0]), label="given back"))

    shown = whatif.effect_of(run, then_settle=order, at=CLOSED)
    assert shown.now == really(run)
    assert everybody(shown.now) == 0
    assert_settles_as_shown(shown, order)


def test_what_if_leaves_nothing_behind(django_capture_on_commit_callbacks: Any) -> None:
    order = completed_order(online_fen=10000)
    give_coupon(other := money_order(), CouponFunder.PLATFORM, 1000, 0)

    def run() -> None:
        orders.cancel(reference=other.reference, fee=FEE, at=CLOSED)
        goodwill(order, 15000)()
        alarms.raise_alarm(kind=AlarmKind.BOOKS_OFF, key="what-if", at=CLOSED)

    before = rows_of_everything()
    with django_capture_on_commit_callbacks() as callbacks:
        shown = whatif.effect_of(run, then_settle=order, at=CLOSED)
    assert callbacks == []
    assert shown.now.owner_fen == 15000
    assert rows_of_everything() == before


def test_refusal_of_the_action_passes_through_and_nothing_stays() -> None:
    order = completed_order()
    before = rows_of_everything()
    with pytest.raises(NotRefundableError):
        whatif.effect_of(goodwill(order, 26801), at=CLOSED)
    with pytest.raises(OrderClosedError) as refused:
        whatif.cancelling(order, None, at=CLOSED)
    assert isinstance(refused.value, Refusal)
    assert rows_of_everything() == before


def test_movement_that_the_database_refuses_at_the_end_is_refused_now() -> None:
    def run() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO payments_ledgertransaction"
                " (kind, idempotency_key, request_hash, currency, at, data, written_in)"
                " VALUES ('paid', 'empty', repeat('0', 64), 'CNY', now(), '{}', 0)"
            )

    with pytest.raises(Exception, match="has 0 legs"):
        whatif.effect_of(run, at=CLOSED)


def test_what_others_post_meanwhile_is_not_counted() -> None:
    """Only what this database transaction wrote counts, and of that only what `run` did."""
    order = money_order()
    with transaction.atomic():
        paid_online(order, 5000)
        shown = whatif.cancelling(order, None, at=CLOSED)
    assert shown.now.owner_online_fen == 5000
    assert shown.now.held_fen == -5000


def test_rows_say_who_gets_what_and_when(rules: None) -> None:
    order = money_order(20000)
    paid_online(order, 10000)
    shown = whatif.cancelling(order, FEE, at=CLOSED)
    with translation.override("en"):
        told = [(str(row.who), row.amount_fen, row.at) for row in effect_words.table(shown, order).rows]
    due_at = CLOSED + DISPUTE_WINDOW
    assert told == [
        ("Owner", 7000, None),
        ("Shop", 2742, due_at),
        ("Platform", 258, due_at),
        ("Held back", 3000, due_at),
    ]


def test_unpaid_fee_is_said_to_be_owed() -> None:
    order = money_order(20000)
    shown = whatif.cancelling(order, FEE, at=CLOSED)
    assert (shown.owes_fen, shown.now) == (3000, Moved())
    assert any(row.amount_fen == -3000 for row in effect_words.table(shown, order).rows)


def test_empty_effect_says_nothing() -> None:
    assert whatif.effect_of(lambda: None, at=CLOSED) == Effect(now=Moved())
