"""Receipts: what they say, in both languages, and that they add up."""

import io
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pypdf import PdfReader

from accounts.models import User
from payments import orders, receipts, refunds
from payments.choices import LineKind, RefundReason, ShopMethod
from payments.models import Order
from payments.orders import LineDraft, OrderDraft
from tests.factories.accounts import UserFactory
from tests.factories.payments import pay_online
from tests.factories.shops import open_shop

pytestmark = pytest.mark.django_db
AMOUNT = re.compile(r"(−?)¥([\d,]+)\.(\d\d)")


@pytest.fixture
def order(db: None) -> Order:
    """¥268 of two lines: ¥100 paid online, ¥50 too much; the rest by card at the counter."""
    at = timezone.now()
    draft = OrderDraft(
        reference="visit00000000001",
        number="SH-1102-001",
        shop=open_shop(),
        payer=UserFactory(),
        title_zh="小保养",
        title_en="Oil service",
        total_fen=31800,
    )
    order = orders.open_order(draft, at=at)
    pay_online(order, 31800, at=at)
    lines = [
        LineDraft(LineKind.WORK, "小保养", "Oil service", 22000),
        LineDraft(LineKind.WORK, "清洗节气门", "清洗节气门", 4800),
    ]
    done = orders.complete(reference=order.reference, lines=lines, at=at, shop_method=ShopMethod.CARD)
    assert done
    return done


def read(order: Order, language: str) -> str:
    with translation.override(language):
        data = receipts.as_pdf(receipts.read(order))
    # A font of many characters writes two bytes for each; the reader leaves some first bytes in.
    return "\n".join(page.extract_text().replace("\x00", "") for page in PdfReader(io.BytesIO(data)).pages)


def amounts(words: str) -> list[int]:
    return [(-1 if sign else 1) * int(yuan.replace(",", "") + fen) for sign, yuan, fen in AMOUNT.findall(words)]


def test_receipt_adds_up_in_english(order: Order) -> None:
    words = read(order, "en")
    oil, throttle, price, paid, back, net = amounts(words)
    assert oil + throttle == price == net == 26800
    assert paid + back == net
    assert (paid, back) == (31800, -5000)
    for said in ("Oil service", "清洗节气门", "SH-1102-001", order.shop.name_en, "fapiao", "Test payment"):
        assert said in words


def test_receipt_in_chinese_names_the_work_in_chinese(order: Order) -> None:
    words = read(order, "zh-hans")
    assert "小保养" in words
    assert order.shop.name_zh in words
    assert amounts(words) == amounts(read(order, "en"))


def test_receipt_of_a_cancelled_visit_says_what_was_kept(order: Order) -> None:
    at = timezone.now()
    draft = OrderDraft("visit00000000002", "SH-2", order.shop, order.payer, "小保养", "Oil service", 26800)
    other = orders.open_order(draft, at=at)
    pay_online(other, 8040, at=at)
    fee = LineDraft(LineKind.LATE_CANCEL, "取消较晚", "Late cancellation", 2520)
    closed = orders.cancel(reference=other.reference, fee=fee, at=at)
    assert closed
    words = read(closed, "en")
    assert amounts(words) == [2520, 2520, 8040, -5520, 2520]
    assert "The visit did not take place" in words


def test_refund_after_the_receipt_is_on_the_next_one(order: Order) -> None:
    locked = orders.locked(order.reference)
    assert locked
    line = order.lines.get(position=2)
    refunds.request(locked, amount_fen=4800, reason=RefundReason.GOODWILL, at=timezone.now(), line=line)
    order.refresh_from_db()
    oil, throttle, given_back, price, *moves, net = amounts(read(order, "en"))
    assert oil + throttle + given_back == price == net == sum(moves) == 22000


def test_receipt_that_does_not_add_up_is_not_given_out(order: Order) -> None:
    order.paid_fen += 1
    with pytest.raises(receipts.ReceiptError):
        receipts.read(order)


def test_receipt_is_for_the_payer_once_the_visit_is_over(client: Client, order: Order) -> None:
    url = reverse("paying:receipt", args=[order.public_id])
    assert isinstance(order.payer, User)
    client.force_login(order.payer)
    response = client.get(url, {"lang": "en"})
    assert response["Content-Type"] == "application/pdf"
    assert response.content.startswith(b"%PDF")
    assert 'filename="SH-1102-001-en.pdf"' in response["Content-Disposition"]
    assert client.get(url, {"lang": "../x"}).status_code == 200
    client.force_login(UserFactory())
    assert client.get(url).status_code == 404


def test_open_order_has_no_receipt(client: Client, order: Order) -> None:
    draft = OrderDraft("visit00000000003", "SH-3", order.shop, order.payer, "小保养", "Oil service", 26800)
    opened = orders.open_order(draft, at=timezone.now())
    assert isinstance(order.payer, User)
    client.force_login(order.payer)
    assert client.get(reverse("paying:receipt", args=[opened.public_id])).status_code == 404
