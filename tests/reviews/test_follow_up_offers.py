"""Offers move nothing before the owner accepts, and then once."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from bookings.choices import Status
from core.errors import InvalidInput
from core.models import OutboxEvent
from payments import late_refunds
from payments.choices import CouponFunder, DisputeReason
from payments.disputes import actions as disputes
from payments.disputes.actions import Said
from payments.errors import LineInDisputeError, NotRefundableError
from payments.models import Coupon, Order, Refund
from reviews.choices import FollowUpStatus, FollowUpStep, OfferKind, OfferStatus
from reviews.errors import OfferGoneError
from reviews.follow_ups import matters, offers
from reviews.follow_ups.errors import ComebackOpenError, OfferStandsError
from reviews.follow_ups.matters import OfferDraft
from reviews.limits import MAX_VOUCHER_FEN, OFFER_STANDS, VOUCHER_VALID
from reviews.models import FollowUpEvent, FollowUpOffer
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

pytestmark = pytest.mark.django_db


def accept(offer, at=OPENED):
    return offers.accept(offer=offer, by=offer.follow_up.owner, at=at)


def make(follow_up, draft):
    return offers.make(follow_up=follow_up, by=someone_at(follow_up.shop), draft=draft, at=OPENED)


def test_an_offer_is_contact_and_moves_nothing():
    follow_up = unhappy(paid_visit())
    offer = offered_refund(follow_up)
    follow_up.refresh_from_db()
    assert (follow_up.status, follow_up.contacted_at) == (FollowUpStatus.OFFERED, OPENED)
    assert (offer.status, offer.stands_until) == (OfferStatus.OPEN, OPENED + OFFER_STANDS)
    assert not Refund.objects.exists()
    told = OutboxEvent.objects.get(topic="follow_up.offered")
    assert told.payload == {"offer": offer.public_id}


def test_an_accepted_refund_gives_the_money_back_once():
    follow_up = unhappy(paid_visit())
    offer = offered_refund(follow_up, 5000)
    accept(offer)
    accept(offer)
    refund = Refund.objects.get()
    assert (refund.amount_fen, refund.line, refund.requested_by) == (5000, offer.order_line, offer.made_by)
    assert Order.objects.get().refunded_fen == 5000
    follow_up.refresh_from_db()
    assert follow_up.status == FollowUpStatus.ACCEPTED
    assert follow_up.events.filter(step=FollowUpStep.ACCEPTED).count() == 1


def test_a_refund_is_no_more_than_what_was_paid_for_the_line():
    follow_up = unhappy(paid_visit())
    (line, fen), *_ = matters.refundable(follow_up.booking)
    assert fen == 20000
    for wrong in (20001, 0, -5, True):
        with pytest.raises(NotRefundableError):
            make(follow_up, OfferDraft(OfferKind.REFUND, order_line=line, amount_fen=wrong))


def test_a_line_of_another_visit_is_refused():
    follow_up = unhappy(paid_visit())
    (line, _fen), *_ = matters.refundable(paid_visit())
    with pytest.raises(InvalidInput) as refused:
        make(follow_up, OfferDraft(OfferKind.REFUND, order_line=line, amount_fen=100))
    assert refused.value.field == "order_line"


def test_a_refund_that_cannot_be_given_any_more_leaves_the_offer_open():
    follow_up = unhappy(paid_visit())
    offer = offered_refund(follow_up, 20000)
    order = Order.objects.get()
    late_refunds.give_back(order=order, line=offer.order_line, amount_fen=1, by=None, note="", at=OPENED)
    with pytest.raises(NotRefundableError):
        accept(offer)
    offer.refresh_from_db()
    follow_up.refresh_from_db()
    assert (offer.status, follow_up.status) == (OfferStatus.OPEN, FollowUpStatus.OFFERED)


def test_a_line_in_dispute_is_neither_offered_nor_given_back():
    follow_up = unhappy(paid_visit())
    offer = offered_refund(follow_up, 5000)
    order = Order.objects.get()
    disputes.open_dispute(
        order=order,
        claims={offer.order_line.pk: 1000},
        reason=DisputeReason.values[0],
        said=Said("Not done."),
        by=order.payer,
        at=OPENED,
    )
    with pytest.raises(LineInDisputeError):
        accept(offer)
    offers.withdraw(offer=offer, by=offer.made_by, at=OPENED)
    with pytest.raises(LineInDisputeError):
        make(follow_up, OfferDraft(OfferKind.REFUND, order_line=offer.order_line, amount_fen=100))
    assert offer.order_line not in [line for line, _fen in matters.refundable(follow_up.booking)]


def test_an_accepted_voucher_is_the_owners_alone_and_the_shop_pays():
    follow_up = unhappy()
    offer = accept(offered_voucher(follow_up, 5000))
    coupon = Coupon.objects.get()
    assert offer.coupon == coupon
    assert (coupon.person, coupon.shop, coupon.value_fen) == (follow_up.owner, follow_up.shop, 5000)
    assert (coupon.funder, coupon.shop_percent, coupon.limit_total) == (CouponFunder.SHOP, 100, 1)
    assert (coupon.starts_at, coupon.ends_at) == (OPENED, OPENED + VOUCHER_VALID)
    assert len(coupon.code) == 16
    assert accept(offer).coupon == coupon


@pytest.mark.parametrize("fen", [0, -1, MAX_VOUCHER_FEN + 1, True])
def test_a_voucher_has_a_sensible_worth(fen):
    with pytest.raises(InvalidInput) as refused:
        make(unhappy(), OfferDraft(OfferKind.VOUCHER, amount_fen=fen))
    assert refused.value.field == "amount"


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (OfferDraft(OfferKind.VOUCHER), "amount"),
        (OfferDraft(OfferKind.VOUCHER, amount_fen=1, lines=["x"]), "lines"),
        (OfferDraft(OfferKind.REFUND, amount_fen=1), "order_line"),
        (OfferDraft(OfferKind.COMEBACK), "lines"),
        (OfferDraft(OfferKind.COMEBACK, lines=["nosuchlineatall0"]), "lines"),
        (OfferDraft(OfferKind.VOUCHER, amount_fen=1, text="x" * 1001), "text"),
        (OfferDraft(OfferKind.VOUCHER, amount_fen=1, text="\x00"), "text"),
    ],
)
def test_what_does_not_make_an_offer_is_refused_by_field(draft, field):
    with pytest.raises(InvalidInput) as refused:
        make(unhappy(), draft)
    assert refused.value.field == field


def test_an_accepted_comeback_is_a_visit_at_no_charge():
    follow_up = unhappy(handed_over(bookable_job()))
    offer = accept(offered_comeback(follow_up))
    visit = offer.comeback
    assert (visit.comeback_of, visit.owner, visit.status) == (follow_up.booking, follow_up.owner, Status.CONFIRMED)
    assert (visit.total_fen, visit.starts_at > OPENED) == (0, True)


def test_a_comeback_that_was_offered_is_made_when_the_warranty_is_over():
    booking = handed_over(bookable_job())
    booking.lines.update(warranty_until=OPENED.date() - timedelta(days=1))
    assert accept(offered_comeback(unhappy(booking))).comeback is not None


def test_a_second_comeback_is_refused_while_one_is_open():
    follow_up = unhappy(handed_over(bookable_job()))
    accept(offered_comeback(follow_up))
    with pytest.raises(ComebackOpenError):
        offered_comeback(follow_up)


def test_one_offer_of_a_kind_waits_at_a_time():
    follow_up = unhappy()
    offer = offered_voucher(follow_up)
    with pytest.raises(OfferStandsError):
        offered_voucher(follow_up)
    with pytest.raises(IntegrityError, match="offer_one_open_of_a_kind"), transaction.atomic():
        FollowUpOffer.objects.create(
            follow_up=follow_up, kind=OfferKind.VOUCHER, amount_fen=1, made_at=OPENED, stands_until=OPENED
        )
    offers.withdraw(offer=offer, by=offer.made_by, at=OPENED)
    assert offered_voucher(follow_up).status == OfferStatus.OPEN


def test_a_declined_or_withdrawn_offer_cannot_be_accepted():
    follow_up = contacted(unhappy())
    declined = offers.decline(offer=offered_voucher(follow_up), by=follow_up.owner, at=OPENED)
    withdrawn = offered_voucher(follow_up)
    offers.withdraw(offer=withdrawn, by=withdrawn.made_by, at=OPENED)
    for gone in (declined, withdrawn):
        with pytest.raises(OfferGoneError):
            accept(gone)
    assert not Coupon.objects.exists()
    follow_up.refresh_from_db()
    assert follow_up.status == FollowUpStatus.CONTACTED


def test_an_offer_ends_by_itself():
    offer = offered_voucher(unhappy())
    with pytest.raises(OfferGoneError):
        accept(offer, at=OPENED + OFFER_STANDS)
    with pytest.raises(OfferGoneError):
        offers.decline(offer=offer, by=offer.follow_up.owner, at=OPENED + OFFER_STANDS)


def test_an_accepted_offer_cannot_be_withdrawn_or_declined():
    offer = accept(offered_voucher(unhappy()))
    with pytest.raises(OfferGoneError):
        offers.withdraw(offer=offer, by=offer.made_by, at=OPENED)
    with pytest.raises(OfferGoneError):
        offers.decline(offer=offer, by=offer.follow_up.owner, at=OPENED)


def test_nothing_of_an_offer_knows_the_stars():
    follow_up = unhappy(paid_visit())
    accept(offered_refund(follow_up))
    accept(offered_voucher(follow_up))
    columns = {field.name for model in (FollowUpOffer, FollowUpEvent) for field in model._meta.get_fields()}
    columns |= {field.name for field in fields(OfferDraft)}
    said = [str(event.data) for event in FollowUpEvent.objects.all()]
    said += [str(event.payload) for event in OutboxEvent.objects.filter(topic__startswith="follow_up.")]
    for word in ("star", "rating", "review", "version", "score"):
        assert not [name for name in columns if word in name]
        assert not [text for text in said if word in text]


def test_the_database_lets_nothing_come_of_an_offer_that_was_not_accepted():
    offer = offered_voucher(unhappy())
    with pytest.raises(IntegrityError, match="offer_moves_nothing_unaccepted"), transaction.atomic():
        FollowUpOffer.objects.filter(pk=offer.pk).update(done_at=OPENED)
