"""A shop's pages about reviews: who may, what they show and hide, what is refused with everything kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from core import outbox
from core.models import OutboxEvent
from notifications.models import Message, Notice
from reviews import publication, rules, writing
from reviews.choices import (
    AffiliationKind,
    AppealStatus,
    Dimension,
    FollowUpCause,
    FollowUpStatus,
    OfferStatus,
    ReasonCode,
    ReplyStatus,
    ReviewStatus,
    Side,
)
from reviews.follow_ups import contact, opening
from reviews.models import (
    Affiliation,
    Appeal,
    FollowUp,
    FollowUpOffer,
    ModerationPolicy,
    Reply,
    Review,
    ReviewPhoto,
    VisitAnswer,
)
from reviews.writing import Draft
from shops.choices import ResourceKind, Role
from shops.models import Shop
from tests.factories import follow_ups
from tests.factories.accounts import UserFactory
from tests.factories.board import member
from tests.factories.floor import clean_photo
from tests.factories.handovers import driven_car, handed_over
from tests.factories.reviews import WRITTEN, published, review, reviewable_visit
from tests.factories.shops import open_shop

pytestmark = pytest.mark.django_db
LATER = WRITTEN + timedelta(hours=2)


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"), time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture
def shop() -> Shop:
    return open_shop(slug="xuhui")


@pytest.fixture
def boss(shop: Shop) -> Client:
    return signed_in(member(shop, Role.OWNER))


def signed_in(user: User) -> Client:
    client = Client()
    client.cookies["django_language"] = "en"
    client.force_login(user)
    return client


def url(name: str, *args: object, **query: str) -> str:
    return reverse(f"shop_reviews:{name}", args=["xuhui", *args], query=query or None)


def text_of(response: HttpResponse, status: int = 200) -> str:
    assert response.status_code == status
    return response.content.decode()


def unhappy(shop: Shop, cause: FollowUpCause = FollowUpCause.UNHAPPY_ANSWER, **fields: Any) -> FollowUp:
    found = opening.open_for(booking=reviewable_visit(shop, **fields), cause=cause, at=WRITTEN)
    assert found is not None
    return found


# --- Who may ------------------------------------------------------------------------------------

LEADS = (Role.OWNER, Role.MANAGER)
ANSWERS = (*LEADS, Role.ADVISOR)


@pytest.mark.parametrize("role", Role)
def test_each_role_sees_its_pages(shop: Shop, role: Role) -> None:
    one, case, client = published(reviewable_visit(shop)), unhappy(shop), signed_in(member(shop, role))
    pages = {
        url("list"): ANSWERS,
        url("detail", one.public_id): ANSWERS,
        url("appeal", one.public_id): ANSWERS,
        url("follow_ups"): ANSWERS,
        url("follow_up", case.public_id): ANSWERS,
        url("offer", case.public_id, "comeback"): ANSWERS,
        url("offer", case.public_id, "refund"): LEADS,
        url("offer", case.public_id, "voucher"): LEADS,
        url("affiliations"): LEADS,
    }
    for address, roles in pages.items():
        assert client.get(address).status_code == (200 if role in roles else 403), address


@pytest.mark.parametrize("role", [Role.TECHNICIAN, Role.CASHIER])
def test_who_may_not_answer_changes_nothing(shop: Shop, role: Role) -> None:
    one, case, client = published(reviewable_visit(shop)), unhappy(shop), signed_in(member(shop, role))
    assert client.post(url("reply", one.public_id), {"text": "Thanks.", "seen": 1}).status_code == 403
    assert client.post(url("appeal", one.public_id), {"text": "No.", "seen": 1, "reason": "paid"}).status_code == 403
    said = {"contact-way": "message", "contact-text": "Hello"}
    assert client.post(url("contact", case.public_id), said).status_code == 403
    assert not Reply.objects.exists()
    assert not Appeal.objects.exists()


def test_an_advisor_offers_work_and_no_money(shop: Shop) -> None:
    case, client = unhappy(shop), signed_in(member(shop, Role.ADVISOR))
    assert client.post(url("offer", case.public_id, "voucher"), {"amount": "50"}).status_code == 403
    shown = text_of(client.get(url("follow_up", case.public_id)))
    assert url("offer", case.public_id, "comeback") in shown
    assert url("offer", case.public_id, "refund") not in shown


def test_another_shops_things_look_missing(shop: Shop, boss: Client) -> None:
    other = open_shop(slug="other")
    one, case = published(reviewable_visit(other)), unhappy(other)
    for name, public_id in [("detail", one.public_id), ("appeal", one.public_id), ("follow_up", case.public_id)]:
        assert boss.get(url(name, public_id)).status_code == 404
    assert boss.post(url("reply", one.public_id), {"text": "x", "seen": 1}).status_code == 404
    assert boss.post(url("contact", case.public_id), {"contact-text": "x"}).status_code == 404
    assert boss.get(reverse("shop_reviews:list", args=["other"])).status_code == 404


# --- Inbox --------------------------------------------------------------------------------------


def test_the_inbox_has_published_reviews_newest_first_with_what_readers_see(shop: Shop, boss: Client) -> None:
    older = published(reviewable_visit(shop), at=WRITTEN - timedelta(hours=1), text="Waited long")
    newer = published(reviewable_visit(shop), text="All <b>well</b>")
    review(reviewable_visit(shop), text="Not yet looked at")
    shown = text_of(boss.get(url("list")))
    assert shown.index(newer.public_id) < shown.index(older.public_id)
    assert "All &lt;b&gt;well&lt;/b&gt;" in shown
    assert "Not yet looked at" not in shown
    assert f"/shop/xuhui/visits/{newer.booking.public_id}/" in shown


@pytest.mark.parametrize("status", [ReviewStatus.WAITING, ReviewStatus.REJECTED])
def test_a_review_that_was_never_published_looks_missing(shop: Shop, boss: Client, status: ReviewStatus) -> None:
    one = review(reviewable_visit(shop), stars=1)
    if status == ReviewStatus.REJECTED:
        publication.hide(publication.locked(one), status=status, at=WRITTEN)
    assert boss.get(url("detail", one.public_id)).status_code == 404
    assert boss.post(url("reply", one.public_id), {"text": "x", "seen": 1}).status_code == 404


def test_filters_show_what_they_say(shop: Shop, boss: Client) -> None:
    low, fine = published(reviewable_visit(shop), stars=2), published(reviewable_visit(shop))
    boss.post(url("reply", low.public_id), {"text": "Sorry.", "seen": 1})

    def shown(**query: str) -> set[str]:
        page = boss.get(url("list", **query)).context["page"]
        return {row.public_id for row in page.reviews}

    assert shown() == {low.public_id, fine.public_id}
    assert shown(show="low") == {low.public_id}
    assert shown(show="unanswered") == {fine.public_id}
    technician = shop.resources.get(kind=ResourceKind.TECHNICIAN)
    assert shown(person=technician.public_id) == {low.public_id, fine.public_id}
    assert shown(person="nobody", show="nonsense", after="nowhere") == {low.public_id, fine.public_id}


def test_pages_go_on_where_the_last_one_ended(shop: Shop, boss: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reviews.shop_pages.inbox.PAGE", 2)
    made = [published(reviewable_visit(shop), at=WRITTEN) for _ in range(3)]
    first = boss.get(url("list")).context["page"]
    second = boss.get(url("list", after=first.next_after)).context["page"]
    assert [row.pk for row in [*first.reviews, *second.reviews]] == [row.pk for row in reversed(made)]
    assert second.next_after == ""


def test_figures_name_the_weakest_and_the_people_only_to_who_leads(shop: Shop, boss: Client) -> None:
    for _ in range(3):
        published(reviewable_visit(shop), ratings={Dimension.WAITING: 2, Dimension.HONESTY: 5})
    summary = boss.get(url("list")).context["summary"]
    assert [row.label for row in summary.dimensions if row.is_weakest] == [Dimension.WAITING.label]
    assert (summary.reviews, summary.counts[0][:2], len(summary.people)) == (3, (5, 3), 1)
    advisor = signed_in(member(shop, Role.ADVISOR))
    assert advisor.get(url("list")).context["summary"].people == []


@pytest.mark.parametrize("count", [1, 3])
def test_the_inbox_asks_as_often_for_one_review_as_for_three(
    shop: Shop, boss: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        published(reviewable_visit(shop))
    with django_assert_num_queries(INBOX_QUERIES):
        boss.get(url("list"))


INBOX_QUERIES = 14


# --- Replying -----------------------------------------------------------------------------------


def test_a_reply_is_published_and_can_be_changed(shop: Shop, boss: Client) -> None:
    one = published(reviewable_visit(shop))
    sent = boss.post(url("reply", one.public_id), {"text": "Thank you.", "seen": 1})
    assert sent["Location"] == url("detail", one.public_id)
    boss.post(url("reply", one.public_id), {"text": "Thank you, come again.", "seen": 1})
    shown = text_of(boss.get(url("detail", one.public_id)))
    assert "Thank you, come again." in shown
    assert list(Reply.objects.order_by("number").values_list("status", flat=True)) == ["replaced", "published"]


def test_a_reply_that_waits_says_so_and_one_that_was_refused_says_why(shop: Shop, boss: Client) -> None:
    ModerationPolicy.objects.create(replies_at_once=False, set_at=WRITTEN)
    one = published(reviewable_visit(shop))
    boss.post(url("reply", one.public_id), {"text": "Thank you.", "seen": 1})
    assert "This reply is being checked" in text_of(boss.get(url("detail", one.public_id)))
    reply = Reply.objects.get()
    reply.status, reply.decided_at = ReplyStatus.REJECTED, LATER
    reply.save(update_fields=["status", "decided_at"])
    reply.moderation_items.update(decided_at=LATER, outcome="rejected", reason=ReasonCode.INSULT)
    assert "The reason: Insult" in text_of(boss.get(url("detail", one.public_id)))


def test_a_preview_saves_nothing(shop: Shop, boss: Client) -> None:
    one = published(reviewable_visit(shop))
    shown = text_of(boss.post(url("reply", one.public_id), {"text": "Thank\u202e you.", "seen": 1, "preview": "1"}))
    assert "This is how readers see it" in shown
    assert '<p class="review-text " dir="auto">Thank you.</p>' in shown
    assert not Reply.objects.exists()


@pytest.mark.parametrize("text", ["", "  ", "x" * 100_000, "a\x00b"])
def test_words_that_cannot_be_kept_are_refused_beside_the_field(shop: Shop, boss: Client, text: str) -> None:
    one = published(reviewable_visit(shop))
    page = boss.post(url("reply", one.public_id), {"text": text, "seen": 1})
    assert page.status_code == 400
    assert page.context["form"]["text"].value() == text
    assert page.context["form"].errors["text"]


@pytest.mark.parametrize("seen", ["", "x", "-1", "9" * 30])
def test_a_number_that_is_none_is_refused(shop: Shop, boss: Client, seen: str) -> None:
    one = published(reviewable_visit(shop))
    page = boss.post(url("reply", one.public_id), {"text": "Thank you.", "seen": seen})
    assert "Thank you." in text_of(page, 400)
    assert not Reply.objects.exists()


def test_a_review_taken_back_while_writing_keeps_the_words(shop: Shop, boss: Client) -> None:
    one = published(reviewable_visit(shop), text="Secret after all")
    writing.withdraw(review=one, by=one.author, at=LATER)
    shown = text_of(boss.post(url("reply", one.public_id), {"text": "We are very sorry.", "seen": 1}), 409)
    assert "This review is not shown any more" in shown
    assert "We are very sorry." in shown
    assert "Secret after all" not in shown


def test_a_review_changed_while_writing_is_shown_anew_with_the_words(shop: Shop, boss: Client) -> None:
    one = published(reviewable_visit(shop), text="Waited long")
    changed(one, "They called me since")
    page = boss.post(url("reply", one.public_id), {"text": "We are very sorry.", "seen": 1})
    shown = text_of(page, 409)
    assert "They called me since" in shown
    assert "We are very sorry." in shown
    assert 'name="seen" value="2"' in shown


def changed(one: Review, text: str) -> None:
    writing.edit(review=one, by=one.author, draft=Draft(stars=4, text=text), seen=1, at=LATER)
    newest = one.versions.get(number=2)
    if newest.status == "waiting":
        newest.status, newest.decided_at = "approved", LATER
        newest.save(update_fields=["status", "decided_at"])
        one.moderation_items.open().update(decided_at=LATER, outcome="approved")
        publication.show(publication.locked(one), newest, at=LATER)


# --- Appeals ------------------------------------------------------------------------------------


def test_a_shop_appeals_once_and_reads_the_answer(shop: Shop, boss: Client) -> None:
    one = published(reviewable_visit(shop), stars=1)
    said = {"reason": "not_this_visit", "text": "This car was never here.", "seen": 1}
    assert boss.post(url("appeal", one.public_id), said)["Location"] == url("detail", one.public_id)
    made = Appeal.objects.get()
    assert (made.side, made.reason, made.version.number) == (Side.SHOP, "not_this_visit", 1)
    shown = text_of(boss.get(url("detail", one.public_id)))
    assert "Appeal is being looked at" in shown
    assert url("appeal", one.public_id) not in shown
    assert "This car was never here." in text_of(boss.post(url("appeal", one.public_id), said), 409)
    Appeal.objects.update(status=AppealStatus.DISMISSED, decided_at=LATER, answer="It was: see the odometer.")
    assert "It was: see the odometer." in text_of(boss.get(url("detail", one.public_id)))
    assert "It was: see the odometer." in text_of(boss.get(url("list", show="appealed")))


@pytest.mark.parametrize(
    "wrong", [{"reason": ""}, {"reason": "few stars"}, {"text": ""}, {"text": "x" * 100_000}, {"text": "a\x00b"}]
)
def test_an_appeal_without_its_parts_is_refused_beside_the_field(
    shop: Shop, boss: Client, wrong: dict[str, str]
) -> None:
    one = published(reviewable_visit(shop))
    said = {"reason": "paid", "text": "They were paid.", "seen": "1", **wrong}
    page = boss.post(url("appeal", one.public_id), said)
    assert page.status_code == 400
    assert list(page.context["form"].errors) == list(wrong)
    assert page.context["form"]["text"].value() == said["text"]


def test_an_appeal_about_what_has_changed_is_refused(shop: Shop, boss: Client) -> None:
    one = published(reviewable_visit(shop))
    changed(one, "Other words")
    page = boss.post(url("appeal", one.public_id), {"reason": "paid", "text": "They were paid.", "seen": "1"})
    assert "They were paid." in text_of(page, 409)
    assert not Appeal.objects.exists()


# --- Who belongs to the shop ----------------------------------------------------------------------


def test_somebody_named_cannot_review_until_they_belong_no_more(shop: Shop, boss: Client) -> None:
    cousin = UserFactory(email="cousin@example.com")
    boss.post(url("affiliations"), {"contact": "Cousin@example.com", "kind": "relative", "note": "his cousin"})
    row = Affiliation.objects.get()
    assert (row.kind, row.user) == (AffiliationKind.RELATIVE, cousin)
    assert rules.belongs_to(cousin, shop, at=LATER)
    assert "cousin@example.com" in text_of(boss.get(url("affiliations")))
    boss.post(url("end_affiliation", row.pk))
    assert not rules.belongs_to(cousin, shop, at=LATER)


@pytest.mark.parametrize(
    ("field", "value"),
    [("contact", "neither"), ("contact", ""), ("kind", "former_staff"), ("kind", "x"), ("note", "x" * 201)],
)
def test_somebody_who_cannot_be_named_so_is_refused(shop: Shop, boss: Client, field: str, value: str) -> None:
    page = boss.post(url("affiliations"), {"contact": "a@example.com", "kind": "supplier", field: value})
    assert page.status_code == 400
    assert list(page.context["form"].errors) == [field]
    assert not Affiliation.objects.exists()


def test_another_shops_family_looks_missing(shop: Shop, boss: Client) -> None:
    other = open_shop(slug="other")
    row = Affiliation.objects.create(shop=other, contact="a@example.com", kind=AffiliationKind.SUPPLIER, since=WRITTEN)
    assert boss.post(url("end_affiliation", row.pk)).status_code == 404


# --- Unhappy owners -------------------------------------------------------------------------------


def test_follow_ups_show_the_clock_and_the_one_due_next_first(shop: Shop, boss: Client) -> None:
    due, late = unhappy(shop), unhappy(shop)
    FollowUp.objects.filter(pk=late.pk).update(contact_due_at=LATER - timedelta(hours=2))
    FollowUp.objects.filter(pk=due.pk).update(contact_due_at=LATER + timedelta(hours=3, minutes=20))
    shown = text_of(boss.get(url("follow_ups")))
    assert "late by 2 h" in shown
    assert "contact within 3 h 20 min" in shown
    assert shown.index(late.public_id) < shown.index(due.public_id)
    assert due.public_id not in text_of(boss.get(url("follow_ups", show="closed")))


def test_words_of_a_review_are_read_once_it_is_published(shop: Shop, boss: Client) -> None:
    one = review(reviewable_visit(shop), stars=1, text="They broke my mirror")
    case = opening.open_for(booking=one.booking, cause=FollowUpCause.LOW_REVIEW, at=WRITTEN)
    assert case is not None
    shown = text_of(boss.get(url("follow_up", case.public_id)))
    assert "They broke my mirror" not in shown
    assert "1 of 5" not in shown
    version = one.versions.get()
    version.status, version.decided_at = "approved", LATER
    version.save(update_fields=["status", "decided_at"])
    publication.show(publication.locked(one), version, at=LATER)
    assert "They broke my mirror" in text_of(boss.get(url("follow_up", case.public_id)))


@pytest.mark.parametrize(("way", "kept"), [("message", "We are sorry."), ("phone", "By phone: We are sorry.")])
def test_getting_in_touch_stops_the_clock(shop: Shop, boss: Client, way: str, kept: str) -> None:
    case = unhappy(shop, owner=UserFactory(language="en"))
    sent = boss.post(url("contact", case.public_id), {"contact-way": way, "contact-text": "We are sorry."})
    assert sent.status_code == 302
    case.refresh_from_db()
    assert (case.status, case.contacted_at) == (FollowUpStatus.CONTACTED, LATER)
    assert case.events.get(step="contact").text == kept
    assert kept in text_of(boss.get(url("follow_up", case.public_id)))


@pytest.mark.parametrize("text", ["", "x" * 100_000, "a\x00b"])
def test_words_to_the_owner_are_refused_beside_the_field(shop: Shop, boss: Client, text: str) -> None:
    case = unhappy(shop)
    for name in ("contact", "invite"):
        page = boss.post(url(name, case.public_id), {f"{name}-way": "message", f"{name}-text": text})
        assert page.status_code == 400
        form = page.context[f"{name}_form"]
        assert form.errors["text"]
        assert form["text"].value() == text


def test_an_invitation_is_sent(shop: Shop, boss: Client) -> None:
    case = unhappy(shop)
    boss.post(url("invite", case.public_id), {"invite-text": "Come for a coffee."})
    assert case.events.get(step="invited").text == "Come for a coffee."


def test_a_voucher_is_offered_and_withdrawn(shop: Shop, boss: Client) -> None:
    case = unhappy(shop)
    boss.post(url("offer", case.public_id, "voucher"), {"amount": "50", "text": "For the wait."})
    offer = FollowUpOffer.objects.get()
    assert (offer.kind, offer.amount_fen, offer.status) == ("voucher", 5000, OfferStatus.OPEN)
    shown = text_of(boss.get(url("follow_up", case.public_id)))
    assert "¥50.00" in shown
    assert "must not depend on the review's stars" in shown
    boss.post(url("withdraw_offer", case.public_id, offer.public_id))
    offer.refresh_from_db()
    assert offer.status == OfferStatus.WITHDRAWN


def test_without_work_or_money_there_is_nothing_to_choose(shop: Shop, boss: Client) -> None:
    case = unhappy(shop)
    assert "Nothing was done on this visit" in text_of(boss.get(url("offer", case.public_id, "comeback")))
    assert "There is nothing to give back" in text_of(boss.get(url("offer", case.public_id, "refund")))


def test_an_offer_that_cannot_be_made_is_refused_with_everything_kept(shop: Shop, boss: Client) -> None:
    case = unhappy(shop)
    for amount in ("", "x", "-5", "0", "1000000"):
        page = boss.post(url("offer", case.public_id, "voucher"), {"amount": amount, "text": "For the wait."})
        assert page.status_code == 400, amount
        assert page.context["form"].errors["amount"]
        assert page.context["form"]["text"].value() == "For the wait."
    page = boss.post(url("offer", case.public_id, "comeback"), {"lines": ["nowhere"]})
    assert page.status_code == 400
    assert boss.get(url("offer", case.public_id, "gift")).status_code == 404


def test_part_of_the_money_is_offered_within_what_was_paid(shop: Shop, boss: Client) -> None:
    case = follow_ups.unhappy(follow_ups.paid_visit(shop), at=WRITTEN)
    page = boss.get(url("offer", case.public_id, "refund"))
    line, label = page.context["form"].fields["order_line"].choices[0]
    most = page.context["form"].fields["order_line"].choices[0][1].rpartition("¥")[2]
    assert most in label
    too_much = boss.post(url("offer", case.public_id, "refund"), {"order_line": line, "amount": "99999"})
    assert too_much.status_code in {400, 409}
    assert too_much.context["form"].errors["amount"]
    boss.post(url("offer", case.public_id, "refund"), {"order_line": line, "amount": "12.50"})
    assert FollowUpOffer.objects.get().amount_fen == 1250


def test_a_comeback_is_offered_for_what_was_done(shop: Shop, boss: Client) -> None:
    booking = handed_over(car=driven_car(49_000))
    client = signed_in(member(booking.shop, Role.OWNER))
    case = follow_ups.unhappy(booking, at=WRITTEN)
    address = reverse("shop_reviews:offer", args=[booking.shop.slug, case.public_id, "comeback"])
    lines = [line for line, _label in client.get(address).context["form"].fields["lines"].choices]
    client.post(address, {"lines": lines[:1], "text": "We do it again."})
    assert FollowUpOffer.objects.get().lines == lines[:1]


def test_a_second_offer_of_a_kind_is_refused(shop: Shop, boss: Client) -> None:
    case = unhappy(shop)
    boss.post(url("offer", case.public_id, "voucher"), {"amount": "50"})
    page = boss.post(url("offer", case.public_id, "voucher"), {"amount": "80"})
    assert page.status_code == 409
    assert page.context["form"]["amount"].value() == "80"


def test_nothing_is_done_in_a_closed_follow_up(shop: Shop, boss: Client) -> None:
    case = unhappy(shop)
    FollowUp.objects.filter(pk=case.pk).update(status=FollowUpStatus.LAPSED, closed_at=LATER, next_at=None)
    said = {"contact-way": "message", "contact-text": "We are sorry."}
    assert "We are sorry." not in text_of(boss.get(url("follow_up", case.public_id)))
    assert boss.post(url("contact", case.public_id), said).status_code == 409
    assert boss.post(url("offer", case.public_id, "voucher"), {"amount": "50"}).status_code == 409


def test_what_an_unhappy_owner_said_is_read_by_the_shop_and_by_them_alone(shop: Shop, boss: Client) -> None:
    visit = reviewable_visit(shop)
    VisitAnswer.objects.create(booking=visit, is_happy=False, words="It still \u202esqueaks", at=WRITTEN)
    case = opening.open_for(booking=visit, cause=FollowUpCause.UNHAPPY_ANSWER, at=WRITTEN)
    assert case is not None
    owner, stranger = signed_in(visit.owner), signed_in(UserFactory())
    own_page, own_api = reverse("reviews:follow_up", args=[case.public_id]), f"/api/v1/follow-ups/{case.public_id}/"
    assert "It still squeaks" in text_of(boss.get(url("follow_up", case.public_id)))
    assert "It still squeaks" in text_of(owner.get(own_page))
    assert boss.get(api("follow-ups/")).json()[0]["words"] == "It still squeaks"
    assert owner.get(own_api).json()["words"] == "It still squeaks"
    for client in (stranger, boss):
        assert client.get(own_page).status_code == client.get(own_api).status_code == 404
    assert stranger.get(url("follow_up", case.public_id)).status_code == 404
    assert stranger.get(api("follow-ups/")).status_code == 404
    VisitAnswer.objects.update(is_happy=True)
    assert "squeaks" not in text_of(boss.get(url("follow_up", case.public_id)))


def test_photos_of_a_published_review_are_seen_in_the_inbox_and_on_its_page(shop: Shop, boss: Client) -> None:
    one = published(reviewable_visit(shop), added=[clean_photo()])
    photo = reverse("reviews:photo", args=[ReviewPhoto.objects.get().public_id, "thumbnail"])
    for page in (url("list"), url("detail", one.public_id)):
        assert photo in text_of(boss.get(page))
    assert boss.get(photo).status_code == 200
    publication.hide(publication.locked(one), status=ReviewStatus.WAITING, at=LATER)
    assert photo not in text_of(boss.get(url("detail", one.public_id)))
    assert boss.get(photo).status_code == 404


# --- Messages -------------------------------------------------------------------------------------


Told = Callable[[str], list[Message]]


@pytest.fixture
def told() -> Told:
    """What the handlers of the newest event of a topic tell, as if nobody had been told of it."""

    def handled(topic: str) -> list[Message]:
        Message.objects.all().delete()
        Notice.objects.all().delete()
        event = OutboxEvent.objects.filter(topic=topic).latest("pk")
        OutboxEvent.objects.filter(pk=event.pk).update(handled_at=None)
        assert outbox.handle(event_id=event.pk, at=LATER)
        return list(Message.objects.filter(kind="reviews/shop_news").order_by("pk"))

    return handled


def test_those_who_lead_the_shop_read_of_a_new_review_once_it_cannot_be_undone(shop: Shop, told: Told) -> None:
    leader = member(shop, Role.MANAGER)
    member(shop, Role.ADVISOR)
    one = published(reviewable_visit(shop), at=WRITTEN)
    assert told("review.published") == []
    sent = told("review.published_for_shop")
    assert [row.recipient for row in sent] == [leader.email]
    assert one.public_id in sent[0].body
    publication.hide(publication.locked(one), status=ReviewStatus.WAITING, at=LATER)
    assert told("review.published_for_shop") == []


def test_the_shop_reads_of_an_unhappy_owner_until_it_was_in_touch(shop: Shop, told: Told) -> None:
    member(shop, Role.OWNER)
    case = unhappy(shop)
    sent = told("follow_up.opened")
    assert case.public_id in sent[0].body
    FollowUp.objects.filter(pk=case.pk).update(contacted_at=LATER)
    assert told("follow_up.opened") == []


def test_the_shop_reads_that_the_platform_stepped_in_also_after_it_was_in_touch(shop: Shop, told: Told) -> None:
    member(shop, Role.OWNER)
    case = unhappy(shop)
    contact.step_in(follow_up=case, by=UserFactory(admin=True), text="We look into it.", at=LATER)
    FollowUp.objects.filter(pk=case.pk).update(contacted_at=LATER)
    assert [case.public_id in message.body for message in told("follow_up.escalated")] == [True]


@pytest.mark.parametrize(("side", "count"), [(Side.SHOP, 1), (Side.AUTHOR, 0)])
def test_the_shop_reads_the_answer_to_its_own_appeal(shop: Shop, told: Told, side: Side, count: int) -> None:
    member(shop, Role.OWNER)
    one = published(reviewable_visit(shop))
    made = Appeal.objects.create(
        review=one,
        version=one.versions.get(),
        side=side,
        text="No.",
        made_at=LATER,
        status=AppealStatus.DISMISSED,
        decided_at=LATER,
    )
    outbox.emit(topic="appeal.decided", key=one.public_id, at=LATER, payload={"appeal": made.public_id})
    assert len(told("appeal.decided")) == count


# --- API ------------------------------------------------------------------------------------------


def api(path: str) -> str:
    return f"/api/v1/shops/xuhui/{path}"


def test_the_api_lists_answers_and_appeals(shop: Shop, boss: Client) -> None:
    one = published(reviewable_visit(shop), text="Waited long. Call 13800138000.")
    unhappy(shop)
    row = boss.get(api("own-reviews/")).json()["results"][0]
    assert (row["id"], row["version"], row["replies"]) == (one.public_id, 1, [])
    assert "13800138000" not in row["text"]
    address, order = api(f"own-reviews/{one.public_id}/"), {"text": "We are sorry.", "seen": 1}
    put = boss.put(address + "reply/", order, content_type="application/json")
    assert put.json()["replies"][0]["status"] == "published"
    stale = boss.put(address + "reply/", {**order, "seen": 2}, content_type="application/json")
    assert stale.status_code == 409
    said = {"reason": "insult", "text": "They swear."}
    assert boss.post(address + "appeal/", said, content_type="application/json").status_code == 201
    assert boss.post(address + "appeal/", said, content_type="application/json").status_code == 409
    assert boss.post(address + "appeal/", {"reason": "x"}, content_type="application/json").status_code == 400
    assert len(boss.get(api("follow-ups/")).json()) == 1


def test_the_api_is_for_those_who_answer_at_this_shop(shop: Shop) -> None:
    one = published(reviewable_visit(shop))
    technician, stranger = signed_in(member(shop, Role.TECHNICIAN)), signed_in(UserFactory())
    address = api(f"own-reviews/{one.public_id}/reply/")
    for client, status in [(technician, 403), (stranger, 404)]:
        assert client.get(api("own-reviews/")).status_code == status
        sent = client.put(address, {"text": "x", "seen": 1}, content_type="application/json")
        assert sent.status_code == status
    assert not Reply.objects.exists()
