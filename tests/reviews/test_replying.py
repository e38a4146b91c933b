"""A shop's reply: one is shown, every one is kept, and nothing is answered that readers do not see."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import InvalidInput
from reviews import publication, replying, writing
from reviews.choices import ItemKind, ItemOutcome, ReplyStatus, ReviewStatus
from reviews.errors import ChangedMeanwhileError, ReviewGoneError, TextNeededError
from reviews.limits import MAX_REPLY_TEXT
from reviews.models import ModerationItem, ModerationPolicy, Reply, Review
from reviews.replying import TooManyRepliesError
from reviews.writing import Draft
from tests.factories.accounts import UserFactory
from tests.factories.reviews import WRITTEN, published, review, reviewable_visit
from tests.factories.shops import open_shop

pytestmark = pytest.mark.django_db
LATER = WRITTEN + timedelta(hours=1)


@pytest.fixture
def one() -> Review:
    return published(reviewable_visit(open_shop()), stars=2, text="Waited long")


@pytest.fixture
def _looked_at() -> None:
    """A policy under which every reply is looked at first."""
    ModerationPolicy.objects.create(replies_at_once=False, set_at=WRITTEN)


def answer(review: Review, text: str = "We are sorry.", **more: object) -> Reply:
    return replying.reply(review=review, by=UserFactory(), text=text, at=LATER, **more)  # type: ignore[arg-type, no-untyped-call]


def test_a_clean_reply_is_published_at_once(one: Review) -> None:
    written = answer(one, "  We are sorry.  ", seen=1)
    assert (written.text, written.number, written.status, written.decided_at) == (
        "We are sorry.",
        1,
        ReplyStatus.PUBLISHED,
        LATER,
    )
    assert not ModerationItem.objects.open().filter(kind=ItemKind.REPLY).exists()


def test_a_changed_reply_takes_the_place_of_the_one_before(one: Review) -> None:
    first, second = answer(one), answer(one, "We have called you.")
    first.refresh_from_db()
    assert (first.status, first.text, second.status, second.number) == ("replaced", "We are sorry.", "published", 2)


def test_the_same_words_again_are_the_same_reply(one: Review) -> None:
    assert answer(one) == answer(one)
    assert Reply.objects.count() == 1


@pytest.mark.usefixtures("_looked_at")
def test_a_reply_that_waits_is_not_shown_and_a_newer_one_replaces_it(one: Review) -> None:
    first = answer(one)
    assert first.status == ReplyStatus.WAITING
    second = answer(one, "We have called you.")
    first.refresh_from_db()
    assert (first.status, second.status) == (ReplyStatus.REPLACED, ReplyStatus.WAITING)
    items = {item.reply_id: item.outcome for item in ModerationItem.objects.filter(kind=ItemKind.REPLY)}
    assert items == {first.pk: ItemOutcome.OVERTAKEN, second.pk: ""}


def test_the_published_reply_stays_while_a_newer_one_waits(one: Review) -> None:
    first = answer(one)
    ModerationPolicy.objects.create(replies_at_once=False, set_at=WRITTEN)
    answer(one, "We have called you.")
    first.refresh_from_db()
    assert first.status == ReplyStatus.PUBLISHED


def test_a_reply_with_a_hint_waits(one: Review) -> None:
    written = answer(one, "Call 13800138000.")
    assert written.status == ReplyStatus.WAITING
    assert written.risk > 0
    assert written.masks == [{"start": 5, "end": 16, "kind": "contact"}]
    seen = replying.preview("Call 13800138000.")
    assert seen._state.adding
    assert (seen.risk, seen.masks) == (written.risk, written.masks)


def test_a_review_that_waits_cannot_be_answered() -> None:
    with pytest.raises(ReviewGoneError):
        answer(review(reviewable_visit(open_shop())))


def test_a_review_taken_back_while_answering_is_refused(one: Review) -> None:
    writing.withdraw(review=one, by=one.author, at=WRITTEN)
    with pytest.raises(ReviewGoneError):
        answer(one, seen=1)
    assert not Reply.objects.exists()


def test_a_review_changed_while_answering_is_refused(one: Review) -> None:
    writing.edit(review=one, by=one.author, draft=Draft(stars=5, text="They called me"), seen=1, at=WRITTEN)
    locked = publication.locked(one)
    newest = locked.versions.get(number=2)
    if locked.shown != newest:
        newest.status, newest.decided_at = "approved", WRITTEN
        newest.save(update_fields=["status", "decided_at"])
        publication.show(locked, newest, at=WRITTEN)
    with pytest.raises(ChangedMeanwhileError):
        answer(one, seen=1)
    assert answer(one, seen=2).status == ReplyStatus.PUBLISHED


@pytest.mark.parametrize("text", ["   ", "", "x" * (MAX_REPLY_TEXT + 1), "a\x00b"])
def test_words_that_cannot_be_kept_are_refused(one: Review, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        answer(one, text)
    assert refused.value.field == "text"


def test_nothing_written_is_named_so(one: Review) -> None:
    with pytest.raises(TextNeededError):
        answer(one, " \n ")


def test_a_reply_cannot_be_changed_for_ever(one: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replying, "MAX_REPLIES", 1)
    answer(one)
    with pytest.raises(TooManyRepliesError):
        answer(one, "One more word.")


def test_answering_leaves_the_review_as_it_is(one: Review) -> None:
    answer(one)
    one.refresh_from_db()
    assert (one.status, one.shown is not None and one.shown.number) == (ReviewStatus.PUBLISHED, 1)
