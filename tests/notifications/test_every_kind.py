"""Every kind of message can be written for every channel in both languages from the facts that its room gives."""

from __future__ import annotations

from typing import Any

import pytest

import bookings.notifications
import bookings.shop_notifications
import payments.messages
import reviews.follow_ups.messages
import reviews.notifications
from bookings.models import Booking
from notifications import kinds, rendering
from notifications.choices import Channel
from notifications.kinds import Kind
from payments.models import Payment
from reviews.models import FollowUp, FollowUpOffer
from tests.factories.accounts import UserFactory
from tests.factories.money import completed_order
from tests.factories.reviews import WRITTEN, published, reviewable_visit
from tests.factories.shops import open_shop

URL = "http://localhost:8000/somewhere/"
_WHERE = {"action_url": URL, "action_words": "Open"}
VISIT = {
    "number": "CK-1",
    "service": "Minor service",
    "shop_name": "Chen's",
    "place": "Xuhui, Long Road 1",
    "starts": "Mon 23 Nov, 13:00",
    "ready": "14:00",
    "free_until": "Mon 23 Nov, 09:00",
    "price": "¥268",
    "paid": "",
    "due": "¥268",
    "fee": "",
    "late_fee": "¥20",
    "deposit": "¥50",
    "until": "Mon 23 Nov, 12:00",
    "confirm_url": URL,
    "visit_url": URL,
}
SHOP_VISIT = {
    name: VISIT[name] for name in ("number", "service", "shop_name", "starts", "price", "fee", "until", "visit_url")
}
MONEY = {"number": "CK-1", "service": "Minor service", "shop_name": "Chen's", "amount": "¥268", "way": "", "due": ""}
DISPUTE = {"said": "The shop has answered.", "shop_name": "Chen's", "number": "CK-1", "url": URL}
SETTLED = {"shop_name": "Chen's", "amount": "¥268", "number": "P-1"}
REVIEW = {
    "service": "Minor service",
    "shop_name": "Chen's",
    "why": "It insults somebody.",
    "what_next": "Say it without.",
    "is_shown": True,
    "answer": "We looked.",
    "words": "We are sorry.",
    "appeal_days": 30,
    "review_url": URL,
}
QUESTION = {"service": "Minor service", "shop_name": "Chen's", "answer_url": URL}
CASE = {"shop_name": "Chen's", "number": "CK-1", "url": URL, "words": "Please call us."}
SLOT = {"when": "Tue 24 Nov, 10:00", "shop": "Chen's", "price": "¥240", "discount": 10, "url": URL}
SLOTS = {"slots": [SLOT], "slots_for": "Minor service", "slots_car": "Lavida", "slots_from": "¥240"}
DUE = {
    "title": "Oil",
    "when": "due by May",
    "why": "10,000 km since.",
    "source": "The maker",
    "certainty": "likely",
    "price": "¥268",
    "stage": "The last reminder.",
}
REMINDER = {
    **SLOTS,
    "cars": [{"name": "Lavida", "plate": "沪A12345", "items": [DUE]}],
    "short": "Oil: due by May.",
    "first_car": "Lavida",
    "first": "Oil",
    "first_when": "due by May",
    "more": 1,
}
CAMPAIGN = {
    **SLOTS,
    "shop_name": "Chen's",
    "car": "Lavida",
    "text": "Come by.",
    "service": "Oil",
    "check": "Full inspection",
    "when": "due by May",
    "why": "10,000 km since.",
    "usual": "¥268",
    "settings_url": URL,
}

# What the templates of a kind are given beside where to go on.
SAMPLES: dict[str, dict[str, Any]] = {
    **dict.fromkeys(
        (
            "bookings/requested",
            "bookings/confirmed",
            "bookings/rescheduled",
            "bookings/swapped",
            "bookings/expired",
            "bookings/cancelled",
            "bookings/offered",
            "bookings/tomorrow",
            "bookings/inspected",
            "bookings/ready",
            "bookings/link",
        ),
        VISIT,
    ),
    "bookings/checked_in": {**VISIT, "km": "82,263"},
    "bookings/proposed": {**VISIT, "count": "2", "pending": "¥420", "total": "¥688", "ready_then": "Today, 15:00"},
    "bookings/promise": {**VISIT, "ready": "Today, 15:00", "before": "Today, 14:00", "reason": "The part is late"},
    "bookings/not_needed": {**VISIT, "line": "Brake pads", "reason": "They were new"},
    "bookings/message": {**VISIT, "text": "Please call."},
    "bookings/phone": {**VISIT, "answers": "Brake pads, ¥420: Approved.", "by": "Chen", "spoke_with": "Ms Lin"},
    "bookings/completed": {**VISIT, "covered": "Brake pads until May", "confirm": "yes"},
    **dict.fromkeys(
        ("bookings/shop_requested", "bookings/shop_booked", "bookings/shop_moved", "bookings/shop_cancelled"),
        SHOP_VISIT,
    ),
    "payments/paid": {**MONEY, "pay_url": URL},
    "payments/refunded": {**MONEY, "pay_url": URL},
    "payments/dispute": DISPUTE,
    "payments/shop_dispute": DISPUTE,
    "payments/payout_paid": SETTLED,
    "payments/payout_failed": SETTLED,
    "payments/statement": {
        "shop_name": "Chen's",
        "period": "Nov 2026, first half",
        "net": "¥9,000",
        "paid_out": "¥8,000",
        "owed": "¥1,000",
    },
    "payments/alarm": {"kind": "Bill missing", "key": "sandbox", "link": URL},
    **dict.fromkeys(
        (
            "reviews/published",
            "reviews/rejected",
            "reviews/removed",
            "reviews/appeal_upheld",
            "reviews/appeal_dismissed",
            "reviews/replied",
        ),
        REVIEW,
    ),
    "reviews/invitation": QUESTION,
    "reviews/reminder": QUESTION,
    "reviews/follow_up_contact": CASE,
    "reviews/follow_up_escalated": CASE,
    "reviews/follow_up_asked": CASE,
    "reviews/follow_up_offer": {**CASE, "offer": "refund", "amount": "¥50", "until": "Mon 30 Nov, 12:00"},
    "reviews/shop_news": {"title": "New review", "said": "It is published.", "shop_name": "Chen's", "url": URL},
    "shops/invitation": {"shop": "Chen's", "role": "Technician", "inviter": "Chen", "link": URL},
    "reminders/due": REMINDER,
    "reminders/campaign": CAMPAIGN,
}

EVERY = [kind for kind in kinds.every() if "/" in kind.name]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.name)
def test_a_kind_can_be_written_for_each_of_its_channels(kind: Kind, language: str) -> None:
    facts = {**SAMPLES[kind.name], **_WHERE}
    if Channel.EMAIL in kind.channels:
        letter = rendering.email(kind.name, facts, language, unsubscribe=f"{URL}unsubscribe/")
        assert letter.subject
        assert URL in letter.body
        assert URL in letter.html
        assert f"{URL}unsubscribe/" in letter.body
    if Channel.SMS in kind.channels:
        assert URL in rendering.sms(kind.name, facts, language).body
    if kind.in_inbox or Channel.PUSH in kind.channels:
        line = rendering.inbox(kind.name, facts, language)
        assert line.subject
        assert line.body
        assert "http" not in line.body
        assert line.body[-1] not in ":：,，"


@pytest.mark.parametrize("kind", EVERY, ids=lambda kind: kind.name)
def test_what_may_be_empty_is_said_without_a_hole(kind: Kind) -> None:
    """Facts that are not there are empty, never missing: no template stops at one, or leaves what stood around it."""
    facts = {name: "" if isinstance(value, str) else value for name, value in SAMPLES[kind.name].items()}
    for write in (rendering.email, rendering.inbox):
        said = write(kind.name, {**facts, "action_url": "", "action_words": ""}, "en").body
        assert "None" not in said
        assert "{" not in said


@pytest.fixture
def visit() -> Booking:
    visit: Booking = reviewable_visit(open_shop(), owner=UserFactory(language="en"))  # type: ignore[no-untyped-call]
    return Booking.objects.for_card().select_related("owner").get(pk=visit.pk)


@pytest.mark.django_db
def test_the_rooms_give_what_the_samples_have(visit: Booking) -> None:
    assert bookings.notifications._facts(visit).keys() == VISIT.keys()
    assert bookings.shop_notifications._facts(visit, "/x/").keys() == {*SHOP_VISIT, "action_words"}
    paid = payments.messages._facts(completed_order(), Payment(provider="sandbox"), 100)
    assert {*paid, "pay_url"} == {*SAMPLES["payments/paid"], "action_words"}
    case = FollowUp(shop=visit.shop, booking=visit)
    assert reviews.follow_ups.messages._facts(case, "/x/").keys() == {*CASE, "action_words"}
    offer = FollowUpOffer(follow_up=case, kind="refund", amount_fen=5000, stands_until=WRITTEN)
    offered = reviews.follow_ups.messages._facts(case, "/x/", offer=offer)
    assert offered.keys() == {*SAMPLES["reviews/follow_up_offer"], "action_words"}
    one = published(visit, at=WRITTEN)
    assert reviews.notifications._facts(one, "/x/").keys() == {*REVIEW, "action_words"}
