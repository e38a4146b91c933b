"""The owner's page of a follow-up, and the same over the API."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import translation

from bookings.floor import links
from bookings.models import Booking
from payments.models import Coupon, Refund
from reviews.choices import FollowUpStatus, OfferStatus
from reviews.follow_ups import answers, offers
from reviews.models import FollowUp
from tests.factories.accounts import UserFactory
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
from tests.factories.reviews import review, reviewable_visit
from tests.factories.shops import open_shop

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    """Pages and API read the clock: it is the time of the cases."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: OPENED)


def page(follow_up):
    return reverse("reviews:follow_up", args=[follow_up.public_id])


def choice(offer, what):
    return reverse(f"reviews:follow_up_{what}", args=[offer.follow_up.public_id, offer.public_id])


def say(client, follow_up, **data):
    return client.post(reverse("reviews:follow_up_say", args=[follow_up.public_id]), data)


def read(client, follow_up):
    with translation.override("en"):
        client.cookies["django_language"] = "en"
        response = client.get(page(follow_up))
    return response.content.decode()


def signed_in(client, follow_up):
    client.force_login(follow_up.owner)
    return follow_up


def test_anonymous_is_sent_to_sign_in(client):
    assert client.get(page(unhappy())).status_code == 302


def test_anothers_follow_up_looks_like_a_missing_one(client):
    offer = offered_voucher(unhappy())
    for person in (UserFactory(), offer.made_by):
        client.force_login(person)
        assert client.get(page(offer.follow_up)).status_code == 404
        assert client.post(choice(offer, "accept")).status_code == 404
        assert say(client, offer.follow_up, put_right="yes").status_code == 404
    offer.refresh_from_db()
    assert offer.status == OfferStatus.OPEN


def test_an_offer_of_another_case_is_missing(client):
    mine, theirs = unhappy(), offered_voucher(unhappy())
    client.force_login(mine.owner)
    address = reverse("reviews:follow_up_accept", args=[mine.public_id, theirs.public_id])
    assert client.post(address).status_code == 404


def test_nothing_is_changed_by_looking(client):
    offer = offered_voucher(unhappy())
    signed_in(client, offer.follow_up)
    assert client.get(choice(offer, "accept")).status_code == 405


def test_the_page_says_what_is_offered_and_what_it_does(client):
    follow_up = signed_in(client, unhappy(paid_visit()))
    contacted(follow_up, text="<b>We</b> are sorry.")
    offered_refund(follow_up, 5000)
    offered_voucher(follow_up, 3000)
    text = read(client, follow_up)
    assert "&lt;b&gt;We&lt;/b&gt; are sorry." in text
    for words in ("¥50.00", "¥30.00", "Work 1", "goes back the way you paid", "has no effect on your review"):
        assert words in text


def test_the_page_asks_a_constant_number_of_queries(client, django_assert_max_num_queries):
    follow_up = signed_in(client, unhappy(paid_visit()))
    offered_refund(follow_up)
    client.get(page(follow_up))
    with django_assert_max_num_queries(30) as few:
        client.get(page(follow_up))
    for _ in range(3):
        offers.decline(offer=offered_voucher(follow_up), by=follow_up.owner, at=OPENED)
    with django_assert_max_num_queries(len(few)):
        client.get(page(follow_up))


def test_accepting_carries_it_out_and_shows_the_code(client):
    follow_up = signed_in(client, unhappy())
    offer = offered_voucher(follow_up)
    assert client.post(choice(offer, "accept")).url == page(follow_up)
    assert client.post(choice(offer, "accept")).url == page(follow_up)
    assert Coupon.objects.get().code in read(client, follow_up)


def test_accepting_a_refund_and_a_comeback(client):
    follow_up = signed_in(client, unhappy(paid_visit()))
    client.post(choice(offered_refund(follow_up, 5000), "accept"))
    assert Refund.objects.get().amount_fen == 5000
    assert "on its way" in read(client, follow_up)
    follow_up = signed_in(client, unhappy(handed_over(bookable_job())))
    offer = offered_comeback(follow_up)
    with translation.override("en"):
        names = [line.current.name for line in follow_up.booking.lines.with_versions()]
    assert names
    assert all(f"<span>{name}</span>" in read(client, follow_up) for name in names)
    client.post(choice(offer, "accept"))
    visit = Booking.objects.get(comeback_of=follow_up.booking)
    assert reverse("bookings:detail", args=[visit.public_id]) in read(client, follow_up)


def test_declining_is_said_on_the_page(client):
    follow_up = signed_in(client, unhappy())
    offer = offered_voucher(follow_up)
    assert client.post(choice(offer, "decline")).url == page(follow_up)
    offer.refresh_from_db()
    assert offer.status == OfferStatus.DECLINED
    assert "Declined" in read(client, follow_up)


def test_an_offer_that_is_gone_is_a_clear_page(client):
    follow_up = signed_in(client, unhappy())
    offer = offered_voucher(follow_up)
    offers.withdraw(offer=offer, by=offer.made_by, at=OPENED)
    client.cookies["django_language"] = "en"
    response = client.post(choice(offer, "accept"))
    assert response.status_code == 409
    assert "This offer has ended." in response.content.decode()
    assert not Coupon.objects.exists()


@pytest.mark.parametrize(("word", "status"), [("yes", FollowUpStatus.PUT_RIGHT), ("no", FollowUpStatus.NOT_PUT_RIGHT)])
def test_the_owner_says_whether_it_was_put_right(client, word, status):
    follow_up = signed_in(client, contacted(unhappy()))
    assert say(client, follow_up, put_right=word, text="Thanks.").url == page(follow_up)
    follow_up.refresh_from_db()
    assert (follow_up.status, follow_up.events.latest("pk").text) == (status, "Thanks.")


@pytest.mark.parametrize(
    "data",
    [{}, {"put_right": "maybe"}, {"put_right": "yes", "text": "x" * 100_000}, {"put_right": "yes", "text": "a\x00b"}],
)
def test_a_bad_answer_is_refused_beside_its_field_and_kept(client, data):
    follow_up = signed_in(client, contacted(unhappy()))
    response = say(client, follow_up, **data)
    assert response.status_code == 400
    assert "field-error" in response.content.decode()
    follow_up.refresh_from_db()
    assert follow_up.closed_at is None


def test_answering_before_contact_or_twice_is_a_clear_page(client):
    follow_up = signed_in(client, unhappy())
    assert say(client, follow_up, put_right="no").status_code == 409
    answers.say(follow_up=contacted(follow_up), by=follow_up.owner, put_right=True, text="", at=OPENED)
    assert say(client, follow_up, put_right="no").status_code == 409
    assert FollowUp.objects.get().status == FollowUpStatus.PUT_RIGHT


@pytest.mark.parametrize("put_right", [True, False])
def test_the_way_to_the_review_is_there_whatever_was_said(client, put_right):
    booking = reviewable_visit(open_shop())
    written = review(booking, stars=1)
    follow_up = signed_in(client, contacted(unhappy(booking)))
    answers.say(follow_up=follow_up, by=follow_up.owner, put_right=put_right, text="", at=OPENED)
    assert reverse("reviews:edit", args=[written.public_id]) in read(client, follow_up)


def test_the_page_of_the_visit_leads_there_for_the_owner_alone(client):
    follow_up = signed_in(client, unhappy(handed_over(bookable_job())))
    visit = reverse("bookings:detail", args=[follow_up.booking.public_id])
    assert page(follow_up) in client.get(visit).content.decode()
    token = links.make(booking=follow_up.booking, at=OPENED)
    client.logout()
    by_link = client.get(reverse("bookings:link", args=[token]), follow=True)
    assert by_link.status_code == 200
    assert page(follow_up) not in by_link.content.decode()


# --- API --------------------------------------------------------------------------------------------


def post(client, address, data=None, **more):
    return client.post(address, data or {}, content_type="application/json", **more)


def api(follow_up, *rest):
    return "/".join([f"/api/v1/follow-ups/{follow_up.public_id}", *rest, ""])


def test_the_api_needs_a_person_and_shows_only_theirs(client):
    follow_up = unhappy()
    assert client.get(api(follow_up)).status_code in {401, 403}
    client.force_login(someone_at(follow_up.shop))
    assert client.get(api(follow_up)).status_code == 404
    assert post(client, api(follow_up, "answer"), {"put_right": True}).status_code == 404


def test_the_api_shows_the_case_and_no_stars(client):
    booking = paid_visit()
    review(booking, stars=1, text="Bad work")
    follow_up = signed_in(client, unhappy(booking))
    offered_refund(follow_up, 5000)
    shown = client.get(api(follow_up)).json()
    (offer,) = shown["offers"]
    assert (offer["kind"], offer["amount_fen"], offer["can_accept"]) == ("refund", 5000, True)
    assert [event["step"] for event in shown["events"]] == ["opened", "offer"]
    assert "star" not in str(shown)
    assert "Bad work" not in str(shown)


def test_the_api_accepts_once_and_replays_the_answer(client):
    follow_up = signed_in(client, unhappy())
    offer = offered_voucher(follow_up)
    address = api(follow_up, "offers", offer.public_id, "accept")
    first = post(client, address, headers={"Idempotency-Key": "k1"})
    again = post(client, address, headers={"Idempotency-Key": "k1"})
    assert (first.status_code, again.json()) == (200, first.json())
    assert first.json()["offers"][0]["voucher_code"] == Coupon.objects.get().code


def test_the_api_declines_and_refuses_what_is_gone(client):
    follow_up = signed_in(client, unhappy())
    offer = offered_voucher(follow_up)
    assert post(client, api(follow_up, "offers", offer.public_id, "decline")).status_code == 200
    gone = post(client, api(follow_up, "offers", offer.public_id, "accept"))
    assert (gone.status_code, gone.json()["code"]) == (409, "offer_gone")
    assert post(client, api(follow_up, "offers", "nosuch", "accept")).status_code == 404


def test_the_api_takes_the_answer(client):
    follow_up = signed_in(client, contacted(unhappy()))
    address = api(follow_up, "answer")
    bad = post(client, address, {"put_right": "perhaps", "text": "x" * 2000})
    assert (bad.status_code, set(bad.json()["errors"])) == (400, {"put_right", "text"})
    done = post(client, address, {"put_right": True})
    assert (done.status_code, done.json()["status"]) == (200, "put_right")
    other = post(client, address, {"put_right": False})
    assert (other.status_code, other.json()["code"]) == (409, "follow_up_closed")
