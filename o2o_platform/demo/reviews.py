"""The demo city's word of mouth: what customers said of their visits, what was decided about it, what shops answered
and how unhappy owners were won back, all by the same actions that people use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any

from accounts.models import User
from bookings.choices import Source, Status
from bookings.models import Booking
from core.errors import Refusal
from o2o_platform.demo import data, people
from o2o_platform.demo.booking import FLAGSHIP
from reviews import replying, voting, writing
from reviews.choices import Dimension, FollowUpCause, OfferKind, ReasonCode, ReviewStatus
from reviews.follow_ups import answers, contact, offers, opening
from reviews.follow_ups.matters import OfferDraft
from reviews.limits import LOW_STARS, REVIEW_WITHIN
from reviews.models import FollowUp, Review
from reviews.moderation import decisions, removals
from reviews.writing import Draft
from shops.choices import Role
from shops.models import ShopMember

# Every so many-th review is a low one; on real platforms fewer visits are reviewed, here there should be some to read.
_LOW_EVERY = 6
_REPLIED = 0.4
# The newest reviews are still to be looked at.
_WAITING_SINCE = timedelta(days=2)


def load(*, at: datetime) -> int:
    """Reviews of the visits that are over, once; how many were written."""
    admin = User.objects.filter(is_superuser=True, email=people.address("admin")).first()
    if admin is None or Review.objects.exists():
        return 0
    visits = Booking.objects.filter(source=Source.DEMO, status=Status.COMPLETED, owner__isnull=False)
    visits = visits.filter(completed_at__gt=at - REVIEW_WITHIN, completed_at__lt=at - timedelta(hours=4))
    rows = list(
        visits.select_related("owner", "shop__city", "service", "variant__model").order_by("completed_at", "pk")
    )
    new = [visit for visit in rows if visit.completed_at and visit.completed_at > at - _WAITING_SINCE]
    old = [visit for visit in rows if visit not in new]
    # The flagship's first, so that low ones are among them, whichever visits came about.
    old.sort(key=lambda visit: visit.shop.slug != FLAGSHIP)
    written = [r for place, visit in enumerate(old) if (r := _past(visit, place, admin, at)) is not None]
    _votes(written, at)
    written += [review for visit, said in zip(new, _of("waiting"), strict=False) if (review := _say(visit, said, at))]
    _second_look(written, at)
    return len(written)


def _of(group: str) -> list[Mapping[str, Any]]:
    return [entry for entry in data.read("demo_reviews") if entry["group"] == group]


def _past(visit: Booking, place: int, admin: User, now: datetime) -> Review | None:
    """A review of an earlier visit, looked at and shown, with what followed."""
    rng = data.chance("review", visit.plate, visit.starts_at)
    is_low = place % _LOW_EVERY == _LOW_EVERY // 2
    said = rng.choice([entry for entry in _of("said") if (entry["stars"] <= LOW_STARS) == is_low])
    review = _say(visit, said, now, rng)
    if review is None:
        return None
    decided_at = review.created_at + timedelta(minutes=rng.randint(20, 600))
    item = review.moderation_items.open().get()
    decisions.approve(item=item, by=admin, at=decided_at, seen=1)
    if said["stars"] <= LOW_STARS:
        _win_back(visit, review, rng, now)
    if rng.random() < _REPLIED or said["stars"] <= LOW_STARS:
        _reply(review, high=said["stars"] > 3, at=decided_at + timedelta(hours=rng.randint(1, 20)), rng=rng)
    return review


def _say(visit: Booking, said: Mapping[str, Any], now: datetime, rng: Random | None = None) -> Review | None:
    rng = rng or data.chance("review", visit.plate, visit.starts_at)
    if visit.owner is None or visit.completed_at is None:
        return None
    ratings = {Dimension(name): stars for name, stars in said.get("rates", {}).items()}
    for dimension in Dimension:
        if dimension not in ratings and rng.random() < 0.5:
            ratings[dimension] = max(1, min(5, said["stars"] + rng.choice((-1, 0, 0, 1))))
    draft = Draft(
        stars=said["stars"],
        ratings=ratings,
        would_return=None if said["stars"] == 3 else said["stars"] > 3,
        text=said["text"],
        shows_facts=rng.random() < 0.7,
    )
    at = min(visit.completed_at + timedelta(hours=rng.randint(3, 40)), now - timedelta(minutes=rng.randint(10, 90)))
    try:
        return writing.submit(booking=visit, by=visit.owner, draft=draft, at=at)
    except Refusal:  # who belongs to the shop does not review it
        return None


def _reply(review: Review, *, high: bool, at: datetime, rng: Random) -> None:
    member = ShopMember.objects.filter(shop=review.shop, role__in=[Role.OWNER, Role.MANAGER]).order_by("pk").first()
    said = [entry["text"] for entry in _of("reply") if entry["high"] == high]
    if member is not None:
        replying.reply(review=review, by=member.user, text=rng.choice(said), at=at)


def _win_back(visit: Booking, review: Review, rng: Random, now: datetime) -> None:
    """The shop gets in touch and offers something; some owners say it was put right."""
    member = ShopMember.objects.filter(shop=review.shop, role__in=[Role.OWNER, Role.MANAGER]).order_by("pk").first()
    opening.open_for(booking=visit, cause=FollowUpCause.LOW_REVIEW, at=review.created_at)
    follow_up = FollowUp.objects.get(booking=visit)
    if member is None:
        return
    at = review.created_at + timedelta(hours=rng.randint(1, 20))
    words = "对不起，这次没做好。我们想把它处理好，下面是我们的提议，你看可以吗？"
    contact.record(follow_up=follow_up, by=member.user, text=words, at=at)
    draft = OfferDraft(kind=OfferKind.VOUCHER, amount_fen=6000, text="下次保养抵扣")
    offer = offers.make(follow_up=follow_up, by=member.user, draft=draft, at=at + timedelta(minutes=5))
    owner = review.author
    if rng.random() < 0.7 and at + timedelta(days=2) < now:
        offers.accept(offer=offer, by=owner, at=at + timedelta(hours=5))
        answers.say(follow_up=follow_up, by=owner, put_right=True, text="谢谢，处理得很快。", at=at + timedelta(days=1))


def _votes(written: Iterable[Review], at: datetime) -> None:
    """Other customers found some of them helpful, the longer ones more often."""
    readers = [car.owner for car in people.customers()]
    for review in written:
        rng = data.chance("votes", review.booking.plate, review.booking.starts_at)
        shown = review.versions.get()
        count = rng.randint(0, 6) if len(shown.text) > 20 else rng.randint(0, 1)
        for reader in rng.sample(readers, count):
            try:
                voting.vote(review=review, by=reader, at=min(at, review.created_at + timedelta(days=rng.randint(1, 3))))
            except Refusal:  # their own
                continue


def _second_look(written: Iterable[Review], at: datetime) -> None:
    """One published review for which a removal was proposed: somebody else has to decide."""
    editor = User.objects.filter(is_staff=True, email=people.address("he")).first()
    shown = [
        review for review in written if Review.objects.filter(pk=review.pk, status=ReviewStatus.PUBLISHED).exists()
    ]
    if editor is not None and shown:
        note = "这条说的是另一次到店，不是这次的工单。"
        removals.propose(
            review=shown[-1], by=editor, at=at - timedelta(hours=3), seen=1, reason=ReasonCode.NOT_THIS_VISIT, note=note
        )
