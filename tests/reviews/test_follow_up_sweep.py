"""What happens to follow-ups by the clock, what the public figure counts, and what owners are written."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from bookings.choices import Status
from bookings.models import Booking
from core.models import OutboxEvent
from notifications.models import Message
from payments.choices import RefundStatus
from payments.models import Refund
from reviews import tallies
from reviews.choices import FollowUpStatus, FollowUpStep, OfferStatus
from reviews.follow_ups import answers, contact, figures, offers
from reviews.follow_ups.sweeping import sweep
from reviews.limits import ASK_AFTER, ASK_AFTER_DONE, FOLLOW_UP_WINDOW, LAPSES_AFTER, OFFER_STANDS
from reviews.models import FollowUp, FollowUpEvent
from shops.models import Shop
from shops.standings import ShopStanding
from tests.factories.accounts import UserFactory
from tests.factories.follow_ups import (
    OPENED,
    contacted,
    offered_comeback,
    offered_refund,
    offered_voucher,
    paid_visit,
    someone_at,
    unhappy,
)
from tests.factories.handovers import handed_over
from tests.factories.jobs import bookable_job
from tests.factories.payments import follow_up as handle
from tests.factories.reviews import published, reviewable_visit
from tests.factories.shops import open_shop

pytestmark = pytest.mark.django_db


def steps_of(follow_up):
    return list(follow_up.events.order_by("pk").values_list("step", flat=True))[1:]


def accepted(offer):
    return offers.accept(offer=offer, by=offer.follow_up.owner, at=OPENED)


def test_late_contact_is_said_once():
    follow_up = unhappy()
    assert sweep(at=follow_up.contact_due_at - timedelta(seconds=1)) == 0
    assert sweep(at=follow_up.contact_due_at) == 1
    assert sweep(at=follow_up.contact_due_at + timedelta(hours=1)) == 0
    assert steps_of(follow_up) == [FollowUpStep.LATE]
    assert OutboxEvent.objects.filter(topic="follow_up.late", key=follow_up.public_id).count() == 1


def test_contact_in_time_is_not_late():
    follow_up = contacted(unhappy())
    assert sweep(at=follow_up.contact_due_at + timedelta(days=1)) == 0


def test_an_owner_is_asked_twice_and_then_the_case_lapses():
    follow_up = contacted(unhappy())
    first = OPENED + ASK_AFTER
    assert sweep(at=first) == 1
    assert sweep(at=first + ASK_AFTER) == 1
    follow_up.refresh_from_db()
    assert (follow_up.asked_times, follow_up.asked_at) == (2, first + ASK_AFTER)
    assert sweep(at=first + ASK_AFTER + LAPSES_AFTER - timedelta(seconds=1)) == 0
    assert sweep(at=first + ASK_AFTER + LAPSES_AFTER) == 1
    follow_up.refresh_from_db()
    assert follow_up.status == FollowUpStatus.LAPSED
    assert steps_of(follow_up)[1:] == [FollowUpStep.ASKED, FollowUpStep.ASKED, FollowUpStep.LAPSED]


def test_an_owner_whom_nobody_contacted_is_asked_too():
    follow_up = unhappy()
    sweep(at=follow_up.contact_due_at)
    sweep(at=follow_up.contact_due_at + ASK_AFTER)
    assert steps_of(follow_up) == [FollowUpStep.LATE, FollowUpStep.ASKED]


def test_nobody_is_asked_while_an_offer_waits_and_an_offer_ends():
    offer = offered_voucher(unhappy())
    assert sweep(at=OPENED + OFFER_STANDS - timedelta(seconds=1)) == 0
    sweep(at=OPENED + OFFER_STANDS)
    offer.refresh_from_db()
    assert offer.status == OfferStatus.ENDED
    assert steps_of(offer.follow_up)[1:] == [FollowUpStep.OFFER_ENDED, FollowUpStep.ASKED]


def test_after_a_voucher_the_owner_is_asked_a_day_later():
    offer = accepted(offered_voucher(unhappy()))
    assert steps_of(offer.follow_up)[-1] == FollowUpStep.CARRIED_OUT
    assert sweep(at=OPENED + ASK_AFTER_DONE - timedelta(seconds=1)) == 0
    assert sweep(at=OPENED + ASK_AFTER_DONE) == 1
    assert steps_of(offer.follow_up)[-1] == FollowUpStep.ASKED


def test_a_refund_is_carried_out_when_all_of_it_has_arrived():
    offer = accepted(offered_refund(unhappy(paid_visit())))
    refund = Refund.objects.get()
    event = OutboxEvent(topic="refund.done", key=refund.public_id)
    answers.hear_refund(event)
    offer.refresh_from_db()
    assert offer.done_at is None
    Refund.objects.update(status=RefundStatus.DONE, done_at=OPENED)
    answers.hear_refund(event)
    answers.hear_refund(event)
    offer.refresh_from_db()
    assert offer.done_at is not None
    assert steps_of(offer.follow_up).count(FollowUpStep.CARRIED_OUT) == 1


def test_a_comeback_is_waited_for_and_then_the_owner_is_asked():
    offer = accepted(offered_comeback(unhappy(handed_over(bookable_job()))))
    assert sweep(at=offer.comeback.ends_at + ASK_AFTER) == 1
    assert FollowUpStep.ASKED not in steps_of(offer.follow_up)
    over = {"started_at": OPENED, "ready_at": OPENED, "completed_at": OPENED}
    Booking.objects.filter(pk=offer.comeback.pk).update(status=Status.COMPLETED, **over)
    answers.hear_handover(OutboxEvent(topic="booking.completed", key=offer.comeback.public_id))
    follow_up = FollowUp.objects.get()
    assert steps_of(follow_up)[-1] == FollowUpStep.CARRIED_OUT
    assert sweep(at=follow_up.next_at) == 1
    assert steps_of(follow_up)[-1] == FollowUpStep.ASKED


def test_a_comeback_that_was_cancelled_is_not_waited_for():
    offer = accepted(offered_comeback(unhappy(handed_over(bookable_job()))))
    Booking.objects.filter(pk=offer.comeback.pk).update(status=Status.CANCELLED, cancelled_at=OPENED)
    sweep(at=offer.comeback.ends_at + ASK_AFTER)
    assert steps_of(offer.follow_up)[-1] == FollowUpStep.ASKED


# --- The public figure ------------------------------------------------------------------------------


def close(follow_up, *, put_right, at=OPENED):
    return answers.say(follow_up=follow_up, by=follow_up.owner, put_right=put_right, text="", at=at)


def figure_of(shop):
    return figures.of_shop(Shop.objects.get(pk=shop.pk))


def lapse(follow_up):
    FollowUp.objects.filter(pk=follow_up.pk).update(asked_times=2, asked_at=OPENED, next_at=OPENED)


def test_the_figure_is_shown_from_five_cases_on():
    shop = open_shop()
    assert figure_of(shop) == figures.Figure(0, 0)
    for number in range(5):
        assert not figure_of(shop).is_shown
        close(contacted(unhappy(reviewable_visit(shop))), put_right=number > 0)
    assert (figure_of(shop), figure_of(shop).is_shown, figure_of(shop).percent) == (figures.Figure(5, 4), True, 80)


def test_silence_counts_only_where_the_shop_was_silent():
    shop = open_shop()
    lapse(contacted(unhappy(reviewable_visit(shop))))
    sweep(at=OPENED)
    assert figure_of(shop) == figures.Figure(0, 0)
    silent = unhappy(reviewable_visit(shop))
    sweep(at=silent.contact_due_at)
    lapse(silent)
    sweep(at=silent.contact_due_at)
    assert figure_of(shop) == figures.Figure(1, 0)
    assert figures.faults() == 0


def test_what_is_older_than_the_window_leaves_the_figure():
    shop = open_shop()
    close(contacted(unhappy(reviewable_visit(shop))), put_right=True)
    close(contacted(unhappy(reviewable_visit(shop))), put_right=False, at=OPENED + timedelta(days=1))
    sweep(at=OPENED + FOLLOW_UP_WINDOW)
    assert figure_of(shop) == figures.Figure(2, 1)
    sweep(at=OPENED + FOLLOW_UP_WINDOW + timedelta(hours=1))
    assert figure_of(shop) == figures.Figure(1, 0)
    assert figures.faults() == 0


def test_a_shop_without_reviews_gets_the_neutral_score_and_reviews_leave_the_figure_alone():
    shop = open_shop()
    close(contacted(unhappy(reviewable_visit(shop))), put_right=True)
    standing = ShopStanding.objects.get(shop=shop)
    assert (standing.reviews, standing.score_milli) == (0, 4000)
    published(reviewable_visit(shop), stars=5)
    standing.refresh_from_db()
    assert (standing.reviews, standing.follow_ups, standing.put_right) == (1, 1, 1)
    assert standing.score_milli > 4000
    assert set(tallies.faults().values()) == {0}


def test_the_check_sees_a_figure_that_was_changed_by_hand():
    shop = open_shop()
    close(contacted(unhappy(reviewable_visit(shop))), put_right=True)
    ShopStanding.objects.update(follow_ups=3)
    assert figures.faults() == 1


def test_the_platform_sees_cases_age_and_their_outcome(django_assert_num_queries):
    shop = open_shop()
    unhappy(reviewable_visit(shop))
    unhappy(reviewable_visit(shop), at=OPENED - timedelta(days=1, hours=1))
    unhappy(reviewable_visit(shop), at=OPENED - timedelta(days=3))
    contacted(unhappy(reviewable_visit(shop)), at=OPENED + timedelta(hours=2))
    close(contacted(unhappy(reviewable_visit(shop)), at=OPENED + timedelta(hours=4)), put_right=True)
    with django_assert_num_queries(3):
        seen = figures.ageing(at=OPENED)
    assert (seen.late, seen.late_over_a_day, seen.to_contact, seen.in_talk) == (2, 1, 1, 1)
    assert (seen.median_contact, seen.outcomes) == (timedelta(hours=3), {"put_right": 1})


# --- Words to the owner -----------------------------------------------------------------------------


@pytest.fixture
def _now(monkeypatch):
    """Handlers read the clock: it is the time of the cases."""
    monkeypatch.setattr("reviews.follow_ups.messages.timezone.now", lambda: OPENED)


def told(topic):
    """What every message says that owners were ever written."""
    handle(topic, at=OPENED + timedelta(days=60))
    return [message.body for message in Message.objects.filter(kind__startswith="reviews/follow_up").order_by("pk")]


@pytest.mark.usefixtures("_now")
def test_the_owner_is_told_of_an_offer_once_in_their_language():
    follow_up = unhappy(reviewable_visit(open_shop(), owner=UserFactory(language="en")))
    offered_voucher(follow_up, 5000)
    (body,) = told("follow_up.offered")
    assert "¥50" in body
    assert reverse("reviews:follow_up", args=[follow_up.public_id]) in body
    assert "Nothing happens unless you accept" in body
    assert Message.objects.get().kind == "reviews/follow_up_offer"
    OutboxEvent.objects.update(handled_at=None)
    assert len(told("follow_up.offered")) == 1


@pytest.mark.usefixtures("_now")
def test_an_offer_that_was_withdrawn_is_not_told():
    offer = offered_voucher(unhappy())
    offers.withdraw(offer=offer, by=offer.made_by, at=OPENED)
    assert told("follow_up.offered") == []


def test_the_owner_is_asked_by_message_and_not_once_the_case_is_closed():
    asked, closed = (contacted(unhappy(reviewable_visit(shop))) for shop in [open_shop()] * 2)
    sweep(at=OPENED + ASK_AFTER)
    close(closed, put_right=True)
    (body,) = told("follow_up.asked")
    assert asked.public_id in body


def test_the_platforms_words_reach_the_owner():
    follow_up = unhappy(reviewable_visit(open_shop(), owner=UserFactory(language="en")))
    contact.step_in(follow_up=follow_up, by=someone_at(open_shop()), text="We ask the shop.", at=OPENED)
    (body,) = told("follow_up.escalated")
    assert "We ask the shop." in body


def test_the_words_of_the_shop_are_sent_where_the_visit_takes_no_more(monkeypatch):
    monkeypatch.setattr("bookings.floor.messages.MAX_MESSAGES", 0)
    contacted(unhappy(reviewable_visit(open_shop(), owner=UserFactory(language="en"))), text="Please call us.")
    (body,) = told("follow_up.contacted")
    assert "Please call us." in body
    assert FollowUpEvent.objects.filter(text="Please call us.").count() == 1
