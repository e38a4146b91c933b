"""Approving, rejecting, skipping and taking back: what it changes, what it refuses, what it leaves as it was."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import InvalidInput
from core.models import OutboxEvent
from reviews import replying, tallies, writing
from reviews.choices import Act, HintKind, ItemKind, ItemOutcome, ReplyStatus, ReviewStatus, VersionStatus
from reviews.errors import AlreadyDecidedError, ChangedMeanwhileError, OwnInterestError, UndoOverError
from reviews.hints import finding
from reviews.hints.found import Found
from reviews.limits import UNDO_WITHIN
from reviews.models import Affiliation, ModerationEvent, ModerationItem, Reply
from reviews.moderation import appeals, decisions, masking, policy, samples, undoing
from shops.models import ShopMember
from shops.standings import ShopStanding
from tests.factories.accounts import UserFactory
from tests.factories.reviews import WRITTEN, published, review, reviewable_visit
from tests.factories.shops import open_shop
from tests.reviews.desk import (
    LATER,
    MOMENT,
    NOTHING,
    approve,
    author_appeals,
    edit,
    everything,
    fresh,
    propose,
    reject,
    shop_appeals,
    waiting,
)

pytestmark = pytest.mark.django_db

CALL = "Call 13800138000 now"


@pytest.fixture
def shop():
    return open_shop()


@pytest.fixture
def moderator():
    return UserFactory()


@pytest.fixture
def with_contact_data(monkeypatch):
    """Machines that find a number in `CALL` and an insult in its first word."""

    def find(text):
        if not text.startswith(CALL):
            return []
        return [Found(HintKind.CONTACT, 40, 5, 16), Found(HintKind.INSULT, 30, 0, 4)]

    monkeypatch.setattr(finding, "TEXT_FINDERS", (find,))
    monkeypatch.setattr(finding, "REPLY_FINDERS", (find,))
    monkeypatch.setattr(finding, "VERSION_FINDERS", ())


# --- Approving and rejecting ----------------------------------------------------------------------------------------


def test_an_approved_version_is_shown_and_counted_and_its_author_is_told_once_it_stands(shop, moderator):
    one = review(reviewable_visit(shop), stars=4)
    event = decisions.approve(item=waiting(one), by=moderator, at=LATER, seen=1)
    one = fresh(one)
    assert (one.status, one.shown.number, one.shown.status) == ("published", 1, "approved")
    item = ModerationItem.objects.get(review=one)
    assert (item.outcome, item.decided_by, item.decided_at) == (ItemOutcome.APPROVED, moderator, LATER)
    assert (event.act, event.by, event.version_number) == (Act.APPROVED, moderator, 1)
    told = OutboxEvent.objects.get(topic="review.decided")
    assert (told.key, told.payload) == (one.public_id, {"event": event.pk})
    assert told.due_at > LATER + UNDO_WITHIN
    assert ShopStanding.objects.get(shop=shop).reviews == 1
    assert tallies.faults() == NOTHING


def test_a_rejected_first_version_leaves_nothing_to_read(shop, moderator):
    one = review(reviewable_visit(shop))
    decisions.reject(item=waiting(one), by=moderator, at=LATER, seen=1, reason="insult", note="The second line.")
    one = fresh(one)
    assert (one.status, one.shown, one.versions.get().status) == ("rejected", None, "rejected")
    line = ModerationEvent.objects.get(act=Act.REJECTED)
    assert (line.reason, line.note) == ("insult", "The second line.")
    assert not ShopStanding.objects.exists()
    assert OutboxEvent.objects.filter(topic="review.decided").count() == 1


def test_a_rejected_edit_leaves_the_earlier_version_to_be_read(shop):
    one = edit(published(reviewable_visit(shop), stars=5), stars=1)
    one = reject(one)
    assert (one.status, one.shown.number) == ("published", 1)
    assert one.versions.get(number=2).status == VersionStatus.REJECTED
    assert tallies.faults() == NOTHING


def test_an_approved_edit_takes_the_place_of_the_earlier_version(shop):
    one = edit(published(reviewable_visit(shop), stars=5), stars=1)
    one = approve(one)
    assert (one.shown.number, one.published_at) == (2, WRITTEN)
    assert tallies.faults() == NOTHING
    assert OutboxEvent.objects.filter(topic="review.published").count() == 1


@pytest.mark.parametrize("reason", ["", "insult\x00", "x" * 100_000])
def test_a_reason_that_there_is_not_is_refused(shop, moderator, reason):
    one = review(reviewable_visit(shop))
    before = everything(one)
    with pytest.raises(InvalidInput) as refused:
        decisions.reject(item=waiting(one), by=moderator, at=LATER, seen=1, reason=reason)
    assert refused.value.field == "reason"
    assert everything(one) == before


@pytest.mark.parametrize("note", ["x" * 501, "a\x00b"])
def test_a_note_that_cannot_be_kept_is_refused(shop, moderator, note):
    one = review(reviewable_visit(shop))
    with pytest.raises(InvalidInput) as refused:
        decisions.reject(item=waiting(one), by=moderator, at=LATER, seen=1, reason="insult", note=note)
    assert refused.value.field == "note"
    with pytest.raises(InvalidInput):
        decisions.skip(item=waiting(one), by=moderator, at=LATER, note=note)


def _decide(deed, item, by, *, at=LATER, seen=1):
    if deed == "approve":
        return decisions.approve(item=item, by=by, at=at, seen=seen)
    return decisions.reject(item=item, by=by, at=at, seen=seen, reason="insult")


@pytest.mark.parametrize("first", ["approve", "reject"])
@pytest.mark.parametrize("second", ["approve", "reject"])
def test_deciding_what_is_decided_is_refused_and_changes_nothing(shop, moderator, first, second):
    one = review(reviewable_visit(shop))
    item = waiting(one)
    _decide(first, item, moderator)
    before = everything(one)
    for by in (moderator, UserFactory()):
        with pytest.raises(AlreadyDecidedError):
            _decide(second, item, by)
    assert everything(one) == before


@pytest.mark.parametrize("deed", ["approve", "reject"])
@pytest.mark.parametrize("seen", [0, 2])
def test_deciding_about_another_version_than_was_seen_is_refused(shop, moderator, deed, seen):
    one = review(reviewable_visit(shop))
    before = everything(one)
    with pytest.raises(ChangedMeanwhileError):
        _decide(deed, waiting(one), moderator, seen=seen)
    assert everything(one) == before


@pytest.mark.parametrize("deed", ["approve", "reject"])
@pytest.mark.parametrize("happened", ["edited", "withdrawn"])
def test_what_the_author_overtook_cannot_be_decided(shop, moderator, deed, happened):
    one = review(reviewable_visit(shop))
    item = waiting(one)
    if happened == "edited":
        edit(one)
    else:
        writing.withdraw(review=one, by=one.author, at=LATER)
    before = everything(one)
    with pytest.raises(ChangedMeanwhileError):
        _decide(deed, item, moderator)
    with pytest.raises(ChangedMeanwhileError):
        decisions.skip(item=item, by=moderator, at=LATER)
    assert everything(one) == before


@pytest.mark.parametrize("who", ["author", "staff", "affiliated", "by a contact"])
def test_nobody_decides_in_their_own_matter(shop, moderator, who):
    one = review(reviewable_visit(shop))
    if who == "author":
        moderator = one.author
    elif who == "staff":
        ShopMember.objects.create(shop=shop, user=moderator, role="owner")
    elif who == "affiliated":
        Affiliation.objects.create(shop=shop, user=moderator, kind="relative", since=WRITTEN)
    else:
        Affiliation.objects.create(shop=shop, contact=moderator.email, kind="supplier", since=WRITTEN)
    before = everything(one)
    for deed in ("approve", "reject"):
        with pytest.raises(OwnInterestError):
            _decide(deed, waiting(one), moderator)
    assert everything(one) == before


def test_appeals_and_removals_are_not_approved_like_a_text(shop, moderator):
    one = published(reviewable_visit(shop))
    propose(one)
    for deed in ("approve", "reject"):
        with pytest.raises(InvalidInput):
            _decide(deed, waiting(one, ItemKind.REMOVAL), moderator)


# --- Masks ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("with_contact_data")
def test_a_moderator_shows_what_machines_took_for_an_insult_and_hides_something_else(shop, moderator):
    one = review(reviewable_visit(shop), text=CALL)
    masks = [{"start": 17, "end": 20, "kind": "personal_data"}, {"start": 5, "end": 16, "kind": "contact"}]
    decisions.approve(item=waiting(one), by=moderator, at=LATER, seen=1, masks=masks)
    assert fresh(one).shown.masks == [masks[1], masks[0]]


@pytest.mark.usefixtures("with_contact_data")
def test_without_masks_those_of_the_machines_stay(shop, moderator):
    one = review(reviewable_visit(shop), text=CALL)
    decisions.approve(item=waiting(one), by=moderator, at=LATER, seen=1)
    assert [mask["kind"] for mask in fresh(one).shown.masks] == ["insult", "contact"]


@pytest.mark.parametrize(
    "masks",
    [
        [],
        [{"start": 5, "end": 15, "kind": "contact"}],
        [{"start": 0, "end": 4, "kind": "insult"}],
        [{"start": 5, "end": 16, "kind": "contact"}, {"start": 15, "end": 18, "kind": "insult"}],
        [{"start": 5, "end": 99, "kind": "contact"}],
        [{"start": -1, "end": 16, "kind": "contact"}],
        [{"start": 5, "end": 5, "kind": "contact"}, {"start": 5, "end": 16, "kind": "contact"}],
        [{"start": True, "end": 16, "kind": "contact"}],
        [{"start": "5", "end": "16", "kind": "contact"}],
        [{"start": 5, "end": 16, "kind": "burst"}],
        [{"start": 5, "end": 16, "kind": ["contact"]}],
        [{"end": 16, "kind": "contact"}],
        [[5, 16, "contact"]],
        {"start": 5},
        "contact",
        [{"start": 5, "end": 16, "kind": "contact"}] * 1000,
    ],
)
def test_masks_that_do_not_fit_or_show_contact_data_are_refused(masks):
    stored = [{"start": 0, "end": 4, "kind": "insult"}, {"start": 5, "end": 16, "kind": "contact"}]
    with pytest.raises(InvalidInput) as refused:
        masking.chosen(masks, text=CALL, stored=stored)
    assert refused.value.field == "masks"


@pytest.mark.usefixtures("with_contact_data")
def test_nothing_is_decided_with_masks_that_do_not_fit(shop, moderator):
    one = review(reviewable_visit(shop), text=CALL)
    before = everything(one)
    with pytest.raises(InvalidInput):
        decisions.approve(item=waiting(one), by=moderator, at=LATER, seen=1, masks=[])
    assert everything(one) == before


# --- Replies and samples --------------------------------------------------------------------------------------------


def _replied(one, text="Call 13800138000 now: thank you", at=WRITTEN):
    staff = UserFactory()
    ShopMember.objects.create(shop=one.shop, user=staff, role="owner")
    return replying.reply(review=one, by=staff, text=text, at=at)


@pytest.mark.usefixtures("with_contact_data")
def test_an_approved_reply_takes_the_place_of_the_one_shown(shop, moderator):
    one = published(reviewable_visit(shop))
    earlier, newer = _replied(one, "Thank you"), _replied(one)
    assert (earlier.status, newer.status) == (ReplyStatus.PUBLISHED, ReplyStatus.WAITING)
    event = decisions.approve(item=waiting(one, ItemKind.REPLY), by=moderator, at=LATER, seen=1)
    assert list(Reply.objects.values_list("status", flat=True)) == [ReplyStatus.REPLACED, ReplyStatus.PUBLISHED]
    assert OutboxEvent.objects.get(topic="reply.decided").payload == {"event": event.pk}
    assert not OutboxEvent.objects.filter(topic="review.decided").exists()


@pytest.mark.usefixtures("with_contact_data")
def test_a_rejected_reply_leaves_review_and_earlier_reply_as_they_are(shop, moderator):
    one = published(reviewable_visit(shop))
    _replied(one, "Thank you")
    _replied(one)
    decisions.reject(item=waiting(one, ItemKind.REPLY), by=moderator, at=LATER, seen=1, reason="advertising")
    assert list(Reply.objects.values_list("status", flat=True)) == [ReplyStatus.PUBLISHED, ReplyStatus.REJECTED]
    assert fresh(one).status == ReviewStatus.PUBLISHED


def test_a_sample_that_is_fine_changes_nothing_but_the_item(shop, moderator):
    one = published(reviewable_visit(shop))
    item = samples.draw(review=one, by=moderator, at=LATER)
    before = everything(one)
    decisions.approve(item=item, by=moderator, at=LATER, seen=1)
    after = everything(one)
    assert ModerationItem.objects.get(pk=item.pk).outcome == ItemOutcome.APPROVED
    assert {name for name in after if after[name] != before[name]} == {"items"}
    assert not OutboxEvent.objects.filter(topic="review.decided").exists()


def test_rejecting_a_sample_proposes_its_removal_and_readers_see_it_until_then(shop, moderator):
    one = published(reviewable_visit(shop))
    item = samples.draw(review=one, by=UserFactory(), at=LATER)
    assert samples.draw(review=one, by=moderator, at=LATER) == item
    event = decisions.reject(item=item, by=moderator, at=LATER, seen=1, reason="copied", note="Seen before")
    assert (event.act, event.reason) == (Act.REMOVAL_PROPOSED, "copied")
    item.refresh_from_db()
    assert (item.outcome, item.decided_by, item.reason) == (ItemOutcome.PROPOSED, moderator, "copied")
    assert waiting(one, ItemKind.REMOVAL).removal.proposed_by == moderator
    assert fresh(one).status == ReviewStatus.PUBLISHED


# --- Skipping -------------------------------------------------------------------------------------------------------


def test_what_is_skipped_comes_after_the_others_of_its_band(shop, moderator):
    first, second = review(reviewable_visit(shop)), review(reviewable_visit(shop), at=WRITTEN + MOMENT)
    assert [item.review for item in ModerationItem.objects.queue(ItemKind.REVIEW)] == [first, second]
    decisions.skip(item=waiting(first), by=moderator, at=LATER, note="Ask a colleague")
    assert [item.review for item in ModerationItem.objects.queue(ItemKind.REVIEW)] == [second, first]
    line = ModerationEvent.objects.get(act=Act.SKIPPED)
    assert (line.note, line.by, line.item) == ("Ask a colleague", moderator, waiting(first))
    decisions.undo(item=waiting(first), by=moderator, at=LATER + MOMENT)
    assert waiting(first).skips == 0


# --- Taking back ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("deed", ["approve", "reject"])
@pytest.mark.parametrize("state", ["first", "edited"])
def test_taking_back_restores_everything_and_can_be_decided_again(shop, moderator, deed, state):
    one = review(reviewable_visit(shop), stars=2) if state == "first" else published(reviewable_visit(shop), stars=5)
    published(reviewable_visit(shop), stars=4)
    if state == "edited":
        one = edit(one, stars=1)
    item, before = waiting(one), everything(one)
    seen = item.version.number
    event = _decide(deed, item, moderator, seen=seen)
    assert everything(one) != before
    assert undoing.undoable(moderator, at=LATER + MOMENT) == item
    undone = decisions.undo(item=item, by=moderator, at=LATER + MOMENT)
    assert everything(one) == before
    assert tallies.faults() == NOTHING
    assert (undone.act, undone.data, undone.item) == (Act.UNDONE, {"undoes": event.pk}, item)
    assert not undoing.stands(event)
    assert undoing.undoable(moderator, at=LATER + MOMENT) is None
    again = _decide("approve", item, UserFactory(), at=LATER + 2 * MOMENT, seen=seen)
    assert undoing.stands(again)
    assert fresh(one).shown.number == seen
    assert tallies.faults() == NOTHING


@pytest.mark.usefixtures("with_contact_data")
def test_taking_back_restores_masks_replies_and_samples(shop, moderator):
    one = review(reviewable_visit(shop), text=CALL)
    before = everything(one)
    masks = [{"start": 5, "end": 16, "kind": "contact"}]
    decisions.approve(item=waiting(one), by=moderator, at=LATER, seen=1, masks=masks)
    decisions.undo(item=one.moderation_items.get(), by=moderator, at=LATER + MOMENT)
    assert everything(one) == before
    two = published(reviewable_visit(shop))
    _replied(two, "Thank you")
    _replied(two)
    samples.draw(review=two, by=moderator, at=LATER)
    before = everything(two)
    for kind, deed in [(ItemKind.REPLY, "approve"), (ItemKind.REPLY, "reject"), (ItemKind.SAMPLE, "approve")]:
        item = waiting(two, kind)
        _decide(deed, item, moderator)
        assert everything(two) != before
        decisions.undo(item=item, by=moderator, at=LATER + MOMENT)
        assert everything(two) == before


def test_taking_back_lets_what_the_new_version_had_settled_wait_again(shop, moderator):
    one = published(reviewable_visit(shop))
    samples.draw(review=one, by=moderator, at=LATER)
    shop_appeals(one)
    propose(one)
    samples.draw(review=one, by=moderator, at=LATER)
    one = edit(one)
    before = everything(one)
    item = waiting(one)
    decisions.approve(item=item, by=moderator, at=LATER, seen=2)
    assert not ModerationItem.objects.open().exists()
    decisions.undo(item=item, by=moderator, at=LATER + MOMENT)
    assert everything(one) == before
    assert ModerationItem.objects.open().count() == 4


@pytest.mark.parametrize("deed", ["approve", "reject"])
def test_taking_back_is_for_who_decided_and_for_a_moment(shop, moderator, deed):
    one = review(reviewable_visit(shop))
    item = waiting(one)
    _decide(deed, item, moderator)
    before = everything(one)
    for by, at in [
        (UserFactory(), LATER + MOMENT),
        (moderator, LATER + UNDO_WITHIN + timedelta(microseconds=1)),
        (moderator, LATER - MOMENT),
    ]:
        with pytest.raises(UndoOverError):
            decisions.undo(item=item, by=by, at=at)
        assert undoing.undoable(by, at=at) is None
    assert everything(one) == before
    decisions.undo(item=item, by=moderator, at=LATER + UNDO_WITHIN)
    with pytest.raises(UndoOverError):
        decisions.undo(item=item, by=moderator, at=LATER + UNDO_WITHIN)


def test_what_was_never_decided_is_not_taken_back(shop, moderator):
    with pytest.raises(UndoOverError):
        decisions.undo(item=waiting(review(reviewable_visit(shop))), by=moderator, at=LATER)


@pytest.mark.parametrize("happened", ["edited", "withdrawn", "appealed", "proposed", "drawn", "replied"])
def test_nothing_is_taken_back_once_something_has_happened_since(shop, moderator, happened):
    one = review(reviewable_visit(shop))
    item, at = waiting(one), LATER + MOMENT
    _decide("reject" if happened == "appealed" else "approve", item, moderator)
    one = fresh(one)
    if happened == "edited":
        edit(one, at=at)
    elif happened == "withdrawn":
        writing.withdraw(review=one, by=one.author, at=at)
    elif happened == "appealed":
        author_appeals(one, at=at)
    elif happened == "proposed":
        propose(one, at=at)
    elif happened == "drawn":
        samples.draw(review=one, by=UserFactory(), at=at)
    else:
        _replied(one, "Thank you", at=at)
    before = everything(one)
    with pytest.raises(UndoOverError):
        decisions.undo(item=item, by=moderator, at=at)
    assert undoing.undoable(moderator, at=at) is None
    assert everything(one) == before


def test_a_decision_that_was_taken_back_is_no_part_in_the_matter(shop, moderator):
    one = review(reviewable_visit(shop))
    item = waiting(one)
    _decide("reject", item, moderator)
    assert appeals.took_part(moderator, one, 1)
    decisions.undo(item=item, by=moderator, at=LATER + MOMENT)
    assert not appeals.took_part(moderator, one, 1)


# --- What comes in --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("with_contact_data")
def test_the_log_keeps_what_came_in(shop, moderator):
    one = published(reviewable_visit(shop))
    _replied(one)
    received = ModerationEvent.objects.filter(act=Act.RECEIVED).order_by("pk")
    assert [line.data for line in received] == [{"hints": 0, "risk": 0}, {"reply": 1, "hints": 2, "risk": 70}]


def test_a_reply_that_the_policy_publishes_has_a_line_in_the_log(shop, moderator):
    one = published(reviewable_visit(shop))
    holds = policy.change(by=moderator, at=WRITTEN, replies_at_once=True)
    _replied(one, "Thank you")
    assert ModerationEvent.objects.get(act=Act.AUTO_PUBLISHED).data == {"reply": 1, "policy": holds.pk}
