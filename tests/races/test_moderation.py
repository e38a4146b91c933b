"""Moderators, authors and voters at the same review at once: one of them wins, the others hear of it, counts agree."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from accounts.models import User
from bookings.models import Booking
from core import outbox
from core.errors import Refusal
from reviews import publication, tallies, voting, writing
from reviews.choices import Act, ItemKind, ReviewStatus
from reviews.models import ModerationEvent, ModerationItem, Removal, Review
from reviews.moderation import checks, decisions, removals
from tests.factories import reviews as factories
from tests.factories.accounts import UserFactory
from tests.factories.reviews import review, reviewable_visit
from tests.factories.shops import open_shop
from tests.races.test_settling import at_once, meeting
from tests.races.waiters import until_somebody_waits
from tests.reviews.desk import LATER, NOTHING, edit, fresh, propose, waiting

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

Patch = pytest.MonkeyPatch
Deed = Callable[[], Any]
WORKERS = 6


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: Patch) -> None:
    monkeypatch.setattr(outbox, "_wake", lambda _event: None)


@pytest.fixture
def without_the_locks(monkeypatch: Patch) -> None:
    """Rows are read as they are, without waiting for who holds them."""

    def only_read(item: ModerationItem) -> tuple[Review, ModerationItem]:
        rows = ModerationItem.objects.select_related("version", "reply", "appeal", "removal")
        item = rows.get(pk=item.pk)
        one = Review.objects.select_related("booking", "shop", "author", "shown").get(pk=item.review_id)
        item.review = item.version.review = one
        return one, item

    monkeypatch.setattr(checks, "locked", only_read)


def published(booking: Booking) -> Review:
    """A review that readers see."""
    with transaction.atomic():
        return factories.published(booking)


def _people(number: int = WORKERS) -> list[User]:
    return [UserFactory() for _ in range(number)]


def _decide(item: ModerationItem, by: User, number: int) -> str:
    if number % 2:
        decisions.approve(item=item, by=by, at=LATER, seen=1)
        return "approved"
    decisions.reject(item=item, by=by, at=LATER, seen=1, reason="insult")
    return "rejected"


# --- Two moderators -------------------------------------------------------------------------------------------------


def test_of_many_moderators_at_one_item_one_decides(monkeypatch: Patch) -> None:
    one, people = review(reviewable_visit(open_shop())), _people()
    item = waiting(one)
    meeting(monkeypatch, checks, "refuse_unless_open", WORKERS)
    ended = at_once(lambda number: _decide(item, people[number], number), WORKERS)
    assert ended["AlreadyDecidedError"] == WORKERS - 1
    assert ended["approved"] + ended["rejected"] == 1
    assert ModerationEvent.objects.filter(act__in=[Act.APPROVED, Act.REJECTED]).count() == 1
    assert (fresh(one).status == ReviewStatus.PUBLISHED) == bool(ended["approved"])
    assert tallies.faults() == NOTHING


@pytest.mark.usefixtures("without_the_locks")
def test_without_the_locks_an_item_is_decided_twice(monkeypatch: Patch) -> None:
    """All reject: what somebody has just approved the database lets nobody reject, locks or not."""
    one, people = review(reviewable_visit(open_shop())), _people()
    item = waiting(one)
    meeting(monkeypatch, checks, "refuse_unless_open", WORKERS)
    at_once(lambda number: _decide(item, people[number], 0), WORKERS)
    assert ModerationEvent.objects.filter(act__in=[Act.APPROVED, Act.REJECTED]).count() > 1


def test_two_who_propose_and_two_who_decide_make_one_removal(monkeypatch: Patch) -> None:
    one, people = published(reviewable_visit(open_shop())), _people(4)

    def offer(number: int) -> str:
        return type(propose(one, by=people[number])).__name__

    assert at_once(offer, 4) == {"Removal": 1, "AlreadyDecidedError": 3}
    removal, item = Removal.objects.get(), waiting(one, ItemKind.REMOVAL)

    def decide(number: int) -> str:
        return removals.decide(item=item, by=people[number], at=LATER, remove=bool(number % 2)).act

    ended = at_once(decide, 4)
    refused = ended["TwoPeopleError"] + ended["AlreadyDecidedError"]
    assert (ended["removed"] + ended["kept"], refused) == (1, 3)
    removal.refresh_from_db()
    assert removal.decided_by_id != removal.proposed_by_id
    assert (fresh(one).status == ReviewStatus.REMOVED) == bool(ended["removed"])
    assert tallies.faults() == NOTHING


# --- The author meanwhile -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("was_published", [False, True])
def test_an_edit_and_a_decision_at_once_leave_what_one_of_them_wanted(was_published: bool) -> None:
    one = review(reviewable_visit(open_shop()), stars=5)
    by, seen = UserFactory(), 1
    if was_published:
        decisions.approve(item=waiting(one), by=UserFactory(), at=LATER, seen=1)
        one, seen = edit(one, stars=4), 2
    item = waiting(one)

    def work(number: int) -> str:
        if number:
            draft = writing.Draft(stars=1)
            writing.edit(review=one, by=one.author, draft=draft, seen=seen, at=LATER + timedelta(minutes=1))
            return "edited"
        decisions.approve(item=item, by=by, at=LATER, seen=seen)
        return "approved"

    ended = at_once(work, 2)
    # The edit wins always: before the decision it overtakes it, after it there is a newer version that waits.
    assert ended["edited"] == 1
    assert ended["approved"] + ended["ChangedMeanwhileError"] == 1
    shown = fresh(one).shown
    number = seen if ended["approved"] else (1 if was_published else None)
    assert (shown and shown.number) == number
    assert waiting(one).version.number == seen + 1
    assert tallies.faults() == NOTHING


# --- Everything at once ---------------------------------------------------------------------------------------------


def _deeds(all_of_them: list[Review], people: list[User], chance: random.Random) -> list[Deed]:
    one, by = chance.choice(all_of_them), chance.choice(people)
    items = list(ModerationItem.objects.open().filter(review=one).select_related("version"))
    item = chance.choice(items) if items else None
    seen = one.versions.count()

    def decide() -> None:
        if item is not None:
            _any_decision(item, by, chance)

    def take_back() -> None:
        if item is not None:
            decisions.undo(item=item, by=by, at=LATER)

    return [
        decide,
        decide,
        decide,
        take_back,
        lambda: voting.vote(review=one, by=by, at=LATER),
        lambda: voting.take_back(review=one, by=by),
        lambda: writing.edit(
            review=one, by=one.author, draft=writing.Draft(stars=chance.randint(1, 5)), seen=seen, at=LATER
        ),
        lambda: removals.propose(review=one, by=by, at=LATER, seen=seen, reason="insult"),
        lambda: writing.withdraw(review=one, by=one.author, at=LATER) if chance.random() < 0.2 else None,
    ]


def _any_decision(item: ModerationItem, by: User, chance: random.Random) -> None:
    if item.kind == ItemKind.REMOVAL:
        removals.decide(item=item, by=by, at=LATER, remove=chance.random() < 0.3)
    elif chance.random() < 0.7:
        decisions.approve(item=item, by=by, at=LATER, seen=item.version.number)
    else:
        decisions.reject(item=item, by=by, at=LATER, seen=item.version.number, reason="insult")


def _storm(steps: int = 8) -> list[BaseException]:
    """Reviews of one shop, voted on, edited, decided, withdrawn by all at once; what went wrong but refusals."""
    shop = open_shop()
    all_of_them = [publish(reviewable_visit(shop)) for publish in (published, review, published, review)]
    people, surprises = _people(), list[BaseException]()

    def work(number: int) -> str:
        chance = random.Random(number)
        with connection.cursor() as sql:
            sql.execute("SET deadlock_timeout = '50ms'")
        for _ in range(steps):
            try:
                chance.choice(_deeds(all_of_them, people, chance))()
            except Refusal:
                pass
            except Exception as surprise:
                surprises.append(surprise)
        return "done"

    at_once(work, WORKERS)
    return surprises


def test_everything_at_once_keeps_the_counts_and_nobody_waits_in_a_circle() -> None:
    assert _storm() == []
    assert tallies.faults() == NOTHING


def test_without_the_lock_of_the_review_counts_go_wrong_or_workers_run_into_each_other(monkeypatch: Patch) -> None:
    def only_read(one: Review) -> Review:
        return Review.objects.select_related("booking", "shop", "author", "shown").get(pk=one.pk)

    one = published(reviewable_visit(open_shop()))
    monkeypatch.setattr(publication, "locked", only_read)
    meeting(monkeypatch, publication, "locked", 2)

    def work(number: int) -> str:
        try:
            writing.withdraw(review=one, by=one.author, at=LATER)
        except OperationalError:
            return "deadlock"
        return "withdrawn"

    ended = at_once(work, 2)
    assert ended != {"withdrawn": 2} or tallies.faults() != NOTHING


def _seen_after_waiting() -> str:
    """What somebody sees shown of a review who waited for its row while its first version was approved."""
    one = review(reviewable_visit(open_shop()))
    item, by, is_locked = waiting(one), UserFactory(), threading.Event()
    seen: list[str] = []

    def work(number: int) -> str:
        if number:
            is_locked.wait(timeout=30)
            with transaction.atomic():
                seen.append("a version" if publication.locked(one).shown else "nothing")
            return "waited"
        with transaction.atomic():
            decisions.approve(item=item, by=by, at=LATER, seen=1)
            is_locked.set()
            until_somebody_waits()
        return "approved"

    assert at_once(work, 2) == {"approved": 1, "waited": 1}
    return seen[0]


def test_who_waits_for_a_review_sees_the_version_that_was_shown_meanwhile() -> None:
    assert _seen_after_waiting() == "a version"


def test_joined_to_the_locked_row_the_version_that_was_shown_meanwhile_looks_like_none(monkeypatch: Patch) -> None:
    def joined(one: Review) -> Review:
        rows = Review.objects.select_for_update(no_key=True, of=("self",))
        return rows.select_related("booking", "shop", "author", "shown").get(pk=one.pk)

    monkeypatch.setattr(publication, "locked", joined)
    assert _seen_after_waiting() == "nothing"
