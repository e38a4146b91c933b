"""Owners: from the home page to a booked visit, and what can happen on the way."""

import re
from datetime import datetime, time
from pathlib import Path

from django.utils import timezone
from playwright.sync_api import Page, expect

from bookings import actions
from bookings.actions import Holder
from bookings.choices import Status
from bookings.engine.jobs import Job, VisitPlace
from bookings.errors import SlotTakenError, SlotUnavailableError
from bookings.models import Booking
from catalog.models import Service
from core.money import format_fen
from o2o_platform.demo import people
from shops.choices import Day
from shops.models import OffPeak, Shop
from tests.journeys.conftest import DESKTOP, PHONE, Browse, Words, newest_code
from tests.journeys.looking import look
from tests.journeys.world import FLAGSHIP, LAVIDA, OIL_SERVICE, ON_SITE
from vehicles.models import Car, Variant


def _later_day(page: Page) -> None:
    """Choose the last day of the strip that has free times: far from today's hours."""
    before = page.locator("#slot-strip [aria-live] strong").inner_text()
    page.locator(".day-strip a.day:not(.day-closed):not(.day-turn)").last.click()
    expect(page.locator("#slot-strip [aria-live] strong")).not_to_have_text(before)


def _take_first_time(page: Page) -> None:
    page.locator("button.slot[form=hold-form]").first.click()
    page.wait_for_url(re.compile(r"/(holds|bookings)/"))


def _confirm_with_code(page: Page, words: Words, phone: str) -> None:
    """Give a number, read the code where it was delivered, type it."""
    page.get_by_label(words("Mobile number or e-mail")).fill(phone)
    page.get_by_role("button", name=words("Send the code")).click()
    page.wait_for_url("**/code/**")
    page.get_by_label(words("Six-digit code")).fill(newest_code())


def test_owner_books_moves_and_cancels_on_a_phone_in_chinese(
    browse: Browse, zh: Words, tmp_path: Path, allowed_console_errors: list[str]
):
    allowed_console_errors.append("status of 400")  # the confirmation sent without a number
    page = browse(PHONE)
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    look(page, "owner-zh-home")

    page.get_by_role("combobox", name=zh("What"), exact=True).select_option(OIL_SERVICE)
    page.get_by_label(zh("Car"), exact=True).fill("朗逸 1.4T")
    page.get_by_role("button", name=zh("Search"), exact=True).click()
    page.wait_for_url("**/search/**")
    expect(page.locator("article.shop-card").first).to_contain_text("¥")
    look(page, "owner-zh-results")

    flagship = page.locator("article.shop-card", has_text=Shop.objects.get(slug=FLAGSHIP).name_zh)
    expect(flagship.locator("button.slot")).to_have_count(3)
    flagship.get_by_role("link", name=zh("All times")).click()
    look(page, "owner-zh-slots")
    _later_day(page)
    _take_first_time(page)

    countdown = page.locator("[data-hold-time]")
    shown = countdown.inner_text()
    expect(countdown).not_to_have_text(shown)
    look(page, "owner-zh-hold")
    page.get_by_role("button", name=zh("Send the code")).click()
    expect(page.get_by_label(zh("Mobile number or e-mail"))).to_have_attribute("aria-invalid", "true")
    look(page, "owner-zh-hold-refused")
    page.get_by_label(zh("Number plate")).fill("沪A·D8K22")
    _confirm_with_code(page, zh, "138 1642 0957")
    look(page, "owner-zh-code")
    page.get_by_role("button", name=zh("Continue"), exact=True).click()

    booking = Booking.objects.get()
    expect(page.locator("#visit-status")).to_contain_text(booking.number)
    assert (booking.status, booking.plate, booking.contact_phone) == (Status.CONFIRMED, "沪AD8K22", "+8613816420957")
    look(page, "owner-zh-confirmed")
    _calendar_file_says(page, zh, booking, tmp_path)
    _move(page, zh, booking)
    _cancel(page, zh, booking)


def _calendar_file_says(page: Page, words: Words, booking: Booking, folder: Path) -> None:
    with page.expect_download() as download:
        page.get_by_role("link", name=words("Calendar")).click()
    file = folder / "visit.ics"
    download.value.save_as(file)
    text = file.read_text()
    assert booking.number in text
    assert f"{booking.starts_at:%Y%m%dT%H%M}" in text or f"{booking.local_start:%Y%m%dT%H%M}" in text


def _move(page: Page, words: Words, booking: Booking) -> None:
    before = booking.starts_at
    page.get_by_role("link", name=words("Move"), exact=True).click()
    look(page, "owner-zh-move")
    page.locator("button.slot[form=hold-form]").last.click()
    page.wait_for_url(f"**/bookings/{booking.public_id}/")
    booking.refresh_from_db()
    assert booking.starts_at != before
    expect(page.locator("h1.visit-time")).to_contain_text(f"{booking.local_start:%H:%M}")


def _cancel(page: Page, words: Words, booking: Booking) -> None:
    page.get_by_role("link", name=words("Cancel"), exact=True).click()
    look(page, "owner-zh-cancel")
    page.get_by_role("button", name=words("Cancel the visit, %(fee)s", fee="¥0")).click()
    expect(page.get_by_role("link", name=words("Book this again"))).to_be_visible()
    booking.refresh_from_db()
    assert booking.status == Status.CANCELLED
    look(page, "owner-zh-cancelled")


def test_owner_with_a_saved_car_books_on_a_desktop_in_english(browse: Browse, en: Words):
    page = browse(DESKTOP, locale="en-GB", person="lin")
    page.goto("/")
    look(page, "owner-en-home")
    service = Service.objects.get(key=OIL_SERVICE)
    lavida = Car.objects.get(owner__email=people.address("lin"), variant__slug=LAVIDA)
    page.get_by_role("combobox", name="Car", exact=True).select_option(lavida.public_id)
    page.get_by_role("button", name="Search", exact=True).click()
    page.wait_for_url("**/search/**")
    page.get_by_role("link", name="CarKeeper").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Lavida")
    page.get_by_role("link", name=f"Book {service.name_en}").click()
    look(page, "owner-en-results")
    page.get_by_role("link", name="Price", exact=True).click()
    page.wait_for_url("**sort=price**")
    prices = [_yuan(text) for text in page.locator("article.shop-card .price-lg:visible").all_inner_texts()]
    assert len(prices) >= 5
    assert prices == sorted(prices)

    page.get_by_role("link", name="Map", exact=True).click()
    pins = page.locator("[data-map] .map-pin")
    expect(pins).to_have_count(len(prices))
    look(page, "owner-en-map")

    page.locator("article.shop-card button.slot").first.click()
    page.wait_for_url("**/holds/**")
    expect(page.get_by_role("radio").first).to_be_checked()
    look(page, "owner-en-hold")
    page.get_by_role("button", name="Confirm booking").click()
    page.wait_for_url("**/bookings/**")
    booking = Booking.objects.get()
    assert (booking.status, booking.plate) == (Status.CONFIRMED, "沪AD8K21")
    expect(page.locator("#visit-status")).to_contain_text(booking.number)
    look(page, "owner-en-confirmed")

    page.get_by_role("link", name="My bookings").first.click()
    expect(page.get_by_text(service.name_en).first).to_be_visible()
    look(page, "owner-en-visits")


def _yuan(text: str) -> float:
    return float(re.sub(r"[^\d.]", "", text))


def test_time_taken_by_somebody_else_offers_the_nearest_and_keeps_what_was_typed(
    browse: Browse, zh: Words, allowed_console_errors: list[str]
):
    allowed_console_errors.append("status of 409")
    page = browse(PHONE)
    page.goto(f"/book/{ON_SITE}/{OIL_SERVICE}/?variant={LAVIDA}")
    address = "田林路 388 号地下车库 B2"
    page.get_by_label(zh("District, station or area")).fill("31.1735, 121.4200")
    page.get_by_label(zh("Street, number, and where the car stands")).fill(address)
    page.get_by_role("button", name=zh("Show the times for this")).click()
    page.wait_for_url("**lat=31.17350**")
    expect(page.get_by_label(zh("Street, number, and where the car stands"))).to_have_value(address)
    _later_day(page)
    wanted = page.locator("button.slot[form=hold-form]").nth(3)
    _take_all(datetime.fromisoformat(wanted.get_attribute("value") or ""))
    wanted.click()

    expect(page.get_by_role("alert")).to_contain_text(zh("The nearest free times:"))
    expect(page.get_by_label(zh("Street, number, and where the car stands"))).to_have_value(address)
    look(page, "owner-zh-lost")
    page.get_by_role("alert").get_by_role("button").first.click()
    page.wait_for_url("**/holds/**")
    expect(page.get_by_text(address).first).to_be_visible()


def _take_all(starts_at: datetime) -> None:
    """Others hold every unit and technician of the team that could come at that time."""
    job = Job(
        Shop.objects.select_related("city").get(slug=ON_SITE),
        Service.objects.get(key=OIL_SERVICE),
        Variant.objects.with_names().get(slug=LAVIDA),
        place=VisitPlace("漕溪北路 88 号", 31.19, 121.437),
    )
    for number in range(20):
        try:
            holder = Holder(user=None, visitor_key=f"somebody else {number}")
            actions.hold(job=job, starts_at=starts_at, holder=holder, at=timezone.now())
        except (SlotTakenError, SlotUnavailableError):
            assert number, "the time was not free to begin with"
            return
    raise AssertionError("the time can be held again and again")


def test_two_services_at_an_off_peak_hour_are_booked_after_signing_in(browse: Browse, en: Words):
    shop = Shop.objects.get(slug=FLAGSHIP)
    shop.off_peak.all().delete()
    OffPeak.objects.bulk_create(
        OffPeak(shop=shop, day=day, starts_at=time(9), ends_at=time(17), percent=20) for day in Day
    )
    page = browse(PHONE, locale="en-GB")
    brake_fluid = Service.objects.get(key="brake_fluid")
    page.goto(f"/book/{FLAGSHIP}/{OIL_SERVICE}/?variant={LAVIDA}")
    page.get_by_text("Do more in one visit").click()
    look(page, "owner-en-more-services")
    page.get_by_role("link", name=f"Add {brake_fluid.name_en}").click()
    page.wait_for_url("**also=brake_fluid**")
    expect(page.get_by_role("link", name=f"Leave out {brake_fluid.name_en}")).to_be_visible()
    _later_day(page)
    look(page, "owner-en-two-services")
    cheaper = page.locator("button.slot[form=hold-form]", has_text="−20 %").first
    total = (cheaper.locator("b").inner_text()).strip()
    cheaper.click()
    page.wait_for_url(re.compile(r"/holds/"))
    expect(page.get_by_text("Off-peak discount on labour")).to_be_visible()
    expect(page.get_by_text(total).first).to_be_visible()
    look(page, "owner-en-two-services-hold")
    _confirm_with_code(page, en, "137 1642 0959")
    page.get_by_role("button", name="Continue", exact=True).click()

    page.wait_for_url(re.compile(r"/bookings/"))
    booking = Booking.objects.get()
    expect(page.locator("#visit-status")).to_contain_text(booking.number)
    assert booking.status == Status.CONFIRMED
    assert [line.service.key for line in booking.booked_services.all()] == [OIL_SERVICE, "brake_fluid"]
    assert booking.discount_fen > 0
    assert format_fen(booking.total_fen) == total
    look(page, "owner-en-two-services-booked")


def test_booking_works_without_javascript(browse: Browse, zh: Words):
    page = browse(PHONE, java_script_enabled=False)
    page.goto("/")
    page.get_by_label(zh("Car"), exact=True).fill("lavida 1.4t")
    page.get_by_role("button", name=zh("Search"), exact=True).click()
    flagship = page.locator("article.shop-card", has_text=Shop.objects.get(slug=FLAGSHIP).name_zh)
    flagship.get_by_role("link", name=zh("All times")).click()
    page.locator(".day-strip a.day:not(.day-closed):not(.day-turn)").last.click()
    page.wait_for_url("**date=**")
    _take_first_time(page)
    _confirm_with_code(page, zh, "139 1642 0958")
    page.get_by_role("button", name=zh("Continue"), exact=True).click()
    booking = Booking.objects.get()
    assert booking.status == Status.CONFIRMED
    expect(page.locator("#visit-status")).to_contain_text(booking.number)


def test_language_and_theme_are_remembered(browse: Browse):
    page = browse(DESKTOP)
    page.goto("/")
    html = page.locator("html")
    expect(html).to_have_attribute("lang", "zh-hans")
    page.get_by_role("banner").get_by_role("button", name="English").click()
    expect(html).to_have_attribute("lang", "en")
    page.get_by_role("banner").get_by_label("Theme").click()
    with page.expect_response("**/theme/"):
        page.get_by_role("button", name="Dark", exact=True).click()
    expect(html).to_have_attribute("data-theme", "dark")

    elsewhere = page.context.new_page()
    elsewhere.goto("/services/")
    expect(elsewhere.locator("html")).to_have_attribute("lang", "en")
    expect(elsewhere.locator("html")).to_have_attribute("data-theme", "dark")
    look(elsewhere, "services-en")
