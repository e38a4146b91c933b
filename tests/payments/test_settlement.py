"""Settlement: what each line comes to, when, once; and what happens when something goes wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from payments import settlement
from payments.choices import AccountKind, SettlementStatus
from payments.commission import RuleDraft, publish
from payments.ledger import balance_fen, totals
from payments.models import StatementLine
from payments.postings import held
from tests.factories.money import CLOSED, completed_order
from tests.payments.books import check_books

pytestmark = pytest.mark.django_db
DUE = CLOSED + timedelta(days=7)
PUBLISHED = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _books(db: None) -> Iterator[None]:
    yield
    check_books()


@pytest.fixture
def rules(db: None) -> None:
    drafts = [RuleDraft(commission_bp=800, processing_bp=60)]
    publish(rules=drafts, note="First.", valid_from=PUBLISHED, by=None, at=PUBLISHED)


def settled(order_id: int) -> list[tuple[int, int, int, int, int]]:
    lines = StatementLine.objects.filter(order_id=order_id, settlement__isnull=False).order_by("line__position")
    return [(row.gross_fen, row.commission_fen, row.processing_fen, row.coupon_fen, row.net_fen) for row in lines]


@pytest.mark.usefixtures("rules")
def test_visit_paid_online_is_settled_after_the_dispute_window() -> None:
    order = completed_order((20000, 6833))
    (row,) = order.settlements.all()
    assert settlement.settle(settlement_id=row.pk, at=DUE - timedelta(seconds=1)) is False
    assert settlement.settle(settlement_id=row.pk, at=DUE) is True
    assert settled(order.pk) == [(20000, 1600, 120, 0, 18280), (6833, 546, 40, 0, 6247)]
    assert balance_fen(held(order)) == 0
    assert totals() == {
        (AccountKind.PSP_CLEARING, "CNY"): 26833,
        (AccountKind.SHOP_PAYABLE, "CNY"): 24527,
        (AccountKind.COMMISSION, "CNY"): 2146,
        (AccountKind.FEES, "CNY"): 160,
    }
    row.refresh_from_db()
    assert (row.status, row.settled_at) == (SettlementStatus.SETTLED, DUE)


@pytest.mark.usefixtures("rules")
def test_settled_again_is_settled_once() -> None:
    order = completed_order()
    row = order.settlements.get()
    assert [settlement.settle(settlement_id=row.pk, at=DUE) for _again in range(2)] == [True, False]
    assert len(settled(order.pk)) == 2
    assert settlement.settle_due(at=DUE, limit=10) == 0
