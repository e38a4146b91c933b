"""Lists of reviews: order, pages that go on where the last one ended, what they cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.errors import InvalidInput
from reviews import publication, reading, summaries, voting
from reviews.choices import Dimension, ReviewStatus
from reviews.models import Subject
from reviews.reading import Sort
from tests.factories.accounts import UserFactory
from tests.factories.reviews import WRITTEN, published, review, reviewable_visit
from tests.factories.shops import open_shop

pytestmark = pytest.mark.django_db


def all_pages(subject, sort, size):
    found, after = [], ""
    for _ in range(20):
        page = reading.page(subject, sort=sort, after=after, size=size)
        found.append([row.pk for row in page.rows])
        after = page.after
        if not after:
            return found
    raise AssertionError("no end")


@pytest.fixture
def shop():
    return open_shop()


@pytest.fixture
def many(shop):
    """Seven reviews of different days, stars and votes; two of one moment, two with the same stars and votes."""
    days = (1, 2, 2, 3, 4, 5, 6)
    stars = (5, 1, 4, 4, 2, 5, 1)
    votes = (1, 0, 2, 0, 2, 0, 0)
    rows = []
    for day, given, helpful in zip(days, stars, votes, strict=True):
        one = published(reviewable_visit(shop), at=WRITTEN + timedelta(days=day), stars=given)
        for _ in range(helpful):
            voting.vote(review=one, by=UserFactory(), at=WRITTEN)
        one.refresh_from_db()
        rows.append(one)
    return rows


def key(sort, row):
    first = {Sort.USEFUL: -row.helpful_count, Sort.NEWEST: 0, Sort.LOWEST: row.shown.stars}[sort]
    return first, -row.published_at.timestamp(), -row.pk


@pytest.mark.parametrize("sort", Sort)
def test_pages_together_are_every_review_once_and_in_order(shop, many, sort):
    in_order = [row.pk for row in sorted(many, key=lambda row: key(sort, row))]
    for size in (1, 2, 3, 7, 20):
        pages = all_pages(reading.whole(reading.of_shop(shop)), sort, size)
        assert [pk for page in pages for pk in page] == in_order, size
        assert all(len(page) == size for page in pages[:-1]), size


def test_a_review_that_is_hidden_between_two_pages_leaves_the_next_page_whole(shop, many):
    subject = reading.whole(reading.of_shop(shop))
    first = reading.page(subject, sort=Sort.NEWEST, size=3)
    publication.hide(publication.locked(first.rows[-1]), status=ReviewStatus.WITHDRAWN, at=WRITTEN)
    rest = reading.page(subject, sort=Sort.NEWEST, after=first.after, size=20)
    assert [row.pk for row in rest.rows] == [row.pk for row in sorted(many, key=lambda r: key(Sort.NEWEST, r))][3:]


def test_a_page_that_nobody_gave_is_refused(shop, many, client, subtests):
    subject = reading.whole(reading.of_shop(shop))
    long = ("9" * 70 + ".1.1.a", "1.1." + "9" * 40 + ".a")
    for after in ("x", "1.2.3", "1.2.3.4.5", "-1.5.3.a", "1.9.3.a", "١.1.1.a", *long):
        with subtests.test(after=after):
            with pytest.raises(InvalidInput):
                reading.page(subject, after=after)
            assert client.get(reverse("reviews:shop_reviews", args=[shop.slug]), {"after": after}).status_code == 404


def test_what_is_not_published_is_not_read(shop):
    review(reviewable_visit(shop))
    assert reading.of_shop(shop) == []
    assert reading.page(None).rows == []


def test_a_subject_is_found_with_its_reviews_only(shop):
    one = published(reviewable_visit(shop))
    person = one.people.get().person
    assert reading.one(shop=shop, technician=person).n5 == 1
    assert reading.one(service=one.service).shop is None
    whole, with_model = reading.of_shop_and_model(shop, one.model)
    assert (whole.technician, whole.n5, with_model.model, with_model.n5) == (None, 1, one.model, 1)
    publication.hide(publication.locked(one), status=ReviewStatus.WITHDRAWN, at=WRITTEN)
    assert reading.one(shop=shop, technician=person) is None
    assert reading.of_shop_and_model(shop, one.model) == (None, None)


# --- What they come to ---------------------------------------------------------------------------------------


def test_a_summary_says_no_mean_of_few(shop):
    for _ in range(2):
        published(reviewable_visit(shop), ratings={Dimension.HONESTY: 4}, would_return=True)
    found = summaries.with_course(reading.whole(reading.of_shop(shop)), at=WRITTEN)
    assert (found.is_few, found.score_milli, found.return_percent, found.rated, found.has_course) == (
        (True, None, None, [], False)
    )
    published(reviewable_visit(shop), ratings={Dimension.HONESTY: 1}, would_return=False)
    found = summaries.with_course(reading.whole(reading.of_shop(shop)), at=WRITTEN)
    assert not found.is_few
    assert found.score_milli == reading.whole(reading.of_shop(shop)).score_milli
    assert (found.return_percent, found.return_asked) == (67, 3)
    assert [(rated.dimension, rated.mean, rated.ratings) for rated in found.rated] == [(Dimension.HONESTY, 3.0, 3)]
    assert [(share.stars, share.reviews) for share in found.shares] == [(5, 3), (4, 0), (3, 0), (2, 0), (1, 0)]


def test_the_course_has_a_point_for_each_quarter_with_enough_ratings(shop):
    now = timezone.now()
    for quarters_ago, stars in ((0, 5), (1, 4), (4, 1)):
        for _ in range(3):
            visit = reviewable_visit(shop, completed_at=now - timedelta(days=91 * quarters_ago))
            published(visit, at=visit.completed_at, stars=stars, ratings={Dimension.WAITING: stars})
    found = summaries.with_course(reading.whole(reading.of_shop(shop)), at=now)
    (waiting,) = found.rated
    assert [mean for mean in waiting.quarters if mean is not None] == [1.0, 4.0, 5.0]
    assert len(waiting.quarters) == 8
    assert waiting.quarters[-1] == 5.0
    assert waiting.line.split(" ")[-1] == "116.0,4.0"  # five stars, at the right upper end
    assert [quarter.reviews for quarter in found.quarters] == [3, 3, 3]


def test_quarters_go_back_two_years():
    starts = summaries.quarter_starts(timezone.datetime(2026, 11, 1).date())
    assert [f"{start:%Y-%m}" for start in starts] == [
        "2025-01", "2025-04", "2025-07", "2025-10", "2026-01", "2026-04", "2026-07", "2026-10",
    ]  # fmt: skip


# --- What a list costs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_a_list_costs_the_same_for_any_number_of_reviews(client, shop, count, django_assert_num_queries):
    for _ in range(count):
        published(reviewable_visit(shop))
    # shop, subjects, a page: listings, reviews, people, photos, replies; months
    with django_assert_num_queries(8):
        assert client.get(reverse("reviews:shop_reviews", args=[shop.slug])).status_code == 200


@pytest.mark.parametrize("count", [1, 3])
def test_the_section_of_a_page_costs_the_same_for_any_number_of_reviews(client, shop, count, django_assert_num_queries):
    first = published(reviewable_visit(shop))
    for _ in range(count - 1):
        published(reviewable_visit(shop))
    person = first.people.get().person
    page = reverse("shops:team_member", args=[shop.slug, person.public_id])
    # shop with hours, closures, people, certificates, makes: 6; figures; subject; a page of reviews: 5
    with django_assert_num_queries(13):
        assert first.shown.pk
        assert client.get(page).status_code == 200


def test_a_subject_is_unique_for_what_it_is(shop):
    published(reviewable_visit(shop))
    assert Subject.objects.filter(shop=shop, technician=None, service=None, model=None).count() == 1
