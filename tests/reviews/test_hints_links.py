"""What connects an author with a shop, and what a text says against what the visit's record says."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.contacts import parse_login
from accounts.devices import hash_of
from accounts.models import KnownDevice
from core import outbox
from core.models import OutboxEvent
from payments.models import Coupon
from reviews import affiliations, rules, writing
from reviews.choices import AffiliationKind, HintKind, SignalKind
from reviews.hints import copies, explanations, finding, links, record_claims
from reviews.models import Affiliation, Review, Signal, TextPrint
from reviews.writing import Draft
from shops.actions import members
from shops.choices import Role
from shops.models import Technician
from tests.factories.accounts import UserFactory
from tests.factories.reviews import WRITTEN, review, reviewable_visit
from tests.factories.shops import InvitationFactory, ShopMemberFactory, open_shop
from tests.factories.vehicles import CarFactory

pytestmark = pytest.mark.django_db
LONG = "He measured the pads, showed me the old ones and explained why two of them could stay. The bill was right."
LONG_ZH = "师傅把旧的刹车片拿给我看，又量了厚度，说前面两片还能用，后面的要换，价格也和当初说的一样。"


def hints_of(written: Review) -> dict[str, dict]:
    return {hint.kind: hint.data for hint in written.versions.order_by("number").last().hints.all()}


def seen_on(user, key: str = "k", at=WRITTEN) -> None:
    KnownDevice.objects.create(user=user, key_hash=hash_of(key), first_seen_at=at, last_seen_at=at)


# --- Devices, contacts, cars, money --------------------------------------------------------------------------


def test_a_device_shared_with_staff_is_seen() -> None:
    shop, author = open_shop(), UserFactory()
    seen_on(author)
    seen_on(ShopMemberFactory(shop=shop).user)
    assert HintKind.SAME_DEVICE in hints_of(review(reviewable_visit(shop, owner=author)))


def test_devices_of_others_and_old_ones_are_not() -> None:
    shop, author = open_shop(), UserFactory()
    seen_on(author)
    seen_on(UserFactory())
    seen_on(ShopMemberFactory(shop=shop).user, at=WRITTEN - timedelta(days=200))
    assert HintKind.SAME_DEVICE not in hints_of(review(reviewable_visit(shop, owner=author)))


def test_an_author_with_the_shops_number_or_a_members_or_an_invitation_is_known() -> None:
    shop = open_shop()
    member = ShopMemberFactory(shop=shop, user=UserFactory(phone="+8613900000001")).user
    author = UserFactory()
    InvitationFactory(shop=shop, email=author.email)
    visit = reviewable_visit(shop, owner=author, contact_phone=member.phone)
    assert hints_of(review(visit))[HintKind.SHOP_LINK] == {"how": ["member_contact", "invited"]}
    other = reviewable_visit(shop, contact_phone=shop.phone)
    assert hints_of(review(other))[HintKind.SHOP_LINK] == {"how": ["shop_phone"]}


def test_a_car_that_was_a_members_is_known() -> None:
    shop = open_shop()
    member = ShopMemberFactory(shop=shop).user
    CarFactory(owner=member, plate="沪AD8K21", removed_at=WRITTEN)
    assert hints_of(review(reviewable_visit(shop, plate="沪AD8K21")))[HintKind.SHOP_LINK] == {"how": ["member_car"]}
    assert HintKind.SHOP_LINK not in hints_of(review(reviewable_visit(shop, plate="沪A00009")))


def coupon(shop, person, *, days: int) -> Coupon:
    return Coupon.objects.create(
        code=f"SHOP{person.pk}",
        funder="shop",
        shop=shop,
        person=person,
        shop_percent=100,
        value_fen=5000,
        starts_at=WRITTEN,
        ends_at=WRITTEN + timedelta(days=9),
        created_at=WRITTEN + timedelta(days=days),
    )


def test_a_coupon_from_the_shop_before_the_review_is_seen_and_one_after_it_is_not() -> None:
    shop = open_shop()
    before, after = reviewable_visit(shop), reviewable_visit(shop)
    coupon(shop, before.owner, days=-3)
    coupon(shop, after.owner, days=3)
    assert hints_of(review(before))[HintKind.MONEY_LINK] == {"coupons": 1, "fen": 5000}
    assert HintKind.MONEY_LINK not in hints_of(review(after))


def test_a_new_account_is_said_without_risk() -> None:
    visit = reviewable_visit(open_shop())
    visit.owner.date_joined = WRITTEN - timedelta(days=2)
    visit.owner.save(update_fields=["date_joined"])
    written = review(visit)
    assert hints_of(written)[HintKind.NEW_ACCOUNT] == {"days": 2}
    assert written.versions.get().risk == 0


def test_staff_of_shops_that_review_each_other_are_seen() -> None:
    here, there = open_shop(), open_shop()
    mine, theirs = ShopMemberFactory(shop=there).user, ShopMemberFactory(shop=here).user
    assert HintKind.RECIPROCAL not in hints_of(review(reviewable_visit(here, owner=mine)))
    review(reviewable_visit(there, owner=theirs))
    assert hints_of(review(reviewable_visit(here, owner=mine)))[HintKind.RECIPROCAL] == {"shop": there.slug}


def test_a_burst_is_said_against_the_shops_own_rate(monkeypatch) -> None:
    monkeypatch.setattr(links, "_BURST_DAY", 3)
    shop = open_shop()
    kinds = [hints_of(review(reviewable_visit(shop))) for _ in range(3)]
    assert [HintKind.BURST in kind for kind in kinds] == [False, False, True]
    Review.objects.filter(shop=shop).update(created_at=WRITTEN - timedelta(days=20))
    assert HintKind.BURST not in hints_of(review(reviewable_visit(shop)))


def test_an_author_of_a_ring_is_seen() -> None:
    visit = reviewable_visit(open_shop())
    data = {"users": [visit.owner_id, 1], "authors": [visit.owner_id, 1]}
    Signal.objects.create(
        kind=SignalKind.VOTE_RING, key="ring:1", points=50, data=data, first_seen_at=WRITTEN, last_seen_at=WRITTEN
    )
    assert hints_of(review(visit))[HintKind.VOTE_RING] == {"people": 2}


def test_sending_readers_to_another_shop_is_advertising() -> None:
    shop, other = open_shop(), open_shop()
    found = hints_of(review(reviewable_visit(shop), text=f"Go to {other.name_en}, it is cheaper there."))
    assert found[HintKind.ADVERTISING] == {"what": "other_shop", "shop": other.slug}
    assert HintKind.ADVERTISING not in hints_of(review(reviewable_visit(shop), text="Cheaper than elsewhere."))


# --- Copies --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "copy"),
    [
        (LONG, LONG.replace("showed me", "showed us") + " Thanks!"),
        (LONG_ZH, LONG_ZH.replace("师傅", "李师傅") + "谢谢"),
    ],
)
def test_a_text_that_somebody_wrote_before_is_copied(text: str, copy: str) -> None:
    first = review(reviewable_visit(open_shop()), text=text)
    second = hints_of(review(reviewable_visit(open_shop()), text=copy, at=WRITTEN + timedelta(hours=1)))
    assert second[HintKind.COPIED]["review"] == first.public_id
    assert second[HintKind.COPIED]["percent"] >= 60
    assert second[HintKind.COPIED]["same_author"] is False


def test_other_words_and_short_ones_are_not_copied() -> None:
    shop = open_shop()
    for text in (LONG, LONG_ZH, "Very good, thank you", "很好，下次还来"):
        review(reviewable_visit(shop), text=text)
    other = "The loaner car was clean. They called before each extra and I could say no to two of them."
    for text in (other, "Very good, thank you", "很好，下次还来"):
        assert HintKind.COPIED not in hints_of(review(reviewable_visit(shop), text=text))


def test_an_author_who_was_copied_is_no_copier_when_they_edit() -> None:
    shop = open_shop()
    first = review(reviewable_visit(shop), text=LONG)
    review(reviewable_visit(shop), text=LONG, at=WRITTEN + timedelta(hours=1))
    draft = Draft(stars=4, text=LONG + " One more visit since.")
    writing.edit(review=first, by=first.author, draft=draft, seen=1, at=WRITTEN + timedelta(hours=2))
    assert HintKind.COPIED not in hints_of(first)


def test_prints_go_when_their_author_does() -> None:
    written = review(reviewable_visit(open_shop()), text=LONG)
    assert TextPrint.objects.count() == 8
    copies.forget(written.author)
    assert not TextPrint.objects.exists()


# --- Against the record --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("late", "text", "kind"),
    [
        (112, "They were two hours late.", HintKind.AGREES),
        (112, "晚了两个小时", HintKind.AGREES),
        (0, "They were two hours late.", HintKind.CONTRADICTS),
        (0, "Ready on time.", HintKind.AGREES),
        (120, "准时交车", HintKind.CONTRADICTS),
        (120, "Not on time at all.", None),
        (0, "Good work.", None),
    ],
)
def test_what_is_said_of_time_is_held_against_the_record(late: int, text: str, kind: HintKind | None) -> None:
    visit = reviewable_visit(open_shop())
    visit.agreed_end_at = visit.completed_at - timedelta(minutes=late)
    visit.save(update_fields=["agreed_end_at"])
    found = set(hints_of(review(visit, text=text))) & {HintKind.AGREES, HintKind.CONTRADICTS}
    assert found == ({kind} if kind else set())


@pytest.mark.parametrize(
    ("more", "text", "kind"),
    [
        (5000, "They charged me more than quoted.", HintKind.AGREES),
        (0, "多收了钱", HintKind.CONTRADICTS),
        (0, "没有多收，和报价一致", HintKind.AGREES),
        (5000, "Price as quoted.", HintKind.CONTRADICTS),
    ],
)
def test_what_is_said_of_the_price_is_held_against_the_record(more: int, text: str, kind: HintKind) -> None:
    version = review(reviewable_visit(open_shop()), text=text).versions.get()
    booking = version.review.booking
    booking.final_fen = booking.agreed_fen + more
    assert {found.kind for found in record_claims.find(version, WRITTEN)} == {kind}
    booking.final_fen = None
    assert record_claims.find(version, WRITTEN) == []


# --- All of them ---------------------------------------------------------------------------------------------


def test_the_number_of_queries_depends_on_nothing(django_assert_num_queries) -> None:
    shop = open_shop()
    version = review(reviewable_visit(shop), text=LONG).versions.select_related("review__booking", "review__shop").get()
    version.review.author  # noqa: B018  (at hand, as at intake)
    with django_assert_num_queries(10):
        finding.of_version(version, at=WRITTEN)
    for _ in range(3):
        review(reviewable_visit(shop), text=LONG)
        seen_on(ShopMemberFactory(shop=shop).user)
    with django_assert_num_queries(10):
        finding.of_version(version, at=WRITTEN)


def test_what_was_checked_is_said() -> None:
    shop = open_shop()
    written = review(reviewable_visit(shop), text=LONG)
    fine = explanations.checks(written.versions.get())
    assert len(fine) == 5
    assert all(check.is_ok for check in fine)
    other = reviewable_visit(shop)
    seen_on(other.owner)
    seen_on(ShopMemberFactory(shop=shop).user)
    copy = review(other, text=LONG, at=WRITTEN + timedelta(hours=1)).versions.get()
    assert [check.is_ok for check in explanations.checks(copy)] == [False, True, True, True, False]


# --- Who belongs to a shop -----------------------------------------------------------------------------------


def test_who_left_belongs_to_the_shop_for_a_year_and_at_once() -> None:
    shop = open_shop()
    owner = ShopMemberFactory(shop=shop, role=Role.OWNER).user
    member = ShopMemberFactory(shop=shop, role=Role.ADVISOR)
    left = member.user
    members.remove(member=member, by=owner, at=WRITTEN)
    assert not Affiliation.objects.exists()
    assert rules.belongs_to(left, shop, at=WRITTEN)
    event = OutboxEvent.objects.get(topic=members.LEFT)
    assert outbox.handle(event_id=event.pk, at=WRITTEN)
    row = Affiliation.objects.get()
    assert (row.kind, row.until) == (AffiliationKind.FORMER_STAFF, WRITTEN + timedelta(days=365))
    affiliations.remember_who_left(event)
    assert Affiliation.objects.count() == 1
    assert rules.belongs_to(left, shop, at=WRITTEN + timedelta(days=364))
    assert not rules.belongs_to(left, shop, at=WRITTEN + timedelta(days=366))


def test_declared_people_belong_to_the_shop_until_it_is_ended() -> None:
    shop, by = open_shop(), UserFactory()
    person = UserFactory()
    contact = parse_login(person.email)
    told = {"shop": shop, "contact": contact, "kind": AffiliationKind.RELATIVE, "by": by, "at": WRITTEN}
    row = affiliations.declare(**told)
    assert affiliations.declare(**told) == row
    assert row.user == person
    assert rules.belongs_to(person, shop, at=WRITTEN)
    affiliations.end(affiliation=row, at=WRITTEN)
    later = WRITTEN + timedelta(hours=1)
    assert not rules.belongs_to(person, shop, at=later)
    assert hints_of(review(reviewable_visit(shop, owner=person), at=later))[HintKind.SHOP_LINK] == {
        "how": ["affiliation_over"]
    }


def test_a_technician_with_an_account_belongs_to_the_shop() -> None:
    shop, person = open_shop(), UserFactory()
    technician = shop.resources.filter(kind="technician").first()
    Technician.objects.update_or_create(resource=technician, defaults={"user": person})
    assert rules.belongs_to(person, shop, at=WRITTEN)
