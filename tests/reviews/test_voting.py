"""Votes: one a person, and what they may not be given by."""

from __future__ import annotations

import pytest

from reviews import publication, tallies, voting
from reviews.choices import AffiliationKind, ReviewStatus
from reviews.errors import OwnReviewVoteError, OwnShopError, ReviewGoneError
from reviews.models import Affiliation, HelpfulVote, Listing
from shops.models import ShopMember
from tests.factories.accounts import UserFactory
from tests.factories.reviews import WRITTEN, published, review, reviewable_visit
from tests.factories.shops import open_shop
from tests.reviews.test_publication import NOTHING

pytestmark = pytest.mark.django_db


def test_a_vote_counts_once_however_often_it_is_given():
    one, reader = published(reviewable_visit(open_shop())), UserFactory()
    for _ in range(3):
        voting.vote(review=one, by=reader, at=WRITTEN)
    one.refresh_from_db()
    assert one.helpful_count == 1
    assert set(Listing.objects.filter(review=one).values_list("helpful_count", flat=True)) == {1}
    assert tallies.faults() == NOTHING


def test_a_vote_is_taken_back_once():
    one, reader, other = published(reviewable_visit(open_shop())), UserFactory(), UserFactory()
    voting.vote(review=one, by=reader, at=WRITTEN)
    voting.vote(review=one, by=other, at=WRITTEN)
    for _ in range(2):
        voting.take_back(review=one, by=reader)
    one.refresh_from_db()
    assert one.helpful_count == 1
    assert tallies.faults() == NOTHING


def test_who_wrote_it_or_belongs_to_the_shop_does_not_vote():
    shop = open_shop()
    one = published(reviewable_visit(shop))
    member, relative = UserFactory(), UserFactory()
    ShopMember.objects.create(shop=shop, user=member, role="technician")
    Affiliation.objects.create(
        shop=shop, user=relative, kind=AffiliationKind.RELATIVE, since=WRITTEN, declared_by=member
    )
    with pytest.raises(OwnReviewVoteError):
        voting.vote(review=one, by=one.author, at=WRITTEN)
    for person in (member, relative):
        with pytest.raises(OwnShopError):
            voting.vote(review=one, by=person, at=WRITTEN)
    assert not HelpfulVote.objects.exists()


def test_what_is_not_published_is_not_voted_on():
    shop = open_shop()
    waiting = review(reviewable_visit(shop))
    hidden = publication.locked(published(reviewable_visit(shop)))
    publication.hide(hidden, status=ReviewStatus.WITHDRAWN, at=WRITTEN)
    for one in (waiting, hidden):
        with pytest.raises(ReviewGoneError):
            voting.vote(review=one, by=UserFactory(), at=WRITTEN)
    assert not HelpfulVote.objects.exists()


def test_votes_of_a_ring_count_no_more_and_cannot_be_taken_back_twice():
    one, ring, honest = published(reviewable_visit(open_shop())), UserFactory(), UserFactory()
    for person in (ring, honest):
        voting.vote(review=one, by=person, at=WRITTEN)
    voting.discount(review=one, by=[ring])
    voting.discount(review=one, by=[ring])
    voting.take_back(review=one, by=ring)
    one.refresh_from_db()
    assert one.helpful_count == 1
    assert tallies.faults() == NOTHING
