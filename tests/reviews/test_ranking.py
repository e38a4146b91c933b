"""The score: what it promises about any reviews, how it is kept, and what the search makes of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bookings.engine.search import Sort
from reviews import publication, ranking, tallies, tasks
from reviews.choices import ReviewStatus
from reviews.models import RankingMonth, Subject
from reviews.ranking import STRENGTH, score_milli, weight
from shops.standings import EXPECTED_STARS, ShopStanding
from tests.bookings.test_search import find, job_at, shops_in
from tests.factories.jobs import NOW
from tests.factories.reviews import WRITTEN, published, reviewable_visit
from tests.factories.shops import open_shop
from tests.reviews.test_publication import NOTHING, whole

# --- The formula ---------------------------------------------------------------------------------------------

STARS = st.integers(1, 5)
AGES = st.integers(0, 120)
REVIEWS = st.lists(st.tuples(AGES, STARS), max_size=60)
MEANS = st.integers(1000, 5000)
# However busy the machine is: the first draw of a run can take seconds there.
patient = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# A thousandth of a star: scores are rounded.
ROUNDING = 1


def score(reviews, mean):
    return score_milli([(age, 1, stars) for age, stars in reviews], mean_milli=mean)


def weights(reviews):
    return STRENGTH + sum(weight(age) for age, _ in reviews)


@patient
@given(REVIEWS, MEANS)
def test_a_score_is_between_one_and_five_stars_and_between_mean_and_reviews(reviews, mean):
    found = score(reviews, mean)
    ends = [mean, *(1000 * stars for _, stars in reviews)]
    assert min(ends) - ROUNDING <= found <= max(ends) + ROUNDING
    assert 1000 <= found <= 5000


@patient
@given(REVIEWS, MEANS, AGES)
def test_the_best_never_lowers_and_the_worst_never_raises(reviews, mean, age):
    before = score(reviews, mean)
    assert score([*reviews, (age, 5)], mean) >= before
    assert score([*reviews, (age, 1)], mean) <= before


@patient
@given(REVIEWS, MEANS, AGES, STARS)
def test_a_review_moves_the_score_towards_its_stars(reviews, mean, age, stars):
    before, after = score(reviews, mean), score([*reviews, (age, stars)], mean)
    if 1000 * stars >= before:
        assert after >= before - ROUNDING
    if 1000 * stars <= before:
        assert after <= before + ROUNDING


@patient
@given(REVIEWS, MEANS, AGES, STARS, STARS)
def test_more_stars_in_the_place_of_fewer_never_lower(reviews, mean, age, one, other):
    fewer, more = sorted([one, other])
    assert score([*reviews, (age, more)], mean) >= score([*reviews, (age, fewer)], mean)


@patient
@given(REVIEWS, MEANS, AGES, STARS)
def test_one_review_moves_a_score_by_no_more_than_its_share(reviews, mean, age, stars):
    moved = abs(score([*reviews, (age, stars)], mean) - score(reviews, mean))
    assert moved <= 4000 * weight(age) / (weights(reviews) + weight(age)) + ROUNDING
    assert moved <= 4000 / (STRENGTH + 1) + ROUNDING


@patient
@given(REVIEWS, MEANS, st.randoms())
def test_the_order_of_reviews_does_not_matter(reviews, mean, dice):
    mixed = list(reviews)
    dice.shuffle(mixed)
    assert score(mixed, mean) == score(reviews, mean)


@patient
@given(st.lists(STARS, min_size=1, max_size=40), MEANS, st.integers(0, 60), st.integers(0, 60))
def test_what_grows_old_comes_nearer_to_the_mean(stars, mean, age, older):
    young = score([(age, given) for given in stars], mean)
    old = score([(age + older, given) for given in stars], mean)
    assert abs(old - mean) <= abs(young - mean) + ROUNDING


@patient
@given(REVIEWS, MEANS)
def test_the_turn_of_a_month_moves_a_score_by_little(reviews, mean):
    later = [(age + 1, stars) for age, stars in reviews]
    # Every weight shrinks by the same part r, so the own share W ÷ (S + W) falls by (1 − √r) ÷ (1 + √r) at most.
    root = weight(1) ** 0.5
    assert abs(score(later, mean) - score(reviews, mean)) <= 4000 * (1 - root) / (1 + root) + ROUNDING


@patient
@given(MEANS.filter(lambda mean: mean <= 4500))
def test_one_five_star_review_never_outranks_fifty_at_four_point_six(mean):
    many = [(0, 5)] * 30 + [(0, 4)] * 20
    assert score([(0, 5)], mean) < score(many, mean)


def test_no_review_is_the_mean_and_reviews_of_the_future_weigh_like_new_ones():
    assert score([], 4123) == 4123
    assert weight(-3) == weight(0) == 1
    assert weight(ranking.HALF_LIFE_MONTHS) == 0.5


@patient
@given(st.dates(date(2020, 1, 1), date(2030, 12, 31)), st.integers(0, 400))
def test_months_are_counted_by_the_calendar(day, days):
    first, later = day.replace(day=1), (day + timedelta(days=days)).replace(day=1)
    months, at = 0, first
    while at < later:
        at = (at + timedelta(days=32)).replace(day=1)
        months += 1
    assert ranking.months_between(first, later) == months


# --- How it is kept ------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_month_turns_for_a_part_of_the_subjects_at_a_time():
    shop = open_shop()
    published(reviewable_visit(shop), stars=1)
    subjects, before = Subject.objects.count(), whole(shop).score_milli
    assert ranking.refresh_due(at=WRITTEN) == 0
    later = WRITTEN + timedelta(days=40)
    counts = []
    while done := ranking.refresh_due(at=later, limit=2):
        counts.append(done)
    assert sum(counts) == subjects
    assert max(counts) == 2
    assert ranking.refresh_due(at=later) == 0
    after = whole(shop)
    assert after.scored_month == ranking.month_of(later)
    assert before < after.score_milli < 1000 * EXPECTED_STARS
    assert ShopStanding.objects.get(shop=shop).score_milli == after.score_milli
    assert tallies.faults() == NOTHING


@pytest.mark.django_db
def test_the_mean_of_a_month_stays_and_moves_nobody_else():
    one, other = open_shop(), open_shop()
    published(reviewable_visit(one), stars=3)
    before = whole(one).score_milli
    for _ in range(3):
        published(reviewable_visit(other), stars=5)
    assert whole(one).score_milli == before
    assert RankingMonth.objects.count() == 1


@pytest.mark.django_db
def test_the_task_turns_every_month_to_the_end(monkeypatch):
    published(reviewable_visit(open_shop()))
    monkeypatch.setattr(ranking.refresh_due, "__kwdefaults__", {"limit": 2})
    monkeypatch.setattr(tasks.timezone, "now", lambda: WRITTEN + timedelta(days=70))
    tasks.refresh_scores()
    assert set(Subject.objects.values_list("scored_month", flat=True)) == {
        ranking.month_of(WRITTEN + timedelta(days=70))
    }


@pytest.mark.django_db
def test_the_nightly_check_raises_an_alarm_where_a_count_is_wrong(caplog):
    shop = open_shop()
    published(reviewable_visit(shop))
    tasks.check_counts()
    assert not caplog.records
    Subject.objects.filter(pk=whole(shop).pk).update(n5=9)
    tasks.check_counts()
    assert "totals" in caplog.text
    assert [record.levelname for record in caplog.records] == ["ERROR"]


# --- What search makes of it ------------------------------------------------------------------------------------


def standing(shop, *, reviews, score_milli):
    at = datetime.fromisoformat("2026-11-21T00:00:00+00:00")
    ShopStanding.objects.create(shop=shop, reviews=reviews, score_milli=score_milli, updated_at=at)


@pytest.mark.django_db
def test_one_five_star_review_does_not_make_the_best_in_town():
    lucky, proven = job_at(1).shop, job_at(2).shop
    published(reviewable_visit(lucky), stars=5)
    mean = 1000 * EXPECTED_STARS
    standing(proven, reviews=50, score_milli=score([(0, 5)] * 30 + [(0, 4)] * 20, mean))
    assert shops_in(find(sort=Sort.RATING, at=NOW)) == [proven, lucky]


@pytest.mark.django_db
def test_best_match_weighs_stars_against_the_way():
    near, loved = job_at(1).shop, job_at(4).shop
    standing(near, reviews=40, score_milli=4000)
    standing(loved, reviews=40, score_milli=4600)  # 0.6 stars are ¥18, three kilometres ¥15
    assert shops_in(find(sort=Sort.BEST)) == [loved, near]
    ShopStanding.objects.filter(shop=loved).update(score_milli=4400)
    assert shops_in(find(sort=Sort.BEST)) == [near, loved]


@pytest.mark.django_db
def test_a_shop_without_a_review_is_sorted_by_what_is_expected():
    bad, unknown, good = job_at(1).shop, job_at(2).shop, job_at(3).shop
    standing(bad, reviews=9, score_milli=3900)
    standing(good, reviews=9, score_milli=4100)
    assert shops_in(find(sort=Sort.RATING)) == [good, unknown, bad]


@pytest.mark.django_db
@pytest.mark.parametrize("kept", [1000, 5000])
def test_a_shop_followed_up_before_its_first_review_is_sorted_as_without_one(kept):
    bad, unknown, good = job_at(1).shop, job_at(2).shop, job_at(3).shop
    standing(bad, reviews=9, score_milli=3900)
    standing(unknown, reviews=0, score_milli=kept)
    standing(good, reviews=9, score_milli=4100)
    assert shops_in(find(sort=Sort.RATING)) == [good, unknown, bad]
    assert type(unknown).objects.for_card().get(pk=unknown.pk).rating is None


@pytest.mark.django_db
def test_a_shop_whose_last_review_went_has_the_score_of_one_without_also_in_another_month(monkeypatch):
    RankingMonth.objects.create(month=ranking.month_of(WRITTEN), mean_milli=4500, reviews=0, fixed_at=WRITTEN)
    one = publication.locked(published(reviewable_visit(open_shop())))
    publication.hide(one, status=ReviewStatus.WITHDRAWN, at=WRITTEN)
    kept = ShopStanding.objects.get(shop=one.shop)
    assert (kept.reviews, kept.score_milli) == (0, 1000 * EXPECTED_STARS)
    ranking.refresh_due(at=WRITTEN + timedelta(days=40))
    kept.refresh_from_db()
    assert (kept.reviews, kept.score_milli) == (0, 1000 * EXPECTED_STARS)
