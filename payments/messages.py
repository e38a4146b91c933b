"""Telling the owner that money has come, or gone back: short, over the channels they chose.

Handlers run at least once for each event.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from core import outbox
from core.models import OutboxEvent
from core.money import format_fen
from notifications.delivery import send_template
from notifications.preferences import channels_for
from payments.choices import PaymentStatus, ProviderKey
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
        _tell("paid", payment.order, payment, payment.amount_fen)


def tell_refunded(event: OutboxEvent) -> None:
    """Say that a refund has arrived."""
    refunds = Refund.objects.select_related("payment", "order__shop", "order__payer")
    refund = refunds.filter(public_id=event.key).first()
    if refund is not None:
        _tell("refunded", refund.order, refund.payment, refund.amount_fen)


def _tell(kind: str, order: Order, payment: Payment, amount_fen: int) -> None:
    if order.payer is None:
        return
    language = order.payer.language or settings.LANGUAGE_CODE
    with translation.override(language):
        context = _context(order, payment, amount_fen)
    for reach in channels_for(order.payer):
        send_template(
            channel=reach.channel,
            kind=f"payments/{kind}",
            recipient=reach.recipient,
            context=context,
            language=language,
        )


def _context(order: Order, payment: Payment, amount_fen: int) -> dict[str, Any]:
    root = settings.SITE_URL.rstrip("/")
    return {
        "number": order.number,
        "service": order.title,
        "shop_name": order.shop.name,
        "amount": format_fen(amount_fen),
        "way": "" if payment.provider == ProviderKey.SHOP else payment.get_provider_display(),
        "due": format_fen(order.due_fen) if order.due_fen else "",
        "pay_url": root + reverse("paying:order", args=[order.public_id]),
    }
