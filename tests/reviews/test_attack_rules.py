"""Ways around the rules that somebody would try."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from accounts.contacts import parse_login
from bookings.models import Booking
from reviews import affiliations, privacy, ranking, replying, rules, signals, tallies, voting, writing
from reviews.choices import AffiliationKind, FollowUpCause, HintKind, ItemKind, PersonRole, ReviewStatus, SignalKind
from reviews.errors import OwnInterestError, OwnShopError
from reviews.follow_ups import contact, opening
from reviews.follow_ups.errors import TooManyContactsError
from reviews.hints import finding
from reviews.hints.found import masks_of
from reviews.limits import MAX_CONTACTS
from reviews.models import Hint, ReviewPerson, Signal
from reviews.moderation import appeals, policy
from reviews.names import public_name
from reviews.shop_pages import inbox
from shops.models import Shop, ShopMember
from tests.factories.accounts import UserFactory
from tests.factories.floor import clean_photo
from tests.factories.follow_ups import OPENED, someone_at, unhappy
from tests.factories.reviews import WRITTEN, published, review, reviewable_visit
from tests.factories.shops import TechnicianResourceFactory, open_shop
from tests.reviews.desk import LATER, NOTHING, author_appeals, edit, fresh, reject, remove, waiting

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Shop:
    return open_shop()


def _sql(statement: str, *values: Any) -> None:
    with transaction.atomic(), connection.cursor() as sql:
        sql.execute(statement, values)


def test_a_removal_takes_a_review_away_once(shop: Shop) -> None:
    one = remove(published(reviewable_visit(shop)))
    author_appeals(one)
    appeals.decide(
        item=waiting(one, ItemKind.APPEAL),
        by=UserFactory(),
        at=LATER.replace(hour=23),
        uphold=True,
        answer="You are right.",
    )
    assert fresh(one).status == ReviewStatus.PUBLISHED
    with pytest.raises(DatabaseError, match="removed by two people"):
        _sql("UPDATE reviews_review SET status = 'removed', shown_id = NULL WHERE id = %s", one.pk)
    assert remove(one, at=LATER.replace(hour=23, minute=59)).status == ReviewStatus.REMOVED


def test_what_is_published_is_not_simply_rejected_even_in_plain_sql(shop: Shop) -> None:
    one = published(reviewable_visit(shop))
    with pytest.raises(DatabaseError, match="removed by two people"):
        _sql("UPDATE reviews_review SET status = 'rejected', shown_id = NULL WHERE id = %s", one.pk)


@pytest.mark.parametrize("dodge", ["withdrawn", "changed"])
def test_a_refusal_is_not_forgotten_by_taking_the_review_back(shop: Shop, dodge: str) -> None:
    known = UserFactory()
    published(reviewable_visit(shop, owner=known))
    refused = reject(review(reviewable_visit(shop, owner=known)))
    policy.change(by=UserFactory(), at=WRITTEN, auto_publish=True, min_visits=1)
    if dodge == "withdrawn":
        writing.withdraw(review=refused, by=known, at=LATER)
    else:
        edit(refused)
    assert fresh(review(reviewable_visit(shop, owner=known), at=LATER)).status == ReviewStatus.WAITING


@pytest.mark.parametrize("text", ["idiot@example.com", "wechat: idiot123", "13912342214 idiot"])
def test_an_address_that_begins_as_an_insult_stays_contact_data(text: str) -> None:
    masks = masks_of([hint for find in finding.TEXT_FINDERS for hint in find(text)])
    assert "contact" in {mask["kind"] for mask in masks}
    contact = next(mask for mask in masks if mask["kind"] == "contact")
    assert "idiot@example.com" not in text or (contact["start"], contact["end"]) == (0, len(text))


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("badshop.cn Lin", "B. L."),
        ("wx:abc12 Lin", "W. L."),
        ("http://x.cn Su", "H. S."),
        ("O'Brien Su", "O'Brien S."),
        ("Anne-Marie Lee", "Anne-Marie L."),
        ("Zoë Lee", "Zoë L."),
    ],
)
def test_a_name_is_no_place_for_an_address(name: str, shown: str) -> None:
    assert public_name(UserFactory.build(name=name)) == shown


def test_an_admin_without_the_second_factor_sees_no_hidden_photo(shop: Shop, client: Any, settings: Any) -> None:
    one = review(reviewable_visit(shop), added=[clean_photo()])
    address = reverse("reviews:photo", args=[one.photos.get().public_id, "full"])
    client.force_login(UserFactory(admin=True))
    settings.ADMIN_REQUIRES_MFA = False
    assert client.get(address).status_code == 200
    settings.ADMIN_REQUIRES_MFA = True
    assert client.get(address).status_code == 404


def test_a_shop_silences_nobody_by_naming_them_after_their_visit(shop: Shop) -> None:
    booking = reviewable_visit(shop)
    Booking.objects.filter(pk=booking.pk).update(created_at=WRITTEN - timedelta(days=2))
    booking.refresh_from_db()
    one = review(booking)
    named = {"contact": parse_login(booking.owner.email), "kind": AffiliationKind.SUPPLIER, "by": UserFactory()}
    affiliations.declare(shop=shop, at=WRITTEN, **named)
    assert rules.belongs_to(booking.owner, shop, at=LATER)
    assert rules.why_not_edit(one, at=LATER) is None
    changed = edit(one, stars=1)
    assert opening.open_for(booking=booking, cause=FollowUpCause.LOW_REVIEW, at=LATER) is not None
    assert Hint.objects.get(version__review=changed, kind=HintKind.SHOP_LINK).data == {"how": ["affiliation_later"]}


def test_who_was_named_before_the_visit_does_not_review_it(shop: Shop) -> None:
    booking = reviewable_visit(shop)
    named = {"contact": parse_login(booking.owner.email), "kind": AffiliationKind.RELATIVE, "by": UserFactory()}
    affiliations.declare(shop=shop, at=booking.created_at - timedelta(days=1), **named)
    assert isinstance(rules.why_not_review(booking.owner, booking, at=WRITTEN), OwnShopError)


def test_a_shop_writes_to_an_owner_so_many_times_and_no_more(shop: Shop) -> None:
    case = unhappy()
    by = someone_at(case.shop)
    for number in range(MAX_CONTACTS):
        act = contact.record if number % 2 else contact.invite
        act(follow_up=case, by=by, text="Come again", at=OPENED)
    for act in (contact.record, contact.invite):
        with pytest.raises(TooManyContactsError):
            act(follow_up=case, by=by, text="Come again", at=OPENED)


def test_new_rows_of_people_are_made_in_one_order_whoever_is_named_first(shop: Shop) -> None:
    one, other = (review(reviewable_visit(shop)) for _ in range(2))
    people = [TechnicianResourceFactory(shop=shop) for _ in range(3)]
    for written, named in ((one, people), (other, people[::-1])):
        written.people.all().delete()
        for person in named:
            ReviewPerson.objects.create(review=written, person=person, role=PersonRole.TECHNICIAN)
    wanted = [[subject.technician_id for subject in tallies._wanted(written)] for written in (one, other)]
    assert wanted[0] == wanted[1]


def test_the_votes_of_who_leaves_go_in_one_step_however_many(shop: Shop, django_assert_max_num_queries: Any) -> None:
    person, other = UserFactory(), UserFactory()
    reviews = [published(reviewable_visit(shop)) for _ in range(6)]
    for one in reviews:
        voting.vote(review=one, by=person, at=WRITTEN)
    voting.vote(review=reviews[0], by=other, at=WRITTEN)
    voting.discount(review=reviews[1], by=[person])
    with django_assert_max_num_queries(30):
        privacy.erase(person, LATER)
    assert [fresh(one).helpful_count for one in reviews] == [1, 0, 0, 0, 0, 0]
    assert tallies.faults() == NOTHING


def test_nobody_closes_a_pattern_they_are_part_of(shop: Shop) -> None:
    seen = {"first_seen_at": WRITTEN, "last_seen_at": WRITTEN, "points": 50}
    admin = UserFactory(admin=True)
    staff = ShopMember.objects.create(shop=shop, user=UserFactory(admin=True), role="owner").user
    ring = Signal.objects.create(
        kind=SignalKind.VOTE_RING, key="ring:1", data={"users": [admin.pk], "authors": [admin.pk]}, **seen
    )
    burst = Signal.objects.create(kind=SignalKind.BURST, key="burst:1", shop=shop, data={"count": 20}, **seen)
    for signal, by in ((ring, admin), (burst, staff)):
        with pytest.raises(OwnInterestError):
            signals.close(signal=signal, by=by, note="Fine", at=LATER, is_harmless=True)
    signals.close(signal=ring, by=staff, note="Fine", at=LATER)


def test_standings_of_many_shops_are_written_in_the_order_of_shops(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = open_shop(), open_shop()
    for one in (second, first):
        published(reviewable_visit(one))
    written: list[int] = []
    place = ranking._place
    monkeypatch.setattr(
        ranking, "_place", lambda rows, *, at: (written.extend(row.shop_id for row in rows), place(rows, at=at))
    )
    ranking.refresh_due(at=WRITTEN + timedelta(days=40))
    assert written == [first.pk, second.pk]


def test_a_shop_does_not_read_the_address_of_an_owner_who_gave_no_name(client: Any) -> None:
    case = unhappy(reviewable_visit(open_shop(), owner=UserFactory(name="", email="secret@example.com")))
    Booking.objects.filter(pk=case.booking_id).update(contact_name="")
    client.force_login(someone_at(case.shop))
    pages = [
        reverse("shop_reviews:follow_ups", args=[case.shop.slug]),
        reverse("shop_reviews:follow_up", args=[case.shop.slug, case.public_id]),
        reverse("shop_reviews:offer", args=[case.shop.slug, case.public_id, "voucher"]),
    ]
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200
        assert "secret@example.com" not in answer.content.decode()


def test_the_number_beside_unanswered_looks_at_the_newest_only(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    reviews = [published(reviewable_visit(shop), at=WRITTEN + timedelta(minutes=minute)) for minute in range(3)]
    monkeypatch.setattr(inbox, "LOOKED_THROUGH", 2)
    assert inbox.unanswered_count(shop) == 2
    replying.reply(review=reviews[2], by=UserFactory(), text="Thank you", at=LATER)
    assert inbox.unanswered_count(shop) == 1
