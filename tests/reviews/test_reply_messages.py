"""Word of replies and second looks, to authors and to those who lead the shop: once, and only what holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from accounts.models import User
from core import outbox
from core.models import OutboxEvent
from notifications.models import Message
from reviews import replying
from reviews.choices import ItemKind, ReasonCode
from reviews.models import ModerationPolicy, Reply, Review
from reviews.moderation import appeals, decisions, removals
from shops.models import ShopMember
from tests.factories.accounts import UserFactory
from tests.factories.reviews import WRITTEN, published, reviewable_visit
from tests.factories.shops import open_shop
from tests.reviews.desk import propose, remove, shop_appeals, waiting

pytestmark = pytest.mark.django_db
MOMENT = timedelta(seconds=5)
Deliver = Callable[[str], list[Message]]


@pytest.fixture
def deliver() -> Deliver:
    """Handle every event of a topic, each twice, and give all messages that were ever told."""

    def run(topic: str) -> list[Message]:
        for _ in range(2):
            for event in OutboxEvent.objects.filter(topic=topic).order_by("pk"):
                OutboxEvent.objects.filter(pk=event.pk).update(handled_at=None)
                assert outbox.handle(event_id=event.pk, at=event.due_at)
        return list(Message.objects.order_by("pk"))

    return run


@pytest.fixture
def one() -> Review:
    return published(reviewable_visit(open_shop(), owner=UserFactory(language="en")), stars=2)


@pytest.fixture
def boss(one: Review) -> User:
    boss = UserFactory(language="en")
    ShopMember.objects.create(shop=one.shop, user=boss, role="owner")
    ShopMember.objects.create(shop=one.shop, user=UserFactory(), role="advisor")
    return boss


def _reply(review: Review, text: str = "We are sorry.", *, at: datetime = WRITTEN) -> Reply:
    return replying.reply(review=review, by=UserFactory(), text=text, at=at)


def _looked_at_first() -> None:
    ModerationPolicy.objects.create(replies_at_once=False, set_at=WRITTEN)


# --- The author --------------------------------------------------------------------------------------------------


def test_the_author_reads_a_reply_once(one: Review, deliver: Deliver) -> None:
    _reply(one, "We are <b>sorry</b>.")
    assert OutboxEvent.objects.get(topic="reply.published").due_at > WRITTEN + timedelta(seconds=30)
    (message,) = deliver("reply.published")
    assert (message.kind, message.recipient) == ("reviews/replied", one.author.email)
    assert "We are <b>sorry</b>." in message.body
    assert f"/me/reviews/{one.public_id}/" in message.body


def test_the_author_reads_what_readers_read(one: Review, deliver: Deliver) -> None:
    _reply(one, "Call us: 13816420957, we are sorry.")
    decisions.approve(item=waiting(one, ItemKind.REPLY), by=UserFactory(), at=WRITTEN, seen=1)
    (message,) = deliver("reply.published")
    assert "13816420957" not in message.body
    assert "[contact data removed]" in message.body
    assert "we are sorry" in message.body


def test_a_reply_that_waits_was_taken_back_or_hangs_below_a_hidden_review_is_not_told(
    one: Review, deliver: Deliver
) -> None:
    _looked_at_first()
    _reply(one)
    assert deliver("reply.published") == []
    item, moderator = waiting(one, ItemKind.REPLY), UserFactory()
    decisions.approve(item=item, by=moderator, at=WRITTEN, seen=1)
    decisions.undo(item=item, by=moderator, at=WRITTEN + MOMENT)
    assert deliver("reply.published") == []
    decisions.approve(item=item, by=moderator, at=WRITTEN + MOMENT, seen=1)
    remove(one)
    assert deliver("reply.published") == []


def test_a_reply_approved_again_is_told_by_its_last_approval(one: Review, deliver: Deliver) -> None:
    _looked_at_first()
    _reply(one)
    item, moderator = waiting(one, ItemKind.REPLY), UserFactory()
    decisions.approve(item=item, by=moderator, at=WRITTEN, seen=1)
    decisions.undo(item=item, by=moderator, at=WRITTEN + MOMENT)
    decisions.approve(item=item, by=moderator, at=WRITTEN + 2 * MOMENT, seen=1)
    first, last = OutboxEvent.objects.filter(topic="reply.published").order_by("pk")
    outbox.handle(event_id=first.pk, at=first.due_at)
    assert Reply.objects.get().told_at is None
    assert len(deliver("reply.published")) == 1
    assert Reply.objects.get().told_at == last.due_at


@pytest.mark.parametrize(("later", "told"), [(timedelta(hours=23), 1), (timedelta(hours=25), 2)])
def test_a_changed_reply_is_told_after_a_day(one: Review, deliver: Deliver, later: timedelta, told: int) -> None:
    _reply(one)
    deliver("reply.published")
    _reply(one, "We have called you.", at=WRITTEN + later)
    assert len(deliver("reply.published")) == told


def test_a_reply_changed_before_it_was_told_is_told_once_as_it_is(one: Review, deliver: Deliver) -> None:
    _reply(one)
    _reply(one, "We have called you.", at=WRITTEN + MOMENT)
    (message,) = deliver("reply.published")
    assert "We have called you." in message.body


# --- The shop ----------------------------------------------------------------------------------------------------


def test_the_shop_reads_why_its_reply_is_not_published(one: Review, boss: User, deliver: Deliver) -> None:
    _looked_at_first()
    _reply(one)
    item = waiting(one, ItemKind.REPLY)
    decisions.reject(item=item, by=UserFactory(), at=WRITTEN, seen=1, reason=ReasonCode.INSULT, note="SECRET")
    told = deliver("reply.decided")
    assert {message.recipient for message in told} == {boss.email}
    assert "insults somebody" in told[0].body
    assert "send it again" in told[0].body
    assert f"/reviews/{one.public_id}/" in told[0].body
    assert "SECRET" not in told[0].body


def test_the_shop_reads_nothing_of_a_refusal_that_does_not_hold(one: Review, boss: User, deliver: Deliver) -> None:
    _looked_at_first()
    _reply(one)
    item, moderator = waiting(one, ItemKind.REPLY), UserFactory()
    decisions.reject(item=item, by=moderator, at=WRITTEN, seen=1, reason=ReasonCode.INSULT)
    decisions.undo(item=item, by=moderator, at=WRITTEN + MOMENT)
    assert deliver("reply.decided") == []
    decisions.reject(item=item, by=moderator, at=WRITTEN + MOMENT, seen=1, reason=ReasonCode.INSULT)
    _reply(one, "In other words.", at=WRITTEN + 2 * MOMENT)
    assert deliver("reply.decided") == []


@pytest.mark.parametrize(("is_removed", "said"), [(False, "It stays."), (True, "It is removed.")])
def test_the_shop_reads_what_the_second_person_decided(
    one: Review, boss: User, deliver: Deliver, is_removed: bool, said: str
) -> None:
    shop_appeals(one)
    appeals.decide(item=waiting(one, ItemKind.APPEAL), by=UserFactory(), at=WRITTEN, uphold=True, answer="Yes.")
    removals.decide(item=waiting(one, ItemKind.REMOVAL), by=UserFactory(), at=WRITTEN, remove=is_removed)
    told = [row for row in deliver("review.removed" if is_removed else "review.kept") if row.recipient == boss.email]
    assert said in told[0].body


def test_the_shop_reads_nothing_of_a_second_look_without_its_appeal(one: Review, boss: User, deliver: Deliver) -> None:
    propose(one)
    removals.decide(item=waiting(one, ItemKind.REMOVAL), by=UserFactory(), at=WRITTEN, remove=False)
    assert deliver("review.kept") == []
    assert boss.memberships.exists()
