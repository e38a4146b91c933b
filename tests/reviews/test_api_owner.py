"""An author's reviews over the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import MULTIPART_CONTENT, encode_multipart
from django.urls import reverse

from bookings.models import Booking
from reviews import tallies
from reviews.choices import ReasonCode
from reviews.limits import MAX_TEXT, REVIEW_WITHIN
from reviews.models import FollowUp, Review, ReviewVersion
from reviews.moderation import decisions
from tests.factories.accounts import UserFactory
from tests.factories.photos import corners, saved
from tests.factories.reviews import WRITTEN, published, review, reviewable_visit
from tests.factories.shops import ShopMemberFactory, open_shop
from tests.factories.visits import visit

pytestmark = pytest.mark.django_db
NOTHING = {"months": 0, "totals": 0, "lists": 0, "order": 0}


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(WRITTEN, tick=False) as traveller:
        yield traveller


@pytest.fixture
def booking() -> Booking:
    return reviewable_visit(open_shop())


@pytest.fixture
def author(client: Client, booking: Booking) -> Client:
    client.force_login(booking.owner)
    return client


def url(booking: Booking, name: str = "visit_review") -> str:
    return reverse(f"reviews_api:{name}", args=[booking.public_id])


def post(client: Client, address: str, body: Any, **headers: str) -> Any:
    return client.post(address, body, content_type="application/json", headers=headers)


def put(client: Client, address: str, body: Any, **headers: str) -> Any:
    return client.put(address, body, content_type="application/json", headers=headers)


def photo() -> SimpleUploadedFile:
    return SimpleUploadedFile("bay.jpg", saved(corners()), "image/jpeg")


def test_a_review_is_written_and_read(author: Client, booking: Booking) -> None:
    assert author.get(url(booking)).status_code == 404
    said = {"stars": 4, "honesty": 2, "price": None, "would_return": False, "text": "Fine", "shows_facts": True}
    response = post(author, url(booking), said)
    assert response.status_code == 201
    told = author.get(url(booking)).json()
    assert told == response.json()
    version = told["versions"][0]
    assert {name: version[name] for name in said} == said
    assert (version["workmanship"], version["number"], version["status"]) == (None, 1, "waiting")
    assert (told["status"], told["shown_version"], told["can_edit"], told["can_appeal"]) == (
        "waiting",
        None,
        True,
        False,
    )
    assert told["booking"] == booking.public_id


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("stars", None),
        ("stars", 0),
        ("stars", 6),
        ("stars", 4.5),
        ("stars", 10**30),
        ("honesty", "good"),
        ("would_return", "perhaps"),
        ("text", "x" * (MAX_TEXT + 1)),
        ("text", "a\x00b"),
        ("text", ["a"]),
        ("photos", ["not a photo"]),
        ("photos", "x"),
        ("shows_facts", {}),
    ],
)
def test_bad_input_is_named_by_its_field(author: Client, booking: Booking, field: str, value: Any) -> None:
    response = post(author, url(booking), {"stars": 5, field: value})
    assert response.status_code == 400
    assert field in response.json()["errors"]
    assert not Review.objects.exists()


def test_photos_come_in_a_form(author: Client, booking: Booking) -> None:
    response = author.post(url(booking), {"stars": "5", "text": "See", "photos": [photo(), photo()]})
    assert response.status_code == 201
    shown = response.json()["versions"][0]["photos"]
    assert author.get(shown[0]["url"]).status_code == 200
    body = {"stars": "4", "seen": "1", "keep": [shown[0]["id"]], "photos": [photo()]}
    changed = author.put(url(booking), encode_multipart("BoUnDaRyStRiNg", body), content_type=MULTIPART_CONTENT)
    assert changed.status_code == 200
    assert len(changed.json()["versions"][0]["photos"]) == 2


def test_a_retry_is_answered_as_the_first_time(author: Client, booking: Booking) -> None:
    first = post(author, url(booking), {"stars": 5}, **{"Idempotency-Key": "one"})
    again = post(author, url(booking), {"stars": 5}, **{"Idempotency-Key": "one"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert post(author, url(booking), {"stars": 4}, **{"Idempotency-Key": "one"}).status_code == 422
    assert post(author, url(booking), {"stars": 5}).json()["code"] == "already_reviewed"
    assert ReviewVersion.objects.count() == 1


def test_a_change_names_the_version_that_was_seen(author: Client, booking: Booking) -> None:
    published(booking)
    assert put(author, url(booking), {"stars": 1}).status_code == 400
    changed = put(author, url(booking), {"stars": 1, "seen": 1}).json()
    assert [version["number"] for version in changed["versions"]] == [2, 1]
    assert (changed["status"], changed["shown_version"]) == ("published", 1)
    stale = put(author, url(booking), {"stars": 2, "seen": 1})
    assert (stale.status_code, stale.json()["code"]) == (409, "changed_meanwhile")
    assert tallies.faults() == NOTHING


def test_taking_back_twice_is_once(author: Client, booking: Booking) -> None:
    published(booking)
    for _ in range(2):
        assert author.post(url(booking, "withdraw")).json()["status"] == "withdrawn"
    assert put(author, url(booking), {"stars": 1, "seen": 1}).status_code == 409
    assert tallies.faults() == NOTHING


def test_a_refusal_has_its_reason_and_an_appeal(author: Client, booking: Booking) -> None:
    written = review(booking)
    moderator = UserFactory(admin=True)
    item = written.moderation_items.get()
    decisions.reject(item=item, by=moderator, at=WRITTEN, seen=1, reason=ReasonCode.COPIED)
    told = author.get(url(booking)).json()
    assert (told["status"], told["reason"], told["can_appeal"]) == ("rejected", "copied", True)
    assert post(author, url(booking, "appeal"), {"text": ""}).status_code == 400
    made = post(author, url(booking, "appeal"), {"text": "My own words"})
    assert made.status_code == 201
    assert made.json()["appeal"]["status"] == "open"
    assert post(author, url(booking, "appeal"), {"text": "Again"}).json()["code"] == "appeal_not_possible"


def test_the_answer_is_taken_once(author: Client, booking: Booking) -> None:
    told = post(author, url(booking, "answer"), {"happy": False, "words": "Oil"})
    assert (told.status_code, told.json()["happy"], told.json()["words"]) == (200, False, "Oil")
    assert post(author, url(booking, "answer"), {"happy": False}).json() == told.json()
    assert post(author, url(booking, "answer"), {"happy": True}).json()["code"] == "followed_up"
    assert post(author, url(booking, "answer"), {"words": "x"}).status_code == 400
    assert FollowUp.objects.count() == 1


@pytest.mark.parametrize("name", ["visit_review", "withdraw", "appeal", "answer"])
def test_what_is_anothers_looks_missing(client: Client, booking: Booking, name: str) -> None:
    published(booking)
    body = {"stars": 1, "text": "x", "happy": True}
    assert post(client, url(booking, name), body).status_code == 401
    client.force_login(UserFactory())
    assert post(client, url(booking, name), body).status_code == 404
    assert client.get(url(booking)).status_code == 404


def test_each_refusal_has_its_code(author: Client, booking: Booking, clock: time_machine.Traveller) -> None:
    coming = visit(booking.shop, owner=booking.owner, starts_at=WRITTEN + timedelta(days=1))
    refused = post(author, url(coming), {"stars": 5})
    assert (refused.status_code, refused.json()["code"]) == (409, "visit_not_over")
    mine = reviewable_visit(open_shop(), owner=booking.owner)
    ShopMemberFactory(shop=mine.shop, user=booking.owner)
    refused = post(author, url(mine), {"stars": 5})
    assert (refused.status_code, refused.json()["code"]) == (403, "own_shop")
    clock.move_to(booking.completed_at + REVIEW_WITHIN + timedelta(days=1))
    author.force_login(booking.owner)
    refused = post(author, url(booking), {"stars": 5})
    assert (refused.status_code, refused.json()["code"]) == (409, "review_window_closed")


@pytest.mark.parametrize("count", [1, 3])
def test_my_reviews_in_pages(author: Client, booking: Booking, count: int, django_assert_num_queries: Any) -> None:
    for number in range(count):
        review(reviewable_visit(booking.shop, owner=booking.owner), stars=number + 1, text=f"No. {number}")
    published(reviewable_visit(booking.shop))
    author.get(reverse("reviews_api:mine"))
    # session, person; count, page, versions
    with django_assert_num_queries(5):
        told = author.get(reverse("reviews_api:mine")).json()
    assert told["count"] == count
    assert sorted(row["stars"] for row in told["results"]) == list(range(1, count + 1))
