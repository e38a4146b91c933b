"""Patterns over many reviews and votes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, connections
from django.utils import translation

from accounts.devices import hash_of
from accounts.models import KnownDevice
from reviews import signals, tallies, voting
from reviews.choices import SignalKind
from reviews.errors import AlreadyDecidedError
from reviews.hints.explanations import explain_signal
from reviews.models import HelpfulVote, Listing, Review, Signal
from reviews.tasks import search_signals
from tests.factories.accounts import UserFactory
from tests.factories.reviews import WRITTEN, published, review, reviewable_visit
from tests.factories.shops import ShopMemberFactory, open_shop

pytestmark = pytest.mark.django_db
LATER = WRITTEN + timedelta(hours=1)


def ring_of_two():
    """Two people, each with two reviews, who vote for each other; somebody else votes for one of them."""
    shop, people = open_shop(), [UserFactory(), UserFactory()]
    theirs = {person: [published(reviewable_visit(shop, owner=person)) for _ in range(2)] for person in people}
    for person, other in (people, people[::-1]):
        for one in theirs[person]:
            voting.vote(review=one, by=other, at=WRITTEN)
    honest = UserFactory()
    voting.vote(review=theirs[people[0]][0], by=honest, at=WRITTEN)
    return people, theirs, honest


def test_votes_of_a_ring_do_not_count_and_those_of_others_do() -> None:
    people, theirs, honest = ring_of_two()
    assert signals.search(at=LATER) == 1
    ring = Signal.objects.get(kind=SignalKind.VOTE_RING)
    assert ring.data["users"] == sorted(person.pk for person in people)
    counted = HelpfulVote.objects.filter(counts=True)
    assert [vote.user_id for vote in counted] == [honest.pk]
    first = Review.objects.get(pk=theirs[people[0]][0].pk)
    assert first.helpful_count == 1
    assert set(Listing.objects.filter(review=first).values_list("helpful_count", flat=True)) == {1}
    assert not any(tallies.faults().values())


def test_a_ring_found_again_is_one_row_and_changes_nothing() -> None:
    ring_of_two()
    signals.search(at=LATER)
    before = list(Review.objects.values_list("pk", "helpful_count"))
    signals.search(at=LATER + timedelta(hours=1))
    ring = Signal.objects.get()
    assert (ring.first_seen_at, ring.last_seen_at) == (LATER, LATER + timedelta(hours=1))
    assert list(Review.objects.values_list("pk", "helpful_count")) == before


def test_votes_of_a_ring_that_is_harmless_count_again_and_stay() -> None:
    people, theirs, _honest = ring_of_two()
    signals.search(at=LATER)
    admin = UserFactory(admin=True)
    signals.close(signal=Signal.objects.get(), by=admin, note="Family", at=LATER, is_harmless=True)
    assert not HelpfulVote.objects.filter(counts=False).exists()
    assert Review.objects.get(pk=theirs[people[0]][0].pk).helpful_count == 2
    signals.search(at=LATER + timedelta(hours=1))
    assert not HelpfulVote.objects.filter(counts=False).exists()
    assert Signal.objects.get().closed_at == LATER
    assert not any(tallies.faults().values())


def test_a_ring_that_is_closed_as_one_still_does_not_count() -> None:
    ring_of_two()
    signals.search(at=LATER)
    signals.close(signal=Signal.objects.get(), by=UserFactory(admin=True), note="A ring", at=LATER)
    assert HelpfulVote.objects.filter(counts=False).count() == 4
    with pytest.raises(AlreadyDecidedError):
        signals.close(signal=Signal.objects.get(), by=UserFactory(admin=True), note="Again", at=LATER)


def test_a_closed_pattern_opens_again_when_somebody_new_takes_part() -> None:
    people, theirs, _honest = ring_of_two()
    signals.search(at=LATER)
    signals.close(signal=Signal.objects.get(), by=UserFactory(admin=True), note="Family", at=LATER, is_harmless=True)
    third, shop = UserFactory(), theirs[people[0]][0].shop
    for _ in range(2):
        voting.vote(review=published(reviewable_visit(shop, owner=third)), by=people[0], at=WRITTEN)
    for one in theirs[people[0]]:
        voting.vote(review=one, by=third, at=WRITTEN)
    signals.search(at=LATER + timedelta(hours=1))
    ring = Signal.objects.get()
    assert ring.closed_at is None
    assert third.pk in ring.data["users"]


def test_one_sided_votes_are_no_ring() -> None:
    shop, fan, author = open_shop(), UserFactory(), UserFactory()
    for _ in range(2):
        voting.vote(review=published(reviewable_visit(shop, owner=author)), by=fan, at=WRITTEN)
    assert signals.search(at=LATER) == 0


def test_people_who_vote_for_one_author_only_are_a_ring(monkeypatch) -> None:
    monkeypatch.setattr(signals, "_LOYAL_VOTES", 2)
    shop, author, fans = open_shop(), UserFactory(), [UserFactory() for _ in range(3)]
    theirs = [published(reviewable_visit(shop, owner=author)) for _ in range(2)]
    for fan in fans:
        for one in theirs:
            voting.vote(review=one, by=fan, at=WRITTEN)
    signals.search(at=LATER)
    ring = Signal.objects.get()
    assert ring.data == {"users": sorted(fan.pk for fan in fans), "authors": [author.pk]}
    assert set(Review.objects.values_list("helpful_count", flat=True)) == {0}


def test_several_reviewers_on_one_device_are_seen() -> None:
    shop = open_shop()
    authors = [review(reviewable_visit(shop)).author for _ in range(3)]
    for author in authors[:2]:
        KnownDevice.objects.create(user=author, key_hash=hash_of("k"), first_seen_at=WRITTEN, last_seen_at=WRITTEN)
    assert signals.search(at=LATER) == 0
    KnownDevice.objects.create(user=authors[2], key_hash=hash_of("k"), first_seen_at=WRITTEN, last_seen_at=WRITTEN)
    assert signals.search(at=LATER) == 1
    found = Signal.objects.get()
    assert (found.kind, found.shop) == (SignalKind.SHARED_DEVICE, shop)
    assert found.data["users"] == sorted(author.pk for author in authors)


def test_shops_whose_people_review_each_other_are_seen() -> None:
    shops = [open_shop(), open_shop()]
    people = [ShopMemberFactory(shop=shop).user for shop in shops]
    review(reviewable_visit(shops[0], owner=people[1]))
    assert signals.search(at=LATER) == 0
    review(reviewable_visit(shops[1], owner=people[0]))
    signals.search(at=LATER)
    found = Signal.objects.get()
    assert found.kind == SignalKind.RECIPROCAL
    assert found.data["shops"] == sorted(shop.pk for shop in shops)


def test_a_burst_is_seen_against_the_shops_own_rate(monkeypatch) -> None:
    monkeypatch.setattr(signals, "_BURST_WEEK", 3)
    busy, quiet = open_shop(), open_shop()
    for shop in (busy, quiet):
        for _ in range(3):
            review(reviewable_visit(shop))
    before = [review(reviewable_visit(busy)) for _ in range(6)]
    Review.objects.filter(pk__in=[one.pk for one in before]).update(created_at=WRITTEN - timedelta(days=20))
    signals.search(at=LATER)
    assert [found.shop for found in Signal.objects.all()] == [quiet]


def test_every_pattern_has_words() -> None:
    examples = [
        (SignalKind.BURST, {"count": 30, "usual": 1.5}),
        (SignalKind.RECIPROCAL, {"shops": [1, 2], "users": [3, 4]}),
        (SignalKind.VOTE_RING, {"users": [1, 2], "authors": [1, 2]}),
        (SignalKind.VOTE_RING, {"users": [1, 2, 3], "authors": [4]}),
        (SignalKind.SHARED_DEVICE, {"users": [1, 2, 3]}),
    ]
    assert {kind for kind, _data in examples} == set(SignalKind)
    for language in ("en", "zh-hans"):
        with translation.override(language):
            told = [explain_signal(Signal(kind=kind, data=data)) for kind, data in examples]
        assert all(text and "%(" not in text for text in told)


def test_a_search_asks_the_same_number_of_times_whatever_there_is(django_assert_num_queries) -> None:
    with django_assert_num_queries(9):
        signals.search(at=LATER)
    shop = open_shop()
    for _ in range(3):
        review(reviewable_visit(shop))
    with django_assert_num_queries(9):
        signals.search(at=LATER)


@pytest.mark.django_db(transaction=True)
def test_a_search_leaves_another_one_alone() -> None:
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtextextended('reviews.signals', 0))")
        assert search_signals() == 0
    finally:
        other.close()
        connections.close_all()


@pytest.mark.parametrize("is_searched_between", [False, True])
def test_a_vote_of_a_ring_given_anew_counts_no_more_than_before(is_searched_between: bool) -> None:
    people, theirs, _honest = ring_of_two()
    signals.search(at=LATER)
    first = theirs[people[0]][0]
    for one in theirs[people[0]]:
        voting.take_back(review=one, by=people[1])
    if is_searched_between:  # half of the ring is not to be seen any more
        signals.search(at=LATER + timedelta(hours=1))
    voting.vote(review=first, by=people[1], at=LATER + timedelta(hours=2))
    assert HelpfulVote.objects.get(review=first, user=people[1]).counts is False
    assert Review.objects.get(pk=first.pk).helpful_count == 1
    assert set(Listing.objects.filter(review=first).values_list("helpful_count", flat=True)) == {1}
    assert not any(tallies.faults().values())


def test_who_takes_votes_back_is_still_in_a_ring_that_is_seen_again(monkeypatch) -> None:
    monkeypatch.setattr(signals, "_LOYAL_VOTES", 2)
    shop, author, fans = open_shop(), UserFactory(), [UserFactory() for _ in range(4)]
    theirs = [published(reviewable_visit(shop, owner=author)) for _ in range(2)]
    for fan in fans:
        for one in theirs:
            voting.vote(review=one, by=fan, at=WRITTEN)
    signals.search(at=LATER)
    for one in theirs:
        voting.take_back(review=one, by=fans[0])
    signals.search(at=LATER + timedelta(hours=1))
    voting.vote(review=theirs[0], by=fans[0], at=LATER + timedelta(hours=2))
    assert Review.objects.get(pk=theirs[0].pk).helpful_count == 0
    assert fans[0].pk in Signal.objects.get().data["users"]


def test_votes_outside_of_the_ring_and_of_a_harmless_one_count() -> None:
    people, theirs, _honest = ring_of_two()
    signals.search(at=LATER)
    elsewhere = published(reviewable_visit(open_shop()))
    voting.vote(review=elsewhere, by=people[1], at=LATER)
    assert Review.objects.get(pk=elsewhere.pk).helpful_count == 1
    signals.close(signal=Signal.objects.get(), by=UserFactory(admin=True), note="Family", at=LATER, is_harmless=True)
    first = theirs[people[0]][0]
    voting.take_back(review=first, by=people[1])
    voting.vote(review=first, by=people[1], at=LATER)
    assert Review.objects.get(pk=first.pk).helpful_count == 2
