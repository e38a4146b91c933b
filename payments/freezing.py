"""Money that its provider keeps frozen for us until it is shared out, and no longer than its rules allow."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from payments.alarms import raise_alarm
from payments.choices import ORDER_KINDS, AlarmKind, PaymentStatus, StatementSide
from payments.models import LedgerAccount, Payment, StatementLine

# How long before the end a person is told (product decision: two weeks are enough to decide a dispute and to pay out).
WARNED_BEFORE = timedelta(days=14)


def ending(*, at: datetime) -> QuerySet[Payment]:
    """Payments whose freeze ends within `WARNED_BEFORE` of `at`, or has ended, while a part of the order's money is
    still held, or owed to the shop."""
    held = LedgerAccount.objects.filter(order=OuterRef("order"), kind__in=ORDER_KINDS, balance_fen__gt=0)
    owed = StatementLine.objects.filter(order=OuterRef("order"), side=StatementSide.PAYABLE, payout__isnull=True)
    ends = Payment.objects.filter(status=PaymentStatus.PAID, freeze_ends_at__lte=at + WARNED_BEFORE)
    return ends.filter(Q(Exists(held)) | Q(Exists(owed))).select_related("order").order_by("freeze_ends_at", "pk")


def warn(*, at: datetime) -> int:
    """Raise an alarm for each of them; returns how many."""
    payments = list(ending(at=at))
    for payment in payments:
        data = {
            "order": payment.order.number,
            "provider": payment.provider,
            "amount_fen": payment.amount_fen,
            "freeze_ends_at": payment.freeze_ends_at.isoformat() if payment.freeze_ends_at else "",
        }
        with transaction.atomic():
            raise_alarm(kind=AlarmKind.FREEZE_ENDS, key=payment.public_id, at=at, data=data)
    return len(payments)
