"""What an offer is about: whether a shop can make it, and carrying it out once the owner has accepted.

Money moves only here, through the flows that move it everywhere else.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from bookings.actions import Actor, locked
from bookings.choices import ActorRole
from bookings.floor import comebacks
from bookings.models import Booking
from core.errors import InvalidInput
from payments import coupons, late_refunds
from payments.choices import DISPUTE_OPEN, CouponFunder
from payments.coupons import CouponDraft
from payments.errors import LineInDisputeError, NotRefundableError
from payments.models import DisputedLine, Order, OrderLine
from reviews.choices import OfferKind
from reviews.follow_ups.errors import ComebackOpenError
from reviews.limits import MAX_VOUCHER_FEN, VOUCHER_VALID
from reviews.models import FollowUp, FollowUpOffer

# Codes are read out and typed: none of 0 and O, 1 and I.
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_CODE_LENGTH = 16


@dataclass(frozen=True, slots=True)
class OfferDraft:
    """What a shop offers: `lines` (public ids of lines of the visit) of a comeback, `order_line` and `amount_fen` of a
    refund, `amount_fen` of a voucher; `text` are the shop's words with it."""

    kind: OfferKind
    text: str = ""
    lines: Sequence[str] = ()
    order_line: OrderLine | None = None
    amount_fen: int | None = None


def check(follow_up: FollowUp, draft: OfferDraft) -> None:
    """Ask whether the shop can offer this now. Raises InvalidInput (fields "lines", "order_line", "amount"),
    ComebackOpenError, TooManyServicesError, NotRefundableError, LineInDisputeError."""
    has = (bool(draft.lines), draft.order_line is not None, draft.amount_fen is not None)
    wants = {
        OfferKind.COMEBACK: (True, False, False),
        OfferKind.REFUND: (False, True, True),
        OfferKind.VOUCHER: (False, False, True),
    }
    for field, is_there, is_wanted in zip(("lines", "order_line", "amount"), has, wants[draft.kind], strict=True):
        if is_there != is_wanted:
            raise InvalidInput(_NEEDED[field] if is_wanted else _("This does not belong to the offer."), field=field)
    _CHECKS[draft.kind](follow_up, draft)


_NEEDED = {
    "lines": _("Choose what is put right."),
    "order_line": _("Choose the line."),
    "amount": _("Say how much."),
}


def order_of(booking: Booking) -> Order | None:
    """The order of a visit, None where there is no money in it. One query."""
    return Order.objects.filter(reference=booking.public_id).first()


def refundable(booking: Booking) -> list[tuple[OrderLine, int]]:
    """The lines of a visit of which something can be given back, each with how much (fen): what a shop may offer.

    Lines in an open dispute are left out. Two queries, and one for each line.
    """
    order = order_of(booking)
    if order is None:
        return []
    disputed = DisputedLine.objects.filter(line__order=order, dispute__status__in=DISPUTE_OPEN).values("line")
    lines = order.lines.exclude(pk__in=disputed).order_by("position", "pk")
    amounts = [(line, late_refunds.refundable_fen(order, line)) for line in lines]
    return [(line, fen) for line, fen in amounts if fen]


def carry_out(offer: FollowUpOffer, follow_up: FollowUp, *, by: User, at: datetime) -> None:
    """Do what was accepted; the follow-up is locked, `by` is the owner. Sets what came of it on `offer`, unsaved.

    Raises what the flow raises: then nothing has happened.
    """
    _CARRY_OUT[OfferKind(offer.kind)](offer, follow_up, by, at)


# --- Comeback ---------------------------------------------------------------------------------------


def _check_comeback(follow_up: FollowUp, draft: OfferDraft) -> None:
    booking, wanted = follow_up.booking, set(draft.lines)
    if comebacks.current(booking) is not None:
        raise ComebackOpenError
    lines = [line for line in comebacks.done_lines(booking) if line.public_id in wanted]
    if len(lines) < len(wanted):
        raise InvalidInput(_("Choose from what was done on this visit."), field="lines")
    if len(comebacks.fitting(booking, lines)) < len(lines):
        raise comebacks.TooManyServicesError(field="lines")


def _come_back(offer: FollowUpOffer, follow_up: FollowUp, by: User, at: datetime) -> None:
    """Under warranty or not: the shop has promised it. The visit is locked before it is asked, for its owner may be
    calling in the warranty in another window: that comeback is not this one."""
    booking = locked(follow_up.booking)
    if comebacks.current(booking) is not None:
        raise ComebackOpenError
    lines = list(booking.lines.filter(public_id__in=offer.lines))
    offer.comeback = comebacks.open(
        booking=booking, lines=lines, words="", by=Actor(ActorRole.OWNER, by), at=at, beyond_warranty=True
    )


# --- Refund -----------------------------------------------------------------------------------------


def _check_refund(follow_up: FollowUp, draft: OfferDraft) -> None:
    line, fen = draft.order_line, draft.amount_fen
    order = order_of(follow_up.booking)
    if order is None or line is None or line.order_id != order.pk:
        raise InvalidInput(_("Choose a line of this visit."), field="order_line")
    if DisputedLine.objects.filter(line=line, dispute__status__in=DISPUTE_OPEN).exists():
        raise LineInDisputeError(field="order_line")
    if type(fen) is not int or not 0 < fen <= late_refunds.refundable_fen(order, line):
        raise NotRefundableError(field="amount")


def _give_back(offer: FollowUpOffer, follow_up: FollowUp, by: User, at: datetime) -> None:  # noqa: ARG001  (of a table)
    line, fen = offer.order_line, offer.amount_fen
    assert line is not None and fen is not None  # noqa: S101, PT018  (a constraint of the table)
    note = f"Follow-up {follow_up.public_id}"
    late_refunds.give_back(order=line.order, line=line, amount_fen=fen, by=offer.made_by, note=note, at=at)


# --- Voucher ----------------------------------------------------------------------------------------


def _check_voucher(follow_up: FollowUp, draft: OfferDraft) -> None:  # noqa: ARG001  (of a table)
    if type(draft.amount_fen) is not int or not 0 < draft.amount_fen <= MAX_VOUCHER_FEN:
        raise InvalidInput(_("Say what it is worth, up to ¥10,000."), field="amount")


def _give_voucher(offer: FollowUpOffer, follow_up: FollowUp, by: User, at: datetime) -> None:
    assert offer.amount_fen is not None  # noqa: S101  (a constraint of the table)
    shop = follow_up.shop
    draft = CouponDraft(
        code="".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LENGTH)),
        name_zh=f"{shop.name}代金券"[:60],
        name_en=f"Voucher of {shop.name}"[:60],
        funder=CouponFunder.SHOP,
        value_fen=offer.amount_fen,
        starts_at=at,
        ends_at=at + VOUCHER_VALID,
        shop=shop,
        person=follow_up.owner,
        shop_percent=100,
        limit_total=1,
    )
    offer.coupon = coupons.create(draft, by=offer.made_by or by, at=at)
    offer.done_at = at


_CHECKS = {
    OfferKind.COMEBACK: _check_comeback,
    OfferKind.REFUND: _check_refund,
    OfferKind.VOUCHER: _check_voucher,
}
_CARRY_OUT = {
    OfferKind.COMEBACK: _come_back,
    OfferKind.REFUND: _give_back,
    OfferKind.VOUCHER: _give_voucher,
}
