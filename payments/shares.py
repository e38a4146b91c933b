"""How a line of an order is shared between shop, platform and who gives a coupon. Pure arithmetic on whole fen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from payments.commission import Rate, part


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Share a total out by weights: whole parts that add up to it, none more than one away from its exact share.

    What rounding down leaves goes to the largest remainders, of equal ones to the first. Where nothing weighs anything
    the first gets all. Raises ValueError for a negative total or weight, or a total with nobody to bear it.
    """
    if total < 0 or any(weight < 0 for weight in weights) or (total and not weights):
        raise ValueError(f"{total} cannot be shared out by {weights}")
    whole = sum(weights)
    if not whole:
        return [total if number == 0 else 0 for number in range(len(weights))]
    parts = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda number: (-remainders[number], number))
    for number in by_remainder[: total - sum(parts)]:
        parts[number] += 1
    return parts


@dataclass(frozen=True, slots=True)
class Share:
    """What becomes of one line, fen. `net_fen` is the shop's; below zero it owes it: its coupon was worth more than
    what is left of the line."""

    gross_fen: int
    refunded_fen: int
    commission_fen: int
    processing_fen: int
    coupon_fen: int
    rule_id: int | None

    @property
    def kept_fen(self) -> int:
        """What is held for the line."""
        return self.gross_fen - self.refunded_fen

    @property
    def net_fen(self) -> int:
        return self.kept_fen - self.commission_fen - self.processing_fen - self.coupon_fen


def share_of(*, amount_fen: int, refunded_fen: int, coupon_fen: int, online_fen: int, rate: Rate) -> Share:
    """What becomes of a line of `amount_fen`, of which `refunded_fen` went back; `coupon_fen` of it is the shop's own
    coupon, `online_fen` was paid online.

    Commission is taken of what the shop gets for it: what is left after refunds, without its own coupon. The payment
    fee is taken of what is left of the part that was paid online. Both are rounded down, in the shop's favour.
    """
    kept_fen = amount_fen - refunded_fen
    earned_fen = max(0, kept_fen - coupon_fen)
    return Share(
        gross_fen=amount_fen,
        refunded_fen=refunded_fen,
        commission_fen=part(earned_fen, rate.commission_bp),
        processing_fen=part(min(online_fen, earned_fen), rate.processing_bp),
        coupon_fen=coupon_fen,
        rule_id=rate.rule_id,
    )
