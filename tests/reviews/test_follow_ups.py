"""Opening a follow-up, writing to the owner, and what they say in the end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from bookings.floor import messages as visit_messages
from core.errors import InvalidInput
from core.models import OutboxEvent
from reviews import writing
from reviews.choices import AffiliationKind, FollowUpCause, FollowUpStatus, FollowUpStep, Side
from reviews.errors import FollowUpClosedError, TextNeededError
from reviews.follow_ups import answers, contact, figures, opening
from reviews.follow_ups.errors import NothingToJudgeError
from reviews.models import Affiliation, FollowUp, FollowUpEvent
from reviews.writing import Draft
from shops.models import Closure
from tests.factories.follow_ups import OPENED, contacted, offered_voucher, someone_at, unhappy
from tests.factories.payments import follow_up as handle
from tests.factories.reviews import WRITTEN, review, reviewable_visit
from tests.factories.shops import open_shop

pytestmark = pytest.mark.django_db


def heard(at=WRITTEN):
    handle("review.received", at=at)


def steps_of(follow_up):
    return list(follow_up.events.order_by("pk").values_list("step", flat=True))


def test_a_low_review_that_was_changed_or_taken_back_before_it_was_heard_opens_nothing():
    raised, gone = (review(reviewable_visit(open_shop()), stars=1) for _ in range(2))
    writing.edit(review=raised, by=raised.author, draft=Draft(stars=4), seen=1, at=WRITTEN)
    writing.withdraw(review=gone, by=gone.author, at=WRITTEN)
    heard()
    assert not FollowUp.objects.exists()


@pytest.mark.parametrize(("stars", "count"), [(1, 1), (2, 1), (3, 0)])
def test_a_low_review_opens_a_follow_up(stars, count):
    written = review(reviewable_visit(open_shop()), stars=stars)
    heard()
    assert FollowUp.objects.filter(owner=written.author, cause=FollowUpCause.LOW_REVIEW).count() == count
    assert OutboxEvent.objects.filter(topic="follow_up.opened").count() == count


def test_a_review_that_is_changed_to_a_low_one_opens_it_then():
    written = review(reviewable_visit(open_shop()), stars=5)
    heard()
    writing.edit(review=written, by=written.author, draft=Draft(stars=1), seen=1, at=WRITTEN)
    heard()
    assert steps_of(FollowUp.objects.get()) == [FollowUpStep.OPENED]


def test_a_change_of_the_review_is_noted_once_and_without_stars():
    written = review(reviewable_visit(open_shop()), stars=1)
    heard()
    follow_up = FollowUp.objects.get()
    later = follow_up.opened_at + timedelta(minutes=1)
    writing.edit(review=written, by=written.author, draft=Draft(stars=4), seen=1, at=later)
    event = OutboxEvent.objects.filter(topic="review.received").latest("pk")
    opening.hear_review(event)
    opening.hear_review(event)
    assert steps_of(follow_up) == [FollowUpStep.OPENED, FollowUpStep.REVIEW_UPDATED]
    assert follow_up.events.latest("pk").data == {"version": 2}


def test_a_visit_has_one_follow_up():
    follow_up = unhappy()
    again = opening.open_for(booking=follow_up.booking, cause=FollowUpCause.LOW_REVIEW, at=OPENED)
    assert again == follow_up
    assert steps_of(follow_up) == [FollowUpStep.OPENED]


def test_a_visit_without_an_account_has_none():
    booking = reviewable_visit(open_shop(), owner=None)
    assert opening.open_for(booking=booking, cause=FollowUpCause.UNHAPPY_ANSWER, at=OPENED) is None


def test_people_of_the_shop_have_none():
    booking = reviewable_visit(open_shop())
    Affiliation.objects.create(
        shop=booking.shop, user=booking.owner, kind=AffiliationKind.RELATIVE, since=booking.created_at
    )
    assert opening.open_for(booking=booking, cause=FollowUpCause.UNHAPPY_ANSWER, at=OPENED) is None


def test_the_shop_has_a_day():
    assert opening.contact_due(open_shop(), at=OPENED) == OPENED + timedelta(hours=24)


def test_a_shop_that_is_closed_has_until_the_end_of_its_next_day():
    shop = open_shop()
    today = OPENED.astimezone(shop.zone).date()
    Closure.objects.create(shop=shop, first_date=today, last_date=today + timedelta(days=2), reason="Repairs")
    due = opening.contact_due(shop, at=OPENED).astimezone(shop.zone)
    last = max(row.closes_at for row in shop.opening_hours.all() if row.day == (today + timedelta(days=3)).isoweekday())
    assert (due.date(), due.time()) == (today + timedelta(days=3), last)


def test_the_words_of_the_shop_are_said_in_the_visit():
    follow_up = contacted(unhappy(), text=" Please call us. ")
    follow_up.refresh_from_db()
    assert (follow_up.status, follow_up.contacted_at) == (FollowUpStatus.CONTACTED, OPENED)
    said = follow_up.booking.messages.get()
    assert (said.text, said.is_from_owner) == ("Please call us.", False)
    event = follow_up.events.latest("pk")
    assert (event.step, event.text, event.side) == (FollowUpStep.CONTACT, "Please call us.", Side.SHOP)
    assert not OutboxEvent.objects.filter(topic="follow_up.contacted").exists()


def test_the_words_are_sent_where_the_visit_takes_no_more(monkeypatch):
    monkeypatch.setattr(visit_messages, "MAX_MESSAGES", 0)
    follow_up = contacted(unhappy())
    assert not follow_up.booking.messages.exists()
    assert OutboxEvent.objects.get(topic="follow_up.contacted").payload == {"event": follow_up.events.latest("pk").pk}


def test_a_second_contact_leaves_the_time_of_the_first():
    follow_up = contacted(contacted(unhappy()), at=OPENED + timedelta(hours=5))
    assert follow_up.contacted_at == OPENED


@pytest.mark.parametrize(
    ("text", "error"), [("  ", TextNeededError), ("x" * 1001, InvalidInput), ("a\x00", InvalidInput)]
)
def test_words_that_cannot_be_sent_are_refused(text, error):
    follow_up = unhappy()
    with pytest.raises(error) as refused:
        contact.record(follow_up=follow_up, by=someone_at(follow_up.shop), text=text, at=OPENED)
    assert refused.value.field == "text"


def test_an_invitation_is_contact_too():
    follow_up = unhappy()
    contact.invite(follow_up=follow_up, by=someone_at(follow_up.shop), text="Come again.", at=OPENED)
    follow_up.refresh_from_db()
    assert (follow_up.status, steps_of(follow_up)[-1]) == (FollowUpStatus.CONTACTED, FollowUpStep.INVITED)


def test_the_platform_steps_in_and_the_clock_runs_on():
    follow_up = unhappy()
    contact.step_in(follow_up=follow_up, by=someone_at(open_shop()), text="We ask the shop.", at=OPENED)
    follow_up.refresh_from_db()
    assert (follow_up.contacted_at, steps_of(follow_up)[-1]) == (None, FollowUpStep.ESCALATED)


@pytest.mark.parametrize(
    ("put_right", "status", "counted"),
    [(True, FollowUpStatus.PUT_RIGHT, (1, 1)), (False, FollowUpStatus.NOT_PUT_RIGHT, (1, 0))],
)
def test_the_owner_says_whether_it_was_put_right(put_right, status, counted):
    follow_up = contacted(unhappy())
    offer = offered_voucher(follow_up)
    answers.say(follow_up=follow_up, by=follow_up.owner, put_right=put_right, text="", at=OPENED)
    follow_up = answers.say(follow_up=follow_up, by=follow_up.owner, put_right=put_right, text="", at=OPENED)
    offer.refresh_from_db()
    assert (follow_up.status, follow_up.closed_at, offer.status) == (status, OPENED, "ended")
    standing = type(follow_up.shop).objects.get(pk=follow_up.shop_id).standing
    assert (standing.follow_ups, standing.put_right) == counted
    assert figures.faults() == 0


def test_a_closed_case_takes_nothing_more():
    follow_up = contacted(unhappy())
    answers.say(follow_up=follow_up, by=follow_up.owner, put_right=True, text="", at=OPENED)
    with pytest.raises(FollowUpClosedError):
        answers.say(follow_up=follow_up, by=follow_up.owner, put_right=False, text="", at=OPENED)
    with pytest.raises(FollowUpClosedError):
        contacted(follow_up)
    with pytest.raises(FollowUpClosedError):
        offered_voucher(follow_up)


def test_before_contact_there_is_nothing_to_judge_until_the_shops_time_is_over():
    follow_up = unhappy()
    with pytest.raises(NothingToJudgeError):
        answers.say(follow_up=follow_up, by=follow_up.owner, put_right=False, text="", at=OPENED)
    due = follow_up.contact_due_at
    answers.say(follow_up=follow_up, by=follow_up.owner, put_right=False, text="Nobody called.", at=due)
    follow_up.refresh_from_db()
    assert follow_up.status == FollowUpStatus.NOT_PUT_RIGHT


def test_the_database_keeps_the_events_and_lets_a_case_close_once():
    follow_up = unhappy()
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        FollowUpEvent.objects.filter(follow_up=follow_up).update(step=FollowUpStep.LATE)
    with pytest.raises(IntegrityError, match="follow_up_step_once"), transaction.atomic():
        FollowUpEvent.objects.create(follow_up=follow_up, at=OPENED, step=FollowUpStep.OPENED)
