"""The life of an order, and the books after each step."""

from datetime import UTC, datetime

import pytest

from payments import orders
from payments.choices import AccountKind, LineKind, OrderStatus, ProviderKey, StatementKind
from payments.ledger import balance_fen, totals, trial_balance_fen
from payments.models import Order, Settlement, StatementLine
from payments.orders import DISPUTE_WINDOW, LineDraft, OrderDraft
from payments.postings import held, receivable
from tests.factories.shops import open_shop

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)


def opened(total_fen: int = 26800, reference: str = "visit00000000001") -> Order:
    draft = OrderDraft(
        reference=reference,
        number="SH-1102-001",
        shop=open_shop(),
        payer=None,
        title_zh="小保养",
        title_en="Oil service",
        total_fen=total_fen,
    )
    return orders.open_order(draft, at=AT)


def work(amount_fen: int, title: str = "Oil service") -> LineDraft:
    return LineDraft(LineKind.WORK, "小保养", title, amount_fen, labour_fen=amount_fen // 2)


def test_order_paid_at_the_shop_is_held_until_it_is_settled() -> None:
    order = opened()
    done = orders.complete(reference=order.reference, lines=[work(20000), work(6800)], at=AT)
    assert done is not None
    assert (done.status, done.total_fen, done.paid_fen, done.due_fen) == (OrderStatus.COMPLETED, 26800, 26800, 0)
    assert balance_fen(held(order)) == 26800
    assert balance_fen(receivable(order.shop_id)) == 26800
    assert trial_balance_fen() == {"CNY": 0}
    assert Settlement.objects.get(order=order).due_at == AT + DISPUTE_WINDOW
    line = StatementLine.objects.get(order=order)
    assert (line.kind, line.net_fen) == (StatementKind.PAID_AT_SHOP, -26800)
    assert done.payments.get().provider == ProviderKey.SHOP


def test_order_completed_twice_is_completed_once() -> None:
    order = opened()
    for _again in range(2):
        orders.complete(reference=order.reference, lines=[work(26800)], at=AT)
    assert order.lines.count() == 1
    assert totals() == {(AccountKind.HELD, "CNY"): 26800, (AccountKind.SHOP_RECEIVABLE, "CNY"): 26800}
