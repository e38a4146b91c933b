"""Telling the owner that money has come, or gone back."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core import outbox
from core.models import OutboxEvent
from core.money import format_fen
from notifications import keys, telling
from payments.choices import PaymentStatus, ProviderKey
from payments.message_kinds import PAID, REFUNDED
from payments.models import Order, Payment, Refund


def connect() -> None:
    """Subscribe to payments and refunds; called once when the app is ready."""
    outbox.subscribe("payment.paid")(tell_paid)
    outbox.subscribe("refund.done")(tell_refunded)


def tell_paid(event: OutboxEvent) -> None:
    """Say that a payment has come; nothing where the payer has no account or it went back at once."""
    payments = Payment.objects.select_related("order__shop", "order__payer")
    payment = payments.filter(public_id=event.payload.get("payment", ""), status=PaymentStatus.PAID).first()
    if payment is not None and payment.refunded_fen < payment.amount_fen:
        _tell(PAID, payment.public_id, payment.order, payment, payment.amount_fen)


def tell_refunded(event: OutboxEvent) -> None:
    """Say that a refund has arrived."""
    refunds = Refund.objects.select_related("payment", "order__shop", "order__payer")
    refund = refunds.filter(public_id=event.key).first()
    if refund is not None:
        _tell(REFUNDED, refund.public_id, refund.order, refund.payment, refund.amount_fen)


def _tell(kind: str, subject: str, order: Order, payment: Payment, amount_fen: int) -> None:
    if order.payer is None:
        return
    path = reverse("paying:order", args=[order.public_id])
    telling.tell(
        kind=kind,
        key=keys.make(kind, subject),
        to=order.payer,
        context=lambda: {**_facts(order, payment, amount_fen), "pay_url": settings.SITE_URL.rstrip("/") + path},
        path=path,
        at=timezone.now(),
    )


def _facts(order: Order, payment: Payment, amount_fen: int) -> dict[str, str]:
    return {
        "number": order.number,
        "service": order.title,
        "shop_name": order.shop.name,
        "amount": format_fen(amount_fen),
        "way": "" if payment.provider == ProviderKey.SHOP else payment.get_provider_display(),
        "due": format_fen(order.due_fen) if order.due_fen else "",
        "action_words": _("See what was paid"),
    }
