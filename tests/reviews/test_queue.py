"""In which order things are looked at, how much waits, and the dossier of one item."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection

from reviews.choices import HintKind, ItemKind, ReasonCode, RiskBand
from reviews.hints import finding
from reviews.hints.found import Found
from reviews.models import ModerationItem
from reviews.moderation import decisions, queue, reasons
from reviews.moderation.dossier import dossier
from tests.factories.accounts import UserFactory
from tests.factories.reviews import WRITTEN, published, review, reviewable_visit
from tests.factories.shops import open_shop
from tests.reviews.desk import LATER, approve, author_appeals, edit, propose, reject, shop_appeals, waiting

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def shop():
    return open_shop()


@pytest.fixture(autouse=True)
def _one_hint_each(monkeypatch):
    """Machines notice one thing about every text, whatever else is known."""
    monkeypatch.setattr(finding, "TEXT_FINDERS", (lambda _text: [Found(HintKind.PAID, 5)],))
    monkeypatch.setattr(finding, "VERSION_FINDERS", ())


def test_risk_comes_first_then_what_was_skipped_least_then_age(shop):
    rows = [(1, 0, 9), (3, 1, 9), (2, 0, 1), (3, 0, 1), (3, 0, 2), (2, 0, 5)]
    for band, skips, hours in rows:
        item = waiting(review(reviewable_visit(shop)))
        ModerationItem.objects.filter(pk=item.pk).update(band=band, skips=skips, waiting_since=WRITTEN - hours * HOUR)
    found = ModerationItem.objects.queue(ItemKind.REVIEW)
    order = [(item.band, item.skips, (WRITTEN - item.waiting_since) // HOUR) for item in found]
    assert order == [(3, 0, 2), (3, 0, 1), (3, 1, 9), (2, 0, 5), (2, 0, 1), (1, 0, 9)]


def test_the_first_of_many_is_found_along_the_index(shop):
    item = waiting(review(reviewable_visit(shop)))
    with connection.cursor() as sql:
        sql.execute(
            """
            INSERT INTO reviews_moderationitem (public_id, kind, review_id, shop_id, version_id, risk, band, skips,
                waiting_since, decided_at, outcome, reason)
            SELECT 'many' || n, 'review', review_id, shop_id, version_id, 0, 1 + n %% 3, 0,
                waiting_since - n * interval '1 minute', now(), 'approved', ''
            FROM reviews_moderationitem, generate_series(1, 3000) AS n WHERE id = %s
            """,
            [item.pk],
        )
        sql.execute("ANALYZE reviews_moderationitem")
    plan = ModerationItem.objects.queue(ItemKind.REVIEW)[:1].explain()
    assert "item_queue" in plan
    assert "Sort" not in plan


def test_counts_say_how_many_of_each_kind_wait(shop):
    review(reviewable_visit(shop))
    one = published(reviewable_visit(shop))
    propose(one)
    shop_appeals(one)
    author_appeals(reject(review(reviewable_visit(shop))))
    counts = queue.waiting_counts()
    assert counts == {"review": 1, "reply": 0, "appeal": 2, "removal": 1, "sample": 0}


def test_figures_of_an_empty_desk(django_assert_num_queries):
    with django_assert_num_queries(2):
        found = queue.figures(user=UserFactory.build(pk=1), at=WRITTEN)
    assert (found.waiting, found.over_service_level, found.decided_by_you) == (0, 0, 0)
    assert (found.median_age, found.median_decision) == (None, None)
    assert [age.waiting for age in found.ageing] == [0, 0, 0, 0]


def test_figures_say_how_much_waits_how_long_and_what_you_did_today(shop):
    you, other = UserFactory(), UserFactory()
    # WRITTEN is ten in the morning in Shanghai: what you did before its midnight was yesterday.
    for since, decided, by in [(8, 1, you), (3, 1, other), (14, 11, you), (400, 300, you)]:
        one = review(reviewable_visit(shop), at=WRITTEN - since * HOUR)
        approve(one, at=WRITTEN - decided * HOUR, by=by)
    for hours in (1, 4, 12, 13, 24, 30):
        review(reviewable_visit(shop), at=WRITTEN - hours * HOUR)
    found = queue.figures(user=you, at=WRITTEN)
    assert (found.waiting, found.over_service_level, found.decided_by_you) == (6, 1, 1)
    assert (found.median_age, found.median_decision) == (12.5 * HOUR, 3 * HOUR)
    assert [age.waiting for age in found.ageing] == [1, 1, 2, 2]
    assert [(age.at_least, age.below) for age in found.ageing][-1] == (24 * HOUR, None)


def test_every_reason_has_words_for_the_author():
    for reason in ReasonCode:
        words = reasons.explain(reason)
        assert str(words.why) != str(words.what_next) != ""


# --- The dossier ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("earlier", [1, 3])
def test_the_dossier_takes_as_many_queries_however_much_there_is(shop, earlier, django_assert_num_queries):
    visit = reviewable_visit(shop)
    one = review(visit)
    for number in range(earlier):
        published(reviewable_visit(shop, owner=one.author), at=WRITTEN - number * HOUR)
        one = approve(one)
        shop_appeals(one)
        one = edit(one)
    item = waiting(one)
    with django_assert_num_queries(17):
        found = dossier(item, at=LATER)
        assert len(found.author.reviews) == earlier
        assert len(found.appeals) == earlier
        assert len(found.earlier) == earlier
        assert [version.number for version in found.versions] == list(range(1, earlier + 2))
        for version in found.versions:
            assert [hint.kind for hint in version.hints.all()] == ["paid"]
            assert list(version.photos.all()) == []
        assert [line.by.pk for line in found.log if line.by is not None]
        assert found.review.shop.city.name
        assert found.review.booking.variant.model.make.name
        assert [person.person.name for person in found.visit.people]


def test_the_dossier_tells_of_visit_author_and_shop(shop):
    visit = reviewable_visit(shop)
    type(visit).objects.filter(pk=visit.pk).update(agreed_end_at=visit.ready_at)
    first = published(reviewable_visit(shop, owner=visit.owner), stars=2, at=WRITTEN - timedelta(weeks=2))
    reject(review(reviewable_visit(shop, owner=visit.owner), stars=1))
    one = review(visit, stars=4)
    found = dossier(waiting(one), at=LATER)
    assert (found.version.number, found.text, found.earlier) == (1, found.version, [])
    assert (found.visit.quoted_fen, found.visit.final_fen, found.visit.was_on_time) == (26_800, 26_800, True)
    assert found.visit.services
    assert (found.author.visits, found.author.reviews_count) == (3, 3)
    assert (found.author.published_count, found.author.rejected_count) == (1, 1)
    assert {(row.newest_stars, row.status) for row in found.author.reviews} == {(2, "published"), (1, "rejected")}
    assert [count for _week, count in found.shop.weeks] == [0] * 9 + [1, 0, 2]
    assert (found.shop.busiest_week, found.shop.standing.reviews, found.shop.on_time) == (2, 1, None)
    assert first in found.author.reviews


def test_the_dossier_of_a_removal_has_who_proposed_it_and_the_log(shop):
    one, by = published(reviewable_visit(shop)), UserFactory()
    propose(one, by=by)
    found = dossier(waiting(one, ItemKind.REMOVAL), at=LATER)
    assert (found.item.removal.proposed_by, found.removals) == (by, [found.item.removal])
    assert [line.act for line in found.log] == ["received", "removal_proposed"]
    assert found.item.band == RiskBand.HIGH


def test_what_was_decided_still_has_its_dossier(shop):
    one = review(reviewable_visit(shop))
    item = waiting(one)
    decisions.approve(item=item, by=UserFactory(), at=LATER, seen=1)
    assert dossier(item, at=LATER).item.outcome == "approved"
