"""What a person wrote about visits is given out, and goes with their account."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts import actions as accounts
from core import outbox
from core.models import OutboxEvent
from core.photos import clean
from notifications.models import Message
from reviews import answering, privacy, tallies, voting, writing
from reviews.choices import (
    AffiliationKind,
    FollowUpCause,
    FollowUpStatus,
    FollowUpStep,
    OfferStatus,
    ReviewStatus,
    Side,
)
from reviews.follow_ups import figures, opening, sweeping
from reviews.models import (
    Affiliation,
    Appeal,
    FollowUp,
    FollowUpOffer,
    HelpfulVote,
    Hint,
    Listing,
    Review,
    ReviewInvitation,
    ReviewPhoto,
    ReviewVersion,
    VisitAnswer,
)
from reviews.writing import Draft
from shops.standings import ShopStanding
from tests.factories.accounts import UserFactory
from tests.factories.follow_ups import OPENED, offered_voucher, unhappy
from tests.factories.photos import corners, saved
from tests.factories.reviews import WRITTEN, published, review, reviewable_visit
from tests.factories.shops import open_shop

pytestmark = pytest.mark.django_db
NOTHING = {"months": 0, "totals": 0, "lists": 0, "order": 0}


def _photo() -> Any:
    return clean(SimpleUploadedFile("bay.jpg", saved(corners()), "image/jpeg"))


@pytest.fixture
def author() -> Any:
    """Somebody who wrote, voted, answered and appealed."""
    author, shop = UserFactory(name="林晓"), open_shop()
    mine = published(reviewable_visit(shop, owner=author), stars=1, text="SECRET words", added=[_photo()])
    writing.edit(review=mine, by=author, draft=Draft(stars=2, text="SECRET change"), seen=1, at=WRITTEN)
    review(reviewable_visit(shop, owner=author), text="SECRET waiting, call 13816420957")
    theirs = published(reviewable_visit(shop))
    for person in (author, UserFactory()):
        voting.vote(review=theirs, by=person, at=WRITTEN)
    asked = reviewable_visit(shop, owner=author)
    ReviewInvitation.objects.create(booking=asked, due_at=WRITTEN, remind_at=WRITTEN)
    answering.answer(booking=asked, by=author, is_happy=False, words="SECRET answer", at=WRITTEN)
    Appeal.objects.create(
        review=mine, version=mine.shown, side=Side.AUTHOR, by=author, text="SECRET appeal", made_at=WRITTEN
    )
    other = open_shop()
    Affiliation.objects.create(shop=other, user=author, kind=AffiliationKind.RELATIVE, since=WRITTEN)
    Affiliation.objects.create(shop=other, contact=author.email.upper(), kind=AffiliationKind.SUPPLIER, since=WRITTEN)
    return author


def test_everything_that_was_written_is_given_out(author: Any) -> None:
    told = privacy.export(author)
    words = json.dumps(told)
    for secret in ("SECRET words", "SECRET change", "SECRET waiting", "SECRET answer", "SECRET appeal"):
        assert secret in words
    assert [len(row["versions"]) for row in told["reviews"]] == [2, 1]
    assert len(told["reviews"][0]["versions"][0]["photos"]) == 1
    assert (len(told["helpful_votes"]), len(told["ties_to_shops"])) == (1, 2)
    assert privacy.export(UserFactory())["reviews"] == []


def test_nothing_that_was_written_survives_the_account(author: Any, client: Client) -> None:
    theirs = HelpfulVote.objects.get(user=author).review
    files = [name for photo in ReviewPhoto.objects.all() for name in (photo.file.name, photo.thumbnail.name)]
    assert all(default_storage.exists(name) for name in files)
    accounts.erase(user=author, at=WRITTEN + timedelta(days=1))
    mine = Review.objects.filter(author=author)
    assert set(mine.values_list("status", flat=True)) == {ReviewStatus.WITHDRAWN}
    assert set(ReviewVersion.objects.filter(review__in=mine).values_list("text", flat=True)) == {""}
    assert set(VisitAnswer.objects.values_list("words", flat=True)) == {""}
    assert not Appeal.objects.exclude(text="").exists()
    assert not ReviewPhoto.objects.exists()
    assert not Hint.objects.filter(version__review__in=mine).exists()
    assert not Affiliation.objects.exists()
    assert ReviewInvitation.objects.get().ended_at is not None
    theirs.refresh_from_db()
    assert theirs.helpful_count == 1
    assert set(Listing.objects.filter(review=theirs).values_list("helpful_count", flat=True)) == {1}
    assert not Listing.objects.filter(review__in=mine).exists()
    assert tallies.faults() == NOTHING
    page = client.get(reverse("shops:detail", args=[theirs.shop.slug])).content.decode()
    assert "SECRET" not in page
    assert "林" not in page


def test_somebody_elses_words_stay(author: Any) -> None:
    theirs = published(reviewable_visit(open_shop()), text="Stays")
    accounts.erase(user=author, at=WRITTEN)
    theirs.refresh_from_db()
    assert (theirs.status, theirs.shown.text) == (ReviewStatus.PUBLISHED, "Stays")


# --- Follow-ups ---------------------------------------------------------------------------------------------------


def _cases(owner: Any) -> list[FollowUp]:
    """One that the shop has not answered, and one in which an offer waits."""
    shop = open_shop()
    silent, offered = (unhappy(reviewable_visit(shop, owner=owner)) for _ in range(2))
    offered_voucher(offered)
    return [silent, offered]


def test_open_follow_ups_end_for_nobody_and_against_nobody(django_capture_on_commit_callbacks: Any) -> None:
    owner = UserFactory()
    cases = _cases(owner)
    accounts.erase(user=owner, at=OPENED)
    for case in cases:
        case.refresh_from_db()
        assert (case.status, case.is_counted, case.closed_at) == (FollowUpStatus.LAPSED, False, OPENED)
        assert case.events.filter(step=FollowUpStep.LAPSED, text="").count() == 1
    assert FollowUpOffer.objects.get().status == OfferStatus.ENDED
    assert not ShopStanding.objects.filter(follow_ups__gt=0).exists()
    assert figures.faults() == 0
    sweeping.sweep(at=OPENED + timedelta(days=90))
    with django_capture_on_commit_callbacks(execute=True):
        for event in OutboxEvent.objects.filter(topic__startswith="follow_up."):
            outbox.handle(event_id=event.pk, at=OPENED)
    assert not Message.objects.exists()


def test_a_case_opened_while_its_owner_left_ends_the_same_way() -> None:
    owner = UserFactory()
    case = _cases(owner)[0]
    type(owner).objects.filter(pk=owner.pk).update(is_active=False)
    sweeping.sweep(at=OPENED + timedelta(days=2))
    case.refresh_from_db()
    assert (case.status, case.is_counted) == (FollowUpStatus.LAPSED, False)
    assert not OutboxEvent.objects.filter(topic="follow_up.late", key=case.public_id).exists()


def test_nobody_is_asked_to_win_back_somebody_who_left() -> None:
    visit = reviewable_visit(open_shop())
    accounts.erase(user=visit.owner, at=OPENED)
    visit.refresh_from_db()
    assert opening.open_for(booking=visit, cause=FollowUpCause.LOW_REVIEW, at=OPENED) is None
