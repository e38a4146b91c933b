"""How a shop offers to put it right, and what the owner says to it. Nothing moves before the owner has accepted.

Whoever acts is asked before: the shop's people by `get_staff_shop`, the owner by `visible_to`. Nothing here knows what
the owner wrote or how many stars they gave.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from core import outbox
from reviews.choices import FollowUpStep, OfferStatus, Side
from reviews.errors import OfferGoneError
from reviews.follow_ups import answers, matters, steps
from reviews.follow_ups.contact import checked
from reviews.follow_ups.errors import OfferStandsError, TooManyOffersError
from reviews.follow_ups.matters import OfferDraft
from reviews.limits import ASK_AFTER, MAX_OFFERS, OFFER_STANDS
from reviews.models import FollowUp, FollowUpOffer


@transaction.atomic
def make(*, follow_up: FollowUp, by: User, draft: OfferDraft, at: datetime) -> FollowUpOffer:
    """The shop makes an offer; it stands for `OFFER_STANDS`. An offer is contact too.

    Raises FollowUpClosedError, OfferStandsError, TooManyOffersError, and what `matters.check` raises. Side effects, in
    order: the event, outbox `follow_up.offered` (the owner is told).
    """
    text = checked(draft.text, needed=False)
    follow_up = steps.locked_open(follow_up)
    if follow_up.offers.filter(kind=draft.kind, status=OfferStatus.OPEN).exists():
        raise OfferStandsError
    if follow_up.offers.count() >= MAX_OFFERS:
        raise TooManyOffersError
    matters.check(follow_up, draft)
    offer = FollowUpOffer.objects.create(
        follow_up=follow_up,
        kind=draft.kind,
        text=text,
        order_line=draft.order_line,
        amount_fen=draft.amount_fen,
        lines=list(dict.fromkeys(draft.lines)),
        made_at=at,
        made_by=by,
        stands_until=at + OFFER_STANDS,
    )
    steps.contacted(follow_up, at=at)
    _note(follow_up, offer, FollowUpStep.OFFER, by=by, side=Side.SHOP, at=at, text=text)
    steps.stand(follow_up, look_at=offer.stands_until)
    outbox.emit(topic="follow_up.offered", key=follow_up.public_id, at=at, payload={"offer": offer.public_id})
    return offer


@transaction.atomic
def accept(*, offer: FollowUpOffer, by: User, at: datetime) -> FollowUpOffer:
    """The owner accepts, and it is carried out in the same transaction. Accepted twice is accepted once.

    Raises OfferGoneError for an offer that does not stand any more, FollowUpClosedError, and what the flow refuses
    (no free slot, a dispute about the line, less left to give back): then nothing has moved and the offer waits on.
    Side effects, in order: the comeback, refund or voucher with theirs; the event, outbox `follow_up.accepted`.
    """
    follow_up, offer = _locked(offer)
    if offer.status == OfferStatus.ACCEPTED:
        return offer
    steps.ask_open(follow_up)
    _ask_stands(offer, at)
    matters.carry_out(offer, follow_up, by=by, at=at)
    offer.status, offer.answered_at = OfferStatus.ACCEPTED, at
    offer.save(update_fields=["status", "answered_at", "comeback", "coupon", "done_at"])
    _note(follow_up, offer, FollowUpStep.ACCEPTED, by=by, side=Side.AUTHOR, at=at)
    waits_from = offer.comeback.ends_at if offer.comeback else at
    steps.stand(follow_up, look_at=waits_from + ASK_AFTER)
    if offer.done_at is not None:
        answers.is_done(follow_up, offer, at=at)
    outbox.emit(topic="follow_up.accepted", key=follow_up.public_id, at=at, payload={"offer": offer.public_id})
    return offer


@transaction.atomic
def decline(*, offer: FollowUpOffer, by: User, at: datetime) -> FollowUpOffer:
    """The owner declines; nothing else follows from it. Declined twice is declined once.

    Raises OfferGoneError, FollowUpClosedError. Side effects: the event, outbox `follow_up.declined`.
    """
    return _end(offer, OfferStatus.DECLINED, FollowUpStep.DECLINED, by=by, side=Side.AUTHOR, at=at)


@transaction.atomic
def withdraw(*, offer: FollowUpOffer, by: User, at: datetime) -> FollowUpOffer:
    """The shop takes an offer back that the owner has not answered. Withdrawn twice is withdrawn once.

    Raises OfferGoneError once the owner has answered, FollowUpClosedError. Side effects: the event, outbox
    `follow_up.withdrawn`.
    """
    return _end(offer, OfferStatus.WITHDRAWN, FollowUpStep.WITHDRAWN, by=by, side=Side.SHOP, at=at)


def stands(offer: FollowUpOffer, *, at: datetime) -> bool:
    """Whether the owner can still accept."""
    return offer.status == OfferStatus.OPEN and at < offer.stands_until


def _end(
    offer: FollowUpOffer, status: OfferStatus, step: FollowUpStep, *, by: User, side: Side, at: datetime
) -> FollowUpOffer:
    follow_up, offer = _locked(offer)
    if offer.status == status:
        return offer
    steps.ask_open(follow_up)
    _ask_stands(offer, at)
    offer.status, offer.answered_at = status, at
    offer.save(update_fields=["status", "answered_at"])
    _note(follow_up, offer, step, by=by, side=side, at=at)
    steps.stand(follow_up, look_at=at + ASK_AFTER)
    outbox.emit(topic=f"follow_up.{step}", key=follow_up.public_id, at=at, payload={"offer": offer.public_id})
    return offer


def _locked(offer: FollowUpOffer) -> tuple[FollowUp, FollowUpOffer]:
    """The follow-up's row locked, and the offer read after it: nobody else changes it now."""
    follow_up = steps.locked(offer.follow_up)
    rows = FollowUpOffer.objects.select_related("order_line__order", "made_by")
    fresh = rows.get(pk=offer.pk)
    fresh.follow_up = follow_up
    return follow_up, fresh


def _ask_stands(offer: FollowUpOffer, at: datetime) -> None:
    if not stands(offer, at=at):
        raise OfferGoneError


def _note(  # noqa: PLR0913  (the columns of the event)
    follow_up: FollowUp,
    offer: FollowUpOffer,
    step: FollowUpStep,
    *,
    by: User,
    side: Side,
    at: datetime,
    text: str = "",
) -> None:
    data = {"offer": offer.public_id, "kind": str(offer.kind)}
    steps.write(follow_up, step, at=at, by=by, side=side, text=text, data=data)
