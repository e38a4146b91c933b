"""What payments keep about a person, given out and let go of (`accounts.privacy`).

Books are kept by law (Accounting Law, archives: 30 years), so orders, payments, refunds and decisions stay; the account
that they point to has no name any more. What a person wrote and showed in a dispute goes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts import privacy
from accounts.models import User
from core.errors import Conflict
from payments.choices import (
    DISPUTE_OPEN,
    MoneyRole,
    OrderStatus,
    PaymentStatus,
    ProviderKey,
    RefundStatus,
    SettlementStatus,
)
from payments.models import CouponUse, Dispute, DisputeEvent, DisputePhoto, Order, Payment, Refund


class MoneyUnderWayError(Conflict):
    """Somebody to whom money may still go back cannot vanish."""

    code = "money_under_way"
    message = _("Money of yours is still held or on its way back. You can delete your account once that is done.")


class OpenDisputeError(Conflict):
    code = "open_dispute"
    message = _("You have a dispute that is not decided. Withdraw it or wait for the decision first.")


def connect() -> None:
    """Register with `accounts.privacy`; called once when the app is ready."""
    privacy.register("payments", export=export, erase=erase)


def export(user: User) -> dict[str, Any]:
    """The person's orders with what was paid, given back and disputed, and the coupons they used."""
    orders = Order.objects.visible_to(user).select_related("shop")
    orders = orders.prefetch_related("lines", "payments", "refunds", "disputes__lines", "disputes__events")
    uses = CouponUse.objects.filter(person=user).select_related("coupon", "order")
    return {
        "orders": [_order(order) for order in orders.order_by("pk")],
        "coupons": [
            {"code": use.coupon.code, "order": use.order.number, "amount_fen": use.amount_fen, "status": use.status}
            for use in uses.order_by("pk")
        ],
    }


def _order(order: Order) -> dict[str, Any]:
    return {
        "number": order.number,
        "shop": order.shop.slug,
        "status": order.status,
        "opened_at": order.opened_at.isoformat(),
        "currency": order.currency,
        "total_fen": order.total_fen,
        "lines": [{"title": line.title_en, "amount_fen": line.amount_fen} for line in order.lines.all()],
        "payments": [_payment(payment) for payment in order.payments.all()],
        "refunds": [_refund(refund) for refund in order.refunds.all()],
        "disputes": [_dispute(dispute) for dispute in order.disputes.all()],
    }


def _payment(payment: Payment) -> dict[str, Any]:
    return {
        "number": payment.request_no,
        "through": payment.provider,
        "amount_fen": payment.amount_fen,
        "status": payment.status,
        "paid_at": payment.paid_at.isoformat() if payment.paid_at else None,
    }


def _refund(refund: Refund) -> dict[str, Any]:
    return {
        "number": refund.request_no,
        "amount_fen": refund.amount_fen,
        "reason": refund.reason,
        "status": refund.status,
        "requested_at": refund.requested_at.isoformat(),
    }


def _dispute(dispute: Dispute) -> dict[str, Any]:
    return {
        "reason": dispute.reason,
        "status": dispute.status,
        "opened_at": dispute.opened_at.isoformat(),
        "lines": [
            {"line": row.line_id, "claimed_fen": row.claimed_fen, "refund_fen": row.refund_fen}
            for row in dispute.lines.all()
        ],
        "record": [
            {"at": event.at.isoformat(), "step": event.step, "by": event.role, "text": event.text}
            for event in dispute.events.all()
        ],
    }


def erase(user: User, at: datetime) -> None:  # noqa: ARG001  (every keeper is told the time)
    """Empty the person's words in their disputes and delete their photos; what was paid and decided stays.

    Raises OpenDisputeError, and MoneyUnderWayError while money paid online is held or any is on its way back.
    """
    mine = Order.objects.visible_to(user)
    if mine.filter(disputes__status__in=DISPUTE_OPEN).exists():
        raise OpenDisputeError
    if _is_under_way(user):
        raise MoneyUnderWayError
    owners = {"dispute__order__in": mine, "role": MoneyRole.OWNER}
    DisputeEvent.objects.filter(**owners).exclude(text="").update(text="")
    for photo in DisputePhoto.objects.filter(**owners):
        photo.delete()


def _is_under_way(user: User) -> bool:
    """Whether money that they paid online is held, or any is going back to them. What was paid at the counter holds up
    nobody: the shop has it, and only a dispute could bring it back."""
    online = Payment.objects.filter(order__payer=user, status=PaymentStatus.PAID).exclude(provider=ProviderKey.SHOP)
    of_open = Q(order__status=OrderStatus.OPEN) & Q(refunded_fen__lt=F("amount_fen"))
    of_unsettled = Q(order__status=OrderStatus.COMPLETED, order__settlements__status=SettlementStatus.DUE)
    going_back = Refund.objects.filter(order__payer=user).exclude(status=RefundStatus.DONE)
    return online.filter(of_open | of_unsettled).exists() or going_back.exists()
