"""Fifty votes in one moment: of one person they are one, of fifty people they are fifty."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction

from accounts.models import User
from core import outbox
from reviews import publication, tallies, voting
from reviews.models import Listing, Review
from tests.factories.accounts import UserFactory
from tests.factories.reviews import WRITTEN, published, reviewable_visit
from tests.factories.shops import open_shop
from tests.races.test_settling import at_once, meeting
from tests.reviews.test_publication import NOTHING

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

Patch = pytest.MonkeyPatch
VOTES = 50


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: Patch) -> None:
    monkeypatch.setattr(outbox, "_wake", lambda _event: None)


def a_review() -> Review:
    with transaction.atomic():
        return published(reviewable_visit(open_shop()))


def vote_by(people: list[User], review: Review) -> int:
    ended = at_once(lambda number: bool(voting.vote(review=review, by=people[number], at=WRITTEN)), len(people))
    assert ended == {"True": len(people)}
    review.refresh_from_db()
    return review.helpful_count


def test_fifty_votes_of_one_person_are_one() -> None:
    review, person = a_review(), UserFactory()
    assert vote_by([person] * VOTES, review) == 1
    assert tallies.faults() == NOTHING


def test_fifty_people_are_fifty_votes() -> None:
    review = a_review()
    assert vote_by([UserFactory() for _ in range(VOTES)], review) == VOTES
    assert set(Listing.objects.filter(review=review).values_list("helpful_count", flat=True)) == {VOTES}
    assert tallies.faults() == NOTHING


def test_without_the_lock_votes_are_lost(monkeypatch: Patch) -> None:
    def unlocked(review: Review) -> Any:
        return Review.objects.select_related("shop", "author", "shown").get(pk=review.pk)

    review = a_review()
    monkeypatch.setattr(publication, "locked", unlocked)
    meeting(monkeypatch, publication, "locked", parties=8)
    assert vote_by([UserFactory() for _ in range(8)], review) < 8
