"""The short question after a visit: yes leads to the review, no to a follow-up and the review all the same."""

from __future__ import annotations

from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from bookings.models import Booking
from reviews import answering
from reviews.answering import FollowedUpError
from reviews.choices import FollowUpCause
from reviews.models import FollowUp, ReviewInvitation, VisitAnswer
from tests.factories.reviews import WRITTEN, review, reviewable_visit
from tests.factories.shops import ShopMemberFactory, open_shop

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock() -> Any:
    with time_machine.travel(WRITTEN, tick=False):
        yield


@pytest.fixture
def booking() -> Booking:
    return reviewable_visit(open_shop())


@pytest.fixture
def owner(client: Client, booking: Booking) -> Client:
    client.cookies["django_language"] = "en"
    client.force_login(booking.owner)
    return client


def url(booking: Booking) -> str:
    return reverse("reviews:answer", args=[booking.public_id])


def test_the_page_asks_and_changes_nothing(owner: Client, booking: Booking) -> None:
    for query in ("", "?happy=no", "?happy=%22%3E", "?happy=" + "x" * 2000):
        assert owner.get(url(booking) + query).status_code == 200
    assert not VisitAnswer.objects.exists()


def test_yes_leads_to_the_review_and_ends_the_invitation(owner: Client, booking: Booking) -> None:
    ReviewInvitation.objects.create(booking=booking, due_at=WRITTEN, remind_at=WRITTEN)
    for _ in range(2):
        response = owner.post(url(booking), {"happy": "yes"})
        assert response["Location"] == reverse("reviews:write", args=[booking.public_id])
    assert VisitAnswer.objects.get().is_happy
    assert ReviewInvitation.objects.get().ended_at == WRITTEN
    assert not FollowUp.objects.exists()


def test_no_asks_for_words_and_opens_a_follow_up(owner: Client, booking: Booking) -> None:
    assert "What was not right?" in owner.get(url(booking) + "?happy=no").content.decode()
    for _ in range(2):
        owner.post(url(booking), {"happy": "no", "words": " <b>It squeaks</b> \u202eagain"})
    follow_up = FollowUp.objects.get(booking=booking)
    assert follow_up.cause == FollowUpCause.UNHAPPY_ANSWER
    assert VisitAnswer.objects.get().words == "<b>It squeaks</b> \u202eagain"
    page = owner.get(url(booking)).content.decode()
    assert "&lt;b&gt;It squeaks&lt;/b&gt; again" in page
    assert reverse("reviews:write", args=[booking.public_id]) in page


def test_happy_may_become_unhappy_and_not_the_other_way_round(booking: Booking) -> None:
    answering.answer(booking=booking, by=booking.owner, is_happy=True, at=WRITTEN)
    answering.answer(booking=booking, by=booking.owner, is_happy=False, words="Oil", at=WRITTEN)
    assert VisitAnswer.objects.get().words == "Oil"
    assert FollowUp.objects.filter(booking=booking).count() == 1
    with pytest.raises(FollowedUpError):
        answering.answer(booking=booking, by=booking.owner, is_happy=True, at=WRITTEN)


@pytest.mark.parametrize(
    ("field", "value"), [("happy", ""), ("happy", "maybe"), ("words", "x" * 1001), ("words", "\x00")]
)
def test_bad_input_is_refused(owner: Client, booking: Booking, field: str, value: str) -> None:
    response = owner.post(url(booking), {"happy": "no", field: value})
    assert response.status_code == 400
    assert "field-error" in response.content.decode()
    assert not VisitAnswer.objects.exists()


def test_who_may_not_review_is_not_asked(owner: Client, booking: Booking) -> None:
    assert owner.post(url(reviewable_visit(booking.shop)), {"happy": "yes"}).status_code == 404
    done = reviewable_visit(booking.shop, owner=booking.owner)
    review(done)
    assert owner.post(url(done), {"happy": "no"}).status_code == 409
    ShopMemberFactory(shop=booking.shop, user=booking.owner)
    assert owner.post(url(booking), {"happy": "no"}).status_code == 403
    assert not VisitAnswer.objects.exists()


# --- On the pages of visits -------------------------------------------------------------------------


def visit_page(client: Client, booking: Booking) -> str:
    return client.get(reverse("bookings:detail", args=[booking.public_id])).content.decode()


def test_the_visits_page_asks_then_shows_the_own_review(owner: Client, booking: Booking) -> None:
    assert "Were you happy with this visit?" in visit_page(owner, booking)
    answering.answer(booking=booking, by=booking.owner, is_happy=False, at=WRITTEN)
    page = visit_page(owner, booking)
    assert "Were you happy" not in page
    assert "was told" in page or "knows that you were not happy" in page
    written = review(booking, text="<i>Fine</i> \u202ework")
    page = visit_page(owner, booking)
    assert "&lt;i&gt;Fine&lt;/i&gt; work" in page
    assert reverse("reviews:own", args=[written.public_id]) in page


def test_the_visits_page_asks_nobody_of_the_shop(owner: Client, booking: Booking) -> None:
    ShopMemberFactory(shop=booking.shop, user=booking.owner)
    page = visit_page(owner, booking)
    assert reverse("reviews:write", args=[booking.public_id]) not in page


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_visits_shows_stars_in_one_query(
    owner: Client, booking: Booking, count: int, django_assert_num_queries: Any
) -> None:
    for _ in range(count):
        review(reviewable_visit(booking.shop, owner=booking.owner), stars=4)
    owner.get(reverse("bookings:list"))
    # session, person; current; waiting list; count, page with claims and services; stars
    with django_assert_num_queries(9):
        page = owner.get(reverse("bookings:list")).content.decode()
    assert page.count("How was it?") == 1
    assert page.count("4 of 5") == count or page.count('class="stars') == count


def test_home_asks_about_the_latest_visit_until_there_is_a_word(owner: Client, booking: Booking) -> None:
    assert url(booking) in owner.get("/").content.decode()
    answering.answer(booking=booking, by=booking.owner, is_happy=True, at=WRITTEN)
    assert url(booking) not in owner.get("/").content.decode()
