"""Follow-ups by many at once: opened once, an offer carried out once, and the lock shown to be what does it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from core import outbox
from payments.models import Coupon, Order, Refund
from reviews.choices import FollowUpCause, FollowUpStatus, FollowUpStep, OfferStatus
from reviews.follow_ups import answers, figures, matters, offers, opening, steps, sweeping
from reviews.limits import OFFER_STANDS
from reviews.models import FollowUp
from tests.factories.follow_ups import OPENED, contacted, offered_refund, offered_voucher, paid_visit, unhappy
from tests.factories.reviews import reviewable_visit
from tests.factories.shops import open_shop
from tests.races.test_settling import at_once, meeting

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.race]

Patch = pytest.MonkeyPatch


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: Patch) -> None:
    monkeypatch.setattr(outbox, "_wake", lambda _event: None)


def accept(offer: Any) -> str:
    return str(offers.accept(offer=offer, by=offer.follow_up.owner, at=OPENED).status)


def test_eight_who_open_a_follow_up_open_one() -> None:
    booking = reviewable_visit(open_shop())

    def open_one(_number: int) -> str:
        opened = opening.open_for(booking=booking, cause=FollowUpCause.LOW_REVIEW, at=OPENED)
        return "" if opened is None else opened.public_id

    ended = at_once(open_one)
    assert ended == {FollowUp.objects.get().public_id: 8}
    assert FollowUp.objects.get().events.count() == 1


def test_eight_who_accept_a_refund_are_given_it_once() -> None:
    offer = offered_refund(unhappy(paid_visit()), 5000)
    ended = at_once(lambda _number: accept(offer))
    assert ended == {"accepted": 8}
    assert Refund.objects.get().amount_fen == 5000
    assert Order.objects.get().refunded_fen == 5000


def test_eight_who_accept_a_voucher_get_one() -> None:
    offer = offered_voucher(unhappy())
    assert at_once(lambda _number: accept(offer)) == {"accepted": 8}
    assert Coupon.objects.count() == 1


def test_without_the_lock_it_would_be_carried_out_twice(monkeypatch: Patch) -> None:
    offer = offered_voucher(unhappy())
    unlocked = FollowUp.objects.select_related("shop__city", "booking", "owner")
    monkeypatch.setattr(steps, "locked", lambda follow_up: unlocked.get(pk=follow_up.pk))
    meeting(monkeypatch, matters, "carry_out", parties=2)
    at_once(lambda _number: accept(offer), workers=2)
    assert Coupon.objects.count() == 2


def test_who_accepts_and_who_withdraws_do_not_both_have_it() -> None:
    offer = offered_voucher(unhappy())

    def either(number: int) -> str:
        if number % 2:
            return accept(offer)
        return str(offers.withdraw(offer=offer, by=offer.made_by, at=OPENED).status)

    ended = at_once(either)
    offer.refresh_from_db()
    assert ended == {offer.status: 4, "OfferGoneError": 4}
    assert Coupon.objects.count() == (1 if offer.status == OfferStatus.ACCEPTED else 0)


def test_an_offer_is_accepted_or_has_ended_never_both() -> None:
    """The owner accepts in the last moment, the sweep comes a moment later."""
    offer = offered_voucher(unhappy())

    def either(number: int) -> str:
        if number:
            return accept(offer)
        return f"swept {sweeping.sweep(at=OPENED + OFFER_STANDS)}"

    ended = at_once(either, workers=2)
    offer.refresh_from_db()
    assert Coupon.objects.count() == (1 if offer.status == OfferStatus.ACCEPTED else 0)
    assert (offer.status == OfferStatus.ENDED) == (ended["OfferGoneError"] == 1)


def test_a_case_lapses_or_is_answered_never_both() -> None:
    follow_up = contacted(unhappy())
    lapses = OPENED + timedelta(days=365)
    FollowUp.objects.update(asked_times=2, asked_at=OPENED, next_at=lapses)

    def either(number: int) -> str:
        if number % 2:
            by = follow_up.owner
            return str(answers.say(follow_up=follow_up, by=by, put_right=True, text="", at=lapses).status)
        return f"swept {sweeping.sweep(at=lapses)}"

    at_once(either)
    follow_up.refresh_from_db()
    ends = follow_up.events.filter(step__in=[FollowUpStep.PUT_RIGHT, FollowUpStep.LAPSED])
    assert [event.step for event in ends] == [follow_up.status]
    assert figures.faults() == 0


def test_sweeps_at_once_do_everything_once() -> None:
    follow_ups = [unhappy(reviewable_visit(shop)) for shop in [open_shop()] * 3]
    late = OPENED + timedelta(days=3)
    ended = at_once(lambda _number: sweeping.sweep(at=late))
    assert sum(int(done) * times for done, times in ended.items()) == 3
    written = Counter((event.follow_up_id, event.step) for follow_up in follow_ups for event in follow_up.events.all())
    assert set(written.values()) == {1}
    assert {step for _pk, step in written} == {FollowUpStep.OPENED, FollowUpStep.LATE}


def test_the_figure_is_right_when_many_close_at_once() -> None:
    shop = open_shop()
    cases = [contacted(unhappy(reviewable_visit(shop))) for _ in range(8)]

    def close(number: int) -> str:
        case = cases[number]
        return str(answers.say(follow_up=case, by=case.owner, put_right=number % 2 == 0, text="", at=OPENED).status)

    assert at_once(close) == {FollowUpStatus.PUT_RIGHT: 4, FollowUpStatus.NOT_PUT_RIGHT: 4}
    assert figures.faults() == 0
    assert figures.of_shop(type(shop).objects.get(pk=shop.pk)) == figures.Figure(8, 4)
