"""One shop's word of mouth with at least one row of everything: for pages that show whatever there is."""

from __future__ import annotations

from datetime import timedelta

from accounts.choices import ContactKind
from accounts.contacts import Contact
from reviews import affiliations, replying, voting
from reviews.choices import AffiliationKind, FollowUpCause, OfferKind, ReasonCode, Side, SignalKind
from reviews.follow_ups import contact, offers, opening
from reviews.follow_ups.matters import OfferDraft
from reviews.models import FollowUp, Review, ReviewInvitation, Signal, VisitAnswer
from reviews.moderation import appeals, policy, removals
from shops.choices import Role
from shops.models import Shop, ShopMember
from tests.factories.accounts import UserFactory
from tests.factories.floor import clean_photo
from tests.factories.reviews import WRITTEN, published, review, reviewable_visit
from tests.factories.shops import open_shop


def talked_about() -> Shop:
    """A shop with published and waiting reviews, a reply, votes, an appeal, a removal, a follow-up with an offer."""
    shop = open_shop()
    manager = ShopMember.objects.create(shop=shop, user=UserFactory(), role=Role.OWNER).user
    admin = UserFactory(admin=True)
    policy.change(by=admin, at=WRITTEN, note="To begin with", auto_publish=False)
    aunt = Contact(ContactKind.EMAIL, "aunt@example.com")
    affiliations.declare(shop=shop, contact=aunt, kind=AffiliationKind.RELATIVE, by=manager, at=WRITTEN)
    good = published(reviewable_visit(shop), stars=5, text="Measured first, then changed", added=[clean_photo()])
    replying.reply(review=good, by=manager, text="Thank you", at=WRITTEN)
    voting.vote(review=good, by=UserFactory(), at=WRITTEN)
    appeals.appeal(
        review=good, by=manager, side=Side.SHOP, text="Another visit", reason=ReasonCode.NOT_THIS_VISIT, at=WRITTEN
    )
    removals.propose(review=good, by=admin, at=WRITTEN, seen=1, reason=ReasonCode.NOT_THIS_VISIT)
    review(reviewable_visit(shop), stars=2, text="Call 139 1234 2214 if you want the messages")
    _unhappy(published(reviewable_visit(shop), stars=1), manager)
    Signal.objects.create(
        kind=SignalKind.BURST,
        shop=shop,
        key=f"burst {shop.pk}",
        points=20,
        data={"reviews": 9, "days": 1, "usual": 1},
        first_seen_at=WRITTEN,
        last_seen_at=WRITTEN,
    )
    return shop


def _unhappy(low: Review, manager) -> None:
    visit = low.booking
    ReviewInvitation.objects.create(booking=visit, due_at=WRITTEN, remind_at=WRITTEN + timedelta(days=6))
    VisitAnswer.objects.create(booking=visit, is_happy=False, words="It still squeaks", at=WRITTEN)
    opening.open_for(booking=visit, cause=FollowUpCause.LOW_REVIEW, at=WRITTEN)
    case = FollowUp.objects.get(booking=visit)
    contact.record(follow_up=case, by=manager, text="We are sorry", at=WRITTEN)
    offers.make(follow_up=case, by=manager, draft=OfferDraft(kind=OfferKind.VOUCHER, amount_fen=5000), at=WRITTEN)
