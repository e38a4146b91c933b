"""An owner says how a visit was, by phone, with JavaScript and without."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from bookings.models import Booking
from o2o_platform.demo import people
from reviews.models import Review
from shops.choices import ResourceKind
from shops.models import Shop
from tests.factories.visits import claim, completed_visit
from tests.journeys.conftest import PHONE, Browse, Words
from tests.journeys.looking import look
from tests.journeys.world import FLAGSHIP


@pytest.fixture
def visit(_visits: None) -> Booking:
    """A visit of Lin that was handed over some hours ago."""
    shop = Shop.objects.get(slug=FLAGSHIP)
    lin = User.objects.get(email=people.address("lin"))
    done = completed_visit(shop, 60, owner=lin, starts_at=timezone.now() - timedelta(hours=6))
    technician = shop.resources.filter(kind=ResourceKind.TECHNICIAN).first()
    assert technician is not None
    claim(technician, done)
    return done


def choose(page: Page, name: str, stars: int) -> None:
    page.locator(f'label[for="id_{name}_{stars - 1}"]').click()


def test_owner_reviews_by_phone(browse: Browse, zh: Words, visit: Booking):
    page = browse(PHONE, person="lin")
    page.goto(f"/bookings/{visit.public_id}/")
    look(page, "review-zh-visit")
    page.get_by_role("button", name=zh("Yes", "happy with a visit"), exact=True).click()
    page.wait_for_url("**/review/")
    look(page, "review-zh-form")

    # By keyboard the stars are one group: arrows move in it.
    page.locator("#id_stars_2").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#id_stars_3")).to_be_checked()
    choose(page, "honesty", 5)
    box = page.locator("#id_text")
    words = "师傅量了 5.1 mm，说还能开一年。👍"
    box.fill(words)
    expect(page.locator("[data-count-for]")).to_have_text(f"{len(words)} / 4,000")
    page.locator('label[for="id_shows_facts"]').click()
    page.get_by_role("button", name=zh("Send the review")).click()
    page.wait_for_url("**/me/reviews/**")
    expect(page.get_by_role("main")).to_contain_text("说还能开一年")
    look(page, "review-zh-own")

    review = Review.objects.get(booking=visit)
    version = review.versions.get()
    assert (version.stars, version.honesty, version.shows_facts) == (4, 5, True)
    page.goto("/me/reviews/")
    look(page, "review-zh-mine")
    page.goto(f"/me/reviews/{review.public_id}/withdraw/")
    look(page, "review-zh-withdraw")


def test_owner_reviews_without_javascript(browse: Browse, en: Words, visit: Booking):
    page = browse(PHONE, locale="en-GB", person="lin", java_script_enabled=False)
    page.goto(f"/bookings/{visit.public_id}/")
    page.get_by_role("main").get_by_role("link", name=en("No"), exact=True).click()
    page.get_by_label(en("What was not right?")).fill("It squeaks")
    page.get_by_role("button", name=en("Tell the shop")).click()
    expect(page.get_by_role("main")).to_contain_text(en("The shop knows that you were not happy"))
    page.get_by_role("main").get_by_role("link", name=en("Write a review")).click()
    choose(page, "stars", 2)
    page.get_by_label(en("In your words")).fill("It squeaks")
    page.get_by_role("button", name=en("Send the review")).click()
    page.wait_for_url("**/me/reviews/**")
    page.get_by_role("link", name=en("Change it")).click()
    choose(page, "stars", 3)
    page.get_by_role("button", name=en("Send the change")).click()
    page.wait_for_url("**/me/reviews/**")
    assert list(Review.objects.get(booking=visit).versions.values_list("stars", flat=True)) == [2, 3]
