"""What is published before anybody has looked: what the policy lets through and nothing else; all can be seen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from core.errors import InvalidInput
from core.photos import CleanPhoto
from reviews import tallies
from reviews.choices import Act, HintKind, ItemKind, ItemOutcome, ReviewStatus
from reviews.errors import ReviewGoneError
from reviews.hints import finding
from reviews.hints.found import Found
from reviews.models import ModerationEvent, ModerationItem, ModerationPolicy
from reviews.moderation import decisions, policy, queue, samples
from tests.factories.accounts import UserFactory
from tests.factories.reviews import WRITTEN, published, review, reviewable_visit
from tests.factories.shops import open_shop
from tests.reviews.desk import LATER, NOTHING, edit, fresh, propose, reject, shop_appeals, waiting

pytestmark = pytest.mark.django_db

PHOTO = CleanPhoto(full=b"picture", thumbnail=b"small", width=4, height=3, sha256="0" * 64)


@pytest.fixture
def shop():
    return open_shop()


@pytest.fixture
def risk(monkeypatch):
    """What machines find in every text: points to be changed by the test."""
    points = [0]
    monkeypatch.setattr(
        finding, "TEXT_FINDERS", (lambda _text: [Found(HintKind.PAID, points[0])] if points[0] else [],)
    )
    monkeypatch.setattr(finding, "VERSION_FINDERS", ())
    return points


@pytest.fixture
def known(shop, risk):
    """Somebody with two visits, one of them reviewed in public, and the third to be reviewed."""
    first = reviewable_visit(shop)
    published(first)
    reviewable_visit(shop, owner=first.owner)
    return first.owner


def _set(**values):
    """A policy that publishes at once, but for what is said otherwise."""
    holds = {"auto_publish": True, "sample_percent": 1, **values}
    return policy.change(by=UserFactory(), at=WRITTEN - timedelta(hours=1), **holds)


def _review(shop, owner, **said):
    return fresh(review(reviewable_visit(shop, owner=owner), **said))


def test_without_a_policy_a_person_looks_at_everything(shop, known):
    assert _review(shop, known).status == ReviewStatus.WAITING


def test_a_clean_review_of_a_known_author_is_published_and_the_log_says_by_which_policy(shop, known):
    holds = _set()
    one = _review(shop, known)
    assert one.status == ReviewStatus.PUBLISHED
    line = ModerationEvent.objects.get(act=Act.AUTO_PUBLISHED)
    assert (line.by, line.data["policy"], line.review) == (None, holds.pk, one)
    assert tallies.faults() == NOTHING


@pytest.mark.parametrize(
    "values",
    [{"auto_publish": False}, {"min_visits": 5}, {"min_published": 2}],
)
def test_who_is_not_known_enough_waits(shop, known, values):
    _set(**values)
    assert _review(shop, known).status == ReviewStatus.WAITING


def test_who_was_rejected_waits(shop, known):
    reject(_review(shop, known))
    _set()
    assert _review(shop, known).status == ReviewStatus.WAITING
    policy.change(by=UserFactory(), at=WRITTEN, max_rejected=1)
    assert _review(shop, known).status == ReviewStatus.PUBLISHED


@pytest.mark.parametrize(("points", "status"), [(20, "published"), (21, "waiting")])
def test_more_risk_than_the_policy_lets_through_waits(shop, known, risk, points, status):
    _set(max_risk=20)
    risk[0] = points
    assert _review(shop, known).status == status


def test_a_photo_waits_because_no_machine_has_looked_at_it(shop, known):
    _set()
    assert _review(shop, known, added=[PHOTO]).status == ReviewStatus.WAITING


@pytest.mark.parametrize("happened", ["rejected", "proposed", "appealed", "nothing"])
def test_an_edit_is_looked_at_when_the_review_is_contested(shop, known, happened):
    _set()
    one = _review(shop, known, stars=2)
    if happened == "proposed":
        propose(one)
    elif happened == "appealed":
        shop_appeals(one)
    elif happened == "rejected":
        policy.change(by=UserFactory(), at=WRITTEN, auto_publish=False)
        one = reject(edit(one))
        policy.change(by=UserFactory(), at=LATER, auto_publish=True)
    edit(one, at=LATER + timedelta(hours=1))
    assert fresh(one).shown.number == (2 if happened == "nothing" else 1)


def test_the_policy_that_holds_is_that_of_the_moment_it_comes_in(shop, known):
    waits = _review(shop, known)
    _set()
    assert fresh(waits).status == ReviewStatus.WAITING


def test_so_many_in_a_hundred_are_looked_at_afterwards(shop, known):
    _set(sample_percent=100)
    one = _review(shop, known)
    item = waiting(one, ItemKind.SAMPLE)
    assert one.status == ReviewStatus.PUBLISHED
    line = queue.automatic().get()
    assert (line.review, line.sampled, line.sample_outcome) == (one, True, "")
    decisions.approve(item=item, by=UserFactory(), at=LATER, seen=1)
    assert queue.automatic().get().sample_outcome == ItemOutcome.APPROVED


def test_everything_that_was_published_at_once_can_be_seen_and_looked_at_by_hand(shop, known, monkeypatch):
    monkeypatch.setattr("secrets.randbelow", lambda _below: 99)
    _set()
    first, second = _review(shop, known), _review(shop, known, at=LATER)
    assert [line.review for line in queue.automatic()] == [second, first]
    assert not any(line.sampled for line in queue.automatic())
    by = UserFactory()
    item = samples.draw(review=first, by=by, at=LATER)
    assert [line.sampled for line in queue.automatic()] == [False, True]
    assert ModerationEvent.objects.get(act=Act.OPENED).by == by
    assert (item.kind, item.version) == (ItemKind.SAMPLE, first.shown)


def test_what_is_not_shown_is_no_sample(shop):
    with pytest.raises(ReviewGoneError):
        samples.draw(review=review(reviewable_visit(shop)), by=UserFactory(), at=LATER)
    assert not ModerationItem.objects.filter(kind=ItemKind.SAMPLE).exists()


def test_a_change_keeps_what_it_does_not_name_and_every_earlier_policy():
    by = UserFactory()
    first = policy.change(by=by, at=WRITTEN, auto_publish=True, max_risk=10, note=" Try it ")
    second = policy.change(by=by, at=LATER, max_risk=20)
    assert (policy.current(), second.auto_publish, second.max_risk) == (second, True, 20)
    assert (first.note, second.note, second.set_by, second.set_at) == ("Try it", "", by, LATER)
    assert ModerationPolicy.objects.count() == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_risk", 31),
        ("max_risk", -1),
        ("max_risk", "many"),
        ("max_risk", None),
        ("sample_percent", 0),
        ("sample_percent", 101),
        ("min_visits", 0),
        ("auto_publish", "perhaps"),
        ("note", "x" * 501),
        ("note", "a\x00b"),
        ("set_at", WRITTEN),
        ("anything", 1),
    ],
)
def test_a_setting_that_cannot_be_is_refused(field, value):
    with pytest.raises(InvalidInput) as refused:
        policy.change(**{"by": UserFactory(), "at": WRITTEN, field: value})
    assert refused.value.field == field
    assert not ModerationPolicy.objects.exists()


@pytest.mark.parametrize(
    "attack", ["UPDATE reviews_moderationpolicy SET max_risk = 5", "DELETE FROM reviews_moderationpolicy"]
)
def test_the_database_keeps_every_policy(attack):
    _set()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as sql:
        sql.execute(attack)
