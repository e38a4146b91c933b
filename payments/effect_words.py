"""What a what-if found, said row by row: who gets or pays how much, and when (`templates/payments/_effect.html`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from payments.models import Order
from payments.whatif import Effect

OWNER, SHOP, PLATFORM, COUPON, HELD = _("Owner"), _("Shop"), _("Platform"), _("Coupon"), _("Held back")
_AT_ONCE, _FEES = _("at once"), _("Commission and payment fee")


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One party's part. `amount_fen` is positive for what it gets; `at` (UTC) or else `when` says when.

    `coupon_fen` is what of it the shop bears of a coupon, already taken off.
    """

    who: str | Promise
    what: str | Promise
    amount_fen: int
    when: str | Promise = ""
    at: datetime | None = None
    coupon_fen: int = 0


@dataclass(frozen=True, slots=True)
class EffectTable:
    """What the template shows: the rows and the zone of the shop's clock."""

    rows: tuple[EffectRow, ...]
    zone: ZoneInfo


def table(effect: Effect, order: Order) -> EffectTable:
    """The effect of an action on `order` (its shop and city at hand), for people to read before they decide."""
    return EffectTable((*_owner(effect), *_shop(effect), *_platform(effect), *_rest(effect)), order.shop.zone)


def _owner(effect: Effect) -> Iterator[EffectRow]:
    now = effect.now
    if now.owner_online_fen or not (now.owner_counter_fen or effect.owes_fen):
        when = _("in some days") if now.owner_online_fen else ""
        yield EffectRow(OWNER, _("Back the way it was paid"), now.owner_online_fen, when)
    if now.owner_counter_fen:
        yield EffectRow(OWNER, _("Back at the shop"), now.owner_counter_fen, _("at the counter"))
    if effect.owes_fen:
        yield EffectRow(OWNER, _("Still to pay"), -effect.owes_fen)


def _shop(effect: Effect) -> Iterator[EffectRow]:
    now = effect.now
    if now.shop_counter_fen:
        yield EffectRow(SHOP, _("Given back at its counter"), now.shop_counter_fen, _("at the counter"))
    if now.shop_account_fen:
        yield EffectRow(SHOP, _("On its statement"), now.shop_account_fen, _AT_ONCE)
    for step in effect.steps:
        moved, borne_fen = step.moved, max(0, step.moved.shop_coupon_fen)
        yield EffectRow(SHOP, _("Its share, fees taken off"), moved.shop_account_fen, at=step.at, coupon_fen=borne_fen)
    if not (effect.steps or now.shop_counter_fen or now.shop_account_fen):
        yield EffectRow(SHOP, _("Its share"), 0)


def _platform(effect: Effect) -> Iterator[EffectRow]:
    now_fen = effect.now.commission_fen + effect.now.processing_fen
    if now_fen or not effect.steps:
        yield EffectRow(PLATFORM, _FEES, now_fen, _AT_ONCE if now_fen else "")
    for step in effect.steps:
        yield EffectRow(PLATFORM, _FEES, step.moved.commission_fen + step.moved.processing_fen, at=step.at)


def _rest(effect: Effect) -> Iterator[EffectRow]:
    now = effect.now
    if now.platform_coupon_fen:
        yield EffectRow(COUPON, _("Paid for by the platform"), now.platform_coupon_fen, _AT_ONCE)
    if now.shop_coupon_fen:
        yield EffectRow(COUPON, _("Paid for by the shop"), now.shop_coupon_fen, _AT_ONCE)
    if effect.held_now_fen and effect.steps:
        yield EffectRow(HELD, _("Until it is settled"), effect.held_now_fen, at=effect.steps[-1].at)
    if effect.held_later_fen:
        yield EffectRow(HELD, _("Stays held"), effect.held_later_fen)
