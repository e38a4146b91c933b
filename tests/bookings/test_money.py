"""The money of a visit: when it has an order, what that costs, what a deposit does, what comes back."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from accounts.models import User
from bookings import actions, workshop
from bookings.actions import Actor, Holder, Wanted
from bookings.choices import ActorRole, Decision, Status
from bookings.engine import claims
from bookings.engine.jobs import Job
from bookings.errors import HoldExpiredError, WrongStatusError
from bookings.floor import comebacks, lines
from bookings.models import Allocation, Booking
from bookings.money import paying
from bookings.money.terms import PAY_WITHIN
from payments import orders
from payments.choices import LineKind, OrderStatus, PaymentStatus, ProviderKey, RefundReason, SettlementKind, ShopMethod
from payments.ledger import balance_fen, trial_balance_fen
from payments.models import Order, Payment, Refund, Settlement
from payments.postings import held
from shops.choices import Confirmation
from tests.bookings.test_availability import local
from tests.factories import floor, handovers
from tests.factories.accounts import UserFactory
from tests.factories.jobs import CONTACT, NOW, STAFF, bookable_job
from tests.factories.payments import follow_up, pay_online

pytestmark = pytest.mark.django_db
ONE_PM = local(13)
DEPOSIT = 8040  # 30 % of ¥268.00


@pytest.fixture
def online(settings: Any) -> None:
    settings.PAYMENT_PROVIDERS = {"sandbox": {"url": "http://127.0.0.1:9"}}


@pytest.fixture
def owner(db: None) -> User:
    return UserFactory()  # type: ignore[return-value]


def with_deposit(**fields: Any) -> Job:
    return bookable_job(deposit_percent=30, late_cancel_fee_percent=30, no_show_fee_percent=50, **fields)


def held_visit(job: Job, owner: User, at: datetime = NOW) -> Booking:
    return actions.hold(job=job, starts_at=ONE_PM, holder=Holder(owner), at=at)


def confirm(booking: Booking, owner: User, at: datetime = NOW) -> Booking:
    return actions.confirm(booking=booking, by=owner, holder=Holder(owner), contact=CONTACT, car=None, at=at)


def awaiting(owner: User, **fields: Any) -> tuple[Booking, Order]:
    """A visit that is held until its deposit is paid."""
    booking = confirm(held_visit(with_deposit(**fields), owner), owner)
    return booking, Order.objects.get(reference=booking.public_id)


def order_of(booking: Booking) -> Order:
    return Order.objects.get(reference=booking.public_id)


# --- Without a provider -------------------------------------------------------------------------------


def test_deposit_without_a_provider_is_paid_at_the_shop_as_ever(owner: User) -> None:
    booking = confirm(held_visit(with_deposit(), owner), owner)
    assert (booking.status, booking.deposit_fen) == (Status.CONFIRMED, DEPOSIT)
    assert not Order.objects.exists()


def test_visit_handed_over_has_its_order_with_the_lines_that_were_done() -> None:
    booking = handovers.handed_over()
    order = order_of(booking)
    assert (order.status, order.total_fen, order.paid_fen, order.number) == (
        OrderStatus.COMPLETED,
        26800,
        26800,
        booking.number,
    )
    assert order.payer == booking.owner
    assert order.opened_at == booking.confirmed_at
    line = order.lines.get()
    assert (line.kind, line.title_zh, line.title_en) == (LineKind.WORK, "小保养", "Minor service")
    assert (line.amount_fen, line.labour_fen, line.service) == (26800, 8400, booking.service)
    assert line.reference == booking.lines.get().public_id
    payment = order.payments.get()
    assert (payment.provider, payment.shop_method) == (ProviderKey.SHOP, ShopMethod.CASH)
    assert balance_fen(held(order)) == 26800


def test_handover_says_how_the_rest_was_paid() -> None:
    booking = handovers.ready(handovers.in_work())
    by = UserFactory()
    workshop.hand_over(booking=booking, by=by, at=booking.ends_at, shop_method=ShopMethod.CARD)
    payment = order_of(booking).payments.get()
    assert (payment.shop_method, payment.amount_fen, payment.created_by) == (ShopMethod.CARD, 26800, by)


def test_comeback_costs_nothing_and_has_no_order() -> None:
    booking = handovers.handed_over()
    at = booking.completed_at
    assert at
    back = comebacks.open(
        booking=booking,
        lines=comebacks.can_open(booking, at),
        words="",
        by=Actor(ActorRole.OWNER, booking.owner),
        at=at,
    )
    by = UserFactory()
    workshop.check_in(booking=back, odometer_km=50_010, by=by, at=back.starts_at)
    workshop.start(booking=back, by=by, at=back.starts_at)
    back.refresh_from_db()
    floor.hand_over(back, by=by, at=back.ends_at)
    assert not Order.objects.filter(reference=back.public_id).exists()


def test_late_cancellation_leaves_an_order_with_the_fee(owner: User) -> None:
    booking = confirm(held_visit(with_deposit(), owner), owner)
    late = booking.starts_at - timedelta(minutes=10)
    actions.cancel(booking=booking, by=Actor(ActorRole.OWNER, owner), at=late)
    order = order_of(booking)
    assert (order.status, order.total_fen, order.due_fen) == (OrderStatus.CANCELLED, 2520, 2520)
    assert order.lines.get().kind == LineKind.LATE_CANCEL
    assert Settlement.objects.get(order=order).kind == SettlementKind.FEE


def test_cancellation_in_time_leaves_no_order(owner: User) -> None:
    booking = confirm(held_visit(with_deposit(), owner), owner)
    actions.cancel(booking=booking, by=Actor(ActorRole.OWNER, owner), at=NOW)
    assert not Order.objects.exists()


# --- Deposit ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("online")
def test_confirming_waits_for_the_deposit_and_lengthens_the_hold_once(owner: User) -> None:
    booking, order = awaiting(owner)
    assert booking.status == Status.HELD
    assert booking.contact_name == CONTACT.name
    assert booking.hold_expires_at == NOW + PAY_WITHIN
    assert set(booking.allocations.values_list("held_until", flat=True)) == {NOW + PAY_WITHIN}
    assert (order.total_fen, order.deposit_fen, order.payer) == (26800, DEPOSIT, owner)
    again = confirm(booking, owner, at=NOW + timedelta(minutes=9))
    assert (again.status, again.hold_expires_at) == (Status.HELD, NOW + PAY_WITHIN)
    with pytest.raises(HoldExpiredError):
        confirm(booking, owner, at=NOW + PAY_WITHIN)


@pytest.mark.usefixtures("online")
def test_paid_deposit_books_the_visit_once(owner: User) -> None:
    booking, order = awaiting(owner)
    at = NOW + timedelta(minutes=5)
    pay_online(order, DEPOSIT, at=at)
    follow_up("payment.paid", at=at)
    booking.refresh_from_db()
    assert (booking.status, booking.confirmed_at, booking.hold_expires_at) == (Status.CONFIRMED, at, NOW + PAY_WITHIN)
    assert not booking.allocations.exclude(held_until=None).exists()
    paying.take_paid(booking=booking, at=at)
    assert booking.events.filter(kind="confirmed").count() == 1


@pytest.mark.usefixtures("online")
def test_paid_deposit_asks_a_shop_that_answers_by_hand(owner: User) -> None:
    booking, order = awaiting(owner, confirmation=Confirmation.BY_HAND)
    pay_online(order, DEPOSIT, at=NOW)
    follow_up("payment.paid", at=NOW)
    booking.refresh_from_db()
    assert booking.status == Status.REQUESTED
    workshop.decline(booking=booking, by=UserFactory(), at=NOW, reason="Lift is broken")
    refund = Refund.objects.get(order=order)
    assert (refund.amount_fen, refund.reason) == (DEPOSIT, RefundReason.CANCELLED)


@pytest.mark.usefixtures("online")
def test_less_than_the_deposit_books_nothing(owner: User) -> None:
    booking, order = awaiting(owner)
    pay_online(order, DEPOSIT - 1, at=NOW)
    follow_up("payment.paid", at=NOW)
    booking.refresh_from_db()
    assert booking.status == Status.HELD


@pytest.mark.usefixtures("online")
def test_deposit_paid_after_the_hold_books_while_its_claims_stand(owner: User) -> None:
    booking, order = awaiting(owner)
    late = NOW + PAY_WITHIN + timedelta(minutes=1)
    pay_online(order, DEPOSIT, at=late)
    follow_up("payment.paid", at=late)
    booking.refresh_from_db()
    assert booking.status == Status.CONFIRMED


@pytest.mark.usefixtures("online")
def test_deposit_paid_after_the_time_has_gone_comes_back(owner: User) -> None:
    booking, order = awaiting(owner)
    late = NOW + PAY_WITHIN + timedelta(minutes=1)
    claims.remove_lapsed(shop=booking.shop, at=late)
    pay_online(order, DEPOSIT, at=late)
    follow_up("payment.paid", at=late)
    booking.refresh_from_db()
    order.refresh_from_db()
    assert booking.status == Status.EXPIRED
    assert (order.status, order.kept_fen) == (OrderStatus.CANCELLED, 0)
    assert Refund.objects.get(order=order).amount_fen == DEPOSIT


@pytest.mark.usefixtures("online")
def test_hold_that_lapses_unpaid_closes_its_order(owner: User) -> None:
    booking, order = awaiting(owner)
    late = NOW + PAY_WITHIN
    claims.remove_lapsed(shop=booking.shop, at=late)
    follow_up("booking.expired", at=late + timedelta(days=1))
    order.refresh_from_db()
    assert order.status == OrderStatus.CANCELLED
    pay_online(order, DEPOSIT, at=late)
    assert Refund.objects.get(order=order).reason == RefundReason.LATE_PAYMENT


@pytest.mark.usefixtures("online")
def test_booking_in_one_step_waits_for_the_deposit(owner: User) -> None:
    job = with_deposit(bays=2, technicians=2)
    first = actions.book(job=job, starts_at=ONE_PM, by=owner, contact=CONTACT, car=None, at=NOW)
    assert (first.status, first.owner, first.hold_expires_at) == (Status.HELD, owner, NOW + PAY_WITHIN)
    # One hold for each person and shop: nobody takes a shop's bays by not paying.
    second = actions.book(job=job, starts_at=local(15), by=owner, contact=CONTACT, car=None, at=NOW)
    first.refresh_from_db()
    assert (first.status, second.status) == (Status.CANCELLED, Status.HELD)
    assert order_of(first).status == OrderStatus.CANCELLED
    assert not Allocation.objects.filter(booking=first).exists()


@pytest.mark.usefixtures("online")
def test_shop_without_deposit_books_at_once_and_writes_no_order(owner: User) -> None:
    booking = confirm(held_visit(bookable_job(), owner), owner)
    assert booking.status == Status.CONFIRMED
    assert not Order.objects.exists()


# --- Changes of price ---------------------------------------------------------------------------------


@pytest.mark.usefixtures("online")
def test_approved_work_is_added_to_the_order_and_what_is_left_over_comes_back(owner: User) -> None:
    asked = floor.asked(at=NOW, owner=owner)
    order = paying.open_order(booking=asked.booking, by=owner, at=NOW)
    assert order.total_fen == 26800
    floor.answer(asked, at=NOW + timedelta(minutes=20))
    order.refresh_from_db()
    assert order.total_fen == 26800 + 42000
    pay_online(order, 68800, at=NOW + timedelta(minutes=25))
    lines.mark_not_needed(line=asked.line, reason="Still good", by=asked.advisor, at=NOW + timedelta(minutes=30))
    order.refresh_from_db()
    assert (order.total_fen, order.excess_fen) == (26800, 42000)
    asked.booking.refresh_from_db()
    floor.hand_over(asked.booking, by=asked.advisor, at=NOW + timedelta(hours=2))
    order.refresh_from_db()
    assert (order.status, order.total_fen, order.kept_fen) == (OrderStatus.COMPLETED, 26800, 26800)
    assert Refund.objects.get(order=order).amount_fen == 42000
    assert not order.payments.filter(provider=ProviderKey.SHOP).exists()
    assert trial_balance_fen() == {"CNY": 0}


def test_declined_work_is_not_in_the_order(owner: User) -> None:
    asked = floor.asked(at=NOW, owner=owner)
    order = paying.open_order(booking=asked.booking, by=owner, at=NOW)
    floor.answer(asked, at=NOW + timedelta(minutes=20), decision=Decision.DECLINE)
    order.refresh_from_db()
    assert order.total_fen == 26800


def test_moved_visit_costs_what_its_new_hour_costs(owner: User) -> None:
    booking = confirm(held_visit(bookable_job(), owner), owner)
    order = paying.open_order(booking=booking, by=owner, at=NOW)
    Booking.objects.filter(pk=booking.pk).update(discount_fen=1680)
    actions.reschedule(booking=booking, starts_at=local(15), by=Actor(ActorRole.OWNER, owner), at=NOW)
    order.refresh_from_db()
    assert order.total_fen == 26800


# --- Ends ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("online")
def test_late_cancellation_keeps_the_fee_of_the_deposit_and_returns_the_rest(owner: User) -> None:
    booking, order = awaiting(owner)
    pay_online(order, DEPOSIT, at=NOW)
    follow_up("payment.paid", at=NOW)
    late = booking.starts_at - timedelta(minutes=10)
    actions.cancel(booking=booking, by=Actor(ActorRole.OWNER, owner), at=late)
    order.refresh_from_db()
    assert (order.total_fen, order.kept_fen, order.due_fen) == (2520, 2520, 0)
    assert Refund.objects.get(order=order).amount_fen == DEPOSIT - 2520
    assert balance_fen(held(order)) == 2520


@pytest.mark.usefixtures("online")
def test_shop_that_cancels_returns_everything(owner: User) -> None:
    booking, order = awaiting(owner)
    pay_online(order, DEPOSIT, at=NOW)
    follow_up("payment.paid", at=NOW)
    actions.cancel(booking=booking, by=STAFF, at=booking.starts_at)
    order.refresh_from_db()
    assert (order.kept_fen, balance_fen(held(order))) == (0, 0)


@pytest.mark.usefixtures("online")
def test_visit_that_ended_without_money_opens_no_order(owner: User) -> None:
    """The page was open while the visit was called off: an order opened now would keep what is paid for ever."""
    booking = confirm(held_visit(bookable_job(), owner), owner)
    actions.cancel(booking=booking, by=STAFF, at=NOW)
    with pytest.raises(WrongStatusError):
        paying.open_order(booking=booking, by=owner, at=NOW)
    assert not Order.objects.exists()


@pytest.mark.usefixtures("online")
def test_money_for_a_visit_that_is_off_goes_back_even_if_its_order_is_open(owner: User) -> None:
    booking = confirm(held_visit(bookable_job(), owner), owner)
    order = paying.open_order(booking=booking, by=owner, at=NOW)
    Booking.objects.filter(pk=booking.pk).update(status=Status.CANCELLED)
    pay_online(order, 26800, at=NOW)
    for _time in range(2):
        paying.take_paid(booking=booking, at=NOW)
    order.refresh_from_db()
    assert (order.status, order.kept_fen, balance_fen(held(order))) == (OrderStatus.CANCELLED, 0, 0)
    assert Refund.objects.get(order=order).amount_fen == 26800


@pytest.mark.usefixtures("online")
def test_no_show_keeps_its_fee(owner: User) -> None:
    booking, order = awaiting(owner)
    pay_online(order, 26800, at=NOW)
    follow_up("payment.paid", at=NOW)
    workshop.mark_no_show(booking=booking, by=UserFactory(), at=booking.starts_at + timedelta(minutes=15))
    order.refresh_from_db()
    assert (order.lines.get().kind, order.kept_fen) == (LineKind.NO_SHOW, 4200)
    assert Refund.objects.get(order=order).reason == RefundReason.CANCELLED


def test_walk_in_is_paid_at_the_counter() -> None:
    by = UserFactory()
    visit = workshop.walk_in(job=bookable_job(), starts_at=NOW, wanted=Wanted(), contact=CONTACT, by=by, at=NOW)
    workshop.check_in(booking=visit, odometer_km=50_000, by=by, at=NOW)
    workshop.start(booking=visit, by=by, at=NOW)
    visit.refresh_from_db()
    floor.hand_over(visit, by=by, at=NOW + timedelta(hours=1))
    order = order_of(visit)
    assert (order.payer, order.paid_fen) == (None, 26800)


def test_money_taken_before_the_handover_is_not_taken_again() -> None:
    booking = handovers.ready(handovers.in_work())
    by = UserFactory()
    order = paying.open_order(booking=booking, by=booking.owner, at=booking.ends_at)  # type: ignore[arg-type]
    orders.take_at_shop(order, amount_fen=10000, method=ShopMethod.CASH, by=by, at=booking.ends_at)
    workshop.hand_over(booking=booking, by=by, at=booking.ends_at, shop_method=ShopMethod.ALIPAY)
    paid = Payment.objects.filter(order=order, status=PaymentStatus.PAID).order_by("pk")
    assert [(row.amount_fen, row.shop_method) for row in paid] == [
        (10000, ShopMethod.CASH),
        (16800, ShopMethod.ALIPAY),
    ]
