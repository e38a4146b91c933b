"""What readers see goes by two people, or not at all."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from core.errors import InvalidInput
from core.models import OutboxEvent
from reviews import tallies, writing
from reviews.choices import Act, ItemKind, ItemOutcome, RemovalStatus, ReviewStatus, RiskBand, VersionStatus
from reviews.errors import (
    AlreadyDecidedError,
    ChangedMeanwhileError,
    OwnInterestError,
    ReviewGoneError,
    TwoPeopleError,
    UndoOverError,
)
from reviews.models import ModerationEvent, ModerationItem, Removal
from reviews.moderation import appeals, decisions, removals
from shops.models import ShopMember
from shops.standings import ShopStanding
from tests.factories.accounts import UserFactory
from tests.factories.reviews import published, review, reviewable_visit
from tests.factories.shops import open_shop
from tests.reviews.desk import (
    LATER,
    NOTHING,
    approve,
    author_appeals,
    edit,
    everything,
    fresh,
    propose,
    remove,
    shop_appeals,
    waiting,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return open_shop()


@pytest.fixture
def one(shop):
    return published(reviewable_visit(shop), stars=1)


def _decide(review, *, by=None, remove=True, **said):
    item = waiting(review, ItemKind.REMOVAL)
    return removals.decide(item=item, by=by or UserFactory(), at=LATER, remove=remove, **said)


def test_what_is_proposed_stays_until_a_second_person_removes_it(shop, one):
    first, second = UserFactory(), UserFactory()
    removal = propose(one, by=first)
    item = waiting(one, ItemKind.REMOVAL)
    assert (fresh(one).status, item.band, item.removal) == (ReviewStatus.PUBLISHED, RiskBand.HIGH, removal)
    event = _decide(one, by=second, note="Agreed")
    removal.refresh_from_db()
    assert (removal.status, removal.proposed_by, removal.decided_by) == (RemovalStatus.REMOVED, first, second)
    assert (fresh(one).status, fresh(one).shown) == (ReviewStatus.REMOVED, None)
    assert (event.act, event.reason, event.note, event.by) == (Act.REMOVED, "insult", "Agreed", second)
    assert OutboxEvent.objects.get(topic="review.removed").payload == {"event": event.pk}
    assert ShopStanding.objects.get(shop=shop).reviews == 0
    assert tallies.faults() == NOTHING


def test_what_is_kept_stays_and_can_be_proposed_again(one):
    propose(one)
    event = _decide(one, remove=False)
    assert fresh(one).status == ReviewStatus.PUBLISHED
    assert (event.act, event.item.outcome) == (Act.KEPT, ItemOutcome.KEPT)
    assert OutboxEvent.objects.get(topic="review.kept").payload == {"event": event.pk}
    assert tallies.faults() == NOTHING
    propose(one)
    assert Removal.objects.filter(status=RemovalStatus.OPEN).count() == 1


@pytest.mark.parametrize("remove", [True, False])
def test_who_proposed_does_not_decide(one, remove):
    first = UserFactory()
    propose(one, by=first)
    before = everything(one)
    with pytest.raises(TwoPeopleError):
        _decide(one, by=first, remove=remove)
    assert everything(one) == before


def test_nobody_proposes_or_decides_in_their_own_matter(shop, one):
    staff = UserFactory()
    ShopMember.objects.create(shop=shop, user=staff, role="owner")
    for by in (staff, one.author):
        with pytest.raises(OwnInterestError):
            propose(one, by=by)
    propose(one)
    for by in (staff, one.author):
        with pytest.raises(OwnInterestError):
            _decide(one, by=by)
    assert fresh(one).status == ReviewStatus.PUBLISHED


def test_a_removal_is_decided_once(one):
    propose(one)
    item = waiting(one, ItemKind.REMOVAL)
    _decide(one, remove=False)
    for again in (True, False):
        with pytest.raises(AlreadyDecidedError):
            removals.decide(item=item, by=UserFactory(), at=LATER, remove=again)


def test_one_removal_waits_at_a_time(one):
    propose(one)
    with pytest.raises(AlreadyDecidedError):
        propose(one)


def test_only_what_was_seen_and_is_shown_can_be_proposed(shop, one):
    by = UserFactory()
    with pytest.raises(ChangedMeanwhileError):
        removals.propose(review=one, by=by, at=LATER, seen=2, reason="insult")
    with pytest.raises(InvalidInput):
        removals.propose(review=one, by=by, at=LATER, seen=1, reason="bad")
    with pytest.raises(ReviewGoneError):
        removals.propose(review=review(reviewable_visit(shop)), by=by, at=LATER, seen=1, reason="insult")
    assert not Removal.objects.exists()


def test_what_two_people_decided_is_not_taken_back_by_one(one):
    second = UserFactory()
    propose(one)
    item = waiting(one, ItemKind.REMOVAL)
    _decide(one, by=second)
    with pytest.raises(UndoOverError):
        decisions.undo(item=item, by=second, at=LATER)


@pytest.mark.parametrize("happened", ["withdrawn", "replaced"])
def test_a_removal_is_settled_when_there_is_nothing_left_to_remove(one, happened):
    propose(one)
    item = waiting(one, ItemKind.REMOVAL)
    if happened == "withdrawn":
        writing.withdraw(review=one, by=one.author, at=LATER)
    else:
        one = approve(edit(one))
    item.refresh_from_db()
    assert (item.outcome, item.removal.status, item.removal.decided_by) == ("overtaken", "moot", None)
    assert ModerationEvent.objects.get(act=Act.OVERTAKEN).item == item
    with pytest.raises(ChangedMeanwhileError):
        removals.decide(item=item, by=UserFactory(), at=LATER, remove=True)
    assert tallies.faults() == NOTHING


def test_an_edit_that_waits_does_not_stop_a_removal_and_goes_with_it(one):
    propose(one)
    one = edit(one)
    shop_appeals(one)
    _decide(one)
    assert (fresh(one).status, one.versions.get(number=2).status) == (ReviewStatus.REMOVED, VersionStatus.REJECTED)
    assert not ModerationItem.objects.open().exists()
    assert one.appeals.get().status == "moot"
    assert tallies.faults() == NOTHING


def test_a_removed_review_comes_back_by_the_authors_appeal(one):
    one = remove(one)
    author_appeals(one)
    appeals.decide(item=waiting(one, ItemKind.APPEAL), by=UserFactory(), at=LATER, uphold=True, answer="It stays.")
    assert (fresh(one).status, fresh(one).shown.number) == (ReviewStatus.PUBLISHED, 1)
    assert tallies.faults() == NOTHING


# --- In plain SQL ---------------------------------------------------------------------------------------------------

_REMOVE = "UPDATE reviews_review SET status = 'removed', shown_id = NULL WHERE id = %(review)s"


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        (_REMOVE, "removed by two people"),
        ("UPDATE reviews_removal SET status = 'removed', decided_at = now()", "removal_decided_by_somebody"),
        (
            "UPDATE reviews_removal SET status = 'removed', decided_at = now(), decided_by_id = proposed_by_id",
            "removal_needs_two_people",
        ),
        (
            "UPDATE reviews_removal SET status = 'kept', decided_at = now(), decided_by_id = %(other)s; " + _REMOVE,
            "removed by two people",
        ),
        ("UPDATE reviews_moderationevent SET note = 'never'", "append-only"),
        ("DELETE FROM reviews_moderationevent", "append-only"),
    ],
)
def test_the_database_refuses_what_one_person_would_do_alone(one, attack, said):
    propose(one)
    other = UserFactory()
    with pytest.raises(DatabaseError, match=said), transaction.atomic(), connection.cursor() as sql:
        sql.execute(attack, {"review": one.pk, "other": other.pk})
    assert fresh(one).status == ReviewStatus.PUBLISHED


def test_the_database_lets_two_people_remove(one):
    propose(one)
    with connection.cursor() as sql:
        sql.execute(
            "UPDATE reviews_removal SET status = 'removed', decided_at = now(), decided_by_id = %s", [UserFactory().pk]
        )
        sql.execute(_REMOVE, {"review": one.pk})
    assert fresh(one).status == ReviewStatus.REMOVED
