"""Coupons on an order: used, fitted to the bill, given back. Shares are frozen when a coupon is used."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F

from payments import postings
from payments.choices import CouponUseStatus
from payments.ledger import post
from payments.models import Coupon, CouponUse, Order


def share(amount_fen: int, shop_percent: int) -> tuple[int, int]:
    """What platform and shop bear of an amount, fen; the odd fen is the platform's."""
    shop_fen = amount_fen * shop_percent // 100
    return amount_fen - shop_fen, shop_fen


def give_back(order: Order, *, at: datetime) -> None:
    """Give the coupon of a locked order back, if it has one: it can be used again."""
    use = _use_of(order)
    if use is None:
        return
    use.status, use.returned_at = CouponUseStatus.RETURNED, at
    use.save(update_fields=["status", "returned_at"])
    Coupon.objects.filter(pk=use.coupon_id).update(used_count=F("used_count") - 1)
    order.coupon_fen -= use.amount_fen
    order.save(update_fields=["coupon_fen"])
    post(postings.coupon_returned(use), at=at)


def fit(order: Order, *, at: datetime) -> None:
    """Make the coupon of a locked order cover no more than its price: what it is worth above that goes back."""
    use = _use_of(order)
    if use is None or use.amount_fen <= order.total_fen:
        return
    coupon, person_id = use.coupon, use.person_id
    give_back(order, at=at)
    if order.total_fen:
        put(order, coupon=coupon, person_id=person_id, amount_fen=order.total_fen, at=at)


def put(order: Order, *, coupon: Coupon, person_id: int, amount_fen: int, at: datetime) -> CouponUse:
    """Use a coupon for a locked order with `amount_fen`, whatever its limits; `use` asks them first."""
    platform_fen, shop_fen = share(amount_fen, coupon.shop_percent)
    use = CouponUse.objects.create(
        coupon=coupon, order=order, person_id=person_id, platform_fen=platform_fen, shop_fen=shop_fen, used_at=at
    )
    Coupon.objects.filter(pk=coupon.pk).update(used_count=F("used_count") + 1)
    order.coupon_fen += use.amount_fen
    order.save(update_fields=["coupon_fen"])
    post(postings.coupon_used(use), at=at)
    return use


def _use_of(order: Order) -> CouponUse | None:
    uses = CouponUse.objects.select_related("coupon").select_for_update(of=("self",))
    return uses.filter(order=order, status=CouponUseStatus.USED).first()
