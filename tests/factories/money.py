"""Orders with money on them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from accounts.models import User
from core.ids import new_public_id
from payments import orders, postings
from payments.choices import LineKind, PaymentStatus, ProviderKey, Purpose
from payments.ledger import post
from payments.models import Order, Payment
from payments.orders import LineDraft, OrderDraft
from shops.models import Shop
from tests.factories.accounts import UserFactory
from tests.factories.shops import open_shop

OPENED = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
CLOSED = OPENED + timedelta(hours=3)


def work(amount_fen: int, title: str = "Oil service") -> LineDraft:
    return LineDraft(LineKind.WORK, "小保养", title, amount_fen, labour_fen=amount_fen // 2)


def money_order(
    total_fen: int = 26800, *, payer: User | None = None, shop: Shop | None = None, at: datetime = OPENED
) -> Order:
    """An open order of a visit, nothing paid."""
    reference = new_public_id()
    return orders.open_order(
        OrderDraft(
            reference=reference,
            number=f"N-{reference[:6]}",
            shop=shop or open_shop(),
            payer=payer or UserFactory(),
            title_zh="小保养",
            title_en="Oil service",
            total_fen=total_fen,
        ),
        at=at,
    )


def paid_online(order: Order, amount_fen: int, *, at: datetime = OPENED) -> Payment:
    """Money that has come through the sandbox provider, as `payments` books it."""
    payment = Payment.objects.create(
        order=order,
        provider=ProviderKey.SANDBOX,
        purpose=Purpose.BALANCE,
        amount_fen=amount_fen,
        currency=order.currency,
        request_no=new_public_id(),
        status=PaymentStatus.PAID,
        created_at=at,
        expires_at=at,
        paid_at=at,
    )
    order.paid_fen += amount_fen
    order.save(update_fields=["paid_fen"])
    post(postings.paid(payment), at=at)
    return payment


def completed_order(
    amounts: Sequence[int] = (20000, 6800),
    *,
    online_fen: int | None = None,
    payer: User | None = None,
    shop: Shop | None = None,
    at: datetime = CLOSED,
) -> Order:
    """An order whose car was handed over at `at`; `online_fen` (None: all) was paid online, the rest at the shop."""
    order = money_order(sum(amounts), payer=payer, shop=shop, at=at - (CLOSED - OPENED))
    online_fen = order.total_fen if online_fen is None else online_fen
    if online_fen:
        paid_online(order, online_fen, at=at - timedelta(hours=2))
    lines = [work(fen, f"Work {position}") for position, fen in enumerate(amounts, start=1)]
    orders.complete(reference=order.reference, lines=lines, at=at)
    order.refresh_from_db()
    return order
