"""An owner follows a letter to the health of their car, by phone, with JavaScript and without."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from o2o_platform.demo import people
from reminders.choices import ItemState, LetterKind, Stage, StageOutcome
from reminders.models import CarState, DueItem, Letter, Reminder
from tests.factories.records import enter
from tests.factories.reminders import due_item
from tests.journeys.conftest import DESKTOP, PHONE, Browse, Words
from tests.journeys.looking import look
from tests.journeys.world import LAVIDA, OIL_SERVICE
from tests.reminders.rich import measured, work
from vehicles.models import Car

KEYS = (OIL_SERVICE, "cabin_filter", "brake_fluid")


@pytest.fixture
def lavida(_visits: None) -> Iterator[Car]:
    """Lin's car with two visits in its record and three things due, computed today."""
    lin = User.objects.get(email=people.address("lin"))
    car = Car.objects.get(owner=lin, variant__slug=LAVIDA)
    today = timezone.localdate()
    for place, days in enumerate((500, 120)):
        day = (today - timedelta(days=days)).isoformat()
        visit: dict[str, Any] = {"date": day, "checked_in_on": day, "settled_on": day}
        km = (car.odometer_km or 0) - days * 25
        pads = measured(pad_front_left_inner=f"{7 - place}.0", brake_fluid_water=f"{place + 1}.0")
        enter(car, reference=f"journey-{place}", odometer_km=km, items=[work("car_wash")], measurements=pads, **visit)
    for place, key in enumerate(KEYS):
        on = today + timedelta(days=10 * place - 5)
        names = {"name_zh": f"项目{place}", "name_en": f"Thing {place}"}
        facts = {"kind": "interval", "interval_months": 24, **names}
        due_item(car, service=key, cycle="journey", due_on=on, earliest_on=on, latest_on=on, facts=facts)
    CarState.objects.update_or_create(car=car, defaults={"computed_on": today, "stale_since": None})
    yield car
    DueItem.objects.all().delete()
    Letter.objects.all().delete()
    CarState.objects.all().delete()


@pytest.fixture
def letter(lavida: Car) -> Letter:
    """What Lin was told of the first two."""
    at = timezone.now() - timedelta(hours=2)
    row = Letter.objects.create(owner=lavida.owner, kind=LetterKind.REMINDER, sent_at=at)
    for item in DueItem.objects.filter(car=lavida)[:2]:
        Reminder.objects.create(item=item, round=1, stage=Stage.FIRST, outcome=StageOutcome.SENT, letter=row, at=at)
    return row


def item_of(car: Car, place: int) -> DueItem:
    return DueItem.objects.get(car=car, service=KEYS[place])


def choose(page: Page, item: DueItem, words: str) -> None:
    """Open the menu of an item and choose what to say about it."""
    row = page.locator(f"#due-{item.public_id}")
    row.locator("details.menu > summary").click()
    row.get_by_role("link", name=words).click()


def test_owner_follows_a_letter_and_answers_on_a_phone(
    browse: Browse, zh: Words, lavida: Car, letter: Letter, allowed_console_errors: list[str]
):
    allowed_console_errors.append("status of 422")  # a day that has gone is refused
    page = browse(PHONE, person="lin")
    page.goto(f"/go/{letter.public_id}/")
    page.wait_for_url(f"**/cars/{lavida.public_id}/health/")
    look(page, "health-zh")

    later = item_of(lavida, 1)
    choose(page, later, zh("Put it off"))
    form = page.locator(f"#due-form-{later.public_id} form")
    expect(form.locator("h2")).to_be_focused()
    look(page, "health-zh-defer")
    until = form.locator("[name=until]")
    until.fill("2026-01-01")
    form.get_by_role("button", name=zh("Put it off")).click()
    expect(until).to_have_attribute("aria-invalid", "true")
    expect(until).to_be_focused()
    expect(until).to_have_value("2026-01-01")
    until.fill((timezone.localdate() + timedelta(days=40)).isoformat())
    form.get_by_role("button", name=zh("Put it off")).click()
    expect(page.locator("[data-said]")).to_be_focused()
    expect(page.locator("#due")).to_contain_text(zh("Put off by you"))
    assert item_of(lavida, 1).state == ItemState.DEFERRED

    never = item_of(lavida, 2)
    choose(page, never, zh("Not needed, because …"))
    form = page.locator(f"#due-form-{never.public_id} form")
    form.get_by_text(zh("My car does not have this")).click()
    form.get_by_role("button", name=zh("Dismiss", "due item")).click()
    expect(page.locator(f"#due-{never.public_id}")).to_have_count(0)
    assert item_of(lavida, 2).state == ItemState.DISMISSED
    look(page, "health-zh-answered")

    page.locator(f"#due-{item_of(lavida, 0).public_id}").get_by_role("link", name=zh("Book")).click()
    page.wait_for_url("**/search/**")
    expect(page.locator("article.shop-card").first).to_contain_text("¥")
    assert f"service={OIL_SERVICE}" in page.url


def test_owner_answers_without_javascript(browse: Browse, en: Words, lavida: Car, allowed_console_errors: list[str]):
    allowed_console_errors.append("status of 422")  # no reason is no answer
    page = browse(DESKTOP, locale="en-GB", person="lin", java_script_enabled=False)
    page.goto(f"/cars/{lavida.public_id}/health/")
    choose(page, item_of(lavida, 2), en("Not needed, because …"))
    page.get_by_role("button", name=en("Dismiss", "due item")).click()
    expect(page.locator("[aria-invalid=true]").first).to_be_visible()
    page.get_by_label(en("The day is wrong")).check(force=True)
    page.get_by_role("button", name=en("Dismiss", "due item")).click()
    page.wait_for_url("**/health/#due")
    page.locator("#due summary", has_text="settled lately").click()
    page.get_by_role("button", name=en("Take it up again")).click()
    assert item_of(lavida, 2).state == ItemState.OPEN


def test_health_on_a_desktop(browse: Browse, lavida: Car):
    page = browse(DESKTOP, locale="en-GB", person="lin")
    page.goto(f"/cars/{lavida.public_id}/health/")
    for details in page.locator("details.disclosure > summary").all():
        details.click()
    look(page, "health-en")
