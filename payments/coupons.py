"""Coupons: made, used for an order, fitted to its bill, given back. Who bears what is frozen when one is used.

Locks: the order, then the coupon, so that uses of one coupon come one after the other and its limits hold.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core import outbox
from core.errors import InvalidInput
from core.money import format_fen
from payments import postings
from payments.choices import CouponFunder, CouponUseStatus, OrderStatus
from payments.errors import CouponError, CouponStaysError, NothingDueError, OrderClosedError
from payments.ledger import post
from payments.models import MAX_AMOUNT_FEN, Coupon, CouponUse, Order
from shops.models import Shop

# More than anybody means; a slip of the keyboard, and what the columns can hold.
MAX_USES, MAX_USES_BY_ONE = 10_000_000, 1000
_CODE = re.compile(r"[A-Z0-9]{4,30}")


@dataclass(frozen=True, slots=True)
class CouponDraft:
    """What a coupon is made of; see `payments.models.Coupon`. Amounts in fen, instants UTC."""

    code: str
    name_zh: str
    name_en: str
    funder: CouponFunder
    value_fen: int
    starts_at: datetime
    ends_at: datetime
    shop: Shop | None = None
    person: User | None = None
    shop_percent: int = 0
    percent: int | None = None
    min_total_fen: int = 0
    limit_total: int | None = None
    limit_per_person: int = 1


@transaction.atomic
def create(draft: CouponDraft, *, by: User, at: datetime) -> Coupon:
    """Make a coupon. Raises InvalidInput with the field for whatever cannot be right, also a code that is taken."""
    _check(draft)
    values = {field.name: getattr(draft, field.name) for field in fields(draft)}
    values["code"] = normalized(draft.code)
    try:
        with transaction.atomic():
            return Coupon.objects.create(**values, created_at=at, created_by=by)
    except IntegrityError as error:
        raise InvalidInput(_("This code is taken."), field="code") from error


def _check(draft: CouponDraft) -> None:
    is_shops = draft.funder != CouponFunder.PLATFORM
    shares = {CouponFunder.PLATFORM: range(1), CouponFunder.SHOP: range(100, 101), CouponFunder.SHARED: range(1, 100)}
    wrong = {
        "code": _CODE.fullmatch(normalized(draft.code)) is None,
        "name_zh": not draft.name_zh.strip(),
        "name_en": not draft.name_en.strip(),
        "shop": is_shops and draft.shop is None,
        "shop_percent": draft.shop_percent not in shares[draft.funder],
        "value_fen": not 0 < draft.value_fen <= MAX_AMOUNT_FEN,
        "percent": draft.percent is not None and not 0 < draft.percent <= 100,
        "min_total_fen": not 0 <= draft.min_total_fen <= MAX_AMOUNT_FEN,
        "ends_at": draft.ends_at <= draft.starts_at,
        "limit_total": draft.limit_total is not None and not 0 < draft.limit_total <= MAX_USES,
        "limit_per_person": not 0 < draft.limit_per_person <= MAX_USES_BY_ONE,
    }
    for field, is_wrong in wrong.items():
        if is_wrong:
            raise InvalidInput(_WRONG[field], field=field)


_WRONG = {
    "code": _("4 to 30 capital letters and digits."),
    "name_zh": _("Give it a name in both languages."),
    "name_en": _("Give it a name in both languages."),
    "shop": _("Say which shop pays for it."),
    "shop_percent": _(
        "Say what the shop bears: 1 to 99 percent of a shared coupon, all of its own, none of the platform's."
    ),
    "value_fen": _("Say what it is worth, up to ¥1,000,000."),
    "percent": _("1 to 100 percent."),
    "min_total_fen": _("The least price cannot be negative."),
    "ends_at": _("The end must be after the start."),
    "limit_total": _("1 to 10,000,000 uses."),
    "limit_per_person": _("1 to 1,000 uses."),
}


@transaction.atomic
def use(*, order: Order, code: str, person: User, at: datetime) -> CouponUse:
    """Use a coupon for an open order of `person`: it covers what is still due, as far as it goes.

    Another one on the order is given back first. Raises CouponError saying why it cannot be used here (a code that does
    not exist and one that was given to somebody else look the same), OrderClosedError, NothingDueError;
    CouponStaysError where the one before stands for the deposit and this one does not reach it. Side effects: outbox
    `coupon.used`, the use, the coupon's count, the posting.
    """
    order = Order.objects.select_for_update(no_key=True).get(pk=order.pk)
    if order.status != OrderStatus.OPEN:
        raise OrderClosedError
    coupon = _locked(order, normalized(code))
    if coupon is None or coupon.person_id not in (None, person.pk) or order.payer_id != person.pk:
        raise CouponError(_("There is no such coupon."), field="code")
    postings.lock_all_of(order)
    stood_for_deposit = stands_for_deposit(order)
    give_back(order, at=at)
    if not order.due_fen:
        raise NothingDueError
    coupon.refresh_from_db()
    _ask_terms(coupon, order, at)
    _ask_limits(coupon, person)
    if stood_for_deposit and order.kept_fen + worth_fen(coupon, order) < order.deposit_fen:
        raise CouponStaysError(field="code")
    # Before the posting, which comes last: a hold that waits for its deposit may have it now.
    outbox.emit(topic="coupon.used", key=order.reference, at=at)
    return put(order, coupon=coupon, person_id=person.pk, amount_fen=worth_fen(coupon, order), at=at)


def _locked(order: Order, code: str) -> Coupon | None:
    """The coupon of a code, locked together with the one that the order has now: the lower id first, so that two orders
    that change coupons with each other cannot wait for one another."""
    present = CouponUse.objects.filter(order=order, status=CouponUseStatus.USED).values("coupon")
    rows = Coupon.objects.filter(Q(code=code) | Q(pk__in=present)).order_by("pk").select_for_update(no_key=True)
    return next((coupon for coupon in rows if coupon.code == code), None)


@transaction.atomic
def take_off(*, order: Order, at: datetime) -> None:
    """Take the coupon off an open order again; nothing where there is none. Raises OrderClosedError, CouponStaysError
    where it stands for the deposit."""
    order = Order.objects.select_for_update(no_key=True).get(pk=order.pk)
    if order.status != OrderStatus.OPEN:
        raise OrderClosedError
    if stands_for_deposit(order):
        raise CouponStaysError
    give_back(order, at=at)


def stands_for_deposit(order: Order) -> bool:
    """Whether the deposit, which may have booked the visit by now, is there only because of the coupon."""
    return order.paid_fen - order.refunded_fen < order.deposit_fen <= order.kept_fen


def lock_used(order: Order) -> None:
    """Lock the coupon of a locked order, if it has one: before the accounts, as `use` does."""
    uses = CouponUse.objects.filter(order=order, status=CouponUseStatus.USED)
    list(Coupon.objects.filter(pk__in=uses.values("coupon")).select_for_update(no_key=True).values_list("pk"))


def switch_off(*, coupon: Coupon) -> None:
    """Let nobody use a coupon any more; uses that were made stand."""
    Coupon.objects.filter(pk=coupon.pk).update(is_active=False)


def normalized(code: str) -> str:
    """A code as it is stored: people type small letters and spaces."""
    return "".join(code.split()).upper()


def worth_fen(coupon: Coupon, order: Order) -> int:
    """What a coupon takes off an order now, fen: a percentage of the price is rounded down; never more than is due."""
    fen = coupon.value_fen
    if coupon.percent is not None:
        fen = min(fen, order.total_fen * coupon.percent // 100)
    return min(fen, order.due_fen)


def _ask_terms(coupon: Coupon, order: Order, at: datetime) -> None:
    if not coupon.is_active or coupon.ends_at <= at:
        raise CouponError(_("This coupon has ended."), field="code")
    if at < coupon.starts_at:
        raise CouponError(_("This coupon is not valid yet."), field="code")
    if coupon.shop_id not in (None, order.shop_id):
        raise CouponError(_("This coupon is for another shop."), field="code")
    if order.total_fen < coupon.min_total_fen:
        least = format_fen(coupon.min_total_fen, currency=order.currency)
        raise CouponError(_("This coupon is for visits from %(least)s.") % {"least": least}, field="code")
    if worth_fen(coupon, order) == 0:
        raise CouponError(field="code")


def _ask_limits(coupon: Coupon, person: User) -> None:
    if coupon.limit_total is not None and coupon.used_count >= coupon.limit_total:
        raise CouponError(_("This coupon has been used up."), field="code")
    mine = CouponUse.objects.filter(coupon=coupon, person=person, status=CouponUseStatus.USED)
    if mine.count() >= coupon.limit_per_person:
        raise CouponError(_("You have used this coupon already."), field="code")


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


def follow_price(order: Order, *, at: datetime) -> None:
    """Make a coupon of so many percent take that much off the price that a locked open order has now: half of a price
    that is lowered after the coupon was used would else be all of it, paid by who gives the coupon."""
    use = _use_of(order)
    if use is None or use.coupon.percent is None:
        return
    fen = min(use.coupon.value_fen, order.total_fen * use.coupon.percent // 100, use.amount_fen + order.due_fen)
    if fen in {0, use.amount_fen}:
        return
    coupon, person_id = use.coupon, use.person_id
    lock_used(order)
    postings.lock_all_of(order)
    give_back(order, at=at)
    put(order, coupon=coupon, person_id=person_id, amount_fen=fen, at=at)


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
