"""The shop's side: an advisor's day at the board, and a manager putting hours, closures and prices right."""

import re
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from bookings import actions
from bookings.actions import Contact, Holder
from bookings.choices import Status
from bookings.engine.availability import day_slots
from bookings.engine.jobs import Job
from bookings.floor import quality
from bookings.models import Booking
from catalog.models import Offer, Service
from o2o_platform.demo import people
from shops.choices import Confirmation, Day
from shops.models import Closure, OpeningHours, Resource, Shop
from tests.factories.accounts import UserFactory
from tests.factories.floor import ALL_IN_ORDER
from tests.journeys.conftest import DESKTOP, PHONE, TABLET, Browse, Words
from tests.journeys.looking import look
from tests.journeys.world import FLAGSHIP, LAVIDA, OIL_SERVICE
from vehicles.models import Car, Variant

ALIGNMENT = "wheel_alignment"
WALK_IN_PLATE = "沪BK7720"
LIVE_MS = 15_000


def test_advisor_takes_a_walk_in_to_handover_on_a_tablet(browse: Browse, zh: Words):
    page = browse(TABLET, person="zhao")
    page.goto(f"/shop/{FLAGSHIP}/board/")
    expect(page.locator(".board-now-label")).to_be_visible()
    look(page, "board-zh-empty")

    page.get_by_role("link", name=zh("Walk-in")).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(zh("Car or number plate")).fill("朗逸 1.4T")
    dialog.get_by_label(zh("Service"), exact=True).select_option(OIL_SERVICE)
    expect(dialog.locator(".walk-in-quote")).to_contain_text("¥")
    dialog.get_by_label(re.compile(f"^{zh('Number plate')}")).fill("沪B·K7720")
    look(page, "board-zh-walk-in")
    dialog.get_by_role("button", name=zh("Open the visit")).click()
    expect(dialog).to_be_hidden()
    panel = page.locator("#visit-panel")
    expect(panel).to_contain_text("K7720")
    look(page, "board-zh-panel")

    panel.get_by_role("link", name=zh("Check in"), exact=True).click()
    dialog.get_by_label(zh("Odometer"), exact=True).fill("58263")
    look(page, "board-zh-check-in")
    dialog.get_by_role("button", name=zh("Check in the car")).click()
    for step in ("Start work", "Work done"):
        panel.get_by_role("button", name=zh(step)).click()
    expect(panel.get_by_role("link", name=zh("Quality check"))).to_be_visible()
    look(page, "board-zh-checking")
    booking = Booking.objects.get(plate=WALK_IN_PLATE)
    # Somebody who did not do the work checks it.
    quality.check(booking=booking, checklist=ALL_IN_ORDER, by=UserFactory(), at=timezone.now())
    page.goto(f"/shop/{FLAGSHIP}/visits/{booking.public_id}/card/")
    look(page, "job-card-zh-ready")
    page.get_by_role("link", name=zh("Hand over")).click()
    look(page, "handover-zh")
    page.get_by_role("button", name=zh("Hand over")).click()
    expect(page.get_by_role("button", name=zh("Hand over"))).to_have_count(0)
    booking.refresh_from_db()
    assert (booking.status, booking.odometer_km) == (Status.COMPLETED, 58_263)

    page.goto(f"/shop/{FLAGSHIP}/board/")
    _sees_another_booking_without_reloading(page)
    page.goto(f"/shop/{FLAGSHIP}/closing/")
    expect(page.get_by_role("row", name=re.compile("K7720"))).to_be_visible()
    look(page, "closing-zh")


def _sees_another_booking_without_reloading(page: Page) -> None:
    """An owner books a time of today; it comes to the board by itself."""
    page.evaluate("window.isTheSamePage = true")
    booking = owner_books("沪AD8K21")
    expect(page.locator(f"#board-live [data-visit='{booking.public_id}']:visible").first).to_be_visible(timeout=LIVE_MS)
    assert page.evaluate("window.isTheSamePage")
    look(page, "board-zh-live")


def owner_books(plate: str, *, also: str = "", with_loaner: bool = False, car: Car | None = None) -> Booking:
    """A visit of today at the flagship that the demo owner has booked."""
    at = timezone.now()
    shop = Shop.objects.select_related("city").get(slug=FLAGSHIP)
    variant = Variant.objects.with_names().get(slug=LAVIDA)
    others = tuple(Service.objects.filter(key=also))
    job = Job(shop, Service.objects.get(key=OIL_SERVICE), variant, also=others, with_loaner=with_loaner)
    today = at.astimezone(shop.zone).date()
    slot = day_slots(shop=shop, plan=job.quoted().plan, first=today, days=1, at=at)[0].slots[0]
    owner = User.objects.get(email=people.address("lin"))
    holder = Holder(owner)
    held = actions.hold(job=job, starts_at=slot.starts_at, holder=holder, at=at)
    contact = Contact(name="林女士", phone=owner.phone or "", plate=plate)
    return actions.confirm(booking=held, by=owner, holder=holder, contact=contact, car=car, at=at)


def test_advisor_works_through_the_agenda_on_a_phone(browse: Browse, zh: Words):
    booking = owner_books("沪AD8K21")
    page = browse(PHONE, person="zhao")
    page.goto(f"/shop/{FLAGSHIP}/board/")
    row = page.locator("li.agenda-row", has_text="D8K21")
    expect(row).to_be_visible()
    look(page, "agenda-zh")
    row.get_by_role("link", name=zh("Check in"), exact=True).click()
    page.wait_for_url("**/check-in/")
    page.locator("input[name=odometer_km]").fill("58300")
    page.get_by_role("button", name=zh("Check in"), exact=True).click()
    expect(page.locator("main")).to_contain_text("58,300")
    look(page, "agenda-zh-sheet")
    booking.refresh_from_db()
    assert booking.status == Status.CHECKED_IN


def test_advisor_answers_a_request_and_finds_every_part_of_a_visit(browse: Browse, en: Words):
    shop = Shop.objects.select_related("city").get(slug=FLAGSHIP)
    Shop.objects.filter(pk=shop.pk).update(confirmation=Confirmation.BY_HAND)
    try:
        booking = owner_books("沪AD8K21", also=ALIGNMENT, with_loaner=True)
    finally:
        Shop.objects.filter(pk=shop.pk).update(confirmation=shop.confirmation)
    page = browse({"viewport": {"width": 1280, "height": 860}}, locale="en-GB", person="zhao")
    page.goto(f"/shop/{FLAGSHIP}/board/")
    inbox = page.locator(".board-inbox")
    expect(inbox).to_contain_text("D8K21")
    look(page, "board-en-request")
    inbox.get_by_role("link", name="Decline").click()
    look(page, "board-en-decline")
    page.keyboard.press("Escape")
    inbox.get_by_role("button", name="Accept").click()
    expect(inbox).to_have_count(0)
    booking.refresh_from_db()
    assert booking.status == Status.CONFIRMED

    pieces = page.locator(f"[data-board] [data-visit='{booking.public_id}']")
    expect(pieces).not_to_have_count(1)
    pieces.first.focus()
    expect(pieces.nth(1)).to_have_class(re.compile("is-sibling"))
    look(page, "board-en-parts")
    page.keyboard.press("Enter")
    expect(page.locator("#visit-panel")).to_contain_text("Parts of the visit")
    look(page, "board-en-parts-panel")
    page.get_by_role("link", name="Swap").click()
    expect(page.get_by_role("dialog")).to_contain_text("No other confirmed visit")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Move").click()
    expect(page.get_by_role("dialog")).to_contain_text("The whole visit moves")
    look(page, "board-en-move-parts")
    page.keyboard.press("Escape")
    _drops_the_last_part_in_the_afternoon(page, booking)
    page.goto(f"/shop/{FLAGSHIP}/board/?view=technicians")
    look(page, "board-en-people")

    page.get_by_role("link", name="Why is a time not offered?").click()
    page.get_by_text("Wheel alignment", exact=True).first.click()
    page.get_by_role("button", name="Explain").click()
    expect(page.locator(".explain-answer")).to_contain_text("offered")
    look(page, "explain-en")
    phone = browse(PHONE, locale="en-GB", person="zhao")
    for address, name in (("board/", "board-en-phone"), (f"visits/{booking.public_id}/", "visit-en-phone")):
        phone.goto(f"/shop/{FLAGSHIP}/{address}")
        look(phone, name)
    phone.goto(page.url)
    look(phone, "explain-en-phone")


def _drops_the_last_part_in_the_afternoon(page: Page, booking: Booking) -> None:
    """Dragging one part moves the whole visit by as much."""
    wanted = booking.local_start.replace(hour=15, minute=0)
    page.goto(f"/shop/{FLAGSHIP}/board/?view=bays")
    rig = Resource.objects.get(shop=booking.shop, kind="bay", capabilities__contains=["alignment"])
    box = page.locator(f"#b-{rig.public_id}-{booking.public_id}-3").bounding_box()
    board = page.locator(f"[data-lane='{rig.public_id}']").bounding_box()
    hour = board["width"] / (int(page.locator("[data-board]").get_attribute("data-ticks")) / 12)
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    far = hour * ((wanted - booking.starts_at) / timedelta(hours=1))
    page.mouse.move(box["x"] + 20 + far / 2, box["y"] + 22)
    page.mouse.move(box["x"] + 20 + far, box["y"] + 22)
    page.mouse.up()
    expect(page.locator(".toasts")).to_contain_text("Moved")
    booking.refresh_from_db()
    assert booking.starts_at == wanted


def test_manager_corrects_hours_closures_and_prices(browse: Browse, en: Words, allowed_console_errors: list[str]):
    allowed_console_errors.append("status of 4")  # the price list with a mistake
    page = browse(DESKTOP, locale="en-GB", person="li")
    slug = "hucheng-xujiahui"
    _change_hours(page, slug)
    _add_closure(page, slug)
    _import_prices(page, slug)


def _change_hours(page: Page, slug: str) -> None:
    page.goto(f"/shop/{slug}/settings/hours/")
    look(page, "hours-en")
    closes = page.get_by_label("Tuesday, closes (1)")
    closes.fill("20:15")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Your changes are saved.").first).to_be_visible()
    expect(page.get_by_label("Tuesday, closes (1)")).to_have_value("20:15")
    assert f"{OpeningHours.objects.get(shop__slug=slug, day=Day.TUESDAY).closes_at:%H:%M}" == "20:15"
    page.goto(f"/shops/{slug}/")
    expect(page.get_by_text("20:15").first).to_be_visible()
    look(page, "shop-en")


def _add_closure(page: Page, slug: str) -> None:
    page.goto(f"/shop/{slug}/settings/closures/")
    day = timezone.localdate() + timedelta(days=12)
    page.get_by_label("First day").fill(day.isoformat())
    page.get_by_label("Last day").fill(day.isoformat())
    page.get_by_label("Reason").fill("Stocktaking")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("ul.rows").get_by_text("Stocktaking")).to_be_visible()
    look(page, "closures-en")
    assert Closure.objects.get(shop__slug=slug).first_date == day


def _import_prices(page: Page, slug: str) -> None:
    page.goto(f"/shop/{slug}/prices/")
    look(page, "prices-en")
    page.get_by_role("link", name="Import", exact=True).click()
    _send_list(
        page, "service,scope,target,labour_yuan,parts_yuan\nminor_service,variant,volkswagen-lavida-1-4t,abc,168\n"
    )
    alert = page.get_by_role("alert").filter(has_text="labour_yuan")
    expect(alert).to_contain_text("2")
    look(page, "import-en-refused")
    _send_list(
        page, "service,scope,target,labour_yuan,parts_yuan\nminor_service,variant,volkswagen-lavida-1-4t,99.50,168\n"
    )
    expect(page.get_by_role("heading", name="What would change")).to_be_visible()
    look(page, "import-en-preview")
    page.get_by_role("button", name="Take over these changes").click()
    page.wait_for_url(f"**/{slug}/prices/**")
    offer = Offer.objects.get(shop__slug=slug, service__key=OIL_SERVICE, variant__slug=LAVIDA)
    assert (offer.labour_fen, offer.parts_fen, offer.is_active) == (9_950, 16_800, True)


def _send_list(page: Page, text: str) -> None:
    page.get_by_label("CSV file").set_input_files(
        {"name": "prices.csv", "mimeType": "text/csv", "buffer": text.encode()}
    )
    page.get_by_role("button", name="Look at the changes").click()
