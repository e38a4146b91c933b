"""A shop reads what owners say: it replies and appeals on a tablet, and wins an unhappy owner back with an offer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from o2o_platform.demo import people
from reviews.choices import Dimension, FollowUpCause, FollowUpStatus
from reviews.follow_ups import opening
from reviews.models import Appeal, FollowUp, Reply, Review, Subject, VisitAnswer
from shops.choices import ResourceKind
from shops.models import Shop
from shops.standings import ShopStanding
from tests.factories.reviews import published
from tests.factories.visits import claim, completed_visit
from tests.journeys.conftest import DESKTOP, PHONE, TABLET, Browse, Words
from tests.journeys.looking import look
from tests.journeys.world import FLAGSHIP


@pytest.fixture(autouse=True)
def _counts(_visits: None) -> Iterator[None]:
    """Visits take their reviews along when a journey ends, and what was counted of them goes here."""
    yield
    Subject.objects.all().delete()
    ShopStanding.objects.all().delete()


def _reviewed(stars: int, text: str, *, hours: int) -> Review:
    at = timezone.now()
    shop = Shop.objects.select_related("city").get(slug=FLAGSHIP)
    lin = User.objects.get(email=people.address("lin"))
    booking = completed_visit(shop, 60, owner=lin, starts_at=at - timedelta(hours=hours), contact_name="林女士")
    claim(shop.resources.filter(kind=ResourceKind.TECHNICIAN).order_by("pk")[0], booking)
    with transaction.atomic():
        return published(
            booking, at=at - timedelta(minutes=hours), stars=stars, text=text, ratings={Dimension.WAITING: stars}
        )


def test_a_manager_replies_to_a_review_and_appeals_against_another(
    browse: Browse, zh: Words, allowed_console_errors: list[str]
):
    allowed_console_errors.append("status of 400")  # an appeal without its reason
    for number in range(2):
        _reviewed(5, "换机油很快，价格和报价一样。", hours=60 + number)
    low = _reviewed(2, "说好三点取车，等到五点也没有人告诉我。", hours=50)
    wrong = _reviewed(1, "不要去，去我朋友的店。", hours=40)
    page = browse(TABLET, person="wang")
    page.goto(f"/shop/{FLAGSHIP}/reviews/")
    expect(page.locator(".shop-review")).to_have_count(4)
    look(page, "shop-reviews-zh")
    page.get_by_role("link", name=zh("1 or 2 stars"), exact=True).click()
    expect(page.locator(".shop-review")).to_have_count(2)

    page.goto(f"/shop/{FLAGSHIP}/reviews/{low.public_id}/")
    page.get_by_label(zh("Your reply"), exact=True).fill("对不起。现在延误时我们会提前打电话。")
    page.get_by_role("button", name=zh("Preview")).click()
    expect(page.locator("#preview")).to_contain_text("对不起")
    look(page, "shop-review-zh-preview")
    page.get_by_role("button", name=zh("Publish the reply")).click()
    expect(page.locator(".shop-reply")).to_contain_text("对不起")
    assert Reply.objects.get().status == "published"

    page.goto(f"/shop/{FLAGSHIP}/reviews/{wrong.public_id}/")
    page.get_by_role("link", name=zh("Appeal", "verb"), exact=True).click()
    page.get_by_role("button", name=zh("Send the appeal")).click()
    expect(page.locator(".field-error").first).to_be_visible()
    look(page, "shop-appeal-zh-error")
    page.get_by_role("radio", name=zh("Advertising"), exact=True).check()
    page.get_by_label(zh("What happened?"), exact=True).fill("整段文字是另一家店的广告。")
    page.get_by_role("button", name=zh("Send the appeal")).click()
    expect(page.get_by_text(zh("Appeal is being looked at"))).to_be_visible()
    look(page, "shop-review-zh-appealed")
    assert Appeal.objects.get().version == wrong.shown


def test_a_shop_wins_an_owner_back_with_an_offer(browse: Browse, en: Words):
    at = timezone.now()
    shop = Shop.objects.select_related("city").get(slug=FLAGSHIP)
    lin = User.objects.get(email=people.address("lin"))
    booking = completed_visit(shop, 60, owner=lin, starts_at=at - timedelta(hours=20), contact_name="Ms Lin")
    VisitAnswer.objects.create(booking=booking, is_happy=False, words="The noise is still there.", at=at)
    case = opening.open_for(booking=booking, cause=FollowUpCause.UNHAPPY_ANSWER, at=at)
    assert case is not None

    page = browse(PHONE, locale="en-GB", person="wang")
    page.goto(f"/shop/{FLAGSHIP}/follow-ups/")
    look(page, "shop-unhappy-en")
    page.get_by_role("link", name=re.compile("Ms Lin")).click()
    expect(page.locator("main")).to_contain_text("The noise is still there.")
    look(page, "shop-unhappy-en-case")
    page.locator("#contact").get_by_label(en("Your words"), exact=True).fill("We are sorry. Please let us look again.")
    page.locator("#contact").get_by_role("button", name=en("Send"), exact=True).click()
    expect(page.locator(".timeline")).to_contain_text("Please let us look again.")

    page.get_by_role("link", name=en("Voucher for the next visit")).click()
    page.get_by_label(en("Worth"), exact=True).fill("50")
    look(page, "shop-offer-en")
    page.get_by_role("button", name=en("Send the offer")).click()
    expect(page.locator("main")).to_contain_text("¥50.00")
    look(page, "shop-unhappy-en-offered")

    owner = browse(DESKTOP, locale="en-GB", person="lin")
    owner.goto(f"/follow-ups/{case.public_id}/")
    expect(owner.locator("main")).to_contain_text("Please let us look again.")
    owner.get_by_role("button", name=re.compile("^Accept")).click()
    case.refresh_from_db()
    assert (case.status, FollowUp.objects.count()) == (FollowUpStatus.ACCEPTED, 1)

    desk = browse(DESKTOP, locale="en-GB", person="wang")
    desk.goto(f"/shop/{FLAGSHIP}/follow-ups/{case.public_id}/")
    expect(desk.locator(".timeline")).to_contain_text(en("Offer accepted"))
    look(desk, "shop-unhappy-en-accepted")
    desk.goto(f"/shop/{FLAGSHIP}/reviews/family/")
    look(desk, "shop-family-en")
