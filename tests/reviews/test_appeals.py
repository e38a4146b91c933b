"""A second look by somebody else: who may ask for it, about what, who answers, and what follows."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import InvalidInput
from core.models import OutboxEvent
from reviews import tallies, writing
from reviews.choices import Act, AppealStatus, ItemKind, ItemOutcome, RemovalStatus, ReviewStatus, Side
from reviews.errors import (
    AlreadyDecidedError,
    AppealNotPossibleError,
    ChangedMeanwhileError,
    OwnInterestError,
    TwoPeopleError,
)
from reviews.limits import APPEAL_WITHIN
from reviews.models import Appeal, ModerationEvent, ModerationItem, Removal
from reviews.moderation import appeals, removals
from shops.models import ShopMember
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
    reject,
    remove,
    shop_appeals,
    waiting,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    return open_shop()


@pytest.fixture
def rejected(shop):
    return reject(review(reviewable_visit(shop), stars=2))


@pytest.fixture
def shown(shop):
    return published(reviewable_visit(shop), stars=2)


def _decide(review, *, by=None, uphold=True, answer="We looked again."):
    item = waiting(review, ItemKind.APPEAL)
    return appeals.decide(item=item, by=by or UserFactory(), at=LATER, uphold=uphold, answer=answer)


# --- Asking ---------------------------------------------------------------------------------------------------------


def test_an_appeal_waits_for_a_moderator(rejected):
    made = author_appeals(rejected)
    item = waiting(rejected, ItemKind.APPEAL)
    assert (item.appeal, item.version.number, made.status) == (made, 1, AppealStatus.OPEN)
    line = ModerationEvent.objects.get(act=Act.APPEALED)
    assert (line.by, line.data) == (rejected.author, {"side": "author"})


def test_authors_appeal_against_what_is_not_shown_for_a_while(rejected):
    last = LATER + APPEAL_WITHIN
    assert appeals.appealable(rejected, side=Side.AUTHOR, at=last).number == 1
    assert appeals.appealable(rejected, side=Side.AUTHOR, at=last + timedelta(seconds=1)) is None
    with pytest.raises(AppealNotPossibleError):
        author_appeals(rejected, at=last + timedelta(seconds=1))
    author_appeals(rejected, at=last)
    assert appeals.appealable(rejected, side=Side.AUTHOR, at=last) is None
    with pytest.raises(AppealNotPossibleError):
        author_appeals(rejected, at=last)


def test_authors_appeal_against_a_removal(shown):
    one = remove(shown)
    with pytest.raises(AppealNotPossibleError):
        author_appeals(one, at=LATER + APPEAL_WITHIN + timedelta(seconds=1))
    assert author_appeals(one).version.number == 1


def test_authors_appeal_against_the_rejected_edit_of_what_is_shown(shown):
    one = reject(edit(shown))
    assert author_appeals(one).version.number == 2


@pytest.mark.parametrize("state", ["waiting", "shown", "withdrawn", "edited"])
def test_without_a_decision_there_is_nothing_for_the_author_to_appeal_against(shop, state):
    one = review(reviewable_visit(shop))
    if state == "shown":
        one = approve(one)
    elif state == "withdrawn":
        reject(one)
        writing.withdraw(review=one, by=one.author, at=LATER)
    elif state == "edited":
        one = edit(reject(one))
    with pytest.raises(AppealNotPossibleError):
        author_appeals(fresh(one))


def test_shops_appeal_against_what_is_shown_at_any_time_once_a_version(shown):
    assert shop_appeals(shown, at=LATER + 10 * APPEAL_WITHIN).version.number == 1
    with pytest.raises(AppealNotPossibleError):
        shop_appeals(shown)
    one = approve(edit(shown))
    assert shop_appeals(one).version.number == 2


def test_shops_do_not_appeal_against_what_is_not_shown(rejected):
    with pytest.raises(AppealNotPossibleError):
        shop_appeals(rejected)


@pytest.mark.parametrize("side", [Side.AUTHOR, Side.SHOP])
def test_strangers_do_not_appeal(rejected, shown, side):
    one = rejected if side == Side.AUTHOR else shown
    stranger = UserFactory()
    ShopMember.objects.create(shop=open_shop(), user=stranger, role="owner")
    with pytest.raises(AppealNotPossibleError):
        appeals.appeal(review=one, by=stranger, side=side, text="Look", at=LATER, reason="insult")
    assert not Appeal.objects.exists()


@pytest.mark.parametrize("text", ["", "  \n", "x" * 2001, "a\x00b"])
def test_an_appeal_needs_words_that_can_be_kept(rejected, text):
    with pytest.raises(InvalidInput) as refused:
        appeals.appeal(review=rejected, by=rejected.author, side=Side.AUTHOR, text=text, at=LATER)
    assert refused.value.field == "text"


@pytest.mark.parametrize("reason", ["", "because"])
def test_a_shop_says_what_is_wrong(shown, reason):
    with pytest.raises(InvalidInput) as refused:
        shop_appeals(shown, reason=reason)
    assert refused.value.field == "reason"


# --- Answering ------------------------------------------------------------------------------------------------------


def test_an_upheld_appeal_of_the_author_shows_the_version(rejected):
    author_appeals(rejected)
    by = UserFactory()
    event = _decide(rejected, by=by)
    one, matter = fresh(rejected), Appeal.objects.get()
    assert (one.status, one.shown.number, one.shown.status) == (ReviewStatus.PUBLISHED, 1, "approved")
    assert (matter.status, matter.answer, matter.decided_by) == ("upheld", "We looked again.", by)
    assert event.item.outcome == ItemOutcome.UPHELD
    told = OutboxEvent.objects.get(topic="appeal.decided")
    assert (told.key, told.payload) == (one.public_id, {"event": event.pk, "appeal": matter.public_id})
    assert tallies.faults() == NOTHING


def test_an_upheld_appeal_about_an_edit_shows_the_edit_and_settles_what_was_about_the_earlier_version(shown):
    shop_appeals(shown)
    one = reject(edit(shown))
    author_appeals(one)
    item = ModerationItem.objects.open().get(appeal__side=Side.AUTHOR)
    appeals.decide(item=item, by=UserFactory(), at=LATER, uphold=True, answer="Fine.")
    assert fresh(one).shown.number == 2
    assert one.appeals.get(side=Side.SHOP).status == AppealStatus.MOOT
    assert tallies.faults() == NOTHING


def test_a_dismissed_appeal_changes_nothing_that_is_shown(rejected, shown):
    author_appeals(rejected)
    shop_appeals(shown)
    for one, status in ((rejected, ReviewStatus.REJECTED), (shown, ReviewStatus.PUBLISHED)):
        assert _decide(one, uphold=False).act == Act.DISMISSED
        assert (fresh(one).status, one.appeals.get().status) == (status, AppealStatus.DISMISSED)
    assert not Removal.objects.exists()


def test_an_upheld_appeal_of_the_shop_needs_a_second_person_to_remove(shown):
    made = shop_appeals(shown)
    first = UserFactory()
    _decide(shown, by=first)
    removal = Removal.objects.get()
    assert (removal.appeal, removal.proposed_by, removal.reason) == (made, first, "not_this_visit")
    assert fresh(shown).status == ReviewStatus.PUBLISHED
    item = waiting(shown, ItemKind.REMOVAL)
    with pytest.raises(TwoPeopleError):
        removals.decide(item=item, by=first, at=LATER, remove=True)
    removals.decide(item=item, by=UserFactory(), at=LATER, remove=True)
    assert fresh(shown).status == ReviewStatus.REMOVED


def test_a_shop_that_is_right_about_what_is_already_proposed_makes_no_second_removal(shown):
    shop_appeals(shown)
    propose(shown)
    _decide(shown)
    assert Removal.objects.get().appeal is None
    assert Appeal.objects.get().status == AppealStatus.UPHELD


@pytest.mark.parametrize("answer", ["", "   ", "x" * 2001, "a\x00b"])
def test_an_appeal_is_answered_in_words(rejected, answer):
    author_appeals(rejected)
    before = everything(rejected)
    with pytest.raises(InvalidInput) as refused:
        _decide(rejected, answer=answer)
    assert refused.value.field == "answer"
    assert everything(rejected) == before


def test_who_took_the_decision_does_not_judge_it(shop):
    first = UserFactory()
    one = reject(review(reviewable_visit(shop)), by=first)
    author_appeals(one)
    two = approve(review(reviewable_visit(shop)), by=first)
    shop_appeals(two)
    for each in (one, two):
        with pytest.raises(TwoPeopleError):
            _decide(each, by=first)
        _decide(each, uphold=False)


def test_neither_of_the_two_who_removed_judges_the_removal(shown):
    first, second = UserFactory(), UserFactory()
    propose(shown, by=first)
    removals.decide(item=waiting(shown, ItemKind.REMOVAL), by=second, at=LATER, remove=True)
    author_appeals(shown)
    for by in (first, second):
        with pytest.raises(TwoPeopleError):
            _decide(shown, by=by)
    _decide(shown)
    assert fresh(shown).status == ReviewStatus.PUBLISHED


def test_who_rejected_an_earlier_version_may_judge_about_a_later_one(shop):
    first = UserFactory()
    one = edit(reject(review(reviewable_visit(shop)), by=first))
    one = reject(one)
    author_appeals(one)
    _decide(one, by=first)
    assert fresh(one).shown.number == 2


def test_nobody_answers_in_their_own_matter(shop, rejected, shown):
    staff = UserFactory()
    ShopMember.objects.create(shop=shop, user=staff, role="owner")
    author_appeals(rejected)
    made = shop_appeals(shown)
    for one, by in ((rejected, staff), (rejected, rejected.author), (shown, made.by), (shown, shown.author)):
        with pytest.raises(OwnInterestError):
            _decide(one, by=by)


def test_an_appeal_is_answered_once(rejected):
    author_appeals(rejected)
    item = waiting(rejected, ItemKind.APPEAL)
    _decide(rejected, uphold=False)
    with pytest.raises(AlreadyDecidedError):
        appeals.decide(item=item, by=UserFactory(), at=LATER, uphold=True, answer="Yes")
    assert fresh(rejected).status == ReviewStatus.REJECTED


# --- Settled without an answer --------------------------------------------------------------------------------------


def test_an_edit_settles_the_authors_appeal(rejected):
    author_appeals(rejected)
    item = waiting(rejected, ItemKind.APPEAL)
    edit(rejected)
    assert Appeal.objects.get().status == AppealStatus.MOOT
    with pytest.raises(ChangedMeanwhileError):
        appeals.decide(item=item, by=UserFactory(), at=LATER, uphold=True, answer="Yes")


def test_an_edit_that_waits_leaves_the_shops_appeal_and_a_published_one_settles_it(shown):
    shop_appeals(shown)
    one = edit(shown)
    assert Appeal.objects.get().status == AppealStatus.OPEN
    approve(one)
    assert Appeal.objects.get().status == AppealStatus.MOOT


def test_a_withdrawn_review_settles_everything(shown):
    shop_appeals(shown)
    propose(shown)
    writing.withdraw(review=shown, by=shown.author, at=LATER)
    assert (Appeal.objects.get().status, Removal.objects.get().status) == (AppealStatus.MOOT, RemovalStatus.MOOT)
    assert not ModerationItem.objects.open().exists()
    assert tallies.faults() == NOTHING
