"""A whole visit with added work: the owner sees everything, approves everything, and owns the record."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.utils import timezone
from PIL import Image
from playwright.sync_api import Page, expect

from accounts.models import User
from bookings import workshop
from bookings.choices import LineState, Stage, Status, Urgency
from bookings.floor import inspecting, lines, links
from bookings.floor.inspecting import Reading
from bookings.floor.lines import Author
from bookings.models import Booking, Inspection, Line, LineDecision
from catalog.choices import PointKind
from o2o_platform.demo import floor, people
from shops.choices import Role
from tests.journeys.conftest import DESKTOP, PHONE, TABLET, Browse, Words
from tests.journeys.looking import fits, look
from tests.journeys.test_shop import owner_books
from tests.journeys.world import FLAGSHIP
from vehicles.models import Car, HealthEntry

PADS = "brake_pads_front"
LIVE_MS = 20_000


def _visit() -> Booking:
    """An oil service of the demo owner's own car, booked for today."""
    car = Car.objects.with_names().get(plate="沪AD8K21")
    return owner_books("沪AD8K21", car=car)


def _person(key: str) -> User:
    return User.objects.get(email=people.address(key))


def _camera() -> dict[str, object]:
    """What a phone's camera hands over."""
    written = BytesIO()
    Image.new("RGB", (1600, 1200), "#8f9b99").save(written, "JPEG")
    return {"name": "IMG_0042.JPG", "mimeType": "image/jpeg", "buffer": written.getvalue()}


@dataclass
class Side:
    """The site in one language: its browsers, its words, and which pages are looked at wholly."""

    browse: Browse
    locale: str
    say: Words
    # All of them in one language, else those whose words decide how wide they get: axe finds the same in both.
    looks: frozenset[str] | None = None

    def open(self, screen: dict[str, Any], person: str) -> Page:
        return self.browse(screen, locale=self.locale, person=person)

    def look(self, page: Page, name: str) -> None:
        if self.looks is None or name in self.looks:
            look(page, f"{name}-{self.locale[:2]}")
        else:
            fits(page, name)


IN_ENGLISH = frozenset({"owner-approval", "job-card", "quality-check", "owner-handover"})


@pytest.fixture(params=["zh-CN", "en-GB"] if os.environ.get("DRILL") else ["zh-CN"])
def side(request: pytest.FixtureRequest, browse: Browse) -> Side:
    is_chinese = request.param == "zh-CN"
    return Side(browse, request.param, Words("zh-hans" if is_chinese else "en"), None if is_chinese else IN_ENGLISH)


def test_a_visit_with_added_work_from_check_in_to_the_record(side: Side):
    visit = _visit()
    desk, floor_phone = side.open(TABLET, "zhao"), side.open(PHONE, "chen")
    owner = side.open(PHONE, "lin")
    _check_in(desk, visit, side)
    _owner_confirms_the_sheet(owner, visit, side)
    _inspect(floor_phone, visit, side)
    _propose(floor_phone, visit, side)
    _owner_approves(owner, visit, side)
    _work_and_check(floor_phone, desk, visit, side)
    _hand_over(desk, owner, visit, side)
    entry = HealthEntry.objects.get(reference=f"visit:{visit.public_id}")
    assert {item["service"]: item["outcome"] for item in entry.facts["items"]} == {
        "minor_service": "done",
        PADS: "done",
    }
    owner.goto(f"/cars/{visit.car.public_id}/record/")
    expect(owner.get_by_text("2.8 mm").first).to_be_visible()
    side.look(owner, "record")
    owner.goto(f"/cars/{visit.car.public_id}/needs/")
    side.look(owner, "needs")


def _check_in(page: Page, visit: Booking, side: Side) -> None:
    page.goto(f"/shop/{FLAGSHIP}/visits/{visit.public_id}/check-in/")
    page.get_by_label(re.compile(f"^{side.say('Odometer')}")).first.fill("58263")
    page.locator("input[type=file][multiple]").last.set_input_files([_camera()])
    page.get_by_label(re.compile(f"^{side.say('Belongings left in the car')}")).fill("雨伞")
    side.look(page, "check-in-sheet")
    page.get_by_role("button", name=side.say("Check in"), exact=True).click()
    _until(lambda: Booking.objects.get(pk=visit.pk).status == Status.CHECKED_IN, page)
    visit.refresh_from_db()
    assert visit.stage == Stage.RECEIVED


def _owner_confirms_the_sheet(page: Page, visit: Booking, side: Side) -> None:
    page.goto(f"/bookings/{visit.public_id}/")
    expect(page.get_by_text("雨伞").first).to_be_visible()
    side.look(page, "owner-sheet")
    page.locator("form[action*='check-in/confirm'] button").click()
    expect(page.locator("form[action*='check-in/confirm']")).to_have_count(0)
    visit.check_in.refresh_from_db()
    assert visit.check_in.confirmed_way == "account"


def _inspect(page: Page, visit: Booking, side: Side) -> None:
    page.goto(f"/shop/{FLAGSHIP}/visits/{visit.public_id}/inspections/")
    side.look(page, "inspection-start")
    page.locator("form:has(input[value=brakes_tyres]) button").click()
    page.wait_for_url("**/inspections/*/**")
    inspection = Inspection.objects.get(booking=visit)
    page.goto(f"/shop/{FLAGSHIP}/visits/{visit.public_id}/inspections/{inspection.pk}/?point=pad_front_left_inner")
    page.locator("#point-input").fill("2.8")
    side.look(page, "inspection-point")
    page.locator(".pad-next, .point-next").locator("visible=true").first.click()
    _until(lambda: inspection.items.filter(point="pad_front_left_inner", tone=Urgency.RED).exists(), page)
    page.goto(f"/shop/{FLAGSHIP}/visits/{visit.public_id}/inspections/{inspection.pk}/?point=pad_front_left_inner")
    page.locator("[data-photos]").set_input_files([_camera()])
    _until(lambda: visit.photos.filter(item__point="pad_front_left_inner").exists(), page)
    _measure_the_rest(inspection)
    page.goto(f"/shop/{FLAGSHIP}/visits/{visit.public_id}/inspections/{inspection.pk}/result/")
    side.look(page, "inspection-result")
    page.locator(".stickybar button").click()
    _until(lambda: Inspection.objects.filter(pk=inspection.pk, finished_at__isnull=False).exists(), page)


def _measure_the_rest(inspection: Inspection) -> None:
    """The other points, not by thumb: all in order."""
    taken = set(inspection.items.values_list("point", flat=True))
    by, at = _person("chen"), timezone.now()
    for point in inspecting.points_of(inspection):
        if point.key not in taken:
            kinds = {
                PointKind.LOOK: Reading(look="green"),
                PointKind.CODES: Reading(codes=[]),
                PointKind.DATE: Reading(value=f"10{at.year % 100 - 1:02d}"),
            }
            reading = kinds.get(point.kind, Reading(value=_fine(point.key)))
            inspecting.record(inspection=inspection, point_key=point.key, reading=reading, by=by, at=at)


def _fine(key: str) -> Decimal:
    usual = {"pad": "8.1", "tread": "6.4", "brake_fluid": "1.2"}
    usual |= {"disc_front_min": "21", "disc_rear_min": "8", "disc_front": "23.5", "disc_rear": "9.5"}
    return next((Decimal(value) for start, value in usual.items() if key.startswith(start)), Decimal("12.6"))


def _propose(page: Page, visit: Booking, side: Side) -> None:
    page.goto(f"/shop/{FLAGSHIP}/visits/{visit.public_id}/lines/new/?point=pad_front_left_inner")
    page.get_by_label(re.compile(f"^{side.say('What is to be done')}")).select_option(f"service:{PADS}")
    side.look(page, "line-form")
    page.get_by_role("button", name=side.say("Add to the job card")).click()
    _until(lambda: visit.lines.filter(origin="added").exists(), page)
    page.goto(f"/shop/{FLAGSHIP}/visits/{visit.public_id}/card/")
    side.look(page, "job-card")
    page.get_by_role("link", name=side.say("Send to the owner")).click()
    side.look(page, "send")
    page.locator(".stickybar form button").click()
    _until(lambda: visit.lines.pending().exists(), page)


def _owner_approves(page: Page, visit: Booking, side: Side) -> None:
    """The proposal comes to the owner's page by itself."""
    page.goto(f"/bookings/{visit.public_id}/")
    line = visit.lines.pending().with_versions().get()
    card = page.locator(f"article[data-line='line-{line.public_id}']")
    approve = card.locator("button[name=decision][value=approve]")
    expect(approve.first).to_be_visible(timeout=LIVE_MS)
    expect(card.get_by_text(re.compile(f"{line.current.total_fen // 100:,}")).first).to_be_visible()
    side.look(page, "owner-approval")
    approve.first.click()
    _until(lambda: Line.objects.get(pk=line.pk).state == LineState.APPROVED, page)
    expect(approve).to_have_count(0)
    side.look(page, "owner-approved")


def _work_and_check(worker: Page, desk: Page, visit: Booking, side: Side) -> None:
    worker.goto(f"/shop/{FLAGSHIP}/visits/{visit.public_id}/card/")
    worker.locator(".stickybar").get_by_role("button", name=side.say("Start work")).click()
    _until(lambda: Booking.objects.get(pk=visit.pk).status == Status.IN_SERVICE, worker)
    worker.goto(f"/shop/{FLAGSHIP}/visits/{visit.public_id}/card/")
    worker.locator(".stickybar").get_by_role("button", name=side.say("Work done")).click()
    _until(lambda: Booking.objects.get(pk=visit.pk).stage == Stage.CHECKING, worker)
    desk.goto(f"/shop/{FLAGSHIP}/visits/{visit.public_id}/quality-check/")
    for point in desk.locator("input[type=radio][value=ok]").all():
        point.check(force=True)
    side.look(desk, "quality-check")
    desk.get_by_role("button", name=side.say("Finish the check")).click()
    _until(lambda: Booking.objects.get(pk=visit.pk).status == Status.READY, desk)
    visit.refresh_from_db()
    rows = list(visit.lines.with_versions())
    assert visit.final_fen == sum(line.current.total_fen for line in rows)
    assert {line.state for line in rows} == {LineState.DONE}


def _hand_over(desk: Page, owner: Page, visit: Booking, side: Side) -> None:
    desk.goto(f"/shop/{FLAGSHIP}/visits/{visit.public_id}/handover/")
    side.look(desk, "handover")
    desk.get_by_role("button", name=side.say("Hand over")).click()
    _until(lambda: Booking.objects.get(pk=visit.pk).status == Status.COMPLETED, desk)
    owner.goto(f"/bookings/{visit.public_id}/")
    side.look(owner, "owner-handover")
    owner.locator("form[action*='handover/confirm'] button").click()
    _until(lambda: Booking.objects.get(pk=visit.pk).handover_confirmed_at is not None, owner)


def _until(holds: Callable[[], bool], page: Page) -> None:
    """Wait until something has reached the database; the page says what stood in its way."""
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{page.url}: {page.locator('main').inner_text()[:1500]}")


def test_an_owner_answers_by_link_in_english_and_comes_back_under_warranty(browse: Browse):
    visit = _visit()
    asked = _proposed(visit)
    link = browse(DESKTOP, locale="en-GB")
    link.goto(f"/v/{links.make(booking=visit, at=timezone.now())}/")
    look(link, "link-en")
    pads, throttle = (link.locator(f"article[data-line='line-{line.public_id}']") for line in asked)
    throttle.locator("button[name=decision][value=decline]").click()
    _until(lambda: Line.objects.get(pk=asked[1].pk).state == LineState.DECLINED, link)
    pads.locator("[data-dialog-open^=later]").click()
    soon = (timezone.now() + timedelta(days=60)).date().isoformat()
    pads.locator("input[name=defer_until]").fill(soon)
    look(link, "link-en-later")
    pads.locator("button[name=decision][value=defer]").click()
    _until(lambda: Line.objects.get(pk=asked[0].pk).state == LineState.DEFERRED, link)
    assert set(LineDecision.objects.filter(line__in=asked).values_list("way", flat=True)) == {"link"}

    done_at = timezone.now()
    floor.finish(visit, by=_person("chen"), checked_by=_person("wang"), at=done_at)
    workshop.hand_over(booking=visit, by=_person("wang"), at=done_at + timedelta(minutes=5))
    owner = browse(DESKTOP, locale="en-GB", person="lin")
    owner.goto(f"/bookings/{visit.public_id}/comeback/")
    look(owner, "comeback-en")
    owner.locator("input[name=lines]").first.check(force=True)
    owner.locator("textarea[name=words]").fill("The engine drips oil")
    owner.locator("form:has(input[name=lines]) button").last.click()
    owner.wait_for_url(re.compile(r"/bookings/(?!.*comeback)"))
    again = Booking.objects.get(comeback_of=visit)
    assert (again.status, again.total_fen) == (Status.CONFIRMED, 0)
    look(owner, "comeback-booked-en")


def _proposed(visit: Booking) -> list[Line]:
    """A visit in work whose technician has found two things."""
    at, chen = timezone.now(), _person("chen")
    workshop.check_in(booking=visit, odometer_km=58_263, by=_person("zhao"), at=at)
    workshop.start(booking=visit, by=chen, at=at)
    pads = floor.draft_of(visit, PADS, Urgency.YELLOW)
    throttle = floor.draft_of(visit, "throttle_clean", Urgency.YELLOW, against="Idle a little rough")
    for draft in (pads, throttle):
        lines.propose(booking=visit, draft=draft, by=Author(chen, Role.TECHNICIAN), at=at)
    return lines.send(booking=visit, by=Author(chen, Role.TECHNICIAN), at=at)
