"""What the overview shows: money of today and of the month, where money stands now, each with the way to its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from payments import ledger
from payments.choices import (
    DISPUTE_OPEN,
    AccountKind,
    PaymentStatus,
    PayoutStatus,
    RefundStatus,
    SettlementStatus,
    StatementKind,
)
from payments.models import Alarm, BookCheck, Dispute, Payment, Payout, Refund, Settlement, StatementLine
from payments.reconciliation import book_check

CURRENCY = "CNY"
_SETTLED = (StatementKind.WORK, StatementKind.FEE)


@dataclass(frozen=True, slots=True)
class Flow:
    """Money that moved: today and since the first of the month, with how often."""

    label: str | Promise
    today_fen: int
    today_count: int
    month_fen: int
    month_count: int
    today_link: str
    month_link: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Money that stands somewhere now."""

    label: str | Promise
    fen: int
    link: str
    note: str | Promise = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Overview:
    flows: list[Flow]
    standings: list[Standing]
    looked: BookCheck | None
    equations: list[book_check.Equation]
    open_alarms: int


def load(*, at: datetime) -> Overview:
    """Everything on the page; days are days of the platform's zone. A constant number of queries."""
    today = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    looked = BookCheck.objects.order_by("-at", "-pk").first()
    return Overview(
        flows=_flows(today, today.replace(day=1)),
        standings=_standings(),
        looked=looked,
        equations=book_check.equations_of(looked) if looked else [],
        open_alarms=Alarm.objects.filter(resolved_at__isnull=True).count(),
    )


def rows(model: str, **lookups: Any) -> str:
    """The admin's list of a model's rows."""
    query = {name: value.isoformat() if isinstance(value, datetime) else str(value) for name, value in lookups.items()}
    return reverse(f"admin:payments_{model}_changelist", query=query or None)


def _flows(today: datetime, month: datetime) -> list[Flow]:
    lines = StatementLine.objects.filter(kind__in=_SETTLED, currency=CURRENCY)
    kinds = {"kind__in": ",".join(_SETTLED)}
    return [
        _flow(_("Paid in"), Payment.objects.filter(status=PaymentStatus.PAID), "paid_at", today, month),
        _flow(_("Given back"), Refund.objects.filter(status=RefundStatus.DONE), "done_at", today, month),
        _flow(_("Settled with shops"), lines, "at", today, month, fen=F("gross_fen") - F("refunded_fen"), **kinds),
        _flow(_("Commission"), lines, "at", today, month, fen=F("commission_fen"), **kinds),
        _flow(_("Paid out to shops"), Payout.objects.filter(status=PayoutStatus.PAID), "closed_at", today, month),
    ]


def _flow(
    label: str | Promise,
    found: QuerySet[Any],
    time: str,
    today: datetime,
    month: datetime,
    fen: Any = None,
    **lookups: Any,
) -> Flow:
    amount, is_today = fen or F("amount_fen"), Q(**{f"{time}__gte": today})
    sums = found.filter(currency=CURRENCY, **{f"{time}__gte": month}).aggregate(
        month_fen=Coalesce(Sum(amount), 0),
        month_count=Count("pk"),
        today_fen=Coalesce(Sum(amount, filter=is_today), 0),
        today_count=Count("pk", filter=is_today),
    )
    model = found.model._meta.model_name or ""
    lookups = lookups or {"status__exact": {"payment": "paid", "refund": "done", "payout": "paid"}[model]}
    links = (rows(model, **{f"{time}__gte": since}, **lookups) for since in (today, month))
    return Flow(label, sums["today_fen"], sums["today_count"], sums["month_fen"], sums["month_count"], *links)


def _standings() -> list[Standing]:
    totals = ledger.totals()

    def fen(kind: AccountKind) -> int:
        return totals.get((kind, CURRENCY), 0)

    def accounts(kind: AccountKind) -> str:
        return rows("ledgeraccount", kind__exact=kind)

    parked = Settlement.objects.filter(status=SettlementStatus.DUE, parked_at__isnull=False).count()
    failed = Refund.objects.filter(status=RefundStatus.FAILED).count()
    disputes = Dispute.objects.filter(status__in=DISPUTE_OPEN).count()
    failed_note = _("%(count)s refused by the provider") % {"count": failed} if failed else ""
    parked_note = _("%(count)s settlements given up") % {"count": parked} if parked else ""
    suspense = fen(AccountKind.SUSPENSE)
    return [
        Standing(_("At providers and the bank"), fen(AccountKind.PSP_CLEARING), accounts(AccountKind.PSP_CLEARING)),
        Standing(_("Held for owners"), fen(AccountKind.HELD), accounts(AccountKind.HELD), parked_note),
        Standing(
            _("In dispute"),
            fen(AccountKind.DISPUTE_RESERVE),
            rows("dispute", status__in=",".join(DISPUTE_OPEN)),
            _("%(count)s open") % {"count": disputes},
        ),
        Standing(_("Owed to shops"), fen(AccountKind.SHOP_PAYABLE), accounts(AccountKind.SHOP_PAYABLE)),
        Standing(_("Owed by shops"), fen(AccountKind.SHOP_RECEIVABLE), accounts(AccountKind.SHOP_RECEIVABLE)),
        Standing(
            _("Refunds on their way"),
            fen(AccountKind.REFUND_CLEARING),
            reverse("platform_money:suspense") if failed else rows("refund", status__exact=RefundStatus.REQUESTED),
            failed_note,
            "bad" if failed else "",
        ),
        Standing(
            _("Payouts on their way"),
            fen(AccountKind.PAYOUT_CLEARING),
            rows("payout", status__in=f"{PayoutStatus.CREATED},{PayoutStatus.SENT}"),
        ),
        Standing(_("Coupons paid for"), fen(AccountKind.COUPON_FUNDING), accounts(AccountKind.COUPON_FUNDING)),
        Standing(_("Not explained"), suspense, reverse("platform_money:suspense"), "", "bad" if suspense else ""),
    ]
