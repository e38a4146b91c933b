"""/api/v1/: published reviews, what they come to, votes."""

from __future__ import annotations

import pytest
from django.utils import translation

from reviews import publication
from reviews.choices import Dimension, ReviewStatus
from tests.factories.accounts import UserFactory
from tests.factories.reviews import WRITTEN, published, review, reviewable_visit
from tests.factories.shops import open_shop

pytestmark = pytest.mark.django_db

URL = "/api/v1/shops/{}/reviews/"


@pytest.fixture
def shop():
    return open_shop()


@pytest.fixture
def english(client):
    client.cookies["django_language"] = "en"
    with translation.override("en"):
        yield client


def test_reviews_are_told_as_readers_see_them(english, shop):
    one = published(
        reviewable_visit(shop, owner=UserFactory(name="Lin Su")),
        stars=4,
        text="Good\u202e work",
        ratings={Dimension.HONESTY: 5},
        would_return=True,
    )
    review(reviewable_visit(shop), text="not yet")
    (told,) = english.get(URL.format(shop.slug)).json()["results"]
    assert (told["id"], told["author"], told["stars"], told["text"]) == (one.public_id, "Lin S.", 4, "Good work")
    assert told["ratings"] == {
        "workmanship": None, "honesty": 5, "communication": None, "waiting": None, "price": None,
    }  # fmt: skip
    assert told["facts"] is None
    assert told["reply"] is None
    assert [person["role"] for person in told["people"]] == ["technician"]
    assert (told["helpful_count"], told["is_edited"]) == (0, False)


def test_facts_are_told_where_the_owner_agreed(english, shop):
    one = published(reviewable_visit(shop), shows_facts=True)
    (told,) = english.get(URL.format(shop.slug)).json()["results"]
    assert told["facts"] == {
        "service": one.service.key,
        "model": one.model.full_name,
        "quoted_fen": one.booking.agreed_fen,
        "final_fen": None,
        "on_time": None,
    }


def test_pages_follow_one_another(english, shop):
    ids = {published(reviewable_visit(shop)).public_id for _ in range(3)}
    first = english.get(URL.format(shop.slug), {"page_size": 2, "sort": "newest"}).json()
    rest = english.get(URL.format(shop.slug), {"page_size": 2, "sort": "newest", "after": first["after"]}).json()
    assert [len(first["results"]), len(rest["results"]), rest["after"]] == [2, 1, ""]
    assert {row["id"] for row in first["results"] + rest["results"]} == ids


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"sort": "paid"}, "sort"),
        ({"after": "nonsense"}, "after"),
        ({"page_size": 0}, "page_size"),
        ({"service": "a", "model": "b"}, "model"),
    ],
)
def test_a_wrong_question_is_refused_with_its_field(english, shop, query, field):
    answer = english.get(URL.format(shop.slug), query)
    assert answer.status_code == 400
    assert field in answer.json()["errors"]


def test_reviews_are_chosen_by_one_thing(english, shop):
    one = published(reviewable_visit(shop))
    person = one.people.get().person.public_id
    for query in (
        {"service": one.service.key},
        {"model": f"{one.model.make.key}.{one.model.key}"},
        {"person": person},
    ):
        assert len(english.get(URL.format(shop.slug), query).json()["results"]) == 1
    assert english.get(URL.format(shop.slug), {"service": "towing"}).status_code == 404
    assert english.get(URL.format("nowhere")).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_a_page_costs_the_same_for_any_number_of_reviews(english, shop, count, django_assert_num_queries):
    for _ in range(count):
        published(reviewable_visit(shop))
    with django_assert_num_queries(7):  # shop, subjects, listings, reviews, people, photos, replies
        assert len(english.get(URL.format(shop.slug)).json()["results"]) == count


def test_a_summary_says_no_score_of_few(english, shop):
    url = f"{URL.format(shop.slug)}summary/"
    assert english.get(url).json()["reviews"] == 0
    for stars in (5, 4):
        published(reviewable_visit(shop), stars=stars)
    assert english.get(url).json()["score_milli"] is None
    published(reviewable_visit(shop), stars=4)
    told = english.get(url).json()
    assert told["reviews"] == 3
    assert 4000 < told["score_milli"] < 4300
    assert told["shares"][:2] == [{"stars": 5, "reviews": 1}, {"stars": 4, "reviews": 2}]
    assert told["put_right"] is None


def test_votes_are_put_and_deleted(english, shop):
    one = published(reviewable_visit(shop))
    url = f"/api/v1/reviews/{one.public_id}/helpful/"
    assert english.put(url).status_code == 401
    english.force_login(UserFactory())
    for _ in range(2):
        assert english.put(url).json() == {"helpful_count": 1, "is_helpful_to_you": True}
    for _ in range(2):
        assert english.delete(url).json() == {"helpful_count": 0, "is_helpful_to_you": False}
    english.force_login(one.author)
    assert english.put(url).status_code == 403
    publication.hide(publication.locked(one), status=ReviewStatus.WITHDRAWN, at=WRITTEN)
    assert english.put(url).status_code == 404
