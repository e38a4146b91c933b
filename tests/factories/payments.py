"""Money that came online, without a provider: recorded by the code that records a provider's word."""

from __future__ import annotations

from datetime import datetime, timedelta

from core import outbox
from core.ids import new_public_id
from core.models import OutboxEvent
from payments import collecting
from payments.choices import PaymentStatus, ProviderKey, Purpose
from payments.models import Order, Payment
from payments.providers.base import Answer, Standing


def pending_payment(order: Order, amount_fen: int, *, at: datetime) -> Payment:
    """A payment that the owner was sent to the sandbox with."""
    payment: Payment = Payment.objects.create(
        order=order,
        provider=ProviderKey.SANDBOX,
        purpose=Purpose.BALANCE,
        amount_fen=amount_fen,
        request_no=new_public_id(),
        status=PaymentStatus.PENDING,
        created_at=at,
        created_by=order.payer,
        expires_at=at + timedelta(minutes=15),
        pay_url="http://127.0.0.1:9/pay/secret/",
    )
    return payment


def pay_online(order: Order, amount_fen: int, *, at: datetime) -> Payment:
    """The owner pays `amount_fen` of an order; what follows from it is not handled yet (`follow_up`)."""
    payment = pending_payment(order, amount_fen, at=at)
    answer = Answer(Standing.DONE, amount_fen, "CNY", provider_ref="sbx-1", at=at)
    return collecting.record(payment_id=payment.pk, answer=answer, at=at)


def follow_up(*topics: str, at: datetime) -> None:
    """Handle the events of these topics that are due by `at`, as the worker would."""
    waiting = OutboxEvent.objects.filter(topic__in=topics, handled_at__isnull=True, due_at__lte=at)
    for event_id in waiting.order_by("pk").values_list("pk", flat=True):
        assert outbox.handle(event_id=event_id, at=at)
