"""The owner's receipt as a PDF, in the reader's language: what was done, what was paid how and when, what came back.

Its sums are asked once more before they are printed: a receipt that does not add up is never given out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from core import day_words
from core.money import format_fen_exact
from payments.choices import CouponUseStatus, OrderStatus, PaymentStatus, ProviderKey, RefundStatus
from payments.models import Order, OrderLine, Payment, Refund
from vehicles.record.exports.paper import BRAND, BRAND_SOFT, INK2, WHITE, Paper

_LEFT, _TOP, _WIDTH = 16.0, 16.0, 178.0
_MONEY = 32.0
_ROW = 6.2


class ReceiptError(Exception):
    """The sums of an order do not add up: nothing is printed."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What stands on a receipt. Amounts are fen."""

    order: Order
    lines: Sequence[OrderLine]
    payments: Sequence[Payment]
    refunds: Sequence[Refund]
    coupon_code: str

    @property
    def paid_fen(self) -> int:
        return sum(payment.amount_fen for payment in self.payments)

    @property
    def refunded_fen(self) -> int:
        return sum(refund.amount_fen for refund in self.refunds)

    @property
    def net_fen(self) -> int:
        """What the owner has paid and keeps paid."""
        return self.paid_fen - self.refunded_fen


def read(order: Order) -> Receipt:
    """What a closed order's receipt says. Four queries. Raises ReceiptError where it does not add up."""
    refunds = order.refunds.select_related("payment")
    use = order.coupon_uses.filter(status=CouponUseStatus.USED).select_related("coupon").first()
    receipt = Receipt(
        order=order,
        lines=list(order.lines.order_by("position", "pk")),
        payments=list(order.payments.filter(status=PaymentStatus.PAID).order_by("paid_at", "pk")),
        refunds=list(refunds.order_by("requested_at", "pk")),
        coupon_code=use.coupon.code if use else "",
    )
    _check(receipt)
    return receipt


def _check(receipt: Receipt) -> None:
    order = receipt.order
    if (receipt.paid_fen, receipt.refunded_fen) != (order.paid_fen, order.refunded_fen):
        raise ReceiptError(order.number)
    if bool(receipt.coupon_code) != bool(order.coupon_fen):
        raise ReceiptError(order.number)
    if sum(line.kept_fen for line in receipt.lines) != order.total_fen:
        raise ReceiptError(order.number)


def as_pdf(receipt: Receipt) -> bytes:
    """The receipt in the active language; times are the shop's."""
    order = receipt.order
    paper = Paper(_("Receipt %(number)s · %(shop)s") % {"number": order.number, "shop": order.shop.name})
    paper.set_title(_("Receipt %(number)s") % {"number": order.number})
    paper.set_creator("CarKeeper")
    paper.add_page()
    _header(paper, order)
    _lines(paper, receipt)
    _moves(paper, receipt)
    _sum(paper, receipt)
    return bytes(paper.output())


def _header(paper: Paper, order: Order) -> None:
    shop = order.shop
    paper.box(_LEFT, _TOP, 9, 9, fill=BRAND)
    paper.set_xy(_LEFT, _TOP)
    paper.say("车", size=13, colour=WHITE, width=9, align="C", height=9)
    paper.set_xy(_LEFT + 12, _TOP)
    paper.say(_("CarKeeper"), size=11, bold=True, height=9)
    paper.set_xy(_LEFT, _TOP)
    paper.say(_("Number %(number)s") % {"number": order.number}, colour=INK2, width=_WIDTH, align="R", height=9)
    paper.set_xy(_LEFT, _TOP + 14)
    paper.tell(_("Receipt"), size=20, bold=True)
    paper.tell(shop.name, size=11, bold=True)
    paper.tell(f"{shop.district} {shop.address}", colour=INK2)
    if order.closed_at:
        paper.tell(_("Closed %(time)s") % {"time": _time(order, order.closed_at)}, colour=INK2)
    paper.set_y(paper.get_y() + 4)


def _lines(paper: Paper, receipt: Receipt) -> None:
    is_off = receipt.order.status == OrderStatus.CANCELLED
    _title(paper, _("The visit did not take place") if is_off else _("What was done"))
    for line in receipt.lines:
        _row(paper, line.title, line.amount_fen)
        if line.refunded_fen:
            words = _("of which waived") if is_off else _("of which given back")
            _row(paper, words, -line.refunded_fen, is_note=True)
    if not receipt.lines:
        paper.tell(_("Nothing was charged."), colour=INK2)
    _row(paper, _("Price, tax included"), receipt.order.total_fen, is_total=True)


def _moves(paper: Paper, receipt: Receipt) -> None:
    order = receipt.order
    if not (receipt.payments or receipt.coupon_code):
        return
    _title(paper, _("How it was paid"))
    if receipt.coupon_code:
        _row(paper, _("Coupon %(code)s") % {"code": receipt.coupon_code}, order.coupon_fen)
    for payment in receipt.payments:
        assert payment.paid_at is not None  # noqa: S101  (a constraint of the table)
        _row(paper, f"{way_of(payment)} · {_time(order, payment.paid_at)}", payment.amount_fen)
    for refund in receipt.refunds:
        words = _("Given back") if refund.status == RefundStatus.DONE else _("On its way back")
        at = refund.done_at or refund.requested_at
        _row(paper, f"{words} · {way_of(refund.payment)} · {_time(order, at)}", -refund.amount_fen)


def _sum(paper: Paper, receipt: Receipt) -> None:
    paper.room(34)
    top = paper.get_y() + 5
    paper.box(_LEFT, top, _WIDTH, 14, fill=BRAND_SOFT)
    paper.set_xy(_LEFT + 4, top + 4.5)
    paper.say(_("You have paid"), size=11, bold=True, width=_WIDTH - _MONEY - 8)
    paper.set_xy(_LEFT + _WIDTH - _MONEY - 4, top + 4.5)
    paper.say(format_fen_exact(receipt.net_fen), size=11, bold=True, width=_MONEY, align="R")
    paper.set_xy(_LEFT, top + 18)
    due_fen = receipt.order.due_fen
    if due_fen:
        paper.tell(_("Still to be paid: %(amount)s") % {"amount": format_fen_exact(due_fen)})
    paper.tell(_("This is not a tax invoice (fapiao). Ask the shop for one."), size=8, colour=INK2)


def way_of(payment: Payment) -> str:
    """How money came: through whom, at the counter also by what."""
    if payment.provider == ProviderKey.SHOP:
        return f"{ProviderKey.SHOP.label}{pgettext('after a label', ': ')}{payment.get_shop_method_display()}"
    return str(payment.get_provider_display())


def _time(order: Order, at: datetime) -> str:
    local = at.astimezone(order.shop.zone)
    return f"{day_words.full_day(local.date())} {local:%H:%M}"


def _title(paper: Paper, text: str) -> None:
    paper.room(20)
    paper.set_xy(_LEFT, paper.get_y() + 4)
    paper.tell(text, size=12.5, bold=True)
    paper.set_y(paper.get_y() + 1.5)


def _row(paper: Paper, text: str, fen: int, *, is_total: bool = False, is_note: bool = False) -> None:
    width = _WIDTH - _MONEY - 4
    size = 8.0 if is_note else 9.5
    height = paper.lines_of(text, size=size, width=width, bold=is_total) * size * 0.5 + (_ROW - 4.75)
    paper.room(height)
    top = paper.get_y()
    paper.rule(top)
    paper.set_xy(_LEFT + _WIDTH - _MONEY, top + 1.2)
    paper.say(format_fen_exact(fen), size=size, bold=is_total, width=_MONEY, align="R")
    paper.set_xy(_LEFT, top + 1.2)
    if is_note:
        paper.tell(text, size=size, colour=INK2, width=width)
    else:
        paper.tell(text, size=size, bold=is_total, width=width)
    paper.set_xy(_LEFT, top + height + 1)
