"""Unhappy owners, and what shops offer them, through the real actions."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import User
from bookings.models import Booking
from reviews.choices import FollowUpCause, OfferKind
from reviews.follow_ups import contact, matters, offers, opening
from reviews.follow_ups.matters import OfferDraft
from reviews.models import FollowUp, FollowUpOffer
from shops.choices import Role
from shops.models import Shop, ShopMember
from tests.factories.accounts import UserFactory
from tests.factories.money import CLOSED, completed_order
from tests.factories.reviews import reviewable_visit
from tests.factories.shops import open_shop

# The shops of the tests are open then (a Tuesday, 12:00 in Shanghai).
OPENED = CLOSED + timedelta(hours=23)


def unhappy(booking: Booking | None = None, *, at: datetime = OPENED) -> FollowUp:
    """A follow-up of a visit, just opened."""
    cause = FollowUpCause.UNHAPPY_ANSWER
    opened = opening.open_for(booking=booking or reviewable_visit(open_shop()), cause=cause, at=at)
    assert opened is not None
    return opened


def paid_visit(shop: Shop | None = None) -> Booking:
    """A visit that is over and paid for online: two lines, ¥200 and ¥68."""
    order = completed_order(shop=shop or open_shop())
    return reviewable_visit(order.shop, owner=order.payer, public_id=order.reference)


def someone_at(shop: Shop, role: Role = Role.MANAGER) -> User:
    """Somebody of the shop who writes to owners."""
    user = UserFactory()
    ShopMember.objects.create(shop=shop, user=user, role=role)
    return user


def contacted(follow_up: FollowUp, *, text: str = "We are sorry.", at: datetime = OPENED) -> FollowUp:
    return contact.record(follow_up=follow_up, by=someone_at(follow_up.shop), text=text, at=at)


def offered_voucher(follow_up: FollowUp, fen: int = 5000, *, at: datetime = OPENED) -> FollowUpOffer:
    draft = OfferDraft(OfferKind.VOUCHER, amount_fen=fen)
    return offers.make(follow_up=follow_up, by=someone_at(follow_up.shop), draft=draft, at=at)


def offered_refund(follow_up: FollowUp, fen: int = 5000, *, at: datetime = OPENED) -> FollowUpOffer:
    """So much of the first line of a `paid_visit`."""
    (line, _), *_rest = matters.refundable(follow_up.booking)
    draft = OfferDraft(OfferKind.REFUND, order_line=line, amount_fen=fen)
    return offers.make(follow_up=follow_up, by=someone_at(follow_up.shop), draft=draft, at=at)


def offered_comeback(follow_up: FollowUp, *, at: datetime = OPENED) -> FollowUpOffer:
    """Everything that was done on a visit that was `handed_over`."""
    lines = [line.public_id for line in follow_up.booking.lines.filter(state="done")]
    draft = OfferDraft(OfferKind.COMEBACK, lines=lines, text="We do it again.")
    return offers.make(follow_up=follow_up, by=someone_at(follow_up.shop), draft=draft, at=at)
