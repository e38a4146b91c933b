"""The owner's pages of paying: what is offered, what is refused, what comes back; the same over the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import User
from notifications.models import Message
from payments import coupons, orders
from payments.choices import CouponFunder, OrderStatus, PaymentStatus, ProviderKey, Purpose, ShopMethod
from payments.coupons import CouponDraft
from payments.models import CouponUse, Order, Payment
from payments.orders import LineDraft, OrderDraft
from payments.paying_pages import codes
from payments.providers.sandbox import SandboxProvider
from tests.factories.accounts import UserFactory
from tests.factories.payments import follow_up, pay_online, pending_payment
from tests.factories.shops import open_shop
from tests.payments.sandbox_process import SandboxProcess

pytestmark = pytest.mark.django_db
PRICE, DEPOSIT = 26800, 8040


@pytest.fixture
def owner(db: None) -> User:
    return UserFactory(language="en")  # type: ignore[return-value]


@pytest.fixture
def page(owner: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(owner)
    return client


@pytest.fixture
def order(owner: User) -> Order:
    return opened(owner, deposit_fen=DEPOSIT)


def opened(owner: User, *, deposit_fen: int = 0, reference: str = "visit00000000001") -> Order:
    draft = OrderDraft(
        reference=reference,
        number="SH-1102-001",
        shop=open_shop(),
        payer=owner,
        title_zh="小保养",
        title_en="Oil service",
        total_fen=PRICE,
        deposit_fen=deposit_fen,
    )
    return orders.open_order(draft, at=timezone.now())


def url(name: str, order: Order, *args: str) -> str:
    return reverse(f"paying:{name}", args=[order.public_id, *args])


def text(response: HttpResponse) -> str:
    return response.content.decode()


def choose(page: Client, order: Order, **fields: str) -> HttpResponse:
    return page.post(url("order", order), {"provider": "sandbox", "amount": "deposit", **fields})


# --- Choosing -----------------------------------------------------------------------------------------


@pytest.mark.usefixtures("sandbox_psp")
def test_page_offers_deposit_or_everything_and_the_ways_there_are(page: Client, order: Order) -> None:
    words = text(page.get(url("order", order)))
    assert "The deposit, ¥80.40" in words
    assert "Everything, ¥268" in words
    assert 'value="sandbox"' in words
    assert 'value="alipay"' not in words


@pytest.mark.usefixtures("sandbox_psp")
@pytest.mark.parametrize(("proxies", "told"), [(0, "127.0.0.1"), (1, "203.0.113.9")])
def test_provider_is_told_the_payers_address_and_not_the_proxys(
    page: Client, order: Order, monkeypatch: pytest.MonkeyPatch, settings: Any, proxies: int, told: str
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    charges = []
    start = SandboxProvider.start
    monkeypatch.setattr(SandboxProvider, "start", lambda psp, charge: charges.append(charge) or start(psp, charge))
    page.post(
        url("order", order),
        {"provider": "sandbox", "amount": "deposit"},
        headers={"x-forwarded-for": "198.51.100.1, 203.0.113.9"},
    )
    assert [charge.client_ip for charge in charges] == [told]


@pytest.mark.usefixtures("sandbox_psp")
def test_paying_starts_at_the_provider_and_shows_the_way_on(page: Client, order: Order) -> None:
    response = choose(page, order)
    payment = Payment.objects.get(order=order)
    assert response["Location"] == url("payment", order, payment.public_id)
    assert (payment.amount_fen, payment.purpose, payment.status) == (DEPOSIT, Purpose.DEPOSIT, PaymentStatus.PENDING)
    words = text(page.get(response["Location"]))
    assert f'href="{payment.pay_url}"' in words
    assert "¥80.40" in words
    again = choose(page, order)
    assert again["Location"] == response["Location"]


@pytest.mark.usefixtures("sandbox_psp")
def test_everything_can_be_paid_at_once(page: Client, order: Order) -> None:
    choose(page, order, amount="all")
    payment = Payment.objects.get(order=order)
    assert (payment.amount_fen, payment.purpose) == (PRICE, Purpose.BALANCE)


@pytest.mark.usefixtures("sandbox_psp")
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"provider": "stripe"}, "This way of paying is not offered."),
        ({"provider": ""}, "Choose how you want to pay."),
        ({"provider": "shop"}, "This way of paying is not offered."),
        ({"amount": "1"}, "This amount is not offered any more."),
    ],
)
def test_wrong_choice_is_said_beside_the_field(page: Client, order: Order, fields: dict[str, str], said: str) -> None:
    response = choose(page, order, **fields)
    assert response.status_code == 400
    assert said in text(response)
    assert not Payment.objects.exists()


def test_silent_provider_is_said_and_nothing_is_lost(page: Client, order: Order, sandbox_psp: SandboxProcess) -> None:
    sandbox_psp.lose_answer("start")
    response = choose(page, order)
    assert response.status_code == 503
    assert "Nothing was lost" in text(response)
    first = Payment.objects.get(order=order)
    choose(page, order)
    assert Payment.objects.get(order=order).request_no == first.request_no


def test_without_a_provider_the_page_says_that_it_is_paid_at_the_shop(page: Client, order: Order) -> None:
    words = text(page.get(url("order", order)))
    assert "Paid at the shop" in words
    assert 'name="provider"' not in words


@pytest.mark.usefixtures("sandbox_psp")
def test_closed_order_offers_only_its_fee(page: Client, order: Order) -> None:
    fee = LineDraft(orders.LineKind.LATE_CANCEL, "取消", "Late cancellation", 2520)
    orders.cancel(reference=order.reference, fee=fee, at=timezone.now())
    assert "¥25.20" in text(page.get(url("order", order)))
    choose(page, order)
    payment = Payment.objects.get(order=order)
    assert (payment.amount_fen, payment.purpose) == (2520, Purpose.FEE)


# --- The payment's page -------------------------------------------------------------------------------


def test_state_is_one_query_and_says_when_it_changed(
    page: Client, order: Order, django_assert_num_queries: Any
) -> None:
    payment = pending_payment(order, DEPOSIT, at=timezone.now())
    address = url("state", order, payment.public_id)
    with django_assert_num_queries(3):  # session, person, the payment
        assert page.get(address, {"seen": "pending"}).status_code == 204
    changed = page.get(address, {"seen": "created"})
    assert (changed.status_code, changed["HX-Refresh"]) == (200, "true")


def test_paid_payment_says_what_is_next(page: Client, order: Order) -> None:
    payment = pay_online(order, DEPOSIT, at=timezone.now())
    words = text(page.get(url("payment", order, payment.public_id)))
    assert "¥80.40 paid" in words
    assert reverse("bookings:detail", args=[order.reference]) in words
    assert "hx-get" not in words


def test_closed_payment_offers_another_try(page: Client, order: Order) -> None:
    payment = pending_payment(order, DEPOSIT, at=timezone.now())
    Payment.objects.filter(pk=payment.pk).update(status=PaymentStatus.CLOSED)
    words = text(page.get(url("payment", order, payment.public_id)))
    assert "Nothing was taken" in words
    assert url("order", order) in words


def test_code_to_scan_is_drawn_without_style(page: Client, order: Order) -> None:
    payment = pending_payment(order, DEPOSIT, at=timezone.now())
    Payment.objects.filter(pk=payment.pk).update(pay_url="", code_text="weixin://wxpay/bizpayurl?pr=abc")
    words = text(page.get(url("payment", order, payment.public_id)))
    assert 'class="pay-code"' in words
    assert "style=" not in words.split('class="pay-code"')[1].split("</svg>")[0]


@pytest.mark.parametrize("long", ["x" * 10_000, ""])
def test_code_that_cannot_be_drawn_is_left_out(long: str) -> None:
    assert codes.svg(long) == ""


# --- Whose it is --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["order", "receipt", "payment", "state", "use_coupon", "drop_coupon"])
def test_somebody_elses_order_looks_like_a_missing_one(order: Order, name: str) -> None:
    payment = pending_payment(order, DEPOSIT, at=timezone.now())
    args = [payment.public_id] if name in {"payment", "state"} else []
    stranger = Client()
    ask = stranger.post if "coupon" in name else stranger.get
    assert ask(url(name, order, *args)).status_code == 302
    stranger.force_login(UserFactory())
    assert ask(url(name, order, *args)).status_code == 404


# --- Coupons ------------------------------------------------------------------------------------------


def coupon(code: str = "SPRING20", value_fen: int = 2000) -> None:
    draft = CouponDraft(
        code=code,
        name_zh="春季",
        name_en="Spring",
        funder=CouponFunder.PLATFORM,
        value_fen=value_fen,
        starts_at=timezone.now() - timedelta(days=1),
        ends_at=timezone.now() + timedelta(days=1),
    )
    coupons.create(draft, by=UserFactory(), at=timezone.now())


def test_coupon_counts_and_can_be_taken_off(page: Client, order: Order) -> None:
    coupon()
    assert page.post(url("use_coupon", order), {"code": " spring20 "}).status_code == 302
    order.refresh_from_db()
    assert (order.coupon_fen, order.due_fen) == (2000, PRICE - 2000)
    page.post(url("drop_coupon", order))
    order.refresh_from_db()
    assert order.coupon_fen == 0


@pytest.mark.parametrize("code", ["NOSUCH99", "", "x" * 50, "a\x00b"])
def test_coupon_that_cannot_be_used_is_said_beside_the_field(page: Client, order: Order, code: str) -> None:
    response = page.post(url("use_coupon", order), {"code": code})
    assert response.status_code == 400
    assert 'aria-invalid="true"' in text(response)


def test_codes_cannot_be_guessed_in_a_loop(page: Client, order: Order, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "coupon": "2/h/user"}
    coupon()
    codes_tried = ("NOSUCH01", "NOSUCH02", "SPRING20")
    answers = [page.post(url("use_coupon", order), {"code": code}).status_code for code in codes_tried]
    assert answers == [400, 400, 429]
    assert not CouponUse.objects.exists()
    other = opened(UserFactory(), reference="visit00000000002")
    assert other.payer is not None
    page.force_login(other.payer)
    assert page.post(url("use_coupon", other), {"code": "SPRING20"}).status_code == 302


@pytest.mark.usefixtures("sandbox_psp")
def test_payments_are_not_started_in_a_loop(page: Client, order: Order, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "pay": "2/h/user"}
    assert [choose(page, order, amount=amount).status_code for amount in ("deposit", "all", "deposit")] == [
        302,
        302,
        429,
    ]
    wish = {"provider": "sandbox", "amount": "all"}
    response = page.post(f"/api/v1/orders/{order.public_id}/payments/", wish, content_type="application/json")
    assert response.status_code == 429
    assert Payment.objects.count() == 2


def test_coupon_that_stands_for_a_deposit_stays(page: Client, order: Order) -> None:
    coupon(value_fen=DEPOSIT)
    page.post(url("use_coupon", order), {"code": "SPRING20"})
    page.post(url("drop_coupon", order))
    assert CouponUse.objects.get(order=order).status == "used"


# --- Messages -----------------------------------------------------------------------------------------


def test_payer_is_told_of_payment_and_refund(owner: User, order: Order) -> None:
    at = timezone.now()
    pay_online(order, PRICE, at=at)
    follow_up("payment.paid", at=at)
    said = Message.objects.get(kind="payments/paid")
    assert "¥268" in said.body
    assert url("order", order) in said.body


# --- API ----------------------------------------------------------------------------------------------


def api(name: str, order: Order, *args: str) -> str:
    return reverse(f"paying_api:{name}", args=[order.public_id, *args])


@pytest.mark.usefixtures("sandbox_psp")
def test_api_shows_the_order_and_starts_one_payment_for_one_key(page: Client, order: Order) -> None:
    shown = page.get(api("order", order)).json()
    assert (shown["total_fen"], shown["deposit_fen"], shown["due_fen"], shown["providers"]) == (
        PRICE,
        DEPOSIT,
        PRICE,
        ["sandbox"],
    )
    wish = {"provider": "sandbox", "amount": "deposit"}
    key = {"HTTP_IDEMPOTENCY_KEY": "k1"}
    first = page.post(api("payments", order), wish, content_type="application/json", **key)
    assert first.status_code == 201
    assert first.json()["amount_fen"] == DEPOSIT
    assert page.post(api("payments", order), wish, content_type="application/json", **key).json() == first.json()
    other = {**wish, "amount": "all"}
    assert page.post(api("payments", order), other, content_type="application/json", **key).status_code == 422
    assert page.get(api("payment", order, first.json()["id"])).json()["status"] == "pending"


@pytest.mark.usefixtures("sandbox_psp")
@pytest.mark.parametrize(
    "wish", [{}, {"provider": "cash"}, {"provider": "sandbox", "amount": 1.5}, [], {"provider": None}]
)
def test_api_refuses_what_makes_no_sense(page: Client, order: Order, wish: Any) -> None:
    response = page.post(api("payments", order), wish, content_type="application/json")
    assert response.status_code == 400
    assert not Payment.objects.exists()


def test_api_hides_somebody_elses_order(order: Order) -> None:
    stranger = Client()
    assert stranger.get(api("order", order)).status_code == 401
    stranger.force_login(UserFactory())
    assert stranger.get(api("order", order)).status_code == 404
    assert stranger.post(api("payments", order), {"provider": "sandbox"}).status_code == 404


def test_api_shows_what_was_paid_at_the_counter(page: Client, order: Order) -> None:
    taken = orders.locked(order.reference)
    assert taken
    orders.take_at_shop(taken, amount_fen=5000, method=ShopMethod.CASH, by=None, at=timezone.now())
    shown = page.get(api("order", order)).json()
    assert [(one["provider"], one["amount_fen"]) for one in shown["payments"]] == [(ProviderKey.SHOP, 5000)]
    assert shown["status"] == OrderStatus.OPEN
    with translation.override("en"):
        assert "Paid at the shop, Cash" in text(page.get(url("order", order)))
