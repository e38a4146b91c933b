"""What a statement says in words: how a line was computed, and what happened to the money of an order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from core.money import format_fen
from payments.choices import OrderStatus, PayoutStatus, TransactionKind
from payments.models import FeeRule, StatementLine
from payments.statements.reading import OrderRow
from shops.choices import ShopKind


@dataclass(frozen=True)
class Look:
    """How a state is shown."""

    label: str | Promise
    tone: str
    icon: str


LOOKS = {
    "settled": Look(gettext_lazy("Settled"), "ok", "circle-check"),
    "refunded": Look(gettext_lazy("Part refunded"), "warn", "undo-2"),
    "disputed": Look(gettext_lazy("In dispute"), "part", "scale"),
    "waiting": Look(gettext_lazy("Not due yet"), "info", "clock"),
    "elsewhere": Look(gettext_lazy("On another statement"), "mute", "file-text"),
}
TABS = {
    "all": gettext_lazy("All"),
    "settled": gettext_lazy("Settled"),
    "waiting": gettext_lazy("Waiting"),
    "disputed": gettext_lazy("In dispute"),
    "refunded": gettext_lazy("With a refund"),
}
PAYOUT_LOOKS = {
    PayoutStatus.CREATED: Look(PayoutStatus.CREATED.label, "info", "clock"),
    PayoutStatus.SENT: Look(PayoutStatus.SENT.label, "info", "send"),
    PayoutStatus.PAID: Look(PayoutStatus.PAID.label, "ok", "circle-check"),
    PayoutStatus.FAILED: Look(PayoutStatus.FAILED.label, "bad", "triangle-alert"),
}


def percent(bp: int) -> str:
    """Hundredths of a percent: `600` → `6 %` / `6%`, `65` → `0.65 %`."""
    whole, rest = divmod(bp, 100)
    digits = f"{whole}.{rest:02d}".rstrip("0").rstrip(".")
    return f"{digits}%" if (get_language() or "").startswith("zh") else f"{digits} %"


def rule_words(rule: FeeRule) -> str:
    """`Rules v3, no. 2: independent shops · Oil service · from a turnover of ¥50,000`: which rule, and for whom."""
    whom = [str(ShopKind(rule.shop_kind).label)] if rule.shop_kind else []
    whom += [_("this shop")] if rule.shop_id else []
    whom += [rule.service.name] if rule.service else []
    if rule.min_volume_fen:
        whom.append(_("from a turnover of %(yuan)s a month") % {"yuan": format_fen(rule.min_volume_fen)})
    return _("Rules v%(version)s, no. %(number)s: %(whom)s") % {
        "version": rule.schedule.version,
        "number": rule.position,
        "whom": " · ".join(whom) or _("every shop and service"),
    }


@dataclass
class Share:
    """What one rule took of an order's lines, fen; commission is taken of `base_fen`, what the shop gets for them."""

    rule: FeeRule | None
    base_fen: int = 0
    commission_fen: int = 0
    processing_fen: int = 0

    @property
    def words(self) -> str:
        return rule_words(self.rule) if self.rule else ""

    @property
    def commission(self) -> str:
        return percent(self.rule.commission_bp) if self.rule else ""

    @property
    def processing(self) -> str:
        return percent(self.rule.processing_bp) if self.rule else ""


def shares(lines: Iterable[StatementLine]) -> list[Share]:
    """How commission and payment fee of some lines were computed, rule by rule."""
    found: dict[int | None, Share] = {}
    for line in lines:
        share = found.setdefault(line.rule_id, Share(line.rule))
        share.base_fen += line.gross_fen - line.refunded_fen - line.coupon_fen
        share.commission_fen += line.commission_fen
        share.processing_fen += line.processing_fen
    return list(found.values())


@dataclass(frozen=True)
class Step:
    """Something that happened to the money of an order."""

    at: datetime
    text: str


def story(row: OrderRow) -> list[Step]:
    """What happened to the money of an order, oldest first: as its ledger transactions tell it, with the handover and
    the payouts."""
    ways = {f"paid:{payment.request_no}": payment.get_provider_display() for payment in row.payments}
    steps = [
        Step(transaction.at, _told(transaction.kind, ways.get(transaction.idempotency_key, "")))
        for transaction in row.transactions
    ]
    if row.order.closed_at:
        is_done = row.order.status == OrderStatus.COMPLETED
        words = _("Car handed over; the platform holds the money") if is_done else _("The visit did not happen")
        steps.append(Step(row.order.closed_at, words))
    for payout in row.payouts:
        steps.append(Step(payout.created_at, _("In a payout to the shop")))
        if payout.status == PayoutStatus.PAID and payout.closed_at:
            steps.append(Step(payout.closed_at, _("Paid out, %(number)s") % {"number": payout.provider_ref}))
    return sorted(steps, key=lambda step: step.at)


def _told(kind: str, way: str) -> str:
    words = str(_STORY.get(kind, TransactionKind(kind).label))
    return _("%(what)s: %(line)s") % {"what": words, "line": way} if kind == TransactionKind.PAID and way else words


_STORY: dict[str, str | Promise] = {
    TransactionKind.PAID: gettext_lazy("The owner paid"),
    TransactionKind.PAID_AT_SHOP: gettext_lazy("The owner paid at the shop"),
    TransactionKind.REFUND_REQUESTED: gettext_lazy("A refund is on its way to the owner"),
    TransactionKind.REFUND_DONE: gettext_lazy("The refund has arrived"),
    TransactionKind.REFUNDED_AT_SHOP: gettext_lazy("The shop gives money back"),
    TransactionKind.DISPUTE_HELD: gettext_lazy("Held back: the owner disputes it"),
    TransactionKind.SETTLED: gettext_lazy("Settled: owed to the shop"),
    TransactionKind.LATE_REFUND: gettext_lazy("Taken back from the shop for a refund"),
}
