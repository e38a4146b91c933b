"""Authors are told what became of their reviews: once, in their language, and only what still holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import User
from core import outbox
from core.models import OutboxEvent
from notifications.models import Message
from reviews import writing
from reviews.choices import ReasonCode, Side
from reviews.limits import UNDO_WITHIN
from reviews.models import Review
from reviews.moderation import appeals, decisions, removals
from reviews.writing import Draft
from tests.factories.accounts import UserFactory
from tests.factories.reviews import WRITTEN, published, review, reviewable_visit
from tests.factories.shops import open_shop

pytestmark = pytest.mark.django_db
LATER = WRITTEN + timedelta(minutes=1)
Deliver = Callable[[str], list[Message]]


@pytest.fixture
def deliver() -> Deliver:
    """Handle every event of a topic as the worker would, twice, and give the messages that are told."""

    def run(topic: str) -> list[Message]:
        for _ in range(2):
            for event in OutboxEvent.objects.filter(topic=topic):
                OutboxEvent.objects.filter(pk=event.pk).update(handled_at=None)
                outbox.handle(event_id=event.pk, at=LATER)
        return list(Message.objects.order_by("pk"))

    return run


@pytest.fixture
def moderators() -> tuple[User, User]:
    return UserFactory(admin=True), UserFactory(admin=True)


def written(**said: Any) -> Review:
    return review(reviewable_visit(open_shop(), owner=UserFactory(language="en")), **said)


def test_published_is_told_once_it_cannot_be_undone(moderators: tuple[User, User], deliver: Deliver) -> None:
    one = written()
    decisions.approve(item=one.moderation_items.get(), by=moderators[0], at=WRITTEN, seen=1)
    event = OutboxEvent.objects.get(topic="review.decided")
    assert event.due_at > WRITTEN + UNDO_WITHIN
    (message,) = deliver("review.decided")
    assert (message.kind, message.recipient) == ("reviews/published", one.author.email)
    assert f"/me/reviews/{one.public_id}/" in message.body


def test_what_was_undone_is_not_told(moderators: tuple[User, User], deliver: Deliver) -> None:
    item = written().moderation_items.get()
    decisions.approve(item=item, by=moderators[0], at=WRITTEN, seen=1)
    decisions.undo(item=item, by=moderators[0], at=WRITTEN + timedelta(seconds=5))
    assert deliver("review.decided") == []


def test_a_refusal_says_why_and_how_to_appeal(moderators: tuple[User, User], deliver: Deliver) -> None:
    one = written()
    item = one.moderation_items.get()
    reason = ReasonCode.INSULT
    decisions.reject(item=item, by=moderators[0], at=WRITTEN, seen=1, reason=reason, note="SECRET")
    (message,) = deliver("review.decided")
    assert message.kind == "reviews/rejected"
    assert "insults somebody" in message.body
    assert "appeal within 30 days" in message.body
    assert "version before" not in message.body
    assert "SECRET" not in message.body


def test_what_was_changed_or_taken_back_meanwhile_is_not_told(moderators: tuple[User, User], deliver: Deliver) -> None:
    one, other = written(), written()
    for each in (one, other):
        item = each.moderation_items.get()
        decisions.reject(item=item, by=moderators[0], at=WRITTEN, seen=1, reason=ReasonCode.COPIED)
    writing.edit(review=one, by=one.author, draft=Draft(stars=4), seen=1, at=LATER)
    writing.withdraw(review=other, by=other.author, at=LATER)
    assert deliver("review.decided") == []


def test_a_removal_is_told_with_its_reason(moderators: tuple[User, User], deliver: Deliver) -> None:
    one = published(reviewable_visit(open_shop(), owner=UserFactory(language="en")))
    first, second = moderators
    removal = removals.propose(review=one, by=first, at=WRITTEN, seen=1, reason=ReasonCode.PAID)
    removals.decide(item=removal.moderation_items.get(), by=second, at=WRITTEN, remove=True)
    (message,) = deliver("review.removed")
    assert message.kind == "reviews/removed"
    assert "given or promised" in message.body


@pytest.mark.parametrize(("uphold", "kind"), [(True, "reviews/appeal_upheld"), (False, "reviews/appeal_dismissed")])
def test_an_appeal_is_answered(moderators: tuple[User, User], deliver: Deliver, uphold: bool, kind: str) -> None:
    one = written()
    item = one.moderation_items.get()
    decisions.reject(item=item, by=moderators[0], at=WRITTEN, seen=1, reason=ReasonCode.COPIED)
    appeal = appeals.appeal(review=one, by=one.author, side=Side.AUTHOR, text="Mine", at=LATER)
    appeals.decide(item=appeal.moderation_items.get(), by=moderators[1], at=LATER, uphold=uphold, answer="We looked.")
    (message,) = deliver("appeal.decided")
    assert message.kind == kind
    assert "We looked." in message.body


def test_a_closed_account_is_told_nothing(moderators: tuple[User, User], deliver: Deliver) -> None:
    one = written()
    decisions.approve(item=one.moderation_items.get(), by=moderators[0], at=WRITTEN, seen=1)
    User.objects.filter(pk=one.author_id).update(is_active=False)
    assert deliver("review.decided") == []


def test_an_sms_is_short_and_in_the_authors_language(moderators: tuple[User, User], deliver: Deliver) -> None:
    owner = UserFactory(language="en", phone="+8613816420957")
    one = review(reviewable_visit(open_shop(), owner=owner))
    decisions.approve(item=one.moderation_items.get(), by=moderators[0], at=WRITTEN, seen=1)
    (message,) = deliver("review.decided")
    assert (message.channel, message.recipient) == ("sms", "+8613816420957")
    assert message.body.count("\n") == 0
    assert one.public_id in message.body
