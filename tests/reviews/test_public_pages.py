"""What everybody reads: names, stars, ratings, texts, lists."""

from __future__ import annotations

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from accounts import actions
from reviews.names import public_name
from shops.standings import ShopStanding
from tests.factories.accounts import UserFactory
from tests.factories.reviews import WRITTEN, published, reviewable_visit
from tests.factories.shops import open_shop

pytestmark = pytest.mark.django_db


def rendered(source, **context):
    with translation.override("en"):
        return Template("{% load reviews %}" + source).render(Context(context))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("林晓", "林**"),
        ("欧阳娜娜", "欧阳**"),
        ("Lin Su", "Lin S."),
        ("Anna Maria de la Cruz", "Anna C."),
        ("lin", "L."),
        ("  Lin   Su ", "Lin S."),
        ("\u202eLin\u202c Su", "Lin S."),
        ("", "Car owner"),
        ("13800138000", "Car owner"),
        ("a13800138000", "Car owner"),
        ("lin@example.com", "Car owner"),
        ("<b>", "Car owner"),
    ],
)
def test_a_name_is_shown_short(name, shown):
    with translation.override("en"):
        assert public_name(UserFactory.build(name=name)) == shown


def test_an_erased_author_is_a_former_member():
    user = UserFactory(name="Lin Su")
    actions.erase(user=user, at=timezone.now())
    user.refresh_from_db()
    with translation.override("en"):
        assert public_name(user) == "Former member"


def test_stars_are_said_in_words():
    page = rendered("{% stars 4.3 %}")
    assert 'aria-label="4.3 of 5 stars"' in page
    assert 'role="img"' in page
    assert 'width="94.0"' in page  # four stars of 22 units and three tenths of one of 20


def test_a_rating_is_a_score_once_there_are_three_reviews():
    shop = open_shop()
    assert rendered("{% rating shop %}", shop=shop).strip() == ""
    shop.standing = ShopStanding(shop=shop, reviews=2, score_milli=4321)
    few = rendered("{% rating shop %}", shop=shop)
    assert "New · 2 reviews" in few
    assert "4.3" not in few
    shop.standing = ShopStanding(shop=shop, reviews=3, score_milli=4321)
    enough = rendered("{% rating shop %}", shop=shop)
    assert "4.3" in enough
    assert "3 reviews" in enough


def test_a_text_is_shown_without_what_is_masked_and_as_text():
    one = published(reviewable_visit(open_shop()), at=WRITTEN, text="Call 138\u202e <script>alert(1)</script>")
    one.shown.masks = [{"start": 5, "end": 8, "kind": "contact"}]
    page = rendered("{% review_text version %}", version=one.shown)
    assert "Call" in page
    assert "[contact data removed]" in page
    assert "138" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page
    assert 'dir="auto"' in page
