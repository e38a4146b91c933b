"""What is shown is what is counted, and nothing else is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from reviews import publication, tallies, writing
from reviews.choices import Dimension, ReviewStatus
from reviews.models import Listing, ReviewVersion, Subject
from reviews.writing import Draft
from shops.standings import ShopStanding
from tests.factories.reviews import WRITTEN, published, review, reviewable_visit
from tests.factories.shops import open_shop

pytestmark = pytest.mark.django_db

NOTHING = {"months": 0, "totals": 0, "lists": 0, "order": 0}


def whole(shop):
    return Subject.objects.get(shop=shop, technician=None, service=None, model=None)


def test_a_waiting_review_moves_nothing():
    shop = open_shop()
    review(reviewable_visit(shop), stars=1)
    assert not ShopStanding.objects.filter(shop=shop).exists()
    assert not Listing.objects.exists()
    assert tallies.faults() == NOTHING


def test_a_published_review_counts_under_each_of_its_subjects():
    shop = open_shop()
    one = published(reviewable_visit(shop), stars=4, ratings={Dimension.HONESTY: 2}, would_return=False)
    names = {
        (row.shop_id is not None, row.technician_id is not None, row.service_id is not None, row.model_id is not None)
        for row in Subject.objects.filter(n4=1, honesty_sum=2, honesty_n=1, return_no=1)
    }
    assert names == {
        (True, False, False, False),
        (True, True, False, False),
        (True, False, True, False),
        (True, False, False, True),
        (False, False, True, False),
    }
    assert Listing.objects.filter(review=one, stars=4).count() == 5
    assert tallies.faults() == NOTHING


def test_what_is_hidden_counts_no_more():
    shop = open_shop()
    published(reviewable_visit(shop), stars=5)
    before = ShopStanding.objects.get(shop=shop).score_milli
    one = publication.locked(published(reviewable_visit(shop), stars=1))
    assert ShopStanding.objects.get(shop=shop).score_milli < before
    publication.hide(one, status=ReviewStatus.WITHDRAWN, at=WRITTEN)
    standing = ShopStanding.objects.get(shop=shop)
    assert (standing.score_milli, standing.reviews) == (before, 1)
    assert tallies.faults() == NOTHING


def test_an_edit_that_waits_changes_nothing_that_is_shown():
    shop = open_shop()
    one = published(reviewable_visit(shop), stars=5)
    writing.edit(review=one, by=one.author, draft=Draft(stars=1), seen=1, at=WRITTEN + timedelta(days=1))
    one.refresh_from_db()
    assert (one.shown.number, whole(shop).n5, whole(shop).n1) == (1, 1, 0)
    assert tallies.faults() == NOTHING


def test_the_check_sees_a_count_that_was_changed_by_hand():
    shop = open_shop()
    published(reviewable_visit(shop))
    Subject.objects.filter(pk=whole(shop).pk).update(n5=2)
    assert tallies.faults()["totals"] == 1
    Listing.objects.all()[:1].get().delete()
    assert tallies.faults()["lists"] == 1


def test_one_person_cannot_remove_what_is_published():
    one = publication.locked(published(reviewable_visit(open_shop())))
    with pytest.raises(IntegrityError, match="two people"), transaction.atomic():
        publication.hide(one, status=ReviewStatus.REMOVED, at=WRITTEN)


@pytest.mark.parametrize("change", ["stars = 1", "text = 'better'", "written_at = now()"])
def test_the_database_keeps_what_was_written(change):
    one = review(reviewable_visit(open_shop()), stars=5, text="Good work")
    with (
        pytest.raises(IntegrityError, match="keeps what was written"),
        transaction.atomic(),
        connection.cursor() as sql,
    ):
        sql.execute(f"UPDATE reviews_reviewversion SET {change} WHERE review_id = %s", [one.pk])
    ReviewVersion.objects.filter(review=one).update(text="")  # an erased account takes its words along
