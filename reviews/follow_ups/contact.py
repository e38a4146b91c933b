"""The shop writes to an unhappy owner; what it writes is said in the visit, where the owner can answer."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from bookings.errors import WrongStatusError
from bookings.floor import messages
from bookings.floor.messages import Speaker, TooManyMessagesError
from core import outbox
from reviews import rules, words
from reviews.choices import FollowUpStep, Side
from reviews.errors import OwnInterestError
from reviews.follow_ups import steps
from reviews.follow_ups.errors import TooManyContactsError
from reviews.limits import ASK_AFTER, MAX_CONTACT_TEXT, MAX_CONTACTS
from reviews.models import FollowUp
from shops.models import ShopMember


@transaction.atomic
def record(*, follow_up: FollowUp, by: User, text: str, at: datetime) -> FollowUp:
    """The shop writes to the owner; the clock stops with the first time. `by` may act for the shop: the caller asked.

    Raises FollowUpClosedError, TooManyContactsError, TextNeededError and InvalidInput (field "text"). Side effects, in
    order: the event; the words are said in the visit, which tells the owner, or where a visit takes no more of them
    sent by outbox `follow_up.contacted`.
    """
    return _write(follow_up, FollowUpStep.CONTACT, by=by, text=text, at=at)


@transaction.atomic
def invite(*, follow_up: FollowUp, by: User, text: str, at: datetime) -> FollowUp:
    """The shop invites the owner to come again, with words of its own. Raises and does what `record` does."""
    return _write(follow_up, FollowUpStep.INVITED, by=by, text=text, at=at)


@transaction.atomic
def step_in(*, follow_up: FollowUp, by: User, text: str, at: datetime) -> FollowUp:
    """Somebody of the platform steps in; owner and shop read the words. The shop's clock runs on.

    Raises FollowUpClosedError, OwnInterestError for the owner and for people of the shop, TextNeededError,
    InvalidInput. Side effects: the event, outbox `follow_up.escalated` (both are told).
    """
    text = checked(text)
    follow_up = steps.locked_open(follow_up)
    if by.pk == follow_up.owner_id or rules.belongs_to(by, follow_up.shop, at=at):
        raise OwnInterestError
    event = steps.write(follow_up, FollowUpStep.ESCALATED, at=at, by=by, text=text)
    outbox.emit(topic="follow_up.escalated", key=follow_up.public_id, at=at, payload={"event": event.pk})
    return follow_up


def checked(text: str, *, needed: bool = True) -> str:
    """Words as they are kept. Raises TextNeededError for none where some are `needed`, InvalidInput."""
    return words.checked(text, limit=MAX_CONTACT_TEXT, needed=needed)


def _write(follow_up: FollowUp, step: FollowUpStep, *, by: User, text: str, at: datetime) -> FollowUp:
    text = checked(text)
    follow_up = steps.locked_open(follow_up)
    if follow_up.events.filter(step__in=[FollowUpStep.CONTACT, FollowUpStep.INVITED]).count() >= MAX_CONTACTS:
        raise TooManyContactsError
    event = steps.write(follow_up, step, at=at, by=by, side=Side.SHOP, text=text)
    steps.contacted(follow_up, at=at)
    steps.stand(follow_up, look_at=at + ASK_AFTER)
    role = ShopMember.objects.filter(shop=follow_up.shop_id, user=by).values_list("role", flat=True).first() or ""
    try:
        with transaction.atomic():
            speaker = Speaker(is_owner=False, user=by, role=role)
            messages.say(booking=follow_up.booking, text=text, by=speaker, at=at)
    except (TooManyMessagesError, WrongStatusError):
        outbox.emit(topic="follow_up.contacted", key=follow_up.public_id, at=at, payload={"event": event.pk})
    return follow_up
