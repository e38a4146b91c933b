"""An admin at the moderators' desk, hands on the keyboard."""

import re
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from o2o_platform.demo import people
from reviews.choices import Act, ReasonCode, ReviewStatus
from reviews.models import ModerationEvent, ModerationItem, Review
from shops.models import Shop
from tests.factories.reviews import review
from tests.factories.visits import completed_visit
from tests.journeys.conftest import DESKTOP, PHONE, Browse
from tests.journeys.looking import fits, look
from tests.journeys.world import FLAGSHIP

WAITING = 10


def _waiting_reviews() -> None:
    """Ten reviews that wait, of one owner at one shop, the oldest first."""
    shop, owner, now = Shop.objects.get(slug=FLAGSHIP), User.objects.get(email=people.address("lin")), timezone.now()
    for number in range(WAITING):
        visit = completed_visit(shop, 60, owner=owner, starts_at=now - timedelta(days=2, hours=number))
        at = now - timedelta(hours=WAITING - number)
        review(visit, at=at, stars=3, text=f"They told me what they did, and why. Visit {number}.")


def _press(page: Page, key: str) -> None:
    """Press a key and wait until another item (or none) is open."""
    title = page.locator("#desk [aria-current='true']")
    before = title.get_attribute("data-item") if title.count() else None
    page.keyboard.press(key)
    if before:
        expect(page.locator(f"#desk [aria-current='true'][data-item='{before}']")).to_have_count(0)
    # The desk is there before it listens: until it has arrived wholly, keys would be lost.
    expect(page.locator("#desk[aria-busy]")).to_have_count(0)


def test_admin_clears_ten_items_with_the_keyboard_alone(browse: Browse):
    _waiting_reviews()
    page = browse(DESKTOP, locale="en-GB", person="admin")
    page.goto("/platform/reviews/")
    expect(page.locator(".desk-row")).to_have_count(WAITING)
    look(page, "moderation-desk")

    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()

    _press(page, "a")
    expect(page.locator("#item-title")).to_be_focused()
    expect(page.locator("#live")).to_contain_text("Approved")
    expect(page.locator(".desk-row")).to_have_count(WAITING - 1)
    _press(page, "u")
    expect(page.locator(".desk-row")).to_have_count(WAITING)

    page.keyboard.press("r")
    page.keyboard.press("2")
    look(page, "moderation-reject")
    _press(page, "Enter")
    expect(page.locator("#live")).to_contain_text("Rejected")
    expect(page.locator(".desk-row")).to_have_count(WAITING - 1)
    _press(page, "s")
    expect(page.locator("#live")).to_contain_text("Skipped")
    _press(page, "j")
    _press(page, "k")
    for left in range(WAITING - 2, -1, -1):
        _press(page, "a")
        expect(page.locator(".desk-row")).to_have_count(left)
    expect(page.get_by_role("heading", name="Nothing waits here")).to_be_focused()

    assert not ModerationItem.objects.open().exists()
    assert Review.objects.filter(status=ReviewStatus.PUBLISHED).count() == WAITING - 1
    rejected = ModerationEvent.objects.get(act=Act.REJECTED)
    assert rejected.reason == ReasonCode.NOT_THIS_VISIT
    assert ModerationEvent.objects.filter(act=Act.UNDONE).count() == 1
    assert ModerationEvent.objects.filter(act=Act.SKIPPED).count() == 1


def test_admin_decides_on_a_phone_without_scripts(browse: Browse):
    _waiting_reviews()
    page = browse(PHONE, locale="en-GB", person="admin", java_script_enabled=False)
    page.goto("/platform/reviews/")
    page.locator(".desk-row").first.click()
    page.get_by_role("button", name=re.compile("^Approve")).click()
    expect(page.get_by_text("Approved:")).to_be_visible()
    expect(page.locator("#item-title")).to_be_visible()
    assert Review.objects.filter(status=ReviewStatus.PUBLISHED).count() == 1


def test_every_page_about_reviews_fits_a_phone(browse: Browse):
    _waiting_reviews()
    page = browse(PHONE, person="admin")
    for part in ("", "published/", "automatic/", "log/", "policy/", "signals/", "follow-ups/"):
        page.goto(f"/platform/reviews/{part}")
        fits(page, f"reviews-{part.strip('/') or 'desk'}")
    page.goto("/platform/reviews/")
    page.locator(".desk-row").first.click()
    expect(page.locator("#item-title")).to_be_visible()
    look(page, "moderation-phone")
