"""Whatever is done to a review in whatever order: readers see what they should, and only that is counted."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accounts.models import User
from reviews import tallies, writing
from reviews.choices import ItemKind, ReviewStatus, Side
from reviews.models import ModerationItem, RankingMonth, Review, Subject
from reviews.moderation import appeals, decisions, removals
from reviews.ranking import score_milli
from shops.models import ShopMember
from tests.factories.accounts import UserFactory
from tests.factories.reviews import WRITTEN, review, reviewable_visit
from tests.factories.shops import open_shop
from tests.reviews.desk import NOTHING, fresh

pytestmark = pytest.mark.django_db

EXAMPLES = 150 if os.environ.get("DRILL") else 3
STARS = st.integers(1, 5)
WHICH = st.integers(0, 2)
YES = st.booleans()


class Lives(RuleBasedStateMachine):
    """Three reviews of one shop. The model knows of each what its author wrote, what waits and what is shown."""

    @initialize()
    def open(self) -> None:
        self.point = transaction.savepoint()
        self.at = WRITTEN
        self.shop = open_shop()
        self.staff = UserFactory()
        ShopMember.objects.create(shop=self.shop, user=self.staff, role="owner")
        self.rows: list[Review] = []
        self.model: list[dict[str, Any]] = []
        self.undo: tuple[ModerationItem, User, int, dict[str, Any]] | None = None
        for stars in (5, 3, 1):
            self.rows.append(review(reviewable_visit(self.shop), stars=stars))
            self.model.append({"stars": {1: stars}, "waits": 1, "shown": None, "state": "waiting"})

    def teardown(self) -> None:
        if hasattr(self, "point"):
            transaction.savepoint_rollback(self.point)

    def _item(self, which: int, kind: ItemKind) -> ModerationItem | None:
        self.at += timedelta(minutes=1)
        return ModerationItem.objects.open().filter(review=self.rows[which], kind=kind).first()

    @rule(which=WHICH, stars=STARS)
    def edit(self, which: int, stars: int) -> None:
        known = self.model[which]
        if known["state"] in ("removed", "withdrawn") or len(known["stars"]) > 5:
            return
        row, seen = self.rows[which], max(known["stars"])
        self.at += timedelta(minutes=1)
        writing.edit(review=row, by=row.author, draft=writing.Draft(stars=stars), seen=seen, at=self.at)
        known["stars"][seen + 1] = stars
        known["waits"] = seen + 1
        known["state"] = "published" if known["shown"] else "waiting"
        self.undo = None

    @rule(which=WHICH)
    def withdraw(self, which: int) -> None:
        row = self.rows[which]
        if len(self.model[which]["stars"]) <= 2:  # now and then only, so that there is something left to do
            return
        writing.withdraw(review=row, by=row.author, at=self.at)
        self.model[which].update(waits=None, shown=None, state="withdrawn")
        self.undo = None

    @rule(which=WHICH, is_fine=YES)
    def decide(self, which: int, is_fine: bool) -> None:
        item, known, by = self._item(which, ItemKind.REVIEW), self.model[which], UserFactory()
        assert (item and item.version.number) == known["waits"]
        if item is None:
            return
        before = dict(known)
        number = known["waits"]
        if is_fine:
            decisions.approve(item=item, by=by, at=self.at, seen=number)
            known.update(waits=None, shown=number, state="published")
        else:
            decisions.reject(item=item, by=by, at=self.at, seen=number, reason="insult")
            known.update(waits=None, state="published" if known["shown"] else "rejected")
        self.undo = (item, by, which, before)

    @rule()
    def take_back(self) -> None:
        if self.undo is None:
            return
        item, by, which, before = self.undo
        decisions.undo(item=item, by=by, at=self.at)
        self.model[which].update(before)
        self.undo = None

    @rule(which=WHICH, remove=YES)
    def remove(self, which: int, remove: bool) -> None:
        known, row = self.model[which], self.rows[which]
        if known["shown"] is None:
            return
        if self._item(which, ItemKind.REMOVAL) is None:
            removals.propose(review=row, by=UserFactory(), at=self.at, seen=known["shown"], reason="insult")
        removals.decide(item=self._item(which, ItemKind.REMOVAL), by=UserFactory(), at=self.at, remove=remove)
        if remove:
            known.update(waits=None, removed=known["shown"], shown=None, state="removed")
        self.undo = None

    @rule(which=WHICH, side=st.sampled_from(Side), uphold=YES)
    def appeal(self, which: int, side: Side, uphold: bool) -> None:
        known, row = self.model[which], self.rows[which]
        version = appeals.appealable(fresh(row), side=side, at=self.at)
        if side == Side.SHOP:
            assert version is None or version.number == known["shown"]
        elif version is not None:
            assert version.number == (known["removed"] if known["state"] == "removed" else max(known["stars"]))
        if version is None:
            return
        by = row.author if side == Side.AUTHOR else self.staff
        appeals.appeal(review=row, by=by, side=side, text="Look again.", at=self.at, reason="copied")
        self.undo = None
        items = ModerationItem.objects.open().filter(review=row, appeal__side=side)
        appeals.decide(item=items.get(), by=UserFactory(), at=self.at, uphold=uphold, answer="We did.")
        if uphold and side == Side.AUTHOR:
            known.update(shown=version.number, state="published")

    @invariant()
    def readers_see_what_they_should(self) -> None:
        if not hasattr(self, "model"):
            return
        for row, known in zip(self.rows, self.model, strict=True):
            now = fresh(row)
            assert (now.shown and now.shown.number) == known["shown"]
            assert now.status == ReviewStatus(known["state"])

    @invariant()
    def what_is_counted_is_what_is_shown(self) -> None:
        if not hasattr(self, "model"):
            return
        assert tallies.faults() == NOTHING
        shown = [known["stars"][known["shown"]] for known in self.model if known["shown"]]
        whole = Subject.objects.filter(shop=self.shop, technician=None, service=None, model=None).first()
        if whole is None:
            assert shown == []
            return
        assert (whole.reviews, whole.stars_sum) == (len(shown), sum(shown))
        mean = RankingMonth.objects.get().mean_milli
        assert whole.score_milli == score_milli([(0, len(shown), sum(shown))], mean_milli=mean)


def test_whatever_is_done_to_reviews_readers_see_what_they_should() -> None:
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=40 if EXAMPLES > 10 else 12,
            deadline=None,
            derandomize=not os.environ.get("DRILL"),
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        ),
    )
