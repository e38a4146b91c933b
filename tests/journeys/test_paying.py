"""An owner pays a deposit at a provider that is a process of its own, and cancels late."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from bookings.choices import Status
from bookings.models import Booking
from core.money import format_fen
from payments.choices import PaymentStatus, RefundStatus
from payments.models import Order
from shops.models import Shop
from tests.journeys.conftest import PHONE, Browse, Words
from tests.journeys.looking import look
from tests.journeys.world import FLAGSHIP, LAVIDA, OIL_SERVICE
from tests.payments.sandbox_process import SandboxProcess


@pytest.fixture
def provider(
    _visits: None, site: str, settings: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SandboxProcess]:
    """The sandbox provider, which tells the running site of what happens; a shop asks for a deposit."""
    terms = Shop.objects.filter(slug=FLAGSHIP).values("deposit_percent", "late_cancel_fee_percent").get()
    Shop.objects.filter(slug=FLAGSHIP).update(deposit_percent=30, late_cancel_fee_percent=30)
    notify_url = f"{site}/payments/notices/sandbox/"
    with SandboxProcess(tmp_path_factory.mktemp("sandbox-journey"), notify_url=notify_url) as process:
        settings.PAYMENT_PROVIDERS = {"sandbox": process.options()}
        settings.SITE_URL = site
        yield process
    Shop.objects.filter(slug=FLAGSHIP).update(**terms)


def hold_a_later_time(page: Page) -> None:
    page.goto(f"/book/{FLAGSHIP}/{OIL_SERVICE}/?variant={LAVIDA}")
    before = page.locator("#slot-strip [aria-live] strong").inner_text()
    page.locator(".day-strip a.day:not(.day-closed):not(.day-turn)").last.click()
    expect(page.locator("#slot-strip [aria-live] strong")).not_to_have_text(before)
    page.locator("button.slot[form=hold-form]").first.click()
    page.wait_for_url("**/holds/**")


def test_owner_books_with_a_deposit_and_cancels_late(browse: Browse, zh: Words, provider: SandboxProcess):
    page = browse(PHONE, person="lin")
    hold_a_later_time(page)
    look(page, "paying-zh-hold")
    page.get_by_role("button", name=zh("Go on to pay")).click()
    page.wait_for_url(re.compile(r"/pay/\w+/\?"))
    look(page, "paying-zh-choose")
    page.get_by_role("button", name=zh("Go on to pay")).click()
    page.wait_for_url(re.compile(r"/pay/\w+/\w+/$"))
    look(page, "paying-zh-waiting")

    page.locator("main a.btn-primary").click()
    page.wait_for_url(f"{provider.url}/**")
    page.locator("button[value=once]").click()
    page.locator("a", has_text="返回商家").click()
    page.wait_for_url(re.compile(r"/pay/\w+/\w+/$"))
    order = Order.objects.latest("pk")
    expect(page.get_by_role("heading", level=1)).to_contain_text(format_fen(order.deposit_fen))
    expect(page.get_by_role("link", name=zh("See your visit"))).to_be_visible()
    look(page, "paying-zh-paid")
    page.get_by_role("link", name=zh("See your visit")).click()
    page.wait_for_url("**/bookings/**")
    booking = Booking.objects.get(public_id=order.reference)
    assert booking.status == Status.CONFIRMED
    expect(page.locator("#money")).to_be_visible()
    look(page, "paying-zh-visit")

    Booking.objects.filter(pk=booking.pk).update(free_cancel_until=timezone.now() - timedelta(minutes=1))
    page.goto(f"/bookings/{booking.public_id}/cancel/")
    back_fen = order.deposit_fen - booking.late_cancel_fee_fen
    expect(page.locator(".note")).to_contain_text(format_fen(back_fen))
    look(page, "paying-zh-cancel")
    page.locator("button.btn-danger").click()
    page.wait_for_url(f"**/bookings/{booking.public_id}/")
    look(page, "paying-zh-cancelled")
    order.refresh_from_db()
    assert order.kept_fen == booking.late_cancel_fee_fen
    refund = order.refunds.get()
    assert (refund.amount_fen, refund.status) == (back_fen, RefundStatus.DONE)
    assert order.payments.get().status == PaymentStatus.PAID
    assert provider.books()["refunded_fen"] == back_fen
