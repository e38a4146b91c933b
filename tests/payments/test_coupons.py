"""Who may use a coupon, what it takes off, who bears it, and that its limits hold."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.models import User
from core.errors import InvalidInput
from payments import coupons, orders, postings
from payments.choices import AccountKind, CouponFunder, CouponUseStatus, LineKind
from payments.coupons import CouponDraft
from payments.errors import CouponError, CouponStaysError, NothingDueError, OrderClosedError
from payments.ledger import balance_fen, totals, trial_balance_fen
from payments.models import Coupon, Order
from payments.orders import LineDraft, OrderDraft
from payments.postings import coupons_of, held
from shops.models import Shop
from tests.factories.accounts import UserFactory
from tests.factories.shops import open_shop
from tests.races.test_one_slot import at_once

AT = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)
DRAFT = CouponDraft(
    code="NEWCAR30",
    name_zh="新客立减",
    name_en="First visit",
    funder=CouponFunder.PLATFORM,
    value_fen=3000,
    starts_at=AT - timedelta(days=1),
    ends_at=AT + timedelta(days=30),
)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def order_of(person: User, shop: Shop, *, reference: str = "visit00000000001", total_fen: int = 26800) -> Order:
    draft = OrderDraft(reference, f"N-{reference[-4:]}", shop, person, "小保养", "Oil service", total_fen)
    return orders.open_order(draft, at=AT)


def coupon(**changes: Any) -> Coupon:
    return coupons.create(replace(DRAFT, **changes), by=UserFactory(admin=True), at=AT)


@pytest.mark.django_db
def test_coupon_lowers_what_is_due_and_its_giver_pays_the_rest() -> None:
    person, shop = UserFactory(), open_shop()
    order = order_of(person, shop)
    coupon(funder=CouponFunder.SHARED, shop=shop, shop_percent=33, value_fen=1000)
    used = coupons.use(order=order, code=" newcar 30 ", person=person, at=AT)
    order.refresh_from_db()
    assert (used.platform_fen, used.shop_fen, order.due_fen) == (670, 330, 25800)
    assert balance_fen(coupons_of(None)) == 670
    assert balance_fen(coupons_of(shop.pk)) == 330
    assert balance_fen(held(order)) == 1000
    assert trial_balance_fen() == {"CNY": 0}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("total_fen", "percent", "value_fen", "expected"),
    [(26800, None, 3000, 3000), (2000, None, 3000, 2000), (26801, 10, 5000, 2680), (26800, 50, 5000, 5000)],
)
def test_coupon_is_worth_at_most(total_fen: int, percent: int | None, value_fen: int, expected: int) -> None:
    person = UserFactory()
    order = order_of(person, open_shop(), total_fen=total_fen)
    coupon(percent=percent, value_fen=value_fen)
    assert coupons.use(order=order, code="NEWCAR30", person=person, at=AT).amount_fen == expected


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "at", "message"),
    [
        ({}, AT + timedelta(days=30), "This coupon has ended."),
        ({}, AT - timedelta(days=1, seconds=1), "This coupon is not valid yet."),
        ({"is_active": False}, AT, "This coupon has ended."),
        ({"min_total_fen": 26801}, AT, "This coupon is for visits from ¥268.01."),
        ({"used_count": 5, "limit_total": 5}, AT, "This coupon has been used up."),
    ],
)
def test_coupon_out_of_its_terms_is_refused(changes: dict[str, Any], at: datetime, message: str) -> None:
    person = UserFactory()
    order = order_of(person, open_shop())
    Coupon.objects.filter(pk=coupon().pk).update(**changes)
    with pytest.raises(CouponError) as refused:
        coupons.use(order=order, code="NEWCAR30", person=person, at=at)
    assert (str(refused.value.message), refused.value.field) == (message, "code")
    assert totals() == {}


@pytest.mark.django_db
def test_coupon_of_another_person_looks_like_none_at_all() -> None:
    person, shop = UserFactory(), open_shop()
    order = order_of(person, shop)
    coupon(person=UserFactory())
    for code in ("NEWCAR30", "NOSUCHCODE", "", "'; DROP TABLE", "x" * 100_000):
        with pytest.raises(CouponError, match="There is no such coupon"):
            coupons.use(order=order, code=code, person=person, at=AT)


@pytest.mark.django_db
def test_coupon_is_refused_on_somebody_elses_order() -> None:
    order = order_of(UserFactory(), open_shop())
    coupon()
    with pytest.raises(CouponError):
        coupons.use(order=order, code="NEWCAR30", person=UserFactory(), at=AT)


@pytest.mark.django_db
def test_coupon_of_another_shop_is_refused() -> None:
    person = UserFactory()
    order = order_of(person, open_shop())
    coupon(funder=CouponFunder.SHOP, shop=open_shop(), shop_percent=100)
    with pytest.raises(CouponError, match="another shop"):
        coupons.use(order=order, code="NEWCAR30", person=person, at=AT)


@pytest.mark.django_db
def test_coupon_is_used_by_one_person_as_often_as_it_says_and_comes_back() -> None:
    person, shop = UserFactory(), open_shop()
    first, second = order_of(person, shop), order_of(person, shop, reference="visit00000000002")
    made = coupon()
    coupons.use(order=first, code="NEWCAR30", person=person, at=AT)
    with pytest.raises(CouponError, match="used this coupon already"):
        coupons.use(order=second, code="NEWCAR30", person=person, at=AT)
    orders.cancel(reference=first.reference, fee=None, at=AT)
    made.refresh_from_db()
    assert (made.used_count, totals()) == (0, {})
    coupons.use(order=second, code="NEWCAR30", person=person, at=AT)
    made.refresh_from_db()
    assert made.used_count == 1


@pytest.mark.django_db
def test_second_coupon_takes_the_place_of_the_first() -> None:
    person = UserFactory()
    order = order_of(person, open_shop())
    first, second = coupon(), coupon(code="WINTER50", value_fen=5000)
    for code in ("NEWCAR30", "WINTER50"):
        coupons.use(order=order, code=code, person=person, at=AT)
    for row in (first, second, order):
        row.refresh_from_db()
    assert (first.used_count, second.used_count, order.coupon_fen) == (0, 1, 5000)
    assert balance_fen(held(order)) == 5000


@pytest.mark.django_db
def test_refused_second_coupon_leaves_the_first() -> None:
    person = UserFactory()
    order = order_of(person, open_shop())
    coupon()
    coupon(code="BIGGER99", min_total_fen=99_999)
    coupons.use(order=order, code="NEWCAR30", person=person, at=AT)
    with pytest.raises(CouponError):
        coupons.use(order=order, code="BIGGER99", person=person, at=AT)
    order.refresh_from_db()
    assert order.coupon_fen == 3000
    assert order.coupon_uses.get(status=CouponUseStatus.USED).coupon.code == "NEWCAR30"


@pytest.mark.django_db
def test_coupon_that_stands_for_the_deposit_is_not_swapped_for_a_smaller_one() -> None:
    """Else a visit is booked by the first and keeps its slot for a fen; the first books the next."""
    person, shop = UserFactory(), open_shop()
    order = order_of(person, shop)
    Order.objects.filter(pk=order.pk).update(deposit_fen=3000)
    coupon()
    coupon(code="ONEFEN", value_fen=1)
    coupon(code="WINTER50", value_fen=5000)
    coupons.use(order=order, code="NEWCAR30", person=person, at=AT)
    with pytest.raises(CouponStaysError):
        coupons.use(order=order, code="ONEFEN", person=person, at=AT)
    with pytest.raises(CouponStaysError):
        coupons.take_off(order=order, at=AT)
    assert balance_fen(held(order)) == 3000
    assert coupons.use(order=order, code="WINTER50", person=person, at=AT).amount_fen == 5000


@pytest.mark.django_db
@pytest.mark.parametrize("end", ["complete", "cancel"])
def test_coupon_is_locked_before_the_accounts_as_where_it_is_used(end: str) -> None:
    """The other way round somebody who uses it at this moment and this end of another visit wait for each other."""
    person = UserFactory()
    order = order_of(person, open_shop())
    coupon()
    coupons.use(order=order, code="NEWCAR30", person=person, at=AT)
    with CaptureQueriesContext(connection) as seen:
        if end == "complete":
            orders.complete(reference=order.reference, lines=[LineDraft(LineKind.WORK, "洗车", "Wash", 100)], at=AT)
        else:
            orders.cancel(reference=order.reference, fee=None, at=AT)
    locks = [query["sql"] for query in seen if "FOR NO KEY UPDATE" in query["sql"]]
    first = [next(n for n, sql in enumerate(locks) if f"FROM {table}" in sql) for table in _COUPON_THEN_ACCOUNTS]
    assert first == sorted(first)


_COUPON_THEN_ACCOUNTS = ('"payments_coupon"', "payments_ledgeraccount")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("total_fen", "expected"), [(20000, 10000), (4000, 2000), (4001, 2000), (60000, 15000), (0, 10000), (1, 10000)]
)
def test_percentage_follows_the_price(total_fen: int, expected: int) -> None:
    """Half of ¥200 is not all of ¥40 because the owner took the rest off the bill after using the coupon."""
    person, shop = UserFactory(), open_shop()
    order = order_of(person, shop, total_fen=20000)
    made = coupon(percent=50, value_fen=15000)
    coupons.use(order=order, code="NEWCAR30", person=person, at=AT)
    for _time in range(2):
        orders.reprice(reference=order.reference, total_fen=total_fen, at=AT)
    order.refresh_from_db()
    made.refresh_from_db()
    assert (order.coupon_fen, made.used_count) == (expected, 1)
    assert balance_fen(held(order)) == balance_fen(coupons_of(None)) == expected
    orders.reprice(reference=order.reference, total_fen=20000, at=AT)
    order.refresh_from_db()
    assert (order.coupon_fen, order.due_fen) == (10000, 10000)


@pytest.mark.django_db
def test_coupon_covers_no_more_than_the_bill() -> None:
    person, shop = UserFactory(), open_shop()
    order = order_of(person, shop)
    made = coupon(value_fen=10_000)
    coupons.use(order=order, code="NEWCAR30", person=person, at=AT)
    done = orders.complete(reference=order.reference, lines=[LineDraft(LineKind.WORK, "洗车", "Wash", 4000)], at=AT)
    assert done is not None
    assert (done.coupon_fen, done.paid_fen) == (4000, 0)
    assert totals() == {(AccountKind.HELD, "CNY"): 4000, (AccountKind.COUPON_FUNDING, "CNY"): 4000}
    made.refresh_from_db()
    assert made.used_count == 1


@pytest.mark.django_db
def test_coupon_on_a_closed_or_paid_order_is_refused() -> None:
    person, shop = UserFactory(), open_shop()
    closed, paid = order_of(person, shop), order_of(person, shop, reference="visit00000000002")
    coupon()
    orders.cancel(reference=closed.reference, fee=None, at=AT)
    with pytest.raises(OrderClosedError):
        coupons.use(order=closed, code="NEWCAR30", person=person, at=AT)
    Order.objects.filter(pk=paid.pk).update(paid_fen=26800)
    with pytest.raises(NothingDueError):
        coupons.use(order=paid, code="NEWCAR30", person=person, at=AT)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "ab"}, "code"),
        ({"code": "NEW-CAR"}, "code"),
        ({"value_fen": 0}, "value_fen"),
        ({"value_fen": -100}, "value_fen"),
        ({"percent": 101}, "percent"),
        ({"funder": CouponFunder.SHOP, "shop_percent": 100}, "shop"),
        ({"shop_percent": 50}, "shop_percent"),
        ({"ends_at": DRAFT.starts_at}, "ends_at"),
        ({"limit_total": 0}, "limit_total"),
        ({"limit_total": 3_000_000_000}, "limit_total"),
        ({"limit_per_person": 0}, "limit_per_person"),
        ({"limit_per_person": 1_000_000}, "limit_per_person"),
        ({"name_en": " "}, "name_en"),
    ],
)
def test_coupon_that_cannot_be_right_is_not_made(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        coupon(**changes)
    assert refused.value.field == field


@pytest.mark.django_db
def test_code_that_is_taken_is_refused() -> None:
    coupon()
    with pytest.raises(InvalidInput, match="taken"):
        coupon(code="newcar30")


# --- Limits under real concurrency ------------------------------------------------------------------


def _use_in_a_thread(order_id: int, person_id: int) -> str:
    try:
        coupons.use(order=Order.objects.get(pk=order_id), code="NEWCAR30", person=User.objects.get(pk=person_id), at=AT)
    except CouponError:
        return "refused"
    return "used"


def _thirty_uses(limit_total: int) -> Counter[str]:
    shop = open_shop()
    people = [UserFactory() for _number in range(30)]
    made = [order_of(person, shop, reference=f"visit{number:011d}") for number, person in enumerate(people)]
    coupon(limit_total=limit_total)
    return at_once(lambda number: _use_in_a_thread(made[number].pk, people[number].pk), clients=30)


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_limit_holds_under_thirty_uses_at_once() -> None:
    assert _thirty_uses(limit_total=10) == {"used": 10, "refused": 20}
    made = Coupon.objects.get()
    assert (made.used_count, made.uses.count()) == (10, 10)
    assert balance_fen(coupons_of(None)) == 30_000


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_limit_of_a_person_holds_under_thirty_uses_at_once() -> None:
    person, shop = UserFactory(), open_shop()
    made = [order_of(person, shop, reference=f"visit{number:011d}") for number in range(30)]
    coupon(limit_per_person=2)
    answers = at_once(lambda number: _use_in_a_thread(made[number].pk, person.pk), clients=30)
    assert answers == {"used": 2, "refused": 28}


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_limit_of_a_person_is_broken_without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    def unlocked(_order: Order, code: str) -> Coupon | None:
        return Coupon.objects.filter(code=code).first()

    monkeypatch.setattr(coupons, "_locked", unlocked)
    # The accounts of all coupons are locked next, which would keep the uses apart as well.
    monkeypatch.setattr(postings, "lock_all_of", lambda _order: None)
    person, shop = UserFactory(), open_shop()
    made = [order_of(person, shop, reference=f"visit{number:011d}") for number in range(30)]
    coupon(limit_per_person=2)
    answers = at_once(lambda number: _use_in_a_thread(made[number].pk, person.pk), clients=30)
    assert answers["used"] > 2
